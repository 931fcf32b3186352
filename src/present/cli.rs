//! The command line as clap's types, without behaviour.

mod arguments;
mod engine_flags;
mod flags;
mod foreign_words;
mod formats;
mod help;
mod kept;
mod one_dash;
mod read;
mod unused;
mod values;
mod version;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use jiff::SignedDuration;
use secrecy::SecretString;

use crate::invocation::Invocation;

#[cfg(feature = "temporal")]
pub use arguments::WorkerArgs;
pub use arguments::{
    Abandon, Apply, Completions, Diff, HelpArgs, HistoryArgs, InDoubt, Init, ManArgs, PlanArgs,
    Prune, ReportArgs, Resume, RetryArgs, RunArgs, SandboxArgs, SandboxCommand, Show, Status,
    Validate, Verify,
};
pub use engine_flags::{EngineArgs, EngineFlags};
#[cfg(feature = "temporal")]
pub use flags::EngineAccess;
pub use flags::{
    Applying, FollowUpArgs, FollowUpOutput, Integration, LedgerArgs, Pacing, Part, Planning,
    PlaybookFlags, RecordArgs, SignedRun, Var, WhichRun,
};
pub use foreign_words::{json_is_wanted, with_suggestion};
pub use formats::{DiffFormat, ExportFormat, Format, ReportFormat};
pub use read::help_of;
pub use unused::definition;

/// The service itself; a staging system or a proxy is given with `--server`.
pub const DEFAULT_SERVER: &str = "https://workflows-execution.sls.epilot.io";

/// The default maximum age of a plan, as the help says.
pub const DEFAULT_MAX_AGE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The name of the tool.
const NAME: &str = "wf-bulk";

/// Default time limit for one request in seconds, as the help says. An API gateway usually times out after 29 s, so a later answer is
/// unlikely.
pub const DEFAULT_TIMEOUT: u64 = 30;

/// The longest one, in seconds.
pub const MAX_TIMEOUT: u64 = 3600;

/// Bulk changes to epilot workflow executions: plan, review, apply, resume
///
/// A playbook (YAML) says which executions to change, and how. The plan made from it holds every change.
/// Read the plan, then apply it: within a rate limit, and without lost or repeated changes, even after a crash.
#[derive(Debug, Parser)]
#[command(
    name = NAME,
    version,
    max_term_width = 110,
    disable_help_subcommand = true,
    after_help = help::main()
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub common: Common,
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
    /// Undo a run: plan, show the plan, ask, and restore the values from before it
    #[command(after_help = help::UNDO)]
    Undo(FollowUpArgs),
    /// Plan the changes that a run did not make, show the plan, ask, and apply it
    #[command(after_help = help::RETRY)]
    Retry(RetryArgs),
    /// Read what a run has changed once more, and show what is different now
    #[command(after_help = help::VERIFY)]
    Verify(Verify),
    /// Show runs with their results and their remaining changes
    #[command(after_help = help::STATUS)]
    Status(Status),
    /// Make a page of a run: plan and outcome, what needs a person, and how it went
    #[command(after_help = help::REPORT)]
    Report(ReportArgs),
    /// Export the runs of a period, for an audit
    #[command(after_help = help::HISTORY)]
    History(HistoryArgs),
    /// Abandon a run: its remaining changes are not made
    #[command(after_help = help::ABANDON)]
    Abandon(Abandon),
    /// Delete the folders of runs that ended long ago
    #[command(after_help = help::PRUNE)]
    Prune(Prune),
    /// Work on the runs of an organisation that an engine has
    #[cfg(feature = "temporal")]
    #[command(after_help = help::WORKER)]
    Worker(WorkerArgs),
    /// Serve the API on 127.0.0.1 with made-up data
    #[command(after_help = help::SANDBOX, args_conflicts_with_subcommands = true)]
    Sandbox(SandboxArgs),
    /// Print the JSON Schema of a playbook, for editors
    #[command(after_help = help::SCHEMA)]
    Schema,
    /// Print the completions of a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions(Completions),
    /// Write the man pages of all commands to a folder
    #[command(after_help = help::MAN)]
    Man(ManArgs),
    /// Show the help of a command, or a chapter of the guide
    #[command(after_help = help::HELP)]
    Help(HelpArgs),
}

/// Flags before or after the name of any command. [`Cli::read`] refuses those that have no effect on a command.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, Args)]
pub struct Common {
    /// Set the URL of the service
    ///
    /// Default: `WF_BULK_SERVER`, else the URL of the profile, else epilot's own
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
    /// Default: 30. `resume` does not use the value of an earlier session: give it again
    #[arg(
        long, global = true, hide_short_help = true, value_name = "SECONDS",
        value_parser = |text: &str| values::seconds(text, MAX_TIMEOUT), help_heading = "Service"
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

    /// Whether `--engine` is on the command line: in the environment it is a default.
    #[clap(skip)]
    pub engine_is_typed: bool,
}

impl Common {
    /// The time limit for one request.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.unwrap_or(DEFAULT_TIMEOUT))
    }

    /// The same in milliseconds.
    pub fn timeout_ms(&self) -> u64 {
        self.timeout.unwrap_or(DEFAULT_TIMEOUT) * 1000
    }
}

#[cfg(test)]
mod tests;
