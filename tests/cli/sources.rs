//! Where executions come from: rows of a spreadsheet, lists, what is left out.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use wf_bulk_sandbox::legacy_executions;

use crate::{
    environment::{Environment, SandboxProcess},
    hints::hints,
};

/// The lines of a plan.
fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn of_a_spreadsheet_of_300_rows_the_four_bad_ones_are_named_and_nothing_else_is_refused() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new();
    let ids = legacy_executions(4711, 2_400);
    let mut rows: Vec<String> = ids[..296]
        .iter()
        .map(|id| format!("{id};10020, 10030;2027-02-01"))
        .collect();
    // Rows 2, 52, 152 and 301 of the sheet, whose first row is its head.
    rows.insert(0, "no-such-execution;10020;2027-02-01".to_owned());
    rows.insert(50, format!("{};;2027-02-01", ids[296]));
    rows.insert(150, format!("{};10020;2027-02-30", ids[297]));
    rows.push(rows[10].clone());
    assert_eq!(rows.len(), 300);
    let text = format!(
        "\u{feff}execution id;new owners;new due date\r\n{}\r\n",
        rows.join("\r\n")
    );
    environment.file("owners.csv", &text);
    environment.file(
        "owners.yaml",
        "version: 1\nname: owners\npace: { rate: 3000/s, burst: 100, concurrency: 8 }\n\
         select: { rows: { file: owners.csv, id: execution id, api: v1 } }\n\
         actions:\n  - reassign: { set: \"{{ row['new owners'] | split(',') }}\" }\n  - set_due_date: \"{{ row['new due date'] }}\"\n",
    );
    environment
        .run_on(&sandbox, &["plan", "owners.yaml", "-o", "owners.plan"])
        .expect_code(3);
    let plan = lines(&std::fs::read_to_string(environment.path().join("owners.plan")).unwrap());
    let rejected: Vec<(u64, &str)> = plan
        .iter()
        .filter_map(|line| line.get("rejected"))
        .map(|rejected| {
            (
                rejected["row"].as_u64().unwrap(),
                rejected["reason"].as_str().unwrap(),
            )
        })
        .collect();
    let found: BTreeSet<u64> = rejected.iter().map(|(row, _)| *row).collect();
    assert_eq!(found, BTreeSet::from([2, 52, 152, 301]), "{rejected:?}");
    assert_eq!(rejected.len(), 4);
    for (row, reason) in rejected {
        let expected = match row {
            2 => "there is no execution no-such-execution",
            52 => "`set` gives no user",
            152 => "`2027-02-30` is no date",
            _ => "is in row 12 and again in row 301",
        };
        assert!(reason.contains(expected), "row {row}: {reason}");
    }
    let end = &plan.last().unwrap()["end"];
    assert_eq!(end["changes"], 296);
    assert_eq!(end["skipped"], 0);
    environment
        .run_on(&sandbox, &["apply", "owners.plan", "--yes"])
        .expect_code(3)
        .expect_said("4 items could not be planned");
    assert_eq!(sandbox.ledger().effects().len(), 0);
}

#[test]
fn new_owners_come_from_a_spreadsheet() {
    let environment = Environment::new().with_playbooks();
    let run = [
        "run",
        "playbooks/new-owners.yaml",
        "--sandbox",
        "--yes",
        "--json",
    ];
    let document = environment.run(&run).expect_code(0).json();
    assert_eq!(document["outcomes"]["applied"], 12);
    assert_eq!(environment.run(&run).expect_code(0).json()["planned"], 0);
}

