//! Declarative bulk changes to epilot workflow executions.
//!
//! ```text
//! Playbook ──► Selection ──► Plan ──► Run ──► Report
//!  (checked)   (reads API)   (pure)   (writes API, keeps the checkpoint)
//! ```

pub mod action;
pub mod api;
pub mod client;
pub mod checkpoint;
pub mod dates;
pub mod digest;
pub mod cli;
pub mod error;
pub mod event;
pub mod json;
pub mod http;
pub mod outcome;
pub mod pace;
pub mod plan;
pub mod playbook;
pub mod selection;
pub mod retry;
pub mod report;
pub mod styles;
pub mod private_file;
pub mod store;
pub mod template;
pub mod text;
