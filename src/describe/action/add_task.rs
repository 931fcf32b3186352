//! `add_task`: adds a task between two others of a flow.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Action, ActionKind, Arguments, ArgumentsForm, Edit, Nature, PlannedAction, Repeat, Requests,
    Subject, ValueForm, argument,
    body::{RequestFieldValue, values},
    named,
};
use crate::{
    api::{Generation, Level, Operation, OperationKind, types},
    document::reader::present,
    json,
    template::Template,
};

pub(super) static KIND: ActionKind = ActionKind {
    word: "add_task",
    doc: "Adds a task to a flow, between two others.",
    example: "add_task: { name: \"…\", after: \"…\", before: \"…\" }",
    levels: &[Level::Execution],
    only_in: Some(Generation::V2),
    form: ArgumentsForm::Map(&[
        argument(
            "name",
            ValueForm::Field(types::new_task, "name"),
            "Its name.",
        ),
        argument(
            "after",
            ValueForm::Text,
            "The task before it, by id, template's id or name.",
        ),
        argument(
            "before",
            ValueForm::Text,
            "The task behind it, by id, template's id or name.",
        ),
        argument(
            "key",
            ValueForm::Text,
            "The action adds one task per key and flow; set it to add several.",
        ),
        argument(
            "phase",
            ValueForm::Text,
            "Its phase; that of the task before it unless given.",
        ),
        argument(
            "status",
            ValueForm::Field(types::new_task, "status"),
            "Its status.",
        ),
        argument(
            "due_date",
            ValueForm::Field(types::new_task, "due_date"),
            "Its due date.",
        ),
        argument(
            "due_date_config",
            ValueForm::Field(types::new_task, "due_date_config"),
            "The rule that its due date is computed by.",
        ),
        argument(
            "assigned_to",
            ValueForm::Field(types::new_task, "assigned_to"),
            "Who is assigned.",
        ),
        argument(
            "enabled",
            ValueForm::Field(types::new_task, "enabled"),
            "Whether it can be worked on.",
        ),
        argument(
            "automation_config",
            ValueForm::Field(types::new_task, "automation_config"),
            "Its automation.",
        ),
        argument(
            "task_type",
            ValueForm::Field(types::new_task, "task_type"),
            "What kind of task it is.",
        ),
    ]),
    converges: true,
    needs_allow: false,
    again: "no change",
    undo: "no",
    requests: Requests::Other(|operation| operation.kind() == OperationKind::AddTask),
    read: |arguments| Some(Arc::new(arguments.add_task()?)),
};

impl Arguments<'_, '_, '_, '_> {
    fn add_task(&mut self) -> Option<AddTask> {
        let name = self.required("name");
        let [after, before, key, phase] = ["after", "before", "key", "phase"]
            .map(|name| self.get(name).map(|field| self.template(field)));
        if after.is_none() && before.is_none() && !self.fields.is_empty() {
            self.reader.wrong(
                self.written.at,
                "`add_task` does not say where",
                "name the tasks between which it is added: `after`, `before` or both",
            );
            return None;
        }
        let fields = self.request_fields();
        name?;
        Some(AddTask {
            after: present(after)?,
            before: present(before)?,
            phase: present(phase)?,
            key: present(key)?,
            fields: fields?,
            origin: format!("{}/{}", self.setting.playbook, self.written.place),
        })
    }
}

#[derive(Clone, Debug)]
struct AddTask {
    /// The neighbours, by id, template's id or name; at least one of the two.
    after: Option<Template>,
    before: Option<Template>,
    /// The phase, in the same way; default: that of the task before.
    phase: Option<Template>,
    /// Makes several tasks of the same action in the same flow different.
    key: Option<Template>,
    fields: Vec<RequestFieldValue>,
    /// The playbook's name and the action's position in it.
    origin: String,
}

pub(super) const NATURE: Nature = Nature {
    repeat: Repeat::Readable,
    effects: &[],
    why_final: Some("no operation removes a task"),
};

/// The UUID namespace of tasks that playbooks add: random, and fixed for ever.
const NAMESPACE: Uuid = Uuid::from_u128(0x7a1c_54f0_2b6e_4d0c_9a57_3c1f_8e24_b9d6);

impl Action for AddTask {
    fn plan(&self, subject: &Subject<'_>) -> PlannedAction {
        self.edit(subject).unwrap_or_else(PlannedAction::Reject)
    }
}

impl AddTask {
    fn edit(&self, subject: &Subject<'_>) -> Result<PlannedAction, String> {
        let id = self.id(subject)?;
        let flow = subject.data;
        if json::item(flow, "tasks", &id).is_some() {
            return Ok(PlannedAction::Nothing("has this task already".to_owned()));
        }
        let (previous, next) = self.neighbours(subject)?;
        let mut task = values(&self.fields, subject)?;
        let phase = match &self.phase {
            Some(phase) => Some(named::one(
                "phase",
                &list(flow, "phases"),
                &subject.word(phase)?,
            )?),
            None => json::item(flow, "tasks", &previous)
                .and_then(|task| task["phase_id"].as_str())
                .map(str::to_owned),
        };
        if let Some(phase) = phase {
            task.insert("phase_id".to_owned(), json!(phase));
        }
        task.insert("id".to_owned(), json!(id));
        let task = Value::Object(task);
        let body = [
            ("previous_task_id", json!(previous)),
            ("next_task_id", json!(next)),
            ("task", task),
        ];
        Ok(PlannedAction::Edit(Edit {
            sends: body.to_vec(),
            ..Edit::bare(Operation::AddTask(subject.execution.clone()))
        }))
    }

