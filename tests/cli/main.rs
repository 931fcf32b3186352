//! The real binary against the real sandbox.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_input;
mod cells;
mod crash;
mod credentials;
mod damage;
mod damage_resumed;
mod environment;
#[cfg(target_os = "linux")]
mod interposer;
mod judge;
mod fault_actions;
mod fault_findings;
mod fault_matrix;
mod fault_reads;
mod fault_table;
mod large;
mod ledger;
mod main_job;
mod operations;
mod pacing;
mod promises;
mod records;
mod sources;
mod torture;
mod traps;
mod wreck;
