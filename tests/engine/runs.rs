//! Whole runs on an engine.

use serde_json::Value;

use crate::{
    evidence::expect_order,
    playground::{Playground, Setting, TIMEOUT},
};

/// Changes that may be repeated, that a read can tell, and that happen once.
pub(crate) const MIXED: &str = r#"
version: 1
name: engine
select:
  flows: { entities: { query: "_schema:opportunity" } }
  where: execution.status == "STARTED"
  each: task
actions:
  - reassign: { set: "77777" }
    when: task.status in ["PENDING", "IN_PROGRESS", "SCHEDULED"]
  - run_schedule_now:
    when: task.status == "SCHEDULED"
guards: { allow: [ run_schedule_now ], rejected: allow }
pace: { rate: 400/s, burst: 100, concurrency: 8 }
"#;

/// The same at another pace.
pub(crate) fn at(pace: &str) -> String {
    MIXED.replace("rate: 400/s, burst: 100, concurrency: 8", pace)
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_plan_is_applied_by_a_worker_and_what_follows_is_as_of_any_run() {
    let playground = Playground::new(&Setting::new(MIXED));
    let _worker = playground.worker();
    let apply = [
        "apply",
        "engine.plan",
        "--yes",
        "--timeout",
        TIMEOUT,
        "--json",
    ];
    let applied = playground.run(&apply).expect_code(0).json();
    assert_eq!(applied["outcomes"]["applied"], playground.planned.len());
    let records = playground.expect_innocent();
    assert!(records.finished);
    expect_order(&playground.seen(), 0, &records);

    let environment = &playground.environment;
    let status = environment.run(&["status", "--json"]).expect_code(0);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["runs"][0]["standing"], "finished", "{status}");
    environment
        .run(&["report", "--last", "--format", "markdown"])
        .expect_code(0);
    let applied = format!("{} applied changes", playground.planned.len());
    environment
        .run_on(&playground.sandbox, &["verify", "--last"])
        .expect_out(&applied);
}
