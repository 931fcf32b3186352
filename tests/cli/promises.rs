//! Promises of the design that only the whole program can keep.

use std::{collections::BTreeSet, fs};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::environment::{Environment, SandboxProcess};

const NOW: &str = "2026-11-20T09:00:00Z";

fn plan(
    environment: &Environment,
    sandbox: &SandboxProcess,
    playbook: &str,
    file: &str,
    more: &[&str],
) -> String {
    let arguments = [&["plan", playbook, "-o", file, "--now", NOW], more].concat();
    environment.run_on(sandbox, &arguments).expect_code(0);
    fs::read_to_string(environment.path().join(file)).unwrap()
}

fn changes(plan: &str) -> Vec<Value> {
    let lines = plan.lines().filter(|line| line.starts_with("{\"change\""));
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn the_same_playbook_data_and_moment_give_the_same_bytes() {
    let sandbox = SandboxProcess::start(&["--epoch", "2026-11-20"]);
    let environment = Environment::new().with_playbooks();
    for playbook in [
        "playbooks/reassign.yaml",
        "playbooks/shift-due-dates.yaml",
        "playbooks/close-stale.yaml",
    ] {
        let first = plan(&environment, &sandbox, playbook, "a.plan", &[]);
        let second = plan(&environment, &sandbox, playbook, "b.plan", &[]);
        // When it was made is another moment, and so the digest is another one.
        let made = |plan: &str| {
            let (head, rest) = plan.split_once(r#","made_at":""#).unwrap();
            let (made_at, rest) = rest.split_once('"').unwrap();
            let made_at: Timestamp = made_at.parse().unwrap();
            assert!(Timestamp::now().duration_since(made_at) < SignedDuration::from_mins(5));
            let (rest, _) = rest.rsplit_once(r#","sha256":""#).unwrap();
            format!("{head}{rest}")
        };
        assert!(
            made(&first) == made(&second) && !changes(&first).is_empty(),
            "{playbook}"
        );
    }
}

#[test]
fn planning_reads_each_entity_once_and_applying_each_execution_once() {
    let sandbox = SandboxProcess::start(&["--epoch", "2026-11-20"]);
    let environment = Environment::new().with_playbooks();
    let text = plan(
        &environment,
        &sandbox,
        "playbooks/reassign.yaml",
        "x.plan",
        &[],
    );
    let planning = sandbox.ledger();
    let requests = planning.requests();
    let of = |path: &str| {
        requests
            .iter()
            .filter(|request| request["path"] == path)
            .count()
    };
    // The second page of entities is empty.
    assert_eq!(of("/v1/entity:search"), 2);
    assert_eq!(
        of("/v2/flows/executions:search"),
        120,
        "one search for each entity"
    );
    assert_eq!(requests.len(), 122);
    environment
        .run_on(
            &sandbox,
            &["apply", "x.plan", "--yes", "--max-age", "3650 days"],
        )
        .expect_code(0);
    let applying = sandbox.ledger();
    let groups: BTreeSet<String> = changes(&text)
        .iter()
        .map(|change| change["group"].as_str().unwrap().to_owned())
        .collect();
    let reads = applying.reads_by_path();
    assert_eq!(
        reads.values().sum::<usize>(),
        groups.len(),
        "one read for each execution with a change"
    );
    assert!(reads.values().all(|&times| times == 1));
    assert_eq!(applying.writes(), changes(&text).len());
}

#[test]
fn a_lost_answer_is_read_back_and_the_change_is_not_sent_again() {
    // A status, so that only a read can tell.
    let sandbox = SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"effect_only": true, "nth": 2}, "do": "drop_after_effect"},
        {"match": {"effect_only": true, "nth": 4}, "do": "drop_before_effect"}
    ]}));
    let environment = Environment::new().with_playbooks();
    let arguments = [
        "run",
        "playbooks/close-stale.yaml",
        "--yes",
        "--json",
        "--limit",
        "6",
        "--concurrency",
        "1",
        "--timeout",
        "3",
    ];
    let document = environment
        .run_on(&sandbox, &arguments)
        .expect_code(0)
        .json();
    assert_eq!(document["outcomes"]["applied"], 6, "{document}");
    let ledger = sandbox.ledger();
    assert_eq!(ledger.effects().len(), 6);
    assert_eq!(
        ledger.writes(),
        7,
        "the one that was lost on its way is sent again, the one that arrived is not"
    );
}

#[test]
fn a_run_that_the_server_throttles_waits_as_long_as_it_is_told() {
    let sandbox = SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"method": "PATCH", "nth": 3}, "do": {"status": {"code": 429, "message": "slow", "retry_after": 1}}}
    ]}));
    // Slow enough that most of the work is still to be done when the answer comes.
    let environment = Environment::new().with_playbooks_at("rate: 100/s, burst: 4, concurrency: 4");
    let arguments = [
        "run",
        "playbooks/reassign.yaml",
        "--yes",
        "--json",
        "--limit",
        "60",
    ];
    let document = environment
        .run_on(&sandbox, &arguments)
        .expect_code(0)
        .json();
    assert_eq!(document["outcomes"]["applied"], document["planned"]);
    let ledger = sandbox.ledger();
    let at = |request: &Value| request["ms"].as_u64().unwrap();
    let throttled = ledger
        .requests()
        .iter()
        .find(|request| request["status"] == 429)
        .map(at)
        .unwrap();
    // What was on its way already when the answer came is not meant.
    let soon = throttled + 400..throttled + 950;
    let early = ledger
        .requests()
        .iter()
        .filter(|request| soon.contains(&at(request)))
        .count();
    assert_eq!(early, 0, "nobody asks before the second is over");
}

#[test]
fn a_token_that_stops_working_stops_the_run_and_it_can_be_resumed() {
    let sandbox = SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"method": "PATCH", "nth": 4}, "do": {"status": {"code": 401, "message": "expired"}}}
    ]}));
    let environment = Environment::new().with_playbooks();
    let arguments = [
        "run",
        "playbooks/reassign.yaml",
        "--yes",
        "--json",
        "--concurrency",
        "1",
        "--limit",
        "10",
    ];
    let document = environment
        .run_on(&sandbox, &arguments)
        .expect_code(1)
        .json();
    assert_eq!(document["stopped"]["reason"], "unauthorized");
    assert_eq!(document["outcomes"]["applied"], 3);
    let resumed = environment
        .run_on(&sandbox, &["resume", "--last", "--json"])
        .expect_code(0)
        .json();
    assert_eq!(resumed["outcomes"]["applied"], resumed["planned"]);
}

#[test]
fn nothing_that_is_kept_can_be_read_by_others_or_holds_the_token() {
    use std::os::unix::fs::PermissionsExt;

    let environment = Environment::new().with_playbooks();
    environment
        .run(&[
            "run",
            "playbooks/reassign.yaml",
            "--sandbox",
            "--yes",
            "--limit",
            "2",
        ])
        .expect_code(0);
    environment
        .run(&[
            "plan",
            "playbooks/reassign.yaml",
            "--sandbox",
            "-o",
            "x.plan",
        ])
        .expect_code(0);
    let run = environment.runs().remove(0);
    let names = [
        "plan",
        "checkpoint.jsonl",
        "run.json",
        "report.json",
        "failed.csv",
    ]
    .map(|name| run.join(name));
    for path in names.iter().chain([&environment.path().join("x.plan")]) {
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
        assert!(!fs::read_to_string(path).unwrap().contains("Bearer"));
    }
}
