//! Refuses flags that have no effect on a command, since the user expects an effect.

use std::path::Path;

use clap::{CommandFactory as _, error::ErrorKind};

use super::{Cli, Command, Common, FollowUpArgs, Integration, PlaybookFlags};

/// Which of the common flags affect a command.
#[derive(Clone, Copy, Debug)]
struct Uses {
    /// It makes requests.
    service: bool,
    /// It has a result for `--json`.
    json: bool,
    /// It makes changes, and shows each of them.
    verbose: bool,
}

impl Uses {
    fn of(command: &str) -> Self {
        let (service, json, verbose) = match command {
            "run" | "apply" | "resume" | "undo" | "retry" => (true, true, true),
            "plan" | "verify" => (true, true, false),
            "validate" | "show" | "diff" | "status" | "report" => (false, true, false),
            _ => (false, false, false),
        };
        Self {
            service,
            json,
            verbose,
        }
    }
}

/// Why a flag has no effect on a command; none if it has one.
pub(super) fn why_unused(command: &str, flag: &str) -> Option<&'static str> {
    let uses = Uses::of(command);
    let (has_effect, why) = match flag {
        "--json" => (uses.json, "has no result in JSON"),
        "--verbose" => (uses.verbose, "makes no changes"),
        _ if SERVICE.contains(&flag) => (uses.service, "makes no requests"),
        _ => (true, ""),
    };
    (!has_effect).then_some(why)
}

const SERVICE: [&str; 9] = [
    "--server",
    "--token",
    "--token-file",
    "--token-command",
    "--profile",
    "--entity-server",
    "--org",
    "--sandbox",
    "--timeout",
];

impl Cli {
    /// The same, if every given flag has an effect on the command, also each `--var`.
    ///
    /// # Errors
    ///
    /// If one of them has none.
    pub(super) fn without_unused(self, name: &str) -> Result<Self, clap::Error> {
        let reading = match &self.command {
            Command::Validate(validate) => Some(&validate.reading),
            Command::Plan(plan) => Some(&plan.planning.reading),
            Command::Run(run) => Some(&run.planning.reading),
            Command::Init(_)
            | Command::Show(_)
            | Command::Diff(_)
            | Command::Apply(_)
            | Command::Resume(_)
            | Command::Undo(_)
            | Command::Retry(_)
            | Command::Verify(_)
            | Command::Status(_)
            | Command::Report(_)
            | Command::Abandon(_)
            | Command::Prune(_)
            | Command::Sandbox(_)
            | Command::Schema
            | Command::Completions(_) => None,
        };
        reading.map_or(Ok(()), PlaybookFlags::without_repeated)?;
        let message = unused(name, &self.common)
            .map(|(flag, why)| {
                format!("`wf-bulk {name}` {why}, so {flag} has no effect; leave it out")
            })
            .or_else(|| self.without_observers());
        match message {
            None => Ok(self),
            Some(message) => Err(Self::command().error(ErrorKind::ArgumentConflict, message)),
        }
    }

    /// The flags that tell others of a session; none if the command has no session.
    pub fn integration(&self) -> Option<&Integration> {
        self.session_flags().map(|(integration, _)| integration)
    }

    /// The same, with the flag for which nothing is changed.
    fn session_flags(&self) -> Option<(&Integration, Option<&'static str>)> {
        match &self.command {
            Command::Run(run) => Some((&run.integration, run.dry_run.then_some("--dry-run"))),
            Command::Apply(apply) => Some((&apply.integration, None)),
            Command::Resume(resume) => Some((&resume.integration, None)),
            Command::Undo(undo) => Some(of_follow_up(undo)),
            Command::Retry(retry) => Some(of_follow_up(&retry.follow_up)),
            Command::Init(_)
            | Command::Validate(_)
            | Command::Plan(_)
            | Command::Show(_)
            | Command::Diff(_)
            | Command::Verify(_)
            | Command::Status(_)
            | Command::Report(_)
            | Command::Abandon(_)
            | Command::Prune(_)
            | Command::Sandbox(_)
            | Command::Schema
            | Command::Completions(_) => None,
        }
    }

    /// Why nobody can be told of a session as the flags say.
    fn without_observers(&self) -> Option<String> {
        let (integration, makes_no_changes) = self.session_flags()?;
        let Integration {
            events,
            on_finish,
            metrics,
        } = integration;
        let given = [
            ("--events", events.is_some()),
            ("--on-finish", on_finish.is_some()),
            ("--metrics", metrics.is_some()),
        ];
        let given = given.into_iter().find(|(_, is_given)| *is_given);
        if let (Some((flag, _)), Some(other)) = (given, makes_no_changes) {
            return Some(format!(
                "nothing is changed with {other}, so {flag} has no effect; leave it out"
            ));
        }
        let is_stdout = events.as_deref().is_some_and(|path| path == Path::new("-"));
        (is_stdout && self.common.json).then(|| {
            "--json and --events - both write to standard output; write the events to a file: --events FILE"
                .to_owned()
        })
    }
}

fn of_follow_up(args: &FollowUpArgs) -> (&Integration, Option<&'static str>) {
    let to_file = args.output.output.is_some().then_some("-o");
    let plans_only = to_file.or_else(|| args.output.dry_run.then_some("--dry-run"));
    (&args.integration, plans_only)
}

/// The first flag without an effect on the command, and the reason.
fn unused(command: &str, common: &Common) -> Option<(&'static str, &'static str)> {
    let Common {
        server,
        token,
        token_file,
        token_command,
        profile,
        entity_server,
        org,
        sandbox,
        timeout,
        // A place: every command that needs runs reads it.
        state_dir: _,
        // They are allowed for a command that never asks or shows no progress, too.
        yes: _,
        no_interactive: _,
        quiet: _,
        json,
        verbose,
        invocation: _,
    } = common;
    [
        ("--server", server.is_some()),
        ("--token", token.is_some()),
        ("--token-file", token_file.is_some()),
        ("--token-command", token_command.is_some()),
        ("--profile", profile.is_some()),
        ("--entity-server", entity_server.is_some()),
        ("--org", org.is_some()),
        ("--sandbox", *sandbox),
        ("--timeout", timeout.is_some()),
        ("--json", *json),
        ("--verbose", *verbose),
    ]
    .into_iter()
    .filter(|(_, given)| *given)
    .find_map(|(flag, _)| Some((flag, why_unused(command, flag)?)))
}
