//! What is different from a plan that was reviewed.

use std::fs;

use serde_json::{Value, json};

use crate::environment::{Environment, SandboxProcess};

#[test]
fn what_came_went_or_became_another_since_the_review_is_told_and_nothing_else() {
    const NAME: &str = "\u{1b}[2J\u{202e}`|<b>";
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    let plan = |name: &str, more: &[&str]| {
        let arguments = [
            &["plan", "playbooks/shift-due-dates.yaml", "-o", name][..],
            more,
        ]
        .concat();
        environment.run_on(&sandbox, &arguments).expect_code(0);
        let text = fs::read_to_string(environment.path().join(name)).unwrap();
        let lines = text.lines().filter(|line| line.starts_with("{\"change\""));
        let changes: Vec<Value> = lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        changes
    };
    let diff = |more: &[&str], code: i32| {
        let arguments = [&["diff", "reviewed.plan", "now.plan"], more].concat();
        environment.run(&arguments).expect_code(code)
    };

    let reviewed = plan("reviewed.plan", &[]);
    plan("now.plan", &["--now", "2026-11-26T00:00:00Z"]);
    plan("now.plan", &[]);
    let same = diff(&["--exit-code"], 0).stdout;
    let all = reviewed.len();
    assert!(
        same.contains(&format!("the same {all} changes in both plans\n")),
        "{same}"
    );

    // One is due on another day, one has another name, one has moved on.
    let edit = |change: &Value, set: Value| {
        let path = format!("/_sandbox/edit/{}", change["group"].as_str().unwrap());
        let body = json!({"task": change["target"]["id"], "set": set});
        sandbox.request("POST", &path, &body.to_string());
    };
    edit(
        &reviewed[0],
        json!({"due_date": reviewed[0]["after"]["due_date"]}),
    );
    edit(&reviewed[1], json!({"name": NAME}));
    edit(&reviewed[2], json!({"status": "COMPLETED"}));
    plan("now.plan", &[]);
    diff(&[], 0);
    let told = diff(&["--exit-code"], 2).stdout;
    let totals = format!("0 added, 1 removed, 2 altered, {} the same\n", all - 3);
    assert!(told.contains(&totals), "{told}");
    assert!(told.contains("is done in another way"), "{told}");
    assert!(told.contains(r"\u{1b}[2J\u{202e}`|<b>"), "{told}");
    let harmful = |c: char| c != '\n' && c.is_control() || c == '\u{202e}';
    assert!(!told.contains(harmful), "{told:?}");

    let document: Value = serde_json::from_str(&diff(&["--json"], 0).stdout).unwrap();
    assert_eq!(document["unchanged"], all - 3);
    let mut kinds: Vec<(String, &Value)> = document["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (format!("{}{}", change["kind"], change["differs"]), change))
        .collect();
    kinds.sort_by(|a, b| a.0.cmp(&b.0));
    let names: Vec<&str> = kinds.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "\"altered\"[\"after\",\"before\"]",
            "\"altered\"[\"manner\"]",
            "\"removed\"null"
        ]
    );
    assert_eq!(kinds[0].1["reviewed"], reviewed[0]);
    assert_eq!(kinds[2].1["reviewed"], reviewed[2]);

    // A guard alone is a difference: one of the plans may be refused.
    environment.file("playbooks/shift-due-dates.yaml", &{
        let path = environment.path().join("playbooks/shift-due-dates.yaml");
        fs::read_to_string(path).unwrap().replace("2000", "1999")
    });
    fs::rename(
        environment.path().join("now.plan"),
        environment.path().join("reviewed.plan"),
    )
    .unwrap();
    plan("now.plan", &[]);
    let told = diff(&["--exit-code"], 2).stdout;
    assert!(told.contains("guards.max_changes: 2000 → 1999\n"), "{told}");
}

#[test]
fn only_plans_are_compared_and_a_newer_format_says_what_to_do() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    let arguments = ["plan", "playbooks/reassign.yaml", "-o", "x.plan"];
    environment.run_on(&sandbox, &arguments).expect_code(0);
    let text = fs::read_to_string(environment.path().join("x.plan")).unwrap();
    environment.file("cut.plan", &text[..text.len() / 2]);
    environment.file(
        "newer.plan",
        &text.replacen("\"wf_bulk_plan\":1", "\"wf_bulk_plan\":2", 1),
    );
    environment
        .run(&["diff", "x.plan", "cut.plan"])
        .expect_code(1)
        .expect_said("cut.plan is no plan that can be used");
    for command in [
        &["diff", "x.plan", "newer.plan"][..],
        &["show", "newer.plan"],
    ] {
        environment
            .run(command)
            .expect_code(1)
            .expect_said("the plan has format 2, this version reads format 1")
            .expect_said("update wf-bulk");
    }
    let apply = ["apply", "newer.plan", "--yes"];
    environment
        .run_on(&sandbox, &apply)
        .expect_code(1)
        .expect_said("update wf-bulk");
    assert_eq!(sandbox.ledger().writes(), 0);
}
