//! Every operation of the API, driven by a playbook through the binary; what it did is read from the ledger.
//!
//! One file because it is one table of all operations.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::environment::{Environment, SandboxProcess};

/// What happens when the same playbook is run once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// There is nothing to do.
    Nothing,
    /// It is refused, unless it is meant.
    Refused,
}

pub(crate) struct Case {
    /// The operation, as the API's documentation calls it.
    pub(crate) operation: &'static str,
    /// The playbook without its first lines.
    pub(crate) playbook: &'static str,
    /// The effect that the ledger must show, once for each change.
    pub(crate) effect: &'static str,
    pub(crate) again: Again,
}

pub(crate) const FLOWS: &str = "flows: { entities: { query: \"_schema:opportunity\" } }";

pub(crate) const CASES: &[Case] = &[
    Case {
        operation: "createExecution",
        playbook: "select: { entities: { list: [ { id: c1, schema: contact }, { id: c2, schema: contact } ], api: v1 } }
actions: [ start: { template: def_hausanschluss_strom, assigned_to: \"10010\" } ]
guards: { allow: [start] }",
        effect: "create_execution",
        again: Again::Refused,
    },
    Case {
        operation: "updateExecution",
        playbook: "select: { executions: { list: {} }, limit: 5 }
actions: [ reassign: { set: [\"7\"] } ]",
        effect: "update_execution",
        again: Again::Nothing,
    },
    Case {
        operation: "deleteExecution",
        playbook: "select: { executions: { list: {} }, where: 'has_assignee(execution, \"10010\")' }
actions: [ delete ]
guards: { allow: [delete] }",
        effect: "delete_execution",
        again: Again::Nothing,
    },
    Case {
        operation: "createStep",
        playbook: "select: { executions: { list: {} }, where: execution.status == \"STARTED\", limit: 3 }
actions: [ add_step: { name: Call, index: 0 } ]",
        effect: "create_step",
        again: Again::Refused,
    },
    Case {
        operation: "updateStep",
        playbook: "select: { executions: { list: {} }, where: execution.status == \"STARTED\", each: step, where_each: step.status == \"ASSIGNED\" }
actions: [ set_status: IN_PROGRESS, reassign: { add: [\"7\"] } ]",
        effect: "update_step",
        again: Again::Nothing,
    },
    Case {
        operation: "updateStep, what no read shows",
        playbook: "select: { executions: { list: {} }, each: step, limit: 3 }
actions: [ { patch: { position: { index: 0 } }, converges: false } ]",
        effect: "update_step",
        again: Again::Refused,
    },
    Case {
        operation: "deleteStep",
        playbook: "select: { executions: { list: {} }, each: step, where_each: step.status == \"UNASSIGNED\" }
actions: [ delete_step ]
guards: { allow: [delete_step] }",
        effect: "delete_step",
        again: Again::Nothing,
    },
    Case {
        operation: "getClosingReasonExecution",
        playbook: "select: { executions: { list: {} }, where: execution.configuredClosingReasonSnapshot is none }
actions: [ close: { reason: [Keine Rückmeldung, Duplikat] } ]",
        effect: "update_execution",
        again: Again::Nothing,
    },
    Case {
        operation: "startFlowExecution",
        playbook: "select: { entities: [ { id: c1, schema: contact } ] }
actions: [ start: { template: tpl_hausanschluss_strom, contexts: [ { id: o1, schema: opportunity } ] } ]
guards: { allow: [start] }",
        effect: "start_flow",
        again: Again::Refused,
    },
    Case {
        operation: "patchFlowExecution",
        playbook: "select: { FLOWS, where: 'execution.status == \"STARTED\"' }
actions: [ complete ]",
        effect: "patch_flow",
        again: Again::Nothing,
    },
    Case {
        operation: "deleteFlowExecution",
        playbook: "select: { FLOWS, where: 'has_assignee(execution, \"10010\")' }
actions: [ delete ]
guards: { allow: [delete] }",
        effect: "delete_flow",
        again: Again::Nothing,
    },
    Case {
        operation: "deleteFlowExecution?soft=true",
        playbook: "select: { FLOWS, where: 'has_assignee(execution, \"10010\")' }
actions: [ delete: { soft: true } ]
guards: { allow: [delete] }",
        effect: "soft_delete_flow",
        again: Again::Nothing,
    },
    Case {
        operation: "patchTask",
        playbook: "select: { FLOWS, each: task, where_each: 'task.status == \"IN_PROGRESS\" and task.task_type == \"MANUAL\"' }
actions: [ set_status: SKIPPED ]",
        effect: "patch_task",
        again: Again::Nothing,
    },
    Case {
        operation: "runTaskAutomation",
        playbook: "select: { FLOWS, each: task, where_each: 'task.status == \"IN_PROGRESS\" and task.task_type == \"AUTOMATION\"', limit: 3 }
actions: [ run_automation ]
guards: { allow: [run_automation] }",
        effect: "run_automation",
        again: Again::Refused,
    },
    Case {
        operation: "executeTask",
        playbook: "select: { FLOWS, each: task, where_each: 'task.status == \"PENDING\" and task.enabled', limit: 3 }
actions: [ execute ]
guards: { allow: [execute] }",
        effect: "execute_task",
        again: Again::Refused,
    },
    Case {
        operation: "patchPhase",
        playbook: "select: { FLOWS, each: phase, limit: 5 }
actions: [ patch: { name: Phase } ]",
        effect: "patch_phase",
        again: Again::Nothing,
    },
    Case {
        operation: "addTask",
        playbook: "select: { FLOWS, where: execution.flow_template_id == \"tpl_hausanschluss_strom\" }
actions: [ add_task: { name: Rückfrage, after: Netzkapazität prüfen, assigned_to: [10020] } ]",
        effect: "add_task",
        again: Again::Nothing,
    },
    Case {
        operation: "cancelTaskSchedule",
        playbook: "select: { FLOWS, each: task }
actions: [ { cancel_schedule: , when: task.status == \"SCHEDULED\" } ]
guards: { allow: [cancel_schedule] }",
        effect: "cancel_schedule",
        again: Again::Nothing,
    },
    Case {
        operation: "runTaskScheduleNow",
        playbook: "select: { FLOWS, each: task, where_each: task.status == \"SCHEDULED\" }
actions: [ run_schedule_now ]
guards: { allow: [run_schedule_now] }",
        effect: "run_schedule_now",
        again: Again::Nothing,
    },
];

fn small() -> SandboxProcess {
    SandboxProcess::start(&["--executions", "240", "--automations-take", "3000000000"])
}

pub(crate) fn playbook(environment: &Environment, name: &str, rest: &str) -> String {
    let rest = rest.replace("FLOWS", FLOWS);
    let text = format!(
        "version: 1\nname: {name}\npace: {{ rate: 3000/s, burst: 100, concurrency: 8 }}\n{rest}\n"
    );
    let name: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    environment.file(&format!("{name}.yaml"), &text);
    format!("{name}.yaml")
}

#[test]
fn each_operation_that_writes_has_its_effect_once_and_then_converges_or_is_refused() {
    for case in CASES {
        let sandbox = small();
        let environment = Environment::new();
        let file = playbook(&environment, case.operation, case.playbook);
        let run = ["run", file.as_str(), "--yes", "--json"];
        let document = environment.run_on(&sandbox, &run).expect_code(0).json();
        let planned = document["planned"].as_u64().unwrap();
        assert!(planned > 0, "{}", case.operation);
        assert_eq!(
            document["outcomes"]["applied"], planned,
            "{}",
            case.operation
        );
        let ledger = sandbox.ledger();
        let effects = ledger.effects();
        assert_eq!(effects.len() as u64, planned, "{}", case.operation);
        for effect in effects {
            assert_eq!(effect["kind"], case.effect, "{}", case.operation);
        }
        match case.again {
            Again::Nothing => {
                let document = environment.run_on(&sandbox, &run).expect_code(0).json();
                assert_eq!(document["planned"], 0, "{}", case.operation);
            }
            Again::Refused => {
                environment
                    .run_on(&sandbox, &run)
                    .expect_code(1)
                    .expect_said("--again");
                assert_eq!(sandbox.ledger().effects().len() as u64, planned);
                let again = [&run[..], &["--again"]].concat();
                environment.run_on(&sandbox, &again).expect_code(0);
            }
        }
    }
}

#[test]
fn each_operation_that_reads_is_asked_by_its_source() {
    let sandbox = small();
    let environment = Environment::new();
    let flow = first(&sandbox, "/v2/flows/executions:search");
    let legacy = first(&sandbox, "/v1/workflows/executions");
    for (name, select, path) in [
        (
            "getExecutions",
            "executions: { list: {} }".to_owned(),
            "/v1/workflows/executions".to_owned(),
        ),
        (
            "getExecution",
            format!("ids: {{ list: [ {legacy} ], api: v1 }}"),
            format!("/v1/workflows/executions/{legacy}"),
        ),
        (
            "getFlowExecution",
            format!("ids: [ {flow} ]"),
            format!("/v2/flows/executions/{flow}"),
        ),
        (
            "searchFlowExecutions",
            FLOWS.to_owned(),
            "/v2/flows/executions:search".to_owned(),
        ),
        (
            "entity search",
            FLOWS.to_owned(),
            "/v1/entity:search".to_owned(),
        ),
        (
            "execution search",
            "executions: { search: { status: STARTED, include_done: true, sorting: A_Z } }"
                .to_owned(),
            "/v1/workflows/executions/search".to_owned(),
        ),
        (
            "step search",
            "executions: { steps: { status: OPEN, assigned_to: 10010, sorting: A_Z } }, each: step"
                .to_owned(),
            "/v1/workflows/executions/steps/search".to_owned(),
        ),
    ] {
        let rest = format!("select: {{ {select} }}\nactions: [ reassign: {{ add: [\"7\"] }} ]");
        let file = playbook(&environment, name, &rest);
        let before = sandbox.ledger().requests().len();
        let document = environment
            .run_on(&sandbox, &["run", &file, "--dry-run", "--json"])
            .expect_code(0)
            .json();
        assert!(document["planned"].as_u64().unwrap() > 0, "{name}");
        let ledger = sandbox.ledger();
        let paths: BTreeSet<&str> = ledger.requests()[before..]
            .iter()
            .map(|request| request["path"].as_str().unwrap())
            .collect();
        assert!(paths.contains(path.as_str()), "{name}: {paths:?}");
        assert_eq!(ledger.effects().len(), 0, "{name}");
    }
}

/// The id of one execution.
pub(crate) fn first(sandbox: &SandboxProcess, path: &str) -> String {
    if path.starts_with("/v1") {
        let rows: Value = serde_json::from_str(&sandbox.request("GET", path, "")).unwrap();
        return rows[0]["id"].as_str().unwrap().to_owned();
    }
    let query = r#"{"q": "*", "size": 1}"#;
    let found: Value =
        serde_json::from_str(&sandbox.request("POST", "/v1/entity:search", query)).unwrap();
    let entity = serde_json::json!({"entity_id": found["results"][0]["_id"], "entity_schema": "opportunity"});
    let flows: Value =
        serde_json::from_str(&sandbox.request("POST", path, &entity.to_string())).unwrap();
    flows["results"][0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn reconciling_corrects_tasks_whose_automation_has_ended_and_leaves_those_that_run() {
    let sandbox = SandboxProcess::start(&["--automations-take", "0"]);
    let environment = Environment::new();
    let file = playbook(
        &environment,
        "reconcileAutomationTask",
        "select: { FLOWS, each: task, where_each: 'task.status == \"IN_PROGRESS\" and task.task_type == \"AUTOMATION\"' }
actions: [ reconcile_automation ]",
    );
    let run = ["run", file.as_str(), "--yes", "--json"];
    let first = environment.run_on(&sandbox, &run).expect_code(0).json();
    let corrected = |ledger: &crate::ledger::Ledger| {
        let effects = ledger.effects();
        let is_correction = |effect: &&&Value| effect["fields"].get("status").is_some();
        effects.iter().filter(is_correction).count()
    };
    let after_first = corrected(&sandbox.ledger());
    let planned = first["planned"].as_u64().unwrap();
    assert!(
        after_first > 0 && (after_first as u64) < planned,
        "{after_first} of {planned}"
    );
    // What is planned again still runs, and asking again does nothing to it.
    let second = environment.run_on(&sandbox, &run).expect_code(0).json();
    assert_eq!(
        second["planned"].as_u64().unwrap(),
        planned - after_first as u64
    );
    assert_eq!(corrected(&sandbox.ledger()), after_first);
}

#[test]
fn each_converging_action_leaves_nothing_to_do_in_both_generations() {
    const V1: &str = "executions: { list: {} }";
    let whole = [(FLOWS, "execution"), (V1, "execution")];
    let parts = [
        (FLOWS, "execution"),
        (FLOWS, "phase"),
        (FLOWS, "task"),
        (V1, "execution"),
        (V1, "step"),
    ];
    let manual = " and task.task_type == \"MANUAL\"";
    let moving = [(FLOWS, "task", manual), (V1, "step", "")];
    for (action, places) in [
        ("reassign: { from: \"10010\", to: \"10020\" }", &parts[..]),
        ("reassign: { add: [\"7\"], remove: [\"10010\"] }", &parts),
        ("set_due_date: 2027-02-01", &parts),
        ("move_off_holidays", &parts),
        ("close: { reason: [Keine Rückmeldung, Duplikat] }", &whole),
        ("complete", &whole),
        ("reopen", &[(V1, "execution")]),
        (
            "patch: { name: Same }",
            &[(FLOWS, "phase"), (FLOWS, "task"), (V1, "step")],
        ),
    ] {
        for (source, level) in places {
            converges(source, level, action);
        }
    }
    // Only what may move is looked at; the rest is rejected before it is sent.
    for (source, level, manual) in moving {
        let rest = format!(
            "select: {{ {source}, where: execution.status == \"STARTED\", each: {level}, where_each: '{level}.status == \"IN_PROGRESS\" and {level}.enabled{manual}' }}\nactions: [ set_status: COMPLETED ]"
        );
        run_twice(&rest, level);
    }
}

#[test]
fn a_flow_that_has_ended_is_named_by_its_id_to_be_reopened() {
    let sandbox = small();
    let environment = Environment::new();
    let id = first(&sandbox, "/v2/flows/executions:search");
    let path = format!("/v2/flows/executions/{id}");
    sandbox.request("PATCH", &path, r#"{"status": "DONE"}"#);
    let rest = format!("select: {{ ids: [ {id} ] }}\nactions: [ reopen ]");
    let file = playbook(&environment, "reopen", &rest);
    let run = ["run", file.as_str(), "--yes", "--json"];
    assert_eq!(
        environment.run_on(&sandbox, &run).expect_code(0).json()["outcomes"]["applied"],
        1
    );
    assert_eq!(
        environment.run_on(&sandbox, &run).expect_code(0).json()["planned"],
        0
    );
}

fn converges(source: &str, level: &str, action: &str) {
    run_twice(
        &format!(
            "select: {{ {source}, each: {level} }}\nactions: [ {action} ]\nguards: {{ rejected: allow }}"
        ),
        &format!("{action} on {level} of {source}"),
    );
}

/// Planned, applied, planned again: there is nothing to do. (Some reasons to close with are configured nowhere.)
fn run_twice(rest: &str, what: &str) {
    let sandbox = small();
    let environment = Environment::new();
    let file = playbook(&environment, "p", rest);
    let run = ["run", file.as_str(), "--yes", "--json"];
    let document = environment.run_on(&sandbox, &run).json();
    let planned = document["planned"].as_u64().unwrap();
    assert!(planned > 0, "{what}");
    assert_eq!(document["outcomes"]["applied"], planned, "{what}");
    let again = environment.run_on(&sandbox, &run).json();
    assert_eq!(again["planned"], 0, "{what}");
}
