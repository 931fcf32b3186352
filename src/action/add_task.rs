//! `add_task`: a flow gets one more task between two others.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Body, Edit, Nature, Planned, Repeat, Subject, named};
use crate::{
    api::{
        Operation,
        types::{self, Content},
    },
    json,
    template::Template,
};

#[derive(Clone, Debug)]
pub struct AddTask {
    /// Tasks by id, template's id or name; at least one of the two.
    pub after: Option<Template>,
    pub before: Option<Template>,
    /// The phase, in the same way; that of the task before it when it isn't said.
    pub phase: Option<Template>,
    /// Tells apart tasks that the same action adds to the same flow at different times.
    pub key: Option<Template>,
    /// The task's fields, by the names of the API.
    pub fields: Vec<(&'static str, Body)>,
    /// The playbook's name and the action's place in it.
    pub origin: String,
}

const NATURE: Nature = Nature {
    repeat: Repeat::Readable,
    effects: &[],
    irreversible: Some("no operation removes a task"),
};

/// What the ids of tasks that playbooks add are derived in: random, and the same for ever.
const NAMESPACE: Uuid = Uuid::from_u128(0x7a1c_54f0_2b6e_4d0c_9a57_3c1f_8e24_b9d6);

impl AddTask {
    pub(super) fn plan(&self, subject: &Subject<'_>) -> Planned {
        self.edit(subject).unwrap_or_else(Planned::Reject)
    }

    fn edit(&self, subject: &Subject<'_>) -> Result<Planned, String> {
        let id = self.id(subject)?;
        let flow = subject.data;
        if json::item(flow, "tasks", &id).is_some() {
            return Ok(Planned::Nothing("has this task already".to_owned()));
        }
        let (previous, next) = self.neighbours(subject)?;
        let mut task = Map::new();
        for (name, body) in &self.fields {
            let content = types::new_task()
                .field(name)
                .map_or(Content::Text, |field| field.content);
            task.insert((*name).to_owned(), body.value(subject, content, name)?);
        }
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
        Ok(Planned::Edit(Edit {
            expects: BTreeMap::from([("task", body[2].1.clone())]),
            sends: body.to_vec(),
            ..Edit::bare(Operation::AddTask(subject.execution.clone()), NATURE)
        }))
    }

    /// The same for the same playbook, action, flow and key: so a read tells whether the task is there.
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
        fixture::{changes, flow, over_flows, said},
        selection::Execution,
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
        with_it.change(&crate::selection::Part::Execution, "tasks", json!(tasks));
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
