//! Expressions and templates on data that are made up: an engine at a fixed moment, and data of both generations.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use crate::{
    api::{Generation, Level, types::record},
    template::{Engine, EvalContext, EvalError, ExpressionFault, Scope},
};

/// Tuesday, 1 December 2026, 09:00 in Berlin.
pub(crate) fn engine() -> Engine {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    Engine::new("2026-12-01T08:00:00Z".parse().unwrap(), zone)
}

fn vars() -> Json {
    json!({
        "leaver": "10010", "number": 10010, "none": null, "flag": true, "text": "x", "day": "2026-11-30",
        "deep": {"a": [1, {"b": "c"}]}, "list": ["a", "b"],
    })
}

pub(crate) fn scope(generation: Generation) -> Scope {
    let of = |level| record(generation, level);
    let vars = vars();
    let keys = vars.as_object().unwrap().keys().cloned();
    Scope::default()
        .with_keys("vars", keys)
        .with_record("execution", of(Level::Execution))
        .with_record("phase", of(Level::Phase))
        .with_record("task", of(Level::Task))
        .with_instant("now")
}

pub(crate) fn context(generation: Generation) -> EvalContext {
    let (execution, phase, task) = match generation {
        Generation::V1 => v1(),
        Generation::V2 => v2(),
    };
    let of = |level| record(generation, level);
    let execution_parent = ("execution", execution.clone(), of(Level::Execution));
    let phase_parent = ("phase", phase.clone(), of(Level::Phase));
    EvalContext::default()
        .with_json("vars", &vars())
        .with_record("execution", execution, of(Level::Execution))
        .with_child(
            "phase",
            phase,
            of(Level::Phase),
            vec![execution_parent.clone()],
        )
        .with_child(
            "task",
            task,
            of(Level::Task),
            vec![phase_parent, execution_parent],
        )
}

fn v1() -> (Arc<Json>, Arc<Json>, Arc<Json>) {
    let step = json!({
        "id": "s1", "name": "Step", "type": "STEP", "assignedTo": ["10010"], "userIds": [77],
        "dueDate": "2023-01-15T20:00:00", "created": "2026-01-01T00:00:00.000Z",
        "lastUpdated": "2026-11-30T00:00:00.000Z",
    });
    let section = json!({"id": "p1", "name": "Section", "type": "SECTION", "steps": [step]});
    let execution = json!({
        "id": "e1", "name": "Old", "status": "STARTED", "assignedTo": ["10010", "10020"],
        "creationTime": "2026-09-01T10:00:00.000Z", "lastUpdateTime": "2026-11-20T10:00:00.000Z",
        "dueDate": "2026-12-24T00:00:00.000",
        "contexts": [
            {"id": "o1", "title": "O", "schema": "opportunity"},
            {"id": "c1", "title": "C", "schema": "contact"},
        ],
        "flow": [section, step],
    });
    (Arc::new(execution), Arc::new(section), Arc::new(step))
}

fn v2() -> (Arc<Json>, Arc<Json>, Arc<Json>) {
    let phase = json!({
        "id": "p1", "template_id": "tp1", "name": "Phase", "updated_at": "2026-11-30T08:00:00.000Z",
        "assigned_to": ["10030"],
    });
    let task = json!({
        "id": "t1", "template_id": "tt1", "name": "Check", "status": "PENDING", "enabled": true, "phase_id": "p1",
        "task_type": "AUTOMATION", "due_date": "2026-11-30T00:00:00.000",
        "assigned_to": ["10010", {"variable": "{{owner}}", "value": ["10020", "10010"]}, {"variable": "{{x}}"}],
        "created_at": "2026-09-01T00:00:00.000Z", "updated_at": "2026-11-01T00:00:00.000Z",
        "schedule": {"mode": "delayed", "duration": 3, "schedule_id": "x",
            "scheduled_at": "2026-12-01T15:00:00.000Z"},
        "taxonomies": ["a", "b"],
    });
    let bare = json!({"id": "t2", "template_id": "tt2", "name": "Bare", "status": "COMPLETED"});
    let execution = json!({
        "id": "e1", "flow_template_id": "f", "name": "Flow", "status": "STARTED", "assigned_to": [],
        "created_at": "2026-09-02T08:00:00.000Z", "updated_at": "2026-09-02T08:00:00.000Z",
        "due_date": "2021-04-27T12:00:00.000Z", "closing_reason": null,
        "contexts": [
            {"entity_id": "o1", "entity_schema": "opportunity", "is_primary": true},
            {"entity_id": "c1", "entity_schema": "contact"},
            {"entity_id": "c2", "entity_schema": "contact"},
        ],
        "phases": [phase], "tasks": [task, bare],
    });
    (Arc::new(execution), Arc::new(phase), Arc::new(task))
}

/// What depends on no data fails as a whole before there is any.
fn failed(text: &str, mut faults: Vec<ExpressionFault>) -> EvalError {
    assert!(
        faults.len() == 1 && faults[0].len == text.trim().len(),
        "{text}: {faults:?}"
    );
    EvalError {
        text: text.to_owned(),
        message: faults.remove(0).message,
    }
}

/// The result of a condition on the data.
pub(crate) fn test_in(generation: Generation, text: &str) -> Result<bool, EvalError> {
    match engine().expression(text, &scope(generation)) {
        Ok(expression) => expression.test(&context(generation)),
        Err(faults) => Err(failed(text, faults)),
    }
}

pub(crate) fn test(text: &str) -> Result<bool, EvalError> {
    test_in(Generation::V2, text)
}

/// The value of a template on the data.
pub(crate) fn value_in(generation: Generation, text: &str) -> Result<Json, EvalError> {
    match engine().template(text, &scope(generation)) {
        Ok(template) => template.value(&context(generation)),
        Err(faults) => Err(failed(text, faults)),
    }
}

pub(crate) fn value(text: &str) -> Result<Json, EvalError> {
    value_in(Generation::V2, text)
}

/// The message of what fails only on the data.
pub(crate) fn failure(text: &str) -> String {
    value(&format!("{{{{ {text} }}}}")).unwrap_err().message
}

pub(crate) fn faults(text: &str) -> Vec<ExpressionFault> {
    engine()
        .expression(text, &scope(Generation::V2))
        .expect_err(text)
}

/// The faults as people see them: what the caret stands under, and the words.
pub(crate) fn shown(text: &str) -> Vec<(String, String, String)> {
    let fault = |fault: ExpressionFault| {
        (
            text[fault.offset..fault.offset + fault.len].to_owned(),
            fault.message,
            fault.help.unwrap_or_default(),
        )
    };
    faults(text).into_iter().map(fault).collect()
}

/// Asserts that an expression has one fault, with this part of it and this message.
#[track_caller]
pub(crate) fn assert_one_fault(text: &str, under: &str, message: &str) {
    let faults = shown(text);
    assert_eq!(faults.len(), 1, "{text}: {faults:?}");
    let (found_under, found, _) = &faults[0];
    assert_eq!(
        (found_under.as_str(), found.as_str()),
        (under, message),
        "{text}"
    );
}
