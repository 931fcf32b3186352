//! Bad input: a clear error, the right exit code, nothing written.

use std::{
    io::{Read, Write},
    net::TcpListener,
};

use serde_json::json;

use crate::environment::{Environment, SandboxProcess};

const FLOWS: &str = "version: 1\nname: p\nselect:\n  flows: { entities: [ { id: ENTITY, schema: opportunity } ] }\n\
                     actions:\n  - reassign: { set: \"1\" }\n";

fn with_entity(id: &str) -> String {
    FLOWS.replace("ENTITY", id)
}

#[test]
fn a_playbook_that_is_not_there_is_an_error() {
    let environment = Environment::new();
    environment
        .run(&["run", "no.yaml", "--sandbox", "--yes"])
        .expect_code(1)
        .expect_said("no.yaml")
        .expect_said("No such file");
    assert!(environment.runs().is_empty());
}

#[test]
fn a_playbook_with_mistakes_shows_all_of_them_and_requests_nothing() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new();
    environment.file(
        "p.yaml",
        &with_entity("../x")
            .replace("reassign", "resign")
            .replace("version: 1", "version: 2"),
    );
    environment
        .run_on(&sandbox, &["run", "p.yaml", "--yes"])
        .expect_code(1)
        .expect_said("p.yaml:1:")
        .expect_said("p.yaml:4:")
        .expect_said("p.yaml:6:")
        .expect_said("did you mean `reassign`?")
        .expect_said("has 3 mistakes; nothing was requested");
    assert!(sandbox.ledger().requests().is_empty());
}

#[test]
fn an_unknown_variable_is_an_error() {
    let environment = Environment::new().with_playbooks();
    environment
        .run(&["validate", "playbooks/reassign.yaml", "--var", "leavr=1"])
        .expect_code(1)
        .expect_said("leavr")
        .expect_said("did you mean `leaver`?");
}

#[test]
fn ids_that_would_change_a_url_are_refused() {
    let environment = Environment::new();
    for id in ["a/b", "..", "\"a b\"", "a%2Fb"] {
        environment.file("p.yaml", &with_entity(id));
        environment
            .run(&["validate", "p.yaml"])
            .expect_code(1)
            .expect_said("p.yaml:4:");
    }
    // In a file of entities the row is rejected, and the plan with it.
    environment.file("entities.csv", "entity_id,entity_schema\na/b,opportunity\n");
    environment.file(
        "p.yaml",
        &FLOWS.replace(
            "[ { id: ENTITY, schema: opportunity } ]",
            "{ file: entities.csv }",
        ),
    );
    let planned = environment
        .run(&["plan", "p.yaml", "-o", "x.plan", "--sandbox"])
        .expect_code(3);
    assert!(planned.stdout.contains("row 2"), "{}", planned.stdout);
    environment
        .run(&["apply", "x.plan", "--sandbox", "--yes"])
        .expect_code(3)
        .expect_said("1 item could not be planned");
    assert!(environment.runs().is_empty());
}

#[test]
fn a_server_that_is_not_there_is_an_error_that_names_it() {
    let environment = Environment::new().with_playbooks();
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{address}");
    let mut command =
        environment.command(&["run", "playbooks/reassign.yaml", "--yes", "--server", &url]);
    let ended = crate::environment::Ended::from(command.env("EPILOT_TOKEN", "t").output().unwrap());
    ended
        .expect_code(1)
        .expect_said(&url)
        .expect_said("can't be reached");
    assert!(environment.runs().is_empty());
}

#[test]
fn a_wrong_token_is_an_error_and_is_never_shown() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    let mut command =
        environment.command_on(&sandbox, &["run", "playbooks/reassign.yaml", "--yes", "-v"]);
    let output = command
        .env("EPILOT_TOKEN", "wrong-s3cret")
        .output()
        .unwrap();
    let ended = crate::environment::Ended::from(output)
        .expect_code(1)
        .expect_said("does not accept the token");
    assert!(!ended.stderr.contains("s3cret") && !ended.stdout.contains("s3cret"));
    let mut command =
        environment.command_on(&sandbox, &["run", "playbooks/reassign.yaml", "--yes"]);
    let ended =
        crate::environment::Ended::from(command.env_remove("EPILOT_TOKEN").output().unwrap());
    ended
        .expect_code(1)
        .expect_said("there is no token")
        .expect_said("EPILOT_TOKEN");
    assert_eq!(sandbox.ledger().writes(), 0);
}

#[test]
fn a_token_is_sent_over_http_to_this_machine_only() {
    let environment = Environment::new().with_playbooks();
    let mut command = environment.command(&[
        "run",
        "playbooks/reassign.yaml",
        "--yes",
        "--server",
        "http://service.example",
    ]);
    let ended = crate::environment::Ended::from(command.env("EPILOT_TOKEN", "t").output().unwrap());
    ended.expect_code(64).expect_said("https://service.example");
}

#[test]
fn an_answer_that_is_no_json_ends_the_selection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            drop(stream.read(&mut [0; 4096]));
            let page = "<html>\u{1b}[31mlog in here</html>";
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n",
                page.len()
            );
            drop(stream.write_all((head + page).as_bytes()));
        }
    });
    let environment = Environment::new().with_playbooks();
    let mut command =
        environment.command(&["run", "playbooks/reassign.yaml", "--yes", "--server", &url]);
    let ended = crate::environment::Ended::from(command.env("EPILOT_TOKEN", "t").output().unwrap());
    let ended = ended
        .expect_code(1)
        .expect_said("text/html")
        .expect_said("log in here");
    assert!(
        !ended.stderr.contains('\u{1b}'),
        "no control byte reaches the terminal"
    );
    assert!(environment.runs().is_empty());
}

