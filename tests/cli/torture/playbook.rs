//! What a tortured run does, and to which data.

use std::time::Duration;

use serde_json::{Value, json};

/// All kinds of change that a read can tell: fields, a status, a schedule that is run, a task with a key of its own, an
/// execution that goes. A third of them are absolute values alone, which may be repeated as often as one likes.
const PLAYBOOK: &str = r#"
version: 1
name: torture
select:
  flows: { entities: { query: "_schema:opportunity" } }
  where: execution.status == "STARTED"
  each: task
actions:
  - reassign: { set: "77777" }
    when: task.status in ["PENDING", "IN_PROGRESS", "SCHEDULED"]
  - set_due_date: 2027-03-01
    when: task.status == "PENDING" and task.due_date_config is none
  - set_status: MOVE
  - run_schedule_now:
    when: task.status == "SCHEDULED"
  - add_task: { name: Rückfrage, after: Netzkapazität prüfen, key: torture, assigned_to: [10020] }
    on: execution
    when: execution.flow_template_id == "tpl_hausanschluss_strom"
  - delete:
    on: execution
    when: has_assignee(execution, "10010")
guards: { allow: [ run_schedule_now, delete ], rejected: allow }
pace: { rate: 2000/s, burst: 100, concurrency: 6 }
"#;

/// Requests that may be under way when a kill comes, as in [`PLAYBOOK`].
pub(super) const CONCURRENCY: usize = 6;

/// Which statuses are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moves {
    /// Such that nothing else moves with them.
    Begin,
    /// Such that the flow goes on by itself: the next task starts, or the flow is over.
    Advance,
}

impl Moves {
    pub(super) fn playbook(self) -> String {
        let moved = match self {
            Self::Begin => {
                "IN_PROGRESS\n    when: task.status == \"PENDING\" and task.enabled and task.task_type == \"MANUAL\""
            }
            Self::Advance => {
                "SKIPPED\n    when: task.status in [\"PENDING\", \"IN_PROGRESS\"] and task.enabled and task.task_type == \"MANUAL\""
            }
        };
        PLAYBOOK.replace("MOVE", moved)
    }
}

/// Answers take a while, so that a kill finds requests under way. Some take long enough for the next session to look before
/// their effect comes, and far less than the time after which a look counts as proof. A few answers are lost, a few requests
/// turned down, none twice: three refusals of one request would be a failure of the change, which is not what is tested here.
pub(super) fn faults(timeout: Duration) -> Value {
    let late = timeout * 45 / 100;
    json!({"rules": [
        {"match": {"effect_only": true, "every": 47}, "do": "drop_after_effect"},
        {"match": {"effect_only": true, "every": 29, "once_per_url": true}, "do": {"status": {"code": 429, "retry_after": 0}}},
        {"match": {"effect_only": true, "every": 11}, "do": {"latency_ms": late.as_millis()}},
        {"match": {"effect_only": true}, "do": {"latency_ms": 8}},
    ]})
}
