//! Samples: playbooks from YAML, executions, and their plan without a network.

use std::{path::Path, sync::Arc};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    action::Allow,
    api::{Generation, Id},
    plan::{Builder, Change, Item, PlanHeader},
    playbook::{self, IdList, Overrides, Playbook},
    selection::Chooser,
    target::Execution,
};

/// Tuesday, 1 December 2026, 09:00 in Berlin.
pub(crate) fn now() -> Timestamp {
    "2026-12-01T08:00:00Z".parse().unwrap()
}

/// A playbook without its first two lines. It may read files in the folder for temporary files.
pub(crate) fn playbook(rest: &str) -> Playbook {
    let source = format!("version: 1\nname: test\n{rest}");
    playbook::load(
        Path::new("test.yaml"),
        source,
        &Overrides::default(),
        &[std::env::temp_dir()],
        now(),
    )
    .unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false, None)))
}

/// A playbook over the flows of one contact; `select` holds the rest of that map.
pub(crate) fn over_flows(select: &str, rest: &str) -> Playbook {
    playbook(&format!(
        "select: {{ flows: {{ entities: [ {{ id: c1, schema: contact }} ] }}, {select} }}\n{rest}"
    ))
}

/// A playbook over the executions of the first generation.
pub(crate) fn over_executions(select: &str, rest: &str) -> Playbook {
    playbook(&format!(
        "select: {{ executions: {{ list: {{}} }}, {select} }}\n{rest}"
    ))
}

/// A list of ids with blanks between them.
pub(crate) fn id_list(origin: &str, ids: &str) -> IdList {
    IdList {
        origin: origin.to_owned(),
        ids: ids
            .split_whitespace()
            .map(|id| Id::new(id).unwrap())
            .collect(),
    }
}

/// `base` with other or more fields.
pub(crate) fn with(mut base: Value, fields: &Value) -> Value {
    let base_fields = base.as_object_mut().unwrap();
    base_fields.extend(fields.as_object().unwrap().clone());
    base
}

pub(crate) fn flow_json(id: &str, fields: &Value) -> Value {
    let base =
        json!({"id": id, "org_id": "4711", "name": format!("Flow {id}"), "status": "STARTED"});
    with(base, fields)
}

/// A flow of the second generation.
pub(crate) fn flow(id: &str, fields: &Value) -> Execution {
    Execution::new(Generation::V2, flow_json(id, fields)).unwrap()
}

/// An automation on `id` that waits for its time.
pub(crate) fn scheduled(id: &str, fields: &Value) -> Value {
    let base = json!({
        "id": id, "name": "Send", "status": "SCHEDULED", "task_type": "AUTOMATION", "automation_config": {"flow_id": "a"},
        "schedule": {"mode": "delayed", "schedule_id": "s", "scheduled_at": "2026-12-24T08:00:00.000Z"},
    });
    with(base, fields)
}

pub(crate) fn row_json(id: &str, fields: &Value) -> Value {
    let base =
        json!({"id": id, "orgId": "4711", "name": format!("Execution {id}"), "status": "STARTED"});
    with(base, fields)
}

/// An execution of the first generation.
pub(crate) fn row(id: &str, fields: &Value) -> Execution {
    Execution::new(Generation::V1, row_json(id, fields)).unwrap()
}

/// An execution of the first generation with these steps, which stand in no section.
pub(crate) fn legacy(id: &str, steps: &[Value]) -> Execution {
    let steps: Vec<Value> = steps
        .iter()
        .map(|step| with(json!({"type": "STEP", "name": "Step"}), step))
        .collect();
    row(id, &json!({"flow": steps}))
}

/// The header of a plan on the sandbox, without guards.
pub(crate) fn plan_header() -> PlanHeader {
    let allow: Vec<&str> = Allow::words().map(|(word, _)| word).collect();
    serde_json::from_value(json!({
        "wf_bulk_plan": 1,
        "playbook": {"name": "p", "sha256": "00", "converges": true, "repeatable": false},
        "vars": {"leaver": "10010"},
        "server": "sandbox", "org": "4711", "now": "2026-12-01T08:00:00Z", "timezone": "Europe/Berlin",
        "pace": {"rate": "8/s", "burst": 4, "concurrency": 4, "stop_after": 10},
        "guards": {"allow": allow, "rejected": "refuse"},
        "tool": "wf-bulk 0.1.0",
    }))
    .unwrap()
}

/// The lines of one execution that `where` keeps, without those that could not be looked at.
pub(crate) fn lines(playbook: &Playbook, execution: &Execution) -> Vec<Item> {
    let chosen = Chooser::new(playbook).choose(execution);
    assert_eq!(chosen.rejected, []);
    let builder = Builder::new(playbook);
    let items = builder.group(execution, &chosen.parts).unwrap();
    // Whatever an action reads is not left out.
    let mut slim = execution.clone();
    for field in playbook.unread() {
        let data = Arc::make_mut(&mut slim.data).as_object_mut();
        data.unwrap().remove(*field);
    }
    assert_eq!(Chooser::new(playbook).choose(&slim), chosen);
    assert_eq!(builder.group(&slim, &chosen.parts).unwrap(), items);
    items
}

pub(crate) fn changes(playbook: &Playbook, execution: &Execution) -> Vec<Change> {
    let items = lines(playbook, execution).into_iter();
    items
        .filter_map(|item| match item {
            Item::Change(change) => Some(*change),
            Item::Skipped(_) | Item::Rejected(_) => None,
        })
        .collect()
}

/// The plan of one execution in short, a line for each item.
pub(crate) fn said(playbook: &Playbook, execution: &Execution) -> Vec<String> {
    lines(playbook, execution).iter().map(short).collect()
}

pub(crate) fn short(item: &Item) -> String {
    match item {
        Item::Change(change) => {
            let method = json!(change.request.method);
            let body = json!(change.request.body);
            format!(
                "{} {} {body}",
                method.as_str().unwrap(),
                change.request.path
            )
        }
        Item::Skipped(skip) => {
            let place = skip.target.id.as_ref().unwrap_or(&skip.target.execution);
            let word = if skip.out_of_reach {
                "out of reach"
            } else {
                "skipped"
            };
            format!("{word} {place}: {}", skip.reason)
        }
        Item::Rejected(rejection) => {
            let target = rejection.target.as_ref().unwrap();
            let place = target.id.as_ref().unwrap_or(&target.execution);
            format!("rejected {place}: {}", rejection.reason)
        }
    }
}
