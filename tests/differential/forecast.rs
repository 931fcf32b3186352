//! What a change causes elsewhere: the section "What a change causes" of the guide.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    data::Api,
    outcome::Edit,
    parts::{self, Level},
};

/// "goes on" in the table of events.
const GOES_ON: [&str; 12] = [
    "TaskUpdated",
    "TaskMarkedInProgress",
    "TaskCompleted",
    "TaskSkipped",
    "CurrTaskChanged",
    "PhaseUpdated",
    "PhaseMarkedInProgress",
    "PhaseCompleted",
    "PhaseSkipped",
    "FlowDueDateChanged",
    "FlowCompleted",
    "FlowReopened",
];

const PEOPLE: [&str; 3] = ["assigned_to", "assignedTo", "userIds"];

/// A change, and its execution before and after what happens to its target.
pub(crate) struct Caused<'a> {
    pub(crate) api: Api,
    pub(crate) level: Level,
    pub(crate) id: &'a str,
    pub(crate) edit: &'a Edit,
    pub(crate) before: &'a Value,
    pub(crate) after: &'a Value,
}

/// An event with the templates of its task and phase.
type Event = (&'static str, Option<String>, Option<String>);

impl Caused<'_> {
    pub(crate) fn effects(&self) -> Vec<Value> {
        let mut effects = self.written();
        effects.extend(self.told());
        effects
    }

    fn goes_on(&self) -> bool {
        let all = ["automation_fires", "flow_advances", "later_tasks_reset"];
        all.iter().any(|word| self.edit.effects.contains(word))
    }

    fn starts(&self) -> bool {
        self.level == Level::Entity
    }

    /// The names of what is sent.
    fn sent(&self) -> BTreeSet<&str> {
        let written = self.edit.writes.iter();
        written
            .map(|write| write.path.split('.').next().unwrap())
            .chain(self.edit.sends.keys().map(String::as_str))
            .collect()
    }

    fn status(&self) -> Option<&str> {
        let mut writes = self.edit.writes.iter();
        let written = writes.find(|write| write.path == "status");
        match written {
            Some(write) => write.after.as_str(),
            None => self.edit.becomes,
        }
    }

    fn template(&self, level: Level, id: &Value) -> Option<String> {
        let part = parts::find(self.before, level, id.as_str()?)?;
        Some(part["template_id"].as_str()?.to_owned())
    }

    fn events(&self) -> Vec<Event> {
        let sent = self.sent();
        let of_flow = |event| (event, None, None);
        let mut events: Vec<Event> = Vec::new();
        match (self.api, self.level) {
            (Api::V1, Level::Execution) if self.edit.method == "DELETE" => {}
            (Api::V1, Level::Execution) => {
                if self.edit.method == "POST"
                    || sent.contains("status")
                    || sent.contains("completedTime")
                {
                    events.extend(
                        ["workflow_status", "current_section", "current_step"].map(of_flow),
                    );
                }
            }
            (Api::V1, _) => {
                let quiet = [
                    "assignedTo",
                    "userIds",
                    "assignedToInProgress",
                    "assignedToOnHold",
                    "dueDate",
                    "dynamicDueDate",
                    "description",
                    "automationConfig",
                    "entityRefId",
                ];
                if self.edit.removes || sent.iter().any(|field| !quiet.contains(field)) {
                    events.extend(
                        ["workflow_status", "current_section", "current_step"].map(of_flow),
                    );
                }
            }
            (Api::V2, Level::Execution) if self.edit.method == "DELETE" => {
                events.push(of_flow("FlowDeleted"));
            }
            (Api::V2, Level::Execution) => {
                if let Some(task) = self.edit.sends.get("task") {
                    let phase = self.template(Level::Phase, &task["phase_id"]);
                    events.push(("TaskUpdated", None, phase.clone()));
                    events.extend(
                        moves(task["status"].as_str())
                            .iter()
                            .map(|&event| (event, None, phase.clone())),
                    );
                } else {
                    for (field, event) in [
                        ("assigned_to", "FlowAssigned"),
                        ("due_date", "FlowDueDateChanged"),
                        ("due_date_config", "FlowDueDateChanged"),
                        ("contexts", "FlowContextsChanged"),
                        ("status", "CurrTaskChanged"),
                    ] {
                        if sent.contains(field) {
                            events.push(of_flow(event));
                        }
                    }
                    events.extend(self.status().map(|status| {
                        of_flow(match status {
                            "DONE" => "FlowCompleted",
                            "CLOSED" => "FlowCancelled",
                            _ => "FlowReopened",
                        })
                    }));
                }
            }
            (Api::V2, Level::Phase) => {
                let phase = self.template(Level::Phase, &json!(self.id));
                events.push(("PhaseUpdated", None, phase));
            }
            (Api::V2, _) => {
                let own = parts::find(self.before, Level::Task, self.id).unwrap();
                let task = self.template(Level::Task, &json!(self.id));
                let phase = self.template(Level::Phase, &own["phase_id"]);
                let mut of_task = |event| events.push((event, task.clone(), phase.clone()));
                of_task("TaskUpdated");
                for event in moves(self.status()) {
                    of_task(event);
                }
            }
        }
        if self.goes_on() {
            events.extend(GOES_ON.map(of_flow));
        }
        events
    }

    fn written(&self) -> Vec<Value> {
        let unknown = vec![json!("entity_writes_unknown")];
        if self.starts() {
            return unknown;
        }
        let events = self.events();
        if events.is_empty() {
            return Vec::new();
        }
        let rules = match self.api {
            Api::V1 => &self.before["updateEntityAttributes"],
            Api::V2 => &self.before["entity_sync"],
        };
        let rules = match rules {
            Value::Array(rules) => rules.clone(),
            Value::Null if self.api == Api::V2 => Vec::new(),
            _ => return unknown,
        };
        let mut written: BTreeSet<(String, String)> = BTreeSet::new();
        let mut effects = Vec::new();
        let patches_contexts = self
            .edit
            .writes
            .iter()
            .any(|write| write.path == "contexts");
        if patches_contexts && !rules.is_empty() {
            effects.extend(unknown.clone());
        }
        for rule in &rules {
            let on = match self.api {
                Api::V1 => &rule["source"],
                Api::V2 => &rule["trigger"]["event"],
            };
            let on = on.as_str().unwrap();
            if on == "FlowPainted" {
                return unknown;
            }
            let filter = &rule["trigger"]["filter"];
            let fits = |name: &str, found: &Option<String>| match (filter[name].as_str(), found) {
                (Some(wanted), Some(found)) => wanted == found,
                _ => true,
            };
            let is_caused = events.iter().any(|(event, task, phase)| {
                *event == on && fits("task_template_id", task) && fits("phase_template_id", phase)
            });
            let schema = &rule["target"]["entitySchema"];
            let attribute = rule["target"]["entityAttribute"].as_str().unwrap();
            let attribute = format!("{}.{attribute}", schema.as_str().unwrap());
            let mut entities = BTreeSet::new();
            for context in [self.before, self.after]
                .iter()
                .flat_map(|execution| execution["contexts"].as_array().into_iter().flatten())
            {
                let (of, id) = match self.api {
                    Api::V1 => (&context["schema"], &context["id"]),
                    Api::V2 => (&context["entity_schema"], &context["entity_id"]),
                };
                if of == schema {
                    entities.insert(id.as_str().unwrap());
                }
            }
            if is_caused
                && !entities.is_empty()
                && written.insert((attribute.clone(), on.to_owned()))
            {
                effects.push(json!({"entity_write": {"attribute": attribute, "on": on, "entities": entities}}));
            }
        }
        effects
    }

    fn told(&self) -> Vec<Value> {
        let (mut were, mut are) = (BTreeSet::new(), BTreeSet::new());
        for write in &self.edit.writes {
            if PEOPLE.contains(&write.path) {
                were.extend(people(&write.before));
                are.extend(people(&write.after));
            }
        }
        let of_task = self
            .edit
            .sends
            .get("task")
            .and_then(|task| task.get("assigned_to"));
        let of_start = self.edit.sends.get("assignedTo");
        for assigned in of_task.into_iter().chain(of_start) {
            are.extend(people(assigned));
        }
        let mut effects = BTreeSet::new();
        for (person, is_known) in are.difference(&were) {
            effects.insert(if *is_known {
                json!({"notice": person}).to_string()
            } else {
                json!("notices_unknown").to_string()
            });
        }
        if self.starts() || self.goes_on() {
            effects.insert(json!("notices_unknown").to_string());
        }
        effects
            .iter()
            .map(|text| serde_json::from_str(text).unwrap())
            .collect()
    }
}

/// The row "of a task, also a new one" for a status.
fn moves(status: Option<&str>) -> &'static [&'static str] {
    match status {
        Some("COMPLETED") => &["TaskCompleted"],
        Some("SKIPPED") => &["TaskSkipped"],
        Some("ON_HOLD") => &["TaskMarkedOnHold"],
        Some("IN_PROGRESS") => &[
            "TaskMarkedInProgress",
            "PhaseMarkedInProgress",
            "PhaseUpdated",
        ],
        _ => &[],
    }
}

/// Who is assigned; a variable stands for its people, and is unknown where it has none yet.
fn people(assigned: &Value) -> Vec<(String, bool)> {
    let mut all = Vec::new();
    for entry in assigned.as_array().into_iter().flatten() {
        match (entry, &entry["value"]) {
            (_, Value::Array(users)) => {
                all.extend(
                    users
                        .iter()
                        .map(|user| (user.as_str().unwrap().to_owned(), true)),
                );
            }
            (Value::String(user), _) => all.push((user.clone(), true)),
            (Value::Number(user), _) => all.push((user.to_string(), true)),
            (variable, _) => all.push((variable.to_string(), false)),
        }
    }
    all
}
