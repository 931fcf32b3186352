//! What is shown of a plan is what happens, in every format.

use crate::environment::{Environment, SandboxProcess};

const FORMATS: [&str; 4] = ["text", "markdown", "json", "html"];

/// A plan, and what each format shows of it.
fn shown(environment: &Environment, sandbox: &SandboxProcess, playbook: &str) -> Vec<String> {
    environment
        .run_on(sandbox, &["plan", playbook, "-o", "x.plan"])
        .expect_code(0);
    FORMATS
        .iter()
        .map(|format| {
            let ended = environment.run(&["show", "x.plan", "--format", format]);
            ended.expect_code(0).stdout
        })
        .collect()
}

#[test]
fn who_goes_comes_and_stays_is_said_in_every_format() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    let formats = shown(&environment, &sandbox, "playbooks/hand-over.yaml");
    let plan = std::fs::read_to_string(environment.path().join("x.plan")).unwrap();
    let both = plan.contains(
        r#""before":{"assigned_to":["10010","10020"]},"after":{"assigned_to":["10020"]}"#,
    );
    assert!(both, "a task has the leaver and the successor");
    for (format, text) in FORMATS.iter().zip(formats) {
        assert!(
            text.contains("10010 removed, 10020 stays"),
            "{format}: {text}"
        );
        assert!(!text.contains("10010 → nobody"), "{format}: {text}");
        // There is no command that undoes.
        assert!(!text.contains("can be undone"), "{format}: {text}");
    }
}

#[test]
fn a_delete_for_good_and_one_that_hides_are_two_lines_in_every_format() {
    let sandbox = SandboxProcess::start(&["--executions", "600"]);
    let environment = Environment::new().with_playbooks();
    environment.file(
        "playbooks/x.yaml",
        "version: 1
name: x
select: { flows: { entities: { file: entities.csv } }, limit: 30 }
actions:
  - delete: { soft: true }
    when: not (execution.name is startingwith(\"Umzug\"))
  - delete: { soft: false }
    when: execution.name is startingwith(\"Umzug\")
guards: { allow: [delete] }
pace: { rate: 3000/s, burst: 100 }
",
    );
    let formats = shown(&environment, &sandbox, "playbooks/x.yaml");
    for (format, text) in FORMATS.iter().zip(formats) {
        for said in ["hidden, and kept by the service", "for good"] {
            assert!(text.contains(said), "{said} is not in {format}: {text}");
        }
    }
}
