//! Refuses flags that have no effect on a command, since the user expects an effect.

use clap::{CommandFactory as _, error::ErrorKind};

use super::{Cli, Command, Common, Vars};

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

impl Command {
    const fn uses(&self) -> Uses {
        let (service, json, verbose) = match self {
            Self::Run(_) | Self::Apply(_) | Self::Resume(_) => (true, true, true),
            Self::Plan(_) => (true, true, false),
            Self::Validate(_) | Self::Show(_) | Self::Diff(_) | Self::Status(_) => {
                (false, true, false)
            }
            Self::Init(_)
            | Self::Abandon(_)
            | Self::Sandbox(_)
            | Self::Schema
            | Self::Completions(_) => (false, false, false),
        };
        Uses {
            service,
            json,
            verbose,
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Init(_) => "init",
            Self::Validate(_) => "validate",
            Self::Plan(_) => "plan",
            Self::Show(_) => "show",
            Self::Diff(_) => "diff",
            Self::Run(_) => "run",
            Self::Apply(_) => "apply",
            Self::Resume(_) => "resume",
            Self::Status(_) => "status",
            Self::Abandon(_) => "abandon",
            Self::Sandbox(_) => "sandbox",
            Self::Schema => "schema",
            Self::Completions(_) => "completions",
        }
    }
}

impl Cli {
    /// The same, if every given flag has an effect on the command, also each `--var`.
    ///
    /// # Errors
    ///
    /// If one of them has none.
    pub fn without_unused(self) -> Result<Self, clap::Error> {
        let vars = match &self.command {
            Command::Validate(validate) => Some(&validate.vars),
            Command::Plan(plan) => Some(&plan.planning.vars),
            Command::Run(run) => Some(&run.planning.vars),
            Command::Init(_)
            | Command::Show(_)
            | Command::Diff(_)
            | Command::Apply(_)
            | Command::Resume(_)
            | Command::Status(_)
            | Command::Abandon(_)
            | Command::Sandbox(_)
            | Command::Schema
            | Command::Completions(_) => None,
        };
        vars.map_or(Ok(()), Vars::without_repeated)?;
        match unused(&self.command, &self.common) {
            None => Ok(self),
            Some((flag, why)) => {
                let name = self.command.name();
                let message =
                    format!("`wf-bulk {name}` {why}, so {flag} has no effect; leave it out");
                Err(Self::command().error(ErrorKind::ArgumentConflict, message))
            }
        }
    }
}

/// The first flag without an effect on the command, and the reason.
fn unused(command: &Command, common: &Common) -> Option<(&'static str, &'static str)> {
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
    let uses = command.uses();
    let service = [
        ("--server", server.is_some()),
        ("--token", token.is_some()),
        ("--token-file", token_file.is_some()),
        ("--token-command", token_command.is_some()),
        ("--profile", profile.is_some()),
        ("--entity-server", entity_server.is_some()),
        ("--org", org.is_some()),
        ("--sandbox", *sandbox),
        ("--timeout", timeout.is_some()),
    ];
    [
        (uses.service, "makes no requests", &service[..]),
        (uses.json, "has no result in JSON", &[("--json", *json)]),
        (uses.verbose, "makes no changes", &[("--verbose", *verbose)]),
    ]
    .into_iter()
    .filter(|(used, ..)| !used)
    .find_map(|(_, why, flags)| {
        let (flag, _) = flags.iter().find(|(_, given)| *given)?;
        Some((*flag, why))
    })
}
