//! `--events`, `--on-finish` and `--metrics`: what other programs are told of a session.

mod events;
mod recipes;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::environment::{BINARY, Ended, Environment, SandboxProcess};

const RUN: [&str; 3] = ["run", "playbooks/reassign.yaml", "--yes"];

const MANY: &str = "version: 1
name: many
pace: { rate: 3000/s, burst: 100, concurrency: 4 }
select: { executions: { list: {} }, limit: 250 }
actions: [ reassign: { set: [\"7\"] } ]
";

/// The command, started by a shell.
fn shell(script: &str, command: &Command, environment: &Environment) -> Command {
    let variables = command.get_envs();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(environment.path())
        .env_clear()
        .envs(variables.filter_map(|(name, value)| Some((name, value?))))
        .stdin(Stdio::null());
    shell
}

fn metric(environment: &Environment, name: &str) -> String {
    let text = fs::read_to_string(environment.path().join("m.prom")).unwrap();
    let line = text.lines().find(|line| line.starts_with(name));
    let line = line.unwrap_or_else(|| panic!("no {name} in\n{text}"));
    line.rsplit_once(' ').unwrap().1.to_owned()
}

#[test]
fn flags_that_would_tell_nobody_are_refused() {
    let environment = Environment::new().with_playbooks();
    for (arguments, said) in [
        (
            &["run", "p.yaml", "--dry-run", "--events", "e"][..],
            "nothing is changed with --dry-run, so --events",
        ),
        (
            &["undo", "--last", "-o", "x.plan", "--metrics", "m"],
            "nothing is changed with -o, so --metrics",
        ),
        (
            &["retry", "--last", "--dry-run", "--on-finish", "true"],
            "nothing is changed with --dry-run, so --on-finish",
        ),
        (
            &["plan", "p.yaml", "-o", "x.plan", "--events", "e"],
            "unexpected argument '--events'",
        ),
        (
            &["verify", "--last", "--on-finish", "true"],
            "unexpected argument '--on-finish'",
        ),
        (
            &["resume", "--last", "--on-finish", ""],
            "a value is required",
        ),
    ] {
        environment.run(arguments).expect_code(64).expect_said(said);
    }
}

#[test]
fn a_file_that_can_not_be_written_is_an_error_before_the_first_request() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    environment.file("folder/x", "");
    environment.file("foreign.jsonl", "{\"mine\":1}\n");
    environment.file("kept/run.json", "{}");
    environment.file("kept/checkpoint.jsonl", "{\"v\":1,\"seq\":1}\n");
    let pipe = environment.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    for (flags, said) in [
        (&["--events", "folder"][..], "is a folder"),
        (&["--events", "nowhere/e.jsonl"], "there is no folder"),
        (&["--events", "foreign.jsonl"], "is not a file of events"),
        (
            &["--events", "playbooks/reassign.yaml"],
            "is not a file of events",
        ),
        (
            &["--events", "kept/checkpoint.jsonl"],
            "is in the folder of a run",
        ),
        (&["--events", "pipe"], "is no file"),
        (&["--metrics", "-"], "is no file"),
        (&["--metrics", "pipe"], "is no file"),
        (&["--metrics", "nowhere/m.prom"], "there is no folder"),
        (&["--metrics", "foreign.jsonl"], "is not a file of metrics"),
        (&["--events", "x", "--metrics", "./x"], "name the same file"),
    ] {
        let ended = environment.run_on(&sandbox, &[&RUN[..], flags].concat());
        assert!([1, 64].contains(&ended.code), "{ended:?}");
        ended.expect_said(said);
    }
    // Standard output is closed.
    let command = environment.command_on(&sandbox, &[&RUN[..], &["--events", "-"]].concat());
    let output = shell("exec \"$0\" \"$@\" >&-", &command, &environment).output();
    Ended::from(output.unwrap())
        .expect_code(1)
        .expect_said("hint: name a file: --events FILE");
    assert_eq!(sandbox.ledger().requests().len(), 0);
    let foreign = fs::read_to_string(environment.path().join("foreign.jsonl")).unwrap();
    assert_eq!(foreign, "{\"mine\":1}\n");
}

#[test]
fn the_command_at_the_end_gets_the_result_and_never_the_token() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    // Another command can work on the run: its files are written, and its locks are free.
    let command = format!(
        "env >env.txt; cat >result.json; {BINARY} resume \"$WF_BULK_RUN\" --json >again.json"
    );
    let arguments = [&RUN[..], &["--json", "--on-finish", &command]].concat();
    let mut run = environment.command_on(&sandbox, &arguments);
    run.env("WF_BULK_ENGINE_KEY", "s3cret")
        .env("WF_BULK_ENGINE_API_KEY", "s3cret");
    let ended = Ended::from(run.output().unwrap()).expect_code(0);
    let read = |name: &str| fs::read_to_string(environment.path().join(name)).unwrap();
    assert_eq!(read("result.json"), ended.stdout);
    assert_eq!(read("again.json"), ended.stdout);
    let variables = read("env.txt");
    let run = ended.json()["run"].as_str().unwrap().to_owned();
    assert!(
        variables.contains(&format!("WF_BULK_RUN={run}\n")),
        "{variables}"
    );
    assert!(variables.contains("WF_BULK_EXIT_CODE=0\n"));
    for secret in ["EPILOT_TOKEN", "s3cret"] {
        assert!(!variables.contains(secret), "{variables}");
    }
}

#[test]
fn the_command_at_the_end_can_not_read_the_token_in_the_environment_of_its_parent() {
    let environment = Environment::new().with_playbooks();
    // What forbids core dumps also protects the environment.
    let limits = "grep '^Max core file size  *0  *0 ' /proc/$PPID/limits >limits.txt";
    let run = [&RUN[..], &["--sandbox", "--on-finish", limits]].concat();
    environment.run(&run).expect_code(0);
    let read = fs::read_to_string(environment.path().join("limits.txt")).unwrap();
    assert!(read.starts_with("Max core"), "{read}");
}

#[test]
fn a_fifo_in_the_place_of_the_metrics_holds_no_end_of_a_session_up() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    // The source of the token runs after the file was looked at. The service does not accept its token.
    let source = "rm -f x.prom; mkfifo x.prom; echo token";
    let flags = ["--metrics", "x.prom", "--on-finish", "echo told"];
    let command = [&RUN[..], &flags, &["--token-command", source]].concat();
    environment
        .run_on(&sandbox, &command)
        .expect_code(1)
        .expect_said("it is a FIFO, and must be a regular file")
        .expect_said("told");
}

