//! The ledger: what a team's machines have started, on a branch of a git repository (`--ledger`), outside of every state folder.
//!
//! The branch has one file for each run, `<sha256 of its plan>.<run id>.json` ([`LedgerRun`]). It is written before the run sends anything,
//! when a session continues the run, and when the run ends. Each change of the branch is one commit on what was read, pushed without force:
//! if another machine was faster, the push is rejected, and everything is read and decided again ([`LedgerBranch::update`]).

mod branch;
mod decide;
mod error;
mod git;
mod remote;
mod run;

pub use branch::LedgerBranch;
pub use decide::{LedgerBegin, LedgerObjection, begin, end};
pub use error::LedgerError;
pub use remote::{LedgerRemote, LedgerRemoteError};
pub use run::{LedgerEnd, LedgerEnding, LedgerRun, LedgerSession, LedgerVersion};
