//! What travels: the types of the two generations and what they share.
//!
//! These are the sandbox's own, written from the vendor's documentation, never the client's: a field that
//! the client gets wrong can't agree with itself.

mod body;
mod due;
mod objects;
mod status;
pub(crate) mod sync;
mod time;
pub(crate) mod v1;
pub(crate) mod v2;
pub(crate) mod v2_requests;

pub(crate) use body::parse;
pub(crate) use due::{DueDate, from_start};
pub(crate) use status::{ExecutionStatus, PartStatus, TaskStatus};
pub(crate) use time::{moved, stamp};
