//! Whether the answer to an accepted write shows what was sent.

use serde_json::{Value, json};

use super::{Expected, readback::is_done, same::says_the_same};
use crate::{
    api::{Level, Operation, OperationKind, part},
    dates, json,
    text::cut,
};

/// The longest value that a message quotes, in characters: enough for a few names.
const QUOTED: usize = 80;

/// How the answer of a write differs from what was sent; none if it shows what was sent, or has nothing to compare. Then a read-back
/// decides.
///
/// Only the sent fields are compared; the service may return others.
pub fn contradiction(
    operation: &Operation,
    expected: Expected<'_>,
    answer: &Value,
) -> Option<String> {
    let shown = target(operation, answer);
    match operation.kind() {
        OperationKind::Patch => match shown {
            Some(target) => difference(expected, target),
            None => Some(another(answer)),
        },
        // No body is documented, so a body of another kind proves nothing.
        OperationKind::CancelSchedule => difference(expected, shown?),
        OperationKind::RunSchedule => match shown {
            Some(target) if is_done(operation, expected, target) => None,
            // It is not documented which field names the automation, nor when.
            Some(target) => match target["status"].as_str() {
                Some("IN_PROGRESS" | "COMPLETED" | "FAILED") => None,
                Some(_) | None => Some(format!("status is {}", quoted(&target["status"]))),
            },
            None => Some(another(answer)),
        },
        // They return the task, the last one the whole flow. It is not documented whether these show the effect already.
        OperationKind::RunAutomation | OperationKind::Reconcile => {
            shown.is_none().then(|| another(answer))
        }
        OperationKind::AddTask => {
            let id = &expected.after.get("task")?["id"];
            let is_new = |task: &Value| task["id"] == *id;
            let tasks = answer["tasks"].as_array();
            let is_shown = is_new(answer) || tasks.is_some_and(|tasks| tasks.iter().any(is_new));
            (!is_shown).then(|| "the answer does not show the new task".to_owned())
        }
        OperationKind::AddStep => {
            let name = &expected.after.get("step")?["name"];
            let (_, execution, _) = operation.subject()?;
            if answer["id"] == execution.as_str() {
                let steps = part::parts(answer, Level::Step);
                let is_shown = steps.iter().any(|step| step["name"] == *name);
                (!is_shown).then(|| "the answer does not show the new step".to_owned())
            } else {
                made(answer, Some(("name", name)))
            }
        }
        // It is not documented where the first generation names the template.
        OperationKind::Start if *operation == Operation::CreateExecution => made(answer, None),
        OperationKind::Start => {
            let template = expected.after.get("started")?;
            made(answer, Some(("flow_template_id", template)))
        }
        // Nothing is left to show.
        OperationKind::Delete | OperationKind::Read(_) => None,
    }
}

/// Whether success without a body proves nothing, so that a read-back decides: if an object is documented, or if the documentation is
/// silent and a read can tell. Otherwise it counts as success.
pub const fn needs_body(operation: &Operation) -> bool {
    match operation.kind() {
        // The first generation answers a patch of an execution with 204.
        OperationKind::Patch => !matches!(operation, Operation::UpdateExecution(_)),
        OperationKind::Start
        | OperationKind::AddStep
        | OperationKind::AddTask
        | OperationKind::Reconcile
        | OperationKind::RunSchedule => true,
        // A deleted object leaves nothing to show. The answers of the others are not documented, and no read shows their effect.
        OperationKind::Delete
        | OperationKind::CancelSchedule
        | OperationKind::RunAutomation
        | OperationKind::Read(_) => false,
    }
}

/// The field of the target that is not as it was sent, and its value; none if all are as sent.
pub fn difference(expected: Expected<'_>, target: &Value) -> Option<String> {
    expected.after.iter().find_map(|(path, sent)| {
        let now = json::get(target, path).unwrap_or(&Value::Null);
        let set = super::same(path, now, sent);
        if set || shows(now, sent) || begins(path, sent, now) {
            return None;
        }
        let before = expected.before.get(path).unwrap_or(&Value::Null);
        let still = if super::same(path, now, before) {
            " still"
        } else {
            ""
        };
        Some(format!("{path} is{still} {}", quoted(now)))
    })
}

