//! What an action makes of a target: the documentation's sections on the actions, one function each.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{
    arguments::{Action, Date, Who, distance},
    conditions::Scope,
    data::Api,
    parts::{self, Level},
    playbooks::Row,
    time::{Distance, Stamp},
};

/// How a change may be sent again; of two that become one the stricter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Repeat {
    Safe,
    Readable,
    Once,
}

/// One field of a target. The path is dotted.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) path: &'static str,
    pub(crate) before: Value,
    pub(crate) after: Value,
    /// None where no request brings back what was there.
    pub(crate) undo: Option<Value>,
    /// Whether it is sent although it is so already: the reason of a closing.
    pub(crate) goes_along: bool,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Edit {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) writes: Vec<Write>,
    /// What the body holds beside the fields.
    pub(crate) sends: Map<String, Value>,
    /// The status that the service gives by itself.
    pub(crate) becomes: Option<&'static str>,
    pub(crate) repeat: Repeat,
    pub(crate) effects: BTreeSet<&'static str>,
    pub(crate) is_final: bool,
    pub(crate) removes: bool,
}

pub(crate) enum Outcome {
    Edit(Edit),
    Nothing,
    Rejected,
}

/// A target, as the actions before have left it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) api: Api,
    pub(crate) level: Level,
    pub(crate) execution: &'a str,
    pub(crate) id: &'a str,
    pub(crate) data: &'a Value,
    pub(crate) scope: Scope<'a>,
    pub(crate) row: Option<&'a Row>,
    /// The closing reasons that are configured.
    pub(crate) reasons: &'a Value,
    /// How many tasks the plan has added to this flow.
    pub(crate) added: usize,
}

/// Why there is no outcome.
struct Reject;

type Planned = Result<Outcome, Reject>;

const FIRES: &str = "automation_fires";
const MAY_FIRE: &str = "automations_may_fire";
const ADVANCES: &str = "flow_advances";

impl Action {
    pub(crate) fn outcome(&self, target: &Target<'_>) -> Outcome {
        let planned = match self {
            Self::Replace { .. } | Self::Assign(_) | Self::Change { .. } => target.reassign(self),
            Self::Shift(_, by) => target.shift(*by),
            Self::ShiftByCell => target.shift_by_cell(),
            Self::SetDate(date) => target.set_date(date),
            Self::SetRule(rule) => target.set_rule(rule),
            Self::MoveOffHolidays { direction } => target.move_off_holidays(*direction),
            Self::Close { reasons, description } => target.close(reasons, *description),
            Self::Complete => target.end_or_go_on(&["STARTED"], "DONE"),
            Self::Reopen => target.end_or_go_on(&["DONE", "CLOSED"], "STARTED"),
            Self::SetStatus { to, revert, branch } => target.set_status(to, *revert, *branch),
            Self::RunScheduleNow => {
                let path = "/schedule/run-now";
                target.of_schedule("POST", path, "IN_PROGRESS", FIRES)
            }
            Self::CancelSchedule => target.of_schedule("DELETE", "/schedule", "SKIPPED", ADVANCES),
            Self::RunAutomation => target.run_automation(),
            Self::Execute => target.execute(),
            Self::Reconcile => target.reconcile(),
            Self::AddStep { index, section } => target.add_step(*index, *section),
            Self::DeleteStep => Ok(Outcome::Edit(Edit {
                removes: true,
                ..target.request("DELETE", "", Repeat::Readable, &[])
            })),
            Self::AddTask { after, before, phase } => target.add_task(*after, *before, *phase),
            Self::Start { contexts, assigned_to } => Ok(target.start(*contexts, *assigned_to)),
            Self::Delete { soft } => Ok(Outcome::Edit(Edit {
                removes: true,
                ..target.request("DELETE", if *soft { "?soft=true" } else { "" }, Repeat::Readable, &[])
            })),
            Self::Patch(fields) => target.patch(fields),
        };
        planned.unwrap_or(Outcome::Rejected)
    }
}

