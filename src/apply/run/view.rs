//! The current state of an execution: read before a group's writes, and updated from their answers.

use serde_json::{Map, Value};

use super::{
    group::PlannedChange,
    own_effects::{Cause, read_back_after},
};
use crate::action::{Reading, replay};

/// The known state of a group's execution.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum View {
    /// It was not read (`--no-recheck`).
    Unread,
    /// It does not exist.
    Missing,
    Known(Box<Value>),
}

impl View {
    /// Compares a change with the view, none if it was not read. `causes` are the other changes of the group that may have taken effect.
    pub(super) fn read_back(
        &self,
        planned: &PlannedChange,
        causes: &[Cause<'_>],
    ) -> Option<Reading> {
        match self {
            Self::Unread => None,
            Self::Missing => Some(read_back_after(planned, causes, None)),
            Self::Known(execution) => Some(read_back_after(planned, causes, Some(execution))),
        }
    }

    /// Applies our own write: the object in the service's answer, or else the values that were sent. False if the answer lacks a field that
    /// existed before: only a read tells whether it is gone or was left out.
    pub(super) fn wrote(&mut self, planned: &PlannedChange, answer: Option<Value>) -> bool {
        let Self::Known(execution) = self else {
            return true;
        };
        let operation = &planned.operation;
        if operation.removes() && operation.part().is_none() {
            *self = Self::Missing;
            return true;
        }
        // If the answer to a request on a part is a whole execution, only the part is used: other changes in it that we caused are not
        // drift.
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
            (Some(place), Some(fresh)) if place["id"] == fresh["id"] => {
                let is_whole = has_all(&fresh, place);
                update(place, fresh);
                return is_whole;
            }
            (Some(_) | None, Some(_) | None) => {
                let after = &planned.change.after;
                let after = after.iter().map(|(path, value)| (path.as_str(), value));
                let body = planned.change.request.body.as_ref();
                let sent = |name: &str| body.and_then(|body| body.get(name)).cloned();
                let sent = |name: &str| sent(name).unwrap_or_default();
                replay(operation, after, sent, execution);
            }
        }
        true
    }
}

/// Whether an object has all fields that another one has.
fn has_all(object: &Value, other: &Value) -> bool {
    let mut names = other.as_object().into_iter().flat_map(Map::keys);
    names.all(|name| object.get(name).is_some())
}

/// Applies the fields of an answer; missing ones are kept.
fn update(place: &mut Value, answer: Value) {
    match (place, answer) {
        (Value::Object(place), Value::Object(answer)) => place.extend(answer),
        (place, answer) => *place = answer,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::changes::{execution, reassign};

    #[test]
    fn an_answer_that_lacks_fields_is_taken_for_what_it_says_and_no_more() {
        let change = reassign("e", "t0");
        let planned = PlannedChange {
            line: 2,
            operation: change.operation().unwrap(),
            change,
        };
        let whole = json!({"id": "t0", "status": "PENDING", "assigned_to": ["2"], "due_date": null, "automation_config": {}});
        let partial = json!({"id": "t0", "assigned_to": ["2"]});
        for (answer, is_whole) in [(whole.clone(), true), (partial, false)] {
            let mut view = View::Known(Box::new(execution("e")));
            assert_eq!(view.wrote(&planned, Some(answer)), is_whole);
            let View::Known(after) = view else {
                panic!("{view:?}")
            };
            assert_eq!(after["tasks"][0], whole);
        }
    }
}
