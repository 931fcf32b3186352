//! Between two stages: whether the next one begins.

use std::io::BufRead;

use super::Dispatcher;
use crate::{
    checkpoint::Record,
    event::Drain,
    outcome::Outcome,
    plan::PlanError,
    run::{decide::Standing, group::Groups},
};

impl Dispatcher<'_> {
    /// Stops when something failed in a stage, or is in doubt there. What earlier sessions brought counts until the run
    /// has stopped for it: whoever resumes it then knows.
    ///
    /// `end` is the number of executions up to which the stage goes, `failed_now` what failed in it in this session.
    pub(super) fn stop_after_stage<P: BufRead>(
        &mut self,
        number: usize,
        end: u64,
        failed_now: u64,
        mut groups: Groups<P>,
    ) -> Result<(), PlanError> {
        let is_known = self.checkpoint.state().stopped_after() >= end;
        let (mut failed, mut in_doubt) = (0, 0);
        while let Some(group) = groups.next_group()? {
            for planned in &group.changes {
                match self.standing(planned) {
                    Standing::Ended(Outcome::Refused | Outcome::Failed) => failed += 1,
                    Standing::Doubtful { attempts, .. } => {
                        in_doubt += u64::from(!is_known || attempts.in_this_session() > 0);
                    }
                    // In doubt is what a person left so.
                    Standing::Ended(
                        Outcome::Applied
                        | Outcome::AlreadyDone
                        | Outcome::Drifted
                        | Outcome::Gone
                        | Outcome::InDoubt
                        | Outcome::NotAttempted,
                    )
                    | Standing::Waiting { .. } => {}
                }
            }
        }
        let errors = in_doubt + if is_known { failed_now } else { failed };
        if errors > 0 {
            let stopped = Record::StageStopped {
                executions: end,
                at: (self.settings.now)(),
            };
            self.write(stopped, None);
            self.drain(Drain::Stage { number, errors });
        }
        Ok(())
    }
}