#[test]
fn whatever_a_command_ends_with_is_told_and_no_failure_of_the_telling_changes_it() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    environment.file("broken.yaml", "version: 1\nnam: x\n");
    environment.file(
        "guarded.yaml",
        &MANY.replace("actions:", "guards: { max_changes: 1 }\nactions:"),
    );
    let tell = "cat >result.json; echo \"run <$WF_BULK_RUN> code <$WF_BULK_EXIT_CODE>\"; exit 9";
    for (arguments, code) in [
        (&["run", "broken.yaml", "--yes"][..], 1),
        (&["run", "playbooks/reassign.yaml"], 64),
        (&["run", "guarded.yaml", "--yes"], 4),
        (
            &[
                "run",
                "playbooks/reassign.yaml",
                "--yes",
                "--events",
                "playbooks",
            ],
            64,
        ),
        (&["resume", "0192"], 1),
        (&["apply", "no.plan", "--yes"], 1),
    ] {
        let arguments = [arguments, &["--on-finish", tell, "--metrics", "m.prom"]].concat();
        let ended = environment.run_on(&sandbox, &arguments);
        let ended = ended
            .expect_said(&format!("run <> code <{code}>"))
            .expect_said(
                "warning: the command of --on-finish did not succeed: it ended with exit status: 9",
            );
        ended.expect_code(code);
        let document = fs::read_to_string(environment.path().join("result.json")).unwrap();
        let document: Value = serde_json::from_str(&document).unwrap();
        assert_eq!(document["exit_code"], code, "{document}");
        assert!(!document["errors"][0]["message"].is_null(), "{document}");
        assert_eq!(metric(&environment, "wf_bulk_exit_code"), code.to_string());
        assert_eq!(metric(&environment, "wf_bulk_last_success"), "0");
    }
    // Nothing to resume is no session.
    let nothing = [
        "resume",
        "--last",
        "--on-finish",
        "echo told",
        "--metrics",
        "m.prom",
    ];
    let ended = environment.run_on(&sandbox, &nothing).expect_code(0);
    assert!(!ended.stderr.contains("told"));
    assert_eq!(metric(&environment, "wf_bulk_last_success"), "0");
}

