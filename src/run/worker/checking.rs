//! A worker looks at the execution where an answer can't be taken at its word.

use super::{Causes, Worker};
use crate::{
    action::{Reading, contradiction, difference, needs_body},
    api::{Operation, OperationKind, Verdict},
    checkpoint::{Detail, Record},
    plan::Repeat,
    run::{decide::Attempts, group::PlannedChange, link::LeaveGroup, view::View},
};

/// What an answer means, after a look where one was needed.
pub(super) struct CheckedVerdict {
    pub(super) verdict: Verdict,
    /// How the change may be repeated now.
    pub(super) repeat: Repeat,
    /// What is known of the execution was read after the answer.
    pub(super) is_seen: bool,
}

impl Worker<'_> {
    /// Takes the answer to the last of these attempts at its word, or reads the execution first:
    ///
    /// - Success that shows something else than what was sent: if the reading does, too, the attempt is one without an
    ///   answer.
    /// - Not found: the target may be gone, or something else that the request names.
    /// - A refusal after a read has said that earlier attempts took no effect (`disproved`): one of them may have come
    ///   later than anybody would think, and be why this one is refused.
    pub(super) async fn check(
        &mut self,
        place: usize,
        attempts: Attempts,
        disproved: bool,
        verdict: Verdict,
    ) -> Result<CheckedVerdict, LeaveGroup> {
        let planned = self.group.changes[place].clone();
        let repeat = planned.change.repeat;
        let verdict = match verdict {
            Verdict::Applied(Some(answer)) => {
                let expected = planned.change.expected();
                let shows = contradiction(&planned.operation, expected, &answer.object);
                if shows.is_some() {
                    let answered = format!("answered {}", answer.status);
                    return self.check_success(place, &planned, &answered, shows).await;
                }
                Verdict::Applied(Some(answer))
            }
            Verdict::Applied(None) if needs_body(&planned.operation) => {
                let answered = "answered without a body";
                return self.check_success(place, &planned, answered, None).await;
            }
            Verdict::Gone { status, message } => {
                let reason = format!("{status}: {message}");
                let missing = Missing { status, message };
                let verdict = self
                    .check_missing(place, &planned, missing, disproved)
                    .await;
                let Ok(verdict) = verdict else {
                    // Whatever it is that is missing, this attempt did nothing.
                    self.link.record(Record::NotSent {
                        line: planned.line,
                        attempt: attempts.made,
                        reason: Detail::new(&reason),
                        held_up: false,
                    });
                    self.made(place, attempts);
                    return Err(LeaveGroup);
                };
                let is_seen = true;
                return Ok(CheckedVerdict {
                    verdict,
                    repeat,
                    is_seen,
                });
            }
            Verdict::Refused { status, message } if disproved => {
                let verdict = self.check_refusal(place, status, message).await?;
                let is_seen = true;
                return Ok(CheckedVerdict {
                    verdict,
                    repeat,
                    is_seen,
                });
            }
            Verdict::Applied(None)
            | Verdict::Refused { .. }
            | Verdict::Unauthorized { .. }
            | Verdict::Throttled { .. }
            | Verdict::NotSent { .. }
            | Verdict::Unknown { .. } => verdict,
        };
        Ok(CheckedVerdict {
            verdict,
            repeat,
            is_seen: false,
        })
    }

    /// What success means whose answer `shows` something else than what was sent, or nothing.
    async fn check_success(
        &mut self,
        place: usize,
        planned: &PlannedChange,
        answered: &str,
        shows: Option<String>,
    ) -> Result<CheckedVerdict, LeaveGroup> {
        let unknown = |shows: Option<String>| Verdict::Unknown {
            reason: match shows {
                Some(shows) => format!("{answered}, but {shows}"),
                None => answered.to_owned(),
            },
            retry_after: None,
        };
        let repeat = planned.change.repeat;
        if !self.group.can_be_read() {
            return Ok(CheckedVerdict {
                verdict: unknown(shows),
                repeat,
                is_seen: false,
            });
        }
        match self.fetch().await? {
            Ok(seen) => self.see(seen),
            Err((_, reason)) => {
                let shows = shows.map_or_else(String::new, |shows| format!("{shows}; "));
                let shows = format!("{shows}reading the execution then failed: {reason}");
                return Ok(CheckedVerdict {
                    verdict: unknown(Some(shows)),
                    repeat,
                    is_seen: false,
                });
            }
        }
        let reading = self.read_back(place, Causes::Known);
        let target = match &self.view {
            View::Known(execution) => planned.operation.find(execution),
            View::Unread | View::Missing => None,
        };
        let shows = target
            .and_then(|target| difference(planned.change.expected(), target))
            .or(shows);
        let (verdict, repeat) = match reading {
            Some(Reading::Done) => (Verdict::Applied(None), repeat),
            Some(Reading::Open) => (unknown(shows), repeat),
            // Nothing is written over what somebody else wrote; and what is not there can't be written.
            Some(Reading::Drifted(_) | Reading::Gone) | None => {
                (unknown(shows), repeat.max(Repeat::Readable))
            }
        };
        Ok(CheckedVerdict {
            verdict,
            repeat,
            is_seen: true,
        })
    }

    /// What "not found" means: the target is not there, or it is, and the request is refused for something else.
    async fn check_missing(
        &mut self,
        place: usize,
        planned: &PlannedChange,
        missing: Missing,
        disproved: bool,
    ) -> Result<Verdict, LeaveGroup> {
        let Missing { status, message } = missing;
        if !self.group.can_be_read() {
            // What is made is not there yet; it can't be that.
            return Ok(Verdict::Refused { status, message });
        }
        match self.fetch().await? {
            Ok(seen) => self.see(seen),
            Err((_, reason)) => {
                let message = format!("{message}; reading the execution then failed: {reason}");
                return Ok(unread(&planned.operation, disproved, status, message));
            }
        }
        let reading = self.read_back(place, Causes::Possible);
        if reading == Some(Reading::Done) && (disproved || is_its_doing(&planned.operation)) {
            return Ok(Verdict::Applied(None));
        }
        let is_there = match &self.view {
            View::Known(execution) => planned.operation.find(execution).is_some(),
            View::Unread | View::Missing => false,
        };
        // Of a task that is there, the schedule may be what is not.
        let cancels = planned.operation.kind() == OperationKind::CancelSchedule;
        let is_gone = !is_there || (cancels && reading != Some(Reading::Open));
        Ok(if is_gone {
            Verdict::Gone { status, message }
        } else {
            Verdict::Refused { status, message }
        })
    }

    /// What a refusal means after a read has said that earlier attempts took no effect.
    async fn check_refusal(
        &mut self,
        place: usize,
        status: u16,
        message: String,
    ) -> Result<Verdict, LeaveGroup> {
        match self.fetch().await? {
            Ok(seen) => self.see(seen),
            Err((_, reason)) => {
                return Ok(Verdict::Unknown {
                    reason: format!(
                        "{status}: {message}; reading the execution then failed: {reason}"
                    ),
                    retry_after: None,
                });
            }
        }
        Ok(match self.read_back(place, Causes::Possible) {
            Some(Reading::Done) => Verdict::Applied(None),
            Some(Reading::Open | Reading::Drifted(_) | Reading::Gone) | None => {
                Verdict::Refused { status, message }
            }
        })
    }
}

/// Whether the effect of a request that the service answers with "not found" is taken for its own. What is not there any more,
/// or has begun or ended meanwhile, is often so by somebody else's doing, and that is why it is not found.
const fn is_its_doing(operation: &Operation) -> bool {
    match operation.kind() {
        OperationKind::Patch | OperationKind::AddTask => true,
        OperationKind::Delete
        | OperationKind::CancelSchedule
        | OperationKind::RunSchedule
        | OperationKind::Reconcile
        | OperationKind::Start
        | OperationKind::AddStep
        | OperationKind::RunAutomation
        | OperationKind::Read(_) => false,
    }
}

/// What "not found" means when the execution can't be read after it.
fn unread(operation: &Operation, disproved: bool, status: u16, message: String) -> Verdict {
    if disproved {
        // One of the earlier attempts may be why.
        Verdict::Unknown {
            reason: format!("{status}: {message}"),
            retry_after: None,
        }
    } else if operation.removes() {
        // Nothing is left to delete.
        Verdict::Gone { status, message }
    } else {
        Verdict::Refused { status, message }
    }
}

/// The service says that something is not there.
struct Missing {
    status: u16,
    message: String,
}
