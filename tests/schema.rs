//! The schema for editors: current, and in agreement with the playbooks of the repository.

#![expect(
    clippy::unwrap_used,
    reason = "what a test can't go on without is its failure"
)]

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use wf_bulk::playbook::{SCHEMA_FILE, schema};

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
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let playbook = json(text);
    validator
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
    files.push(root().join("src/commands/init_playbook.yaml"));
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
