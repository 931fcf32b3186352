//! Files of a plan or a run that somebody has written by hand.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use wf_bulk::plan::{Item, PlanHeader, PlanWriter};

use crate::{
    environment::{Ended, Environment, SandboxProcess},
    tampered::{REASSIGN, killed},
};

/// The lines of a plan as JSON: header, items, trailer.
fn lines(plan: &Path) -> Vec<Value> {
    let text = fs::read_to_string(plan).unwrap();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The bytes of a plan of these lines, with a digest that fits them.
fn sealed(lines: &[Value]) -> Vec<u8> {
    let header: PlanHeader = serde_json::from_value(lines[0].clone()).unwrap();
    let mut writer = PlanWriter::new(Vec::new(), &header).unwrap();
    for line in &lines[1..lines.len() - 1] {
        let change = serde_json::from_value(line.clone()).unwrap();
        writer.item(&Item::Change(change)).unwrap();
    }
    let scanned = lines.last().unwrap()["scanned"].as_u64();
    writer.finish(scanned.unwrap_or(4)).unwrap().0
}

/// The folder of the newest run.
fn folder(environment: &Environment) -> PathBuf {
    environment.runs().into_iter().max().unwrap()
}

/// What an attacker wants `undo` to write: another owner as the one before the run.
fn with_another_owner(lines: &[Value]) -> Vec<Value> {
    let mut lines = lines.to_vec();
    let change = lines
        .iter_mut()
        .find(|line| line.get("change").is_some())
        .unwrap();
    change["before"]["assignedTo"] = json!(["666"]);
    change["undo"]["request"]["body"]["assignedTo"] = json!(["666"]);
    lines
}

/// Forges the plan in a run's folder in each way, and expects that no command works with it or requests anything.
fn expect_no_forgery_is_used(
    environment: &Environment,
    sandbox: &SandboxProcess,
    folder: &Path,
    commands: &[&[&str]],
) {
    let id = folder.file_name().unwrap().to_str().unwrap();
    let [plan, settings] = ["plan", "run.json"].map(|name| folder.join(name));
    let true_plan = fs::read(&plan).unwrap();
    let true_settings = fs::read_to_string(&settings).unwrap();
    let forged = with_another_owner(&lines(&plan));
    let text = String::from_utf8(true_plan.clone()).unwrap();
    let edited: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(place, line)| match place {
            1 => forged[1].to_string(),
            _ => line.to_owned(),
        })
        .collect();
    let edited = (edited.join("\n") + "\n").into_bytes();
    let sealed = sealed(&forged);
    let digest = wf_bulk::digest::sha256(&sealed);
    let mut of_forged: Value = serde_json::from_str(&true_settings).unwrap();
    of_forged["plan_sha256"] = json!(digest);
    let of_forged = of_forged.to_string();
    let requests = sandbox.ledger().requests().len();
    for (what, bytes, run_json) in [
        ("the digest is the old one", &edited, &true_settings),
        ("the digest is computed again", &sealed, &true_settings),
        ("run.json has the new digest, too", &sealed, &of_forged),
    ] {
        assert_ne!(*bytes, true_plan);
        fs::write(&plan, bytes).unwrap();
        fs::write(&settings, run_json).unwrap();
        for command in commands {
            let command = [&command[..1], &[id], &command[1..]].concat();
            // A report makes no requests.
            let ended = match command[0] {
                "report" => environment.run(&command),
                _ => environment.run_on(sandbox, &command),
            };
            assert_eq!(ended.code, 1, "{what}: {command:?}: {}", ended.stderr);
        }
        assert_eq!(sandbox.ledger().requests().len(), requests, "{what}");
    }
    fs::write(&plan, true_plan).unwrap();
    fs::write(&settings, true_settings).unwrap();
}

#[test]
fn the_forged_plan_of_a_run_is_not_undone_retried_verified_reported_or_resumed_with_or_without_a_history()
 {
    let sandbox = SandboxProcess::start(&["--executions", "30"]);
    let environment = Environment::new();
    environment.file("p.yaml", REASSIGN);
    environment
        .run_on(&sandbox, &["run", "p.yaml", "--yes"])
        .expect_code(0);
    let ended = folder(&environment);
    let commands: [&[&str]; 7] = [
        &["undo", "--yes"],
        &["undo", "--dry-run"],
        &["retry", "--yes"],
        &["verify"],
        &["verify", "--reconcile", "fix.plan"],
        &["report"],
        &["resume"],
    ];
    expect_no_forgery_is_used(&environment, &sandbox, &ended, &commands);
    environment.run(&["status", "--check"]).expect_code(0);
    environment.forget_history();
    expect_no_forgery_is_used(&environment, &sandbox, &ended, &commands);
    // As it was, it is undone.
    environment
        .run_on(&sandbox, &["undo", "--last", "--yes"])
        .expect_code(0);

    let (sandbox, environment, stopped) = killed(REASSIGN);
    let commands: [&[&str]; 3] = [&["resume"], &["undo", "--yes"], &["verify"]];
    expect_no_forgery_is_used(&environment, &sandbox, &stopped, &commands);
}

/// Sequences that a terminal obeys: as bytes, as C1 controls in UTF-8, or in a text from right to left.
const OBEYED: [&[u8]; 5] = [
    b"\x1b[31mX\x07",
    b"\x9b31mX",
    "\u{9b}31mX".as_bytes(),
    "\u{202e}X".as_bytes(),
    b"X\rY\x08",
];

