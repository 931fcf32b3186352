//! The sandbox over the wire, as a client sees it.

#![expect(
    clippy::unwrap_used,
    reason = "what a test can't go on without is its failure"
)]

mod automations;
mod caused;
mod client;
mod control;
mod data;
mod faults;
mod folder;
mod operations;
mod searches;
mod tasks;
mod v1;
mod v2;
