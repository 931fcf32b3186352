//! A plan and a run are of one organisation, also where no execution that was read names it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use serde_json::{Value, json};

use crate::{
    crash::start_until,
    environment::{Environment, SandboxProcess},
    operations::first,
};

/// Planning it requests nothing.
const START: &str = "version: 1
name: start
select: { entities: [ { id: c1, schema: contact }, { id: c2, schema: contact } ] }
actions: [ start: { template: tpl_hausanschluss_strom } ]
guards: { allow: [start] }
";

fn header_of(plan: &Path) -> Value {
    let text = fs::read_to_string(plan).unwrap();
    serde_json::from_str(text.lines().next().unwrap()).unwrap()
}

/// The settings of the only run.
fn settings(environment: &Environment) -> Value {
    let text = fs::read_to_string(environment.runs()[0].join("run.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn what_is_planned_for_an_organisation_is_applied_there_and_nowhere_else() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new();
    environment.file("start.yaml", START);
    let profiles = json!({"active": "work", "profiles": {
        "work": {"name": "work", "server": sandbox.url(), "org_id": "4711", "token": "sandbox"},
        "other": {"name": "other", "server": sandbox.url(), "org_id": "9999", "token": "sandbox"},
    }});
    let profiles = environment.file(".config/epilot/profiles.json", &profiles.to_string());
    fs::set_permissions(profiles, fs::Permissions::from_mode(0o600)).unwrap();

    // Asked for by a flag, or by the profile.
    for (profile, org) in [("other", &["--org", "4711"][..]), ("work", &[])] {
        let plan = ["plan", "start.yaml", "-o", "x.plan", "--profile", profile];
        environment.run(&[&plan[..], org].concat()).expect_code(0);
        assert_eq!(header_of(&environment.path().join("x.plan"))["org"], "4711");
    }
    for elsewhere in [["--org", "9999"], ["--profile", "other"]] {
        let apply = ["apply", "x.plan", "--yes"];
        environment
            .run(&[&apply[..], &elsewhere].concat())
            .expect_code(1)
            .expect_said("the plan is for organisation 4711, not for 9999")
            .expect_said("nothing was changed");
    }
    assert_eq!(sandbox.ledger().writes(), 0);
    environment
        .run(&["apply", "x.plan", "--yes"])
        .expect_code(0);
    assert_eq!(sandbox.ledger().effects().len(), 2);
    assert_eq!(settings(&environment)["org"], "4711");
}

#[test]
fn executions_of_another_organisation_than_was_asked_for_are_not_planned() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new();
    let id = first(&sandbox, "/v1/workflows/executions");
    sandbox.request("POST", &format!("/_sandbox/edit/{id}"), r#"{"orgId": "1"}"#);
    environment.file(
        "p.yaml",
        &format!("version: 1\nname: p\nselect: {{ ids: {{ list: [ {id} ], api: v1 }} }}\nactions: [ reassign: {{ set: [\"7\"] }} ]\n"),
    );
    let plan = ["plan", "p.yaml", "-o", "x.plan", "--org", "4711"];
    environment
        .run_on(&sandbox, &plan)
        .expect_code(1)
        .expect_said("organisation 4711 was requested, but the executions belong to 1");
    assert!(!environment.path().join("x.plan").exists());
}

#[test]
fn a_plan_of_no_organisation_becomes_a_run_of_the_one_that_is_asked_for() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new();
    environment.file("start.yaml", START);
    environment
        .run_on(&sandbox, &["plan", "start.yaml", "-o", "x.plan"])
        .expect_code(0);
    let header = header_of(&environment.path().join("x.plan"));
    assert_eq!(header["org"], Value::Null);
    environment
        .run_on(&sandbox, &["apply", "x.plan", "--yes", "--org", "4711"])
        .expect_code(0);
    assert_eq!(settings(&environment)["org"], "4711");
    // What names no organisation may be of this one.
    environment
        .run_on(&sandbox, &["run", "start.yaml", "--yes"])
        .expect_code(1)
        .expect_said("did this already");
    assert_eq!(sandbox.ledger().effects().len(), 2);
}

#[test]
fn a_run_of_no_organisation_has_the_server_for_itself() {
    // The first write of each run takes long.
    let slow =
        json!({"rules": [{"match": {"effect_only": true, "to": 1}, "do": {"latency_ms": 6000}}]});
    let named = ["run", "named.yaml", "--yes"];
    let nameless = ["run", "start.yaml", "--yes"];
    for (first, second) in [(named, nameless), (nameless, named)] {
        let sandbox = SandboxProcess::with_faults(&slow);
        let environment = Environment::new();
        environment.file("start.yaml", START);
        environment.file(
            "named.yaml",
            "version: 1\nname: named\npace: { rate: 3000/s, burst: 100 }\nselect: { executions: { list: {} }, limit: 1 }\nactions: [ reassign: { set: [\"7\"] } ]\n",
        );
        let command = environment.command_on(&sandbox, &first);
        let (mut child, ended) = start_until(&environment, command, 2);
        assert!(!ended);
        environment
            .run_on(&sandbox, &second)
            .expect_code(1)
            .expect_said("another run on this machine writes to http://");
        assert!(child.try_wait().unwrap().is_none(), "the first still runs");
        assert_eq!(environment.runs().len(), 1);
        assert!(child.wait().unwrap().success());
        environment.run_on(&sandbox, &second).expect_code(0);
    }
}
