//! A status transition of a task or step, by `set_status` or by a `patch` of the field: the same rules for both.

use serde_json::{Value, json};

use super::{
    Effect, FieldWrite, Nature, Repeat, Subject,
    status::{Move, SETTABLE, current_name, transition},
};
use crate::api::Generation;

/// A requested status.
pub(super) struct Wish<'a> {
    pub(super) to: &'a str,
    /// Whether to revert: every later task is reset.
    pub(super) revert: bool,
    /// The branch that a decision takes, by id or name; used only if one is needed.
    pub(super) branch: &'a dyn Fn() -> Result<Option<String>, String>,
    pub(super) keys: Keys,
}

/// The names of the arguments that accompany a status.
#[derive(Clone, Copy)]
pub(super) struct Keys {
    pub(super) revert: &'static str,
    pub(super) branch: &'static str,
}

/// A status transition, and the further fields of its request.
pub(super) struct Moved {
    pub(super) write: FieldWrite,
    pub(super) sends: Vec<(&'static str, Value)>,
}

impl Wish<'_> {
    /// The requests to send; none if the target has this status.
    ///
    /// # Errors
    ///
    /// Why the service would not accept it.
    pub(super) fn moved(&self, subject: &Subject<'_>) -> Result<Option<Moved>, String> {
        let to = self.to;
        if !SETTABLE.contains(&to) {
            return Err(format!(
                "`{to}` can't be set as a status: use {}",
                SETTABLE.join(", ")
            ));
        }
        let moved = match (subject.generation, subject.text("status")) {
            // The rules are for tasks; a step can get any status, also if it has none yet.
            (Generation::V1, Some(from)) if current_name(from) == to => Move::None,
            (Generation::V1, _) => Move::Forward,
            (Generation::V2, Some(from)) => transition(from, to, (self.revert, self.keys.revert))?,
            (Generation::V2, None) => return Err("has no status".to_owned()),
        };
        if moved == Move::None {
            return Ok(None);
        }
        let write = FieldWrite::new(subject.data, "status", json!(to));
        let mut sends = Vec::new();
        if subject.generation == Generation::V2 {
            if subject.data["enabled"] == false {
                return Err("is not enabled, so its status can't change".to_owned());
            }
            if moved == Move::Revert {
                sends.push(("revert_execution", json!(true)));
            }
            if to == "COMPLETED"
                && let Some(branch) = self.branch_of(subject)?
            {
                sends.push(("next_condition_id", json!(branch)));
            }
        }
        Ok(Some(Moved { write, sends }))
    }

    /// The condition with which a decision is completed.
    fn branch_of(&self, subject: &Subject<'_>) -> Result<Option<String>, String> {
        let task = subject.data;
        if task["task_type"] != "DECISION" {
            return Ok(None);
        }
        let conditions: Vec<(&str, &str)> = task["conditions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|condition| {
                let id = condition["id"].as_str()?;
                Some((id, condition["branch_name"].as_str().unwrap_or(id)))
            })
            .collect();
        let known = || {
            let known: Vec<&str> = conditions.iter().map(|(id, _)| *id).collect();
            known.join(", ")
        };
        match (self.branch)()? {
            None if task["trigger_mode"] == "manual" => Err(format!(
                "is a decision: say which branch it takes with `{}`, one of {}",
                self.keys.branch,
                known()
            )),
            None => Ok(None),
            Some(wanted) => {
                let fits = |(id, name): &&(&str, &str)| *id == wanted || *name == wanted;
                match conditions.iter().find(fits) {
                    Some((id, _)) => Ok(Some((*id).to_owned())),
                    None => Err(format!("has no branch `{wanted}`; it has {}", known())),
                }
            }
        }
    }
}

/// The nature of a request that sets a status and does not revert.
pub(super) fn nature(to: &str) -> Nature {
    Nature {
        repeat: Repeat::Readable,
        effects: match to {
            "COMPLETED" | "SKIPPED" => &[Effect::AutomationsMayFire, Effect::FlowAdvances],
            _ => &[],
        },
        why_final: None,
    }
}

/// Reverting resets later tasks.
pub(super) const REVERT: Nature = Nature {
    repeat: Repeat::Once,
    effects: &[Effect::LaterTasksReset],
    why_final: Some(RESET),
};

const RESET: &str = "the later tasks that were reset don't come back";
