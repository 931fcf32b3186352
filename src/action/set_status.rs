//! `set_status`: a task or step moves on, or back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Edit, Effect, FieldWrite, Nature, Planned, Repeat, Subject,
    status::{Move, WANTED, step, today},
};
use crate::{api::Generation, template::Template};

#[derive(Clone, Debug)]
pub struct SetStatus {
    /// One of [`SetStatus::WORDS`].
    pub to: Template,
    /// Whether going back is meant: every later task is reset.
    pub revert: bool,
    /// The branch that a decision takes when it is completed: the id of a condition.
    pub branch: Option<Template>,
}

impl SetStatus {
    /// What a playbook may ask for.
    pub const WORDS: [&'static str; 4] = WANTED;

    pub(super) fn plan(&self, subject: &Subject<'_>) -> Planned {
        self.edit(subject).unwrap_or_else(Planned::Reject)
    }

    fn edit(&self, subject: &Subject<'_>) -> Result<Planned, String> {
        let to = subject.word(&self.to)?;
        if !WANTED.contains(&to.as_str()) {
            return Err(format!(
                "`{to}` is no status to set: use {}",
                WANTED.join(", ")
            ));
        }
        let from = subject.text("status").ok_or("has no status")?;
        let moved = match subject.generation {
            // The rules are those of tasks; a step takes any status.
            Generation::V1 if today(from) == to => Move::None,
            Generation::V1 => Move::Forward,
            Generation::V2 => step(from, &to, self.revert)?,
        };
        if moved == Move::None {
            return Ok(Planned::Nothing(format!("is {from} already")));
        }
        let mut sends = Vec::new();
        if subject.generation == Generation::V2 {
            if subject.data["enabled"] == false {
                return Err("is not enabled, so its status can't change".to_owned());
            }
            if moved == Move::Revert {
                sends.push(("revert_execution", json!(true)));
            }
            if to == "COMPLETED"
                && let Some(branch) = self.branch(subject)?
            {
                sends.push(("next_condition_id", json!(branch)));
            }
        }
        Ok(Planned::Edit(Edit {
            operation: subject.patch(),
            writes: vec![FieldWrite {
                path: "status",
                undo: json!(from),
                after: Value::String(to.clone()),
            }],
            sends,
            expects: BTreeMap::new(),
            requires: Vec::new(),
            nature: nature(subject.generation, moved, &to),
        }))
    }

    /// The condition that a decision is completed with.
    fn branch(&self, subject: &Subject<'_>) -> Result<Option<String>, String> {
        let task = subject.data;
        if task["task_type"] != "DECISION" {
            return Ok(None);
        }
        let conditions: Vec<(&str, &str)> = task["conditions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|condition| {
                let id = condition["id"].as_str()?;
                Some((id, condition["branch_name"].as_str().unwrap_or(id)))
            })
            .collect();
        let known = || {
            let known: Vec<&str> = conditions.iter().map(|(id, _)| *id).collect();
            known.join(", ")
        };
        match &self.branch {
            None if task["trigger_mode"] == "manual" => Err(format!(
                "is a decision: say which branch it takes with `branch`, one of {}",
                known()
            )),
            None => Ok(None),
            Some(template) => {
                let wanted = subject.word(template)?;
                let fits = |(id, name): &&(&str, &str)| *id == wanted || *name == wanted;
                match conditions.iter().find(fits) {
                    Some((id, _)) => Ok(Some((*id).to_owned())),
                    None => Err(format!("has no branch `{wanted}`; it has {}", known())),
                }
            }
        }
    }
}

