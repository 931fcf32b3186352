//! The commands that a text tells a person to type.

use serde_json::Value;
use wf_bulk::cli::Cli;

/// One of them, as a shell reads it.
#[derive(Debug)]
pub(crate) struct Hint {
    pub(crate) words: Vec<String>,
}

/// The commands in a text: in backticks, or to the end of the line.
pub(crate) fn hints(text: &str) -> Vec<Hint> {
    let mut hints = Vec::new();
    // How clap says which arguments there are.
    for line in text.lines().filter(|line| !line.starts_with("Usage:")) {
        let mut rest = line;
        while let Some(start) = rest.find("wf-bulk ") {
            let before = rest[..start].chars().next_back();
            let command = &rest[start..];
            let end = match before {
                Some('`') => command.find('`').unwrap_or(command.len()),
                Some(' ') | None => command.len(),
                Some(_) => {
                    rest = &command[1..];
                    continue;
                }
            };
            let end = end_of_command(&command[..end]);
            let words = shell_words(&command[..end]);
            rest = &command[end..];
            // The tool's own name in a sentence is no command.
            let is_command = words.get(1).is_some_and(|word| {
                <Cli as clap::CommandFactory>::command()
                    .find_subcommand(word)
                    .is_some()
            });
            // In a sentence, it is the name of the command alone.
            let is_name = before == Some('`') && words.len() == 2;
            if is_command && !is_name {
                hints.push(Hint { words });
            }
        }
    }
    hints
}

/// Behind a semicolon or a bracket that is not quoted, the sentence goes on.
fn end_of_command(text: &str) -> usize {
    let mut is_quoted = false;
    for (place, c) in text.char_indices() {
        match c {
            '\'' => is_quoted = !is_quoted,
            ';' | ')' if !is_quoted => return place,
            _ => {}
        }
    }
    text.len()
}

/// All texts in a document of JSON, a line each.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => text.lines().collect(),
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// The words of a command line with single quotes.
fn shell_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' => words.extend(word.take()),
            '\'' => {
                let quoted: String = chars.by_ref().take_while(|c| *c != '\'').collect();
                word.get_or_insert_default().push_str(&quoted);
            }
            '\\' => word.get_or_insert_default().extend(chars.next()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Flags that show, ask or answer, or that are secret: a command that is printed does not repeat them.
const OF_THE_MOMENT: [&str; 13] = [
    // It may hold a secret address.
    "--on-finish",
    "--token",
    "--yes",
    "--no-interactive",
    "--json",
    "--quiet",
    "--verbose",
    "--dry-run",
    "--detailed-exitcode",
    "--approved",
    "--output",
    "--last",
    "--in-doubt",
];

/// What a run's folder keeps, so that `resume` need not be told; a session of `resume` has its own.
const KEPT_BY_THE_RUN: [&str; 7] = [
    "--server",
    "--sandbox",
    "--entity-server",
    "--rate",
    "--concurrency",
    "--stop-after",
    "--max-errors",
];

/// What decides what is planned, or whether it may be planned a second time.
const OF_THE_SELECTION: [&str; 9] = [
    "--var",
    "--now",
    "--limit",
    "--only",
    "--only-file",
    "--exclude",
    "--exclude-file",
    "--again",
    "--max-age",
];

/// What each session of `resume` has to be told.
const SAID_AGAIN: [&str; 3] = ["--timeout", "--settle", "--no-recheck"];

/// Each command that `text` tells can be typed as it is, and does what the command with these `arguments` was told to do.
#[track_caller]
pub(crate) fn expect_commands_to_work(arguments: &[&str], text: &str) {
    if arguments.contains(&"--help") || arguments.contains(&"html") {
        return;
    }
    let document: Option<Value> = serde_json::from_str(text).ok();
    let text = document
        .as_ref()
        .map_or_else(|| text.to_owned(), |document| texts(document).join("\n"));
    for hint in hints(&text) {
        let line = &hint.words;
        if let Err(error) = Cli::read(line.iter().map(Into::into)) {
            panic!("{line:?} can't be typed: {error}");
        }
        // One with names to fill in is an explanation.
        let patterns = ["PLAN", "PLAYBOOK", "DIR", "RUN", "FILE"];
        let is_pattern = |word: &String| patterns.contains(&word.as_str());
        if line.iter().any(is_pattern) {
            continue;
        }
        for flag in given(arguments) {
            let (name, value) = flag.split_once('\0').unwrap_or((&flag, ""));
            let kept = match line[1].as_str() {
                "resume" if name == "--max-errors" => continue,
                // The id names the run.
                "resume" if name == "--playbook" => continue,
                "resume" => {
                    arguments.first() == Some(&"resume") || !KEPT_BY_THE_RUN.contains(&name)
                }
                // It makes what is left of the whole run, at the run's pace, with its plan's variables.
                "retry" | "undo" | "verify" => {
                    let others = [&KEPT_BY_THE_RUN[..], &OF_THE_SELECTION, &SAID_AGAIN];
                    !others.concat().contains(&name)
                }
                // What a session of `resume` was told is for that session; a new run has its own.
                "run" if arguments.first() == Some(&"resume") => {
                    !KEPT_BY_THE_RUN.contains(&name) && !SAID_AGAIN.contains(&name)
                }
                _ => true,
            };
            if kept && takes(&line[1], name) {
                let joined = format!("{name}={value}");
                assert!(
                    line.contains(&joined)
                        || line.iter().any(|word| word == name)
                            && (value.is_empty() || line.iter().any(|word| word == value)),
                    "{arguments:?} tells {line:?}, without {name} {value}"
                );
            }
        }
    }
}

/// The long flags among the arguments, each with its value behind a 0 byte, but for those of the moment.
fn given(arguments: &[&str]) -> Vec<String> {
    let mut flags = Vec::new();
    for (place, word) in arguments.iter().enumerate() {
        if !word.starts_with("--") || OF_THE_MOMENT.contains(word) {
            continue;
        }
        match arguments.get(place + 1) {
            Some(value) if has_value(word) => flags.push(format!("{word}\0{value}")),
            Some(_) | None => flags.push((*word).to_owned()),
        }
    }
    flags
}

fn definition() -> clap::Command {
    let mut definition = <Cli as clap::CommandFactory>::command();
    definition.build();
    definition
}

fn has_value(flag: &str) -> bool {
    definition()
        .get_subcommands()
        .flat_map(clap::Command::get_arguments)
        .any(|argument| {
            argument.get_long() == flag.strip_prefix("--") && argument.get_action().takes_values()
        })
}

/// Whether a command takes a flag, and the flag has an effect on it.
fn takes(command: &str, flag: &str) -> bool {
    let needs_no_service = [
        "show", "status", "abandon", "diff", "validate", "sandbox", "init",
    ];
    if needs_no_service.contains(&command) {
        return flag == "--state-dir" || (command == "abandon" && flag == "--ledger");
    }
    definition()
        .find_subcommand(command)
        .is_some_and(|definition| {
            let mut arguments = definition.get_arguments();
            arguments.any(|argument| argument.get_long() == flag.strip_prefix("--"))
        })
}

#[test]
fn a_command_ends_with_its_line_or_its_backtick() {
    let text = "see `wf-bulk status`, `wf-bulk status 01`, or: wf-bulk show 'it'\\''s x' --json\nwf-bulk failed\n";
    let words: Vec<_> = hints(text).into_iter().map(|hint| hint.words).collect();
    assert_eq!(
        words,
        [
            vec!["wf-bulk", "status", "01"],
            vec!["wf-bulk", "show", "it's x", "--json"]
        ]
    );
}
