//! Where the token comes from, and that it goes nowhere else.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    thread,
};

use serde_json::json;

use crate::environment::{Ended, Environment, SandboxProcess};

const PLAN: [&str; 4] = ["run", "p.yaml", "--dry-run", "--json"];

fn environment() -> Environment {
    let environment = Environment::new();
    environment.file(
        "p.yaml",
        "version: 1\nname: p\npace: { rate: 3000/s, burst: 100 }\nselect: { executions: { list: {} }, limit: 3 }\nactions: [ reassign: { set: [\"7\"] } ]\n",
    );
    environment
}

fn profiles(environment: &Environment, sandbox: &SandboxProcess, token: &str) {
    let profiles = json!({"active": "work", "profiles": {"work": {
        "name": "work", "server": sandbox.url(), "token": token, "org_id": "4711", "headers": {"x-team": "s3cr3t-team"},
    }, "other": {"name": "other", "server": sandbox.url(), "org_id": "1", "token": "sandbox"}}});
    let path = environment.file(".config/epilot/profiles.json", &profiles.to_string());
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn planned(ended: Ended) -> u64 {
    ended.expect_code(0).json()["planned"].as_u64().unwrap()
}

#[test]
fn a_profile_gives_server_token_organisation_and_headers_and_its_file_stays_as_it_was() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = environment();
    profiles(&environment, &sandbox, "sandbox");
    let file = environment.path().join(".config/epilot/profiles.json");
    let before = fs::read(&file).unwrap();
    let ended = environment.run(&PLAN);
    assert!(!ended.stderr.contains("s3cr3t") && !ended.stderr.contains("warning"));
    assert_eq!(planned(ended), 3);
    assert_eq!(fs::read(&file).unwrap(), before);
    // The organisation of the other profile is not that of the data, and the service says so.
    environment
        .run(&[&PLAN[..], &["--profile", "other"]].concat())
        .expect_code(1)
        .expect_said("403");
    environment
        .run(&[&PLAN[..], &["--profile", "wrok"]].concat())
        .expect_code(1)
        .expect_said("there is no profile \"wrok\"");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    environment.run(&PLAN).expect_said("others can read");
}

#[test]
fn the_environment_goes_before_a_profile_and_flags_before_both() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = environment();
    profiles(&environment, &sandbox, "wrong");
    environment.run(&PLAN).expect_code(1);
    let with_env = |token: &str, more: &[&str]| {
        let arguments = [&PLAN[..], more].concat();
        let mut command = environment.command(&arguments);
        command
            .env("EPILOT_TOKEN", token)
            .env("WF_BULK_ENGINE_KEY", token)
            .env("WF_BULK_ENGINE_API_KEY", token);
        Ended::from(command.output().unwrap())
    };
    assert_eq!(planned(with_env("sandbox", &[])), 3);
    with_env("wrong", &[]).expect_code(1);
    assert_eq!(planned(with_env("wrong", &["--token", "sandbox"])), 3);
    environment.file("token", "sandbox\n");
    assert_eq!(planned(with_env("wrong", &["--token-file", "token"])), 3);
    assert_eq!(
        planned(with_env("wrong", &["--token-command", "echo sandbox"])),
        3
    );
    // A token is for this tool alone.
    let lists = "env | grep -qE 'EPILOT_TOKEN|WF_BULK_ENGINE_(API_)?KEY' && exit 8; echo sandbox";
    assert_eq!(planned(with_env("wrong", &["--token-command", lists])), 3);
    with_env("wrong", &["--token-command", "echo s3cr3t; exit 7"])
        .expect_code(1)
        .expect_said("exit status: 7");
}

/// A server that answers each request with 403 and with what it was asked, and its address.
fn echoing_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(&stream).lines().map(Result::unwrap);
            let request: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
            let body =
                json!({"message": request.join(" ").replace("authorization", "A")}).to_string();
            let length = body.len();
            let head = format!(
                "HTTP/1.1 403 Forbidden\r\ncontent-length: {length}\r\nconnection: close\r\n"
            );
            write!(stream, "{head}\r\n{body}").unwrap();
        }
    });
    format!("http://{address}")
}

#[test]
fn a_token_that_the_service_repeats_is_neither_printed_nor_kept() {
    let environment = environment();
    let server = echoing_server();
    let run = [
        "run",
        "p.yaml",
        "--yes",
        "--json",
        "--server",
        &server,
        "--token",
        "s3cr3t-t0ken",
    ];
    let ended = environment.run(&run).expect_code(1);
    for out in [&ended.stdout, &ended.stderr] {
        assert!(out.contains("A: Bearer [redacted"), "{out}");
        assert!(!out.contains("s3cr3t-t0ken"), "{out}");
    }
}

#[test]
fn a_process_with_a_token_leaves_no_memory_on_disk() {
    let environment = environment();
    let sandbox = SandboxProcess::start(&[]);
    // The command's parent is the process itself.
    let limits = "grep '^Max core file size' /proc/$PPID/limits > limits; echo sandbox";
    let ended = environment.run(
        &[
            &PLAN[..],
            &["--server", &sandbox.url(), "--token-command", limits],
        ]
        .concat(),
    );
    ended.expect_code(0);
    let limits = fs::read_to_string(environment.path().join("limits")).unwrap();
    let limits: Vec<_> = limits.split_whitespace().collect();
    assert_eq!(limits[4..6], ["0", "0"], "{limits:?}");
}

