//! The schema for editors: current, and in agreement with the playbooks of the repository.

#![expect(
    clippy::unwrap_used,
    reason = "what a test can't go on without is its failure"
)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use jsonschema::Validator;
use serde_json::Value;
use wf_bulk::playbook::{Overrides, SCHEMA_FILE, TABLES, load, schema};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The YAML files of a folder.
fn playbooks(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

fn json(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// What the schema says against a playbook.
fn wrong(text: &str) -> Vec<String> {
    static SCHEMA: LazyLock<Validator> =
        LazyLock::new(|| jsonschema::validator_for(&schema()).unwrap());
    let playbook = json(text);
    SCHEMA
        .iter_errors(&playbook)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn the_schema_in_the_repository_is_the_one_of_the_code() {
    let text = format!("{:#}\n", schema());
    let path = root().join(SCHEMA_FILE);
    if env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let is_current = fs::read_to_string(path).is_ok_and(|written| written == text);
    assert!(is_current, "run the test with UPDATE_EXPECTED=1");
}

#[test]
fn every_playbook_that_is_right_fits_the_schema() {
    let mut files = playbooks(&root().join("playbooks"));
    files.extend(playbooks(&root().join("tests/playbooks/good")));
    files.push(root().join("src/present/commands/init_playbook.yaml"));
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(wrong(&text), Vec::<String>::new(), "{}", file.display());
    }
}

#[test]
fn every_example_of_the_guide_fits_the_schema() {
    let guide = fs::read_to_string(root().join("docs/playbook.md")).unwrap();
    let mut examples = 0;
    for block in guide.split("```yaml\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let mut text = block.to_owned();
        for (key, rest) in [
            ("version", "version: 1\n"),
            ("name", "name: example\n"),
            (
                "select",
                "select: { flows: { entities: { file: entities.csv } } }\n",
            ),
            ("actions", "actions: [ complete ]\n"),
        ] {
            let is_there = block
                .lines()
                .any(|line| line.starts_with(&format!("{key}:")));
            if !is_there {
                text.push_str(rest);
            }
        }
        // A part of `select` alone is shown indented by nothing: such a block is no playbook.
        if block.starts_with("where:") {
            continue;
        }
        assert_eq!(wrong(&text), Vec::<String>::new(), "{block}");
        examples += 1;
    }
    assert!(examples > 20, "{examples}");
}

/// A playbook with this value for a key of `map`, which is none for the top.
fn with(map: &str, key: &str, value: &str) -> String {
    let mut top = vec![
        ("version", "1".to_owned()),
        ("name", "x".to_owned()),
        ("select", "{ ids: [ e1 ] }".to_owned()),
        ("actions", "[ complete ]".to_owned()),
    ];
    let (name, value) = match map {
        "" => (key, value.to_owned()),
        "select" if SOURCES.contains(&key) => (map, format!("{{ {key}: {value} }}")),
        "select" => (map, format!("{{ ids: [ e1 ], {key}: {value} }}")),
        _ => (map, format!("{{ {key}: {value} }}")),
    };
    top.retain(|(other, _)| *other != name);
    top.push((name, value));
    let lines: Vec<String> = top
        .iter()
        .map(|(key, value)| format!("{key}: {value}\n"))
        .collect();
    lines.concat()
}

const SOURCES: [&str; 5] = ["flows", "executions", "ids", "rows", "entities"];

#[test]
fn the_schema_and_the_checks_agree_on_the_kind_of_value_of_each_key() {
    let is_loaded = |text: &str| {
        let now = "2026-12-01T08:00:00Z".parse().unwrap();
        let path = root().join("tests/playbooks/good/x.yaml");
        load(&path, text.to_owned(), &Overrides::default(), &[], now).is_ok()
    };
    let mut accepted = 0;
    for (map, (_, keys)) in ["", "select", "guards", "pace"].into_iter().zip(TABLES) {
        for key in keys {
            // One of these is of the right kind for most keys, the others are wrong for each but `vars`.
            for value in [
                "1",
                "true",
                "DE",
                "8/s",
                "[ 5 ]",
                "[ e2 ]",
                "{ min: 1 }",
                "{ list: {} }",
                "{ ids: [ e1 ] }",
                "[ complete ]",
                "{ none: 1 }",
                "[]",
            ] {
                let text = with(map, key.name, value);
                let (fits, loads) = (wrong(&text).is_empty(), is_loaded(&text));
                accepted += usize::from(loads);
                assert!(
                    fits || !loads,
                    "the schema refuses what loads: {text}{:?}",
                    wrong(&text)
                );
            }
            for value in ["{ none: { none: 1 } }", "[ { none: 1 } ]"] {
                let text = with(map, key.name, value);
                let free = key.name == "vars";
                assert!(free || !wrong(&text).is_empty(), "the schema takes {text}");
                assert!(!is_loaded(&text), "the checks take {text}");
            }
        }
        let text = with(map, "none", "1");
        assert!(!is_loaded(&text) && !wrong(&text).is_empty(), "{text}");
    }
    assert!(accepted > 25, "{accepted}");
}

#[test]
fn what_is_plainly_wrong_does_not_fit() {
    const GOOD: &str = "version: 1\nname: x\nselect: { flows: { entities: { file: e.csv } } }\nactions: [ complete ]\n";
    assert_eq!(wrong(GOOD), Vec::<String>::new());
    for (good, bad) in [
        ("version: 1", "version: 2"),
        ("name: x", "nam: x"),
        ("complete", "finish"),
        ("complete", "{ reassign: { form: \"1\", to: \"2\" } }"),
        ("complete", "{ set_status: UNASSIGNED }"),
        ("complete", "{ patch: { assignedto: [] } }"),
        ("flows: {", "flow: {"),
        ("file: e.csv", "fil: e.csv"),
        ("actions: [ complete ]", "actions: []"),
        (
            "actions: [ complete ]",
            "actions: [ complete ]\nguards: { allow: [everything] }",
        ),
        (
            "actions: [ complete ]",
            "actions: [ complete ]\npace: { rate: fast }",
        ),
    ] {
        assert!(GOOD.contains(good));
        assert!(!wrong(&GOOD.replacen(good, bad, 1)).is_empty(), "{bad}");
    }
}
