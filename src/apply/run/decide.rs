//! What to do with each change of a group: pure.

use std::time::Duration;

use super::group::PlannedChange;
use crate::{
    action::{Evidence, Reading},
    api::{Operation, OperationKind},
    checkpoint::RecordedOutcome,
    outcome::Outcome,
    plan::Repeat,
};

/// The number of attempts of a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Attempts {
    /// Over all sessions.
    pub(super) made: u32,
    /// Those of this visit of the group whose request never left.
    pub(super) never_left: u32,
    /// Of earlier sessions. They do not count for the limit: a dead server may have used them up quickly.
    pub(super) earlier: u32,
}

impl Attempts {
    /// With one more attempt.
    pub(super) const fn and_one(self) -> Self {
        Self {
            made: self.made + 1,
            ..self
        }
    }

    /// As if the last attempt did not leave.
    pub(super) const fn and_never_left(self) -> Self {
        Self {
            never_left: self.never_left + 1,
            ..self
        }
    }

    pub(super) const fn in_this_session(self) -> u32 {
        self.made - self.earlier - self.never_left
    }
}

/// The state of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ChangeState {
    /// Not sent, or certainly without effect.
    Waiting {
        attempts: Attempts,
        /// A read-back has proved that an attempt had no effect. This may have been too early.
        disproved: bool,
    },
    /// An attempt may have taken effect.
    Doubtful {
        attempts: Attempts,
        /// Time since the last attempt was given up, by the monotonic clock.
        age: Duration,
        /// A person has permitted a retry.
        may_repeat: bool,
    },
    /// Its outcome is in the checkpoint.
    Ended(Outcome),
}

/// What to do with a change now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NextMove {
    /// Nothing (any more).
    Leave,
    /// A change that it depends on did not succeed: it is not attempted.
    Blocked,
    /// A change that it depends on is still in doubt.
    Later,
    /// Its outcome is known without sending it.
    End(RecordedOutcome, Option<String>),
    /// It may be sent. `disproved`: a read-back has proved that no earlier attempt took effect.
    Send { attempts: Attempts, disproved: bool },
    /// A read-back has just proved that no attempt took effect, and no attempts are left.
    GiveUp { attempts: Attempts },
}

/// The limits that a decision needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The maximum number of attempts of a change in this session.
    pub(super) attempts: u32,
    /// How long after an attempt was given up a read-back can prove that it had no effect.
    pub(super) settle: Duration,
}

/// Decides about the change at `place`, from the states of all changes in its group and the last read. `reading` is none if the execution
/// was not read.
pub(super) fn decide(
    changes: &[PlannedChange],
    standings: &[ChangeState],
    place: usize,
    reading: Option<Reading>,
    limits: Limits,
) -> NextMove {
    let planned = &changes[place];
    match &standings[place] {
        ChangeState::Ended(_) => NextMove::Leave,
        ChangeState::Doubtful {
            attempts,
            age,
            may_repeat,
        } => {
            let has_attempts_left = attempts.in_this_session() < limits.attempts;
            let may_repeat =
                *may_repeat || (planned.change.repeat == Repeat::Safe && has_attempts_left);
            let reading = reading.as_ref();
            match planned.evidence() {
                Evidence::None => unreadable(planned.change.repeat, *attempts, may_repeat, reading),
                Evidence::OfEffect => {
                    doubtful(*attempts, may_repeat, false, has_attempts_left, reading)
                }
                Evidence::Full => {
                    let disproved = *age >= limits.settle;
                    doubtful(*attempts, may_repeat, disproved, has_attempts_left, reading)
                }
            }
        }
        ChangeState::Waiting {
            attempts,
            disproved,
        } => match dependence(changes, standings, place) {
            Dependence::Broken => NextMove::Blocked,
            Dependence::Open => NextMove::Later,
            Dependence::Met => match reading {
                // An attempt that was judged to have had no effect took effect later.
                Some(Reading::Done) if *disproved => NextMove::End(RecordedOutcome::Applied, None),
                Some(Reading::Done) => NextMove::End(RecordedOutcome::AlreadyDone, None),
                Some(Reading::Drifted(how)) => NextMove::End(RecordedOutcome::Drifted, Some(how)),
                Some(Reading::Gone) => NextMove::End(RecordedOutcome::Gone, None),
                // Attempts without an effect do not count here: three requests with a rejected token are not a failure of the change.
                Some(Reading::AsPlanned) | None => NextMove::Send {
                    attempts: *attempts,
                    disproved: *disproved,
                },
            },
        },
    }
}

