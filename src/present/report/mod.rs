//! Output for people and programs: the plan before it is applied, the progress of the run, the result.
//!
//! Reporters receive events and write to the given writers; they decide nothing about a run.

mod change_facts;
mod change_table;
mod change_walk;
mod delta;
mod doubt_text;
#[cfg(feature = "temporal")]
mod ended_events;
#[cfg(feature = "temporal")]
mod engine_runs;
mod event_lines;
mod failed_csv;
#[cfg(test)]
mod forged_plan_tests;
mod history;
mod history_export;
mod html_page;
mod human_bars;
mod human_lines;
mod in_doubt_csv;
mod json;
mod json_list;
mod ledger_runs;
mod limited_lines;
mod manner;
mod metrics;
mod no_runs;
mod outcome_groups;
mod plan_diff;
mod plan_diff_json;
mod plan_diff_markdown;
mod plan_diff_text;
mod plan_diff_words;
mod plan_forecast;
mod plan_html;
mod plan_json;
mod plan_markdown;
mod plan_report;
mod plan_summary;
mod plan_text;
mod plan_view;
mod plan_words;
mod problem;
mod problem_list;
mod progress;
mod reported_change;
mod result_rows;
mod run_files;
mod run_html;
mod run_json;
mod run_markdown;
mod run_numbers;
mod run_report;
mod run_words;
mod runs;
mod scan;
mod summary;
mod summary_line;
mod summary_lines;
mod summary_text;
mod table;
mod tally;
mod timeline;
mod timeline_lines;
mod timeline_recorder;
mod to_apply;
mod undone;
mod units;
mod verification;
mod words;

pub use doubt_text::write_doubt;
#[cfg(feature = "temporal")]
pub use ended_events::report_ends;
#[cfg(feature = "temporal")]
pub use engine_runs::{write_detached_json, write_engine_runs, write_engine_runs_json};
pub use event_lines::{EventLines, EventSource};
pub use history::{write_history, write_history_json};
pub use history_export::{ExportedRun, HistoryDocument, write_export_heading};
pub use human_bars::{Bars, Width};
pub use human_lines::ProgressLines;
pub use in_doubt_csv::{ANSWER_COLUMNS, MAX_ANSWER_FILE};
pub use json::write_json;
pub use ledger_runs::{write_ledger, write_ledger_json};
pub use metrics::{EarlierMetrics, MetricLabels, Metrics};
pub use no_runs::write_no_runs;
pub use outcome_groups::{OutcomeGroup, OutcomeGroups};
pub use plan_diff::{DiffReport, DiffSide};
pub use plan_report::PlanReport;
pub use plan_summary::PlanSummary;
pub use plan_text::ListingDetail;
pub use problem::Problem;
pub use problem_list::ProblemList;
pub use reported_change::{
    ReportedChange, each_reported_change, write_change_heading, write_change_row,
};
pub use run_files::{RunFilesError, ended_in_doubt, last_session, problem_groups, write_files};
pub use run_json::write_report_json;
pub use run_report::{PlanSigned, RunOverview, RunReport};
pub use runs::{
    RunLine, UnreadableRun, write_run_json, write_run_standing, write_runs, write_runs_json,
};
pub use scan::ScanReporter;
pub use summary::{Session, Summary, Unaccounted};
pub use timeline::Timeline;
pub use timeline_recorder::{Load, RequestedPace, TimelineRecorder};
pub use to_apply::{ToApply, WhyNot};
pub use undone::{UndoRun, Undone};
pub use verification::Verification;
