//! What the documents say is true of the code: their playbooks load, and what they name is there.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[path = "docs/site.rs"]
mod site;

use std::{
    fs,
    path::{Path, PathBuf},
};

use wf_bulk::{
    action::ALL,
    api::{
        Generation, Level,
        types::{ENUMERATIONS, RecordType, Shape, record},
    },
    playbook::{self, KeyForm, Overrides, TABLES},
};

/// Completes an example that shows some keys only.
const REST: [(&str, &str); 5] = [
    ("version", "version: 1\n"),
    ("name", "name: example\n"),
    ("vars", "vars: { leaver: \"10010\" }\n"),
    (
        "select",
        "select:\n  flows: { entities: [ { id: e1, schema: contact } ] }\n  each: task\n",
    ),
    ("actions", "actions: [ shift_due_date: { by: 1 day } ]\n"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All types that an expression reaches, each once.
fn records(record: &'static RecordType, found: &mut Vec<&'static RecordType>) {
    if found.iter().any(|known| std::ptr::eq(*known, record)) {
        return;
    }
    found.push(record);
    for field in record.fields {
        let mut shape = field.shape;
        while let Shape::List(item) = shape {
            shape = *item;
        }
        if let Shape::Record(inner) = shape {
            records(inner, found);
        }
    }
}

#[test]
fn the_guide_lists_each_action_with_what_its_specification_says() {
    let guide = fs::read_to_string(root().join("docs/playbook.md")).unwrap();
    let rows = guide
        .lines()
        .skip_while(|line| !line.starts_with("| action |"));
    let rows: Vec<String> = rows
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|row| {
            // Without the link to the action's part of the guide.
            let (link, rest) = row.split_once(") |").unwrap();
            let (name, _) = link.trim_start_matches("| [").split_once("](").unwrap();
            format!("| {name} |{rest}")
        })
        .collect();
    let known: Vec<String> = ALL.iter().map(|kind| kind.row()).collect();
    assert_eq!(rows, known);
}

#[test]
fn the_guide_lists_each_key_of_a_playbook_with_its_default() {
    let guide = fs::read_to_string(root().join("docs/playbook.md")).unwrap();
    for (heading, keys) in TABLES {
        let below = guide.lines().skip_while(|line| {
            let title = line.trim_start_matches('#').trim();
            !line.starts_with('#') || title != heading
        });
        let table = below.skip_while(|line| !line.starts_with('|'));
        let rows: Vec<&str> = table.take_while(|line| line.starts_with('|')).collect();
        let expected: Vec<String> = ["| key | | default |", "|---|---|---|"]
            .map(str::to_owned)
            .into_iter()
            .chain(keys.iter().map(KeyForm::row))
            .collect();
        assert_eq!(
            rows,
            expected,
            "write under {heading}:\n{}",
            expected.join("\n")
        );
    }
}

#[test]
fn the_guide_lists_each_enumeration_with_its_words_and_fields() {
    let mut found = Vec::new();
    for generation in [Generation::V2, Generation::V1] {
        for level in Level::ALL {
            records(record(generation, level), &mut found);
        }
    }
    let code = |words: &[String]| format!("`{}`", words.join("`, `"));
    let mut table = Vec::new();
    for words in ENUMERATIONS {
        let mut fields = Vec::new();
        for record in &found {
            for field in record.fields {
                let is_it =
                    |shape: Shape| matches!(shape, Shape::Word(own) if std::ptr::eq(own, *words));
                let name = format!("{}.{}", record.name, field.name);
                if is_it(field.shape) && !fields.contains(&name) {
                    fields.push(name);
                }
            }
        }
        let all: Vec<String> = words.words.iter().map(ToString::to_string).collect();
        table.push(format!(
            "| {} | {} | {} |\n",
            words.name,
            code(&all),
            code(&fields)
        ));
    }
    let table = table.concat();
    let guide = fs::read_to_string(root().join("docs/playbook.md")).unwrap();
    assert!(
        guide.contains(&table),
        "docs/playbook.md should have:\n{table}"
    );
}

/// All documents of the repository.
fn documents() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("docs")];
    let mut files = [
        "README.md",
        "CONTRIBUTING.md",
        "DESIGN.md",
        "CHANGELOG.md",
        "SUMMARY.md",
    ]
    .map(|name| root().join(name))
    .to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                files.push(path);
            }
        }
    }
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        found.push((file, text));
    }
    found
}

/// The blocks of a language, each with its first line's number.
fn blocks(text: &str, language: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut block: Option<(usize, String)> = None;
    let fence = format!("```{language}");
    let mut inside = false;
    for (number, line) in (1..).zip(text.lines()) {
        match (&mut block, line.starts_with("```")) {
            (Some(_), true) => blocks.extend(block.take()),
            (Some((_, text)), false) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, true) if !inside && line == fence => block = Some((number + 1, String::new())),
            (None, true) => inside = !inside,
            (None, false) => {}
        }
    }
    blocks
}