/// The next move for a doubt that a read-back can decide.
fn doubtful(
    attempts: Attempts,
    may_repeat: bool,
    disproved: bool,
    has_attempts_left: bool,
    reading: Option<&Reading>,
) -> NextMove {
    match reading {
        Some(Reading::Done) => NextMove::End(RecordedOutcome::Applied, None),
        Some(Reading::Gone) => NextMove::End(RecordedOutcome::Gone, None),
        Some(Reading::AsPlanned) if may_repeat || (disproved && has_attempts_left) => {
            NextMove::Send {
                attempts,
                disproved,
            }
        }
        Some(Reading::AsPlanned) if disproved => NextMove::GiveUp { attempts },
        // A later edit by another user hides whether our values were there.
        Some(Reading::AsPlanned | Reading::Drifted(_)) | None => NextMove::Leave,
    }
}

/// The next move for a doubt that no read-back can decide: an effect that a read shows may come from another user, and one that it does not
/// show may have happened.
fn unreadable(
    repeat: Repeat,
    attempts: Attempts,
    may_repeat: bool,
    reading: Option<&Reading>,
) -> NextMove {
    match (reading, repeat) {
        (Some(Reading::AsPlanned) | None, _) if may_repeat => NextMove::Send {
            attempts,
            disproved: false,
        },
        (Some(Reading::Gone), Repeat::Safe | Repeat::Readable) => {
            NextMove::End(RecordedOutcome::Gone, None)
        }
        (Some(_) | None, Repeat::Safe | Repeat::Readable | Repeat::Once) => NextMove::Leave,
    }
}

/// The outcome of a 404 to a request. `doubtful`: an earlier attempt may have taken effect.
pub(super) fn end_of_gone(operation: &Operation, doubtful: bool) -> RecordedOutcome {
    let takes_away = matches!(
        operation.kind(),
        OperationKind::Delete | OperationKind::CancelSchedule
    );
    match (takes_away, doubtful) {
        // One of our attempts may have deleted it.
        (true, true) => RecordedOutcome::Applied,
        (true, false) if operation.removes() => RecordedOutcome::AlreadyDone,
        (true | false, _) => RecordedOutcome::Gone,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dependence {
    Met,
    /// Not decided yet.
    Open,
    Broken,
}

/// A change depends on the earlier ones of its own target, an execution-level change on all earlier ones.
fn dependence(changes: &[PlannedChange], standings: &[ChangeState], place: usize) -> Dependence {
    let own = &changes[place].change;
    let mut found = Dependence::Met;
    for (earlier, standing) in changes.iter().zip(standings).take(place) {
        if !own.depends_on(&earlier.change) {
            continue;
        }
        match standing {
            ChangeState::Ended(Outcome::Applied | Outcome::AlreadyDone) => {}
            ChangeState::Ended(
                Outcome::Drifted
                | Outcome::Gone
                | Outcome::Refused
                | Outcome::Failed
                | Outcome::InDoubt
                | Outcome::NotAttempted,
            ) => return Dependence::Broken,
            ChangeState::Waiting { .. } | ChangeState::Doubtful { .. } => found = Dependence::Open,
        }
    }
    found
}

#[cfg(test)]
mod tests;
