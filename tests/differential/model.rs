//! The model: which plan a playbook has over a world, read from the documentation and not from the planner.

mod line;
mod selection;

use serde_json::{Value, json};

use crate::{
    conditions::{Failed, Scope},
    data::{Api, World},
    forecast::Caused,
    outcome::{Edit, Outcome, Target, Write},
    parts::{self, Level},
    playbooks::{Entry, Playbook, Row},
    time::Clock,
};
use line::change;

/// A plan, as far as the documentation says what is in it.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// In order.
    pub(crate) changes: Vec<Value>,
    /// In any order.
    pub(crate) skipped: Vec<Value>,
    pub(crate) rejected: Vec<Value>,
    /// How many executions were looked at.
    pub(crate) scanned: usize,
}

/// An execution that the source found, or an entity.
struct Found<'a> {
    id: &'static str,
    /// What `where` looks at.
    listed: Value,
    /// What actions look at.
    data: Value,
    row: Option<(usize, Option<&'a Row>)>,
    reasons: Value,
}

impl<'a> Found<'a> {
    fn cells(&self) -> Option<&'a Row> {
        self.row.and_then(|(_, row)| row)
    }
}

struct Planner<'a> {
    playbook: &'a Playbook,
    clock: Clock,
    now: i64,
    plan: Plan,
}

pub(crate) fn plan(playbook: &Playbook, world: &World, now: i64) -> Plan {
    let mut planner = Planner {
        playbook,
        clock: playbook.clock(),
        now,
        plan: Plan::default(),
    };
    let mut found = planner.found(world);
    found.sort_by_key(|found| found.id);
    planner.plan.scanned = found.len();
    let mut left = playbook.limit.unwrap_or(usize::MAX);
    for mut found in found {
        if left == 0 {
            break;
        }
        let selected = planner.selected(&found, &mut left);
        planner.group(&mut found, &selected);
    }
    planner.plan
}

