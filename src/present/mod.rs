//! What people and programs see: the command line, the commands, the reports.

pub mod cli;
pub mod commands;
pub mod error;
pub mod guide;
pub mod report;
