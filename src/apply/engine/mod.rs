//! Runs a plan on Temporal, an engine for durable execution, with many workers.
//!
//! The run loop is the one of [`run`](crate::run): it works on one group, inside the activity `group`. What the embedded mode keeps in a file,
//! this mode keeps in the heartbeats of the activity, which the engine acknowledges: an intent is on record once its heartbeat is. The
//! workflows only hand out work, and their decisions are pure: `progress` for the groups of a shard, `stages` for the shards of a run, `bucket`
//! for the rate that all workers share.
//!
//! ```text
//! RunFlow ──► ShardFlow ──► group ──► the service          PaceFlow: when a request may leave
//! ```

mod access;
mod address;
mod bucket;
mod codec;
mod error;
mod fetch;
mod group;
mod heartbeat;
mod link;
mod listing;
mod pace_flow;
mod progress;
mod records;
mod result;
mod run_flow;
mod shard_flow;
mod shared_pace;
mod stages;
mod stop_look;
mod submit;
mod task;
mod team;
mod upload;
mod withdraw;
mod worker;

#[cfg(test)]
mod replay_tests;

pub use access::{ClientIdentity, EngineCredentials, EngineTls};
pub use address::{EngineAddress, EngineAddressError};
pub use codec::{PayloadKeys, PayloadKeysError};
pub use error::EngineError;
pub use fetch::FoundRun;
pub use link::{EngineLink, SubmittedRun};
pub use listing::{TeamListing, UnreadRun};
pub use records::FetchedRecords;
pub use run_flow::Abandonment;
pub use submit::Submission;
pub use task::SessionTask;
pub use team::{TeamRun, TeamStanding};
pub use worker::{EngineWorker, WorkerParts};
