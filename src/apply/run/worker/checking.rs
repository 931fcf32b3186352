//! Reads the execution back if an answer is not conclusive.

use std::sync::Arc;

use serde_json::Value;

use super::{Causes, Worker};
use crate::{
    action::{Reading, contradiction, difference, needs_body},
    api::{Operation, OperationKind, Verdict},
    checkpoint::{Detail, Record},
    plan::Repeat,
    run::{decide::Attempts, group::PlannedChange, link::LeaveGroup, view::View},
    target::org_of,
};

/// The meaning of an answer, after a read-back if one was necessary.
pub(super) struct CheckedVerdict {
    pub(super) verdict: Verdict,
    /// How the change may be repeated now.
    pub(super) repeat: Repeat,
    /// Whether the execution was read after the answer.
    pub(super) is_seen: bool,
}

impl Worker<'_> {
    /// Accepts the answer to the last of these attempts, or reads the execution back first:
    ///
    /// - Success that does not show what was sent: if the read-back does not show it either, the attempt is unknown.
    /// - Not found: the target may be gone, or something else that the request names.
    /// - A refusal after a read-back that has judged earlier attempts to have had no effect (`disproved`): one of them may have taken
    ///   effect later, and be the reason for this refusal.
    pub(super) async fn check(
        &mut self,
        place: usize,
        attempts: Attempts,
        disproved: bool,
        verdict: Verdict,
    ) -> Result<CheckedVerdict, LeaveGroup> {
        let group = Arc::clone(&self.group);
        let planned = &group.changes[place];
        let repeat = planned.change.repeat;
        let verdict = match verdict {
            Verdict::Applied(Some(answer)) => {
                let expected = planned.change.expected();
                let shows = contradiction(&planned.operation, expected, &answer.object);
                let other = self.another_organisation(&answer.object);
                if shows.is_some() || other.is_some() {
                    let other = other.map(|other| format!(" ({other})"));
                    let answered =
                        format!("answered {}{}", answer.status, other.unwrap_or_default());
                    return self.check_success(place, planned, &answered, shows).await;
                }
                Verdict::Applied(Some(answer))
            }
            Verdict::Applied(None) if needs_body(&planned.operation) => {
                let answered = "answered without a body";
                return self.check_success(place, planned, answered, None).await;
            }
            Verdict::Gone { status, message } => {
                let reason = format!("{status}: {message}");
                let missing = Missing { status, message };
                let verdict = self.check_missing(place, planned, missing, disproved).await;
                let Ok(verdict) = verdict else {
                    // The target or something it names is missing: this attempt had no effect.
                    self.link.record(Record::NoEffect {
                        line: planned.line,
                        attempt: attempts.made,
                        reason: Detail::new(&reason),
                        never_left: false,
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

    /// How the object in an answer is not one of the plan's organisation.
    fn another_organisation(&self, object: &Value) -> Option<String> {
        match org_of(self.group.generation, object) {
            Err(error) => Some(error.to_string()),
            Ok(found) => {
                let planned = self.shared.settings.org.as_deref()?;
                let found = found.filter(|found| *found != planned)?;
                Some(format!("of the organisation {found}, not of {planned}"))
            }
        }
    }

    /// The meaning of a success whose answer `shows` something else than what was sent, or nothing.
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
            Err(reason) => {
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
            Some(Reading::AsPlanned) => (unknown(shows), repeat),
            // Values of another user are not overwritten; and a missing target can't be written.
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

    /// The meaning of a 404: the target does not exist, or something else in the request is missing and the request is refused.
    async fn check_missing(
        &mut self,
        place: usize,
        planned: &PlannedChange,
        missing: Missing,
        disproved: bool,
    ) -> Result<Verdict, LeaveGroup> {
        let Missing { status, message } = missing;
        if !self.group.can_be_read() {
            // A new object does not exist yet, so something else is missing.
            return Ok(Verdict::Refused { status, message });
        }
        match self.fetch().await? {
            Ok(seen) => self.see(seen),
            Err(reason) => {
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
        // The task may exist without the schedule.
        let cancels = planned.operation.kind() == OperationKind::CancelSchedule;
        let is_gone = !is_there || (cancels && reading != Some(Reading::AsPlanned));
        Ok(if is_gone {
            Verdict::Gone { status, message }
        } else {
            Verdict::Refused { status, message }
        })
    }

    /// The meaning of a refusal after a read-back that has judged earlier attempts to have had no effect.
    async fn check_refusal(
        &mut self,
        place: usize,
        status: u16,
        message: String,
    ) -> Result<Verdict, LeaveGroup> {
        match self.fetch().await? {
            Ok(seen) => self.see(seen),
            Err(reason) => {
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
            Some(Reading::AsPlanned | Reading::Drifted(_) | Reading::Gone) | None => {
                Verdict::Refused { status, message }
            }
        })
    }
}

/// Whether an effect that a read shows after a 404 counts as the request's own. For deletes and starts, another user's action may be the
/// reason for both the effect and the 404.
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

/// The meaning of a 404 if the execution can't be read back.
fn unread(operation: &Operation, disproved: bool, status: u16, message: String) -> Verdict {
    if disproved {
        // One of the earlier attempts may be the reason.
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

/// A 404 of the service.
struct Missing {
    status: u16,
    message: String,
}