impl<'a> Target<'a> {
    /// A field; what is null is not there.
    fn get(&self, path: &str) -> Option<&'a Value> {
        let found = path.split('.').try_fold(self.data, |value, name| value.get(name));
        found.filter(|value| !value.is_null())
    }

    fn text(&self, path: &str) -> Option<&'a str> {
        self.get(path)?.as_str()
    }

    /// The path that requests on the target itself have.
    fn path(&self) -> String {
        let execution = match self.api {
            Api::V1 => format!("/v1/workflows/executions/{}", self.execution),
            Api::V2 => format!("/v2/flows/executions/{}", self.execution),
        };
        match self.level {
            Level::Execution | Level::Entity => execution,
            Level::Task => format!("{execution}/tasks/{}", self.id),
            Level::Phase => format!("{execution}/phases/{}", self.id),
            Level::Step => format!("{execution}/steps/{}", self.id),
        }
    }

    /// A request that nothing takes back.
    fn request(&self, method: &'static str, below: &str, repeat: Repeat, effects: &[&'static str]) -> Edit {
        Edit {
            method,
            path: format!("{}{below}", self.path()),
            writes: Vec::new(),
            sends: Map::new(),
            becomes: None,
            repeat,
            effects: effects.iter().copied().collect(),
            is_final: true,
            removes: false,
        }
    }

    fn patches(&self, writes: Vec<Write>) -> Edit {
        Edit {
            writes,
            is_final: false,
            ..self.request("PATCH", "", Repeat::Safe, &[])
        }
    }

    /// A field that is as it was before when it is written back; one that was not there is not emptied by any request,
    /// but for a list.
    fn write(&self, path: &'static str, after: Value) -> Write {
        let before = self.get(path).cloned().unwrap_or_default();
        let undo = match (&before, &after) {
            (Value::Null, Value::Array(_)) => Some(json!([])),
            (Value::Null, _) => None,
            // A part that gets its first value.
            (Value::Object(before), Value::Object(after)) if after.keys().any(|name| !before.contains_key(name)) => None,
            (before, _) => Some(before.clone()),
        };
        Write { path, before, after, undo, goes_along: false }
    }

    fn with_status(&self, edit: Edit, effects: &[&'static str]) -> Outcome {
        Outcome::Edit(Edit {
            repeat: Repeat::Readable,
            effects: effects.iter().copied().collect(),
            ..edit
        })
    }

    // Values

    fn names(&self, who: Who) -> Result<Vec<String>, Reject> {
        let cell = || self.row.map(|row| row.to).ok_or(Reject);
        let names: Vec<String> = match who {
            Who::Id(id) => vec![id.to_owned()],
            Who::Leaver => vec!["1".to_owned()],
            Who::Successor => vec!["2".to_owned()],
            Who::OfExecution => self.scope.assignees("execution"),
            Who::Cell => vec![cell()?.to_owned()],
            // An empty cell is an empty list.
            Who::Cells => cell()?.split(',').filter(|_| !cell().is_ok_and(str::is_empty)).map(str::to_owned).collect(),
        };
        let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
        let is_id = |name: &String| {
            let of_an_id = |c: char| c.is_ascii_alphanumeric() || "._~:-".contains(c);
            !name.is_empty() && name.chars().all(of_an_id)
        };
        if names.iter().all(is_id) { Ok(names) } else { Err(Reject) }
    }

    fn all_names(&self, who: &[Who]) -> Result<Vec<String>, Reject> {
        let names: Result<Vec<_>, _> = who.iter().map(|who| self.names(*who)).collect();
        Ok(names?.concat())
    }

    fn name(&self, who: Who) -> Result<String, Reject> {
        let [name] = self.names(who)?.try_into().map_err(|_| Reject)?;
        Ok(name)
    }

    // Assignees

    fn reassign(&self, action: &Action) -> Planned {
        let path = match self.api {
            Api::V1 => "assignedTo",
            Api::V2 => "assigned_to",
        };
        let list = |path: &str| self.get(path).and_then(Value::as_array).cloned().unwrap_or_default();
        // Numbers of the deprecated field name people as well.
        let (named, numbered) = (list(path), list("userIds"));
        let id = |entry: &Value| match entry {
            Value::String(id) => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        };
        let assigned: Vec<String> = named.iter().chain(&numbered).filter_map(id).collect();
        let (stays, new): (Box<dyn Fn(&String) -> Option<String>>, Vec<String>) = match action {
            Action::Replace { from, to } => {
                let (from, to) = (self.name(*from)?, self.name(*to)?);
                if !assigned.contains(&from) {
                    return Ok(Outcome::Nothing);
                }
                let new = vec![to.clone()];
                (Box::new(move |id| Some(if *id == from { &to } else { id }.clone())), new)
            }
            Action::Assign(who) => {
                let names = self.all_names(who)?;
                // Nobody is meant only where nobody is written.
                if names.is_empty() && !who.is_empty() {
                    return Err(Reject);
                }
                let new = names.clone();
                (Box::new(move |id| names.contains(id).then(|| id.clone())), new)
            }
            Action::Change { add, remove } => {
                let (add, remove) = (self.all_names(add)?, self.all_names(remove)?);
                let new = add.clone();
                (Box::new(move |id| (add.contains(id) || !remove.contains(id)).then(|| id.clone())), new)
            }
            other => panic!("{other:?} assigns nobody"),
        };
        let once = |entries: Vec<Value>| {
            let mut once = Vec::new();
            for entry in entries {
                if !once.contains(&entry) {
                    once.push(entry);
                }
            }
            once
        };
        let kept = |entry: &Value| match (entry, id(entry)) {
            (Value::Number(_), Some(id)) => stays(&id).map(|id| json!(id.parse::<u64>().unwrap())),
            (_, Some(id)) => stays(&id).map(Value::String),
            // A variable.
            (entry, None) => Some(entry.clone()),
        };
        let mut named_after: Vec<Value> = named.iter().filter_map(kept).collect();
        named_after.extend(new.into_iter().map(Value::String));
        let (named_after, numbered_after) = (once(named_after), once(numbered.iter().filter_map(kept).collect()));
        // The order and repetitions mean nothing, nor does the field in which somebody is named.
        let everybody = |named: &[Value], numbered: &[Value]| -> BTreeSet<String> {
            let all = named.iter().chain(numbered);
            all.map(|entry| id(entry).unwrap_or_else(|| entry.to_string())).collect()
        };
        if everybody(&named_after, &numbered_after) == everybody(&named, &numbered) {
            return Ok(Outcome::Nothing);
        }
        let mut writes = vec![self.write(path, json!(named_after)), self.write("userIds", json!(numbered_after))];
        writes.retain(Write::is_change);
        Ok(Outcome::Edit(self.patches(writes)))
    }

    // Due dates

    const fn due(&self) -> &'static str {
        match self.api {
            Api::V1 => "dueDate",
            Api::V2 => "due_date",
        }
    }

    /// The due date becomes what `change` makes of it.
    fn changed_due(&self, change: impl FnOnce(Stamp) -> Option<Stamp>) -> Planned {
        let Some(due) = self.text(self.due()) else {
            return Ok(Outcome::Nothing);
        };
        let after = Stamp::parse(due).and_then(change).ok_or(Reject)?;
        Ok(self.set(self.due(), json!(after.text())))
    }

    fn set(&self, path: &'static str, after: Value) -> Outcome {
        if self.get(path) == Some(&after) {
            return Outcome::Nothing;
        }
        Outcome::Edit(self.patches(vec![self.write(path, after)]))
    }

    fn shift(&self, by: Distance) -> Planned {
        self.changed_due(|due| self.scope.clock.shift(due, by))
    }

    fn shift_by_cell(&self) -> Planned {
        if self.text(self.due()).is_none() {
            return Ok(Outcome::Nothing);
        }
        let by = self.row.and_then(|row| distance(row.by)).ok_or(Reject)?;
        self.shift(by)
    }

    fn move_off_holidays(&self, direction: i64) -> Planned {
        self.changed_due(|due| Some(self.scope.clock.off_holidays(due, direction)))
    }

    fn set_date(&self, date: &Date) -> Planned {
        let clock = self.scope.clock;
        let stored = |text: &str| {
            let stamp = Stamp::parse(text).ok_or(Reject)?;
            let is_so = self.text(self.due()) == Some(text);
            Ok(if stamp.is_bare_day() && !is_so { format!("{text}T00:00:00.000") } else { text.to_owned() })
        };
        let after = match date {
            Date::Literal(text) => stored(text)?,
            Date::Cell => stored(self.row.ok_or(Reject)?.due)?,
            Date::Day(day) => format!("{day}T00:00:00.000"),
            Date::InDays(days) => {
                let at = clock.days_after(self.scope.now, *days);
                let had = self.text(self.due()).and_then(Stamp::parse);
                match had.filter(|had| had.is_floating()) {
                    Some(had) => had.with_time(clock.wall(at)).text(),
                    None => Stamp::utc(at).text(),
                }
            }
        };
        Ok(self.set(self.due(), json!(after)))
    }

    fn set_rule(&self, rule: &Value) -> Planned {
        let path = match self.api {
            Api::V1 => "dynamicDueDate",
            Api::V2 => "due_date_config",
        };
        // The date goes before a rule, and no request takes it away.
        match self.text(self.due()) {
            Some(_) => Err(Reject),
            None => Ok(self.set(path, rule.clone())),
        }
    }

    // Statuses

    fn close(&self, wanted: &[&str], description: Option<&str>) -> Planned {
        if self.text("status") != Some("STARTED") {
            return Ok(Outcome::Nothing);
        }
        let [selected, described] = match self.api {
            Api::V1 => ["selectedClosingReasons", "closingReasonDescription"],
            Api::V2 => ["closing_reason.selected_reasons", "closing_reason.extra_description"],
        };
        let configured: Vec<&Value> = match self.api {
            Api::V1 => self.reasons.as_array().into_iter().flatten().collect(),
            Api::V2 => {
                let reasons = self.get("closing_reason.configured_reasons").and_then(Value::as_array);
                reasons.into_iter().flatten().collect()
            }
        };
        let of = |wish: &&str| {
            configured.iter().find(|reason| reason["title"] == **wish || reason["id"] == **wish)
        };
        let reason = wanted.iter().find_map(of).ok_or(Reject)?;
        let mut writes = vec![self.write("status", json!("CLOSED")), self.write(selected, json!([reason]))];
        if let Some(description) = description {
            writes.push(self.write(described, json!(description)));
        }
        for write in &mut writes[1..] {
            write.goes_along = true;
        }
        Ok(self.with_status(self.patches(writes), &[MAY_FIRE]))
    }

    fn end_or_go_on(&self, from: &[&str], to: &str) -> Planned {
        Ok(match self.text("status") {
            Some(status) if from.contains(&status) => {
                self.with_status(self.patches(vec![self.write("status", json!(to))]), &[MAY_FIRE])
            }
            _ => Outcome::Nothing,
        })
    }

    fn set_status(&self, to: &str, revert: bool, branch: Option<&str>) -> Planned {
        let now = match self.text("status") {
            // Two words of former times.
            Some("UNASSIGNED" | "ASSIGNED") => Some("PENDING"),
            now => now,
        };
        if now == Some(to) {
            return Ok(Outcome::Nothing);
        }
        let mut edit = self.patches(vec![self.write("status", json!(to))]);
        let effects: &[&str] = match to {
            "COMPLETED" | "SKIPPED" => &[MAY_FIRE, ADVANCES],
            _ => &[],
        };
        if self.api == Api::V1 {
            return Ok(self.with_status(edit, effects));
        }
        if self.data["enabled"] == false {
            return Err(Reject);
        }
        // A task's status is taken back by no request.
        edit.is_final = true;
        match (now, to) {
            (Some("PENDING"), "IN_PROGRESS" | "SKIPPED") | (Some("IN_PROGRESS"), "COMPLETED" | "SKIPPED") => {}
            (Some("COMPLETED" | "SKIPPED"), "PENDING") if revert => {
                edit.sends.insert("revert_execution".to_owned(), json!(true));
                edit.repeat = Repeat::Once;
                edit.effects.insert("later_tasks_reset");
                return Ok(Outcome::Edit(edit));
            }
            _ => return Err(Reject),
        }
        if to == "COMPLETED" && self.data["task_type"] == "DECISION" {
            let conditions = self.data["conditions"].as_array().unwrap();
            let is_wanted = |condition: &&Value| {
                Some(&condition["id"]) == branch.map(Value::from).as_ref()
                    || Some(&condition["branch_name"]) == branch.map(Value::from).as_ref()
            };
            match (branch, conditions.iter().find(is_wanted)) {
                (Some(_), Some(condition)) => {
                    edit.sends.insert("next_condition_id".to_owned(), condition["id"].clone());
                }
                (Some(_), None) => return Err(Reject),
                (None, _) if self.data["trigger_mode"] == "manual" => return Err(Reject),
                (None, _) => {}
            }
        }
        Ok(self.with_status(edit, effects))
    }

    // Automations

    fn of_schedule(&self, method: &'static str, below: &str, becomes: &'static str, effect: &'static str) -> Planned {
        Ok(match self.text("status") {
            Some("SCHEDULED") => Outcome::Edit(Edit {
                becomes: Some(becomes),
                ..self.request(method, below, Repeat::Readable, &[effect])
            }),
            _ => Outcome::Nothing,
        })
    }

    fn run_automation(&self) -> Planned {
        Ok(match self.get("automation_config") {
            Some(_) => Outcome::Edit(self.request("POST", "/automation:run", Repeat::Once, &[FIRES])),
            None => Outcome::Nothing,
        })
    }

    fn execute(&self) -> Planned {
        Ok(match self.text("status") {
            Some("COMPLETED" | "SKIPPED") => Outcome::Nothing,
            _ => Outcome::Edit(self.request("POST", "/execute", Repeat::Once, &[MAY_FIRE, ADVANCES])),
        })
    }

    fn reconcile(&self) -> Planned {
        Ok(match (self.get("automation_config"), self.text("status")) {
            (None, _) | (_, Some("COMPLETED" | "SKIPPED" | "FAILED" | "SCHEDULED")) => Outcome::Nothing,
            _ => Outcome::Edit(self.request("POST", "/reconcile-automation", Repeat::Safe, &[ADVANCES])),
        })
    }

    // What is added and started

    /// The id of the one item of a list that is called so: by its id, its template's id or its name.
    fn called(&self, items: &[&Value], name: &str) -> Result<String, Reject> {
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

    fn add_step(&self, index: i64, section: Option<&str>) -> Planned {
        let name = self.text("name").unwrap();
        let mut edit = self.request("POST", "/steps", Repeat::Once, &[]);
        edit.sends.insert("name".to_owned(), json!(format!("Call {name}")));
        edit.sends.insert("insertionIndex".to_owned(), json!(index));
        if let Some(section) = section {
            let flow = self.data["flow"].as_array().unwrap();
            let sections: Vec<&Value> = flow.iter().filter(|item| item["type"] == "SECTION").collect();
            edit.sends.insert("sectionId".to_owned(), json!(self.called(&sections, section)?));
        }
        Ok(Outcome::Edit(edit))
    }

    fn add_task(&self, after: Option<&str>, before: Option<&str>, phase: Option<&str>) -> Planned {
        let list = |name: &str| self.data[name].as_array().unwrap().iter().collect::<Vec<_>>();
        let tasks = list("tasks");
        let along = |own: &str, other: &str, task: &str| {
            let edges: Vec<&Value> = list("edges").into_iter().filter(|edge| edge[own] == task).collect();
            match edges.as_slice() {
                [edge] => Ok(edge[other].as_str().unwrap().to_owned()),
                _ => Err(Reject),
            }
        };
        let after = after.map(|name| self.called(&tasks, name)).transpose()?;
        let before = before.map(|name| self.called(&tasks, name)).transpose()?;
        let (previous, next) = match (after, before) {
            (Some(after), Some(before)) => (after, before),
            (Some(after), None) => {
                let before = along("from_id", "to_id", &after)?;
                (after, before)
            }
            (None, Some(before)) => (along("to_id", "from_id", &before)?, before),
            (None, None) => return Err(Reject),
        };
        let mut task = json!({"id": format!("new-{}", self.added), "name": "Ask back", "assigned_to": ["2"]});
        let phase = match phase {
            Some(phase) => Some(json!(self.called(&list("phases"), phase)?)),
            None => parts::find(self.data, Level::Task, &previous).and_then(|task| task.get("phase_id").cloned()),
        };
        if let Some(phase) = phase.filter(|phase| !phase.is_null()) {
            task["phase_id"] = phase;
        }
        let mut edit = self.request("POST", "/tasks", Repeat::Readable, &[]);
        for (name, value) in [("previous_task_id", json!(previous)), ("next_task_id", json!(next)), ("task", task)] {
            edit.sends.insert(name.to_owned(), value);
        }
        Ok(Outcome::Edit(edit))
    }

    fn start(&self, contexts: bool, assigned_to: bool) -> Outcome {
        let schema = &self.data["schema"];
        let title = &self.data["title"];
        let mut edit = self.request("POST", "", Repeat::Once, &[MAY_FIRE]);
        let mut body = match self.api {
            Api::V1 => {
                edit.path = "/v1/workflows/executions".to_owned();
                json!({"workflowId": "tpl", "trigger": "MANUAL", "contexts": [{"id": self.id, "schema": schema, "title": title}]})
            }
            Api::V2 => {
                edit.path = "/v2/flows/executions".to_owned();
                json!({"flow_template_id": "tpl", "trigger": {"type": "MANUAL"},
                    "contexts": [{"entity_id": self.id, "entity_schema": schema, "is_primary": true}]})
            }
        };
        if contexts {
            body["contexts"].as_array_mut().unwrap().push(match self.api {
                Api::V1 => json!({"id": "c9", "schema": "contact", "title": ""}),
                Api::V2 => json!({"entity_id": "c9", "entity_schema": "contact", "is_primary": false}),
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

    // Patches

    fn patch(&self, fields: &[(&'static str, Value)]) -> Planned {
        let mut edit = self.patches(Vec::new());
        let mut status = None;
        for (name, value) in fields {
            let value = self.rendered(value);
            match *name {
                "completed_via_journey" => {
                    edit.sends.insert((*name).to_owned(), value);
                    edit.is_final = true;
                }
                "closing_reason" => {
                    let text = value["extra_description"].clone();
                    edit.writes.push(self.write("closing_reason.extra_description", text));
                }
                "status" if matches!(self.level, Level::Task | Level::Step) => {
                    // It passes the checks of `set_status`.
                    match self.set_status(value.as_str().unwrap(), false, None)? {
                        // The service changes no status of a task that is not enabled.
                        Outcome::Edit(_) if fields.contains(&("enabled", json!(false))) => return Err(Reject),
                        Outcome::Edit(change) => status = Some(change),
                        Outcome::Nothing | Outcome::Rejected => {}
                    }
                }
                // Of a task a part may be given; the rest is as it was.
                "description" if self.api == Api::V2 => {
                    let mut whole = self.get(name).cloned().unwrap_or_else(|| json!({}));
                    whole.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
                    edit.writes.push(self.write(name, whole));
                }
                _ => edit.writes.push(self.write(name, value)),
            }
        }
        edit.writes.retain(Write::is_change);
        if let Some(change) = status {
            edit.join(change);
        }
        if edit.writes("status") && self.level == Level::Execution {
            edit.repeat = Repeat::Readable;
            edit.effects.insert(MAY_FIRE);
        }
        let is_empty = edit.writes.is_empty() && edit.sends.is_empty();
        Ok(if is_empty { Outcome::Nothing } else { Outcome::Edit(edit) })
    }

    /// The one template that the test's patches hold is the execution's name, and the successor.
    fn rendered(&self, value: &Value) -> Value {
        let name = self.scope.execution["name"].as_str().unwrap();
        let text = value.to_string();
        let text = text.replace("{{ execution.name }}", name).replace("{{ vars.successor }}", "2");
        serde_json::from_str(&text).unwrap()
    }
}

impl Write {
    /// Whether there is something to send. Of lists of people the order and repetitions mean nothing, and an empty list
    /// is what a field that is not there means.
    pub(crate) fn is_change(&self) -> bool {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let is_same = if matches!(self.path, "assigned_to" | "assignedTo" | "userIds") {
            let (before, after) = (list(&self.before), list(&self.after));
            before.iter().all(|entry| after.contains(entry)) && after.iter().all(|entry| before.contains(entry))
        } else {
            self.before == self.after
        };
        self.goes_along || !is_same
    }
}

impl Edit {
    pub(crate) fn writes(&self, path: &str) -> bool {
        self.writes.iter().any(|write| write.path == path)
    }

    /// Takes up a later patch of the same object.
    pub(crate) fn join(&mut self, next: Self) {
        for write in next.writes {
            match self.writes.iter_mut().find(|earlier| earlier.path == write.path) {
                Some(earlier) => {
                    earlier.after = write.after;
                    earlier.goes_along |= write.goes_along;
                }
                None => self.writes.push(write),
            }
        }
        self.sends.extend(next.sends);
        self.repeat = self.repeat.max(next.repeat);
        self.effects.extend(next.effects);
        self.is_final |= next.is_final;
    }
}
