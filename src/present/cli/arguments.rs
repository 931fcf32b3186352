//! The arguments of each command.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use clap_complete::Shell;
use jiff::{SignedDuration, Timestamp, civil::Date};

#[cfg(feature = "temporal")]
use super::flags::EngineAccess;
use super::{
    engine_flags::{EngineArgs, EngineFlags},
    flags::{
        Applying, FollowUpArgs, Integration, LedgerArgs, Pacing, Part, Planning, PlaybookFlags,
        SignedRun,
    },
    formats::{DiffFormat, ExportFormat, Format, ReportFormat},
    values,
};

#[derive(Debug, Args)]
pub struct Validate {
    /// The playbooks, YAML files (`-`: standard input)
    #[arg(required = true, value_name = "PLAYBOOK")]
    pub playbooks: Vec<PathBuf>,
    #[command(flatten)]
    pub reading: PlaybookFlags,
}

#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The playbook, a YAML file (`-`: standard input)
    pub playbook: PathBuf,
    /// Write the plan to this file (`-`: standard output)
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Sign the plan with this private key
    ///
    /// The signature is written to FILE.sig, as `ssh-keygen -Y sign -n wf-bulk-plan` writes it
    #[arg(long, value_name = "KEY")]
    pub sign: Option<PathBuf>,
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
    /// Accept only a plan that a signer in FILE has signed
    ///
    /// The signature is in PLAN.sig. FILE is an OpenSSH file of allowed signers
    #[arg(long, value_name = "FILE")]
    pub allowed_signers: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    pub run: SignedRun,
    /// Set the output format
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "html",
        conflicts_with = "json"
    )]
    pub format: ReportFormat,
    /// Write the report to this file (`-`: standard output)
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub output: PathBuf,
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
    /// Set the output format
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "text",
        conflicts_with = "json"
    )]
    pub format: DiffFormat,
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
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub at: EngineFlags,
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
    #[arg(long, value_name = "SHA256", value_parser = values::plan_sha256, help_heading = "Applying")]
    pub approved: Option<String>,
    /// Accept only a plan that a signer in FILE has signed
    ///
    /// The signature is in PLAN.sig. FILE is an OpenSSH file of allowed signers
    #[arg(long, value_name = "FILE", help_heading = "Applying")]
    pub allowed_signers: Option<PathBuf>,
    #[command(flatten)]
    pub pacing: Pacing,
    #[command(flatten)]
    pub applying: Applying,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub at: EngineFlags,
}

/// Where a worker finds its work.
#[cfg(feature = "temporal")]
#[derive(Debug, Args)]
pub struct WorkerArgs {
    /// The engine, like temporal://HOST:PORT/NAMESPACE
    #[arg(
        long,
        value_name = "URL",
        env = "WF_BULK_ENGINE",
        help_heading = "Engine"
    )]
    pub engine: String,
    #[command(flatten)]
    pub access: EngineAccess,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").args(["run", "last"])))]
pub struct Resume {
    /// The run: its id, or the beginning of it
    #[arg(conflicts_with = "last", value_parser = values::run)]
    pub run: Option<String>,
    /// Resume the run that is not finished, or has no report
    ///
    /// If several are not finished, none is resumed: name the run, or its playbook
    #[arg(long)]
    pub last: bool,
    /// With --last: only a run of the playbook in FILE
    #[arg(long, value_name = "FILE", requires = "last")]
    pub playbook: Option<PathBuf>,
    /// Refuse a run that was started longer ago than AGE
    ///
    /// As with `apply`. A run that has ended is shown at any age
    #[arg(long, value_name = "AGE", default_value = "7 days", value_parser = values::age, help_heading = "Applying")]
    pub max_age: SignedDuration,
    /// Refuse a run whose plan has any other SHA-256
    #[arg(long, value_name = "SHA256", value_parser = values::plan_sha256, help_heading = "Applying")]
    pub approved: Option<String>,
    /// Decide changes in doubt: answers in FILE, or `retry` or `skip` for all
    ///
    /// FILE is `in_doubt.csv` from the run folder, with `applied`, `retry` or `skip` in the column `answer`; for a file that is named like
    /// a word, write `./retry`. Applies to changes of earlier sessions that are still in doubt after another read. There is no further question:
    /// look at them in epilot first. The run must be named, by its id or --last
    #[arg(long, requires = "which", value_name = "FILE|retry|skip", value_parser = values::in_doubt, help_heading = "Applying")]
    pub in_doubt: Option<InDoubt>,
    /// Continue only if a signer in FILE has signed the plan
    ///
    /// A run keeps the signature that `apply --allowed-signers` checked
    #[arg(long, value_name = "FILE", help_heading = "Applying")]
    pub allowed_signers: Option<PathBuf>,
    #[command(flatten)]
    pub ledger: LedgerArgs,
    #[command(flatten)]
    pub pacing: Pacing,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub at: EngineFlags,
}

