//! The files beside the playbooks fit the sandbox's data.

use std::{env, fs, path::Path};

use wf_bulk_sandbox::{Options, entities};

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
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/entities.csv");
    if env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(
        fs::read_to_string(path).unwrap(),
        text,
        "run the test with UPDATE_EXPECTED=1"
    );
}
