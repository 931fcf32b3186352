//! Patches of any fields.

use serde_json::{Value, json};

use super::{MAY_FIRE, Outcome, Planned, Reject, Repeat, Target, Write};
use crate::{arguments::IN_THREE_DAYS, data::Api, parts::Level};

impl Target<'_> {
    pub(super) fn patch(&self, fields: &[(&'static str, Value)]) -> Planned {
        let mut edit = self.patches(Vec::new());
        let mut status = None;
        for (name, value) in fields {
            let value = self.rendered(value);
            match *name {
                "completed_via_journey" => {
                    edit.sends.insert((*name).to_owned(), value);
                    edit.is_final = true;
                }
                "revert_execution" | "next_condition_id" => {}
                "closing_reason" => {
                    let text = value["extra_description"].clone();
                    edit.writes
                        .push(self.write("closing_reason.extra_description", text));
                }
                "status" if matches!(self.level, Level::Task | Level::Step) => {
                    // It passes the checks of `set_status`, with the words that the API has for its arguments.
                    let with = |name| {
                        fields
                            .iter()
                            .find(|(field, _)| *field == name)
                            .map(|(_, value)| value)
                    };
                    let revert = with("revert_execution").is_some_and(|value| *value == true);
                    let branch = with("next_condition_id").and_then(Value::as_str);
                    match self.set_status(value.as_str().unwrap(), revert, branch)? {
                        // The service changes no status of a task that is not enabled.
                        Outcome::Edit(_) if fields.contains(&("enabled", json!(false))) => {
                            return Err(Reject);
                        }
                        Outcome::Edit(change) => status = Some(change),
                        Outcome::Nothing | Outcome::Rejected => {}
                    }
                }
                "due_date" | "dueDate" => {
                    let after = match value.as_str().unwrap() {
                        IN_THREE_DAYS => self.in_days(3),
                        text => self.stored(text)?,
                    };
                    edit.writes.push(self.write(name, json!(after)));
                }
                // Of a task a part may be given; the rest is as it was.
                "description" if self.api == Api::V2 => {
                    let mut whole = self.get(name).cloned().unwrap_or_else(|| json!({}));
                    whole
                        .as_object_mut()
                        .unwrap()
                        .extend(value.as_object().unwrap().clone());
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
        Ok(if is_empty {
            Outcome::Nothing
        } else {
            Outcome::Edit(edit)
        })
    }

    /// The values of the test hold two templates: the execution's name, and the successor.
    pub(super) fn rendered(&self, value: &Value) -> Value {
        let name = self.scope.execution["name"].as_str().unwrap();
        let text = value.to_string();
        let text = text
            .replace("{{ execution.name }}", name)
            .replace("{{ vars.successor }}", "2");
        serde_json::from_str(&text).unwrap()
    }
}
