//! The planner's plan as JSON, and what is different in the model's.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::model::Plan;

/// A plan file, as far as the model knows what is in it.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) changes: Vec<Value>,
    skipped: Vec<Value>,
    rejected: Vec<Value>,
    end: Value,
}

impl Planned {
    pub(crate) fn read(file: &str) -> Self {
        let lines = file
            .lines()
            .skip(1)
            .map(|line| serde_json::from_str(line).unwrap());
        let mut planned = Self {
            changes: Vec::new(),
            skipped: Vec::new(),
            rejected: Vec::new(),
            end: Value::Null,
        };
        for line in lines {
            let line: Value = line;
            if line.get("skipped").is_some() {
                planned.skipped.push(line["skipped"]["target"].clone());
            } else if let Some(rejected) = line.get("rejected") {
                let mut rejected = rejected.clone();
                rejected.as_object_mut().unwrap().remove("reason");
                planned.rejected.push(rejected);
            } else if line.get("end").is_some() {
                planned.end = line["end"].clone();
            } else {
                planned.changes.push(line);
            }
        }
        name_new_tasks(&mut planned.changes);
        planned.changes.iter_mut().for_each(strip);
        planned
    }

    /// What the model says otherwise; none when both are the same.
    pub(crate) fn difference(&self, model: &Plan) -> Option<String> {
        let mut said = Vec::new();
        let count = self.changes.len().max(model.changes.len());
        let first = (0..count).find(|&at| self.changes.get(at) != model.changes.get(at));
        if let Some(at) = first {
            said.push(match (self.changes.get(at), model.changes.get(at)) {
                (Some(planner), Some(model)) if planner["target"] == model["target"] => {
                    fields(at, planner, model)
                }
                (planner, model) => both(&format!("change {at}"), &shown(planner), &shown(model)),
            });
        }
        for (kind, planner, model) in [
            ("skipped", &self.skipped, &model.skipped),
            ("rejected", &self.rejected, &model.rejected),
        ] {
            let [planner, model] = [planner, model].map(|all| {
                let mut all: Vec<String> = all.iter().map(Value::to_string).collect();
                all.sort();
                all
            });
            if planner != model {
                let [planner, model] = [planner, model].map(|all| all.join("\n          "));
                said.push(both(kind, &planner, &model));
            }
        }
        let groups: BTreeSet<&str> = model
            .changes
            .iter()
            .map(|change| change["group"].as_str().unwrap())
            .collect();
        let counts = json!({
            "changes": model.changes.len(), "groups": groups.len(), "skipped": model.skipped.len(),
            "rejected": model.rejected.len(), "scanned": model.scanned, "sha256": self.end["sha256"],
        });
        // What matched nothing changes no plan, and the model does not tell it.
        let mut end = self.end.clone();
        end.as_object_mut().unwrap().remove("notes");
        if said.is_empty() && counts != end {
            said.push(both("the last line", &end.to_string(), &counts.to_string()));
        }
        (!said.is_empty()).then(|| said.join("\n"))
    }
}

fn both(what: &str, planner: &str, model: &str) -> String {
    format!("{what}:\n  planner {planner}\n  model   {model}")
}

/// The fields of a change in which two plans differ.
fn fields(at: usize, planner: &Value, model: &Value) -> String {
    let names: BTreeSet<&String> = [planner, model]
        .iter()
        .filter_map(|change| change.as_object())
        .flat_map(|fields| fields.keys())
        .collect();
    let differ = names
        .into_iter()
        .filter(|name| planner.get(*name) != model.get(*name));
    let lines = differ.map(|name| {
        both(
            &format!("change {at}, {name}"),
            &shown(planner.get(name)),
            &shown(model.get(name)),
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn shown(change: Option<&Value>) -> String {
    change.map_or("nothing".to_owned(), Value::to_string)
}

/// In the order of their text, since no order is promised.
pub(crate) fn in_any_order(mut effects: Vec<Value>) -> Vec<Value> {
    effects.sort_by_key(Value::to_string);
    effects
}

/// Leaves what the documentation describes: not the change's own id, what it requires, and why there is no way back.
fn strip(change: &mut Value) {
    let fields = change.as_object_mut().unwrap();
    fields.remove("change");
    fields.remove("requires");
    if let Some(Value::Array(effects)) = fields.remove("effects") {
        fields.insert("effects".to_owned(), json!(in_any_order(effects)));
    }
    let undo = fields.remove("undo").unwrap();
    let is_final = undo["none"].as_str().is_some_and(|why| !why.is_empty());
    let undo = if is_final {
        json!("none")
    } else {
        undo["request"].clone()
    };
    fields.insert("undo".to_owned(), undo);
    // Fields that only a PATCH writes, and statuses that the service gives.
    let is_status = fields["after"].get("status").is_some();
    if fields["request"]["method"] != "PATCH" && !is_status {
        fields.remove("before");
        fields.remove("after");
    }
}

/// The id of a task that a plan adds can't be foreseen, but for being a UUID: the first of an execution is `new-0`.
fn name_new_tasks(changes: &mut [Value]) {
    let mut named: Vec<(Value, String)> = Vec::new();
    for change in changes {
        let task = change["request"]["body"]["task"]["id"]
            .as_str()
            .map(str::to_owned);
        if let Some(id) = task {
            assert!(uuid::Uuid::parse_str(&id).is_ok(), "{id} is no UUID");
            assert!(
                named.iter().all(|(_, known)| *known != id),
                "{id} is not new"
            );
            named.push((change["group"].clone(), id));
        }
        let group = change["group"].clone();
        let mut text = change.to_string();
        let own = named.iter().filter(|(of, _)| *of == group);
        for (number, (_, id)) in own.enumerate() {
            text = text.replace(id, &format!("new-{number}"));
        }
        *change = serde_json::from_str(&text).unwrap();
    }
}
