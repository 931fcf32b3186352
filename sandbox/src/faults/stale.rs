//! What an answer shows that was made before the request took effect.

use serde_json::{Value, json};

use crate::state::{State, value};

/// The object that a path names, as it is: an execution, or a part of one. Empty where there is none.
pub(crate) fn as_it_is(state: &State, path: &str) -> Value {
    let mut ids = path.split('/');
    let Some(stored) = ids.find_map(|id| state.any(id)) else {
        return json!({});
    };
    let whole = value(&stored);
    let part = ids.find_map(|id| part(&whole, id).cloned());
    part.unwrap_or(whole)
}

/// The phase, task or step of this id.
fn part<'a>(object: &'a Value, id: &str) -> Option<&'a Value> {
    let lists = ["phases", "tasks", "flow", "steps"].into_iter();
    let mut parts = lists.filter_map(|list| object[list].as_array()).flatten();
    parts.find_map(|found| {
        if found["id"] == id {
            Some(found)
        } else {
            part(found, id)
        }
    })
}
