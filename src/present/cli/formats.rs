//! The formats of `--format`.

use clap::ValueEnum;

/// The output format of a run's report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// One HTML page to read offline
    Html,
    /// Markdown for a ticket or a pull request; always fits into one comment
    Markdown,
    /// JSON for scripts, with every change
    Json,
    /// CSV with a row for every change: before, after, times, attempts, outcome
    Csv,
}

/// The output format of the differences of two plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// Text for a terminal
    Text,
    /// Markdown for a pull request; fits into one comment with the plan
    Markdown,
    /// JSON for scripts
    Json,
}

/// The output format of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for a terminal
    Text,
    /// Markdown for a pull request; always fits into one comment
    Markdown,
    /// JSON for scripts
    Json,
    /// One HTML page to read offline, search and approve
    Html,
}

/// The output format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// CSV for a spreadsheet
    Csv,
    /// JSON for scripts
    Json,
}
