//! Texts of a crafted plan or run with a line break in them: what they say starts no line of what is shown.

use std::fs;

use serde_json::{Value, json};
use wf_bulk::plan::{Item, PlanWriter};

use crate::environment::{Ended, Environment, SandboxProcess};

/// What pretends to be a line of ours, after each kind of line break.
const FORGED: &str = "x\nFORGED a\rFORGED b\r\nFORGED c\u{85}FORGED d\u{2028}FORGED e\u{2029}FORGED f\u{b}FORGED g\u{c}FORGED h";

fn header(server: &str, changes: &Value) -> Value {
    json!({
        "wf_bulk_plan": 1,
        "playbook": {"name": FORGED, "sha256": FORGED, "converges": true, "repeatable": false},
        "vars": {FORGED: FORGED, "list": [FORGED, {"key": FORGED}]}, "server": server, "org": "4711",
        "now": jiff::Timestamp::now(), "made_at": jiff::Timestamp::now(), "timezone": "UTC",
        "pace": {"rate": "8/s", "burst": 4, "concurrency": 4, "stop_after": 10},
        "guards": {"max_changes": changes, "allow": ["delete"], "rejected": "refuse"}, "tool": FORGED,
    })
}

fn plan(environment: &Environment, name: &str, header: Value) {
    let path = "/v2/flows/executions/e";
    let id = &wf_bulk::digest::sha256(format!("{path}\ndelete\n0"))[..12];
    let change = json!({
        "change": id, "group": "e",
        "target": {"kind": "execution", "api": "v2", "execution": "e", "name": FORGED},
        "action": [format!("delete: {FORGED}")], "request": {"method": "DELETE", "path": path},
        "before": {}, "after": {}, "requires": {"execution.status": FORGED}, "repeat": "readable",
        "undo": {"none": "what was deleted for good does not come back"}, "effects": [],
    });
    let target = json!({
        "kind": "task", "api": "v2", "execution": "e", "id": "t", "name": FORGED, "within": [FORGED, FORGED],
    });
    let rejected = json!({"target": target, "reason": FORGED});
    let skipped = json!({"target": target, "reason": FORGED});
    let mut writer = PlanWriter::new(Vec::new(), &serde_json::from_value(header).unwrap()).unwrap();
    for item in [
        Item::Change(serde_json::from_value(change).unwrap()),
        Item::Skipped(serde_json::from_value(skipped).unwrap()),
        Item::Rejected(serde_json::from_value(rejected).unwrap()),
    ] {
        writer.item(&item).unwrap();
    }
    writer.notes(vec![FORGED.to_owned()]);
    let (bytes, ..) = writer.finish(3).unwrap();
    fs::write(environment.path().join(name), bytes).unwrap();
}

#[track_caller]
fn starts_no_line(ended: Ended, what: &str) {
    let text = ended.stdout + &ended.stderr;
    assert!(what == "apply" || text.contains("FORGED"), "{what}: {text}");
    let breaks = [
        '\n', '\r', '\u{85}', '\u{2028}', '\u{2029}', '\u{b}', '\u{c}',
    ];
    let line = text.split(breaks).find(|line| {
        let start = line.trim_start_matches([' ', '\t', '|', '>', '-', '+', '`', '"', '\'']);
        start.starts_with("FORGED")
    });
    assert_eq!(line, None, "{what}: {text}");
}

#[test]
fn a_line_break_in_a_crafted_plan_starts_no_line_in_any_format_or_message() {
    let environment = Environment::new();
    for (server, changes) in [
        ("sandbox", json!(5)),
        ("sandbox", json!(0)),
        ("https://a.example", json!(5)),
    ] {
        plan(&environment, "x.plan", header(server, &changes));
        let mut other = header(server, &changes);
        other["tool"] = json!(format!("other {FORGED}"));
        other["playbook"]["name"] = json!(format!("other {FORGED}"));
        other["vars"] = json!({"other": FORGED});
        plan(&environment, "y.plan", other);
        for format in ["text", "markdown", "html", "json"] {
            let ended = environment.run(&["show", "x.plan", "--format", format]);
            starts_no_line(ended.expect_code(0), format);
        }
        for flags in [&[][..], &["--json"]] {
            let diff = [&["diff", "x.plan", "y.plan"], flags].concat();
            starts_no_line(environment.run(&diff), "diff");
        }
        for flags in [&["--sandbox"][..], &["--server", "http://127.0.0.1:9"]] {
            let apply = [&["apply", "x.plan", "--yes"], flags].concat();
            starts_no_line(environment.run(&apply), "apply");
        }
        for key in ["server", "org", "timezone"] {
            let mut refused = header(server, &changes);
            refused[key] = json!(FORGED);
            plan(&environment, "z.plan", refused);
            starts_no_line(environment.run(&["show", "z.plan"]).expect_code(1), "apply");
        }
    }
}

#[test]
fn a_line_break_in_an_answer_a_column_or_run_json_starts_no_line() {
    let sandbox = SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"effect_only": true, "to": 2}, "do": {"status": {"code": 400, "message": FORGED}}}
    ]}));
    let environment = Environment::new();
    let playbook = "version: 1\nname: p\nselect: { executions: { list: {} }, limit: 3 }\nactions: [ reassign: { set: [\"7\"] } ]\n";
    environment.file("p.yaml", playbook);
    let run = environment.run_on(&sandbox, &["run", "p.yaml", "--yes"]);
    starts_no_line(run, "run");
    let folder = environment.runs().remove(0);
    let failed = fs::read_to_string(folder.join("failed.csv")).unwrap();
    assert_eq!(failed.lines().count(), 3, "{failed}");
    // As somebody has edited it.
    let path = folder.join("run.json");
    let whole: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let id = folder.file_name().unwrap().to_str().unwrap();
    for key in ["playbook", "server", "org", "reason", "planned_from"] {
        let mut settings = whole.clone();
        settings[key] = match key {
            "planned_from" => json!({"folder": FORGED, "playbook": FORGED, "flags": []}),
            _ => json!(FORGED),
        };
        fs::write(&path, settings.to_string()).unwrap();
        for command in ["status", "resume", "abandon"] {
            for last in [&[][..], &[id]] {
                let words = [&[command], last].concat();
                starts_no_line(environment.run(&words), "apply");
            }
        }
    }
    environment.file(
        "a.csv",
        &format!("\"{FORGED}\",\"b{FORGED}\"\n\"{FORGED}\",x\n"),
    );
    environment.file("a.jsonl", &format!("{}\n", json!({FORGED: FORGED})));
    for file in ["a.csv", "a.jsonl"] {
        for (id, to) in [("nope", "nope"), ("x\\nFORGED a", "x\\nFORGED a")] {
            let playbook = format!(
                "version: 1\nname: p\nselect: {{ rows: {{ file: {file}, id: \"{id}\", api: v1 }} }}\nactions: [ reassign: {{ set: [\"{{{{ row['{to}'] }}}}\"] }} ]\n"
            );
            environment.file("p.yaml", &playbook);
            for command in [
                &["validate", "p.yaml"][..],
                &["run", "p.yaml", "--sandbox", "--dry-run"],
            ] {
                starts_no_line(environment.run(command), "apply");
            }
        }
    }
}
