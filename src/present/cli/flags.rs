//! Flags that several commands share.

use std::{num::NonZeroU32, path::PathBuf, str::FromStr};

use clap::Args;
use jiff::Timestamp;

use super::{engine_flags::EngineFlags, values};
use crate::{
    api::Id,
    pace::{Rate, Share},
};

/// Flags for reading a playbook.
#[derive(Debug, Args)]
pub struct PlaybookFlags {
    /// Set a variable of the playbook; repeatable
    #[arg(long = "var", value_name = "NAME=VALUE", help_heading = "Planning")]
    pub vars: Vec<Var>,
    /// Let the playbook read files below this folder; repeatable
    ///
    /// By default, a playbook can read only files in its own folder and below. For a playbook on standard input, this is the
    /// current folder
    #[arg(long, value_name = "DIR", help_heading = "Planning")]
    pub allow_files: Vec<PathBuf>,
}

/// Flags that affect the plan made from a playbook.
#[derive(Debug, Args)]
pub struct Planning {
    #[command(flatten)]
    pub reading: PlaybookFlags,
    /// Set `now`, like 2026-12-01T08:00:00Z; default: the current time
    #[arg(long, value_name = "TIMESTAMP", value_parser = values::moment, help_heading = "Planning")]
    pub now: Option<Timestamp>,
    #[command(flatten)]
    pub part: Part,
}

/// The run that a command follows.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct WhichRun {
    /// The run: its id, or the beginning of it
    #[arg(value_parser = values::run)]
    pub run: Option<String>,
    /// Use the newest run, finished or not
    #[arg(long)]
    pub last: bool,
}

/// The run that a command follows, and who must have signed its plan.
#[derive(Debug, Args)]
pub struct SignedRun {
    #[command(flatten)]
    pub which: WhichRun,
    /// Accept only a run whose plan a signer in FILE has signed
    ///
    /// A run keeps the signature that `apply --allowed-signers` checked
    #[arg(long, value_name = "FILE")]
    pub allowed_signers: Option<PathBuf>,
}

/// What `undo` and `retry` take: a run, and what becomes of the plan that follows it.
#[derive(Debug, Args)]
pub struct FollowUpArgs {
    #[command(flatten)]
    pub run: SignedRun,
    #[command(flatten)]
    pub output: FollowUpOutput,
    #[command(flatten)]
    pub part: Part,
    #[command(flatten)]
    pub pacing: Pacing,
    #[command(flatten)]
    pub applying: Applying,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub at: EngineFlags,
}

/// What becomes of a plan that follows a run.
#[derive(Debug, Args)]
pub struct FollowUpOutput {
    /// Write the plan to this file (`-`: standard output), and change nothing
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["dry_run", "yes"])]
    pub output: Option<PathBuf>,
    /// With -o: sign the plan with this private key, into FILE.sig
    #[arg(long, value_name = "KEY")]
    pub sign: Option<PathBuf>,
    /// Show the plan, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Flags that select a part of what is selected.
#[derive(Debug, Args)]
pub struct Part {
    /// Select only the first N targets, in the order of the plan
    #[arg(long, value_name = "N", value_parser = values::count, help_heading = "Planning")]
    pub limit: Option<u64>,
    /// Exclude this ID and everything below it; repeatable
    #[arg(long, value_name = "ID", value_parser = values::id, help_heading = "Planning")]
    pub exclude: Vec<Id>,
    /// Like --exclude, for a file: one id per line, or column `id`
    #[arg(long, value_name = "FILE", help_heading = "Planning")]
    pub exclude_file: Option<PathBuf>,
    /// Select only this whole ID and everything below it; repeatable
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
    /// The playbook's `max_errors` is the upper limit; only `resume` may exceed it
    #[arg(long, value_name = "N|N%", help_heading = "Applying")]
    pub max_errors: Option<Share>,
    /// Set how long an unanswered request may still take effect
    ///
    /// Before this time, a read can't prove that a change had no effect. Default: the value of --timeout. `resume` uses the run's
    /// value if that is larger
    #[arg(
        long, hide_short_help = true, value_name = "SECONDS", help_heading = "Applying",
        value_parser = |text: &str| values::seconds(text, 86_400)
    )]
    pub settle: Option<u64>,
    /// Send without a re-check: overwrite what others have changed since
    ///
    /// An execution is not read again before its changes
    #[arg(long, help_heading = "Applying")]
    pub no_recheck: bool,
    /// Wait for other runs that conflict with this one
    ///
    /// A run conflicts if it has the same playbook, or the same server and organisation. Without --wait, the command ends with an error
    #[arg(long, help_heading = "Applying")]
    pub wait: bool,
}

