//! What the API does that a client would not expect: one test each, on the wire.

use serde_json::{Value, json};

use crate::environment::{Environment, SandboxProcess};

const FLOWS: &str = "flows: { entities: { query: \"*\" } }";

/// A sandbox whose automations never end by themselves.
fn still(faults: Option<&Value>) -> SandboxProcess {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut arguments = vec!["--executions", "240", "--automations-take", "3000000000"];
    if let Some(faults) = faults {
        std::fs::write(file.path(), faults.to_string()).unwrap();
        arguments.extend(["--faults", file.path().to_str().unwrap()]);
    }
    SandboxProcess::start(&arguments)
}

fn with_playbook(rest: &str) -> Environment {
    let environment = Environment::new();
    let rest = rest.replace("FLOWS", FLOWS);
    environment.file(
        "p.yaml",
        &format!(
            "version: 1\nname: p\npace: {{ rate: 3000/s, burst: 100, concurrency: 8 }}\n{rest}\n"
        ),
    );
    environment
}

const RUN: [&str; 4] = ["run", "p.yaml", "--yes", "--json"];

/// The lines of a plan that is written anyway.
fn plan(environment: &Environment, sandbox: &SandboxProcess, code: i32) -> Vec<Value> {
    environment
        .run_on(sandbox, &["plan", "p.yaml", "-o", "p.plan"])
        .expect_code(code);
    let text = std::fs::read_to_string(environment.path().join("p.plan")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn reasons(plan: &[Value]) -> String {
    let rejected = plan.iter().filter_map(|line| line.get("rejected"));
    rejected
        .map(|rejected| rejected["reason"].as_str().unwrap().to_owned() + "\n")
        .collect()
}

#[test]
fn floating_due_dates_come_back_in_their_form_to_the_digit() {
    let sandbox = still(None);
    let mut forms = std::collections::BTreeSet::new();
    for rest in [
        "select: { FLOWS, each: task }\nactions: [ shift_due_date: { by: 1 day } ]",
        "select: { executions: { list: {} }, each: step }\nactions: [ shift_due_date: { by: 1 day } ]",
    ] {
        let environment = with_playbook(rest);
        for line in plan(&environment, &sandbox, 0) {
            let Some(before) = line["before"]
                .as_object()
                .and_then(|fields| fields.values().next())
            else {
                continue;
            };
            let after = line["after"].as_object().unwrap().values().next().unwrap();
            let form = |date: &Value| {
                date.as_str()
                    .unwrap()
                    .replace(|c: char| c.is_ascii_digit(), "0")
            };
            assert_eq!(form(before), form(after));
            forms.insert(form(before));
        }
        environment
            .run_on(&sandbox, &["apply", "p.plan", "--yes"])
            .expect_code(0);
    }
    let forms: Vec<String> = forms.into_iter().collect();
    assert_eq!(
        forms,
        [
            "0000-00-00T00:00:00",
            "0000-00-00T00:00:00.000",
            "0000-00-00T00:00:00.000Z"
        ]
    );
}

#[test]
fn without_concurrency_control_what_somebody_else_wrote_is_not_overwritten() {
    let sandbox = still(None);
    let environment =
        with_playbook("select: { FLOWS, limit: 5 }\nactions: [ reassign: { set: [\"7\"] } ]");
    let lines = plan(&environment, &sandbox, 0);
    let theirs = lines[1]["group"].as_str().unwrap();
    let path = format!("/_sandbox/edit/{theirs}");
    sandbox.request("POST", &path, r#"{"assigned_to": ["99"]}"#);
    let document = environment
        .run_on(&sandbox, &["apply", "p.plan", "--yes", "--json"])
        .expect_code(5)
        .json();
    assert_eq!(document["outcomes"]["drifted"], 1);
    assert_eq!(document["outcomes"]["applied"], 4);
    let flow: Value = serde_json::from_str(&sandbox.request(
        "GET",
        &format!("/v2/flows/executions/{theirs}"),
        "",
    ))
    .unwrap();
    assert_eq!(flow["assigned_to"], json!(["99"]));
}

#[test]
fn a_list_of_more_than_five_megabytes_is_fetched_from_where_the_answer_refers_to() {
    // The sandbox refuses that address to who brings a token there.
    let sandbox = SandboxProcess::start(&["--executions", "36000"]);
    let environment = with_playbook(
        "select: { executions: { list: {} }, limit: 5 }\nactions: [ reassign: { set: [\"7\"] } ]",
    );
    let lines = plan(&environment, &sandbox, 0);
    assert_eq!(lines.last().unwrap()["end"]["scanned"], 6_000);
    assert_eq!(sandbox.ledger().requests().len(), 1);
}

#[test]
fn a_429_is_waited_out_in_seconds_or_until_a_date() {
    let faults = json!({"rules": [
        {"match": {"method": "GET", "nth": 1}, "do": {"status": {"code": 429, "retry_after": 1}}},
        {"match": {"method": "PATCH", "nth": 1}, "do": {"status": {"code": 429, "retry_after_date": 2}}},
    ]});
    let sandbox = still(Some(&faults));
    let environment = with_playbook(
        "select: { executions: { list: {} }, limit: 2 }\nactions: [ reassign: { set: [\"7\"] } ]",
    );
    let document = environment.run_on(&sandbox, &RUN).expect_code(0).json();
    assert_eq!(document["outcomes"]["applied"], 2);
    let arrivals = sandbox.ledger().arrivals();
    assert!(arrivals[1] - arrivals[0] >= 1_000, "{arrivals:?}");
    let waited = arrivals
        .windows(2)
        .skip(1)
        .any(|pair| pair[1] - pair[0] >= 900);
    assert!(waited, "{arrivals:?}");
}

#[test]
fn reads_have_effects_so_each_entity_is_read_once_and_nothing_is_polled() {
    let sandbox = SandboxProcess::start(&["--automations-take", "0"]);
    let environment =
        with_playbook("select: { FLOWS, limit: 5 }\nactions: [ reassign: { set: [\"7\"] } ]");
    let own = || {
        let ledger: Value =
            serde_json::from_str(&sandbox.request("GET", "/_sandbox/ledger", "")).unwrap();
        let effects = ledger["effects"].as_array().unwrap().clone();
        effects
            .iter()
            .filter(|effect| effect["request"].is_null())
            .count()
    };
    plan(&environment, &sandbox, 0);
    let healed = own();
    assert!(
        healed > 0,
        "reading a flow heals what its tasks have missed"
    );
    let searches = |ledger: &crate::ledger::Ledger| {
        let requests = ledger.requests().iter();
        requests
            .filter(|request| request["path"] == "/v2/flows/executions:search")
            .count()
    };
    assert_eq!(searches(&sandbox.ledger()), 400);
    environment
        .run_on(&sandbox, &["apply", "p.plan", "--yes"])
        .expect_code(0);
    assert_eq!(sandbox.ledger().reads_by_path().len(), 5);
    assert!(
        sandbox
            .ledger()
            .reads_by_path()
            .values()
            .all(|&reads| reads == 1)
    );
}

#[test]
fn a_status_that_a_task_can_not_reach_is_refused_before_it_is_sent() {
    let sandbox = still(None);
    for (filter, action, reason) in [
        (
            "task.status == \"PENDING\" and task.enabled",
            "set_status: COMPLETED",
            "COMPLETED only from IN_PROGRESS",
        ),
        (
            "task.status == \"PENDING\" and not task.enabled",
            "set_status: SKIPPED",
            "is not enabled",
        ),
        (
            "task.status == \"IN_PROGRESS\" and task.task_type == \"DECISION\" and task.trigger_mode == \"manual\"",
            "set_status: COMPLETED",
            "say which branch it takes",
        ),
        (
            "task.status == \"COMPLETED\"",
            "set_status: PENDING",
            "resets every later task",
        ),
    ] {
        let rest = format!(
            "select: {{ FLOWS, each: task, where_each: '{filter}' }}\nactions: [ {action} ]"
        );
        let lines = plan(&with_playbook(&rest), &sandbox, 3);
        assert!(
            reasons(&lines).contains(reason),
            "{filter}: {}",
            reasons(&lines)
        );
        assert_eq!(lines.last().unwrap()["end"]["changes"], 0, "{filter}");
    }
    // With the flag, a task goes back, and every later one with it.
    let environment = with_playbook(
        "select: { FLOWS, each: task, where_each: 'task.status == \"COMPLETED\" and task.phase.status == \"IN_PROGRESS\"', limit: 1 }
actions: [ set_status: { to: PENDING, revert: true } ]
guards: { allow: [revert] }",
    );
    environment.run_on(&sandbox, &RUN).expect_code(0);
    let ledger = sandbox.ledger();
    let effect = ledger.effects()[0];
    assert_eq!(effect["fields"]["status"]["after"], "PENDING");
}

#[test]
fn a_schedule_that_was_made_anew_is_neither_run_nor_cancelled() {
    for action in ["run_schedule_now", "cancel_schedule"] {
        let sandbox = still(None);
        let rest = format!(
            "select: {{ FLOWS, each: task, where_each: task.status == \"SCHEDULED\", limit: 2 }}\nactions: [ {action} ]\nguards: {{ allow: [{action}] }}"
        );
        let environment = with_playbook(&rest);
        let lines = plan(&environment, &sandbox, 0);
        let (flow, task) = (&lines[1]["group"], &lines[1]["target"]["id"]);
        let edit =
            json!({"task": task, "set": {"schedule": {"schedule_id": "another"}}}).to_string();
        sandbox.request(
            "POST",
            &format!("/_sandbox/edit/{}", flow.as_str().unwrap()),
            &edit,
        );
        let document = environment
            .run_on(&sandbox, &["apply", "p.plan", "--yes", "--json"])
            .expect_code(5)
            .json();
        assert_eq!(document["outcomes"]["drifted"], 1, "{action}");
        assert_eq!(document["outcomes"]["applied"], 1, "{action}");
    }
}

#[test]
fn what_has_a_key_of_its_own_is_added_once_and_what_has_none_is_never_sent_again() {
    let faults =
        json!({"rules": [{"match": {"effect_only": true, "nth": 1}, "do": "drop_after_effect"}]});
    // The id of a task is the client's, so that a read tells whether it is there.
    let sandbox = still(Some(&faults));
    let environment = with_playbook(
        "select: { FLOWS, where: execution.flow_template_id == \"tpl_hausanschluss_strom\", limit: 1 }
actions: [ add_task: { name: Neu, after: Netzkapazität prüfen } ]",
    );
    let document = environment.run_on(&sandbox, &RUN).expect_code(0).json();
    assert_eq!(document["outcomes"]["applied"], 1);
    assert_eq!(sandbox.ledger().effects().len(), 1);
    // That of a step or of a started flow is the service's: nobody can tell, and a person has to look.
    for rest in [
        "select: { executions: { list: {} }, where: execution.status == \"STARTED\", limit: 1 }\nactions: [ add_step: { name: Neu, index: 0 } ]",
        "select: { entities: [ { id: c1, schema: contact } ] }\nactions: [ start: { template: tpl_hausanschluss_strom } ]\nguards: { allow: [start] }",
    ] {
        let sandbox = still(Some(&faults));
        let environment = with_playbook(rest);
        let document = environment.run_on(&sandbox, &RUN).expect_code(6).json();
        assert_eq!(document["outcomes"]["in_doubt"], 1);
        environment
            .run_on(&sandbox, &["resume", "--last", "--yes"])
            .expect_code(6);
        assert_eq!(sandbox.ledger().effects().len(), 1, "it is not sent again");
    }
}

#[test]
fn a_soft_delete_hides_the_flow_and_a_lost_answer_to_a_delete_is_told_by_its_absence() {
    let faults =
        json!({"rules": [{"match": {"method": "DELETE", "nth": 1}, "do": "drop_after_effect"}]});
    for (action, kind) in [
        ("delete: { soft: true }", "soft_delete_flow"),
        ("delete", "delete_flow"),
    ] {
        let sandbox = still(Some(&faults));
        let rest = format!(
            "select: {{ FLOWS, limit: 2 }}\nactions: [ {action} ]\nguards: {{ allow: [delete] }}"
        );
        let environment = with_playbook(&rest);
        let document = environment.run_on(&sandbox, &RUN).expect_code(0).json();
        assert_eq!(document["outcomes"]["applied"], 2);
        let ledger = sandbox.ledger();
        assert_eq!(ledger.effects().len(), 2);
        assert!(ledger.effects().iter().all(|effect| effect["kind"] == kind));
    }
}

#[test]
fn an_id_that_the_url_standard_would_fold_away_never_leaves() {
    let sandbox = still(None);
    let environment = with_playbook(
        "select: { ids: { file: ids.txt } }\nactions: [ reassign: { set: [\"7\"] } ]",
    );
    environment.file("ids.txt", "id\n..\n%2E%2E\na/b\na?b\n.hidden\n");
    let lines = plan(&environment, &sandbox, 3);
    assert_eq!(reasons(&lines).matches("can't be used").count(), 5);
    assert!(sandbox.ledger().requests().is_empty());
}
