//! `status --watch`.

use std::{
    process::{Child, Stdio},
    time::Duration,
};

use serde_json::json;

use crate::{
    environment::{Environment, SandboxProcess},
    history::{environment, id_of},
    pty::Terminal,
};

/// Begins a run whose first change takes four seconds.
fn slow_run(environment: &Environment) -> (SandboxProcess, Child) {
    let slow = json!({"rules": [
        {"match": {"effect_only": true, "nth": 1}, "do": {"latency_ms": 4_000}}
    ]});
    let sandbox = SandboxProcess::with_faults(&slow);
    let run = environment
        .command_on(&sandbox, &["run", "p.yaml", "--yes", "--quiet"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (sandbox, run)
}

/// The id of the only run, as soon as there is one.
fn first_run(environment: &Environment) -> String {
    loop {
        if let [made] = &environment.runs()[..]
            && !id_of(made).starts_with('.')
        {
            return id_of(made).to_owned();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn watching_in_a_pipe_has_a_line_for_each_change_of_state_and_ends_with_the_runs() {
    let environment = environment();
    let (_sandbox, mut run) = slow_run(&environment);
    let id = first_run(&environment);
    let watched = environment
        .run(&["status", "--watch"])
        .expect_code(0)
        .stdout;
    run.wait().unwrap();
    let lines: Vec<&str> = watched.lines().collect();
    assert!(
        lines[0].starts_with(&format!("{id}  running ")),
        "{watched}"
    );
    assert!(
        lines[1].starts_with(&format!("{id}  finished")),
        "{watched}"
    );
    // Without a running one, it is the list.
    let last = environment
        .run(&["status", "--watch"])
        .expect_code(0)
        .stdout;
    assert!(last.starts_with(&id), "{last}");
}

#[test]
fn watching_on_a_terminal_draws_the_runs_anew_until_they_have_ended() {
    let environment = environment();
    let (_sandbox, mut run) = slow_run(&environment);
    let id = first_run(&environment);
    let mut watch = environment.command(&["status", &id, "--watch"]);
    watch.env("TERM", "xterm").env("NO_COLOR", "1");
    let mut terminal = Terminal::start(watch, "");
    terminal.wait_for("is running now");
    assert_eq!(terminal.code(), Some(0));
    run.wait().unwrap();
    let shown = terminal.shown();
    let drawn = shown.matches("\u{1b}[H\u{1b}[2J").count();
    assert!(drawn >= 2, "{drawn}: {shown}");
    assert!(shown.contains("3 planned = 3 applied"), "{shown}");
}
