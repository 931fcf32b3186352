//! Executions at random: flows that are somewhere on their way, of tasks of different habits.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::testing::simulated_service::{Enter, Habit, settle_phases};

/// A flow of the second generation.
#[derive(Clone, Debug)]
pub(in crate::apply::run::properties) struct RandomFlow {
    pub(in crate::apply::run::properties) tasks: Vec<RandomTask>,
    /// How many tasks are over, counted round.
    pub(in crate::apply::run::properties) over: usize,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::apply::run::properties) struct RandomTask {
    /// It has an automation.
    pub(in crate::apply::run::properties) automated: bool,
    pub(in crate::apply::run::properties) state: TaskState,
    /// In the second phase.
    pub(in crate::apply::run::properties) second: bool,
    pub(in crate::apply::run::properties) habit: Habit,
}

/// Where a task stands that is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::apply::run::properties) enum TaskState {
    Pending,
    InProgress,
    /// Automated ones only.
    Scheduled,
    /// Automated ones only.
    Failed,
}

pub(super) fn any_flow() -> impl Strategy<Value = RandomFlow> {
    (prop::collection::vec(any_task(), 1..=4), 0..3_usize)
        .prop_map(|(tasks, over)| RandomFlow { tasks, over })
}

fn any_task() -> impl Strategy<Value = RandomTask> {
    let state = prop_oneof![
        4 => Just(TaskState::Pending),
        1 => Just(TaskState::InProgress),
        3 => Just(TaskState::Scheduled),
        1 => Just(TaskState::Failed),
    ];
    let enter = prop_oneof![
        1 => Just(Enter::Stays),
        1 => Just(Enter::InProgress),
        2 => Just(Enter::AutomationStarts),
        1 => Just(Enter::IsScheduled),
    ];
    let takes = prop_oneof![
        1 => Just(None),
        1 => Just(Some(Duration::ZERO)),
        2 => (1..90_000_u64).prop_map(|after| Some(Duration::from_millis(after))),
    ];
    (
        any::<bool>(),
        state,
        any::<bool>(),
        enter,
        takes,
        prop::bool::weighted(0.25),
        any::<bool>(),
    )
        .prop_map(
            |(automated, state, second, enter, takes, fails, is_quick)| RandomTask {
                automated,
                state,
                second,
                habit: Habit {
                    enter,
                    takes,
                    fails,
                    is_quick,
                },
            },
        )
}

impl RandomFlow {
    pub(in crate::apply::run::properties) fn json(&self, id: &str) -> Value {
        let over = self.over % self.tasks.len();
        let numbered = || self.tasks.iter().enumerate();
        let tasks: Vec<Value> = numbered()
            .map(|(place, task)| task.json(place, over))
            .collect();
        let edges: Vec<Value> = (1..self.tasks.len())
            .map(|place| json!({"id": format!("g{place}"), "from_id": format!("t{}", place - 1), "to_id": format!("t{place}")}))
            .collect();
        let phase = |id: &str| json!({"id": id, "name": id, "status": "OPEN", "assigned_to": ["1"], "due_date": null});
        let mut flow = json!({
            "id": id, "org_id": "4711", "name": "RandomFlow", "status": "STARTED", "assigned_to": ["1"], "due_date": null,
            "closing_reason": {"configured_reasons": [{"id": "r", "title": "reason"}]},
            "phases": [phase("p0"), phase("p1")], "tasks": tasks, "edges": edges,
        });
        settle_phases(&mut flow);
        flow
    }

    /// The habits of its tasks, by their ids.
    pub(in crate::apply::run::properties) fn habits(
        &self,
    ) -> impl Iterator<Item = (String, Habit)> + '_ {
        self.tasks.iter().enumerate().map(|(place, task)| {
            let mut habit = task.habit;
            // Only an automation starts, or is scheduled.
            if !task.automated
                && matches!(habit.enter, Enter::AutomationStarts | Enter::IsScheduled)
            {
                habit.enter = Enter::InProgress;
            }
            (format!("t{place}"), habit)
        })
    }
}

impl RandomTask {
    fn json(self, place: usize, over: usize) -> Value {
        let status = match self.state {
            _ if place < over && self.second => "SKIPPED",
            _ if place < over => "COMPLETED",
            TaskState::Scheduled if self.automated => "SCHEDULED",
            TaskState::Failed if self.automated => "FAILED",
            TaskState::InProgress => "IN_PROGRESS",
            TaskState::Pending | TaskState::Scheduled | TaskState::Failed => "PENDING",
        };
        let mut task = json!({
            "id": format!("t{place}"), "name": format!("RandomTask {place}"), "status": status, "task_type": "MANUAL",
            "phase_id": if self.second { "p1" } else { "p0" }, "assigned_to": ["1"], "due_date": null,
        });
        if self.automated {
            task["task_type"] = json!("AUTOMATION");
            task["automation_config"] = json!({"flow_id": "a"});
        }
        if status == "SCHEDULED" {
            task["schedule"] = json!({"mode": "delayed", "schedule_id": format!("s{place}"), "scheduled_at": "2026-12-24T08:00:00.000Z"});
        }
        if self.automated && matches!(status, "IN_PROGRESS" | "FAILED") {
            task["automation_execution_id"] = json!(format!("earlier{place}"));
        }
        task
    }
}
