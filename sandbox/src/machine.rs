//! Which statuses may follow which: the rules of the service, without its data.

use crate::wire::{ExecutionStatus, TaskStatus};

/// Where a task stands, seen from the flow's current tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Earlier,
    Current,
    Later,
}

/// What a permitted change of a task's status is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    Start,
    Complete,
    Skip,
    /// Back to `PENDING`, and every later task with it.
    Revert,
}

/// The statuses, as far as the rules tell them apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Pending,
    InProgress,
    Over,
    /// Statuses that the service sets itself and that nobody can leave or reach by a patch.
    Own,
}

const fn stage(status: TaskStatus) -> Stage {
    match status {
        TaskStatus::Pending | TaskStatus::Unassigned | TaskStatus::Assigned => Stage::Pending,
        TaskStatus::InProgress => Stage::InProgress,
        TaskStatus::Completed | TaskStatus::Skipped => Stage::Over,
        TaskStatus::Scheduled
        | TaskStatus::ConditionPending
        | TaskStatus::WaitingForConfirmation
        | TaskStatus::OnHold
        | TaskStatus::Failed => Stage::Own,
    }
}

/// Whether a task's status may be changed, and what that is; none: it may not.
///
/// `revert` is the request's `revert_execution`; it is ignored on the current task and on later ones.
pub(crate) fn task_move(
    from: TaskStatus,
    to: TaskStatus,
    place: Place,
    revert: bool,
) -> Option<Move> {
    match (stage(from), stage(to)) {
        (Stage::Pending, Stage::InProgress) => Some(Move::Start),
        (Stage::Pending, Stage::Over) => (to == TaskStatus::Skipped).then_some(Move::Skip),
        (Stage::InProgress, Stage::Over) => Some(if to == TaskStatus::Skipped {
            Move::Skip
        } else {
            Move::Complete
        }),
        (Stage::Over, Stage::Pending) => match place {
            Place::Earlier => revert.then_some(Move::Revert),
            Place::Current | Place::Later => None,
        },
        (Stage::Pending, Stage::Pending | Stage::Own)
        | (Stage::InProgress, Stage::Pending | Stage::InProgress | Stage::Own)
        | (Stage::Over, Stage::InProgress | Stage::Over | Stage::Own)
        | (Stage::Own, Stage::Pending | Stage::InProgress | Stage::Over | Stage::Own) => None,
    }
}

/// Whether an execution's status may be changed. Reopening is allowed: the service knows the event, and
/// does not document the rule.
pub(crate) const fn execution_may(from: ExecutionStatus, to: ExecutionStatus) -> bool {
    match (from, to) {
        (ExecutionStatus::Started, ExecutionStatus::Done | ExecutionStatus::Closed)
        | (ExecutionStatus::Done | ExecutionStatus::Closed, ExecutionStatus::Started) => true,
        (ExecutionStatus::Started, ExecutionStatus::Started)
        | (
            ExecutionStatus::Done | ExecutionStatus::Closed,
            ExecutionStatus::Done | ExecutionStatus::Closed,
        ) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TaskStatus::{
        Assigned, Completed, ConditionPending, Failed, InProgress, OnHold, Pending, Scheduled,
        Skipped, Unassigned, WaitingForConfirmation,
    };

    const ALL: [TaskStatus; 11] = [
        Unassigned,
        Assigned,
        Completed,
        Skipped,
        InProgress,
        Scheduled,
        Pending,
        ConditionPending,
        WaitingForConfirmation,
        OnHold,
        Failed,
    ];
    const PLACES: [Place; 3] = [Place::Earlier, Place::Current, Place::Later];

    #[test]
    fn a_task_moves_along_these_rows_and_no_others() {
        // from, to, what it is without the flag or on the current and later tasks, what it is with the flag on an earlier one
        let rows = [
            (Pending, InProgress, Some(Move::Start), Some(Move::Start)),
            (Unassigned, InProgress, Some(Move::Start), Some(Move::Start)),
            (Assigned, InProgress, Some(Move::Start), Some(Move::Start)),
            (Pending, Skipped, Some(Move::Skip), Some(Move::Skip)),
            (Unassigned, Skipped, Some(Move::Skip), Some(Move::Skip)),
            (Assigned, Skipped, Some(Move::Skip), Some(Move::Skip)),
            (
                InProgress,
                Completed,
                Some(Move::Complete),
                Some(Move::Complete),
            ),
            (InProgress, Skipped, Some(Move::Skip), Some(Move::Skip)),
            (Completed, Pending, None, Some(Move::Revert)),
            (Completed, Unassigned, None, Some(Move::Revert)),
            (Completed, Assigned, None, Some(Move::Revert)),
            (Skipped, Pending, None, Some(Move::Revert)),
            (Skipped, Unassigned, None, Some(Move::Revert)),
            (Skipped, Assigned, None, Some(Move::Revert)),
        ];
        for from in ALL {
            for to in ALL {
                let (plain, reverted) = rows
                    .iter()
                    .find(|row| row.0 == from && row.1 == to)
                    .map_or((None, None), |row| (row.2, row.3));
                for place in PLACES {
                    assert_eq!(
                        task_move(from, to, place, false),
                        plain,
                        "{from} -> {to}, {place:?}"
                    );
                    let expected = if place == Place::Earlier {
                        reverted
                    } else {
                        plain
                    };
                    assert_eq!(
                        task_move(from, to, place, true),
                        expected,
                        "{from} -> {to}, {place:?}, revert"
                    );
                }
            }
        }
    }

    #[test]
    fn an_execution_ends_from_started_and_goes_back_to_it() {
        use ExecutionStatus::{Closed, Done, Started};
        for (from, to, may) in [
            (Started, Started, false),
            (Started, Done, true),
            (Started, Closed, true),
            (Done, Started, true),
            (Done, Done, false),
            (Done, Closed, false),
            (Closed, Started, true),
            (Closed, Done, false),
            (Closed, Closed, false),
        ] {
            assert_eq!(execution_may(from, to), may, "{from} -> {to}");
        }
    }
}
