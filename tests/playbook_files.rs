//! The files beside the playbooks fit the sandbox's data; and how many expressions a playbook may have.

use std::{env, fs, path::Path};

use wf_bulk::playbook::{self, Overrides};
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

#[test]
fn more_expressions_than_the_bound_are_one_mistake() {
    const HEAD: &str =
        "version: 1\nname: x\nselect: { executions: { list: {} } }\nvars: { a: x }\n";
    let now = "2026-12-01T09:00:00Z".parse().unwrap();
    let mistakes = |actions: &str| {
        let text = format!("{HEAD}actions:\n{actions}");
        let loaded = playbook::load(Path::new("x.yaml"), text, &Overrides::default(), &[], now);
        loaded.err().map_or_else(Vec::new, |mistakes| {
            assert_eq!(mistakes.more(), 0);
            let list = mistakes.list().iter();
            list.map(|mistake| mistake.message.clone()).collect()
        })
    };
    let conditions = |number| {
        "  - { reassign: { set: [\"7\"] }, when: \"execution.name == 'x'\" }\n".repeat(number)
    };
    let templates = |number| {
        let text = "{{ vars.a }} ".repeat(number);
        format!("  - reassign: {{ set: [\"{text}\"] }}\n")
    };
    let too_many = "a playbook has at most 200 expressions, and here is one more";
    assert_eq!(mistakes(&conditions(200)), [""; 0]);
    assert_eq!(mistakes(&conditions(203)), [too_many]);
    assert_eq!(mistakes(&(conditions(2) + &templates(199))), [too_many]);
    // Texts without expressions are not counted.
    assert_eq!(
        mistakes(&(conditions(200) + &templates(0).replace("\"\"", "\"7\""))),
        [""; 0]
    );
}

#[test]
fn a_variable_is_as_long_as_a_text_and_wrong_words_of_its_list_are_counted() {
    let now = "2026-12-01T09:00:00Z".parse().unwrap();
    let mistakes = |value: &str| {
        let text = format!(
            "version: 1\nname: x\nselect: {{ flows: {{ entities: [ {{ id: c, schema: contact }} ] }}, each: task, where_each: task.status in vars.a }}\nvars: {{ a: {value} }}\nactions: [ reassign: {{ set: [\"7\"] }} ]\n"
        );
        let loaded = playbook::load(Path::new("x.yaml"), text, &Overrides::default(), &[], now);
        loaded.unwrap_err()
    };
    let long = mistakes(&"x".repeat(16 * 1024 + 1));
    assert_eq!(
        long.list()[0].message,
        "the variable `a` is longer than 16 KiB"
    );
    let fits = mistakes(&"x".repeat(16 * 1024));
    assert!(!fits.list()[0].message.contains("KiB"), "{fits}");
    let many = mistakes(&format!("[ {} ]", "x, ".repeat(1_001)));
    assert_eq!(
        many.list()[0].message,
        "the variable `a` has more than 1000 values"
    );
    let words = mistakes(&format!("[ {} ]", "PENDNG, ".repeat(1_000)));
    assert!(
        words
            .to_string()
            .contains("is never one of 980 more texts in this list"),
        "{words}"
    );
}