/// The object that the operation works on, in the answer: by itself, or within its execution.
fn target<'a>(operation: &Operation, answer: &'a Value) -> Option<&'a Value> {
    let (_, execution, part) = operation.subject()?;
    let id = answer["id"].as_str()?;
    if part.is_some_and(|part| part.as_str() == id) {
        Some(answer)
    } else if execution.as_str() == id {
        operation.find(answer)
    } else {
        None
    }
}

/// What is missing in an answer that should be a new object: an id, or a field with the expected value, if the answer has it.
fn made(answer: &Value, field: Option<(&str, &Value)>) -> Option<String> {
    if answer["id"].as_str().is_none_or(str::is_empty) {
        return Some("the answer has no id".to_owned());
    }
    let (name, sent) = field?;
    let now = answer.get(name).filter(|now| !now.is_null())?;
    (now != sent).then(|| format!("{name} is {}", quoted(now)))
}

fn another(answer: &Value) -> String {
    match &answer["id"] {
        Value::Null => "the answer does not say what it is".to_owned(),
        id => format!("the answer is something else: {}", quoted(id)),
    }
}

/// Whether a value contains everything that was sent. The service may add fields to an object, and write a date in another form.
fn shows(now: &Value, sent: &Value) -> bool {
    match (now, sent) {
        (Value::Object(now), Value::Object(sent)) => sent.iter().all(|(name, value)| {
            let now = now.get(name).unwrap_or(&Value::Null);
            shows(now, value)
        }),
        (Value::Array(now), Value::Array(sent)) => {
            let is_there = |item: &Value| now.iter().any(|now| shows(now, item));
            now.len() == sent.len() && sent.iter().all(is_there)
        }
        (Value::String(now), Value::String(sent)) => now == sent || is_same_date(now, sent),
        (now, sent) => says_the_same(now, sent),
    }
}

fn is_same_date(one: &str, other: &str) -> bool {
    let instant = |text| dates::instant(text, &jiff::tz::TimeZone::UTC).ok();
    instant(one).is_some_and(|one| instant(other) == Some(one))
}

/// Whether a task that was set to wait is current already: a reverted task becomes the current one.
fn begins(path: &str, sent: &Value, now: &Value) -> bool {
    let now = now.as_str();
    path == "status"
        && *sent == json!("PENDING")
        && matches!(now, Some("IN_PROGRESS" | "SCHEDULED"))
}

