//! Declarative bulk changes to epilot workflow executions.
//!
//! ```text
//! Playbook ──► Selection ──► Plan ──► Run ──► Report
//!  (checked)   (reads API)   (pure)   (writes API, keeps the checkpoint)
//! ```

pub mod action;
pub mod api;
pub mod checkpoint;
pub mod cli;
pub mod client;
pub mod commands;
pub mod credentials;
pub mod dates;
pub mod digest;
pub mod document;
pub mod error;
pub mod event;
pub mod http;
pub mod invocation;
pub mod json;
pub mod outcome;
pub mod pace;
pub mod plan;
pub mod planning;
pub mod playbook;
pub mod private_file;
pub mod report;
pub mod retry;
pub mod run;
pub mod selection;
pub mod server_name;
pub mod sort;
pub mod store;
pub mod styles;
pub mod table;
pub mod target;
pub mod template;
#[cfg(test)]
pub(crate) mod testing;
pub mod text;
