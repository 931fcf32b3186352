//! A checkpoint that lost its end is really gone on with, on the service as it was at the kill: nothing is done twice,
//! and nothing is left undone.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value;
use wf_bulk::{
    checkpoint::{Checkpoint, Record},
    outcome::Outcome,
};

use super::wreck::Wreck;
use crate::{
    environment::{Environment, SandboxProcess},
    ledger::{Ledger, is_a_change},
};

/// How many effects of a kind an execution has had, or must have.
type Effects = BTreeMap<(String, String), usize>;

/// A damage that is repaired: the checkpoint's bytes after it.
struct Loss {
    what: String,
    left: Vec<u8>,
}

#[test]
fn whatever_end_a_checkpoint_lost_a_resume_doubles_nothing_and_leaves_nothing_undone() {
    let wreck = Wreck::make();
    let path = wreck.checkpoint();
    let losses = losses(&path);
    let plan = fs::read_to_string(path.with_file_name("plan")).unwrap();
    let expected = effects_of_plan(&plan);
    let kinds: BTreeSet<&String> = expected.keys().map(|(_, kind)| kind).collect();
    assert_eq!(
        kinds.len(),
        5,
        "all kinds of change are in the plan: {kinds:?}"
    );
    assert!((20..=40).contains(&losses.len()), "{}", losses.len());
    for Loss { what, left } in losses {
        let (environment, sandbox) = wreck.copy();
        let copy = environment.runs()[0].join("checkpoint.jsonl");
        fs::write(&copy, left).unwrap();
        resume(&environment, &sandbox, &plan, &expected, &what);
    }
}

/// Of each kind of record one is the last: whole, without its newline, and torn. And many are lost at once.
fn losses(path: &Path) -> Vec<Loss> {
    let bytes = fs::read(path).unwrap();
    let mut words = Vec::new();
    Checkpoint::visit(path, |record: &Record| words.push(record.word())).unwrap();
    let ends: Vec<usize> = (1..=bytes.len())
        .filter(|&end| bytes[end - 1] == b'\n')
        .collect();
    let mut losses = Vec::new();
    let mut lose = |what: String, left: Vec<u8>| losses.push(Loss { what, left });

    let seen: BTreeSet<&str> = words.iter().copied().collect();
    for word in [
        "started",
        "throttled",
        "not_sent",
        "unknown",
        "not_applied",
        "ended",
        "resumed",
    ] {
        assert!(seen.contains(word), "no record is {word}: {seen:?}");
        // The last of its kind but the very last record.
        let place = words[..words.len() - 1]
            .iter()
            .rposition(|one| *one == word);
        let place = place.unwrap_or_else(|| panic!("{word} is the last record only"));
        // The header is the first line.
        let (start, end) = (ends[place], ends[place + 1]);
        lose(format!("all after {word} {place}"), bytes[..end].to_vec());
        lose(
            format!("the newline of {word} {place}"),
            bytes[..end - 1].to_vec(),
        );
        lose(
            format!("half of {word} {place}"),
            bytes[..start.midpoint(end)].to_vec(),
        );
    }
    for lost in [1, 2, 5, 20, 50, words.len()] {
        let end = ends[words.len() - lost];
        lose(format!("the last {lost} records"), bytes[..end].to_vec());
    }
    for byte in *b"0 " {
        let mut left = bytes.clone();
        *left.last_mut().unwrap() = byte;
        lose(format!("the last newline to {byte:#04x}"), left);
    }
    lose("nothing".to_owned(), bytes);
    losses
}

fn resume(
    environment: &Environment,
    sandbox: &SandboxProcess,
    plan: &str,
    expected: &Effects,
    what: &str,
) {
    let ended = environment.run_on(
        sandbox,
        &[
            "resume",
            "--last",
            "--yes",
            "--json",
            "--rate",
            "3000/s",
            "--timeout",
            "1",
        ],
    );
    let told = format!(
        "{what}\ncode {}\nstdout:\n{}\nstderr:\n{}",
        ended.code, ended.stdout, ended.stderr
    );
    let document = ended.json();
    let ledger = sandbox.ledger();
    let deleted: BTreeSet<&str> = ledger
        .effects()
        .iter()
        .filter(|effect| effect["kind"] == "delete_flow")
        .map(|effect| effect["execution"].as_str().unwrap())
        .collect();

    let snapshot = Checkpoint::read(&environment.runs()[0].join("checkpoint.jsonl")).unwrap();
    for (line, change) in changes(plan) {
        // What follows on a change of what our own delete took away is not attempted.
        let group = change["group"].as_str().unwrap();
        let fine = match snapshot.state.outcome(line) {
            Some(Outcome::Applied | Outcome::AlreadyDone) => true,
            Some(Outcome::Gone) | None => deleted.contains(group),
            Some(
                Outcome::Drifted
                | Outcome::Refused
                | Outcome::Failed
                | Outcome::InDoubt
                | Outcome::NotAttempted,
            ) => false,
        };
        assert!(fine, "plan line {line}: {change}\n{told}");
    }
    for outcome in ["drifted", "refused", "failed", "in_doubt"] {
        assert_eq!(document["outcomes"][outcome], 0, "{told}");
    }
    assert!(matches!(ended.code, 0 | 5), "{told}");
    assert_eq!(&effects_of_ledger(&ledger), expected, "{told}");
}

/// The changes of a plan with their lines, from 1.
fn changes(plan: &str) -> impl Iterator<Item = (u64, Value)> {
    let lines = (1..).zip(plan.lines());
    let lines = lines.filter(|(_, line)| line.starts_with("{\"change\""));
    lines.map(|(number, line)| (number, serde_json::from_str(line).unwrap()))
}

fn effects_of_plan(plan: &str) -> Effects {
    let mut effects = Effects::new();
    for (_, change) in changes(plan) {
        let kind = match change["action"][0].as_str().unwrap() {
            "reassign" => "patch_task",
            "run_schedule_now" => "run_schedule_now",
            "add_task" => "add_task",
            "close" => "patch_flow",
            "delete" => "delete_flow",
            other => panic!("{other} is not in the playbook"),
        };
        let execution = change["group"].as_str().unwrap().to_owned();
        *effects.entry((execution, kind.to_owned())).or_default() += 1;
    }
    effects
}

/// A value that is written once more is none: what may be repeated is repeated after a lost answer.
fn effects_of_ledger(ledger: &Ledger) -> Effects {
    let mut effects = Effects::new();
    for effect in ledger.effects() {
        if is_a_change(effect) {
            let word = |name: &str| effect[name].as_str().unwrap().to_owned();
            *effects
                .entry((word("execution"), word("kind")))
                .or_default() += 1;
        }
    }
    effects
}
