//! What is added and started.

use serde_json::{Value, json};

use super::{MAY_FIRE, Outcome, Planned, Reject, Repeat, Target};
use crate::{
    data::Api,
    parts::{self, Level},
};

impl Target<'_> {
    pub(super) fn add_step(&self, index: i64, section: Option<&str>) -> Planned {
        let name = self.text("name").unwrap();
        let mut edit = self.request("POST", "/steps", Repeat::Once, &[]);
        edit.sends
            .insert("name".to_owned(), json!(format!("Call {name}")));
        edit.sends.insert("insertionIndex".to_owned(), json!(index));
        if let Some(section) = section {
            let flow = self.data["flow"].as_array().unwrap();
            let sections: Vec<&Value> = flow
                .iter()
                .filter(|item| item["type"] == "SECTION")
                .collect();
            edit.sends
                .insert("sectionId".to_owned(), json!(called(&sections, section)?));
        }
        Ok(Outcome::Edit(edit))
    }

    pub(super) fn add_task(
        &self,
        after: Option<&str>,
        before: Option<&str>,
        phase: Option<&str>,
    ) -> Planned {
        let list = |name: &str| {
            self.data[name]
                .as_array()
                .unwrap()
                .iter()
                .collect::<Vec<_>>()
        };
        let tasks = list("tasks");
        let along = |own: &str, other: &str, task: &str| {
            let edges: Vec<&Value> = list("edges")
                .into_iter()
                .filter(|edge| edge[own] == task)
                .collect();
            match edges.as_slice() {
                [edge] => Ok(edge[other].as_str().unwrap().to_owned()),
                _ => Err(Reject),
            }
        };
        let after = after.map(|name| called(&tasks, name)).transpose()?;
        let before = before.map(|name| called(&tasks, name)).transpose()?;
        let (previous, next) = match (after, before) {
            (Some(after), Some(before)) => (after, before),
            (Some(after), None) => {
                let before = along("from_id", "to_id", &after)?;
                (after, before)
            }
            (None, Some(before)) => (along("to_id", "from_id", &before)?, before),
            (None, None) => return Err(Reject),
        };
        let mut task =
            json!({"id": format!("new-{}", self.added), "name": "Ask back", "assigned_to": ["2"]});
        let phase = match phase {
            Some(phase) => Some(json!(called(&list("phases"), phase)?)),
            None => parts::find(self.data, Level::Task, &previous)
                .and_then(|task| task.get("phase_id").cloned()),
        };
        if let Some(phase) = phase.filter(|phase| !phase.is_null()) {
            task["phase_id"] = phase;
        }
        let mut edit = self.request("POST", "/tasks", Repeat::Readable, &[]);
        for (name, value) in [
            ("previous_task_id", json!(previous)),
            ("next_task_id", json!(next)),
            ("task", task),
        ] {
            edit.sends.insert(name.to_owned(), value);
        }
        Ok(Outcome::Edit(edit))
    }

    pub(super) fn start(&self, contexts: bool, assigned_to: bool) -> Outcome {
        let schema = &self.data["schema"];
        let title = &self.data["title"];
        let mut edit = self.request("POST", "", Repeat::Once, &[MAY_FIRE]);
        let mut body = match self.api {
            Api::V1 => {
                "/v1/workflows/executions".clone_into(&mut edit.path);
                json!({"workflowId": "tpl", "trigger": "MANUAL", "contexts": [{"id": self.id, "schema": schema, "title": title}]})
            }
            Api::V2 => {
                "/v2/flows/executions".clone_into(&mut edit.path);
                json!({"flow_template_id": "tpl", "trigger": {"type": "MANUAL"},
                    "contexts": [{"entity_id": self.id, "entity_schema": schema, "is_primary": true}]})
            }
        };
        if contexts {
            body["contexts"]
                .as_array_mut()
                .unwrap()
                .push(match self.api {
                    Api::V1 => json!({"id": "c9", "schema": "contact", "title": ""}),
                    Api::V2 => {
                        json!({"entity_id": "c9", "entity_schema": "contact", "is_primary": false})
                    }
                });
        }
        if assigned_to {
            body["assignedTo"] = json!(["2"]);
        }
        if let Value::Object(body) = body {
            edit.sends = body;
        }
        Outcome::Edit(edit)
    }
}

/// The id of the one item of a list that is called so: by its id, its template's id or its name.
fn called(items: &[&Value], name: &str) -> Result<String, Reject> {
    for key in ["id", "template_id", "definitionId", "name"] {
        let found: Vec<&&Value> = items.iter().filter(|item| item[key] == name).collect();
        match found.as_slice() {
            [] => {}
            [one] => return Ok(one["id"].as_str().unwrap().to_owned()),
            _ => return Err(Reject),
        }
    }
    Err(Reject)
}
