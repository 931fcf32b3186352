//! The parts of a request that its changed fields do not show.

use serde_json::{Value, json};

use crate::{
    api::{Generation, Level, Method},
    plan::Change,
};

use super::{
    delta::{cut_of, describe},
    words,
};

/// Parts of a body that are counted instead of shown: they name the place of a new task, which differs between targets.
const PLACES: [&str; 2] = ["previous_task_id", "next_task_id"];

/// `for good`, `revert_execution: true`. The text is escaped and bounded, so it may be kept and printed.
pub(super) struct Manner {
    pub(super) text: String,
    /// Distinguishes texts that are only equal because they were cut.
    pub(super) cut: Option<String>,
}

impl Manner {
    /// None if the fields show everything.
    pub(super) fn of(change: &Change) -> Option<Self> {
        let whole = Self::whole(change);
        let text = words::detail(&whole);
        let cut = cut_of(&text, || whole);
        (!text.is_empty()).then_some(Self { text, cut })
    }

    /// The whole text, which is neither escaped nor bounded.
    pub(super) fn whole(change: &Change) -> String {
        let mut parts = Vec::new();
        if (change.request.method, change.target.kind) == (Method::Delete, Level::Execution) {
            let is_soft = change.request.path.ends_with("?soft=true");
            parts.push(if is_soft {
                "hidden, and kept by the service".to_owned()
            } else {
                "for good".to_owned()
            });
        }
        if change.target.kind == Level::Entity {
            parts.extend(schema(change).map(str::to_owned));
        }
        let body = change.request.body.iter().flatten();
        parts.extend(
            body.filter(|(field, _)| {
                !PLACES.contains(&field.as_str())
                    && !is_field(change, field)
                    && !is_of_each_start(change, field)
            })
            .map(|(field, value)| format!("{field}: {}", describe(value))),
        );
        parts.join(", ")
    }
}

/// How many values of a request are counted instead of shown: the places of a new task, and its id.
pub(super) fn unshown(change: &Change) -> usize {
    let body = change.request.body.iter().flatten();
    let places = body.filter(|(field, _)| PLACES.contains(&field.as_str()));
    let ids = change.after.get("task").and_then(|task| task.get("id"));
    places.count() + ids.into_iter().count()
}

/// Whether a part of the body of a start says what the field `started`, the target and [`schema`] say.
fn is_of_each_start(change: &Change, field: &str) -> bool {
    change.target.kind == Level::Entity
        && match field {
            // A plan with another trigger is refused.
            "workflowId" | "flow_template_id" | "trigger" => true,
            "contexts" => schema(change).is_some(),
            _ => false,
        }
}

/// The schema of the entity that an execution is started for, if that is its only context.
fn schema(change: &Change) -> Option<&str> {
    let contexts = change.request.body.as_ref()?.get("contexts")?;
    let only = contexts.get(0)?;
    let schema = only.get("entity_schema").or_else(|| only.get("schema"))?;
    let (id, title) = (&change.target.execution, &change.target.name);
    let expected = match change.target.api {
        Generation::V1 => json!([{"id": id, "title": title, "schema": schema}]),
        Generation::V2 => json!([{"entity_id": id, "entity_schema": schema, "is_primary": true}]),
    };
    (*contexts == expected).then_some(schema.as_str()).flatten()
}

/// Whether a part of the body is among the fields, which are dotted paths, or belongs to a new object.
pub(super) fn is_field(change: &Change, part: &str) -> bool {
    let of = |path: &String| {
        path.strip_prefix(part)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let made = |value: &Value| value.get(part).is_some();
    change.after.keys().any(of) || change.after.values().any(made)
}

#[cfg(test)]
mod tests {
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
