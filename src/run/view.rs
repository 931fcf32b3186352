//! An execution as it is now: read once before a group's writes, kept current by the answers to them.

use serde_json::Value;

use super::{group::Planned, own_effects::read_back_after};
use crate::{
    action::{Reading, replay},
    plan::Effect,
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
    /// What it says about a change, none when it was not read. `caused` are the effects of the changes before it that
    /// were sent.
    pub(super) fn read_back(&self, planned: &Planned, caused: &[Effect]) -> Option<Reading> {
        match self {
            Self::Unread => None,
            Self::Missing => Some(read_back_after(planned, caused, None)),
            Self::Known(execution) => Some(read_back_after(planned, caused, Some(execution))),
        }
    }

    /// Takes in our own write: the object that the service answered with, else the values that were sent.
    pub(super) fn wrote(&mut self, planned: &Planned, answer: Option<Value>) {
        let Self::Known(execution) = self else {
            return;
        };
        let operation = &planned.operation;
        if operation.removes() && operation.part().is_none() {
            *self = Self::Missing;
            return;
        }
        // Of a whole execution that answers a request on a part, only the part is taken: what else moved in it by our
        // doing is no drift.
        let is_whole = |answer: &Value| answer["id"] == execution["id"];
        let fresh = answer.and_then(|answer| {
            if is_whole(&answer) {
                operation.find(&answer).cloned()
            } else {
                Some(answer)
            }
        });
        let place = operation.find_mut(execution);
        match (place, fresh) {
            (Some(place), Some(fresh)) if place["id"] == fresh["id"] => *place = fresh,
            (Some(_) | None, Some(_) | None) => {
                let after = &planned.change.after;
                let after = after.iter().map(|(path, value)| (path.as_str(), value));
                let body = planned.change.request.body.as_ref();
                let sent = |name: &str| body.and_then(|body| body.get(name)).cloned();
                let sent = |name: &str| sent(name).unwrap_or_default();
                replay(operation, after, sent, execution);
            }
        }
    }
}
