//! The real binary against the real sandbox.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod abandoned;
mod answers;
mod bad_input;
mod bounds;
mod ci;
mod crafted;
mod crash;
mod credentials;
mod damage;
mod diff;
mod doubts;
mod environment;
mod faults;
mod forecast;
mod guide;
mod hints;
mod history;
mod hostile_playbooks;
mod integration;
#[cfg(target_os = "linux")]
mod interposer;
mod judge;
mod large;
mod ledger;
mod lineage;
mod lists;
mod main_job;
mod messages;
mod next_steps;
mod operations;
mod options;
mod organisation;
mod output;
mod pacing;
mod previous;
mod promises;
mod pty;
mod question;
mod records;
mod reports;
mod results;
mod retry;
mod review;
mod shown;
mod signed;
mod sources;
mod tampered;
mod torture;
mod traps;
mod undo;
mod verify;
mod waiting;
mod workflow;
mod wrong_files;
