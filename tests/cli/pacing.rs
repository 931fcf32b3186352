//! The pace, seen from the server.

use serde_json::json;

use crate::environment::{Environment, SandboxProcess};

#[test]
fn the_server_never_sees_more_than_the_rate_and_the_burst() {
    const RATE: u64 = 100;
    const BURST: u64 = 8;
    // What the way to the server may add to the distance of two requests.
    const JITTER_MS: u64 = 40;
    // With answers of 429 in between, whose repetitions count as well.
    let sandbox = SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"method": "PATCH", "every": 40}, "do": {"status": {"code": 429, "message": "slow", "retry_after": 0}}}
    ]}));
    let environment =
        Environment::new().with_playbooks_at("rate: 100/s, burst: 8, concurrency: 32");
    let arguments = ["run", "playbooks/reassign.yaml", "--yes", "--json"];
    let document = environment
        .run_on(&sandbox, &arguments)
        .expect_code(0)
        .json();
    assert!(document["retries"].as_u64().unwrap() >= 3, "{document}");

    // Without the question for the ledger itself.
    let arrivals = sandbox.ledger().arrivals();
    let requests = usize::try_from(document["requests"].as_u64().unwrap()).unwrap();
    let arrivals = &arrivals[..requests];
    for (first, &start) in arrivals.iter().enumerate() {
        for (seen, &end) in (1..).zip(&arrivals[first..]) {
            let window_ms = end - start + JITTER_MS;
            assert!(
                seen * 1000 <= RATE * window_ms + BURST * 1000,
                "{seen} requests in {window_ms} ms"
            );
        }
    }
}
