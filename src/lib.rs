//! Declarative bulk changes to epilot workflow executions.
//!
//! ```text
//! Playbook ──► Selection ──► Plan ──► Run ──► Report
//!  (checked)   (reads API)   (pure)   (writes API, keeps the checkpoint)
//! ```

pub mod action;
pub mod api;
pub mod checkpoint;
pub mod dates;
pub mod event;
pub mod hex;
pub mod outcome;
pub mod pace;
pub mod plan;
pub mod playbook;
pub mod private_file;
pub mod store;
pub mod template;
