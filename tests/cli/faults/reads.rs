//! Faults of reads: what passes is read again, what does not ends the planning or the change, and nothing is written
//! on a read that failed.

use serde_json::{Value, json};

use super::{cells, faulty, run_one};
use crate::{
    environment::{Ended, Environment, SandboxProcess},
    operations::{FLOWS, playbook},
};

/// Troubles that may be over at the next attempt.
const PASSING: [(&str, &str); 7] = [
    ("dropped", r#""drop_before_effect""#),
    ("500", r#"{"status": {"code": 500}}"#),
    ("503", r#"{"status": {"code": 503}}"#),
    ("cut body", r#""cut_body""#),
    ("slow body", r#"{"slow_body_ms": 5000}"#),
    ("latency", r#"{"latency_ms": 1500}"#),
    ("429", r#"{"status": {"code": 429, "retry_after": 1}}"#),
];

/// Answers that another attempt would only repeat.
const CONCLUSIVE: [(&str, &str); 3] = [
    ("HTML", r#""html""#),
    ("400", r#"{"status": {"code": 400, "message": "so nicht"}}"#),
    ("401", r#"{"status": {"code": 401, "message": "wer da"}}"#),
];

/// What a selection reads, and one of the requests it takes.
const SCANS: [(&str, &str, &str); 4] = [
    ("entities of flows", FLOWS, "/v1/entity:search"),
    ("flows", FLOWS, "/v2/flows/executions:search"),
    (
        "v1 list",
        "executions: { list: {} }",
        "/v1/workflows/executions",
    ),
    (
        "v1 search",
        "executions: { search: { status: STARTED } }",
        "/v1/workflows/executions/search",
    ),
];

/// What the re-check reads: one execution.
const RECHECKS: [(&str, &str, &str); 2] = [
    ("v2", FLOWS, "/v2/flows/executions/"),
    (
        "v1",
        "executions: { list: {} }",
        "/v1/workflows/executions/",
    ),
];

/// The exit code of a run that stopped by itself.
const STOPPED: i32 = 4;

/// Rules for the requests to a path, from the `from`th on to the `to`th.
fn rule(path: &str, method: &str, (from, to): (u64, u64), fault: &str) -> Value {
    let fault: Value = serde_json::from_str(fault).unwrap();
    json!({"match": {"path_contains": path, "method": method, "from": from, "to": to}, "do": fault})
}

const ONCE: (u64, u64) = (1, 1);
const ALWAYS: (u64, u64) = (1, 99);

struct Cell {
    sandbox: SandboxProcess,
    environment: Environment,
    ended: Ended,
}

impl Cell {
    /// Runs a playbook of one change on a sandbox with these rules.
    fn run(rules: &[Value], rest: &str) -> Self {
        let sandbox = faulty(&json!({ "rules": rules }), "24");
        let environment = Environment::new();
        let file = playbook(&environment, "reads", rest);
        let ended = run_one(&environment, &sandbox, &file);
        Self {
            sandbox,
            environment,
            ended,
        }
    }

    fn told(&self) -> String {
        let Ended {
            code,
            stdout,
            stderr,
        } = &self.ended;
        let requests = self.sandbox.ledger().told_from(0);
        format!("code {code}\nstdout:\n{stdout}\nstderr:\n{stderr}\nrequests:\n{requests}")
    }

    /// The run ended with this code, its one change like that, after so many writes.
    fn came_to(&self, code: i32, outcome: &str, writes: usize) {
        let told = self.told();
        assert_eq!(self.ended.code, code, "{told}");
        let document = self.ended.json();
        assert_eq!(document["planned"], 1, "{told}");
        assert_eq!(document["outcomes"][outcome], 1, "{told}");
        let ledger = self.sandbox.ledger();
        assert_eq!(writes_of(&ledger), writes, "{told}");
        assert_eq!(ledger.effects().len(), writes, "{told}");
    }
}

/// The v1 search is a POST too, and writes nothing.
fn writes_of(ledger: &crate::ledger::Ledger) -> usize {
    let searches = ledger.requests().iter();
    let searches = searches.filter(|request| request["path"] == "/v1/workflows/executions/search");
    ledger.writes() - searches.count()
}

fn reassign(select: &str) -> String {
    format!("select: {{ {select} }}\nactions: [ reassign: {{ set: [\"7\"] }} ]")
}

fn method_of(path: &str) -> &'static str {
    if path.ends_with("search") {
        "POST"
    } else {
        "GET"
    }
}

#[test]
fn a_scan_reads_again_what_may_pass_and_plans_nothing_when_it_does_not() {
    let passing = PASSING
        .iter()
        .flat_map(|fault| [(fault, ONCE), (fault, ALWAYS)]);
    let conclusive = CONCLUSIVE.iter().map(|fault| (fault, ONCE));
    let faults: Vec<_> = passing.chain(conclusive).collect();
    let cells = SCANS
        .iter()
        .flat_map(|scan| faults.iter().map(move |fault| (*scan, *fault)));
    cells::all(cells.map(|((scan, select, path), ((name, fault), times))| {
        let passes = times == ONCE && PASSING.iter().any(|(passing, _)| passing == name);
        let title = format!("scan of {scan} × {name}, {times:?}");
        (title, move || {
            let cell = Cell::run(
                &[rule(path, method_of(path), times, fault)],
                &reassign(select),
            );
            if passes {
                cell.came_to(0, "applied", 1);
                return;
            }
            let told = cell.told();
            assert_eq!(cell.ended.code, 1, "{told}");
            assert!(cell.ended.stderr.contains("error: "), "{told}");
            assert!(cell.ended.stderr.contains("nothing was written"), "{told}");
            let document: Value = serde_json::from_str(&cell.ended.stdout).unwrap();
            let error = &document["errors"][0];
            assert!(!error["causes"].as_array().unwrap().is_empty(), "{told}");
            assert_eq!(writes_of(&cell.sandbox.ledger()), 0, "{told}");
            assert!(
                cell.environment.runs().is_empty(),
                "there is no run: {told}"
            );
            // A conclusive answer is asked for once, others as often as the design says.
            let ledger = cell.sandbox.ledger();
            let asked = ledger.requests().iter();
            let asked = asked
                .filter(|request| request["path"] == path && request["method"] == method_of(path));
            let attempts = if times == ONCE { 1 } else { 3 };
            let asked = asked.count();
            // Several flows are searched at the same time, and each has its attempts.
            assert!(asked == attempts || path.starts_with("/v2"), "{told}");
        })
    }));
}

#[test]
fn a_re_check_reads_again_what_may_pass_and_nothing_is_sent_when_it_does_not() {
    let faults = [
        (&PASSING[..], ONCE, (0, "applied", 1)),
        // Where no execution can be read it is the whole run's trouble, and no change's.
        (&PASSING[..], ALWAYS, (STOPPED, "not_attempted", 0)),
        (&CONCLUSIVE[..2], ONCE, (STOPPED, "not_attempted", 0)),
        (&CONCLUSIVE[2..], ONCE, (1, "not_attempted", 0)),
        (
            &[("404", r#"{"status": {"code": 404}}"#)][..],
            ONCE,
            (5, "gone", 0),
        ),
    ];
    let cells = RECHECKS.iter().flat_map(|recheck| {
        faults.iter().flat_map(move |(faults, times, end)| {
            faults
                .iter()
                .map(move |fault| (*recheck, *fault, *times, *end))
        })
    });
    cells::all(
        cells.map(|((api, select, path), (name, fault), times, end)| {
            let title = format!("re-check ({api}) × {name}, {times:?}");
            (title, move || {
                let (code, outcome, writes) = end;
                let cell = Cell::run(&[rule(path, "GET", times, fault)], &reassign(select));
                cell.came_to(code, outcome, writes);
                if code == STOPPED {
                    let told = cell.told();
                    assert!(cell.ended.stderr.contains("could not be read"), "{told}");
                    assert!(cell.ended.stderr.contains("wf-bulk resume"), "{told}");
                }
            })
        }),
    );
}

#[test]
fn what_could_not_be_read_back_stays_in_doubt_until_a_resume_can_read() {
    let readable = [
        (
            "v2",
            format!("select: {{ {FLOWS} }}\nactions: [ complete ]"),
            RECHECKS[0].2,
            "PATCH",
        ),
        (
            "v1",
"select: { executions: { list: {} }, where: execution.status == \"STARTED\" }\nactions: [ complete ]"
                .to_owned(),
            RECHECKS[1].2,
            "PATCH",
        ),
    ];
    let faults = PASSING.iter().chain(&CONCLUSIVE);
    let cells: Vec<_> = readable
        .iter()
        .flat_map(|subject| faults.clone().map(move |fault| (subject, *fault)))
        .collect();
    cells::all(
        cells
            .into_iter()
            .map(|((api, rest, path, method), (name, fault))| {
                let title = format!("read-back ({api}) × {name}");
                (title, move || {
                    let rules = [
                        rule(path, method, ONCE, r#""drop_after_effect""#),
                        // The first is the re-check.
                        rule(path, "GET", (2, 99), fault),
                    ];
                    let mut cell = Cell::run(&rules, rest);
                    let code = if name == "401" { 1 } else { 6 };
                    cell.came_to(code, "in_doubt", 1);
                    cell.sandbox.die();
                    cell.sandbox.come_back();
                    let document = cell
                        .environment
                        .run_on(&cell.sandbox, &["resume", "--last", "--json"])
                        .expect_code(0)
                        .json();
                    assert_eq!(document["outcomes"]["applied"], 1);
                    let ledger = cell.sandbox.ledger();
                    assert_eq!(
                        (ledger.writes(), ledger.effects().len()),
                        (0, 1),
                        "it is not sent again"
                    );
                })
            }),
    );
}

/// Members that no change needs, of which nothing can be kept as it is; and a text that gets U+FFFD.
fn odd_members() -> String {
    let deep = format!("{}{}", "[".repeat(3_000), "]".repeat(3_000));
    format!(
        r#""name": "Umzug \ud83d", "deep": {deep}, "large": 1e999, "number": 123456789012345678901234, "org_id": "4711""#
    )
}

#[test]
fn what_is_odd_in_an_answer_concerns_only_the_change_that_needs_it() {
    let odd = odd_members();
    let flow = |id: &str, assigned: &str| {
        format!(r#"{{"id": "{id}", {odd}, "assigned_to": [{assigned}]}}"#)
    };
    let found = [
        flow("a", r#""1""#),
        flow("b", r#""1", 123456789012345678901234"#),
        flow("left-out", "1e999"),
    ];
    let answers = [
        (
            "POST",
            "executions:search",
            format!(r#"{{"results": [{}]}}"#, found.join(", ")),
        ),
        ("GET", "/v2/flows/executions/a", flow("a", r#""1""#)),
        ("PATCH", "/v2/flows/executions/a", flow("a", r#""2""#)),
    ];
    let rules: Vec<Value> = answers
        .iter()
        .map(|(method, path, body)| {
            json!({"match": {"path_contains": path, "method": method}, "do": {"status": {"code": 200, "body": body}}})
        })
        .collect();
    let sandbox = faulty(&json!({ "rules": rules }), "24");
    let environment = Environment::new();
    let file = playbook(
        &environment,
        "odd",
        "select: { flows: { entities: [ { id: x, schema: contact } ] }, exclude: [left-out] }\n\
         actions: [ reassign: { from: \"1\", to: \"2\" } ]\nguards: { rejected: allow }",
    );
    let ended = environment
        .run_on(&sandbox, &["run", &file, "--dry-run"])
        .expect_code(3);
    let why = "assigned_to can't be read: the number 123456789012345678901234 is too large";
    assert!(ended.stdout.contains(why), "{}", ended.stdout);
    assert!(ended.stdout.contains("Umzug \u{fffd}"), "{}", ended.stdout);
    let document = environment
        .run_on(&sandbox, &["run", &file, "--yes", "--json"])
        .expect_code(3)
        .json();
    assert_eq!(
        (&document["planned"], &document["outcomes"]["applied"]),
        (&json!(1), &json!(1))
    );
}

#[test]
fn an_answer_that_is_compressed_in_another_way_than_asked_ends_planning_with_its_name() {
    for (coding, code) in [("br", 1), ("gzip", 0)] {
        let fault = format!(r#"{{"content_encoding": "{coding}"}}"#);
        let rule = rule("executions:search", "POST", ALWAYS, &fault);
        let sandbox = faulty(&json!({"rules": [rule]}), "24");
        let environment = Environment::new();
        let file = playbook(&environment, "coded", &reassign(FLOWS));
        let ended = environment
            .run_on(&sandbox, &["run", &file, "--dry-run"])
            .expect_code(code);
        let said = ended
            .stderr
            .contains("(compressed with \"br\", and only gzip was asked for)");
        assert_eq!(said, code == 1, "{}", ended.stderr);
    }
}
