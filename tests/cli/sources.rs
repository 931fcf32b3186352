//! Where executions come from: rows of a spreadsheet, lists, what is left out.

use std::collections::BTreeSet;

use serde_json::Value;
use wf_bulk_sandbox::legacy_executions;

use crate::environment::{Environment, SandboxProcess};

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
            52 => "`set` gives nobody",
            152 => "`2027-02-30` is no date",
            _ => "stands in row 12 already, and again in row 301",
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
