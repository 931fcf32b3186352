//! Playbooks as users write them: the good ones load, and each bad one gives the message beside it.
//!
//! A first line `# with: --var name=value` holds the overrides. `UPDATE_EXPECTED=1` writes the messages
//! anew; look at the difference before you commit it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use wf_bulk::{
    api::{Id, Level},
    pace::Pace,
    playbook::{
        Entities, Expect, IdSource, Mistakes, Overrides, Playbook, Rejected, Source, load, read,
    },
};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/playbooks")
        .join(name)
}

fn playbooks(name: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    paths.sort();
    paths
}

fn now() -> Timestamp {
    "2026-12-01T09:00:00Z".parse().unwrap()
}

fn overrides(source: &str) -> Overrides {
    source
        .lines()
        .filter_map(|line| line.strip_prefix("# with: --var "))
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn check(path: &Path) -> Result<Playbook, Mistakes> {
    let source = read(path).unwrap();
    let overrides = overrides(&source);
    load(path, source, &overrides, &[], now())
}

/// The messages, with the path as seen from the folder.
fn rendered(mistakes: &Mistakes, path: &Path) -> String {
    let parent = format!("{}/", path.parent().unwrap().display());
    mistakes.render(false, None).replace(&parent, "")
}

#[test]
fn every_good_playbook_loads() {
    let paths = playbooks("good");
    assert!(paths.len() >= 9, "{} playbooks", paths.len());
    for path in paths {
        if let Err(mistakes) = check(&path) {
            panic!("{}", mistakes.render(false, None));
        }
    }
}

#[test]
fn every_bad_playbook_gives_the_message_beside_it() {
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let paths = playbooks("bad");
    assert!(paths.len() >= 45, "{} playbooks", paths.len());
    let mut differences = Vec::new();
    for path in paths {
        let Err(mistakes) = check(&path) else {
            differences.push(format!("{} has no mistake", path.display()));
            continue;
        };
        let text = rendered(&mistakes, &path);
        let expected_path = path.with_extension("txt");
        if update {
            fs::write(&expected_path, &text).unwrap();
        }
        let expected = fs::read_to_string(&expected_path).unwrap_or_default();
        if text != expected {
            differences.push(format!(
                "{}\n--- expected\n{expected}\n--- found\n{text}\n",
                path.display()
            ));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn a_bad_playbook_has_one_mistake_and_the_one_with_ten_has_ten() {
    for path in playbooks("bad") {
        let expected = if path.ends_with("ten_at_once.yaml") {
            10
        } else {
            1
        };
        let Err(mistakes) = check(&path) else {
            panic!("{} has no mistake", path.display());
        };
        assert_eq!(
            mistakes.list().len(),
            expected,
            "{}",
            mistakes.render(false, None)
        );
    }
}

#[test]
fn every_mistake_says_where_it_is_or_names_the_command_line() {
    for path in playbooks("bad") {
        let mistakes = check(&path).unwrap_err();
        let text = rendered(&mistakes, &path);
        for (mistake, position) in mistakes.list().iter().zip(mistakes.positions()) {
            match position {
                Some(position) => {
                    let name = path.file_name().unwrap().to_str().unwrap();
                    let place = format!("[{name}:{}:{}]", position.line, position.column);
                    assert!(text.contains(&place), "{place} in\n{text}");
                }
                None => assert!(mistake.message.starts_with("--var "), "{text}"),
            }
        }
    }
}

#[test]
fn the_expected_messages_are_those_of_playbooks_that_are_there() {
    for entry in fs::read_dir(folder("bad")).unwrap() {
        let path = entry.unwrap().path();
        assert!(
            path.with_extension("yaml").exists(),
            "{} has no playbook",
            path.display()
        );
    }
}

fn good(name: &str) -> Playbook {
    check(&folder("good").join(name)).unwrap()
}

fn ids(playbook: &Playbook) -> Vec<&str> {
    playbook
        .select
        .exclude
        .iter()
        .flat_map(|list| list.ids.iter().map(Id::as_str))
        .collect()
}

#[test]
fn a_playbook_says_what_its_file_says() {
    let playbook = good("reassign_leaver.yaml");
    assert_eq!(playbook.name, "reassign-leaver");
    assert_eq!(playbook.zone.iana_name(), Some("Europe/Berlin"));
    assert_eq!(
        serde_json::Value::Object(playbook.vars.clone()),
        serde_json::json!({"leaver": "10010", "successor": "10021"})
    );
    assert!(matches!(
        &playbook.select.source,
        Source::Flows(Entities::Named(IdSource::File(path))) if *path == folder("good").join("entities.csv")
    ));
    assert_eq!(playbook.select.each, Level::Task);
    assert!(playbook.select.filter.is_some() && playbook.select.filter_each.is_some());
    assert_eq!(ids(&playbook), ["00123", "4711", "exec_abc"]);
    assert_eq!(playbook.select.limit, Some(2000));
    let on: Vec<_> = playbook
        .actions
        .iter()
        .map(|entry| entry.on.as_slice())
        .collect();
    assert_eq!(on, [[Level::Task], [Level::Task], [Level::Execution]]);
    assert_eq!(
        playbook.actions[0].name.as_deref(),
        Some("hand over the tasks")
    );
    assert!(playbook.actions[1].when.is_some());
    assert_eq!(playbook.guards.max_changes, Some(500));
    assert_eq!(playbook.guards.max_percent, "25".parse().ok());
    assert_eq!(
        playbook.guards.expect,
        Some(Expect {
            min: Some(1),
            max: None
        })
    );
    assert_eq!(playbook.guards.rejected, Rejected::Refuse);
    assert_eq!(playbook.pace, Pace::default());
    assert!(!playbook.repeatable);
}

#[test]
fn the_digest_is_that_of_the_bytes_of_the_file() {
    let path = folder("good").join("byte_order_mark_and_windows_lines.yaml");
    let digest = Sha256::digest(fs::read(&path).unwrap());
    let hex: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(check(&path).unwrap().sha256, hex.concat());
}

#[test]
fn a_schedule_is_run_however_its_name_is_written() {
    let playbook = good("run_schedules.yaml");
    assert_eq!(playbook.actions.len(), 3);
    for entry in &playbook.actions {
        assert_eq!(entry.kind.word, "run_schedule_now");
    }
    let allowed: Vec<&str> = playbook
        .guards
        .allow
        .iter()
        .map(|allow| allow.word())
        .collect();
    assert_eq!(allowed, ["close", "run_schedule_now"]);
}

#[test]
fn a_helper_takes_the_objects_that_the_guide_names() {
    const EACH: [(&str, &str); 5] = [
        ("executions: { list: {} }", "execution"),
        ("executions: { list: {} }", "step"),
        (
            "flows: { entities: [ { id: c, schema: contact } ] }",
            "execution",
        ),
        (
            "flows: { entities: [ { id: c, schema: contact } ] }",
            "phase",
        ),
        (
            "flows: { entities: [ { id: c, schema: contact } ] }",
            "task",
        ),
    ];
    let takes = |source: &str, each: &str, call: &str| {
        let text = format!(
            "version: 1\nname: x\nselect: {{ {source}, each: {each} }}\nactions: [ {{ reassign: {{ set: [] }}, when: '{call}' }} ]\n"
        );
        load(&folder("x.yaml"), text, &Overrides::default(), &[], now()).is_ok()
    };
    // Of an execution and a step; of a flow, a phase and a task.
    for (call, expected) in [
        ("has_assignee(X, \"1\")", "yy yyy"),
        ("assignees(X) == []", "yy yyy"),
        ("due(X) is none", "yy yyy"),
        ("due_before(X, now)", "yy yyy"),
        ("due_between(X, now, now)", "yy yyy"),
        ("scheduled_between(X, now, now)", "-- --y"),
        ("older_than(X, \"1 day\")", "yy y-y"),
        ("idle_for(X, \"1 day\")", "yy yyy"),
        ("context(X, \"contact\") is none", "y- y--"),
    ] {
        let mut found: String = EACH
            .iter()
            .map(|(source, each)| {
                if takes(source, each, &call.replace('X', each)) {
                    'y'
                } else {
                    '-'
                }
            })
            .collect();
        found.insert(2, ' ');
        assert_eq!(found, expected, "{call}");
    }
    // Sections can be looked at, from their steps.
    for (call, is_taken) in [
        ("has_assignee(step.section, \"1\")", true),
        ("due(step.section) is none", true),
        ("older_than(step.section, \"1 day\")", false),
        ("idle_for(step.section, \"1 day\")", false),
    ] {
        assert_eq!(takes(EACH[1].0, EACH[1].1, call), is_taken, "{call}");
    }
}

/// Loads some text; neither that nor showing the mistakes may panic, and what is shown can't steer a terminal.
fn survive(source: String) {
    if let Err(mistakes) = load(&folder("fuzz.yaml"), source, &<_>::default(), &[], now()) {
        let text = mistakes.render(false, None);
        assert!(!mistakes.list().is_empty());
        assert!(
            !text.chars().any(|c| c.is_control() && c != '\n'),
            "{text:?}"
        );
    }
}

/// Lines of playbooks, and what YAML is sensitive to.
fn fragment() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "version: 1\n",
        "name: x\n",
        "select:\n",
        "  flows:\n",
        "    entities:\n",
        "      - { id: a, schema: b }\n",
        "  where: ",
        "  each: task\n",
        "execution.status",
        " == ",
        "\"DONE\"",
        "actions:\n",
        "  - reassign:",
        "  - close:",
        "      by: ",
        "3 days",
        "{{ ",
        " }}",
        "{% ",
        " %}",
        "on: ",
        "when: ",
        ">-\n",
        "|\n",
        "\n",
        "  ",
        "\t",
        "- ",
        ": ",
        " #",
        "'",
        "\"",
        "\\u",
        "\\",
        "&a ",
        "*a",
        "!x ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "?",
        "\r",
        "\u{feff}",
        "\u{85}",
        "ä",
        "\u{1b}",
        "vars:\n",
        "<<: ",
        "guards: ",
        "pace: ",
        "rate: ",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "1e999",
        ".nan",
        "0x1",
        "null",
        "true",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_mistakes_and_no_panic(source in ".{0,200}") {
        survive(source);
    }

    #[test]
    fn any_pieces_of_yaml_give_mistakes_and_no_panic(source in fragment()) {
        survive(source);
    }

    #[test]
    fn a_damaged_playbook_gives_mistakes_and_no_panic(
        which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), len in 0_usize..12, piece in fragment(),
    ) {
        let paths = playbooks("good");
        let path: &PathBuf = which.get(&paths);
        let source: Vec<char> = read(path).unwrap().chars().collect();
        let start = at.index(source.len());
        let end = (start + len).min(source.len());
        let damaged = source[..start].iter().copied().chain(piece.chars()).chain(source[end..].iter().copied());
        survive(damaged.collect());
    }
}