impl Planner<'_> {
    fn scope<'s>(
        &'s self,
        execution: &'s Value,
        row: Option<&'s Row>,
        level: Level,
        id: &str,
    ) -> Scope<'s> {
        let part = match level {
            Level::Execution | Level::Entity => None,
            Level::Task | Level::Phase | Level::Step => parts::find(execution, level, id),
        };
        Scope {
            execution,
            part: part.map(|part| (level, part)),
            clock: &self.clock,
            now: self.now,
            row,
        }
    }

    /// The finer levels first; what they change is seen by the others.
    fn group(&mut self, found: &mut Found<'_>, selected: &[String]) {
        let mut added = 0;
        for level in Level::ALL {
            let is_worked_on = self
                .playbook
                .actions
                .iter()
                .any(|entry| entry.on.contains(&level));
            if !is_worked_on {
                continue;
            }
            for id in self.holding(&found.data, level, selected) {
                self.target(found, level, &id, &mut added);
            }
        }
    }

    /// The parts of a level that are or hold a selected target.
    fn holding(&self, execution: &Value, level: Level, selected: &[String]) -> Vec<String> {
        let each = self.playbook.each;
        let holds = |id: &String| match (each, level) {
            (each, level) if each == level => selected.contains(id),
            (Level::Task, Level::Phase) => selected.iter().any(|task| {
                parts::find(execution, each, task)
                    .is_some_and(|task| task["phase_id"] == id.as_str())
            }),
            (_, Level::Execution) => !selected.is_empty(),
            (_, _) => false,
        };
        parts::ids(execution, level)
            .into_iter()
            .filter(holds)
            .collect()
    }

    fn target(&mut self, found: &mut Found<'_>, level: Level, id: &str, added: &mut usize) {
        let named = self.target_json(found, level, id);
        let mut working = found.data.clone();
        let mut edits: Vec<(Edit, Vec<String>)> = Vec::new();
        let mut new = *added;
        let is_on = |entry: &&Entry| entry.on.contains(&level);
        for entry in self.playbook.actions.iter().filter(is_on) {
            let scope = self.scope(&working, found.cells(), level, id);
            let Some(data) = parts::find(&working, level, id) else {
                break;
            };
            match entry
                .when
                .as_ref()
                .map_or(Ok(true), |when| when.holds(&scope))
            {
                Ok(true) => {}
                Ok(false) => continue,
                Err(Failed) => return self.reject(found, level, id),
            }
            let outcome = entry.action.outcome(&Target {
                api: self.playbook.api,
                level,
                execution: found.id,
                id,
                data,
                scope,
                reasons: &found.reasons,
                added: new,
            });
            let edit = match outcome {
                Outcome::Rejected => return self.reject(found, level, id),
                Outcome::Nothing => continue,
                Outcome::Edit(edit) => edit,
            };
            apply(&edit, &mut working, level, id);
            new += usize::from(edit.sends.contains_key("task"));
            let removes = edit.removes;
            let labels = vec![entry.label()];
            match edits.last_mut() {
                Some((last, labels_of_last)) if is_one(last, &edit) => {
                    last.join(edit);
                    labels_of_last.extend(labels);
                }
                _ => edits.push((edit, labels)),
            }
            if removes {
                break;
            }
        }
        for (edit, _) in &mut edits {
            edit.writes.retain(Write::is_change);
        }
        edits.retain(|(edit, _)| {
            edit.method != "PATCH" || !edit.writes.is_empty() || !edit.sends.is_empty()
        });
        if edits.is_empty() {
            return self.plan.skipped.push(named);
        }
        let edits: Vec<(Edit, Vec<String>, Vec<Value>)> = edits
            .into_iter()
            .map(|(edit, labels)| {
                let caused = Caused {
                    api: self.playbook.api,
                    level,
                    id,
                    edit: &edit,
                    before: &found.data,
                    after: &working,
                };
                let caused = caused.effects();
                (edit, labels, caused)
            })
            .collect();
        found.data = working;
        *added = new;
        let changes = edits
            .into_iter()
            .map(|(edit, labels, caused)| change(found.id, &named, edit, &labels, &caused));
        self.plan.changes.extend(changes);
    }

    fn reject(&mut self, found: &Found<'_>, level: Level, id: &str) {
        let mut rejection = json!({"target": self.target_json(found, level, id)});
        if let Some((number, _)) = found.row {
            rejection["row"] = json!(number);
        }
        self.plan.rejected.push(rejection);
    }

    fn target_json(&self, found: &Found<'_>, level: Level, id: &str) -> Value {
        let data = parts::find(&found.data, level, id).unwrap();
        let api = match self.playbook.api {
            Api::V1 => "v1",
            Api::V2 => "v2",
        };
        let mut target = json!({"kind": level.word(), "api": api, "name": data["name"]});
        let around = parts::names_around(&found.data, level, id);
        if !around.is_empty() {
            target["within"] = json!(around);
        }
        match level {
            Level::Entity => {
                target["entity"] = json!(id);
                target["name"] = data["title"].clone();
            }
            Level::Execution => target["execution"] = json!(id),
            Level::Task | Level::Phase | Level::Step => {
                target["execution"] = json!(found.id);
                target["id"] = json!(id);
            }
        }
        target
    }
}

/// Neighbouring patches of one object are one request. But each status on the way is one of its own, and moves only
/// while its task is enabled.
fn is_one(last: &Edit, next: &Edit) -> bool {
    let in_turn = |one: &Edit, other: &Edit| {
        one.writes("status") && (other.writes("status") || other.writes("enabled"))
    };
    let are_patches = last.method == "PATCH" && next.method == "PATCH";
    are_patches && !in_turn(last, next) && !in_turn(next, last)
}

/// Puts a value at a dotted path.
pub(crate) fn put(object: &mut Value, path: &str, value: Value) {
    match path.split_once('.') {
        None => object[path] = value,
        Some((outer, inner)) => {
            if !object[outer].is_object() {
                object[outer] = json!({});
            }
            put(&mut object[outer], inner, value);
        }
    }
}

/// What the actions behind it see.
fn apply(edit: &Edit, execution: &mut Value, level: Level, id: &str) {
    if level == Level::Step && edit.removes {
        return parts::remove(execution, level, id);
    }
    let target = parts::find_mut(execution, level, id).unwrap();
    for write in &edit.writes {
        put(target, write.path, write.after.clone());
    }
    if let Some(status) = edit.becomes {
        target["status"] = json!(status);
    }
    if let Some(task) = edit.sends.get("task") {
        let (previous, next) = (&edit.sends["previous_task_id"], &edit.sends["next_task_id"]);
        let edges = target["edges"].as_array_mut().unwrap();
        for edge in edges.iter_mut() {
            if edge["from_id"] == *previous && edge["to_id"] == *next {
                edge["to_id"] = task["id"].clone();
            }
        }
        edges.push(json!({"from_id": task["id"], "to_id": next}));
        target["tasks"].as_array_mut().unwrap().push(task.clone());
    }
}
