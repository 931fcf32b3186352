//! What is different from a plan that was reviewed.

use std::{fs, io::Read as _, process::Stdio};

use serde_json::{Value, json};

use wf_bulk::plan::{Item, PlanWriter};

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
        same.contains(&format!(
            "the same {all} changes in both plans: applying either does the same\n"
        )),
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
    let totals = format!(
        "0 changes added, 1 removed, 2 altered, {} the same",
        all - 3
    );
    assert!(told.contains(&totals), "{told}");
    let markdown = diff(&["--exit-code", "--format", "markdown"], 2).stdout;
    assert!(markdown.contains(&totals), "{markdown}");
    assert!(markdown.contains("**Altered**\n"), "{markdown}");
    let json = diff(&["--format", "json"], 0).stdout;
    assert_eq!(json, diff(&["--json"], 0).stdout);
    assert!(told.contains("has another name"), "{told}");
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
    assert!(told.contains("what decides about them differs"), "{told}");
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
        .expect_said("the plan cut.plan can't be used");
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

/// Writes plans of the test's own; the binary finds them right.
fn seal(environment: &Environment, name: &str, guards: &Value, scanned: u64, lines: &[Value]) {
    let header = json!({
        "wf_bulk_plan": 1, "playbook": {"name": "p", "sha256": "00", "converges": true, "repeatable": false},
        "vars": {}, "server": "sandbox", "org": "4711", "now": "2026-12-01T08:00:00Z", "timezone": "UTC",
        "pace": {"rate": "8/s", "burst": 4, "concurrency": 4, "stop_after": 10},
        "guards": guards, "tool": "wf-bulk",
    });
    let mut writer = PlanWriter::new(Vec::new(), &serde_json::from_value(header).unwrap()).unwrap();
    for line in lines {
        let item = if line.get("change").is_some() {
            Item::Change(serde_json::from_value(line.clone()).unwrap())
        } else if line.get("skipped").is_some() {
            Item::Skipped(serde_json::from_value(line["skipped"].clone()).unwrap())
        } else {
            Item::Rejected(serde_json::from_value(line["rejected"].clone()).unwrap())
        };
        writer.item(&item).unwrap();
    }
    let (bytes, ..) = writer.finish(scanned).unwrap();
    fs::write(environment.path().join(name), bytes).unwrap();
}

fn deletion(execution: &str) -> Value {
    let path = format!("/v2/flows/executions/{execution}");
    let id = &wf_bulk::digest::sha256(format!("{path}\ndelete\n0"))[..12];
    json!({
        "change": id, "group": execution,
        "target": {"kind": "execution", "api": "v2", "execution": execution, "name": "\u{1b}[2J"},
        "action": ["delete"],
        "request": {"method": "DELETE", "path": path},
        "before": {}, "after": {}, "requires": {"execution.status": "STARTED"}, "repeat": "readable",
        "undo": {"none": "what was deleted for good does not come back"}, "effects": [],
    })
}

fn skipped(execution: &str, reason: &str) -> Value {
    let target = json!({"kind": "execution", "api": "v2", "execution": execution, "name": "x"});
    json!({"skipped": {"target": target, "reason": reason}})
}

fn rejected(row: u64, reason: &str) -> Value {
    json!({"rejected": {"row": row, "reason": reason}})
}

#[test]
fn what_is_left_out_is_compared_one_by_one_and_only_rejections_decide() {
    let environment = Environment::new();
    let guards = json!({"allow": ["delete"], "rejected": "refuse"});
    let seal = |name, lines: &[Value]| seal(&environment, name, &guards, 9, lines);
    let diff = |more: &[&str], code| {
        let arguments = [&["diff", "a.plan", "b.plan", "--exit-code"], more].concat();
        environment.run(&arguments).expect_code(code).stdout
    };
    // As many as before each time, so that no count tells.
    seal("a.plan", &[skipped("e2", "closed"), deletion("e1")]);
    seal("b.plan", &[deletion("e1"), skipped("e3", "closed")]);
    let told = diff(&[], 0);
    assert!(told.contains("1  now: closed\n"), "{told}");
    assert!(told.contains("1  no more: closed\n"), "{told}");
    assert!(told.contains("applying either does the same"), "{told}");

    seal(
        "a.plan",
        &[rejected(2, "no id"), rejected(5, "no id"), deletion("e1")],
    );
    seal(
        "b.plan",
        &[
            rejected(5, "gone\u{1b}"),
            deletion("e1"),
            rejected(9, "no id"),
        ],
    );
    let told = diff(&[], 2);
    for line in [
        "  - row 2: no id\n",
        "  + row 9: no id\n",
        "  ~ row 5: gone\\u{1b} (was: no id)\n",
    ] {
        assert!(told.contains(line), "{line}{told}");
    }
    let document: Value = serde_json::from_str(&diff(&["--json"], 2)).unwrap();
    assert_eq!(
        (&document["same"], &document["unchanged"]),
        (&json!(false), &json!(1))
    );
    assert_eq!(
        document["rejected"],
        json!([
            {"kind": "removed", "row": 2, "reviewed": "no id"},
            {"kind": "altered", "row": 5, "reviewed": "no id", "now": "gone\u{1b}"},
            {"kind": "added", "row": 9, "now": "no id"},
        ])
    );
}

#[test]
fn a_guard_that_holds_for_one_plan_only_is_a_difference_although_the_changes_are_the_same() {
    let environment = Environment::new();
    let guards = json!({"allow": ["delete"], "rejected": "refuse", "max_percent": 25.0});
    for (name, scanned) in [("holds.plan", 4), ("too.plan", 5), ("broken.plan", 3)] {
        seal(&environment, name, &guards, scanned, &[deletion("e1")]);
    }
    for (now, code) in [("too.plan", 0), ("broken.plan", 2)] {
        environment
            .run(&["diff", "holds.plan", now, "--exit-code"])
            .expect_code(code);
    }
}

#[test]
fn all_that_is_final_and_was_not_reviewed_is_listed() {
    let environment = Environment::new();
    let guards = json!({"allow": ["delete"], "rejected": "refuse"});
    let all: Vec<Value> = (0..60).map(|n| deletion(&format!("e{n:02}"))).collect();
    seal(&environment, "a.plan", &guards, 60, &all[..10]);
    seal(&environment, "b.plan", &guards, 60, &all);
    let told = environment
        .run(&["diff", "a.plan", "b.plan"])
        .expect_code(0)
        .stdout;
    assert!(told.contains("50 of these can't be undone:\n"), "{told}");
    assert_eq!(
        told.matches("  delete (for good)  execution “\\u{1b}[2J” e")
            .count(),
        50,
        "{told}"
    );
    assert!(!told.contains('\u{1b}'), "{told:?}");
}

#[test]
fn the_exit_code_is_the_same_when_nobody_reads_to_the_end() {
    let environment = Environment::new();
    let guards = json!({"allow": ["delete"], "rejected": "refuse"});
    // More than a pipe holds.
    let all: Vec<Value> = (0..2_000).map(|n| deletion(&format!("e{n:04}"))).collect();
    seal(&environment, "a.plan", &guards, 2_000, &[]);
    seal(&environment, "b.plan", &guards, 2_000, &all);
    for more in [&[][..], &["--json"]] {
        let arguments = [&["diff", "a.plan", "b.plan", "--exit-code"], more].concat();
        let mut child = environment
            .command(&arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(2), "{more:?}");
    }
}
