//! The part of an execution's JSON that an operation works on.

use serde_json::Value;

use super::{Id, Operation};
use crate::json;

impl Operation {
    /// The list and the id of the phase or task that it works on; none for the execution itself.
    pub const fn part(&self) -> Option<(&'static str, &Id)> {
        match self {
            Self::PatchPhase(_, phase) => Some(("phases", phase)),
            Self::PatchTask(_, task) | Self::RunScheduleNow(_, task) => Some(("tasks", task)),
            Self::UpdateExecution(_)
            | Self::PatchFlow(_)
            | Self::GetExecutions
            | Self::GetExecution(_)
            | Self::GetClosingReasons(_)
            | Self::SearchFlows
            | Self::GetFlow(_) => None,
        }
    }

    /// What it works on within an execution; none when it is not there.
    pub fn find<'a>(&self, execution: &'a Value) -> Option<&'a Value> {
        match self.part() {
            None => Some(execution),
            Some((list, id)) => json::item(execution, list, id.as_str()),
        }
    }

    /// As [`Self::find`], to change it.
    pub fn find_mut<'a>(&self, execution: &'a mut Value) -> Option<&'a mut Value> {
        match self.part() {
            None => Some(execution),
            Some((list, id)) => json::item_mut(execution, list, id.as_str()),
        }
    }
}