#[test]
fn stored_credentials_count_until_they_expire() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = environment();
    let stored = |until: &str| {
        let text = json!({"token": "sandbox", "expires_at": until}).to_string();
        environment.file(".config/epilot/credentials.json", &text);
        environment.run(&[&PLAN[..], &["--server", &sandbox.url()]].concat())
    };
    assert_eq!(planned(stored("2099-01-01T00:00:00Z")), 3);
    stored("2020-01-01T00:00:00Z")
        .expect_code(1)
        .expect_said("the token of credentials.json has expired at 2020-01-01T00:00:00Z");
    environment.file(".config/epilot/credentials.json", "{\n\"token\": s3cr3t");
    let ended = environment.run(&PLAN).expect_code(1);
    assert!(ended.stderr.contains("credentials.json, line 2") && !ended.stderr.contains("s3cr3t"));
    // The sandbox inside the process wants none of it.
    let run = [&PLAN[..], &["--sandbox"]].concat();
    assert_eq!(planned(environment.run(&run)), 3);
}

/// A command that gives another token each time it is asked, and counts how often that was.
fn tokens(environment: &Environment, tokens: &[&str]) -> String {
    environment.file("tokens", &(tokens.join("\n") + "\n"));
    "head -n 1 tokens; sed -i 1d tokens; echo asked >> asked".to_owned()
}

fn asked(environment: &Environment) -> usize {
    fs::read_to_string(environment.path().join("asked"))
        .unwrap()
        .lines()
        .count()
}

#[test]
fn a_token_that_is_not_accepted_any_more_is_asked_for_once_again() {
    // The third write meets a 401, as if the token had expired in the middle of the run.
    let faults = json!({"rules": [{"match": {"method": "PATCH", "nth": 3}, "do": {"status": {"code": 401}}}]});
    let sandbox = SandboxProcess::with_faults(&faults);
    let environment = environment();
    let run = |command: &str| {
        let url = sandbox.url();
        environment.run(&[
            "run",
            "p.yaml",
            "--yes",
            "--json",
            "--server",
            &url,
            "--token-command",
            command,
        ])
    };
    let command = tokens(&environment, &["sandbox", "sandbox", "sandbox"]);
    let document = run(&command).expect_code(0).json();
    assert_eq!(document["outcomes"]["applied"], 3);
    assert_eq!(asked(&environment), 2);
    assert_eq!(sandbox.ledger().effects().len(), 3);
}

#[test]
fn a_read_with_an_old_token_is_repeated_with_the_new_one_and_a_wrong_one_ends_it() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = environment();
    let run = |command: &str| {
        let url = sandbox.url();
        environment.run(&[&PLAN[..], &["--server", &url, "--token-command", command]].concat())
    };
    let command = tokens(&environment, &["old", "sandbox"]);
    assert_eq!(planned(run(&command)), 3);
    assert_eq!(asked(&environment), 2);
    let command = tokens(&environment, &["old", "older", "sandbox"]);
    run(&command)
        .expect_code(1)
        .expect_said("does not accept the token");
    assert_eq!(asked(&environment), 4, "once again, and no more");
    // A file that was exchanged is read again in the same way.
    let ended = environment.run(
        &[
            &PLAN[..],
            &["--server", &sandbox.url(), "--token-file", "nowhere"],
        ]
        .concat(),
    );
    ended.expect_code(1).expect_said("nowhere");
}

#[test]
fn another_service_of_epilot_gets_no_token_whoever_names_it() {
    let environment = environment();
    environment.file(
        ".config/epilot/profiles.json",
        r#"{"active": "work", "profiles": {"work": {"name": "work", "server": "https://entity.dev.sls.epilot.io"}}}"#,
    );
    // A token command runs before any request: it has not been asked.
    let run = |more: &[&str]| {
        let command = tokens(&environment, &["sandbox"]);
        let ended = environment.run(&[&PLAN[..], &["--token-command", &command], more].concat());
        assert!(
            !environment.path().join("asked").exists(),
            "{}",
            ended.stderr
        );
        ended
    };
    run(&[])
        .expect_code(64)
        .expect_said("use https://workflows-execution.dev.sls.epilot.io");
    run(&[]).expect_said(
        "the server comes from WF_BULK_SERVER or the profile; --server URL overrides it",
    );
    run(&["--server", "https://user.sls.epilot.io"])
        .expect_code(64)
        .expect_said("use https://workflows-execution.sls.epilot.io");
    let server = "https://workflows-execution.sls.epilot.io";
    environment
        .run(
            &[
                &PLAN[..],
                &[
                    "--server",
                    server,
                    "--token",
                    "s3cr3t",
                    "--entity-server",
                    server,
                ],
            ]
            .concat(),
        )
        .expect_code(64)
        .expect_said("use https://entity.sls.epilot.io");
}