/// The example, with what it leaves out. `where` alone is shown as it stands below `select`.
fn completed(block: &str) -> String {
    let has = |key: &str| {
        block
            .lines()
            .any(|line| line.starts_with(&format!("{key}:")))
    };
    if has("where") {
        let indented = format!("  {}\n", block.trim_end().replace('\n', "\n  "));
        return completed(&format!(
            "select:\n  flows: {{ entities: [ {{ id: e1, schema: contact }} ] }}\n  each: task\n{indented}"
        ));
    }
    let mut text = block.to_owned();
    for (key, rest) in REST {
        if !has(key) {
            text.push_str(rest);
        }
    }
    text
}

#[test]
fn every_playbook_in_the_documents_loads() {
    let folder = tempfile::tempdir().unwrap();
    for (name, header) in [
        ("entities.csv", "entity_id,entity_schema\n"),
        ("new-owners.csv", "execution id;new owners;new due date\n"),
        ("company-holidays.txt", "2026-12-24 Christmas Eve\n"),
    ] {
        fs::write(folder.path().join(name), header).unwrap();
    }
    let overrides: Overrides = [("successor".to_owned(), "10020".to_owned())]
        .into_iter()
        .collect();
    let mut loaded = 0;
    for (file, text) in documents() {
        for (line, block) in blocks(&text, "yaml") {
            let playbook = completed(&block);
            let given = if playbook.contains("successor:") {
                overrides.clone()
            } else {
                Overrides::default()
            };
            let path = folder.path().join("playbook.yaml");
            let now = "2026-12-01T09:00:00Z".parse().unwrap();
            if let Err(mistakes) = playbook::load(&path, playbook, &given, &[], now) {
                panic!(
                    "{}, line {line}:\n{}",
                    file.display(),
                    mistakes.render(false, None)
                );
            }
            loaded += 1;
        }
    }
    assert!(loaded > 8, "{loaded} examples");
}

#[test]
fn every_playbook_of_the_repository_loads() {
    let mut loaded = 0;
    let folders = ["playbooks", "deploy/kubernetes/playbooks"];
    let entries = folders.map(|folder| fs::read_dir(root().join(folder)).unwrap());
    for entry in entries.into_iter().flatten() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            let source = playbook::read(&path).unwrap();
            let now = "2026-12-01T09:00:00Z".parse().unwrap();
            if let Err(mistakes) = playbook::load(&path, source, &Overrides::default(), &[], now) {
                panic!("{}", mistakes.render(false, None));
            }
            loaded += 1;
        }
    }
    assert!(loaded >= 4, "{loaded} playbooks");
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut wrong = Vec::new();
    for (file, text) in documents() {
        for target in links(&text) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let linked = if path.is_empty() {
                file.clone()
            } else {
                file.parent().unwrap().join(path)
            };
            if !linked.exists() {
                wrong.push(format!("{}: {target}", file.display()));
            } else if !anchor.is_empty()
                && !anchors(&fs::read_to_string(linked).unwrap()).contains(&anchor.to_owned())
            {
                wrong.push(format!("{}: no heading {target}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The targets of `[text](target)`, those on other servers left out.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
        .filter(|target| !target.contains("://"))
}

/// The headings as links name them: lower case, hyphens for spaces, no other marks.
fn anchors(text: &str) -> Vec<String> {
    let anchor = |heading: &str| {
        let kept = heading.trim().to_lowercase();
        let kept = kept
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| anchor(line.trim_start_matches('#')))
        .collect()
}

#[test]
fn every_file_and_test_that_the_documents_for_developers_name_is_there() {
    let documents = [
        "CONTRIBUTING.md",
        "DESIGN.md",
        "docs/guarantees.md",
        "docs/security.md",
    ]
    .map(|name| fs::read_to_string(root().join(name)).unwrap());
    let code = code();
    let mut named = 0;
    let mut wrong = Vec::new();
    let words = documents
        .iter()
        .flat_map(|text| text.split('`').skip(1).step_by(2));
    for word in words {
        let is_path = ["src/", "tests/", "sandbox/", "docs/", "playbooks/"]
            .iter()
            .any(|folder| word.starts_with(folder));
        // Names of tests are sentences; no field or file here has so many words.
        let is_test = word.matches('_').count() >= 4
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        let is_there = match (is_path, is_test) {
            (true, _) => root().join(word).exists(),
            (false, true) => code.contains(&format!("fn {word}(")),
            (false, false) => continue,
        };
        named += 1;
        if !is_there {
            wrong.push(word);
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(named > 100, "{named} files and tests are named");
}

/// All Rust code of the repository.
fn code() -> String {
    let mut text = String::new();
    let mut folders = ["src", "tests", "sandbox/src", "sandbox/tests"]
        .map(|name| root().join(name))
        .to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    text
}
