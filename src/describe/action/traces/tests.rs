use super::*;
use crate::api::Id;

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

fn fields(value: Value) -> BTreeMap<String, Value> {
    serde_json::from_value(value).unwrap()
}

/// The read of a request in doubt that was sent at 9:00, and what an answer to it shows.
fn seen(
    operation: &Operation,
    body: Value,
    requires: Value,
    found: Option<&Value>,
) -> (TraceRead, String) {
    let (body, requires, none) = (fields(body), fields(requires), BTreeMap::new());
    let after = fields(json!({"status": "PENDING"}));
    let doubted = Doubted {
        operation,
        body: &body,
        expected: Expected {
            before: &none,
            after: &after,
            requires: &requires,
        },
        sent_at: "2026-12-01T09:00:00Z".parse().ok(),
    };
    (doubted.read().unwrap(), doubted.traces(found))
}

#[test]
fn the_executions_of_the_template_since_the_send_are_named_and_their_absence_is_said() {
    let body = json!({"flow_template_id": "tpl", "contexts": [{"entity_id": "c1", "entity_schema": "contact"}]});
    let flow = |id: &str, template: &str, at: &str| json!({"id": id, "name": "Move", "flow_template_id": template, "created_at": at});
    for (flows, said) in [
        (
            json!([]),
            "no running flow of this template since 2026-12-01 08:58 UTC",
        ),
        (
            json!([
                flow("a", "tpl", "2026-12-01T08:57:59Z"),
                flow("b", "other", "2026-12-01T09:00:01Z"),
                flow("c", "tpl", "2026-12-01T08:59:30Z"),
            ]),
            "1 running flow of this template since 2026-12-01 08:58 UTC: “Move” c (2026-12-01T08:59:30Z)",
        ),
        (
            json!([
                flow("a", "tpl", "x"),
                flow("b", "tpl", "2026-12-01T09:00:01Z")
            ]),
            "2 running flows of this template since 2026-12-01 08:58 UTC: “Move” a (x), “Move” b (2026-12-01T09:00:01Z)",
        ),
    ] {
        let answer = json!({"results": flows});
        let (read, seen) = seen(
            &Operation::StartFlow,
            body.clone(),
            json!({}),
            Some(&answer),
        );
        assert_eq!(seen, said);
        assert_eq!(read.operation, Operation::SearchFlows);
        assert_eq!(
            read.body.as_deref(),
            Some(r#"{"entity_id":"c1","entity_schema":"contact"}"#)
        );
    }
    let body = json!({"workflowId": "w", "contexts": [{"id": "c1", "schema": "contact"}]});
    let list = json!([
        {"id": "a", "name": "Move", "definitionId": "w", "creationTime": "2026-12-01T09:00:01Z"},
        {"id": "b", "name": "Move", "creationTime": "2026-12-01T09:00:02Z"},
        {"id": "c", "name": "Move", "definitionId": "v", "creationTime": "2026-12-01T09:00:02Z"}
    ]);
    let (read, seen) = seen(&Operation::CreateExecution, body, json!({}), Some(&list));
    insta::assert_snapshot!(seen, @"2 executions of this template since 2026-12-01 08:58 UTC: “Move” a (2026-12-01T09:00:01Z), “Move” b (2026-12-01T09:00:02Z)");
    assert_eq!(
        read.query,
        [
            ("context", "c1".to_owned()),
            ("schema", "contact".to_owned())
        ]
    );
}

#[test]
fn another_automation_of_a_task_is_told_from_the_one_before() {
    let run = Operation::RunAutomation(id("e"), id("t"));
    let execute = Operation::ExecuteTask(id("e"), id("t"));
    let before = json!({"target.automation_execution_id": "old", "target.automation_config.execution_id": null});
    let task = |automation: &str| {
        Some(
            json!({"id": "e", "tasks": [{"id": "t", "status": "IN_PROGRESS", "automation_execution_id": automation}]}),
        )
    };
    for (operation, requires, found, said) in [
        (
            &run,
            &before,
            task("new"),
            "the task is IN_PROGRESS; automation_execution_id is new now, it was old",
        ),
        (
            &run,
            &before,
            task("old"),
            "the task is IN_PROGRESS; automation_execution_id is old, as before",
        ),
        (
            &execute,
            &json!({}),
            task("any"),
            "the task is IN_PROGRESS; automation_execution_id is any",
        ),
        (
            &run,
            &before,
            Some(json!({"id": "e", "tasks": []})),
            "the task does not exist",
        ),
        (&run, &before, None, "the execution does not exist"),
    ] {
        let (read, seen) = seen(operation, json!({}), requires.clone(), found.as_ref());
        assert_eq!(seen, said);
        assert_eq!(read.operation, Operation::GetFlow(id("e")));
    }
}

#[test]
fn steps_of_the_new_name_and_the_present_values_of_fields_are_told() {
    let add = Operation::CreateStep(id("e"));
    let step = |id: &str, name: &str| json!({"id": id, "name": name, "type": "STEP", "created": "2026-12-01T09:00:01Z"});
    let execution = json!({"id": "e", "flow": [
        {"id": "s", "type": "SECTION", "steps": [step("a", "Call"), step("b", "Mail")]}, step("c", "Call")
    ]});
    for (name, said) in [
        (
            "Call",
            "2 steps are named “Call”: a (2026-12-01T09:00:01Z), c (2026-12-01T09:00:01Z)",
        ),
        ("Mail", "1 step is named “Mail”: b (2026-12-01T09:00:01Z)"),
        ("Visit", "no step is named “Visit”"),
    ] {
        let body = json!({"name": name});
        let (_, seen) = seen(&add, body, json!({}), Some(&execution));
        assert_eq!(seen, said);
    }
    let patch = Operation::PatchTask(id("e"), id("t"));
    let flow = json!({"id": "e", "tasks": [{"id": "t", "status": "ON_HOLD"}]});
    let (_, seen) = seen(&patch, json!({}), json!({}), Some(&flow));
    assert_eq!(seen, "status is ON_HOLD");
}
