//! The pace, seen from the server.

use serde_json::json;

use crate::environment::{Environment, SandboxProcess};

#[test]
fn the_server_never_sees_more_than_the_rate_and_the_burst() {
    const RATE: i64 = 100;
    const BURST: i64 = 8;
    // With answers of 429 in between, whose repetitions count as well.
    let sandbox = SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"method": "PATCH", "every": 40}, "do": {"status": {"code": 429, "message": "slow", "retry_after": 0}}}
    ]}));
    let environment =
        Environment::new().with_playbooks_at("rate: 100/s, burst: 8, concurrency: 32");
    let arguments = ["run", "playbooks/reassign.yaml", "--yes", "--json"];
    // Before the first permit; so whatever holds requests up on their way, none is too early.
    let start = jiff::Timestamp::now().as_millisecond();
    let document = environment
        .run_on(&sandbox, &arguments)
        .expect_code(0)
        .json();
    assert!(document["retries"].as_u64().unwrap() >= 3, "{document}");

    let arrivals = sandbox.ledger().arrivals();
    assert_eq!(document["requests"].as_u64(), Some(arrivals.len() as u64));
    for (seen, at) in (1..).zip(arrivals) {
        let passed_ms = at - start;
        assert!(
            seen * 1000 <= RATE * passed_ms + BURST * 1000,
            "{seen} requests in {passed_ms} ms"
        );
    }
}
