//! What an audit can export of runs.

use std::{collections::BTreeMap, fs};

use serde_json::Value;

use crate::environment::Environment;

const PLAYBOOK: &str = "version: 1
name: p
pace: { rate: 3000/s, burst: 100, concurrency: 1 }
select: { executions: { list: {} }, limit: 3 }
actions: [ reassign: { set: [\"7\"] } ]
";

#[test]
fn an_export_has_who_and_each_change_and_still_has_who_after_the_run_was_deleted() {
    let environment = Environment::new();
    environment.file("p.yaml", PLAYBOOK);
    let run = ["run", "p.yaml", "--yes", "--sandbox", "--reason", "=ticket"];
    let record = ["--actor", "Max", "--approved-by", "Eva"];
    environment
        .run(&[&run[..], &record].concat())
        .expect_code(0);
    let table = |arguments: &[&str], code| {
        let output = environment.run(arguments).expect_code(code);
        let mut reader = csv::Reader::from_reader(output.stdout.as_bytes());
        let rows = reader.deserialize::<BTreeMap<String, String>>();
        rows.map(Result::unwrap).collect::<Vec<_>>()
    };
    let document = |arguments: &[&str]| -> Value {
        let output = environment.run(arguments).expect_code(0);
        serde_json::from_str(&output.stdout).unwrap()
    };
    let runs = table(&["history"], 0);
    assert_eq!(runs.len(), 1);
    let planned: usize = runs[0]["planned"].parse().unwrap();
    assert_eq!(
        [&runs[0]["reason"], &runs[0]["actor"], &runs[0]["approver"]],
        ["'=ticket", "Max", "Eva"]
    );
    assert!(!runs[0]["ended_at"].is_empty() && planned > 0);
    let changes = table(&["history", "--changes"], 0);
    let report = table(&["report", "--last", "--format", "csv"], 0);
    assert_eq!([changes.len(), report.len()], [planned; 2]);
    for (change, reported) in changes.iter().zip(&report) {
        for (column, cell) in reported {
            assert_eq!(&change[column], cell, "{column}");
        }
        let value = |column: &str| -> Value { serde_json::from_str(&change[column]).unwrap() };
        assert_ne!(value("before"), value("after"));
        assert_eq!(change["outcome"], "applied");
        assert!(!change["first_started_at"].is_empty());
    }
    assert_eq!(table(&["history", "--until", "2020-01-01"], 0).len(), 0);
    let exported = document(&["history", "--changes", "--json"]);
    assert_eq!(exported["check_ok"], true);
    assert_eq!(
        exported["runs"][0]["changes"].as_array().unwrap().len(),
        planned
    );
    let of_run = document(&["report", "--last", "--json"]);
    assert_eq!(of_run["changes"], exported["runs"][0]["changes"]);

    // With another name in it, the export says that it is no proof.
    let file = environment.runs().remove(0).join("run.json");
    let whole = fs::read_to_string(&file).unwrap();
    fs::write(&file, whole.replace("Eva", "Ada")).unwrap();
    let export = environment.run(&["history"]).expect_code(1);
    export.expect_said("no proof");
    fs::write(&file, whole).unwrap();

    let prune = ["prune", "--keep", "PT0.001S", "--yes"];
    environment.run(&prune).expect_code(0);
    for (arguments, counted) in [(&["history"][..], true), (&["history", "--changes"], false)] {
        let deleted = table(arguments, 0).remove(0);
        assert_eq!(
            [
                &deleted["playbook"],
                &deleted["reason"],
                &deleted["actor"],
                &deleted["approver"]
            ],
            [&runs[0]["playbook"], "'=ticket", "Max", "Eva"]
        );
        assert_eq!(deleted["started_at"], runs[0]["started_at"]);
        assert_eq!(deleted["ended_at"], runs[0]["ended_at"]);
        assert!(!deleted["deleted_at"].is_empty());
        if counted {
            assert_eq!(deleted["applied"], runs[0]["applied"]);
        } else {
            assert_eq!(deleted["change"], "");
        }
    }
}
