//! The command line as clap's types, without behaviour.

mod foreign_words;
mod help;
mod kept;
mod one_dash;
mod unused;
mod values;

use std::{ffi::OsString, num::NonZeroU32, path::PathBuf, str::FromStr, time::Duration};

use clap::{
    Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum, error::ErrorKind,
};
use clap_complete::Shell;
use jiff::{SignedDuration, Timestamp, civil::Date};
use secrecy::SecretString;

use crate::{
    api::Id,
    invocation::Invocation,
    pace::{Rate, Share},
};

pub use foreign_words::{json_is_wanted, with_suggestion};

/// The service itself; a staging system or a proxy is given with `--server`.
pub const DEFAULT_SERVER: &str = "https://workflows-execution.sls.epilot.io";

/// The default maximum age of a plan, as the help says.
pub const DEFAULT_MAX_AGE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Default time limit for one request in seconds, as the help says. An API gateway usually times out after 29 s, so a later answer is
/// unlikely.
const DEFAULT_TIMEOUT: u64 = 30;

/// Bulk changes to epilot workflow executions: plan, review, apply, resume
///
/// A playbook (YAML) says which executions to change, and how. The plan made from it holds every change.
/// Read the plan, then apply it: within a rate limit, and without lost or repeated changes, even after a crash.
#[derive(Debug, Parser)]
#[command(name = "wf-bulk", version, max_term_width = 110, after_help = help::MAIN)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub common: Common,
}

impl Cli {
    /// Parses a command line, and notes the flags that printed commands must repeat.
    ///
    /// # Errors
    ///
    /// If it can't be parsed, or a flag has no effect on the command; also for `--help`.
    pub fn read(line: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let line: Vec<OsString> = line.into_iter().collect();
        one_dash::refuse(&line)?;
        let mut command = Self::command();
        let matches = command
            .try_get_matches_from_mut(&line)
            .map_err(|error| with_suggestion(error, line))?;
        let mut cli =
            Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
        cli.common.invocation = kept::given(&command, &matches);
        let name = matches.subcommand_name().unwrap_or_default();
        cli.without_unused(name)
    }

