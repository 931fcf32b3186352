//! The model: which plan a playbook has over a world, read from the documentation and not from the planner.

use serde_json::{Map, Value, json};

use crate::{
    conditions::{Failed, Scope},
    data::{Api, ENTITIES, Execution, World},
    outcome::{Edit, Outcome, Repeat, Target, Write},
    parts::{self, Level},
    playbooks::{Playbook, Row, Source},
    time::Clock,
};

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

struct Planner<'a> {
    playbook: &'a Playbook,
    clock: Clock,
    now: i64,
    plan: Plan,
}

pub(crate) fn plan(playbook: &Playbook, world: &World, now: i64) -> Plan {
    let mut planner = Planner { playbook, clock: playbook.clock(), now, plan: Plan::default() };
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

/// Whether an id is named: of the part, or of what it belongs to.
fn covers(ids: &[&str], execution: &Value, level: Level, id: &str) -> bool {
    let part = parts::find(execution, level, id);
    let parent = part.and_then(|part| parts::parent(execution, level, part));
    let is_named = |value: &Value| value["id"].as_str().is_some_and(|id| ids.contains(&id));
    is_named(execution) || part.is_some_and(is_named) || parent.is_some_and(is_named)
}

impl<'a> Planner<'a> {
    fn found(&mut self, world: &World) -> Vec<Found<'a>> {
        let playbook = self.playbook;
        let is_whole = playbook.each == Level::Step;
        let of = |execution: &Execution, row| Found {
            id: execution.id,
            listed: execution.listed.clone(),
            data: if is_whole { &execution.whole } else { &execution.listed }.clone(),
            row,
            reasons: execution.reasons.clone(),
        };
        let whole = |execution: &Execution, row| Found {
            listed: execution.whole.clone(),
            data: execution.whole.clone(),
            ..of(execution, row)
        };
        let mut named = |ids: &[&'static str], first: usize, rows: Option<&'a [Row]>| {
            let mut found: Vec<Found<'a>> = Vec::new();
            for (place, id) in ids.iter().enumerate() {
                let number = first + place;
                match world.find(id) {
                    Some(execution) if found.iter().all(|earlier| earlier.id != *id) => {
                        found.push(whole(execution, Some((number, rows.map(|rows| &rows[place])))));
                    }
                    // Unknown, or named before.
                    _ => self.plan.rejected.push(json!({"row": number})),
                }
            }
            found
        };
        match &playbook.source {
            Source::Flows { .. } | Source::List | Source::Search => {
                world.executions.iter().map(|execution| of(execution, None)).collect()
            }
            Source::Ids(ids) => named(ids, 1, None),
            // The first row of a spreadsheet holds the names of the columns.
            Source::Rows(rows) => {
                let ids: Vec<&'static str> = rows.iter().map(|row| row.id).collect();
                named(&ids, 2, Some(rows))
            }
            Source::Entities { is_query } => ENTITIES
                .into_iter()
                .map(|(id, schema)| {
                    let title = if *is_query { format!("Title of {id}") } else { String::new() };
                    let data = json!({"id": id, "schema": schema, "title": title});
                    Found { id, listed: data.clone(), data, row: None, reasons: Value::Null }
                })
                .collect(),
        }
    }

    fn scope<'s>(&'s self, execution: &'s Value, level: Level, id: &str) -> Scope<'s> {
        let part = match level {
            Level::Execution | Level::Entity => None,
            Level::Task | Level::Phase | Level::Step => parts::find(execution, level, id),
        };
        Scope { execution, part: part.map(|part| (level, part)), clock: &self.clock, now: self.now }
    }

    /// The targets of an execution, while the limit lets there be some.
    fn selected(&mut self, found: &Found<'_>, left: &mut usize) -> Vec<String> {
        let playbook = self.playbook;
        let each = playbook.each;
        let root = if each == Level::Entity { Level::Entity } else { Level::Execution };
        let is_meant = |id: &String| {
            !covers(&playbook.exclude, &found.data, each, id)
                && (playbook.only.is_empty() || covers(&playbook.only, &found.data, each, id))
        };
        let meant: Vec<String> = parts::ids(&found.data, each).into_iter().filter(is_meant).collect();
        if playbook.exclude.contains(&found.id) || (!playbook.only.is_empty() && meant.is_empty()) {
            return Vec::new();
        }
        let holds = |filter: &Option<crate::conditions::Condition>, scope: Scope<'_>| {
            filter.as_ref().map_or(Ok(true), |filter| filter.holds(&scope))
        };
        match holds(&playbook.filter, self.scope(&found.listed, root, found.id)) {
            Ok(true) => {}
            Ok(false) => return Vec::new(),
            Err(Failed) => {
                self.reject(found, root, found.id);
                return Vec::new();
            }
        }
        let mut selected = Vec::new();
        for id in meant {
            if *left == 0 {
                break;
            }
            match holds(&playbook.filter_each, self.scope(&found.data, each, &id)) {
                Ok(true) => {
                    *left -= 1;
                    selected.push(id);
                }
                Ok(false) => {}
                Err(Failed) => self.reject(found, each, &id),
            }
        }
        selected
    }

    /// The finer levels first; what they change is seen by the others.
    fn group(&mut self, found: &mut Found<'_>, selected: &[String]) {
        let mut added = 0;
        for level in Level::ALL {
            let is_worked_on = self.playbook.actions.iter().any(|entry| entry.on.contains(&level));
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
                parts::find(execution, each, task).is_some_and(|task| task["phase_id"] == id.as_str())
            }),
            (_, Level::Execution) => !selected.is_empty(),
            (_, _) => false,
        };
        parts::ids(execution, level).into_iter().filter(holds).collect()
    }

    fn target(&mut self, found: &mut Found<'_>, level: Level, id: &str, added: &mut usize) {
        let named = self.target_json(found, level, id);
        let mut working = found.data.clone();
        let mut edits: Vec<(Edit, Vec<String>)> = Vec::new();
        let mut new = *added;
        let is_on = |entry: &&crate::playbooks::Entry| entry.on.contains(&level);
        for entry in self.playbook.actions.iter().filter(is_on) {
            let scope = self.scope(&working, level, id);
            let Some(data) = parts::find(&working, level, id) else {
                break;
            };
            match entry.when.as_ref().map_or(Ok(true), |when| when.holds(&scope)) {
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
                row: found.row.and_then(|(_, row)| row),
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
        edits.retain(|(edit, _)| edit.method != "PATCH" || !edit.writes.is_empty() || !edit.sends.is_empty());
        if edits.is_empty() {
            return self.plan.skipped.push(named);
        }
        found.data = working;
        *added = new;
        let changes = edits.into_iter().map(|(edit, labels)| change(found.id, &named, edit, &labels));
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

/// A line of the plan, without what the documentation says nothing of.
fn change(group: &str, target: &Value, edit: Edit, labels: &[String]) -> Value {
    let mut body = Value::Object(edit.sends);
    let mut undo = json!({});
    let (mut before, mut after) = (Map::new(), Map::new());
    let mut is_final = edit.is_final;
    for write in edit.writes {
        put(&mut body, write.path, write.after.clone());
        match write.undo {
            Some(value) => put(&mut undo, write.path, value),
            None => is_final = true,
        }
        before.insert(write.path.to_owned(), write.before);
        after.insert(write.path.to_owned(), write.after);
    }
    if let Some(status) = edit.becomes {
        before.insert("status".to_owned(), json!("SCHEDULED"));
        after.insert("status".to_owned(), json!(status));
    }
    let request = |body: Value| {
        let mut request = json!({"method": edit.method, "path": edit.path});
        if body != json!({}) {
            request["body"] = body;
        }
        request
    };
    let mut change = json!({
        "group": group, "target": target, "action": labels, "request": request(body), "effects": edit.effects,
        "repeat": match edit.repeat {
            Repeat::Safe => "safe",
            Repeat::Readable => "readable",
            Repeat::Once => "once",
        },
        "undo": if is_final { json!("none") } else { request(undo) },
    });
    if edit.method == "PATCH" || edit.becomes.is_some() {
        change["before"] = Value::Object(before);
        change["after"] = Value::Object(after);
    }
    change
}
