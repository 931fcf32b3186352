//! Commands and flags of other tools, and their names here.
//!
//! In a tip, a command is in braces, without the tool's name: [`filled`] makes a command line of it.

use std::ffi::OsString;

use clap::{
    CommandFactory as _,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::{Cli, unused::why_unused};
use crate::invocation::Invocation;

/// Words for a command, and what to write instead.
const COMMANDS: [(&[&str], &str); 13] = [
    (
        &["rollback", "revert", "restore", "back"],
        "to bring back what a run has changed: {undo RUN}",
    ),
    (
        &["destroy", "delete", "remove", "rm"],
        "to delete, use the action `delete` in a playbook: {run PLAYBOOK}; to abandon a run: {abandon RUN}",
    ),
    (
        &["list", "ls", "runs", "log", "logs", "ps", "get", "state"],
        "to list the runs here: {status}",
    ),
    (
        &["cancel", "stop", "kill", "abort", "pause"],
        "press Ctrl-C where the run works; to abandon it: {abandon RUN}",
    ),
    (
        &["continue", "restart", "rerun", "recover"],
        "to continue a run: {resume --last}; to try failed changes again: {retry RUN}",
    ),
    (
        &["check", "lint", "test"],
        "to check a playbook: {validate PLAYBOOK}; to check and show a plan: {show PLAN}",
    ),
    (
        &["preview", "dry-run", "dryrun", "what-if", "simulate"],
        "to see what a playbook would change: {run PLAYBOOK --dry-run}",
    ),
    (
        &["exec", "execute", "start", "deploy", "up", "do"],
        "to plan, ask and apply: {run PLAYBOOK}; to apply a plan: {apply PLAN}",
    ),
    (
        &["describe", "view", "cat", "inspect", "print"],
        "to show a plan: {show PLAN}; to show a run: {status RUN}; as a page: {report RUN}",
    ),
    (
        &["new", "create", "template"],
        "to write a starter playbook: {init DIR}",
    ),
    (
        &["login", "auth", "configure", "config"],
        "there is no login: set EPILOT_TOKEN, or use --profile NAME of epilot's own tools",
    ),
    (&["version"], "{--version}"),
    (
        &["guide", "docs", "doc", "manual"],
        "to list the chapters of the guide: {help}",
    ),
];

/// Flags, the commands that have another name for them (`*`: all), and what to write there. The first match is used.
const FLAGS: [(&[&str], &str, &str); 24] = [
    (
        DRY_RUN,
        "run",
        "--dry-run shows the plan and changes nothing",
    ),
    (
        DRY_RUN,
        "apply",
        "to see what the plan would change: {show PLAN}",
    ),
    (
        DRY_RUN,
        "resume",
        "to see what is left of the run: {status RUN}",
    ),
    (
        DRY_RUN,
        "plan validate show diff",
        "this command changes nothing; leave the flag out",
    ),
    (
        &["--force", "-f"],
        "run apply",
        "--yes answers the question; --again applies what an earlier run did; --no-recheck overwrites what changed since",
    ),
    (
        &["--force", "-f"],
        "plan",
        "-o replaces an earlier plan; delete any other file yourself",
    ),
    (
        &[
            "--auto-approve",
            "-auto-approve",
            "--assume-yes",
            "--confirm",
            "--no-confirm",
            "--non-interactive",
            "--no-input",
            "--force",
            "-f",
        ],
        "run apply abandon",
        "--yes makes changes without a question",
    ),
    (
        &["-e", "--extra-vars", "--set", "--variable", "-var"],
        "run plan validate",
        "--var NAME=VALUE sets a variable of the playbook",
    ),
    (
        &["--limit", "--only", "--exclude", "--var", "-e", "-l"],
        "apply",
        "a plan is applied whole; plan again with --limit, --only, --exclude or --var: {plan PLAYBOOK -o FILE}",
    ),
    (
        &["-l", "--max", "--first"],
        "run plan",
        "--limit N selects the first N targets",
    ),
    (
        &["--target", "--include", "--id"],
        "run plan",
        "--only ID selects only this id and everything below it",
    ),
    (
        &["--skip", "--ignore", "--except"],
        "run plan",
        "--exclude ID excludes this id and everything below it",
    ),
    (
        &[
            "--parallelism",
            "--parallel",
            "--forks",
            "--threads",
            "--workers",
            "-j",
            "-p",
        ],
        "run apply resume",
        "--concurrency N works on N executions at the same time",
    ),
    (
        &["--rps", "--qps", "--rate-limit", "--throttle"],
        "run apply resume",
        "--rate 4/s limits the request rate",
    ),
    (
        &["--retry"],
        "resume",
        "--in-doubt retry sends changes in doubt again",
    ),
    (
        &[
            "--continue-on-error",
            "--keep-going",
            "--ignore-errors",
            "--fail-fast",
        ],
        "run apply resume",
        "--max-errors N stops after N failed changes, --stop-after N after N failures in a row",
    ),
    (
        &["--host", "--url", "--endpoint", "--base-url", "--api-url"],
        SERVICE,
        "--server URL names the service",
    ),
    (
        &["--api-key", "--api-token", "--bearer", "--access-token"],
        SERVICE,
        "set EPILOT_TOKEN, or use --token-file FILE",
    ),
    (
        &["--env", "--context", "--environment"],
        SERVICE,
        "--profile NAME uses a profile of epilot's own tools",
    ),
    (
        &["--debug", "--trace", "-d"],
        "run apply resume",
        "--verbose shows a line for each change",
    ),
    (
        &["--silent", "--no-progress"],
        "*",
        "--quiet shows no progress",
    ),
    (
        OUTPUT,
        "show",
        "--format json|markdown|html chooses the format; `> FILE` writes it to a file",
    ),
    (
        OUTPUT,
        "run",
        "--json prints the result as one JSON document; to keep the plan: {plan PLAYBOOK -o FILE}",
    ),
    (
        OUTPUT,
        "validate plan diff apply resume status",
        "--json prints the result as one JSON document",
    ),
];

/// The commands that make requests.
const SERVICE: &str = "run plan apply resume";

const DRY_RUN: &[&str] = &[
    "--dry-run",
    "--check",
    "-C",
    "--what-if",
    "--whatif",
    "--preview",
    "--noop",
    "-n",
    "--simulate",
    "--diff",
    "--plan",
];

const OUTPUT: &[&str] = &["-o", "--output", "--out", "--format"];

/// Whether the command line asks for JSON, also if it can't be parsed.
pub fn json_is_wanted(arguments: impl IntoIterator<Item = OsString>) -> bool {
    arguments
        .into_iter()
        .take_while(|argument| argument != "--")
        .any(|argument| argument == "--json")
}

/// The same error, with the name here in place of clap's suggestion.
pub fn with_suggestion(
    mut error: clap::Error,
    arguments: impl IntoIterator<Item = OsString>,
) -> clap::Error {
    let said = |error: &clap::Error, kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let cli = Cli::command();
    let command = arguments
        .into_iter()
        .find_map(|argument| Some(cli.find_subcommand(argument)?.get_name()))
        .unwrap_or_default();
    let tip = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            said(&error, ContextKind::InvalidSubcommand).and_then(|word| for_command(&word))
        }
        ErrorKind::UnknownArgument => {
            said(&error, ContextKind::InvalidArg).and_then(|flag| for_flag(command, &flag))
        }
        // clap's kinds are many, and grow with its versions.
        _ => None,
    };
    match tip {
        Some(tip) => {
            for guess in [
                ContextKind::SuggestedArg,
                ContextKind::SuggestedSubcommand,
                ContextKind::Suggested,
            ] {
                error.remove(guess);
            }
            error.insert(
                ContextKind::Suggested,
                ContextValue::StyledStrs(vec![tip.into()]),
            );
        }
        // clap suggests "To pass '--check' as a value, use '-- --check'", which is never intended.
        None if error.kind() == ErrorKind::UnknownArgument => {
            error.remove(ContextKind::Suggested);
            if said(&error, ContextKind::SuggestedArg)
                .is_some_and(|flag| why_unused(command, &flag).is_some())
            {
                error.remove(ContextKind::SuggestedArg);
            }
        }
        None => {}
    }
    error
}

/// The tip with its commands as command lines. The other arguments could not be parsed.
fn filled(tip: &str) -> String {
    let mut parts = tip.split(['{', '}']);
    let mut text = parts.next().unwrap_or_default().to_owned();
    while let Some(command) = parts.next() {
        let mut words = command.split(' ');
        let name = words.next().unwrap_or_default();
        let arguments: Vec<&str> = words.collect();
        text += &Invocation::default().command(name, &arguments);
        text += parts.next().unwrap_or_default();
    }
    text
}

fn for_command(word: &str) -> Option<String> {
    let word = word.to_lowercase();
    COMMANDS
        .iter()
        .find(|(words, _)| words.contains(&word.as_str()))
        .map(|(_, tip)| filled(tip))
}

/// What to write in place of another tool's `flag`, with its commands as command lines.
pub(super) fn for_flag(command: &str, flag: &str) -> Option<String> {
    let flag = flag.split('=').next().unwrap_or(flag);
    FLAGS
        .iter()
        .find(|(flags, commands, _)| {
            flags.contains(&flag)
                && (*commands == "*" || commands.split(' ').any(|name| name == command))
        })
        .map(|(.., tip)| filled(tip))
}

#[cfg(test)]
mod tests;