#[test]
fn tasks_phases_and_flows_are_handed_over_in_one_scan() {
    let sandbox = SandboxProcess::start(&["--epoch", "2026-11-20"]);
    let environment = Environment::new().with_playbooks();
    let file = "playbooks/hand-over.yaml";
    environment
        .run_on(&sandbox, &["plan", file, "-o", "x.plan"])
        .expect_code(0);
    let plan = lines(&std::fs::read_to_string(environment.path().join("x.plan")).unwrap());
    let kinds: BTreeSet<&str> = plan
        .iter()
        .filter(|line| line.get("change").is_some())
        .map(|line| line["target"]["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, BTreeSet::from(["execution", "phase", "task"]));
    let ledger = sandbox.ledger();
    let searches = ledger
        .requests()
        .iter()
        .filter(|request| request["path"] == "/v2/flows/executions:search");
    assert_eq!(searches.count(), 120, "one scan");
    let run = ["run", file, "--yes", "--json"];
    let document = environment.run_on(&sandbox, &run).expect_code(0).json();
    assert_eq!(document["planned"], document["outcomes"]["applied"]);
    assert_eq!(
        environment.run_on(&sandbox, &run).expect_code(0).json()["planned"],
        0
    );
}

#[test]
fn what_is_due_in_a_holiday_week_is_due_when_it_is_over() {
    let sandbox = SandboxProcess::start(&["--epoch", "2026-12-10"]);
    let environment = Environment::new().with_playbooks();
    // The dates that are printed are days on which something is due.
    for page in ["README.md", "playbooks/off-the-holidays.yaml"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
        let hints = hints(&text.replace("#   ", " "));
        let mut hints = hints.iter().map(|hint| &hint.words[1..]).peekable();
        assert!(hints.peek().is_some(), "{page}");
        for words in hints.filter(|words| words[1] == "playbooks/off-the-holidays.yaml") {
            let words = words.iter().map(String::as_str);
            let words: Vec<&str> = words
                .filter(|word| !["--sandbox", "--dry-run"].contains(word))
                .collect();
            let command = [&words[..], &["--dry-run", "--json"]].concat();
            let planned =
                environment.run_on(&sandbox, &command).expect_code(0).json()["planned"].as_u64();
            assert!(planned > Some(0), "{page}: {words:?}");
        }
    }
    let run = ["run", "playbooks/off-the-holidays.yaml", "--yes", "--json"];
    let document = environment.run_on(&sandbox, &run).expect_code(0).json();
    assert!(document["outcomes"]["applied"].as_u64().unwrap() > 0);
    assert_eq!(document["planned"], document["outcomes"]["applied"]);
    for effect in sandbox.ledger().effects() {
        assert_eq!(
            effect["fields"]["due_date"]["after"],
            "2027-01-04T00:00:00.000"
        );
    }
    assert_eq!(
        environment.run_on(&sandbox, &run).expect_code(0).json()["planned"],
        0
    );
}

#[test]
fn only_what_is_named_is_taken_and_a_file_may_name_it() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new();
    let ids = legacy_executions(4711, 2_400);
    environment.file(
        "p.yaml",
        "version: 1\nname: p\nselect: { executions: { list: {} } }\nactions: [ reassign: { set: [\"7\"] } ]\n",
    );
    environment.file(
        "failed.csv",
        &format!("id,name\n{},x\n{},y\n", ids[3], ids[4]),
    );
    let planned = |more: &[&str]| {
        let arguments = [&["run", "p.yaml", "--dry-run", "--json"], more].concat();
        environment
            .run_on(&sandbox, &arguments)
            .expect_code(0)
            .json()["planned"]
            .clone()
    };
    assert_eq!(planned(&["--only", &ids[0], "--only", &ids[1]]), 2);
    assert_eq!(planned(&["--only-file", "failed.csv"]), 2);
    assert_eq!(
        planned(&["--only-file", "failed.csv", "--exclude", &ids[4]]),
        1
    );
    assert_eq!(planned(&["--exclude-file", "failed.csv"]), 398);
    environment.file("bad.txt", "id\n../x\n");
    environment
        .run_on(
            &sandbox,
            &["run", "p.yaml", "--dry-run", "--only-file", "bad.txt"],
        )
        .expect_code(64)
        .expect_said("bad.txt, row 2");
}

/// The targets of a plan's changes, as kind and own id.
fn targets(plan: &[Value]) -> BTreeSet<(String, String)> {
    plan.iter()
        .filter(|line| line.get("change").is_some())
        .map(|line| {
            let target = &line["target"];
            let id = target.get("id").unwrap_or(&target["execution"]);
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&target["kind"]), text(id))
        })
        .collect()
}