    /// Whether the result is to be JSON, and an error with it.
    pub fn wants_json(&self) -> bool {
        let format = match &self.command {
            Command::Show(show) => show.format,
            Command::Init(_)
            | Command::Validate(_)
            | Command::Plan(_)
            | Command::Diff(_)
            | Command::Run(_)
            | Command::Apply(_)
            | Command::Resume(_)
            | Command::Status(_)
            | Command::Abandon(_)
            | Command::Sandbox(_)
            | Command::Schema
            | Command::Completions(_) => Format::Text,
        };
        self.common.json || format == Format::Json
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a starter playbook, and the JSON Schema for editors
    #[command(after_help = help::INIT)]
    Init(Init),
    /// Check playbooks offline, and show each mistake with its line
    #[command(after_help = help::VALIDATE)]
    Validate(Validate),
    /// Write a plan to a file, without changing anything
    #[command(after_help = help::PLAN)]
    Plan(PlanArgs),
    /// Show a plan
    #[command(after_help = help::SHOW)]
    Show(Show),
    /// Show how a plan differs from the reviewed one
    #[command(after_help = help::DIFF)]
    Diff(Diff),
    /// Plan, show the plan, ask, and apply it
    #[command(after_help = help::RUN)]
    Run(RunArgs),
    /// Apply a plan, exactly as it was reviewed
    #[command(after_help = help::APPLY)]
    Apply(Apply),
    /// Continue a run that was stopped
    #[command(after_help = help::RESUME)]
    Resume(Resume),
    /// Show runs with their results and their remaining changes
    #[command(after_help = help::STATUS)]
    Status(Status),
    /// Abandon a run: its remaining changes are not made
    #[command(after_help = help::ABANDON)]
    Abandon(Abandon),
    /// Serve the API on 127.0.0.1 with made-up data
    #[command(after_help = help::SANDBOX, args_conflicts_with_subcommands = true)]
    Sandbox(SandboxArgs),
    /// Print the JSON Schema of a playbook, for editors
    #[command(after_help = help::SCHEMA)]
    Schema,
    /// Print the completions of a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions(Completions),
}

/// Flags before or after the name of any command. [`Cli::read`] refuses those that have no effect on a command.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, Args)]
pub struct Common {
    /// Set the URL of the service
    ///
    /// Default: the URL of the profile, else epilot's own
    #[arg(
        short,
        long,
        global = true,
        value_name = "URL",
        help_heading = "Service"
    )]
    pub server: Option<String>,

    /// Set the API token; prefer `EPILOT_TOKEN`, which process lists don't show
    #[arg(short, long, global = true, help_heading = "Service")]
    pub token: Option<SecretString>,

    /// Read the token from a file (`-`: standard input)
    ///
    /// The file is read once more if the service does not accept the token, unless it is a pipe
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        value_name = "FILE",
        conflicts_with = "token",
        help_heading = "Service"
    )]
    pub token_file: Option<PathBuf>,

    /// Run a command, and use the first line of its output as the token
    ///
    /// The command is run once more if the service does not accept the token
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        value_name = "COMMAND",
        conflicts_with_all = ["token", "token_file"],
        help_heading = "Service"
    )]
    pub token_command: Option<String>,

    /// Use a profile of epilot's tools; default: `EPILOT_PROFILE` or the active one
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        conflicts_with = "sandbox",
        help_heading = "Service"
    )]
    pub profile: Option<String>,

    /// Set the URL of the entity search
    ///
    /// Default: epilot's entity search if the server is epilot's, else --server
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        value_name = "URL",
        help_heading = "Service"
    )]
    pub entity_server: Option<String>,

    /// Set the organisation, if the token allows several; default: the profile's
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        value_name = "ID",
        help_heading = "Service"
    )]
    pub org: Option<String>,

    /// Use the built-in sandbox instead of the service; no token is used
    #[arg(
        long,
        global = true,
        conflicts_with = "server",
        help_heading = "Service"
    )]
    pub sandbox: bool,

    /// Set the time limit for one request
    ///
    /// Default: 30; for `resume`, the value with which the run was started
    #[arg(
        long, global = true, hide_short_help = true, value_name = "SECONDS",
        value_parser = |text: &str| values::seconds(text, 3600), help_heading = "Service"
    )]
    pub timeout: Option<u64>,

    /// Set the folder for runs and the sandbox's data
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        value_name = "DIR",
        default_value = ".wf-bulk",
        help_heading = "Behaviour"
    )]
    pub state_dir: PathBuf,

    /// Don't ask for confirmation
    #[arg(short, long, global = true, help_heading = "Behaviour")]
    pub yes: bool,

    /// Never ask: without --yes, exit with code 64 instead
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        help_heading = "Behaviour"
    )]
    pub no_interactive: bool,

    /// Print the result, or the error, as one JSON document
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,

    /// Show no progress
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        help_heading = "Output"
    )]
    pub quiet: bool,

    /// Show a line for each change, and for each retry or read-back
    #[arg(short, long, global = true, help_heading = "Output")]
    pub verbose: bool,

    /// Flags that printed commands must repeat.
    #[clap(skip)]
    pub invocation: Invocation,
}

impl Common {
    /// The time limit for one request.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.unwrap_or(DEFAULT_TIMEOUT))
    }

    /// The same in milliseconds, if it is given.
    pub fn timeout_ms(&self) -> Option<u64> {
        self.timeout.map(|seconds| seconds * 1000)
    }
}

#[derive(Debug, Args)]
pub struct Validate {
    /// The playbooks, YAML files (`-`: standard input)
    #[arg(required = true, value_name = "PLAYBOOK")]
    pub playbooks: Vec<PathBuf>,
    #[command(flatten)]
    pub vars: Vars,
}

#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The playbook, a YAML file (`-`: standard input)
    pub playbook: PathBuf,
    /// Write the plan to this file (`-`: standard output)
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Exit with code 2 if there is something to change
    #[arg(long)]
    pub detailed_exitcode: bool,
    #[command(flatten)]
    pub planning: Planning,
}

#[derive(Debug, Args)]
pub struct Show {
    /// The plan, as `plan -o` wrote it
    pub plan: PathBuf,
    /// Set the output format
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "text",
        conflicts_with = "json"
    )]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct Diff {
    /// The plan that was reviewed
    pub reviewed: PathBuf,
    /// The plan to compare with it
    pub now: PathBuf,
    /// Exit with code 2 if the plans would do different things
    #[arg(long)]
    pub exit_code: bool,
}

