//! `history`: exports the runs of a period.

use std::{
    fs::File,
    io::{self, BufWriter, Seek as _, Write as _},
};

use super::{
    files::{open_plan, read_plan},
    lineage::Lineage,
    runs::{store_error, unreadable},
    status::line,
    terminal::{print_whole, say},
};
use crate::{
    cli::{Common, ExportFormat, HistoryArgs},
    error::{Error, ExitCode},
    report::{
        ExportedRun, HistoryDocument, ReportedChange, RunFilesError, RunLine, each_reported_change,
        write_export_heading,
    },
    store::{RunFolder, StateDir},
    text::{count, shown_path},
};

/// A run of the period; of a deleted one, there is no folder.
struct Exported {
    run: ExportedRun,
    kept: Option<(RunFolder, RunLine)>,
}

pub(super) fn history(common: &Common, args: &HistoryArgs) -> Result<ExitCode, Error> {
    let state_dir = StateDir::new(common.state_dir.clone());
    let check = state_dir.check_history().map_err(store_error)?;
    let mut unread = Vec::new();
    let mut runs = Vec::new();
    let listing = state_dir.list().map_err(store_error)?;
    let lineage = Lineage::of(&listing);
    for listed in &listing.runs {
        match line(
            &state_dir,
            &lineage,
            &listed.folder,
            listed.settings.clone(),
        ) {
            Ok(line) => runs.push(Exported {
                run: ExportedRun::from(&line),
                kept: Some((listed.folder.clone(), line)),
            }),
            Err(error) => {
                unreadable(listed.folder.path(), Some(&error));
                unread.push(shown_path(listed.folder.path()));
            }
        }
    }
    for run in &listing.unreadable {
        unreadable(&run.path, run.error.as_ref());
        if run.error.is_some() {
            unread.push(shown_path(&run.path));
        }
    }
    let deleted = state_dir.history().deleted("").map_err(store_error)?;
    for run in deleted.into_iter().map(ExportedRun::from) {
        // A process may have died before it deleted the folder.
        if !runs.iter().any(|other| other.run.run == run.run) {
            runs.push(Exported { run, kept: None });
        }
    }
    runs.retain(|exported| exported.run.is_within(args.since, args.until));
    runs.sort_by_key(|exported| exported.run.run);
    let mut scratch = tempfile::tempfile().map_err(spoiled)?;
    if common.json || args.format == ExportFormat::Json {
        let last = check.last.as_deref();
        let is_proven = check.findings.is_empty();
        let mut out = BufWriter::new(&scratch);
        let mut document = HistoryDocument::new(&mut out).map_err(spoiled)?;
        for exported in &runs {
            let kept = exported.kept.as_ref().filter(|_| args.changes);
            let each = kept.map(|kept| |visit: Visit<'_>| each_change(common, kept, visit));
            document
                .add(&exported.run, each)
                .map_err(|Unexported(error)| error)?;
        }
        document.finish(&unread, is_proven, last).map_err(spoiled)?;
        out.flush().map_err(spoiled)?;
    } else {
        write_table(common, args, &runs, &scratch)?;
    }
    scratch.rewind().map_err(spoiled)?;
    print_whole(|out| io::copy(&mut scratch, out).map(drop))?;
    if !check.findings.is_empty() {
        let findings = count(
            check.findings.len() as u64,
            "change or removal",
            "changes or removals",
        );
        let command = common.invocation.command("status", &["--check"]);
        say(|out| {
            writeln!(
                out,
                "the check of the history found {findings}, so the export is no proof: {command}"
            )
        });
    }
    Ok(if check.findings.is_empty() && unread.is_empty() {
        ExitCode::Done
    } else {
        ExitCode::Error
    })
}

fn write_table(
    common: &Common,
    args: &HistoryArgs,
    runs: &[Exported],
    scratch: &File,
) -> Result<(), Error> {
    let mut out = BufWriter::new(scratch);
    write_export_heading(args.changes, &mut out).map_err(spoiled)?;
    for Exported { run, kept } in runs {
        match kept {
            _ if !args.changes => run.write_row(&mut out).map_err(spoiled)?,
            Some(kept) => each_change(common, kept, &mut |change| {
                run.write_change_row(change, &mut out)
            })
            .map_err(|Unexported(error)| error)?,
            None => run.write_row_without_change(&mut out).map_err(spoiled)?,
        }
    }
    out.flush().map_err(spoiled)
}

/// Receives each change of a run.
type Visit<'v> = &'v mut dyn FnMut(&ReportedChange<'_>) -> io::Result<()>;

/// Why an export can't be made; for writers that have errors of their own.
struct Unexported(Error);

impl From<io::Error> for Unexported {
    fn from(error: io::Error) -> Self {
        Self(spoiled(error))
    }
}

fn each_change(
    common: &Common,
    (folder, line): &(RunFolder, RunLine),
    visit: Visit<'_>,
) -> Result<(), Unexported> {
    let failed = |error: RunFilesError| {
        let run = line.settings.run;
        Unexported(
            Error::failed(format!("the changes of run {run} can't be read")).caused_by(error),
        )
    };
    let file = open_plan(&common.invocation, &folder.plan()).map_err(Unexported)?;
    let plan = read_plan(&file).map_err(|error| failed(error.into()))?;
    each_reported_change(folder, line, plan, visit).map_err(failed)
}

fn spoiled(error: io::Error) -> Error {
    Error::failed("a temporary file can't be used").caused_by(error)
}
