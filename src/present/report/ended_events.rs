//! The ends of changes as events, for a session whose events come after it: an engine's.

use std::{io::BufRead, time::Instant};

use super::{change_walk::each_change, run_files::RunFilesError};
use crate::{
    checkpoint::CheckpointState,
    event::{Event, Reporter},
    outcome::Outcome,
    plan::PlanReader,
    store::RunFolder,
};

/// Reports the end of each change of a run that has one, in the plan's order, but not those of earlier sessions (`before`). What is in doubt is
/// reported by each session.
///
/// # Errors
///
/// If plan or checkpoint can't be read.
pub fn report_ends(
    folder: &RunFolder,
    plan: PlanReader<impl BufRead>,
    before: Option<&CheckpointState>,
    reporter: &mut dyn Reporter,
) -> Result<(), RunFilesError> {
    each_change(folder, plan, "", |end| {
        let is_known = before.is_some_and(|before| before.outcome(end.line).is_some());
        if end.outcome != Outcome::NotAttempted && !is_known {
            let event = Event::Ended {
                line: end.line,
                change: end.change.change.clone(),
                target: end.change.target.clone(),
                action: end.change.action.clone(),
                outcome: end.outcome,
                detail: end.detail.clone(),
                attempts: end.attempts.number,
            };
            reporter.event(Instant::now(), &event);
        }
        Ok(())
    })
}