/// A person's answers about changes in doubt that no read can decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InDoubt {
    /// Send all of them again; for changes that had no effect, or that may be made twice.
    Retry,
    /// Leave all of them in doubt, and finish the run.
    Skip,
    /// An answer for each, in this file.
    Answers(PathBuf),
}

#[derive(Debug, Args)]
pub struct RetryArgs {
    #[command(flatten)]
    pub follow_up: FollowUpArgs,
    /// Set the file of the run's playbook, if it was moved or the run was made by `apply`
    #[arg(long, value_name = "FILE")]
    pub playbook: Option<PathBuf>,
    /// Let the playbook read files below this folder; repeatable
    #[arg(long, value_name = "DIR", help_heading = "Planning")]
    pub allow_files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    pub run: SignedRun,
    /// Wait before the first read, like `10 minutes`, so that automations can end
    #[arg(long, value_name = "TIME", value_parser = values::age)]
    pub after: Option<SignedDuration>,
    /// Write a plan to FILE for tasks that still wait for an ended automation
    #[arg(long, value_name = "FILE")]
    pub reconcile: Option<PathBuf>,
    #[command(flatten)]
    pub part: Part,
}

#[derive(Debug, Args)]
pub struct Status {
    /// The run: its id, or the beginning of it
    #[arg(conflicts_with = "last", value_parser = values::run)]
    pub run: Option<String>,
    /// Show the newest run that is not finished, or has no report
    #[arg(long)]
    pub last: bool,
    /// Show the running runs every 2 seconds until none is running
    #[arg(long, conflicts_with = "json")]
    pub watch: bool,
    /// Compare the history with the runs: what was changed or removed?
    #[arg(long, conflicts_with_all = ["run", "last", "watch"])]
    pub check: bool,
    /// With --check: a digest that an earlier --check printed
    #[arg(long, value_name = "SHA256", value_parser = values::record_sha256, requires = "check")]
    pub expect: Option<String>,
    /// Show the runs of all machines that are in the ledger, a git repository
    #[arg(long, value_name = "REMOTE", conflicts_with_all = ["run", "last", "watch", "check"])]
    pub ledger: Option<String>,
    #[command(flatten)]
    pub at: EngineArgs,
    /// With --engine: link to its web interface at URL
    #[cfg(feature = "temporal")]
    #[arg(long, value_name = "URL", env = "WF_BULK_ENGINE_UI", value_parser = values::link, hide_short_help = true, help_heading = "Engine")]
    pub engine_ui: Option<String>,
}

#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// Leave out runs that ended before TIME: a day, or a moment with its zone
    #[arg(long, value_name = "TIME", value_parser = values::since)]
    pub since: Option<Timestamp>,
    /// Leave out runs that were started after TIME; a day counts whole
    #[arg(long, value_name = "TIME", value_parser = values::until)]
    pub until: Option<Timestamp>,
    /// Write a row for each change instead of one for each run
    #[arg(long)]
    pub changes: bool,
    /// Set the output format
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "csv",
        conflicts_with = "json"
    )]
    pub format: ExportFormat,
}

#[derive(Debug, Args)]
pub struct Prune {
    /// Delete runs that ended more than AGE ago, like `90d` or `12 hours`
    #[arg(long, value_name = "AGE", value_parser = values::days_or_age)]
    pub keep: SignedDuration,
    /// Show what would be deleted, and delete nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("abandoned").args(["run", "last"]).required(true).multiple(false)))]
pub struct Abandon {
    /// The run: its id, or the beginning of it
    ///
    /// With --ledger, also a run whose run folder is lost
    #[arg(value_parser = values::run)]
    pub run: Option<String>,
    /// Abandon the run that is not finished, or has no report
    #[arg(long)]
    pub last: bool,
    #[command(flatten)]
    pub ledger: LedgerArgs,
    #[command(flatten)]
    pub at: EngineArgs,
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

#[derive(Debug, Args)]
pub struct HelpArgs {
    /// A command, or a chapter of the guide; default: a list of both
    #[arg(value_name = "COMMAND|TOPIC")]
    pub words: Vec<String>,
}

#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder; it is created if it does not exist
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
}
