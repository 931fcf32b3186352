//! Which statuses may follow which: the rules of the service, without its data.

use crate::wire::{ExecutionStatus, TaskStatus};

/// Where a task stands, seen from the flow's current tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskPlace {
    Earlier,
    Current,
    Later,
}

/// What a permitted change of a task's status is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskMove {
    Start,
    Complete,
    Skip,
    /// Back to `PENDING`, and every later task with it.
    Revert,
}

/// The statuses, as far as the rules tell them apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StatusStage {
    Pending,
    InProgress,
    Over,
    /// Statuses that the service sets itself and that nobody can leave or reach by a patch.
    Own,
}

const fn stage(status: TaskStatus) -> StatusStage {
    match status {
        TaskStatus::Pending | TaskStatus::Unassigned | TaskStatus::Assigned => StatusStage::Pending,
        TaskStatus::InProgress => StatusStage::InProgress,
        TaskStatus::Completed | TaskStatus::Skipped => StatusStage::Over,
        TaskStatus::Scheduled
        | TaskStatus::ConditionPending
        | TaskStatus::WaitingForConfirmation
        | TaskStatus::OnHold
        | TaskStatus::Failed => StatusStage::Own,
    }
}

/// Whether a task's status may be changed, and what that is; none: it may not.
///
/// `revert` is the request's `revert_execution`; it is ignored on the current task and on later ones.
pub(crate) fn task_move(
    from: TaskStatus,
    to: TaskStatus,
    place: TaskPlace,
    revert: bool,
) -> Option<TaskMove> {
    match (stage(from), stage(to)) {
        (StatusStage::Pending, StatusStage::InProgress) => Some(TaskMove::Start),
        (StatusStage::Pending, StatusStage::Over) => {
            (to == TaskStatus::Skipped).then_some(TaskMove::Skip)
        }
        (StatusStage::InProgress, StatusStage::Over) => Some(if to == TaskStatus::Skipped {
            TaskMove::Skip
        } else {
            TaskMove::Complete
        }),
        (StatusStage::Over, StatusStage::Pending) => match place {
            TaskPlace::Earlier => revert.then_some(TaskMove::Revert),
            TaskPlace::Current | TaskPlace::Later => None,
        },
        (StatusStage::Pending, StatusStage::Pending | StatusStage::Own)
        | (
            StatusStage::InProgress,
            StatusStage::Pending | StatusStage::InProgress | StatusStage::Own,
        )
        | (StatusStage::Over, StatusStage::InProgress | StatusStage::Over | StatusStage::Own)
        | (
            StatusStage::Own,
            StatusStage::Pending | StatusStage::InProgress | StatusStage::Over | StatusStage::Own,
        ) => None,
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
    const PLACES: [TaskPlace; 3] = [TaskPlace::Earlier, TaskPlace::Current, TaskPlace::Later];

    #[test]
    fn a_task_moves_along_these_rows_and_no_others() {
        // from, to, what it is without the flag or on the current and later tasks, what it is with the flag on an earlier one
        let rows = [
            (
                Pending,
                InProgress,
                Some(TaskMove::Start),
                Some(TaskMove::Start),
            ),
            (
                Unassigned,
                InProgress,
                Some(TaskMove::Start),
                Some(TaskMove::Start),
            ),
            (
                Assigned,
                InProgress,
                Some(TaskMove::Start),
                Some(TaskMove::Start),
            ),
            (Pending, Skipped, Some(TaskMove::Skip), Some(TaskMove::Skip)),
            (
                Unassigned,
                Skipped,
                Some(TaskMove::Skip),
                Some(TaskMove::Skip),
            ),
            (
                Assigned,
                Skipped,
                Some(TaskMove::Skip),
                Some(TaskMove::Skip),
            ),
            (
                InProgress,
                Completed,
                Some(TaskMove::Complete),
                Some(TaskMove::Complete),
            ),
            (
                InProgress,
                Skipped,
                Some(TaskMove::Skip),
                Some(TaskMove::Skip),
            ),
            (Completed, Pending, None, Some(TaskMove::Revert)),
            (Completed, Unassigned, None, Some(TaskMove::Revert)),
            (Completed, Assigned, None, Some(TaskMove::Revert)),
            (Skipped, Pending, None, Some(TaskMove::Revert)),
            (Skipped, Unassigned, None, Some(TaskMove::Revert)),
            (Skipped, Assigned, None, Some(TaskMove::Revert)),
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
                    let expected = if place == TaskPlace::Earlier {
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
