//! Between two stages: whether the next one begins.

use std::io::BufRead;

use super::Dispatcher;
use crate::{
    checkpoint::Record,
    event::Drain,
    outcome::Outcome,
    plan::PlanError,
    run::{
        decide::{Standing, Step, decide},
        group::Groups,
    },
};

impl Dispatcher<'_> {
    /// Stops when something failed in a stage, or is in doubt there. Errors of earlier sessions count until the run has
    /// stopped because of them: the person who resumes it then knows them. While a change of the stage still waits for a
    /// doubt that a read may settle, all errors count.
    ///
    /// `end` is the number of executions up to the end of the stage, `failed_now` what failed in the stage in this session.
    pub(super) fn stop_after_stage<P: BufRead>(
        &mut self,
        number: usize,
        end: u64,
        failed_now: u64,
        mut groups: Groups<P>,
    ) -> Result<(), PlanError> {
        let (mut failed, mut in_doubt, mut in_doubt_now, mut waits) = (0, 0, 0, false);
        while let Some(group) = groups.next_group()? {
            let standings: Vec<Standing> = group
                .changes
                .iter()
                .map(|planned| self.standing(planned))
                .collect();
            // What waits for a doubt that no read can settle waits for a person.
            let settled: Vec<Standing> = standings
                .iter()
                .zip(&group.changes)
                .map(|(standing, planned)| match standing {
                    Standing::Doubtful { .. } if !planned.can_be_read_back() => {
                        Standing::Ended(Outcome::InDoubt)
                    }
                    Standing::Doubtful { .. } | Standing::Waiting { .. } | Standing::Ended(_) => {
                        standing.clone()
                    }
                })
                .collect();
            for (place, standing) in standings.iter().enumerate() {
                match standing {
                    Standing::Ended(Outcome::Refused | Outcome::Failed) => failed += 1,
                    Standing::Doubtful { attempts, .. } => {
                        in_doubt += 1;
                        in_doubt_now += u64::from(attempts.in_this_session() > 0);
                    }
                    Standing::Waiting { .. } => {
                        let limits = self.shared.limits;
                        let step = decide(&group.changes, &settled, place, None, limits);
                        waits |= step != Step::Blocked;
                    }
                    // In doubt is what a person left so.
                    Standing::Ended(
                        Outcome::Applied
                        | Outcome::AlreadyDone
                        | Outcome::Drifted
                        | Outcome::Gone
                        | Outcome::InDoubt
                        | Outcome::NotAttempted,
                    ) => {}
                }
            }
        }
        let is_known = self.checkpoint.state().stopped_after() >= end && !waits;
        let errors = if is_known {
            failed_now + in_doubt_now
        } else {
            failed + in_doubt
        };
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
