//! Refuses flags that have no effect on a command, since the user expects an effect.

use std::path::Path;

use clap::{Arg, CommandFactory as _, error::ErrorKind};

use super::{Cli, Command, Common, FollowUpArgs, Integration, PlaybookFlags};

/// What a common flag is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// The service, to which requests are made.
    Service,
    /// The folder of the runs and of the sandbox's data.
    StateFolder,
    Questions,
    Json,
    Progress,
    /// A line for each change.
    EachChange,
}

impl Purpose {
    /// None for a flag of one command.
    fn of(flag: &str) -> Option<Self> {
        Some(match flag {
            "--json" => Self::Json,
            "--verbose" => Self::EachChange,
            "--quiet" => Self::Progress,
            "--yes" | "--no-interactive" => Self::Questions,
            "--state-dir" => Self::StateFolder,
            _ if SERVICE.contains(&flag) => Self::Service,
            _ => return None,
        })
    }

    /// Why a command refuses a flag that has no effect on it; none if it is allowed with every command.
    const fn why_refused(self) -> Option<&'static str> {
        match self {
            Self::Service => Some("makes no requests"),
            Self::Json => Some("has no result in JSON"),
            Self::EachChange => Some("makes no changes"),
            Self::StateFolder | Self::Questions | Self::Progress => None,
        }
    }

    /// Those that matter to a command.
    const fn all_of(command: &str) -> &'static [Self] {
        use Purpose::{EachChange, Json, Progress, Questions, Service, StateFolder};
        match command.as_bytes() {
            b"run" | b"apply" | b"resume" | b"undo" | b"retry" => {
                &[Service, StateFolder, Questions, Json, Progress, EachChange]
            }
            b"worker" => &[Service, StateFolder],
            b"plan" | b"verify" => &[Service, StateFolder, Json, Progress],
            b"show" | b"status" | b"report" | b"history" => &[StateFolder, Json],
            b"validate" | b"diff" => &[Json],
            b"abandon" | b"prune" => &[StateFolder, Questions],
            b"sandbox" => &[StateFolder],
            _ => &[],
        }
    }
}

fn has_effect(command: &str, flag: &str) -> bool {
    Purpose::of(flag).is_none_or(|purpose| Purpose::all_of(command).contains(&purpose))
}

/// Why a flag that has no effect on a command is refused.
pub(super) fn why_unused(command: &str, flag: &str) -> Option<&'static str> {
    if has_effect(command, flag) {
        return None;
    }
    Purpose::of(flag)?.why_refused()
}

/// The command line's definition. The help of a command shows only those common flags that have an effect on it.
pub fn definition() -> clap::Command {
    let definition = Cli::command();
    let common: Vec<Arg> = definition.get_arguments().cloned().collect();
    definition.mut_subcommands(|command| {
        let is_hidden = |flag: &&Arg| {
            let long = flag.get_long().map(|long| format!("--{long}"));
            long.is_some_and(|long| !has_effect(command.get_name(), &long))
        };
        // clap adds a common flag to each command that has none with its id.
        let hidden: Vec<Arg> = common.iter().filter(is_hidden).cloned().collect();
        command.args(hidden.into_iter().map(|flag| flag.hide(true)))
    })
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
    /// The same, if every given flag has an effect on the command, also each `--var`. `has_ledger`: whether `--ledger` is one; in the
    /// environment it is a default.
    ///
    /// # Errors
    ///
    /// If one of them has none.
    pub(super) fn without_unused(self, name: &str, has_ledger: bool) -> Result<Self, clap::Error> {
        let refused = |message: String| refused(name, message);
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
            | Command::History(_)
            | Command::Abandon(_)
            | Command::Prune(_)
            | Command::Sandbox(_)
            | Command::Schema
            | Command::Completions(_)
            | Command::Man(_)
            | Command::Help(_) => None,
            #[cfg(feature = "temporal")]
            Command::Worker(_) => None,
        };
        if let Some(message) = reading.and_then(PlaybookFlags::repeated) {
            return Err(refused(message));
        }
        let message = unused(name, &self.common)
            .map(|(flag, why)| {
                format!("`wf-bulk {name}` {why}, so {flag} has no effect; leave it out")
            })
            .or_else(|| self.without_observers())
            .or_else(|| {
                let (_, makes_no_changes) = self.session_flags().filter(|_| has_ledger)?;
                let other = makes_no_changes?;
                Some(format!(
                    "nothing is recorded with {other}, so --ledger has no effect; leave it out, and give it when the plan is applied"
                ))
            });
        #[cfg(feature = "temporal")]
        let message = message.or_else(|| self.engine_objection());
        match message {
            None => Ok(self),
            Some(message) => Err(refused(message)),
        }
    }

    /// The flags that tell others of a session; none if the command has no session.
    pub fn integration(&self) -> Option<&Integration> {
        self.session_flags().map(|(integration, _)| integration)
    }

    /// The text of `--ledger`.
    pub fn ledger(&self) -> Option<&str> {
        let args = match &self.command {
            Command::Run(run) => &run.applying.ledger,
            Command::Apply(apply) => &apply.applying.ledger,
            Command::Resume(resume) => &resume.ledger,
            Command::Undo(undo) => &undo.applying.ledger,
            Command::Retry(retry) => &retry.follow_up.applying.ledger,
            Command::Abandon(abandon) => &abandon.ledger,
            Command::Status(status) => return status.ledger.as_deref(),
            Command::Init(_)
            | Command::Validate(_)
            | Command::Plan(_)
            | Command::Show(_)
            | Command::Diff(_)
            | Command::Verify(_)
            | Command::Report(_)
            | Command::History(_)
            | Command::Prune(_)
            | Command::Sandbox(_)
            | Command::Schema
            | Command::Completions(_)
            | Command::Man(_)
            | Command::Help(_) => return None,
            #[cfg(feature = "temporal")]
            Command::Worker(_) => return None,
        };
        args.ledger.as_deref()
    }

    /// Whether the command makes a run, if there is something to change.
    pub fn is_to_make_a_run(&self) -> bool {
        let continues = matches!(self.command, Command::Resume(_));
        !continues && matches!(self.session_flags(), Some((_, None)))
    }

    /// The same, with the flag for which nothing is changed.
    pub(super) fn session_flags(&self) -> Option<(&Integration, Option<&'static str>)> {
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
            | Command::History(_)
            | Command::Abandon(_)
            | Command::Prune(_)
            | Command::Sandbox(_)
            | Command::Schema
            | Command::Completions(_)
            | Command::Man(_)
            | Command::Help(_) => None,
            #[cfg(feature = "temporal")]
            Command::Worker(_) => None,
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

/// The error about the arguments of a command.
fn refused(command: &str, message: String) -> clap::Error {
    let mut definition = definition();
    definition.build();
    let command = match definition.find_subcommand_mut(command) {
        Some(command) => command,
        None => &mut definition,
    };
    command.error(ErrorKind::ArgumentConflict, message)
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
        engine_is_typed: _,
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