#[test]
fn a_signal_ends_the_command_at_the_end_and_the_exit_code_stays() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    let arguments = [
        &RUN[..],
        &[
            "--on-finish",
            "touch began; sleep 50 & sleep 50; touch late",
        ],
    ]
    .concat();
    let child = environment
        .command_on(&sandbox, &arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !environment.path().join("began").exists() {
        assert!(start.elapsed() < Duration::from_secs(60));
        thread::sleep(Duration::from_millis(10));
    }
    // The first instants belong to the shell.
    thread::sleep(Duration::from_millis(200));
    let status = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
    let ended = Ended::from(child.wait_with_output().unwrap());
    assert!(
        start.elapsed() < Duration::from_secs(40),
        "standard error is closed, too"
    );
    ended
        .expect_code(0)
        .expect_said("it was stopped by a signal");
    assert!(!environment.path().join("late").exists());
}

#[test]
fn metrics_are_written_for_another_user_and_keep_the_last_success() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new();
    environment.file(
        "many.yaml",
        &MANY
            .replace("name: many", "name: 'a\"}\\b ä'")
            .replace("250", "3"),
    );
    let with_umask = |umask: &str, arguments: &[&str]| {
        let command = environment.command_on(&sandbox, arguments);
        let script = format!("umask {umask}; exec \"$0\" \"$@\"");
        let output = shell(&script, &command, &environment).output();
        Ended::from(output.unwrap())
    };
    let mode = || {
        let metadata = fs::metadata(environment.path().join("m.prom")).unwrap();
        metadata.permissions().mode() & 0o777
    };
    let run = ["run", "many.yaml", "--yes", "--metrics", "m.prom"];
    with_umask("022", &run).expect_code(0);
    assert_eq!(mode(), 0o644);
    assert_eq!(metric(&environment, "wf_bulk_planned_changes"), "3");
    assert_eq!(
        metric(&environment, "wf_bulk_last_success"),
        metric(&environment, "wf_bulk_end")
    );
    let text = fs::read_to_string(environment.path().join("m.prom")).unwrap();
    let server = sandbox.url().replace("http://", "");
    assert!(
        text.contains(&format!(
            "{{playbook=\"a\\\"}}\\\\b ä\",server=\"{server}\",org=\"4711\"}} 3\n"
        )),
        "{text}"
    );
    let success = metric(&environment, "wf_bulk_last_success");

    // Its token is refused.
    let refused = [&run[..], &["--again", "--token", "wrong"]].concat();
    with_umask("077", &refused).expect_code(1);
    assert_eq!(mode(), 0o600);
    assert_eq!(metric(&environment, "wf_bulk_exit_code"), "1");
    assert_eq!(metric(&environment, "wf_bulk_last_success"), success);
    assert_ne!(metric(&environment, "wf_bulk_end"), success);
    let names: Vec<_> = fs::read_dir(environment.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 4, "no temporary file is left: {names:?}");
}
