//! The end of a stage: decides whether the next one begins.

use std::io::BufRead;

use crc32c::crc32c_append;

use super::Dispatcher;
use crate::{
    checkpoint::Record,
    event::StopReason,
    outcome::Outcome,
    plan::PlanError,
    run::{
        decide::{ChangeState, NextMove, decide},
        group::GroupStream,
    },
};

impl Dispatcher<'_> {
    /// Stops if something failed in a stage, or is in doubt there, and the run has not stopped for it before: a person who resumes the run
    /// knows the reported errors. The next stage does not begin either while a change of the stage waits for a doubt that a read-back may
    /// decide.
    ///
    /// `end` is the number of executions up to the end of the stage.
    pub(super) fn stop_after_stage<P: BufRead>(
        &mut self,
        number: usize,
        end: u64,
        mut groups: GroupStream<P>,
    ) -> Result<(), PlanError> {
        let (mut errors, mut errors_checksum, mut waits) = (0, 0, false);
        while let Some(group) = groups.next_group()? {
            let standings: Vec<ChangeState> = group
                .changes
                .iter()
                .map(|planned| self.standing(planned))
                .collect();
            // A change that waits for a doubt that no read can decide waits for a person.
            let as_closed: Vec<ChangeState> = standings
                .iter()
                .zip(&group.changes)
                .map(|(standing, planned)| match standing {
                    ChangeState::Doubtful { .. } if !planned.can_be_read_back() => {
                        ChangeState::Ended(Outcome::InDoubt)
                    }
                    ChangeState::Doubtful { .. }
                    | ChangeState::Waiting { .. }
                    | ChangeState::Ended(_) => standing.clone(),
                })
                .collect();
            for (place, standing) in standings.iter().enumerate() {
                let line = group.changes[place].line;
                match standing {
                    ChangeState::Ended(Outcome::Refused | Outcome::Failed) => {
                        errors += 1;
                        errors_checksum =
                            crc32c_append(errors_checksum, format!("{line} ").as_bytes());
                    }
                    ChangeState::Doubtful { attempts, .. } => {
                        errors += 1;
                        let doubt = format!("{line}:{} ", attempts.made);
                        errors_checksum = crc32c_append(errors_checksum, doubt.as_bytes());
                    }
                    ChangeState::Waiting { .. } => {
                        let limits = self.settings().limits();
                        let next = decide(&group.changes, &as_closed, place, None, limits);
                        waits |= next != NextMove::Blocked;
                    }
                    // No errors. `InDoubt` is here if a person has decided to leave it so.
                    ChangeState::Ended(
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
        let is_known = self.checkpoint.state().stage_errors(end) == Some(errors_checksum) && !waits;
        if errors > 0 && !is_known {
            let stopped = Record::StageStopped {
                executions: end,
                errors: errors_checksum,
                at: (self.settings().now)(),
            };
            self.write(stopped, None);
            self.drain(StopReason::Stage { number, errors });
        }
        Ok(())
    }
}