#[test]
fn a_plan_for_another_server_is_refused() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    environment
        .run(&[
            "plan",
            "playbooks/reassign.yaml",
            "-o",
            "x.plan",
            "--sandbox",
        ])
        .expect_code(0);
    environment
        .run_on(&sandbox, &["apply", "x.plan", "--yes"])
        .expect_code(1)
        .expect_said("the plan is for the sandbox, not for http://")
        .expect_said("add --sandbox");
    // This comes before a token is looked for.
    let ended = environment.run(&["apply", "x.plan", "--yes"]);
    ended
        .expect_code(1)
        .expect_said("the plan is for the sandbox, not for https://")
        .expect_said("add --sandbox")
        .expect_said("nothing was changed");
    assert_eq!(sandbox.ledger().writes(), 0);
    assert!(environment.runs().is_empty());
}

#[test]
fn a_plan_that_was_touched_is_refused() {
    let environment = Environment::new().with_playbooks();
    environment
        .run(&[
            "plan",
            "playbooks/reassign.yaml",
            "-o",
            "x.plan",
            "--sandbox",
        ])
        .expect_code(0);
    let path = environment.path().join("x.plan");
    let text = std::fs::read_to_string(&path)
        .unwrap()
        .replacen("10020", "10021", 1);
    std::fs::write(&path, text).unwrap();
    environment
        .run(&["apply", "x.plan", "--sandbox", "--yes"])
        .expect_code(1)
        .expect_said("was changed after it was made");
    assert_eq!(environment.effects_on_disk(), 0);
}

#[test]
fn without_a_terminal_changes_need_a_yes_before_the_first_request() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    environment
        .run_on(&sandbox, &["run", "playbooks/reassign.yaml"])
        .expect_code(64)
        .expect_said("--yes");
    assert!(sandbox.ledger().requests().is_empty());
    environment.run(&["run"]).expect_code(64);
    environment
        .run(&["run", "playbooks/reassign.yaml", "--no-such-flag"])
        .expect_code(64);
}

#[test]
fn a_broken_guard_stops_the_run_before_anything_is_written() {
    let environment = Environment::new().with_playbooks();
    environment
        .run(&[
            "run",
            "playbooks/reassign.yaml",
            "--sandbox",
            "--yes",
            "--max-changes",
            "10",
        ])
        .expect_code(4)
        .expect_said("137 changes are planned, --max-changes is 10");
    assert_eq!(environment.effects_on_disk(), 0);
    assert!(environment.runs().is_empty());
}

#[test]
fn a_service_that_refuses_ends_the_change_and_says_why() {
    let sandbox = SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"method": "PATCH", "nth": 1}, "do": {"status": {"code": 400, "message": "no \u{1b}[31m way"}}}
    ]}));
    let environment = Environment::new().with_playbooks();
    let ended = environment.run_on(
        &sandbox,
        &[
            "run",
            "playbooks/reassign.yaml",
            "--yes",
            "--json",
            "--limit",
            "4",
        ],
    );
    let ended = ended.expect_code(3).expect_said("400: no \\u{1b}[31m way");
    assert_eq!(ended.json()["outcomes"]["refused"], 1);
    let failed = std::fs::read_to_string(environment.runs()[0].join("failed.csv")).unwrap();
    assert_eq!(
        failed
            .lines()
            .filter(|line| line.contains(",refused,"))
            .count(),
        1,
        "{failed}"
    );
}

#[test]
fn a_text_in_another_encoding_is_named_with_its_line_and_the_fix() {
    let environment = Environment::new();
    let dates = "version: 1\nname: p\ncalendar: days.txt\nselect:\n  executions: { ids: [ a ] }\n\
                 actions:\n  - delete: {}\nguards: { allow: [delete] }\n";
    environment.file("p.yaml", dates);
    std::fs::write(
        environment.path().join("days.txt"),
        b"# Br\xfcckentage\n2026-12-24\n",
    )
    .unwrap();
    environment
        .run(&["validate", "p.yaml"])
        .expect_code(1)
        .expect_said("line 1 is Windows-1252 or a similar encoding, not UTF-8");
    let utf16: Vec<u8> = dates.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(environment.path().join("p.yaml"), utf16).unwrap();
    environment
        .run(&["validate", "p.yaml"])
        .expect_code(1)
        .expect_said("line 1 is UTF-16, not UTF-8: save the file as UTF-8");
}

#[test]
fn a_proxy_that_does_not_answer_is_named_with_the_variable_that_names_it() {
    let environment = Environment::new().with_playbooks();
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let plan = [
        "plan",
        "playbooks/reassign.yaml",
        "-o",
        "x.plan",
        "--server",
        "https://service.example",
    ];
    let mut command = environment.command(&plan);
    command
        .env("EPILOT_TOKEN", "t")
        .env("HTTPS_PROXY", format!("http://me:s3cr3t@{address}"));
    let ended = crate::environment::Ended::from(command.output().unwrap())
        .expect_code(1)
        .expect_said(&format!("through the proxy http://{address}"))
        .expect_said("unset HTTPS_PROXY");
    assert!(!ended.stderr.contains("s3cr3t"), "{}", ended.stderr);
}
