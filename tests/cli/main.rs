//! The real binary against the real sandbox.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_input;
mod crash;
mod credentials;
mod environment;
mod large;
mod ledger;
mod main_job;
mod operations;
mod pacing;
mod promises;
mod sources;
mod traps;