    /// The same id for the same playbook, action, flow and key, so a read tells whether the task exists.
    fn id(&self, subject: &Subject<'_>) -> Result<String, String> {
        let key = match &self.key {
            Some(key) => subject.word(key)?,
            None => String::new(),
        };
        let name = json!([self.origin, subject.execution, key]).to_string();
        Ok(Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string())
    }

    fn neighbours(&self, subject: &Subject<'_>) -> Result<(String, String), String> {
        let tasks = list(subject.data, "tasks");
        let named = |template: &Option<Template>| {
            template
                .as_ref()
                .map(|template| named::one("task", &tasks, &subject.word(template)?))
                .transpose()
        };
        match (named(&self.after)?, named(&self.before)?) {
            (Some(after), Some(before)) => Ok((after, before)),
            (Some(after), None) => {
                let before = along(subject.data, "from_id", "to_id", &after)
                    .ok_or("several tasks or none follow there: say `before` as well")?;
                Ok((after, before))
            }
            (None, Some(before)) => {
                let after = along(subject.data, "to_id", "from_id", &before)
                    .ok_or("several tasks or none stand before it: say `after` as well")?;
                Ok((after, before))
            }
            (None, None) => Err("needs `after` or `before`".to_owned()),
        }
    }
}

fn list<'a>(flow: &'a Value, name: &str) -> Vec<&'a Value> {
    json::get(flow, name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .collect()
}

/// The task at the other end of the only edge that begins or ends at `task`.
fn along(flow: &Value, own: &str, other: &str, task: &str) -> Option<String> {
    let edges = list(flow, "edges");
    let mut ends = edges.iter().filter(|edge| edge[own].as_str() == Some(task));
    match (ends.next(), ends.next()) {
        (Some(edge), None) => edge[other].as_str().map(str::to_owned),
        (Some(_) | None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        target::Execution,
        testing::samples::{changes, flow, over_flows, said},
    };

    fn chain() -> Execution {
        flow(
            "e",
            &json!({
                "phases": [{"id": "p", "name": "Plan"}, {"id": "q", "name": "Build"}],
                "tasks": [
                    {"id": "a", "name": "A", "phase_id": "p"},
                    {"id": "b", "name": "B", "phase_id": "q"},
                    {"id": "c", "name": "C"},
                ],
                "edges": [{"id": "1", "from_id": "a", "to_id": "b"}, {"id": "2", "from_id": "a", "to_id": "c"}],
            }),
        )
    }

    fn add(arguments: &str) -> String {
        format!("actions: [ {{ add_task: {{ name: New, {arguments} }} }} ]")
    }

    /// The ids of the neighbours and of the phase, or why there are none.
    fn placed(arguments: &str) -> String {
        let playbook = over_flows("", &add(arguments));
        match &changes(&playbook, &chain())[..] {
            [change] => {
                let body = change.request.body.as_ref().unwrap();
                let [previous, next, phase] = [
                    &body["previous_task_id"],
                    &body["next_task_id"],
                    &body["task"]["phase_id"],
                ]
                .map(|id| id.as_str().unwrap_or("-"));
                format!("{previous} {next} {phase}")
            }
            _ => said(&playbook, &chain()).join(""),
        }
    }

    #[test]
    fn a_task_stands_between_two_others_of_which_the_edges_may_tell_one() {
        for (arguments, place) in [
            ("after: A, before: B", "a b p"),
            ("before: B", "a b p"),
            ("before: c, phase: Build", "a c q"),
            (
                "after: A",
                "rejected e: several tasks or none follow there: say `before` as well",
            ),
            (
                "before: A",
                "rejected e: several tasks or none stand before it: say `after` as well",
            ),
            ("after: A, before: X", "rejected e: has no task `X`"),
            ("before: B, phase: X", "rejected e: has no phase `X`"),
        ] {
            assert_eq!(placed(arguments), place, "{arguments}");
        }
    }

    #[test]
    fn the_same_action_adds_the_same_task_to_the_same_flow_and_so_only_once() {
        let id = |arguments: &str, execution: &Execution| {
            let change = &changes(&over_flows("", &add(arguments)), execution)[0];
            change.after["task"]["id"].as_str().unwrap().to_owned()
        };
        let first = id("before: B", &chain());
        assert_eq!(first, "7017a88d-dcfa-5e42-afd2-91993d094201");
        assert_eq!(first, id("before: B, assigned_to: [\"7\"]", &chain()));
        assert_ne!(first, id("before: B, key: again", &chain()));
        let other = Execution {
            id: crate::api::Id::new("f").unwrap(),
            ..chain()
        };
        assert_ne!(first, id("before: B", &other));

        let mut with_it = chain();
        let tasks = with_it.data["tasks"].as_array().unwrap();
        let tasks = [tasks.as_slice(), &[json!({"id": first})]].concat();
        with_it.change(&crate::target::TargetPart::Execution, "tasks", json!(tasks));
        assert_eq!(
            said(&over_flows("", &add("before: B")), &with_it),
            ["skipped e: has this task already"]
        );
    }

    #[test]
    fn a_second_task_is_planned_behind_the_first_one() {
        let playbook = over_flows(
            "",
            "actions: [ { add_task: { name: New, before: B } }, { add_task: { name: Next, before: B } } ]",
        );
        let changes = changes(&playbook, &chain());
        assert_eq!(changes.len(), 2);
        assert_eq!(
            changes[1].request.body.as_ref().unwrap()["previous_task_id"],
            changes[0].after["task"]["id"]
        );
    }
}
