//! The walk through the changes in doubt, in a terminal.

use std::fs;

use super::{environment_of, four_in_doubt, id, outcomes};
use crate::{
    environment::{Environment, SandboxProcess},
    pty::Terminal,
};

type Leave = fn(&mut Terminal);

const PROMPT: &str = "applied, retry, skip or later?";

const NOTHING: &str = "no answer was recorded, and nothing was sent";

fn resume(environment: &Environment, sandbox: &SandboxProcess, flags: &[&str]) -> Terminal {
    let id = id(environment);
    let line = [&["resume", &id], flags].concat();
    Terminal::start(environment.command_on(sandbox, &line), "")
}

/// Types an answer about the nth change, once it is asked about.
fn answer(terminal: &mut Terminal, nth: usize, keys: &str) {
    terminal.wait_for(&format!("{nth} of 4  start  entity c{nth}"));
    prompted(terminal, nth);
    terminal.type_in(keys);
}

/// Waits for the nth prompt.
fn prompted(terminal: &Terminal, nth: usize) {
    let start = std::time::Instant::now();
    while terminal.shown().matches(PROMPT).count() < nth || !terminal.shown().ends_with(' ') {
        assert!(start.elapsed().as_secs() < 60, "{}", terminal.shown());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn a_person_is_asked_about_each_change_in_doubt_and_the_answers_are_followed() {
    let (environment, sandbox, _) = four_in_doubt();
    let mut terminal = resume(&environment, &sandbox, &[]);
    terminal.wait_for("It is unknown whether 4 changes took effect.");
    answer(&mut terminal, 1, "applied\n");
    terminal.wait_for("seen: 1 running flow of this template since 20");
    terminal.wait_for("sent: 20");
    terminal.wait_for("look: whether c1 has a new execution from about 20");
    answer(&mut terminal, 2, "later\n");
    terminal.wait_for("(\"retry all\": all 2 left of start)");
    answer(&mut terminal, 3, "skip all\n");
    terminal.wait_for(
        "Record 3 answers (1 applied, 2 skip) and go on? Type \"yes\" or 3 to continue: ",
    );
    terminal.type_in("yes\n");
    assert_eq!(terminal.code(), Some(6), "{}", terminal.shown());
    terminal.wait_for("4 planned = 1 applied + 3 in_doubt");
    let results = outcomes(&environment);
    assert!(results[0].1.starts_with("a person answered"), "{results:?}");
    assert!(
        results[2].1.starts_with("left in doubt by --in-doubt skip"),
        "{results:?}"
    );
    // The one that was put off is asked about again.
    let mut terminal = resume(&environment, &sandbox, &[]);
    terminal.wait_for("1 of 1  start  entity c2");
    prompted(&terminal, 1);
    terminal.type_in("retry\n");
    terminal.wait_for("Record 1 answer (1 retry) and go on? ");
    terminal.wait_for("continue: ");
    terminal.type_in("1\n");
    assert_eq!(terminal.code(), Some(6), "{}", terminal.shown());
    terminal.wait_for("4 planned = 2 applied + 2 in_doubt");
    assert_eq!(sandbox.ledger().effects().len(), 3);
}

#[test]
fn without_the_last_yes_nothing_is_recorded_and_a_stray_key_is_no_answer() {
    let (environment, sandbox, _) = four_in_doubt();
    let checkpoint = environment.runs()[0].join("checkpoint.jsonl");
    let before = fs::read(&checkpoint).unwrap();
    let requests = sandbox.ledger().requests().len();
    let leaves: [(Leave, i32, &str); 4] = [
        // Ctrl-D ends the input.
        (|terminal| terminal.type_in("\u{4}"), 1, NOTHING),
        (
            |terminal| terminal.signal("INT"),
            130,
            "interrupted: nothing was changed",
        ),
        (
            |terminal| {
                terminal.type_in("retry all\n");
                terminal.wait_for("Type \"yes\" or 4 to continue: ");
                terminal.type_in("y\n");
            },
            1,
            NOTHING,
        ),
        (
            |terminal| {
                terminal.type_in("applied\n");
                terminal.wait_for("2 of 4");
                prompted(terminal, 4);
                terminal.signal("INT");
            },
            130,
            "interrupted: nothing was changed",
        ),
    ];
    for (leave, code, said) in leaves {
        let mut terminal = resume(&environment, &sandbox, &[]);
        answer(&mut terminal, 1, "y\n");
        terminal.wait_for("type applied, retry, skip or later");
        prompted(&terminal, 2);
        terminal.type_in("\n");
        prompted(&terminal, 3);
        leave(&mut terminal);
        assert_eq!(terminal.code(), Some(code), "{}", terminal.shown());
        terminal.wait_for(said);
        assert_eq!(
            fs::read(&checkpoint).unwrap(),
            before,
            "{}",
            terminal.shown()
        );
        assert_eq!(sandbox.ledger().requests().len(), requests);
    }
}

#[test]
fn nobody_is_asked_without_a_terminal_or_while_something_else_is_left_to_do() {
    let (environment, sandbox, run) = four_in_doubt();
    for flags in [
        &["--yes"][..],
        &["--no-interactive"],
        &["--in-doubt", "skip"],
    ] {
        let environment = environment_of(&environment);
        let mut terminal = resume(&environment, &sandbox, flags);
        assert_eq!(terminal.code(), Some(6), "{}", terminal.shown());
        assert!(!terminal.shown().contains(PROMPT), "{}", terminal.shown());
    }
    environment
        .run_on(&sandbox, &["resume", &run])
        .expect_code(6);
    // A process that died may have left what a read can tell: the session reads first.
    let list = environment.runs()[0].join("results.jsonl");
    fs::remove_file(list).unwrap();
    let mut terminal = resume(&environment, &sandbox, &[]);
    assert_eq!(terminal.code(), Some(6), "{}", terminal.shown());
    assert!(!terminal.shown().contains(PROMPT), "{}", terminal.shown());
}
