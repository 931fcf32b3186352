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