/// The output format of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for a terminal
    Text,
    /// Markdown for a pull request; always fits into one comment
    Markdown,
    /// JSON for scripts
    Json,
    /// One HTML page to read offline, search and approve
    Html,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The playbook, a YAML file (`-`: standard input)
    pub playbook: PathBuf,
    /// Show the plan, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// With --dry-run: exit with code 2 if there is something to change
    #[arg(long, requires = "dry_run")]
    pub detailed_exitcode: bool,
    #[command(flatten)]
    pub planning: Planning,
    #[command(flatten)]
    pub pacing: Pacing,
    #[command(flatten)]
    pub applying: Applying,
}

#[derive(Debug, Args)]
pub struct Apply {
    /// The plan, as `plan -o` wrote it
    pub plan: PathBuf,
    /// Refuse a plan that is older than AGE
    ///
    /// Whole words, like `7 days` or `1 day 12 hours`, or ISO 8601 (`P7D`)
    #[arg(long, value_name = "AGE", default_value = "7 days", value_parser = values::age, help_heading = "Applying")]
    pub max_age: SignedDuration,
    /// Refuse a plan with any other SHA-256 (`sha256sum PLAN`)
    #[arg(long, value_name = "SHA256", value_parser = sha256, help_heading = "Applying")]
    pub approved: Option<String>,
    #[command(flatten)]
    pub pacing: Pacing,
    #[command(flatten)]
    pub applying: Applying,
}

#[derive(Debug, Args)]
pub struct Resume {
    /// The run: its id, or the beginning of it
    #[arg(conflicts_with = "last")]
    pub run: Option<String>,
    /// Resume the newest run that is not finished, or has no report
    #[arg(long)]
    pub last: bool,
    /// Retry or skip changes in doubt that no read can decide
    ///
    /// Applies to all changes that an earlier session left in doubt, not to new ones. Check them in epilot first
    #[arg(long, value_name = "ANSWER", help_heading = "Applying")]
    pub in_doubt: Option<InDoubt>,
    #[command(flatten)]
    pub pacing: Pacing,
}

/// A person's answer about changes in doubt that no read can decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InDoubt {
    /// Send the changes again; for changes that had no effect, or that may be made twice
    Retry,
    /// Leave the changes in doubt, and finish the run
    Skip,
}

#[derive(Debug, Args)]
pub struct Status {
    /// The run: its id, or the beginning of it
    #[arg(conflicts_with = "last")]
    pub run: Option<String>,
    /// Show the newest run that is not finished, or has no report
    #[arg(long)]
    pub last: bool,
}

#[derive(Debug, Args)]
pub struct Abandon {
    /// The run: its id, or the beginning of it
    #[arg(required_unless_present = "last", conflicts_with = "last")]
    pub run: Option<String>,
    /// Abandon the newest run that is not finished, or has no report
    #[arg(long)]
    pub last: bool,
}

#[derive(Debug, Args)]
pub struct SandboxArgs {
    #[command(subcommand)]
    pub command: Option<SandboxCommand>,
    /// Listen on this port on 127.0.0.1; 0 selects a free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Generate N executions
    #[arg(long, value_name = "N")]
    pub executions: Option<u32>,
    /// Set the seed; the same seed and epoch give the same data
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Set the day to which the data's dates are relative; default: today
    #[arg(long, value_name = "DATE")]
    pub epoch: Option<Date>,
    /// Read a script of faults: errors, delays, broken connections
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// Set how long automations run; default: 300. Some never end
    #[arg(long, value_name = "SECONDS")]
    pub automations_take: Option<u64>,
    /// Set the folder for the data; default: `sandbox` in the state folder
    #[arg(long, value_name = "DIR", global = true)]
    pub dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Delete the data
    Reset,
}

#[derive(Debug, Args)]
pub struct Init {
    /// The folder; it is created if it does not exist
    #[arg(value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
}

#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

impl Vars {
    /// Refuses two values for one variable, since only one of them would count.
    ///
    /// # Errors
    ///
    /// The first such pair.
    fn without_repeated(&self) -> Result<(), clap::Error> {
        for (place, Var { name, value }) in self.vars.iter().enumerate() {
            if let Some(earlier) = self.vars[..place].iter().find(|var| var.name == *name) {
                let message = format!(
                    "--var {name}={} and --var {name}={value}: a variable has one value; leave one out",
                    earlier.value
                );
                return Err(Cli::command().error(ErrorKind::ArgumentConflict, message));
            }
        }
        Ok(())
    }
}

#[derive(Debug, Args)]
pub struct Vars {
    /// Set a variable of the playbook; repeatable
    #[arg(long = "var", value_name = "NAME=VALUE", help_heading = "Planning")]
    pub vars: Vec<Var>,
}

