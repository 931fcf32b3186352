//! The parts of a request that its changed fields do not show.

use serde_json::Value;

use crate::{
    api::{Level, Method},
    plan::Change,
};

use super::{
    delta::{cut_of, describe},
    words,
};

/// Parts of a body that are not shown: they name the place, and differ between targets.
const PLACES: [&str; 8] = [
    "contexts",
    "trigger",
    "previous_task_id",
    "next_task_id",
    "sectionId",
    // A started execution has its own field: `started`.
    "workflowId",
    "flow_template_id",
    "id",
];

/// `for good`, `revert_execution: true`. The text is escaped and bounded, so it may be kept and printed.
pub(super) struct Manner {
    pub(super) text: String,
    /// Distinguishes texts that are only equal because they were cut.
    pub(super) cut: Option<String>,
}

impl Manner {
    /// None if the fields show everything.
    pub(super) fn of(change: &Change) -> Option<Self> {
        let mut parts = Vec::new();
        if (change.request.method, change.target.kind) == (Method::Delete, Level::Execution) {
            let is_soft = change.request.path.ends_with("?soft=true");
            parts.push(if is_soft {
                "hidden, and kept by the service".to_owned()
            } else {
                "for good".to_owned()
            });
        }
        let body = change.request.body.iter().flatten();
        parts.extend(
            body.filter(|(field, _)| !PLACES.contains(&field.as_str()) && !is_field(change, field))
                .map(|(field, value)| format!("{field}: {}", describe(value))),
        );
        let whole = parts.join(", ");
        let text = words::detail(&whole);
        let cut = cut_of(&text, || whole);
        (!text.is_empty()).then_some(Self { text, cut })
    }
}

/// Whether a part of the body is among the fields, which are dotted paths, or belongs to a new object.
fn is_field(change: &Change, part: &str) -> bool {
    let of = |path: &String| {
        path.strip_prefix(part)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let made = |value: &Value| value.get(part).is_some();
    change.after.keys().any(of) || change.after.values().any(made)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        plan::{Fields, Item},
        report::{plan_summary::tests::change, words::tests::task},
    };

    fn manner(change: &Change) -> String {
        Manner::of(change).map_or_else(String::new, |manner| manner.text)
    }

    fn patch() -> Change {
        let target = task("e", "t", "");
        match change(target, "set_status", "status", json!("a"), json!("b")) {
            Item::Change(change) => *change,
            Item::Skipped(_) | Item::Rejected(_) => unreachable!("a change was made"),
        }
    }

    #[test]
    fn what_is_sent_beside_the_fields_is_said() {
        for (body, said) in [
            (json!({"status": "b"}), ""),
            (
                json!({"status": "b", "revert_execution": true}),
                "revert_execution: true",
            ),
            (
                json!({"status": "b", "next_condition_id": "c\u{1b}1"}),
                "next_condition_id: c\\u{1b}1",
            ),
            (
                json!({"task": {"id": "x", "name": "Call"}, "next_task_id": "y", "previous_task_id": "z"}),
                "task: Call",
            ),
        ] {
            let mut change = patch();
            change.request.body = Some(serde_json::from_value::<Fields>(body).unwrap());
            assert_eq!(manner(&change), said);
        }
    }

    #[test]
    fn a_delete_says_whether_anything_is_kept() {
        for (path, said) in [
            ("/v2/flows/executions/e", "for good"),
            ("/v1/workflows/executions/e", "for good"),
            (
                "/v2/flows/executions/e?soft=true",
                "hidden, and kept by the service",
            ),
        ] {
            let mut change = patch();
            change.target.kind = Level::Execution;
            change.request.method = Method::Delete;
            change.request.path = path.to_owned();
            change.request.body = None;
            assert_eq!(manner(&change), said);
        }
    }
}
