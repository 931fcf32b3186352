//! Refuses flags that a command takes and has no use for: who gives one expects something of it.

use clap::{CommandFactory as _, error::ErrorKind};

use super::{Cli, Command, Common};

/// What of the common flags a command has a use for.
#[derive(Clone, Copy, Debug)]
struct Uses {
    /// It makes requests.
    service: bool,
    /// It has a result for `--json`.
    json: bool,
    /// It makes changes, each of which can be told.
    verbose: bool,
}

impl Command {
    const fn uses(&self) -> Uses {
        let (service, json, verbose) = match self {
            Self::Run(_) | Self::Apply(_) | Self::Resume(_) => (true, true, true),
            Self::Plan(_) => (true, true, false),
            Self::Show(_) | Self::Diff(_) | Self::Status(_) => (false, true, false),
            Self::Init(_)
            | Self::Validate(_)
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
    /// The same, when the command has a use for every flag that is given.
    ///
    /// # Errors
    ///
    /// When it has none for one of them.
    pub fn without_unused(self) -> Result<Self, clap::Error> {
        match unused(&self.command, &self.common) {
            None => Ok(self),
            Some((flag, why)) => {
                let name = self.command.name();
                let message =
                    format!("`wf-bulk {name}` {why}, so {flag} means nothing to it; leave it out");
                Err(Self::command().error(ErrorKind::ArgumentConflict, message))
            }
        }
    }
}

/// The first flag that the command has no use for, and why it has none.
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
        // A place. No command looks for runs elsewhere.
        state_dir: _,
        // Every command keeps these: one that never asks, and one without progress, too.
        yes: _,
        no_interactive: _,
        quiet: _,
        json,
        verbose,
    } = common;
    let uses = command.uses();
    let service = "makes no requests";
    [
        ("--server", server.is_some(), uses.service, service),
        ("--token", token.is_some(), uses.service, service),
        ("--token-file", token_file.is_some(), uses.service, service),
        (
            "--token-command",
            token_command.is_some(),
            uses.service,
            service,
        ),
        ("--profile", profile.is_some(), uses.service, service),
        (
            "--entity-server",
            entity_server.is_some(),
            uses.service,
            service,
        ),
        ("--org", org.is_some(), uses.service, service),
        ("--sandbox", *sandbox, uses.service, service),
        ("--timeout", timeout.is_some(), uses.service, service),
        ("--json", *json, uses.json, "has no result in JSON"),
        ("--verbose", *verbose, uses.verbose, "makes no changes"),
    ]
    .into_iter()
    .find(|(_, given, used, _)| *given && !used)
    .map(|(flag, _, _, why)| (flag, why))
}
