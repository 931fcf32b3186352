//! Shows the report of an ended run again.

use std::fs::File;

use super::{
    execute::{conclude, unusable},
    known_plan::KnownPlan,
    lineage::Lineage,
    observers::Observers,
    retry_hint::EndedRun,
    runs::store_error,
    terminal::say,
};
use crate::{
    checkpoint::{Checkpoint, Ending},
    cli::Common,
    error::{Error, ExitCode},
    report::{Summary, last_session},
    store::{RunFolder, RunSettings, StateDir},
    text::shown_path,
};

/// Shows the result of an ended run from its checkpoint, and writes its report, which the ending process may not have written. None if the
/// run has not ended.
pub(super) fn show_ended(
    common: &Common,
    folder: &RunFolder,
    settings: &RunSettings,
    plan: &KnownPlan,
    plan_file: &File,
    observers: &Observers,
) -> Result<Option<ExitCode>, Error> {
    let snapshot = Checkpoint::read(&folder.checkpoint()).map_err(unusable)?;
    let run = settings.run;
    if snapshot.header != plan.checkpoint_header(run) {
        return Err(Error::failed(format!(
            "the checkpoint in {} is not of this run and its plan",
            shown_path(folder.path())
        )));
    }
    let abandoned = match snapshot.state.ending() {
        None => return Ok(None),
        Some(Ending::Finished { .. }) => {
            say(|out| {
                writeln!(
                    out,
                    "run {run} has ended and can't be resumed; this is its result"
                )
            });
            None
        }
        Some(Ending::Abandoned { reason, .. }) => {
            say(|out| {
                writeln!(
                    out,
                    "run {run} was abandoned and can't be resumed; this is its result"
                )
            });
            Some(reason.clone())
        }
    };
    let counts = snapshot.state.counts();
    let listing = StateDir::new(common.state_dir.clone()).list();
    let listing = listing.map_err(store_error)?;
    let to_try_the_rest = EndedRun {
        failed: &folder.failed(),
        settings,
        counts: &counts,
        header: &plan.header,
        lineage: &Lineage::of(&listing),
        listing: &listing,
    }
    .to_try_the_rest(common);
    let summary = Summary {
        run: Some(run.to_string()),
        outcomes: counts,
        session: last_session(folder).unwrap_or_default(),
        is_resumed: snapshot.state.is_resumed(),
        finished: abandoned.is_none(),
        abandoned,
        folder: Some(folder.path().to_owned()),
        to_try_the_rest,
        ..plan.result()
    };
    conclude(
        common,
        folder,
        plan.within(plan_file),
        &summary,
        0,
        observers,
    )
    .map(Some)
}