/// Flags that affect the plan made from a playbook.
#[derive(Debug, Args)]
pub struct Planning {
    #[command(flatten)]
    pub vars: Vars,
    /// Set `now`, like 2026-12-01T08:00:00Z; default: the current time
    #[arg(long, value_name = "TIMESTAMP", value_parser = values::moment, help_heading = "Planning")]
    pub now: Option<Timestamp>,
    /// Select only the first N targets
    #[arg(long, value_name = "N", value_parser = values::count, help_heading = "Planning")]
    pub limit: Option<u64>,
    /// Exclude this ID and everything below it; repeatable
    #[arg(long, value_name = "ID", value_parser = values::id, help_heading = "Planning")]
    pub exclude: Vec<Id>,
    /// Like --exclude, for a file: one id per line, or column `id`
    #[arg(long, value_name = "FILE", help_heading = "Planning")]
    pub exclude_file: Option<PathBuf>,
    /// Select only this ID and everything below it; repeatable
    #[arg(long, value_name = "ID", value_parser = values::id, help_heading = "Planning")]
    pub only: Vec<Id>,
    /// Like --only, for the ids in a file, such as a run's failed.csv
    #[arg(long, value_name = "FILE", help_heading = "Planning")]
    pub only_file: Option<PathBuf>,
}

/// Overrides of the pace of a playbook, plan or run.
#[derive(Debug, Args)]
pub struct Pacing {
    /// Limit the request rate, like 8/s; reads and retries count too
    #[arg(long, value_parser = values::rate, help_heading = "Applying")]
    pub rate: Option<Rate>,
    /// Work on N executions at the same time
    #[arg(long, value_name = "N", value_parser = values::concurrency, help_heading = "Applying")]
    pub concurrency: Option<NonZeroU32>,
    /// Stop after N failures in a row
    #[arg(long, value_name = "N", value_parser = values::from_1::<NonZeroU32>, help_heading = "Applying")]
    pub stop_after: Option<NonZeroU32>,
    /// Stop after N failed changes (or N%) in the whole run
    ///
    /// `run` and `apply` refuse more than the playbook's `max_errors`; `resume` may raise it
    #[arg(long, value_name = "N|N%", help_heading = "Applying")]
    pub max_errors: Option<Share>,
    /// Set how long an unanswered request may still take effect
    ///
    /// Only after this time, a read-back proves that a change had no effect. Default: --timeout; in `resume`, the value of the
    /// run if that is larger
    #[arg(
        long, hide_short_help = true, value_name = "SECONDS", help_heading = "Applying",
        value_parser = |text: &str| values::seconds(text, 86_400)
    )]
    pub settle: Option<u64>,
    /// Send without a re-check; changes made since the plan are overwritten
    #[arg(long, help_heading = "Applying")]
    pub no_recheck: bool,
    /// Wait for other runs that conflict with this one
    ///
    /// A run conflicts if it has the same playbook, or the same server and organisation. Without --wait, the command ends with an error
    #[arg(long, help_heading = "Applying")]
    pub wait: bool,
}

/// Flags for a new run.
#[derive(Debug, Args)]
pub struct Applying {
    /// Refuse a plan with more than N changes
    ///
    /// N may lower the playbook's `max_changes`, not raise it
    #[arg(long, value_name = "N", value_parser = values::count, help_heading = "Applying")]
    pub max_changes: Option<u64>,
    /// Store the reason for the run in its folder
    #[arg(long, value_name = "TEXT", help_heading = "Applying")]
    pub reason: Option<String>,
    /// Apply the plan even if an earlier run did the same
    #[arg(long, help_heading = "Applying")]
    pub again: bool,
}

/// A variable's name and its value, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Var {
    pub name: String,
    pub value: String,
}

impl FromStr for Var {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Self {
                name: name.to_owned(),
                value: value.to_owned(),
            }),
            Some(_) | None => Err("write it as NAME=VALUE"),
        }
    }
}

/// A digest in the format of `sha256sum`, with or without the file name.
fn sha256(text: &str) -> Result<String, &'static str> {
    let digest = text.split_whitespace().next().unwrap_or_default();
    if digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(digest.to_ascii_lowercase())
    } else {
        Err("write the 64 hex digits that `sha256sum PLAN` prints")
    }
}

#[cfg(test)]
mod tests;
