//! The real binary against the real sandbox.

mod bad_input;
mod crash;
mod environment;
mod ledger;
mod main_job;
mod pacing;
mod promises;
