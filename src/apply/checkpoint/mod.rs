//! The checkpoint: a run's append-only log of intents and outcomes.
//!
//! ```text
//! {"wf_bulk_checkpoint":1,"run":"0192…","plan_sha256":"…","lines":140,"changes":137,"crc":"…"}
//! {"seq":1,"record":{"started":{"line":2,"attempt":1,"at":1796115600000}},"crc":"…"}
//! {"seq":2,"record":{"ended":{"line":2,"outcome":"applied"}},"crc":"…"}
//! ```
//!
//! # For the run loop
//!
//! - [`Checkpoint::create`] makes the file of a new run, inside the folder that is about to
//!   appear. [`Checkpoint::open`] starts a new run and goes on with an old one alike; it verifies the whole
//!   file and says which [`Tail`] it repaired. [`Checkpoint::read`] only looks.
//! - [`Checkpoint::append`] gives an [`Ack`]: await it between `started` and the request.
//!   [`Checkpoint::append_without_waiting`] is for outcomes. Both first ask the [`CheckpointState`], so a
//!   record that contradicts what is known ([`Illegal`]) is never written.
//! - If an ack fails, or [`Checkpoint::failure`] is set, drain: no later record gets to disk.
//! - [`CheckpointState`] answers for each plan line (1-based, as in `plan::Line::number`):
//!   [`CheckpointState::outstanding`] what is left to do, [`CheckpointState::outcome`], [`CheckpointState::open`]; and
//!   [`CheckpointState::counts`] for the run, whose sum is always the number of planned changes.
//! - [`Checkpoint::close`] at the end, after `finished` when nothing is left to do. A run that was
//!   stopped, or holds a doubt that no person has closed (`ended` as `in_doubt`, or `by_answer`), is not finished: it can be resumed.
//!
//! # One change
//!
//! ```text
//! phase                record                                           phase after it
//! untouched            started                                          in flight
//! in flight            throttled, not_sent                              between
//! between              started                                          in flight
//! in flight            unknown, or the process died                     in doubt
//! in doubt             not_applied (a read proved it)                   disproved
//! disproved            started                                          in flight, disproved
//! in flight, disproved throttled, not_sent                              disproved
//! in flight, disproved unknown, or the process died                     in doubt
//! in doubt             send_again (a person permitted it)               may repeat: still in doubt
//! in doubt, may repeat started                                          in flight again
//! in doubt             looked (for people), answered (by a person)      as before
//! in flight again      throttled, not_sent, unknown, the process died   in doubt
//! any but ended        ended (by an answer, a read or a person)         ended
//! ```
//!
//! While an attempt is in doubt, `already_done`, `drifted`, `refused` and `failed` would be guesses, and are illegal: record
//! the attempt as `not_sent`, read back, record `not_applied`, and then the end. `applied` needs an attempt
//! that may have taken effect. [`Phase::after`] is the whole table.

mod answer;
mod attempted;
mod error;
#[cfg(test)]
mod fake_disk;
mod file;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod medium;
mod outstanding;
mod phase;
mod phase_table;
mod placed_file;
mod quick_parse;
mod record;
mod replay;
mod scribe;
mod seal;
mod state;
mod writer;

pub use answer::PersonAnswer;
pub use error::{CheckpointError, CheckpointStep, Damage, Illegal, WriteFailed};
pub use file::{Checkpoint, Opened, Replayed, Snapshot};
pub use outstanding::Outstanding;
pub use phase::{Phase, Transition};
pub use record::{CheckpointHeader, Detail, Ending, Record, RecordedOutcome, VERSION};
pub use replay::Tail;
pub use scribe::Disk;
pub use state::{CheckpointState, Open};
pub use writer::{Ack, AckSender, CheckpointWriter};
