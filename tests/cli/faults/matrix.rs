//! Every fault × every action × every generation that has it, through the binary against a sandbox process of its own.

use std::{
    collections::BTreeSet,
    fs, thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use wf_bulk::{
    action::{self, Repeat},
    checkpoint::{Checkpoint, Record},
};

use super::{
    actions::{SUBJECTS, Subject},
    cells, faulty, run_one,
    table::{Effect, Expected, FAULTS, Fault, Meaning, TIMEOUT_S, expected},
};
use crate::{
    environment::{Ended, Environment, SandboxProcess},
    ledger::{Ledger, is_a_change},
};

/// No effect is later than this after its request.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn every_action_is_a_subject_in_each_generation_that_has_it() {
    use wf_bulk::api::Generation;
    for kind in action::ALL {
        let found: BTreeSet<&str> = SUBJECTS
            .iter()
            .filter(|subject| subject.action == kind.word)
            .map(|subject| subject.api)
            .collect();
        let there: BTreeSet<&str> = [("v1", Generation::V1), ("v2", Generation::V2)]
            .into_iter()
            .filter(|(_, generation)| kind.is_in(*generation))
            .map(|(api, _)| api)
            .collect();
        assert_eq!(found, there, "{}", kind.word);
    }
}

#[test]
fn a_write_that_was_lost_before_its_effect_is_repeated_only_when_that_is_safe_or_proven() {
    matrix(|meaning| meaning == Meaning::Lost(Effect::Never));
}

#[test]
fn a_write_whose_answer_was_lost_is_applied_when_a_read_can_tell_and_in_doubt_when_none_can() {
    matrix(|meaning| matches!(meaning, Meaning::Lost(Effect::AtOnce) | Meaning::LostBody));
}

#[test]
fn a_write_that_takes_effect_late_is_not_taken_for_one_that_never_did() {
    matrix(|meaning| matches!(meaning, Meaning::Lost(Effect::Later | Effect::TooLate)));
}

#[test]
fn a_write_that_the_service_answers_with_no_has_no_effect_and_an_end_that_says_so() {
    matrix(|meaning| {
        matches!(
            meaning,
            Meaning::Throttled | Meaning::ThrottledAway | Meaning::Refused | Meaning::Unauthorized
        )
    });
}

/// Does all cells of some faults.
fn matrix(of: impl Fn(Meaning) -> bool) {
    let faults = FAULTS.iter().filter(|fault| of(fault.meaning));
    let cells = faults.flat_map(|fault| {
        SUBJECTS.iter().map(move |subject| {
            let name = format!("{} × {}", fault.name, subject.name());
            (name, move || cell(fault, subject))
        })
    });
    cells::all(cells);
}

/// A cell. Where the machine is so busy that the plan could not be read in time, no fault was met: once more.
fn cell(fault: &Fault, subject: &Subject) {
    const TRIES: usize = 3;
    let planned = (0..TRIES).any(|_| try_cell(fault, subject));
    assert!(planned, "nothing could be planned in {TRIES} tries");
}

/// One run with one change whose first write meets the fault. False when nothing was planned.
fn try_cell(fault: &Fault, subject: &Subject) -> bool {
    let sandbox = faulty(&fault.file(), subject.executions());
    let environment = Environment::new();
    let file = subject.prepare(&environment, &sandbox);
    let before = sandbox.ledger().requests().len();

    let ended = run_one(&environment, &sandbox, &file);
    let timed_out = "no whole answer";
    if ended.stderr.contains("planning ended without a plan") && ended.stderr.contains(timed_out) {
        return false;
    }
    let wanted = expected(fault.meaning, subject.repeat, subject.silent);
    let ledger = at_rest(&sandbox, *wanted.effects.start());
    let told = format!(
        "expected {wanted:?}\ncode {}\nstdout:\n{}\nstderr:\n{}\nrequests:\n{}",
        ended.code,
        ended.stdout,
        ended.stderr,
        ledger.told_from(before)
    );

    let document = ended.json();
    assert_eq!(document["planned"], 1, "{told}");
    assert_eq!(ended.code, wanted.code, "{told}");
    assert_eq!(document["outcomes"][wanted.outcome], 1, "{told}");
    assert_eq!(document["exit_code"], wanted.code, "{told}");
    let requests = ledger.requests().len() - before;
    // One that the client gave up on a busy machine may never have arrived.
    assert!(
        document["requests"].as_u64().unwrap() >= requests as u64,
        "what was sent is counted: {told}"
    );
    assert_eq!(ledger.writes() as u64, wanted.writes, "writes: {told}");

    check_plan(&environment, subject);
    check_effects(&ledger, subject, &wanted, &told);
    check_repetitions(&environment, &ledger, fault.meaning, subject.repeat, &told);
    check_report(&environment, &ended, &document, wanted.outcome, &told);
    if wanted.outcome == "in_doubt" {
        a_resume_does_not_send_it(&environment, &sandbox, &told);
    }
    true
}

