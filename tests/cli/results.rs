//! The files with the result of every change, and what can be done with them.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::environment::{Environment, SandboxProcess};

const PLAYBOOK: &str = "version: 1
name: p
pace: { rate: 3000/s, burst: 100, concurrency: 1 }
select: { executions: { list: {} }, limit: 4 }
actions: [ reassign: { set: [\"7\"] } ]
";

const RUN: [&str; 3] = ["run", "p.yaml", "--yes"];

/// Two of four changes are refused.
fn environment() -> (SandboxProcess, Environment) {
    let environment = Environment::new();
    environment.file("p.yaml", PLAYBOOK);
    let sandbox = SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"effect_only": true, "from": 2, "to": 3}, "do": {"status": {"code": 400, "message": "=no, way"}}}
    ]}));
    (sandbox, environment)
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn lines(run: &Path) -> Vec<Value> {
    text(&run.join("results.jsonl"))
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn every_change_is_in_the_results_with_its_outcome_its_reason_and_its_attempts() {
    let (sandbox, environment) = environment();
    environment.run_on(&sandbox, &RUN).expect_code(3);
    let run = environment.runs().remove(0);
    let table = text(&run.join("results.csv"));
    let rows: Vec<&str> = table.lines().collect();
    assert!(rows[0].starts_with("id,execution,kind,name,within,action,fields,outcome,detail,"));
    assert_eq!(rows.len(), 5, "{table}");
    let failed = text(&run.join("failed.csv"));
    assert_eq!(failed.lines().count(), 3, "{failed}");
    let lines = lines(&run);
    let outcomes: Vec<&str> = lines
        .iter()
        .map(|line| line["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["applied", "refused", "refused", "applied"]);
    for (line, row) in lines.iter().zip(&rows[1..]) {
        assert!(row.starts_with(line["target"]["execution"].as_str().unwrap()));
        assert_eq!(
            (&line["action"], &line["fields"], &line["attempts"]),
            (&json!(["reassign"]), &json!(["assignedTo"]), &json!(1)),
        );
        assert_eq!(line["first_started_at"], line["last_started_at"]);
        assert!(line["took_at_most_ms"].is_u64(), "{line}");
        let refused = line["outcome"] == "refused";
        assert_eq!(
            line["detail"]
                .as_str()
                .is_some_and(|said| said.contains("=no, way")),
            refused,
            "{line}"
        );
    }
}

#[test]
fn equal_refusals_are_one_group_with_the_first_targets_and_a_program_gets_all_groups() {
    let (sandbox, environment) = environment();
    environment.run_on(&sandbox, &RUN).expect_code(3);
    let run = environment.runs().remove(0);
    let id = run.file_name().unwrap().to_str().unwrap();
    let refused: Vec<Value> = lines(&run)
        .into_iter()
        .filter(|line| line["outcome"] == "refused")
        .collect();
    let status = environment.run(&["status", id]).expect_code(0);
    let status = status.expect_out("\n  2 refused: 400: =no, way\n      execution “");
    for line in &refused {
        let status = status.stdout.clone();
        assert!(
            status.contains(line["target"]["execution"].as_str().unwrap()),
            "{status}"
        );
    }
    let status = environment.run(&["status", id, "--json"]).expect_code(0);
    let document: Value = serde_json::from_str(&status.stdout).unwrap();
    let groups = &document["runs"][0]["groups"];
    assert_eq!(groups.as_array().unwrap().len(), 1, "{groups}");
    assert_eq!(
        (
            &groups[0]["outcome"],
            &groups[0]["message"],
            &groups[0]["changes"]
        ),
        (&json!("refused"), &json!("400: =no, way"), &json!(2))
    );
    assert_eq!(groups[0]["targets"][1]["target"], refused[1]["target"]);
}

#[test]
fn what_a_process_that_died_had_not_written_status_writes_and_resume_does() {
    let (sandbox, environment) = environment();
    environment.run_on(&sandbox, &RUN).expect_code(3);
    let run = environment.runs().remove(0);
    let id = run.file_name().unwrap().to_str().unwrap();
    let names = ["results.csv", "results.jsonl", "failed.csv"];
    let whole = names.map(|name| text(&run.join(name)));
    for command in [
        &["status", id][..],
        &["status", id, "--json"],
        &["resume", id],
    ] {
        for name in names {
            fs::remove_file(run.join(name)).unwrap();
        }
        environment.run(command);
        assert_eq!(
            names.map(|name| text(&run.join(name))),
            whole,
            "{command:?}"
        );
    }
    // It died after its first intent: what was on its way is in doubt, and nothing is said of how long it took.
    let checkpoint = run.join("checkpoint.jsonl");
    let records = text(&checkpoint);
    let cut: Vec<&str> = records.split_inclusive('\n').take(2).collect();
    fs::write(&checkpoint, cut.concat()).unwrap();
    fs::remove_file(run.join("report.json")).unwrap();
    // The first look already names the list that it has written.
    environment
        .run(&["status", id])
        .expect_code(0)
        .expect_out("into the rows of in_doubt.csv");
    let lines = lines(&run);
    assert_eq!(lines[0]["outcome"], "in_doubt", "{}", lines[0]);
    assert_eq!(lines[0]["attempts"], 1);
    assert_eq!(lines[0].get("took_at_most_ms"), None);
    assert_eq!(lines[1]["outcome"], "not_attempted", "{}", lines[1]);
    assert_eq!(lines[1]["attempts"], 0);
}

#[test]
fn the_list_of_failures_selects_the_same_executions_by_a_flag_by_ids_and_by_rows() {
    let (sandbox, environment) = environment();
    environment.run_on(&sandbox, &RUN).expect_code(3);
    let run = environment.runs().remove(0);
    let failed = run.join("failed.csv");
    let failed = failed
        .strip_prefix(environment.path())
        .unwrap()
        .to_str()
        .unwrap();
    let mut expected: Vec<String> = lines(&run)
        .iter()
        .filter(|line| line["outcome"] == "refused")
        .map(|line| line["target"]["execution"].as_str().unwrap().to_owned())
        .collect();
    expected.sort();
    let planned = |select: &str, more: &[&str]| {
        let playbook = format!(
            "version: 1\nname: again\nselect: {{ {select} }}\nactions: [ reassign: {{ set: [\"7\"] }} ]\n"
        );
        environment.file("again.yaml", &playbook);
        let plan = [&["plan", "again.yaml", "-o", "again.plan"], more].concat();
        environment.run_on(&sandbox, &plan).expect_code(0);
        let plan = text(&environment.path().join("again.plan"));
        fs::remove_file(environment.path().join("again.plan")).unwrap();
        let mut found: Vec<String> = plan
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter_map(|line| Some(line["group"].as_str()?.to_owned()))
            .collect();
        found.sort();
        found
    };
    let all = "executions: { list: {} }";
    assert_eq!(planned(all, &["--only-file", failed]), expected);
    let ids = format!("ids: {{ file: {failed}, api: v1 }}");
    assert_eq!(planned(&ids, &[]), expected);
    for column in ["id", "execution"] {
        let rows = format!("rows: {{ file: {failed}, id: {column}, api: v1 }}");
        assert_eq!(planned(&rows, &[]), expected, "{column}");
    }
}
