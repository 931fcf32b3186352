//! What to look at in the service to find out the outcome of a change in doubt. Pure.

use jiff::{Timestamp, tz::TimeZone};

use super::Change;
use crate::{api::OperationKind, dates};

impl Change {
    /// What to check in epilot, as the end of "look …". `sent_at`: when the last attempt was sent, if known.
    pub fn look_at(&self, sent_at: Option<Timestamp>) -> String {
        let about = || match sent_at {
            Some(sent_at) => format!("about {}", dates::in_zone(sent_at, &TimeZone::UTC)),
            None => "about that moment".to_owned(),
        };
        let Ok(operation) = self.operation() else {
            return "at its target".to_owned();
        };
        match operation.kind() {
            OperationKind::Start => format!(
                "whether {} has a new execution from {}",
                self.target.execution,
                about()
            ),
            OperationKind::AddStep => format!(
                "whether the new step{} is in its execution, once",
                self.new_name("step")
            ),
            OperationKind::AddTask => {
                format!(
                    "whether the new task{} is in its flow",
                    self.new_name("task")
                )
            }
            OperationKind::RunAutomation => {
                format!("whether the task's automation ran at {}", about())
            }
            OperationKind::RunSchedule => {
                "whether the task's automation has started, and its schedule is gone".to_owned()
            }
            OperationKind::Delete => "whether it is still there".to_owned(),
            OperationKind::Patch
            | OperationKind::CancelSchedule
            | OperationKind::Reconcile
            | OperationKind::Read(_) => self.look_at_fields(),
        }
    }

    /// The name of the new object, with a blank before it.
    fn new_name(&self, made: &str) -> String {
        let name = self.after.get(made).and_then(|made| made["name"].as_str());
        name.map_or_else(String::new, |name| format!(" “{name}”"))
    }

    fn look_at_fields(&self) -> String {
        let fields: Vec<String> = self
            .after
            .iter()
            .map(|(path, value)| format!("{path} is {value}"))
            .collect();
        if fields.is_empty() {
            "at its target".to_owned()
        } else {
            format!("whether {}", fields.join(" and "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::samples::{changes, flow, over_executions, over_flows, row};

    #[test]
    fn a_step_or_task_that_may_be_new_is_named() {
        let step = over_executions("", "actions: [ add_step: { name: Call, index: 0 } ]");
        let step = changes(&step, &row("e", &json!({"flow": []})));
        let task = over_flows(
            "",
            "actions: [ { add_task: { name: Call, after: A, before: B } } ]",
        );
        let tasks = json!({"tasks": [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}]});
        let task = changes(&task, &flow("e", &tasks));
        for (changes, said) in [
            (
                step,
                "whether the new step “Call” is in its execution, once",
            ),
            (task, "whether the new task “Call” is in its flow"),
        ] {
            assert_eq!(changes[0].look_at(None), said);
        }
    }

    #[test]
    fn a_doubt_about_what_leaves_no_trace_of_its_own_is_told_with_its_moment() {
        let run = over_flows(
            "each: task",
            "actions: [ run_automation ]\nguards: { allow: [run_automation] }",
        );
        let task = json!({"tasks": [
            {"id": "t", "status": "FAILED", "automation_config": {"flow_id": "f", "execution_id": "x"}}
        ]});
        let change = &changes(&run, &flow("e", &task))[0];
        let at = "2026-12-01T09:00:05Z".parse().unwrap();
        for (sent_at, said) in [
            (Some(at), "at about 2026-12-01 09:00 UTC"),
            (None, "at about that moment"),
        ] {
            let look = format!("whether the task's automation ran {said}");
            assert_eq!(change.look_at(sent_at), look);
        }
    }
}