/// Flags that tell other programs of a session.
#[derive(Clone, Debug, Default, Args)]
pub struct Integration {
    /// Append the events to FILE as JSON Lines (`-`: standard output)
    #[arg(long, value_name = "FILE", help_heading = "Integration")]
    pub events: Option<PathBuf>,
    /// Run CMD at the end, with the JSON result on its standard input
    ///
    /// `sh` runs it, also after an error. The environment has the exit code and the run (`WF_BULK_EXIT_CODE`, `WF_BULK_RUN`). It is stopped
    /// after 60 seconds
    #[arg(
        long, value_name = "CMD", help_heading = "Integration",
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    pub on_finish: Option<String>,
    /// Write metrics for Prometheus to FILE at the end
    #[arg(long, value_name = "FILE", help_heading = "Integration")]
    pub metrics: Option<PathBuf>,
}

/// What an engine is reached with. Its API key and the text of a payload key are in the environment alone.
#[cfg(feature = "temporal")]
#[derive(Clone, Debug, Default, Args)]
pub struct EngineAccess {
    /// Trust the certificate authorities in FILE for the engine, instead of those of the system
    #[arg(
        long,
        value_name = "FILE",
        env = "WF_BULK_ENGINE_TLS_CA",
        hide_short_help = true,
        help_heading = "Engine"
    )]
    pub engine_tls_ca: Option<PathBuf>,
    /// Show the engine the client certificate in FILE
    #[arg(
        long,
        value_name = "FILE",
        env = "WF_BULK_ENGINE_TLS_CERT",
        requires = "engine_tls_key",
        hide_short_help = true,
        help_heading = "Engine"
    )]
    pub engine_tls_cert: Option<PathBuf>,
    /// Use the private key in FILE with the client certificate
    #[arg(
        long,
        value_name = "FILE",
        env = "WF_BULK_ENGINE_TLS_KEY",
        requires = "engine_tls_cert",
        hide_short_help = true,
        help_heading = "Engine"
    )]
    pub engine_tls_key: Option<PathBuf>,
    /// Expect NAME in the engine's certificate, instead of the host in its address
    #[arg(
        long,
        value_name = "NAME",
        env = "WF_BULK_ENGINE_TLS_SERVER_NAME",
        hide_short_help = true,
        help_heading = "Engine"
    )]
    pub engine_tls_server_name: Option<String>,
    /// Encrypt what the engine keeps, with the key in FILE
    ///
    /// 32 random bytes in Base64 or hex: `openssl rand -base64 32`. Every process that uses the engine needs the key. Further lines are older
    /// keys, which only decrypt
    #[arg(
        long,
        value_name = "FILE",
        env = "WF_BULK_ENGINE_KEY_FILE",
        hide_short_help = true,
        help_heading = "Engine"
    )]
    pub engine_key_file: Option<PathBuf>,
}

/// What a run stores about the people behind it.
#[derive(Clone, Debug, Default, Args)]
pub struct RecordArgs {
    /// Store the reason for the run
    #[arg(long, value_name = "TEXT", help_heading = "Record")]
    pub reason: Option<String>,
    /// Store who started it: the person for whom this machine works
    #[arg(long, value_name = "NAME", value_parser = values::name, help_heading = "Record")]
    pub actor: Option<String>,
    /// Store who approved it
    #[arg(long, value_name = "NAME", value_parser = values::name, alias = "approver", help_heading = "Record")]
    pub approved_by: Option<String>,
    /// Store the address of its pull request or ticket
    #[arg(long, value_name = "URL", value_parser = values::link, help_heading = "Record")]
    pub link: Option<String>,
}

/// Where the runs of a team are recorded.
#[derive(Clone, Debug, Default, Args)]
pub struct LedgerArgs {
    /// Record the run on a branch of a git repository that a team shares
    ///
    /// REMOTE is a URL or a path, with `#BRANCH` for another branch than `wf-bulk-ledger`. The run gets an entry there before the first
    /// change. So this machine knows what another one has applied, or has not finished. The runs of `--sandbox` get no entry
    #[arg(
        long,
        env = "WF_BULK_LEDGER",
        hide_env_values = true,
        value_name = "REMOTE",
        help_heading = "Record"
    )]
    pub ledger: Option<String>,
}

/// Flags for a new run.
#[derive(Debug, Args)]
pub struct Applying {
    /// Refuse a plan with more than N changes
    ///
    /// N may lower the playbook's `max_changes`, not raise it
    #[arg(long, value_name = "N", value_parser = values::count, help_heading = "Applying")]
    pub max_changes: Option<u64>,
    #[command(flatten)]
    pub record: RecordArgs,
    #[command(flatten)]
    pub ledger: LedgerArgs,
    /// Apply even if an earlier run has already made these changes
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