#[track_caller]
fn expect_no_control(ended: &Ended, what: &str) {
    for text in [&ended.stdout, &ended.stderr] {
        let found = text.chars().find(|c| {
            let is_control = c.is_control() && *c != '\n';
            is_control || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        });
        assert_eq!(found, None, "{what}: {text:?}");
    }
}

/// The text with `inserted` at a few places: at its beginning and end, in each line's first key and first value, between two lines.
fn with_inserted(bytes: &[u8], inserted: &[u8]) -> Vec<Vec<u8>> {
    let mut places = vec![0, bytes.len()];
    let mut start = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n').take(4) {
        let quotes = line.iter().enumerate();
        let quotes = quotes.filter(|(_, byte)| **byte == b'"');
        // In the first key, after it, and in the first text.
        places.extend(quotes.map(|(place, _)| start + place + 1).take(3));
        places.push(start + line.len() / 2);
        start += line.len();
    }
    let at = |place: usize| [&bytes[..place], inserted, &bytes[place..]].concat();
    places.into_iter().map(at).collect()
}

#[test]
fn no_control_character_in_the_file_of_a_plan_or_a_run_reaches_the_terminal() {
    let environment = Environment::new();
    environment.file("p.yaml", REASSIGN);
    environment
        .run(&["plan", "p.yaml", "--sandbox", "-o", "x.plan"])
        .expect_code(0);
    environment
        .run(&["apply", "x.plan", "--sandbox", "--yes"])
        .expect_code(0);
    let plan = environment.path().join("x.plan");
    let whole = fs::read(&plan).unwrap();
    for inserted in OBEYED {
        for bytes in with_inserted(&whole, inserted) {
            fs::write(&plan, bytes).unwrap();
            for command in [
                &["show", "x.plan"][..],
                &["apply", "x.plan", "--sandbox", "--yes"],
            ] {
                expect_no_control(&environment.run(command), command[0]);
            }
        }
    }
    // JSON may write it as an escape: in a name, an id, a key.
    let text = String::from_utf8(whole.clone()).unwrap();
    let first: String = text.lines().take(2).collect::<Vec<_>>().join("\n");
    let escaped = first.match_indices('"').map(|(place, _)| {
        let (before, after) = text.split_at(place + 1);
        [before, "\\u001b[31m\\u009b\\u202e", after].concat()
    });
    for text in escaped.step_by(2) {
        fs::write(&plan, text).unwrap();
        expect_no_control(&environment.run(&["show", "x.plan"]), "show");
    }

    let folder = folder(&environment);
    let id = folder.file_name().unwrap().to_str().unwrap();
    let state = environment.path().join(".wf-bulk");
    for (file, commands) in [
        (folder.join("plan"), &["resume", "status", "undo"][..]),
        (folder.join("run.json"), &["resume", "status"]),
        (
            folder.join("checkpoint.jsonl"),
            &["resume", "status", "verify"],
        ),
        (state.join("history.jsonl"), &["undo"]),
        (state.join("history.head"), &["undo"]),
    ] {
        let whole = fs::read(&file).unwrap();
        for inserted in OBEYED.iter().take(4) {
            for bytes in with_inserted(&whole, inserted).into_iter().step_by(3) {
                fs::write(&file, bytes).unwrap();
                let what = file.display().to_string();
                for command in commands {
                    expect_no_control(&environment.run(&[command, id]), &what);
                }
                expect_no_control(&environment.run(&["status", "--check"]), &what);
                expect_no_control(&environment.run(&["status"]), &what);
            }
        }
        fs::write(&file, whole).unwrap();
    }
}

#[test]
fn a_server_with_letters_that_look_like_others_is_refused_unless_it_is_written_in_ascii() {
    let environment = Environment::new();
    environment.file("p.yaml", REASSIGN);
    environment
        .run(&["plan", "p.yaml", "--sandbox", "-o", "x.plan"])
        .expect_code(0);
    let plan = environment.path().join("x.plan");
    let whole = lines(&plan);
    for (server, shown) in [
        // The first o is a Cyrillic letter.
        ("https://w\u{43e}rkflows-execution.sls.epilot.io", None),
        ("https://WORKFLOWS-execution.sls.epilot.io", None),
        (
            "https://xn--wrkflows-execution-tbk.sls.epilot.io",
            Some("xn--wrkflows-execution-tbk"),
        ),
    ] {
        let mut forged = whole.clone();
        forged[0]["server"] = json!(server);
        fs::write(&plan, sealed(&forged)).unwrap();
        let show = environment.run(&["show", "x.plan"]);
        let apply = environment.run(&["apply", "x.plan", "--yes", "--token", "t"]);
        assert_ne!(apply.code, 0, "{server}: {apply:?}");
        match shown {
            None => {
                show.expect_code(1);
            }
            Some(shown) => {
                show.expect_code(0).expect_out(shown);
                apply.expect_said(shown);
            }
        }
    }
    // A server on the command line becomes what requests are sent to.
    let server = "https://w\u{43e}rkflows-execution.sls.epilot.io";
    environment
        .run(&[
            "apply", "x.plan", "--yes", "--token", "t", "--server", server,
        ])
        .expect_code(64)
        .expect_said("xn--");
}
