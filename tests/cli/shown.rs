//! What is shown of a plan is what happens, in every format.

use serde_json::Value;

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
        let undoable = match *format {
            "json" => "\"irreversible\":0",
            "html" => "<dt>can be undone</dt><dd>all</dd>",
            _ => "all can be undone",
        };
        assert!(text.contains(undoable), "{format}: {text}");
    }
}

#[test]
fn a_target_is_shown_with_the_names_of_what_it_stands_in_and_with_its_ids() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    let select = "{ executions: { list: {} }, limit: 1, each: step }";
    environment.file(
        "playbooks/first.yaml",
        &format!(
            "version: 1\nname: x\nselect: {select}\nactions: [ reassign: {{ set: [\"7\"] }} ]\n"
        ),
    );
    for playbook in ["playbooks/hand-over.yaml", "playbooks/first.yaml"] {
        let formats = shown(&environment, &sandbox, playbook);
        let plan = std::fs::read_to_string(environment.path().join("x.plan")).unwrap();
        let lines = plan.lines().map(|line| serde_json::from_str(line).unwrap());
        let changes: Vec<Value> = lines
            .filter(|line: &Value| line["change"].is_string())
            .collect();
        let of = |change: &Value| {
            (
                change["action"].clone(),
                change["before"].clone(),
                change["after"].clone(),
            )
        };
        // One that is told by itself.
        let alone = changes.iter().find(|one| {
            let equal = changes.iter().filter(|other| of(other) == of(one));
            one["target"]["id"].is_string() && equal.count() == 1
        });
        let target = &alone.unwrap()["target"];
        let name = |name: &Value| name.as_str().unwrap().to_owned();
        let names: Vec<String> = target["within"]
            .as_array()
            .unwrap()
            .iter()
            .chain([&target["name"]])
            .map(name)
            .collect();
        assert_eq!(names.len(), 3, "{target}");
        let ids = format!("{}/{}", name(&target["execution"]), name(&target["id"]));
        let said = format!("“{}” {ids}", names.join("” › “"));
        for (format, text) in FORMATS.iter().zip(formats) {
            assert!(text.contains(&said), "{said} is not in {format}: {text}");
        }
    }
}

#[test]
fn who_is_assigned_through_a_variable_is_told_apart_and_not_everything_is_as_it_was_wanted() {
    const THROUGH: &str = "10010 is assigned through {{assignee}}, which reassign does not change";
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    let run = ["run", "playbooks/reassign.yaml", "--yes"];
    environment.run_on(&sandbox, &run).expect_code(0);
    let again = environment.run_on(&sandbox, &run).expect_code(0);
    let left = format!("out of reach: 15 tasks ({THROUGH})");
    assert!(again.stdout.contains(&left), "{}", again.stdout);
    let said = "nothing to do: the plan says what is out of reach";
    assert!(again.stderr.contains(said), "{}", again.stderr);
    assert!(!again.stderr.contains("everything"), "{}", again.stderr);

    let formats = shown(&environment, &sandbox, "playbooks/reassign.yaml");
    let [text, markdown, json, html] = &formats[..] else {
        panic!("four formats")
    };
    for (format, shown) in FORMATS.iter().zip(&formats) {
        assert!(shown.contains(THROUGH), "{format}: {shown}");
        assert!(!shown.contains("nothing to do"), "{format}: {shown}");
    }
    assert!(text.contains(&format!("15  tasks    {THROUGH}")), "{text}");
    let row = format!("| 15 tasks | `{THROUGH}` |");
    assert!(markdown.contains(&row), "{markdown}");
    let json: Value = serde_json::from_str(json).unwrap();
    assert_eq!(json["out_of_reach"], 15, "{json}");
    assert!(html.contains(&left), "{html}");
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
