//! Makes a plan file and shows the progress of the reads.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    time::Instant,
};

use jiff::Timestamp;

use super::{
    backend::Backend,
    files::TOOL,
    overview::{Overview, overview_of_written},
    terminal::width_of_stderr,
};
use crate::{
    cli::Common,
    error::Error,
    pace::Pace,
    plan::{CheckedBlocks, Trailer},
    planning::{PlanOrigin, PlanningError, plan},
    playbook::Playbook,
    report::ScanReporter,
    selection::{ListedError, ScanError, ScanProgress},
};

/// The time of a plan, in whole seconds, so that people can write it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// The reference time for relative dates.
    pub(super) now: Timestamp,
    /// The time for the plan's age.
    made_at: Timestamp,
}

impl Moment {
    /// The current time; `now` is the value of `--now`.
    pub(super) fn present(now: Option<Timestamp>) -> Self {
        let whole =
            |moment: Timestamp| Timestamp::from_second(moment.as_second()).unwrap_or(moment);
        let made_at = whole(Timestamp::now());
        Self {
            now: now.map_or(made_at, whole),
            made_at,
        }
    }
}

/// The origin of a new plan, for its header.
pub(super) fn origin(backend: &Backend, moment: Moment) -> PlanOrigin {
    PlanOrigin {
        server: backend.server.label(),
        org: backend.org.clone(),
        now: moment.now,
        made_at: moment.made_at,
        tool: TOOL.to_owned(),
    }
}

/// Writes a plan to `file`, which `path` names in messages, and reads it again for its overview.
pub(super) async fn plan_into(
    common: &Common,
    backend: &Backend,
    playbook: &Playbook,
    moment: Moment,
    path: &Path,
    file: &mut File,
) -> Result<Overview, Error> {
    let origin = origin(backend, moment);
    write_into(common, &playbook.pace, path, file, async |out, progress| {
        plan(&backend.client, playbook, &origin, out, progress).await
    })
    .await
}

/// As [`plan_into`], for a plan that `write` makes at this pace.
pub(super) async fn write_into(
    common: &Common,
    pace: &Pace,
    path: &Path,
    file: &mut File,
    write: impl AsyncFnOnce(
        &mut BufWriter<&File>,
        &mut dyn FnMut(ScanProgress),
    ) -> Result<(Trailer, CheckedBlocks), PlanningError>,
) -> Result<Overview, Error> {
    let mut reporter = ScanReporter::stderr(
        common.quiet,
        pace.rate.per_second(),
        Instant::now(),
        width_of_stderr,
    );
    let mut out = BufWriter::new(&*file);
    let planned = write(&mut out, &mut |progress| {
        reporter.progress(Instant::now(), progress);
    })
    .await;
    reporter.finish();
    let (_, written) = planned.map_err(explained)?;
    out.flush()
        .map_err(|error| Error::failed("the plan can't be written").caused_by(error))?;
    drop(out);
    overview_of_written(path, file, written)
}

fn explained(error: PlanningError) -> Error {
    let hint = match &error {
        PlanningError::Scan(ScanError::Read(_)) => {
            Some("nothing was written; a selection is used only if it is complete")
        }
        PlanningError::OtherOrganisation { .. } => Some(
            "it comes from --org, the profile or the stored credentials; to work in the other one, give it with --org",
        ),
        PlanningError::Scan(
            ScanError::Listed(_)
            | ScanError::Pages { .. }
            | ScanError::Undecodable { .. }
            | ScanError::Execution { .. }
            | ScanError::TwoOrganisations { .. }
            | ScanError::Contradiction { .. }
            | ScanError::Disk(_),
        )
        | PlanningError::Plan(_)
        | PlanningError::Disk(_) => None,
    };
    let place = if let PlanningError::Scan(ScanError::Listed(ListedError::Table(table))) = &error {
        Some((table.path().display().to_string(), table.line()))
    } else {
        None
    };
    let failed = Error::failed("planning ended without a plan").caused_by(error);
    let failed = match place {
        Some((file, line)) => failed.at(file, line),
        None => failed,
    };
    match hint {
        Some(hint) => failed.hint(hint),
        None => failed,
    }
}
