//! What an answer shows that was made before the request took effect.

use serde_json::{Value, json};

use crate::{effect::part_mut, state::SandboxState};

/// The object that a path names, as it is: an execution, or a part of one. Empty where there is none.
pub(crate) fn as_it_is(state: &SandboxState, path: &str) -> Value {
    let mut ids = path.split('/');
    let Some(execution) = ids.find_map(|id| state.execution(id)) else {
        return json!({});
    };
    let mut whole = execution.to_json();
    let part = ids.find_map(|id| part_mut(&mut whole, id).cloned());
    part.unwrap_or(whole)
}
