//! Ctrl-C and the hangup of a terminal in the middle of a run.

use std::io::Write;

use super::*;

#[test]
fn an_interrupt_finishes_what_is_in_flight_and_resume_does_the_rest() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = environment();
    let command = environment.command_on(
        &sandbox,
        &[
            "run",
            "mixed.yaml",
            "--yes",
            "--rate",
            "200/s",
            "--limit",
            "200",
        ],
    );
    let (mut child, ended) = start_until(&environment, command, 60);
    assert!(!ended);
    let signal = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(signal.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));

    let effects = sandbox.ledger().effects().len();
    let checkpoint = fs::read_to_string(checkpoint(&environment).unwrap()).unwrap();
    let ended = checkpoint
        .lines()
        .filter(|line| line.contains("\"applied\""))
        .count();
    assert_eq!(
        effects, ended,
        "what was sent has its end in the checkpoint"
    );
    let document = environment
        .run_on(&sandbox, &["resume", "--last", "--json"])
        .expect_code(0)
        .json();
    assert_eq!(document["outcomes"]["applied"], document["planned"]);
    assert_eq!(
        sandbox.ledger().effects().len() as u64,
        document["planned"].as_u64().unwrap()
    );
    environment
        .run_on(&sandbox, &["resume", "--last"])
        .expect_code(0)
        .expect_said("there is no unfinished run");
}

#[test]
fn a_hangup_ends_a_run_as_an_interrupt_does_and_under_nohup_it_does_nothing() {
    for (how, code) in [("default", 130), ("ignore", 0)] {
        let sandbox = SandboxProcess::start(&[]);
        let environment = environment();
        let arguments = [
            "run",
            "mixed.yaml",
            "--yes",
            "--rate",
            "200/s",
            "--limit",
            "200",
        ];
        let command = environment.command_on(&sandbox, &arguments);
        let command = environment.with_hangup(&command, how);
        let (mut child, ended) = start_until(&environment, command, 60);
        assert!(!ended);
        let signal = Command::new("kill")
            .args(["-HUP", &child.id().to_string()])
            .status()
            .unwrap();
        assert!(signal.success());
        assert_eq!(child.wait().unwrap().code(), Some(code), "{how}");
        let records = fs::read_to_string(checkpoint(&environment).unwrap()).unwrap();
        let applied = records.matches("\"applied\"").count();
        assert_eq!(sandbox.ledger().effects().len(), applied, "{how}");
    }
}

#[test]
fn a_second_interrupt_stops_at_once_and_leaves_what_was_in_flight_in_doubt() {
    // Answers that take longer than a person waits.
    let sandbox = SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"effect_only": true, "to": 8}, "do": {"latency_ms": 20_000}}
    ]}));
    let environment = environment();
    let arguments = ["run", "mixed.yaml", "--yes", "--limit", "20"];
    let command = environment.command_on(&sandbox, &arguments);
    let (mut child, ended) = start_until(&environment, command, 2);
    assert!(!ended);
    while sandbox.ledger().writes() == 0 {
        thread::sleep(Duration::from_millis(10));
    }
    let interrupt = || {
        let status = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert!(status.unwrap().success());
    };
    interrupt();
    thread::sleep(Duration::from_millis(300));
    interrupt();
    let start = Instant::now();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "it waited for what was in flight"
    );
    let left = environment.run(&["status", "--json"]).expect_code(0).stdout;
    let left: serde_json::Value = serde_json::from_str(&left).unwrap();
    assert_eq!(left["runs"][0]["standing"], "unfinished");
    assert!(
        left["runs"][0]["outcomes"]["in_doubt"].as_u64().unwrap() > 0,
        "{left}"
    );
}

#[test]
fn a_second_interrupt_stops_at_once_also_while_nothing_can_be_awaited() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = environment();
    let (_reader, mut writer) = std::io::pipe().unwrap();
    // As full as the system lets it be: the program waits for a reader of what it shows.
    writer.write_all(" ".repeat(64 << 10).as_bytes()).unwrap();
    let arguments = ["run", "mixed.yaml", "--dry-run", "--json"];
    let mut command = environment.command_on(&sandbox, &arguments);
    command.stdout(writer).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let mut read = 0;
    while read == 0 || sandbox.ledger().requests().len() > read {
        read = sandbox.ledger().requests().len();
        thread::sleep(Duration::from_secs(1));
    }
    let pid = child.id().to_string();
    let waited = thread::spawn(move || child.wait_with_output().unwrap());
    let start = Instant::now();
    for _ in 0..2 {
        let sent = Command::new("kill").args(["-INT", &pid]).status();
        assert!(sent.unwrap().success());
        thread::sleep(Duration::from_millis(300));
    }
    while !waited.is_finished() {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "it goes on after a second interrupt"
        );
        thread::sleep(Duration::from_millis(10));
    }
    let ended = waited.join().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("stopped at once"), "{said}");
}
