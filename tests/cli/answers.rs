//! Answers that are not what was asked for, through the binary.

use serde_json::{Value, json};

use crate::environment::{Environment, SandboxProcess};

fn run(faults: &Value, code: i32) -> (Value, SandboxProcess, Environment) {
    let environment = Environment::new().with_playbooks();
    let sandbox = SandboxProcess::with_faults(faults);
    let run = [
        "run",
        "playbooks/reassign.yaml",
        "--yes",
        "--json",
        "--settle",
        "1",
    ];
    let document = environment.run_on(&sandbox, &run).expect_code(code).json();
    (document, sandbox, environment)
}

#[test]
fn success_that_shows_the_old_value_is_looked_at_and_sent_again() {
    let lies = json!({"rules": [
        {"match": {"effect_only": true, "nth": 1}, "do": "stale_body"},
        {"match": {"effect_only": true, "nth": 3}, "do": "empty_object"},
        {"match": {"effect_only": true, "nth": 5}, "do": "empty_body"},
    ]});
    let (document, sandbox, _) = run(&lies, 0);
    let applied = document["outcomes"]["applied"].as_u64().unwrap();
    assert_eq!(applied, document["planned"], "{document}");
    assert_eq!(sandbox.ledger().effects().len() as u64, applied);
}

#[test]
fn a_start_from_a_template_that_is_not_there_is_refused_and_the_run_stops() {
    let environment = Environment::new();
    let entity = |number| format!("{{ id: c{number}, schema: contact }}");
    let entities: Vec<String> = (1..=30).map(entity).collect();
    let entities = entities.join(", ");
    environment.file(
        "start.yaml",
        &format!(
            "version: 1\nname: start\npace: {{ rate: 3000/s, burst: 100, concurrency: 1 }}\n\
             select: {{ entities: {{ list: [ {entities} ] }} }}\n\
             actions: [ start: {{ template: tpl_no_such }} ]\nguards: {{ allow: [start] }}\n"
        ),
    );
    let sandbox = SandboxProcess::with_faults(&json!({"rules": []}));
    let start = ["run", "start.yaml", "--yes", "--json"];
    let document = environment.run_on(&sandbox, &start).expect_code(4).json();
    assert_eq!(document["outcomes"]["refused"], 10, "{document}");
    assert_eq!(document["outcomes"]["not_attempted"], 20, "{document}");
    let failed = std::fs::read_to_string(environment.runs()[0].join("failed.csv")).unwrap();
    assert!(
        failed.contains("404: there is no flow template tpl_no_such"),
        "{failed}"
    );
}
