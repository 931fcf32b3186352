//! The state folder (`--state-dir`, default `.wf-bulk`): the runs, each in a folder of its own.
//!
//! ```text
//! .wf-bulk/.gitignore                   *
//! .wf-bulk/lock                         held while a run is made or the history is written
//! .wf-bulk/history.jsonl, history.head  which runs there were ([`History`])
//! .wf-bulk/runs/<run id>/plan           the copy that is applied
//!                        plan.sig       its signature, if `apply` checked one
//!                        run.json       the settings, for `resume` and `status`
//!                        checkpoint.jsonl
//!                        lock           held while a process works on the run
//!                        report.json, failed.csv, results.csv, results.jsonl
//!                        events.next    the number of the next event, after a session with `--events`
//!                        ledger.sessions  the sessions that the ledger knows or may know, with `--ledger`
//! .wf-bulk/runs/.tmp-<run id>/          a run that is being made
//! ```
//!
//! A new run: [`StateDir::draft`], [`RunDraft::copy_plan`], read the copy, [`RunDraft::commit`]: the folder
//! appears under its name, complete and locked. An old run: [`StateDir::find`] or
//! [`RunListing::newest_untold`], [`RunFolder::lock`], [`RunFolder::settings`]. The
//! records themselves are [`crate::checkpoint`]'s.

mod access;
mod draft;
mod error;
mod event_numbers;
mod history;
mod in_doubt;
mod ledger_sessions;
mod lock;
mod run_folder;
mod settings;
mod state_dir;

pub use crate::run_id::{RunId, RunIdError};
pub use draft::RunDraft;
pub use error::{StoreError, StoreStep};
pub use event_numbers::EventNumbers;
pub use history::{
    ChainFault, DeletedRun, History, HistoryCheck, HistoryFinding, HistoryNote, NoRun, RunEnd,
};
pub use in_doubt::in_doubt_in;
pub use lock::{Lock, LockHome, Wait};
pub use run_folder::RunFolder;
pub use settings::{GitState, Operator, PlannedFrom, RunOrigin, RunSettings, VERSION};
pub use state_dir::{ListedRun, RunListing, StateDir, Unreadable};
