//! What an action makes of a target: the documentation's sections on the actions, one function each.

mod adding;
mod assignees;
mod due;
mod edit;
mod patch;
mod statuses;

use serde_json::{Map, Value, json};

use crate::{arguments::Action, conditions::Scope, data::Api, parts::Level, playbooks::Row};

pub(crate) use edit::{Edit, Repeat, Write};

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
            Self::Close {
                reasons,
                description,
            } => target.close(reasons, *description),
            Self::Complete => Ok(target.end_or_go_on(&["STARTED"], "DONE")),
            Self::Reopen => Ok(target.end_or_go_on(&["DONE", "CLOSED"], "STARTED")),
            Self::SetStatus { to, revert, branch } => target.set_status(to, *revert, *branch),
            Self::RunScheduleNow => {
                let path = "/schedule/run-now";
                Ok(target.of_schedule("POST", path, "IN_PROGRESS", &[FIRES]))
            }
            Self::CancelSchedule => {
                Ok(target.of_schedule("DELETE", "/schedule", "SKIPPED", &[MAY_FIRE, ADVANCES]))
            }
            Self::RunAutomation => Ok(target.run_automation()),
            Self::Execute => Ok(target.execute()),
            Self::Reconcile => Ok(target.reconcile()),
            Self::AddStep { index, section } => target.add_step(*index, *section),
            Self::DeleteStep => Ok(Outcome::Edit(Edit {
                removes: true,
                ..target.request("DELETE", "", Repeat::Readable, &[])
            })),
            Self::AddTask {
                after,
                before,
                phase,
            } => target.add_task(*after, *before, *phase),
            Self::Start {
                contexts,
                assigned_to,
            } => Ok(target.start(*contexts, *assigned_to)),
            Self::Delete { soft } => Ok(Outcome::Edit(Edit {
                removes: true,
                ..target.request(
                    "DELETE",
                    if *soft { "?soft=true" } else { "" },
                    Repeat::Readable,
                    &[],
                )
            })),
            Self::Patch(fields) => target.patch(fields),
        };
        planned.unwrap_or(Outcome::Rejected)
    }
}

impl<'a> Target<'a> {
    /// A field; what is null is not there.
    fn get(&self, path: &str) -> Option<&'a Value> {
        let found = path
            .split('.')
            .try_fold(self.data, |value, name| value.get(name));
        found.filter(|value| !value.is_null())
    }

    const fn row(&self) -> Option<&'a Row> {
        self.scope.row
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
    fn request(
        &self,
        method: &'static str,
        below: &str,
        repeat: Repeat,
        effects: &[&'static str],
    ) -> Edit {
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
            // Two old words for the same.
            (Value::String(word), _) if path == "status" && word.ends_with("ASSIGNED") => {
                Some(json!("PENDING"))
            }
            (Value::Null, Value::Array(_)) => Some(json!([])),
            (Value::Null, _) => None,
            // A part that gets its first value.
            (Value::Object(before), Value::Object(after))
                if after.keys().any(|name| !before.contains_key(name)) =>
            {
                None
            }
            (before, _) => Some(before.clone()),
        };
        Write {
            path,
            before,
            after,
            undo,
            goes_along: false,
        }
    }
}
