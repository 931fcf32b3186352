//! A plan that was reviewed: it is applied as it was read, where and when it was meant for, or not at all.
//!
//! One file because every test here is about one plan between its review and its application.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use wf_bulk::plan::PlanHeader;

use crate::environment::{Ended, Environment, SandboxProcess};

/// Reads the changes of a plan file.
fn changes(plan: &Path) -> Vec<Value> {
    let text = fs::read_to_string(plan).unwrap();
    let lines = text.lines().filter(|line| line.starts_with("{\"change\""));
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What somebody may do between a plan and its application, and what that makes of the change it concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Meanwhile {
    PlannedFieldEdited,
    OtherFieldEdited,
    AlreadyAsWanted,
    TargetMovedOn,
    ExecutionMovedOn,
    Deleted,
}

const MEANWHILE: [Meanwhile; 6] = [
    Meanwhile::PlannedFieldEdited,
    Meanwhile::OtherFieldEdited,
    Meanwhile::AlreadyAsWanted,
    Meanwhile::TargetMovedOn,
    Meanwhile::ExecutionMovedOn,
    Meanwhile::Deleted,
];

impl Meanwhile {
    /// Does it to the target of a change.
    fn happens(self, sandbox: &SandboxProcess, change: &Value, due: &str) {
        let execution = change["group"].as_str().unwrap();
        let edit = |body: &Value| {
            let path = format!("/_sandbox/edit/{execution}");
            sandbox.request("POST", &path, &body.to_string());
        };
        let target = &change["target"];
        let kind = target["kind"].as_str().unwrap();
        let edit_target = |set: Value| edit(&json!({kind: target["id"], "set": set}));
        match self {
            Self::PlannedFieldEdited => edit_target(json!({due: "2030-01-01T00:00:00.000"})),
            Self::OtherFieldEdited => edit_target(json!({"name": "another name"})),
            Self::AlreadyAsWanted => edit_target(json!({due: change["after"][due]})),
            Self::TargetMovedOn => edit_target(json!({"status": "COMPLETED"})),
            Self::ExecutionMovedOn => edit(&json!({"status": "CLOSED"})),
            Self::Deleted => {
                sandbox.request("DELETE", &format!("/_sandbox/execution/{execution}"), "");
            }
        }
    }

    fn outcome(self) -> &'static str {
        match self {
            Self::PlannedFieldEdited | Self::TargetMovedOn | Self::ExecutionMovedOn => "drifted",
            Self::OtherFieldEdited => "applied",
            Self::AlreadyAsWanted => "already_done",
            Self::Deleted => "gone",
        }
    }

    /// Whether it concerns all of the execution.
    fn is_of_all(self) -> bool {
        match self {
            Self::ExecutionMovedOn | Self::Deleted => true,
            Self::PlannedFieldEdited
            | Self::OtherFieldEdited
            | Self::AlreadyAsWanted
            | Self::TargetMovedOn => false,
        }
    }
}