fn nature(generation: Generation, moved: Move, to: &str) -> Nature {
    let effects: &'static [Effect] = match (moved, to) {
        (Move::Revert, _) => &[Effect::LaterTasksReset],
        (Move::None | Move::Forward, "COMPLETED" | "SKIPPED") => {
            &[Effect::AutomationsMayFire, Effect::FlowAdvances]
        }
        (Move::None | Move::Forward, _) => &[],
    };
    match moved {
        Move::Revert => Nature {
            repeat: Repeat::Once,
            effects,
            irreversible: Some("the later tasks that were reset don't come back"),
        },
        Move::None | Move::Forward => Nature {
            repeat: Repeat::Readable,
            effects,
            irreversible: match generation {
                Generation::V1 => None,
                Generation::V2 => Some(
                    "a task's status goes back only by reverting it, which resets every later task",
                ),
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{changes, flow, legacy, over_executions, over_flows, said};

    /// What is said of one task with these fields.
    fn set(action: &str, task: &Value) -> String {
        let rest = format!("actions: [ {action} ]\nguards: {{ allow: [revert] }}");
        let task = crate::fixture::with(json!({"id": "t", "name": "T"}), task);
        said(
            &over_flows("each: task", &rest),
            &flow("e", &json!({"tasks": [task]})),
        )
        .join("")
        .replace("PATCH /v2/flows/executions/e/tasks/t ", "")
    }

    #[test]
    fn a_task_moves_on_or_back_or_it_is_said_why_not() {
        let decision = json!({"status": "IN_PROGRESS", "task_type": "DECISION", "trigger_mode": "manual",
            "conditions": [{"id": "c1", "branch_name": "Yes"}, {"id": "c2", "branch_name": "No"}]});
        for (action, task, line) in [
            (
                "set_status: IN_PROGRESS",
                json!({"status": "PENDING"}),
                r#"{"status":"IN_PROGRESS"}"#,
            ),
            (
                "set_status: PENDING",
                json!({"status": "ASSIGNED"}),
                "skipped t: is ASSIGNED already",
            ),
            (
                "set_status: { to: PENDING, revert: true }",
                json!({"status": "COMPLETED"}),
                r#"{"revert_execution":true,"status":"PENDING"}"#,
            ),
            (
                "set_status: { to: PENDING, revert: true }",
                json!({"status": "IN_PROGRESS"}),
                "rejected t: is IN_PROGRESS, which does not become PENDING",
            ),
            (
                "set_status: SKIPPED",
                json!({"status": "PENDING", "enabled": false}),
                "rejected t: is not enabled, so its status can't change",
            ),
            (
                "set_status: SKIPPED",
                json!({}),
                "rejected t: has no status",
            ),
            (
                "set_status: COMPLETED",
                decision.clone(),
                "rejected t: is a decision: say which branch it takes with `branch`, one of c1, c2",
            ),
            (
                "set_status: { to: COMPLETED, branch: c2 }",
                decision.clone(),
                r#"{"next_condition_id":"c2","status":"COMPLETED"}"#,
            ),
            (
                "set_status: { to: COMPLETED, branch: Yes }",
                decision.clone(),
                r#"{"next_condition_id":"c1","status":"COMPLETED"}"#,
            ),
            (
                "set_status: { to: COMPLETED, branch: c3 }",
                decision,
                "rejected t: has no branch `c3`; it has c1, c2",
            ),
            (
                "set_status: \"{{ task.name }}\"",
                json!({"status": "PENDING"}),
                "rejected t: `T` is no status to set: use PENDING, IN_PROGRESS, COMPLETED, SKIPPED",
            ),
        ] {
            assert_eq!(set(action, &task), line, "{action} {task}");
        }
    }

    #[test]
    fn each_status_on_the_way_is_a_request_of_its_own() {
        let actions = "actions: [ set_status: IN_PROGRESS, reassign: { set: [\"7\"] }, set_status: COMPLETED ]";
        let task = json!({"id": "t", "status": "PENDING"});
        assert_eq!(
            said(
                &over_flows("each: task", actions),
                &flow("e", &json!({"tasks": [task]}))
            ),
            [
                r#"PATCH /v2/flows/executions/e/tasks/t {"assigned_to":["7"],"status":"IN_PROGRESS"}"#,
                r#"PATCH /v2/flows/executions/e/tasks/t {"status":"COMPLETED"}"#,
            ]
        );
    }

    #[test]
    fn a_revert_is_sent_once_and_a_step_has_a_way_back() {
        let rest =
            "actions: [ set_status: { to: PENDING, revert: true } ]\nguards: { allow: [revert] }";
        let task = json!({"id": "t", "status": "SKIPPED"});
        let change = &changes(
            &over_flows("each: task", rest),
            &flow("e", &json!({"tasks": [task]})),
        )[0];
        assert_eq!(change.repeat, Repeat::Once);
        assert_eq!(json!(change.effects), json!(["later_tasks_reset"]));
        let step = &changes(
            &over_executions("each: step", "actions: [ set_status: COMPLETED ]"),
            &legacy("e", &[json!({"id": "s", "status": "ASSIGNED"})]),
        )[0];
        assert_eq!(
            json!(step.undo),
            json!({"request": {"method": "PATCH", "path": "/v1/workflows/executions/e/steps/s", "body": {"status": "ASSIGNED"}}})
        );
    }
}
