//! How often earlier sessions have tried a change is nothing against it.

use serde_json::json;

use super::{
    library::interposer,
    point::{Call, Point, What},
};
use crate::environment::{Environment, SandboxProcess};

const PLAYBOOK: &str = r#"
version: 1
name: put-off
select:
  flows: { entities: { query: "_schema:opportunity" } }
  where: execution.status == "STARTED"
  limit: 1
actions:
  - reassign: { set: "77777" }
pace: { concurrency: 1 }
"#;

#[test]
fn a_change_that_sessions_died_with_is_still_put_off_by_a_429_and_does_not_fail() {
    // The first write that arrives is put off.
    let environment = Environment::new();
    let faults = json!({"rules": [
        {"match": {"effect_only": true, "nth": 1}, "do": {"status": {"code": 429, "retry_after": 0}}}
    ]});
    let faults = environment.file("faults.json", &faults.to_string());
    let faults = faults.to_str().unwrap();
    let sandbox = SandboxProcess::start(&["--executions", "30", "--faults", faults]);
    environment.file("put_off.yaml", PLAYBOOK);
    let plan = ["plan", "put_off.yaml", "-o", "put_off.plan", "-q"];
    environment.run_on(&sandbox, &plan).expect_code(0);

    let apply = ["apply", "put_off.plan", "--yes", "--timeout", "1"];
    let resume = ["resume", "--last", "--timeout", "1"];
    // Each dies just before its write leaves, which is the request behind the read.
    for arguments in [&apply[..], &resume, &resume] {
        let point = Point {
            call: Call::Send,
            nth: 2,
            what: What::KillBefore,
        };
        environment
            .command_on(&sandbox, arguments)
            .env("LD_PRELOAD", interposer())
            .env("WF_BULK_POINT", point.to_string())
            .output()
            .unwrap();
        assert_eq!(sandbox.ledger().writes(), 0);
    }
    let document = environment
        .run_on(&sandbox, &["resume", "--last", "--json", "--timeout", "1"])
        .expect_code(0)
        .json();
    assert_eq!(document["outcomes"]["applied"], 1);
    assert_eq!(sandbox.ledger().effects().len(), 1);
}