#[test]
fn what_was_changed_since_the_plan_is_held_back_and_told_apart() {
    for (select, due) in [
        (
            "{ flows: { entities: { file: entities.csv } }, each: task, where_each: due(task) is not none and task.status == \"PENDING\" }",
            "due_date",
        ),
        (
            "{ executions: { list: {} }, where: execution.status == \"STARTED\", each: step, where_each: due(step) is not none and step.status != \"COMPLETED\" }",
            "dueDate",
        ),
    ] {
        let sandbox = SandboxProcess::start(&["--executions", "600"]);
        let environment = Environment::new().with_playbooks();
        environment.file(
            "playbooks/x.yaml",
            &format!(
                "version: 1\nname: x\npace: {{ rate: 3000/s, burst: 100 }}\nselect: {select}\nactions: [ shift_due_date: {{ by: 3 days }} ]\n"
            ),
        );
        environment
            .run_on(&sandbox, &["plan", "playbooks/x.yaml", "-o", "x.plan"])
            .expect_code(0);
        let planned = changes(&environment.path().join("x.plan"));
        let mut groups: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for change in &planned {
            let group = groups.entry(change["group"].as_str().unwrap());
            group.or_default().push(change);
        }

        // Each happens in an execution of its own, to the first of several changes.
        let mut expected = BTreeMap::from([("applied", planned.len() as u64)]);
        let mut problems = Vec::new();
        let several = groups.values().filter(|changes| changes.len() > 1);
        let mut happened = 0;
        for (meanwhile, group) in MEANWHILE.into_iter().zip(several) {
            meanwhile.happens(&sandbox, group[0], due);
            happened += 1;
            let concerned = if meanwhile.is_of_all() {
                group.len()
            } else {
                1
            };
            *expected.get_mut("applied").unwrap() -= concerned as u64;
            let outcome = meanwhile.outcome();
            *expected.entry(outcome).or_default() += concerned as u64;
            if matches!(outcome, "drifted" | "gone") {
                let concerned = group[..concerned].iter();
                problems.extend(concerned.map(|change| (outcome, change["target"].clone())));
            }
        }
        assert_eq!(happened, MEANWHILE.len(), "executions with several changes");

        let document = environment
            .run_on(&sandbox, &["apply", "x.plan", "--yes", "--json"])
            .expect_code(5)
            .json();
        let outcomes: BTreeMap<&str, u64> = document["outcomes"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(outcome, number)| (outcome.as_str(), number.as_u64().unwrap()))
            .filter(|(_, number)| *number > 0)
            .collect();
        assert_eq!(outcomes, expected, "{due}");
        let report = fs::read_to_string(environment.runs()[0].join("report.json")).unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        let mut told: Vec<(&str, Value)> = report["problems"]
            .as_array()
            .unwrap()
            .iter()
            .map(|problem| {
                (
                    problem["outcome"].as_str().unwrap(),
                    problem["target"].clone(),
                )
            })
            .collect();
        let place = |(outcome, target): &(&str, Value)| format!("{target}{outcome}");
        told.sort_by_key(place);
        problems.sort_by_key(place);
        assert_eq!(told, problems, "{due}");
    }
}

