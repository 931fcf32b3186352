//! What a read shows of an attempt in doubt, for the person who decides about it. Pure.
//!
//! It proves nothing. What is there may come from another user or from the service itself; what is missing may come later, may be hidden by
//! an index that lags behind, or may be in a field of which it is not documented that the service fills it. So no code decides by it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Expected, task_automation::STARTED_AUTOMATION};
use crate::{
    api::{Generation, Level, Operation, OperationKind, part},
    dates, json,
};

/// The clocks of two machines may differ by this: an execution that was created so long before the request is shown, too.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(2);

/// Objects that are named.
const NAMED: usize = 3;

/// Characters of a text of the service that are shown.
const MAX_TEXT: usize = 60;

/// A request in doubt.
#[derive(Clone, Copy, Debug)]
pub struct Doubted<'a> {
    pub operation: &'a Operation,
    /// The fields of its body.
    pub body: &'a BTreeMap<String, Value>,
    pub expected: Expected<'a>,
    /// When its first attempt was sent, if known.
    pub sent_at: Option<Timestamp>,
}

/// The read that shows the traces of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceRead {
    pub operation: Operation,
    pub query: Vec<(&'static str, String)>,
    pub body: Option<String>,
}

impl Doubted<'_> {
    /// The read that may show a trace; none if it can't be told which.
    pub fn read(&self) -> Option<TraceRead> {
        let generation = self.operation.generation();
        if let Some((_, execution, _)) = self.operation.subject() {
            return Some(TraceRead {
                operation: Operation::read(generation, execution),
                query: Vec::new(),
                body: None,
            });
        }
        let entity = self.body.get("contexts")?.get(0)?;
        let text = |name: &str| Some(entity.get(name)?.as_str()?.to_owned());
        Some(match generation {
            Generation::V1 => TraceRead {
                operation: Operation::GetExecutions,
                query: vec![("context", text("id")?), ("schema", text("schema")?)],
                body: None,
            },
            Generation::V2 => {
                let (id, schema) = (text("entity_id")?, text("entity_schema")?);
                TraceRead {
                    operation: Operation::SearchFlows,
                    query: Vec::new(),
                    body: Some(json!({"entity_id": id, "entity_schema": schema}).to_string()),
                }
            }
        })
    }

    /// What the answer to that read shows, in one line; `found` is none if the execution does not exist.
    pub fn traces(&self, found: Option<&Value>) -> String {
        let Some(found) = found else {
            return "the execution does not exist".to_owned();
        };
        match self.operation.kind() {
            OperationKind::Start => self.started(found),
            OperationKind::AddStep => self.steps(found),
            OperationKind::RunAutomation => self.automation(found),
            OperationKind::Patch
            | OperationKind::AddTask
            | OperationKind::Delete
            | OperationKind::Reconcile
            | OperationKind::RunSchedule
            | OperationKind::CancelSchedule
            | OperationKind::Read(_) => self.fields(found),
        }
    }

    /// The executions of the template that were created since.
    fn started(&self, found: &Value) -> String {
        let (list, what, template, own_template, created) = match self.operation.generation() {
            Generation::V1 => (
                found,
                ["execution", "executions"],
                "workflowId",
                "definitionId",
                "creationTime",
            ),
            Generation::V2 => (
                &found["results"],
                ["running flow", "running flows"],
                "flow_template_id",
                "flow_template_id",
                "created_at",
            ),
        };
        let Value::Array(list) = list else {
            return "the answer is not a list".to_owned();
        };
        let since = self.sent_at.map(|sent_at| {
            let earlier = sent_at.checked_sub(CLOCKS_DIFFER);
            earlier.unwrap_or(sent_at)
        });
        let is_of_template =
            |execution: &&Value| match (execution.get(own_template), self.body.get(template)) {
                (Some(own), Some(sent)) => own == sent,
                // It is not said of which.
                (None, _) | (_, None) => true,
            };
        let is_since = |execution: &&Value| {
            let moment = execution[created]
                .as_str()
                .and_then(|text| text.parse::<Timestamp>().ok());
            // An unknown moment may be after it.
            moment
                .zip(since)
                .is_none_or(|(moment, since)| moment >= since)
        };
        let new: Vec<&Value> = list
            .iter()
            .filter(is_of_template)
            .filter(is_since)
            .collect();
        let [one, many] = what;
        let since = since.map_or_else(String::new, |since| {
            format!(" since {}", dates::in_zone(since, &jiff::tz::TimeZone::UTC))
        });
        let named = new.iter().take(NAMED).map(|execution| {
            let at = text(&execution[created]);
            format!(
                "“{}” {} ({at})",
                text(&execution["name"]),
                text(&execution["id"])
            )
        });
        let named: Vec<String> = named.collect();
        match new.len() {
            0 => format!("no {one} of this template{since}"),
            1 => format!("1 {one} of this template{since}: {}", named.join(", ")),
            number => format!(
                "{number} {many} of this template{since}: {}{}",
                named.join(", "),
                if number > NAMED { ", …" } else { "" }
            ),
        }
    }

    /// The steps with the name of the new one.
    fn steps(&self, execution: &Value) -> String {
        let name = self.body.get("name").unwrap_or(&Value::Null);
        let steps: Vec<String> = part::parts(execution, Level::Step)
            .into_iter()
            .filter(|step| step["name"] == *name)
            .map(|step| match step.get("created") {
                Some(created) => format!("{} ({})", text(&step["id"]), text(created)),
                None => text(&step["id"]),
            })
            .collect();
        let name = text(name);
        match steps.len() {
            0 => format!("no step is named “{name}”"),
            1 => format!("1 step is named “{name}”: {}", steps[0]),
            number => format!(
                "{number} steps are named “{name}”: {}{}",
                steps[..number.min(NAMED)].join(", "),
                if number > NAMED { ", …" } else { "" }
            ),
        }
    }

    /// The status of a task, and whether it names another automation than before.
    fn automation(&self, execution: &Value) -> String {
        let Some(task) = self.operation.find(execution) else {
            return "the task does not exist".to_owned();
        };
        let mut parts = vec![format!("the task is {}", text(&task["status"]))];
        let mut told = None;
        for path in STARTED_AUTOMATION {
            let now = json::get(task, path);
            let before = self.expected.requires.get(&format!("target.{path}"));
            // Both fields may hold the same.
            if told.replace((now, before)) == Some((now, before)) {
                continue;
            }
            parts.extend(match (now, before) {
                (None, None | Some(Value::Null)) => None,
                (Some(now), None) => Some(format!("{path} is {}", text(now))),
                (Some(now), Some(before)) if now == before => {
                    Some(format!("{path} is {}, as before", text(now)))
                }
                (now, Some(before)) => Some(format!(
                    "{path} is {} now, it was {}",
                    text(now.unwrap_or(&Value::Null)),
                    text(before)
                )),
            });
        }
        parts.join("; ")
    }

    /// The values that the fields have now.
    fn fields(&self, execution: &Value) -> String {
        let Some(target) = self.operation.find(execution) else {
            return "the target does not exist".to_owned();
        };
        let fields = self.expected.after.keys().take(NAMED).map(|path| {
            let now = json::get(target, path).unwrap_or(&Value::Null);
            format!("{path} is {}", text(now))
        });
        let fields: Vec<String> = fields.collect();
        if fields.is_empty() {
            "the target exists".to_owned()
        } else {
            fields.join("; ")
        }
    }
}

/// A value of the service, cut.
fn text(value: &Value) -> String {
    let whole = match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    };
    crate::text::cut(&whole, MAX_TEXT)
}

#[cfg(test)]
mod tests;
