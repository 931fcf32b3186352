//! The files beside the playbooks fit the sandbox's data.

use std::{env, fs, path::Path};

use wf_bulk_sandbox::{Options, entities, legacy_executions};

/// A part of the sandbox's 400 entities, so that a first look takes seconds.
const ENTITIES: usize = 120;

#[test]
fn the_entities_of_the_playbooks_are_those_of_the_sandbox() {
    let sandbox = Options::new(jiff::civil::date(2026, 1, 1));
    let rows = entities(sandbox.seed, sandbox.executions);
    let rows = rows
        .iter()
        .take(ENTITIES)
        .map(|row| format!("{},{}\n", row.entity_id, row.entity_schema));
    let text: String = std::iter::once("entity_id,entity_schema\n".to_owned())
        .chain(rows)
        .collect();
    is_file("entities.csv", &text);
}

#[test]
fn the_rows_of_the_spreadsheet_name_executions_of_the_sandbox() {
    let sandbox = Options::new(jiff::civil::date(2026, 1, 1));
    let ids = legacy_executions(sandbox.seed, sandbox.executions);
    let owners = ["10020", "10030", "10020, 10030"];
    let rows = ids.iter().take(12).zip(owners.iter().cycle()).enumerate();
    // As a spreadsheet in German saves it.
    let rows =
        rows.map(|(place, (id, owners))| format!("{id};{owners};2027-02-{:02}\r\n", place + 1));
    let text: String = std::iter::once("execution id;new owners;new due date\r\n".to_owned())
        .chain(rows)
        .collect();
    is_file("new-owners.csv", &text);
}

#[track_caller]
fn is_file(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("playbooks")
        .join(name);
    if env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&path, text).expect("the file can be written");
    }
    assert_eq!(
        fs::read_to_string(path).expect("the file can be read"),
        text,
        "run the test with UPDATE_EXPECTED=1"
    );
}
