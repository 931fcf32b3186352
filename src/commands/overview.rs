//! A plan that was read whole, and how it is shown.

use std::{
    fs::File,
    io::{BufReader, Seek},
    path::Path,
    time::Instant,
};

use jiff::tz::TimeZone;

use super::{
    backend::{Backend, SANDBOX},
    terminal::{STYLES, print, print_text, say},
};
use crate::{
    checkpoint,
    cli::{Common, DEFAULT_SERVER},
    error::{Error, ExitCode},
    pace::Pace,
    plan::{Header, KnownFile, PlanError, Reader, Trailer, VERSION},
    playbook::Size,
    report::{Listing, PlanReport, PlanSummary, Session, Summary, write_json},
    store::RunId,
    text::shell_word,
};

/// Every line of the plan is right, and so is the digest.
#[derive(Debug)]
pub(super) struct Overview {
    pub(super) header: Header,
    pub(super) trailer: Trailer,
    /// What `sha256sum` prints for the file.
    pub(super) sha256: String,
    pub(super) summary: PlanSummary,
}

/// Reads a plan from its start to its end.
pub(super) fn overview(path: &Path, file: &mut File) -> Result<Overview, Error> {
    let broken = |error: PlanError| {
        let hint = match &error {
            PlanError::Version { found } if *found > u64::from(VERSION) => {
                "it is from a newer version: update wf-bulk"
            }
            PlanError::Version { .. }
            | PlanError::Io(_)
            | PlanError::Line { .. }
            | PlanError::NoEnd
            | PlanError::Digest { .. } => "make a new one: wf-bulk plan PLAYBOOK -o FILE",
        };
        let line = match &error {
            PlanError::Line { line, .. } => Some(*line),
            PlanError::Io(_)
            | PlanError::Version { .. }
            | PlanError::NoEnd
            | PlanError::Digest { .. } => None,
        };
        Error::failed(format!("{} is no plan that can be used", path.display()))
            .at(path.display().to_string(), line)
            .caused_by(error)
            .hint(hint)
    };
    file.rewind().map_err(|error| broken(error.into()))?;
    let mut reader = Reader::new(BufReader::new(&*file)).map_err(broken)?;
    let zone = TimeZone::get(&reader.header().timezone).unwrap_or(TimeZone::UTC);
    let mut summary = PlanSummary::new(zone);
    while let Some(line) = reader.next_line().map_err(broken)? {
        summary.add(&line.item);
    }
    let end = reader.end().cloned();
    let (trailer, sha256) = end.ok_or_else(|| broken(PlanError::NoEnd))?;
    let header = reader.header().clone();
    Ok(Overview {
        header,
        trailer,
        sha256,
        summary,
    })
}

impl Overview {
    /// The header of the checkpoint of a run of this plan.
    pub(super) fn checkpoint_header(&self, run: RunId) -> checkpoint::Header {
        let Trailer {
            changes,
            skipped,
            rejected,
            ..
        } = self.trailer;
        // Header and trailer are lines too.
        let lines = changes + skipped + rejected + 2;
        checkpoint::Header::new(run.to_string(), self.sha256.clone(), lines, changes)
    }

    /// The command that applies exactly this plan, and nothing else that may come under its name.
    pub(super) fn how_to_apply(&self, path: &Path) -> String {
        let server = match self.header.server.as_str() {
            SANDBOX => " --sandbox".to_owned(),
            DEFAULT_SERVER => String::new(),
            other => format!(" --server {}", shell_word(other)),
        };
        let path = path.to_string_lossy();
        format!(
            "wf-bulk apply {}{server} --approved {}",
            shell_word(&path),
            self.sha256
        )
    }

    /// The plan in `file`, as it would be applied with `pace`.
    pub(super) fn report<'a>(
        &'a self,
        file: &'a KnownFile<'a>,
        pace: &'a Pace,
        rechecks: bool,
    ) -> PlanReport<'a> {
        PlanReport {
            header: &self.header,
            trailer: &self.trailer,
            sha256: &self.sha256,
            summary: &self.summary,
            items: file,
            pace,
            rechecks,
            broken_guards: self.broken_guards(),
        }
    }

    /// The file that was read.
    pub(super) fn known<'a>(&'a self, file: &'a File) -> KnownFile<'a> {
        KnownFile {
            file,
            sha256: &self.sha256,
        }
    }

    /// Writes the plan in `file` before a decision: to standard output, or beside what else goes there (`beside`).
    pub(super) fn show(
        &self,
        beside: bool,
        file: &File,
        pace: &Pace,
        rechecks: bool,
        closing: &str,
    ) -> Result<(), Error> {
        let file = self.known(file);
        let report = self.report(&file, pace, rechecks);
        if beside {
            say(|out| report.write_text(out, STYLES, Listing::First, closing));
            Ok(())
        } else {
            print_text(|out| report.write_text(out, STYLES, Listing::First, closing))
        }
    }

    /// Ends a command that only planned, with its JSON document if that is wanted. `detailed`: changes that are pending
    /// have an exit code.
    pub(super) fn planned_only(
        &self,
        common: &Common,
        backend: &Backend,
        start: Instant,
        detailed: bool,
    ) -> Result<ExitCode, Error> {
        if common.json {
            let session = Session {
                requests: backend.client.traffic().requests,
                retries: 0,
                elapsed: start.elapsed(),
            };
            let summary = Summary::dry_run(self.sha256.clone(), &self.trailer, session);
            print(|out| write_json(&summary, out))?;
        }
        let rejected = (self.trailer.rejected > 0).then_some(ExitCode::SomeFailed);
        let broken = (!self.broken_guards().is_empty()).then_some(ExitCode::Stopped);
        let pending = (detailed && self.trailer.changes > 0).then_some(ExitCode::Pending);
        Ok(ExitCode::of_all(
            [rejected, broken, pending].into_iter().flatten(),
        ))
    }

    fn broken_guards(&self) -> Vec<String> {
        let Trailer {
            changes,
            groups,
            scanned,
            ..
        } = self.trailer;
        self.header.guards.broken(Size {
            changes,
            groups,
            scanned,
        })
    }
}
