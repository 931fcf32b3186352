use serde_json::json;

use super::*;
use crate::{
    api::Generation,
    template::Scope,
    testing::expressions::{engine, failure, test, value},
};

#[test]
fn a_condition_gives_true_or_false_and_none_counts_as_false() {
    for (condition, result) in [
        ("true", Ok(true)),
        ("task.enabled", Ok(true)),
        ("phase.analytics.started_at is none", Ok(true)),
        ("none", Ok(false)),
        ("vars.none", Ok(false)),
        ("vars.flag", Ok(true)),
        ("task.manually_created", Ok(false)),
        ("task.status == 'PENDING' and task.enabled", Ok(true)),
        ("vars.none and task.enabled", Ok(false)),
        ("vars.text and vars.flag", Ok(true)),
        ("not vars.none", Ok(true)),
        (
            "vars.text",
            Err("a condition gives true or false, this gives text"),
        ),
        (
            "vars.number",
            Err("a condition gives true or false, this gives a number"),
        ),
        (
            "vars.deep",
            Err("a condition gives true or false, this gives an object"),
        ),
        (
            "vars.list",
            Err("a condition gives true or false, this gives a list"),
        ),
        (
            "vars.flag and now",
            Err("a condition gives true or false, this gives an instant"),
        ),
        (
            "vars.deep.zzz",
            Err("the value is undefined: the data have no such key"),
        ),
        (
            "vars.deep.zzz and true",
            Err("a value is undefined: the data have no such key"),
        ),
    ] {
        let result = result.map_err(str::to_owned);
        assert_eq!(
            test(condition).map_err(|error| error.message),
            result,
            "{condition}"
        );
    }
}

#[test]
fn a_whole_expression_keeps_its_type_and_a_part_becomes_text() {
    for (template, result) in [
        ("{{ vars.number }}", json!(10010)),
        ("{{vars.flag}}", json!(true)),
        ("{{ vars.none }}", json!(null)),
        ("{{ vars.deep }}", json!({"a": [1, {"b": "c"}]})),
        ("{{ vars.deep.a[1]['b'] }}", json!("c")),
        ("{{ task.assigned_to[0] }}", json!("10010")),
        (
            "{{ task.execution.contexts[1] }}",
            json!({"entity_id": "c1", "entity_schema": "contact"}),
        ),
        (
            "{{ task.phase.name if task.phase else 'x' }}",
            json!("Phase"),
        ),
        ("{{ vars.number }} ", json!("10010 ")),
        (
            "a {{ vars.flag }} b {{ vars.number }}",
            json!("a true b 10010"),
        ),
        (
            "{{ task.name }}: {{ task.phase.name }}",
            json!("Check: Phase"),
        ),
        ("plain", json!("plain")),
        ("", json!("")),
        ("a { b } }} c", json!("a { b } }} c")),
        ("{{ '{{ }}' }}", json!("{{ }}")),
        ("<{{ '<&>' }}>\n", json!("<<&>>\n")),
    ] {
        assert_eq!(value(template), Ok(result), "{template}");
    }
}

#[test]
fn none_inside_of_a_text_is_an_error_with_a_cure() {
    let error = value("due {{ phase.due_date }}").unwrap_err();
    assert_eq!(error.text, "due {{ phase.due_date }}");
    assert!(error.message.contains("`| default("), "{error}");
    assert_eq!(
        value("due {{ phase.due_date | default('never') }}"),
        Ok(json!("due never"))
    );
}

#[test]
fn a_text_without_an_expression_is_a_literal() {
    let literal = |text: &str| {
        let template = engine().template(text, &Scope::default()).unwrap();
        template.literal().map(str::to_owned)
    };
    assert_eq!(literal("plain").as_deref(), Some("plain"));
    assert_eq!(literal("").as_deref(), Some(""));
    assert_eq!(literal("a {{ 1 }}"), None);
    assert_eq!(literal("{{ 1 }}"), None);
}

#[test]
fn an_evaluation_that_never_ends_runs_out_of_fuel() {
    assert_eq!(
        failure("'x' * 1000000000"),
        "this takes too many steps: simplify it"
    );
}

#[test]
fn many_tasks_do_not_use_up_the_fuel() {
    let task = json!({"id": "t", "name": "n", "status": "PENDING"});
    let execution = Arc::new(json!({"tasks": vec![task; 5000]}));
    let record = crate::api::types::record(Generation::V2, crate::api::Level::Execution);
    let scope = Scope::default().with_record("execution", record);
    let text = "execution.tasks | selectattr('status', 'eq', 'PENDING') | length == 5000";
    let expression = engine().expression(text, &scope).unwrap();
    let context = EvalContext::default().with_record("execution", execution, record);
    assert_eq!(expression.test(&context), Ok(true));
}

#[test]
fn what_is_compiled_can_be_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<Expression>();
    shared::<Template>();
    shared::<EvalContext>();
}