/// The ledger once it shows so many effects and no request is worked on any more, or all patience is lost.
fn at_rest(sandbox: &SandboxProcess, effects: usize) -> Ledger {
    let start = Instant::now();
    loop {
        let ledger = sandbox.ledger();
        let is_over = |request: &Value| !request["status"].is_null() || !request["fault"].is_null();
        let rests = ledger.requests().iter().all(is_over);
        if rests && ledger.effects().len() >= effects || start.elapsed() > PATIENCE {
            return ledger;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The plan says the same of its repetition as the table does.
fn check_plan(environment: &Environment, subject: &Subject) {
    let plan = fs::read_to_string(environment.runs()[0].join("plan")).unwrap();
    let change: Value = serde_json::from_str(plan.lines().nth(1).unwrap()).unwrap();
    let repeat = serde_json::to_value(subject.repeat).unwrap();
    assert_eq!(change["repeat"], repeat, "{change}");
    assert_eq!(change["action"][0], subject.action, "{change}");
}

fn check_effects(ledger: &Ledger, subject: &Subject, wanted: &Expected, told: &str) {
    let effects = ledger.effects();
    assert!(
        wanted.effects.contains(&effects.len()),
        "{} effects: {told}",
        effects.len()
    );
    for effect in &effects {
        assert_eq!(effect["kind"], subject.effect, "{told}");
        assert_eq!(effect["target"], effects[0]["target"], "{told}");
    }
    for effect in effects.iter().skip(1) {
        assert!(!is_a_change(effect), "it was done twice: {effect}\n{told}");
    }
}

/// What no read can tell of is sent again only after a conclusive no; what a read can tell of, also after one that was
/// made when the request could not be at work any more.
fn check_repetitions(
    environment: &Environment,
    ledger: &Ledger,
    meaning: Meaning,
    repeat: Repeat,
    told: &str,
) {
    let is_read = |request: &Value| request["method"] == "GET";
    let at = |request: &Value| request["unix_ms"].as_i64().unwrap();
    let requests = ledger.requests();
    let is_write = |request: &Value| {
        !is_read(request) && !request["path"].as_str().unwrap().ends_with("search")
    };
    let writes: Vec<usize> = (0..requests.len())
        .filter(|&place| is_write(&requests[place]))
        .collect();
    let sent = sent_at(environment);
    for (pair, sent) in writes.windows(2).zip(sent) {
        let (first, second) = (&requests[pair[0]], &requests[pair[1]]);
        if meaning == Meaning::Throttled {
            let rest = at(second) - at(first);
            assert!(rest >= 1_000, "it rested for {rest} ms: {told}");
        }
        let refused = matches!(first["status"].as_u64(), Some(400..=499));
        let settled = sent + i64::try_from(TIMEOUT_S * 1_000).unwrap();
        let proven = requests[pair[0]..pair[1]]
            .iter()
            .any(|request| is_read(request) && at(request) >= settled);
        let may = match repeat {
            Repeat::Safe => true,
            Repeat::Readable => refused || proven,
            Repeat::Once => refused,
        };
        assert!(may, "it was sent again without a proof: {told}");
    }
}

/// When each attempt was sent at the latest, in Unix milliseconds: on a busy machine it arrives a while later.
fn sent_at(environment: &Environment) -> Vec<i64> {
    let mut sent = Vec::new();
    let path = environment.runs()[0].join("checkpoint.jsonl");
    let snapshot = Checkpoint::visit(&path, |record| match record {
        Record::Started { at, .. } => sent.push(*at),
        Record::Unknown { at, .. } => *sent.last_mut().unwrap() = *at,
        Record::Throttled { .. }
        | Record::NoEffect { .. }
        | Record::NotApplied { .. }
        | Record::SendAgain { .. }
        | Record::Looked { .. }
        | Record::Answered { .. }
        | Record::Ended { .. }
        | Record::StageStopped { .. }
        | Record::Resumed { .. }
        | Record::Finished { .. }
        | Record::Abandoned { .. } => {}
    });
    snapshot.unwrap();
    sent
}

/// What people and scripts are told of a change that somebody should look at.
fn check_report(
    environment: &Environment,
    ended: &Ended,
    document: &Value,
    outcome: &str,
    told: &str,
) {
    let folder = environment
        .path()
        .join(document["folder"].as_str().unwrap());
    let report = fs::read_to_string(folder.join("report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["outcomes"], document["outcomes"], "{told}");
    let problems = report["problems"].as_array().unwrap();
    if outcome == "applied" {
        assert!(problems.is_empty(), "{report}\n{told}");
        return;
    }
    let [problem] = &problems[..] else {
        panic!("one problem is to be told: {report}\n{told}");
    };
    assert_eq!(problem["outcome"], outcome, "{told}");
    assert!(!problem["detail"].as_str().unwrap().is_empty(), "{told}");
    // Its line names the target; what is being started has no id yet but its entity's.
    let target = &problem["target"];
    let id = ["id", "execution", "entity"]
        .iter()
        .find_map(|name| target[name].as_str())
        .unwrap_or_else(|| panic!("the target has no id: {target}\n{told}"));
    let line = ended
        .stderr
        .lines()
        .find(|line| line.trim_start().starts_with(outcome) && line.contains(id));
    let line = line.unwrap_or_else(|| panic!("no line names {id}: {told}"));
    if outcome == "in_doubt" {
        assert!(line.contains("look whether"), "{line}: {told}");
        assert!(ended.stderr.contains("look at the service"), "{told}");
    }
}

/// Only a person's answer ends it.
fn a_resume_does_not_send_it(environment: &Environment, sandbox: &SandboxProcess, told: &str) {
    let writes = sandbox.ledger().writes();
    let again = environment.run_on(sandbox, &["resume", "--last", "--json"]);
    assert_eq!(again.code, 6, "{told}\nresumed:\n{}", again.stderr);
    assert_eq!(again.json()["outcomes"]["in_doubt"], 1, "{told}");
    assert_eq!(sandbox.ledger().writes(), writes, "resumed: {told}");
}
