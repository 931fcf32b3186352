//! The question before changes, in a terminal.

use std::fs::{File, read_to_string};

use crate::{
    environment::{Environment, SandboxProcess},
    pty::Terminal,
};

/// Changes that can be undone.
const REASSIGN: [&str; 5] = ["run", "reassign.yaml", "--sandbox", "--limit", "2"];

/// Changes that can't.
const START: [&str; 3] = ["run", "start.yaml", "--sandbox"];

/// In the question and nowhere before it: what is typed earlier is discarded.
const ASKED: &str = "Make 2 changes";

const NOTHING: &str = "nothing was changed";

fn environment() -> Environment {
    let environment = Environment::new();
    environment.file(
        "reassign.yaml",
        "version: 1\nname: reassign\npace: { rate: 3000/s }\nselect: { executions: { list: {} } }\n\
         actions: [ reassign: { set: [\"7\"] } ]\n",
    );
    environment.file(
        "start.yaml",
        "version: 1\nname: start\npace: { rate: 3000/s }\n\
         select: { entities: [ { id: c1, schema: contact }, { id: c2, schema: contact } ] }\n\
         actions: [ start: { template: tpl_hausanschluss_strom } ]\nguards: { allow: [start] }\n",
    );
    environment
}

/// The names in a folder.
fn entries(environment: &Environment, folder: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(environment.path().join(folder)) else {
        return Vec::new();
    };
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn what_was_typed_before_the_question_is_no_answer() {
    for (arguments, ahead) in [
        (&REASSIGN[..], "y"),
        (&REASSIGN[..], "y\ny\nyes\n"),
        (&START[..], "yes\n"),
    ] {
        let environment = environment();
        let mut terminal = Terminal::start(environment.command(arguments), ahead);
        terminal.wait_for(ASKED);
        terminal.wait_for("? ");
        terminal.type_in("\n");
        assert_eq!(terminal.code(), Some(1), "{ahead:?}: {}", terminal.shown());
        terminal.wait_for(NOTHING);
        assert_eq!(environment.effects_on_disk(), 0, "{ahead:?}");
    }
}

#[test]
fn only_a_whole_line_that_says_yes_makes_changes() {
    for (arguments, keys, code, said) in [
        (&REASSIGN[..], "y\n", 0, "2 planned = 2 applied"),
        (&REASSIGN, " Yes \n", 0, "2 planned = 2 applied"),
        (&REASSIGN, "\n", 1, NOTHING),
        (&REASSIGN, "no\n", 1, NOTHING),
        (
            &REASSIGN,
            "maybe\n",
            1,
            "that is not \"yes\": nothing was changed",
        ),
        (
            &REASSIGN,
            "yn\n",
            1,
            "that is not \"yes\": nothing was changed",
        ),
        (&START, "y\n", 1, "that is not \"yes\": nothing was changed"),
        (&START, "3\n", 1, "that is not \"yes\": nothing was changed"),
        (&START, "yes\n", 0, "2 planned = 2 applied"),
        (&START, "2\n", 0, "2 planned = 2 applied"),
        // Ctrl-D: at the start of a line it ends the input, behind something it hands that over.
        (&REASSIGN, "\u{4}", 1, NOTHING),
        (&REASSIGN, "yes\u{4}\u{4}", 1, NOTHING),
    ] {
        let environment = environment();
        let mut terminal = Terminal::start(environment.command(arguments), "");
        terminal.wait_for(ASKED);
        terminal.wait_for("? ");
        terminal.type_in(keys);
        assert_eq!(
            terminal.code(),
            Some(code),
            "{keys:?}: {}",
            terminal.shown()
        );
        terminal.wait_for(said);
        let effects = environment.effects_on_disk();
        assert_eq!(effects > 0, code == 0, "{keys:?}: {effects}");
        assert_eq!(environment.runs().is_empty(), code != 0, "{keys:?}");
    }
}

#[test]
fn nobody_is_asked_who_would_not_see_it_or_has_forbidden_it() {
    for (flags, stderr_is_terminal, yes, said) in [
        (&[][..], false, false, "there is no terminal to ask on"),
        (
            &["--no-interactive"],
            true,
            false,
            "--no-interactive is set",
        ),
        (
            &["--no-interactive"],
            false,
            false,
            "--no-interactive is set",
        ),
        (&["--yes"], false, true, "2 planned = 2 applied"),
        (
            &["--yes", "--no-interactive"],
            true,
            true,
            "2 planned = 2 applied",
        ),
    ] {
        let environment = environment();
        let said_elsewhere = environment.path().join("stderr.txt");
        let stderr = (!stderr_is_terminal).then(|| File::create(&said_elsewhere).unwrap());
        let command = environment.command(&[&REASSIGN, flags].concat());
        let mut terminal = Terminal::start_with(command, "", stderr);
        let code = terminal.code();
        let case = format!("{flags:?} {stderr_is_terminal}: {}", terminal.shown());
        assert_eq!(code, Some(if yes { 0 } else { 64 }), "{case}");
        if stderr_is_terminal {
            terminal.wait_for(said);
        } else {
            let elsewhere = read_to_string(said_elsewhere).unwrap();
            assert!(elsewhere.contains(said), "{case}: {elsewhere}");
        }
        assert_eq!(environment.effects_on_disk() > 0, yes, "{case}");
        assert_eq!(environment.runs().is_empty(), !yes, "{case}");
    }
}

#[test]
fn a_signal_at_the_question_ends_the_command_with_130_and_leaves_nothing_behind() {
    for (arguments, signal) in [
        (&REASSIGN[..], "INT"),
        (&REASSIGN[..], "TERM"),
        (&REASSIGN[..], "HUP"),
        (&START[..], "INT"),
    ] {
        let environment = environment();
        let command = environment.command(arguments);
        let command = environment.with_hangup(&command, "default");
        let mut terminal = Terminal::start(command, "");
        terminal.wait_for(ASKED);
        terminal.wait_for("? ");
        terminal.signal(signal);
        assert_eq!(terminal.code(), Some(130), "{signal}: {}", terminal.shown());
        terminal.wait_for("interrupted: nothing was changed");
        assert!(
            !terminal.shown().contains("\u{1b}[?25l"),
            "the cursor was hidden: {:?}",
            terminal.shown()
        );
        assert_eq!(environment.effects_on_disk(), 0);
        let runs = entries(&environment, ".wf-bulk/runs");
        assert!(runs.iter().all(|name| name == "lock"), "{runs:?}");
    }
}

#[test]
fn giving_up_a_run_takes_more_than_a_y() {
    // The first write is refused and uses up the budget; the second is left.
    let sandbox = SandboxProcess::with_faults(&serde_json::json!({"rules": [
        {"match": {"effect_only": true, "nth": 1}, "do": {"status": {"code": 400}}}
    ]}));
    let environment = environment();
    let run = [
        "run",
        "reassign.yaml",
        "--yes",
        "--limit",
        "2",
        "--concurrency",
        "1",
        "--max-errors",
        "1",
    ];
    environment.run_on(&sandbox, &run).expect_code(4);
    let id = entries(&environment, ".wf-bulk/runs")
        .into_iter()
        .find(|name| name.len() == 36)
        .unwrap();
    for (keys, code, said) in [
        ("y\n", 1, "that is not \"yes\": the run is as it was"),
        ("yes\n", 0, "is abandoned"),
    ] {
        let mut terminal = Terminal::start(environment.command(&["abandon", &id]), "");
        terminal.wait_for("Abandon it? ");
        terminal.wait_for("continue: ");
        terminal.type_in(keys);
        assert_eq!(
            terminal.code(),
            Some(code),
            "{keys:?}: {}",
            terminal.shown()
        );
        terminal.wait_for(said);
    }
}
