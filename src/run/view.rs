//! An execution as it is now: read once before a group's writes, kept current by the answers to them.

use serde_json::Value;

use super::group::Planned;
use crate::{
    action::{Expected, Reading, read_back},
    json,
};

/// What is known of a group's execution.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum View {
    /// It was not read (`--no-recheck`).
    Unread,
    /// It is not there.
    Missing,
    Known(Box<Value>),
}

impl View {
    /// What it says about a change; none when it was not read.
    pub(super) fn read_back(&self, planned: &Planned) -> Option<Reading> {
        match self {
            Self::Unread => None,
            Self::Missing => Some(Reading::Gone),
            Self::Known(execution) => {
                let change = &planned.change;
                let expected = Expected {
                    before: &change.before,
                    after: &change.after,
                    requires: &change.requires,
                };
                Some(read_back(&planned.operation, expected, execution))
            }
        }
    }

    /// Takes in our own write: the object that the service answered with, else the values that were sent.
    pub(super) fn wrote(&mut self, planned: &Planned, answer: Option<Value>) {
        let Self::Known(execution) = self else {
            return;
        };
        let Some(place) = planned.operation.find_mut(execution) else {
            return;
        };
        match answer.filter(|answer| answer["id"] == place["id"]) {
            Some(answer) => *place = answer,
            None => {
                for (path, after) in &planned.change.after {
                    json::set(place, path, after.clone());
                }
            }
        }
    }
}