/// Waits for a draft of a run with its copy of the plan, written to its end.
fn copy_of_the_plan(environment: &Environment, bytes: u64) -> PathBuf {
    loop {
        for folder in environment.runs() {
            let plan = folder.join("plan");
            if fs::metadata(&plan).is_ok_and(|file| file.len() == bytes) {
                return plan;
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_is_checked_is_what_is_executed_though_the_file_is_swapped_in_between() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    let plan = |name: &str, successor: &str| {
        let var = format!("successor={successor}");
        let arguments = [
            "plan",
            "playbooks/reassign.yaml",
            "-o",
            name,
            "--limit",
            "9",
            "--var",
            &var,
        ];
        environment.run_on(&sandbox, &arguments).expect_code(0);
        environment.path().join(name)
    };
    let swapped_in = plan("swapped-in.plan", "66666");
    let reviewed = plan("x.plan", "10020");
    let planned = changes(&reviewed).len();

    // A first run leaves the lock of this server behind; whoever holds it makes others wait, after their checks and
    // before their writes.
    let first = ["run", "playbooks/close-stale.yaml", "--yes", "--limit", "1"];
    environment.run_on(&sandbox, &first).expect_code(0);
    let before = sandbox.ledger().effects().len();
    let held = hold_the_locks(&environment);

    let mut apply = environment
        .command_on(&sandbox, &["apply", "x.plan", "--yes", "--wait", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let copy = copy_of_the_plan(&environment, fs::metadata(&reviewed).unwrap().len());
    // Its checks are over when it has shown the plan.
    let mut shown = BufReader::new(apply.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("automation") {
        line.clear();
        assert!(shown.read_line(&mut line).unwrap() > 0, "it ended early");
    }
    for place in [&reviewed, &copy] {
        let beside = environment.path().join("beside");
        fs::copy(&swapped_in, &beside).unwrap();
        fs::rename(beside, place).unwrap();
    }
    drop(held);
    let output = apply.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");

    let ledger = sandbox.ledger();
    let fields: Vec<&Value> = ledger.effects()[before..]
        .iter()
        .map(|effect| &effect["fields"])
        .collect();
    let effects = format!("{fields:?}");
    assert_eq!(effects.matches("10020").count(), planned, "{effects}");
    assert!(!effects.contains("66666"), "{effects}");
}

/// Takes all locks of servers.
fn hold_the_locks(environment: &Environment) -> Vec<File> {
    let folder = environment.path().join(".local/state/wf-bulk/locks");
    let files = fs::read_dir(folder).unwrap().map(|entry| {
        let file = File::open(entry.unwrap().path()).unwrap();
        file.try_lock().unwrap();
        file
    });
    files.collect()
}

#[test]
fn each_plan_that_may_not_be_applied_is_refused_in_words_of_its_own() {
    let sandbox = SandboxProcess::start(&[]);
    let another = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    environment.file(
        "playbooks/ids.yaml",
        "version: 1\nname: ids\nselect: { ids: { list: [nobody-knows-this-id], api: v2 } }\nactions: [ complete ]\n",
    );
    environment.file(
        "playbooks/guard.yaml",
        "version: 1\nname: guard\npace: { rate: 3000/s, burst: 100 }\nselect: { executions: { list: {} }, where: 'has_assignee(execution, \"10010\")' }\nactions: [ reassign: { from: \"10010\", to: \"10020\" } ]\nguards: { max_percent: 1 }\n",
    );
    let plan = |playbook: &str, name: &str, more: &[&str], code: i32| {
        let playbook = format!("playbooks/{playbook}.yaml");
        let arguments = [&["plan", &playbook, "-o", name, "--limit", "30"], more].concat();
        environment.run_on(&sandbox, &arguments).expect_code(code)
    };
    plan("reassign", "x.plan", &[], 0);
    plan("ids", "rejected.plan", &[], 3);
    let broken = plan("guard", "guard.plan", &[], 4);
    assert!(
        broken.stdout.matches("max_percent").count() == 1,
        "it is written, and the guard is named once: {}",
        broken.stdout
    );

    let apply = |sandbox: &SandboxProcess, arguments: &[&str]| -> Ended {
        let arguments = [&["apply", "--yes"], arguments].concat();
        environment.run_on(sandbox, &arguments)
    };
    let no = "5e".repeat(32);
    for (sandbox, arguments, code, said, cure) in [
        (
            &another,
            &["x.plan"][..],
            1,
            "the plan is for http://",
            "apply it with --server http://",
        ),
        (
            &sandbox,
            &["x.plan", "--org", "1"],
            1,
            "the plan is for organisation 4711, not for 1",
            "plan again in this organisation",
        ),
        (
            &sandbox,
            &["x.plan", "--approved", &no],
            1,
            "this is not the plan that was approved",
            "have this one reviewed: wf-bulk show",
        ),
        (
            &sandbox,
            &["x.plan", "--max-changes", "2"],
            4,
            "--max-changes is 2",
            "select less",
        ),
        (
            &sandbox,
            &["x.plan", "--max-age", "PT0.001S"],
            5,
            "is too old",
            "allow it with --max-age",
        ),
        (
            &sandbox,
            &["rejected.plan"],
            3,
            "1 item could not be planned",
            "`rejected: allow`",
        ),
        (
            &sandbox,
            &["guard.plan"],
            4,
            "max_percent",
            "change what is selected",
        ),
    ] {
        let ended = apply(sandbox, arguments)
            .expect_code(code)
            .expect_said(said);
        ended.expect_said(cure).expect_said("nothing was changed");
    }
    assert_eq!(sandbox.ledger().writes() + another.ledger().writes(), 0);
    assert!(environment.runs().is_empty());

    apply(&sandbox, &["x.plan"]).expect_code(0);
    apply(&sandbox, &["x.plan"])
        .expect_code(1)
        .expect_said("has already applied this plan")
        .expect_said("add --again");
    apply(&sandbox, &["x.plan", "--again"]).expect_code(0);
}

#[test]
fn a_plan_that_was_made_later_than_now_is_refused_by_apply_and_told_by_show() {
    let environment = Environment::new().with_playbooks();
    let plan = [
        "plan",
        "playbooks/reassign.yaml",
        "--sandbox",
        "-o",
        "x.plan",
    ];
    environment.run(&plan).expect_code(0);
    let path = environment.path().join("x.plan");
    let text = fs::read_to_string(&path).unwrap();
    // On a machine whose clock is an hour ahead.
    let made = Timestamp::now() + SignedDuration::from_hours(1);
    let (header, rest) = text.split_once('\n').unwrap();
    let mut header: Value = serde_json::from_str(header).unwrap();
    header["now"] = json!(made);
    let header: PlanHeader = serde_json::from_value(header).unwrap();
    let body = format!("{}\n{rest}", serde_json::to_string(&header).unwrap());
    let (sealed, _) = body.rsplit_once("\"sha256\":").unwrap();
    let sealed = format!("{sealed}\"sha256\":");
    let digest = wf_bulk::digest::sha256(&sealed);
    fs::write(&path, format!("{sealed}\"{digest}\"}}}}\n")).unwrap();
    for max_age in ["7 days", "100000 days"] {
        let apply = [
            "apply",
            "x.plan",
            "--sandbox",
            "--yes",
            "--max-age",
            max_age,
        ];
        let ended = environment.run(&apply).expect_code(5);
        ended
            .expect_said("and here it is only ")
            .expect_said("correct the clock")
            .expect_said("nothing was changed");
    }
    let show = environment.run(&["show", "x.plan"]).expect_code(0);
    show.expect_out("and here it is only ");
    assert!(environment.runs().is_empty());
}

#[test]
fn hostile_names_reach_no_format_as_what_they_want_to_be() {
    const NAME: &str =
        "\u{1b}[2J\u{9b}31m\u{202e}a|b `c` @all <img src=x onerror=alert(1)>\r\n</script>";
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    let plan = [
        "plan",
        "playbooks/reassign.yaml",
        "-o",
        "x.plan",
        "--limit",
        "3",
    ];
    environment.run_on(&sandbox, &plan).expect_code(0);
    for change in changes(&environment.path().join("x.plan")) {
        let path = format!("/_sandbox/edit/{}", change["group"].as_str().unwrap());
        let target = &change["target"];
        let body = match target["id"].as_str() {
            Some(id) => json!({target["kind"].as_str().unwrap(): id, "set": {"name": NAME}}),
            None => json!({"name": NAME}),
        };
        sandbox.request("POST", &path, &body.to_string());
    }
    let planned = environment.run_on(&sandbox, &plan).expect_code(0);
    let show = |format: &str| {
        let arguments = ["show", "x.plan", "--format", format];
        environment.run(&arguments).expect_code(0).stdout
    };
    for text in [planned.stdout, show("text"), show("markdown")] {
        assert!(text.contains(r"\u{1b}[2J\u{9b}31m\u{202e}a"), "{text}");
        let harmful = |c: char| c != '\n' && c.is_control() || c == '\u{202e}';
        assert!(!text.contains(harmful), "{text:?}");
    }
    let text = show("json");
    assert!(text.contains(r"\\u{1b}[2J\\u{9b}31m\\u{202e}a"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{text:?}");
    let document: Value = serde_json::from_str(&text).unwrap();
    let planned = changes(&environment.path().join("x.plan"));
    assert_eq!(document["changes"], planned.len());
}