fn quoted(value: &Value) -> String {
    cut(&value.to_string(), QUOTED)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::api::Id;

    fn id(text: &str) -> Id {
        Id::new(text).unwrap()
    }

    fn said(operation: &Operation, before: Value, after: Value, answer: &Value) -> String {
        let fields = |value| serde_json::from_value::<BTreeMap<_, _>>(value).unwrap();
        let (before, after, requires) = (
            fields(before),
            fields(after),
            fields(json!({"target.automation_execution_id": null})),
        );
        let expected = Expected {
            before: &before,
            after: &after,
            requires: &requires,
        };
        contradiction(operation, expected, answer).unwrap_or_default()
    }

    #[test]
    fn an_answer_to_a_patch_shows_what_was_sent_or_it_is_said_what_it_shows() {
        let patch = Operation::PatchTask(id("e"), id("t"));
        let another = "the answer does not say what it is";
        for (before, after, answer, expected) in [
            (json!(["1"]), json!(["2", "3"]), json!(["3", "2"]), ""),
            (
                json!(["1"]),
                json!(["2"]),
                json!(["1"]),
                r#"assigned_to is still ["1"]"#,
            ),
            (
                json!(["1"]),
                json!(["2"]),
                json!(["9"]),
                r#"assigned_to is ["9"]"#,
            ),
            (
                json!(["1"]),
                json!(["2"]),
                json!(null),
                "assigned_to is null",
            ),
            (json!(["1"]), json!([]), json!(null), ""),
            (
                json!(null),
                json!(["2"]),
                json!(null),
                "assigned_to is still null",
            ),
        ] {
            let [before, after] = [before, after].map(|value| json!({"assigned_to": value}));
            let task = json!({"id": "t", "status": "SKIPPED", "assigned_to": answer});
            let whole = json!({"id": "e", "tasks": [{"id": "s"}, task]});
            for shown in [&task, &whole] {
                let said = said(&patch, before.clone(), after.clone(), shown);
                assert_eq!(said, expected, "{shown}");
            }
            for (other, expected) in [
                (json!({}), another),
                (json!({"id": "x"}), r#"the answer is something else: "x""#),
                (
                    json!({"id": "e", "tasks": []}),
                    r#"the answer is something else: "e""#,
                ),
            ] {
                let said = said(&patch, before.clone(), after.clone(), &other);
                assert_eq!(said, expected, "{other}");
            }
        }
    }

    #[test]
    fn a_value_in_another_form_is_the_value_that_was_sent() {
        let patch = Operation::PatchFlow(id("e"));
        for (path, sent, now, is_shown) in [
            (
                "due_date",
                json!("2026-12-24T00:00:00.000"),
                json!("2026-12-24"),
                true,
            ),
            (
                "due_date",
                json!("2026-12-24T00:00:00.000Z"),
                json!("2026-12-24T00:00:00Z"),
                true,
            ),
            (
                "due_date",
                json!("2026-12-24T00:00:00.000Z"),
                json!("2026-12-23T00:00:00Z"),
                false,
            ),
            (
                "description",
                json!({"value": "x"}),
                json!({"enabled": true, "value": "x"}),
                true,
            ),
            (
                "description",
                json!({"value": "x"}),
                json!({"enabled": true}),
                false,
            ),
            (
                "reasons",
                json!([{"id": "a"}]),
                json!([{"id": "a", "title": "A"}]),
                true,
            ),
            (
                "reasons",
                json!([{"id": "a"}]),
                json!([{"id": "a"}, {"id": "b"}]),
                false,
            ),
            ("enabled", json!(false), json!(null), false),
            ("name", json!(""), json!(null), true),
            // A task that was reverted is the current one.
            ("status", json!("PENDING"), json!("SCHEDULED"), true),
            ("status", json!("COMPLETED"), json!("IN_PROGRESS"), false),
        ] {
            let answer = json!({"id": "e", path: now});
            let said = said(&patch, json!({}), json!({path: sent}), &answer);
            assert_eq!(said.is_empty(), is_shown, "{path} {sent} {now}");
        }
    }

    #[test]
    fn success_without_a_body_says_nothing_where_an_object_is_documented_or_a_read_can_tell() {
        use Operation as Op;
        let [e, t] = [|| id("e"), || id("t")];
        for (operation, needs) in [
            (Op::CreateExecution, true),
            (Op::UpdateExecution(e()), false),
            (Op::DeleteExecution(e()), false),
            (Op::CreateStep(e()), true),
            (Op::UpdateStep(e(), t()), true),
            (Op::DeleteStep(e(), t()), false),
            (Op::StartFlow, true),
            (Op::PatchFlow(e()), true),
            (Op::PatchPhase(e(), t()), true),
            (Op::AddTask(e()), true),
            (Op::PatchTask(e(), t()), true),
            (Op::RunAutomation(e(), t()), false),
            (Op::ExecuteTask(e(), t()), false),
            (Op::ReconcileAutomation(e(), t()), true),
            (Op::RunScheduleNow(e(), t()), true),
            (Op::CancelSchedule(e(), t()), false),
        ] {
            assert_eq!(needs_body(&operation), needs, "{operation:?}");
        }
    }

    #[test]
    fn an_answer_to_what_makes_something_shows_what_was_made() {
        let e = || id("e");
        let (start, v1) = (Operation::StartFlow, Operation::CreateExecution);
        let template = || json!({"started": "template"});
        for (operation, after, answer, expected) in [
            (
                &start,
                template(),
                json!({"id": "x", "flow_template_id": "template"}),
                "",
            ),
            (&start, template(), json!({"id": "x"}), ""),
            (&start, template(), json!({}), "the answer has no id"),
            (
                &start,
                template(),
                json!({"id": ""}),
                "the answer has no id",
            ),
            (
                &start,
                template(),
                json!({"id": "x", "flow_template_id": "other"}),
                r#"flow_template_id is "other""#,
            ),
            (&v1, template(), json!({"id": "x"}), ""),
            (&v1, template(), json!({}), "the answer has no id"),
            (
                &Operation::CreateStep(e()),
                json!({"step": {"name": "N"}}),
                json!({"id": "s", "name": "N"}),
                "",
            ),
            (
                &Operation::CreateStep(e()),
                json!({"step": {"name": "N"}}),
                json!({"id": "s", "name": "M"}),
                r#"name is "M""#,
            ),
            (
                &Operation::CreateStep(e()),
                json!({"step": {"name": "N"}}),
                json!({"id": "e", "flow": [{"id": "s", "type": "STEP", "name": "M"}]}),
                "the answer does not show the new step",
            ),
            (
                &Operation::AddTask(e()),
                json!({"task": {"id": "n"}}),
                json!({"id": "n"}),
                "",
            ),
            (
                &Operation::AddTask(e()),
                json!({"task": {"id": "n"}}),
                json!({"id": "e", "tasks": [{"id": "n"}]}),
                "",
            ),
            (
                &Operation::AddTask(e()),
                json!({"task": {"id": "n"}}),
                json!({"id": "e", "tasks": []}),
                "the answer does not show the new task",
            ),
        ] {
            let said = said(operation, json!({}), after, &answer);
            assert_eq!(said, expected, "{operation:?} {answer}");
        }
    }

    #[test]
    fn an_answer_to_what_does_something_shows_what_was_done_where_that_is_known() {
        let (e, t) = (|| id("e"), || id("t"));
        let task = |status: &str, automation: Value| json!({"id": "t", "status": status, "automation_execution_id": automation});
        for (operation, after, answer, expected) in [
            (
                &Operation::RunScheduleNow(e(), t()),
                json!({"status": "IN_PROGRESS"}),
                task("SCHEDULED", json!(null)),
                r#"status is "SCHEDULED""#,
            ),
            (
                &Operation::RunScheduleNow(e(), t()),
                json!({"status": "IN_PROGRESS"}),
                task("WAITING_FOR_CONFIRMATION", json!("a")),
                "",
            ),
            (
                &Operation::RunScheduleNow(e(), t()),
                json!({"status": "IN_PROGRESS"}),
                task("IN_PROGRESS", json!(null)),
                "",
            ),
            (
                &Operation::RunAutomation(e(), t()),
                json!({}),
                task("PENDING", json!(null)),
                "",
            ),
            (
                &Operation::ReconcileAutomation(e(), t()),
                json!({}),
                json!({"id": "e", "tasks": [{"id": "t"}]}),
                "",
            ),
            (
                &Operation::ExecuteTask(e(), t()),
                json!({}),
                json!({}),
                "the answer does not say what it is",
            ),
            (
                &Operation::RunAutomation(e(), t()),
                json!({}),
                json!({"id": "x", "status": "IN_PROGRESS"}),
                r#"the answer is something else: "x""#,
            ),
            (
                &Operation::CancelSchedule(e(), t()),
                json!({"status": "SKIPPED"}),
                json!({}),
                "",
            ),
            (
                &Operation::CancelSchedule(e(), t()),
                json!({"status": "SKIPPED"}),
                task("SCHEDULED", json!(null)),
                r#"status is "SCHEDULED""#,
            ),
            (
                &Operation::DeleteExecution(e()),
                json!({}),
                json!({"id": "e"}),
                "",
            ),
        ] {
            let said = said(operation, json!({}), after, &answer);
            assert_eq!(said, expected, "{operation:?} {answer}");
        }
    }

    #[test]
    fn a_long_value_is_quoted_in_part() {
        let patch = Operation::PatchFlow(id("e"));
        let answer = json!({"id": "e", "name": "ü".repeat(1_000)});
        let said = said(&patch, json!({}), json!({"name": "x"}), &answer);
        assert_eq!(said.chars().count(), "name is ".len() + QUOTED + 1);
    }
}