#[test]
fn steps_and_closing_reasons_that_a_list_lacks_are_read_without_a_standstill() {
    let sandbox = SandboxProcess::start(&["--executions", "300"]);
    let environment = Environment::new();
    environment.file(
        "p.yaml",
        "version: 1\nname: p\npace: { rate: 400/s, burst: 1, concurrency: 4 }\n\
         select: { executions: { list: {} }, each: step, where: execution.status == \"STARTED\" }\n\
         actions: [ { close: { reason: [ Keine Rückmeldung, Duplikat ] }, on: execution } ]\n",
    );
    let mut plan = environment
        .command_on(&sandbox, &["plan", "p.yaml", "-o", "p.plan"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let status = loop {
        match plan.try_wait().unwrap() {
            Some(status) => break status,
            None if start.elapsed() > Duration::from_secs(60) => {
                plan.kill().unwrap();
                plan.wait().unwrap();
                panic!("planning never ends");
            }
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    assert!(status.success(), "{status}");
    let plan = lines(&std::fs::read_to_string(environment.path().join("p.plan")).unwrap());
    let closed = targets(&plan).len();
    assert!(closed > 10, "{closed}");
    let ledger = sandbox.ledger();
    let paths: Vec<&str> = ledger
        .requests()
        .iter()
        .map(|request| request["path"].as_str().unwrap())
        .collect();
    let reasons = paths
        .iter()
        .filter(|path| path.ends_with("/closing-reasons"))
        .count();
    assert!(reasons > 4, "{reasons}, no more than are read at a time");
    assert_eq!(paths.len(), 1 + closed + reasons);
    let once: BTreeSet<&str> = paths.iter().copied().collect();
    assert_eq!(once.len(), paths.len());
}

#[test]
fn a_phase_that_is_named_stands_for_its_tasks_and_itself() {
    let sandbox = SandboxProcess::start(&["--executions", "30"]);
    let environment = Environment::new();
    let playbook = |name: &str, select: &str| {
        environment.file(
            name,
            &format!(
                "version: 1\nname: p\npace: {{ rate: 3000/s, burst: 100, concurrency: 8 }}\n\
                 select: {{ {}, each: task{select} }}\n\
                 actions: [ {{ reassign: {{ set: [\"7\"] }}, on: [ task, phase, execution ] }} ]\n",
                crate::operations::FLOWS
            ),
        );
    };
    let planned = |name: &str, more: &[&str]| {
        let arguments = [&["plan", name, "-o", "x.plan"], more].concat();
        environment.run_on(&sandbox, &arguments).expect_code(0);
        let plan = std::fs::read_to_string(environment.path().join("x.plan")).unwrap();
        std::fs::remove_file(environment.path().join("x.plan")).unwrap();
        targets(&lines(&plan))
    };
    playbook("p.yaml", "");
    let all = planned("p.yaml", &[]);

    // The first flow whose tasks stand in more than one phase.
    let (flow, phase, tasks) = all
        .iter()
        .filter(|(kind, _)| kind == "execution")
        .find_map(|(_, id)| {
            let flow = sandbox.request("GET", &format!("/v2/flows/executions/{id}"), "");
            let flow: Value = serde_json::from_str(&flow).unwrap();
            let tasks = flow["tasks"].as_array().unwrap();
            let phase = tasks[0]["phase_id"].as_str()?.to_owned();
            let (inside, outside): (Vec<&Value>, Vec<&Value>) =
                tasks.iter().partition(|task| task["phase_id"] == *phase);
            let ids: BTreeSet<String> = inside
                .iter()
                .map(|task| task["id"].as_str().unwrap().to_owned())
                .collect();
            (!outside.is_empty()).then(|| (id.clone(), phase, ids))
        })
        .unwrap();
    let mut below: BTreeSet<(String, String)> = tasks
        .into_iter()
        .map(|id| ("task".to_owned(), id))
        .collect();
    below.insert(("phase".to_owned(), phase.clone()));
    assert!(below.is_subset(&all));

    // The flow itself has other tasks, so it is changed all the same.
    let rest: BTreeSet<(String, String)> = all.difference(&below).cloned().collect();
    playbook("excluded.yaml", &format!(", exclude: [ {phase} ]"));
    environment.file("ids.txt", &format!("{phase}\n"));
    assert_eq!(planned("excluded.yaml", &[]), rest);
    assert_eq!(planned("p.yaml", &["--exclude", &phase]), rest);
    assert_eq!(planned("p.yaml", &["--exclude-file", "ids.txt"]), rest);

    let mut with_flow = below;
    with_flow.insert(("execution".to_owned(), flow));
    assert_eq!(planned("p.yaml", &["--only", &phase]), with_flow);
    assert_eq!(planned("p.yaml", &["--only-file", "ids.txt"]), with_flow);
}
