//! The metrics of a session in Prometheus' text format (`--metrics`), for `node_exporter`'s textfile collector.

use std::{
    fmt::Write as _,
    io::{self, Write},
    time::Duration,
};

use jiff::Timestamp;

use super::Summary;
use crate::{error::ExitCode, outcome::Outcome};

const LAST_SUCCESS: &str = "wf_bulk_last_success_timestamp_seconds";

/// What a session was about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricLabels {
    pub playbook: String,
    /// The host of the server.
    pub server: String,
    pub org: Option<String>,
}

/// What an earlier file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EarlierMetrics {
    /// Between the braces, as they are in the file.
    labels: String,
    /// In Unix seconds, as it is in the file.
    last_success: String,
}

impl EarlierMetrics {
    /// The default if the text has no such line.
    pub fn read(text: &str) -> Self {
        text.lines()
            .filter_map(|line| line.strip_prefix(LAST_SUCCESS)?.strip_prefix('{'))
            .find_map(|rest| {
                let (labels, value) = rest.rsplit_once("} ")?;
                (is_number(value) && are_labels(labels)).then(|| Self {
                    labels: labels.to_owned(),
                    last_success: value.to_owned(),
                })
            })
            .unwrap_or_default()
    }
}

/// The characters of the longest number: no moment in seconds needs more.
const MAX_NUMBER: usize = 20;

/// Whether it is a number like `1795782900.659`, with nothing else in it.
fn is_number(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_digit() || c == '.';
    text.len() <= MAX_NUMBER && text.chars().all(is_plain) && text.parse::<f64>().is_ok()
}

/// Whether these Unix seconds are not after `now`.
fn is_past(seconds: &str, now: Timestamp) -> bool {
    let now = now.as_duration().as_secs_f64();
    seconds.parse().is_ok_and(|seconds: f64| seconds <= now)
}

/// Whether these are the labels that this version writes.
fn are_labels(text: &str) -> bool {
    let rest = ["playbook=\"", ",server=\"", ",org=\""]
        .into_iter()
        .try_fold(text, |rest, name| after_value(rest.strip_prefix(name)?));
    rest == Some("")
}

/// What follows the value of a label and its quotation mark.
fn after_value(text: &str) -> Option<&str> {
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '"' => return Some(chars.as_str()),
            '\\' => {
                chars.next().filter(|c| matches!(c, '\\' | '"' | 'n'))?;
            }
            c if c.is_control() => return None,
            _ => {}
        }
    }
}

/// The metrics of a session that has ended.
#[derive(Clone, Debug)]
pub struct Metrics<'a> {
    /// None if it ended before they were known; those of the earlier file are taken then.
    pub labels: Option<MetricLabels>,
    /// None if it ended with an error.
    pub summary: Option<&'a Summary>,
    pub exit_code: ExitCode,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    pub duration: Duration,
    pub earlier: EarlierMetrics,
}

impl Metrics<'_> {
    /// Writes the file.
    ///
    /// # Errors
    ///
    /// The errors of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let labels = self.labels.as_ref().map_or_else(
            || match &self.earlier.labels {
                none if none.is_empty() => written(&MetricLabels::default()),
                earlier => earlier.clone(),
            },
            written,
        );
        let ended_at = unix_seconds(self.ended_at);
        let last_success = match &*self.earlier.last_success {
            _ if self.exit_code == ExitCode::Done => &ended_at,
            earlier if is_past(earlier, self.ended_at) => earlier,
            // An alert on its age would never come.
            _ => "0",
        };
        let mut gauge = |name: &str, help: &str, values: &[(String, String)]| {
            writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge")?;
            values
                .iter()
                .try_for_each(|(labels, value)| writeln!(out, "{name}{{{labels}}} {value}"))
        };
        let one = |value: String| vec![(labels.clone(), value)];
        if let Some(summary) = self.summary {
            let of_outcome = |outcome: Outcome| {
                let value = summary.outcomes.get(outcome).to_string();
                (format!("{labels},outcome=\"{outcome}\""), value)
            };
            let session = &summary.session;
            gauge(
                "wf_bulk_planned_changes",
                "Changes in the plan.",
                &one(summary.planned.to_string()),
            )?;
            gauge(
                "wf_bulk_changes",
                "Changes of the run by outcome, over all its sessions.",
                &Outcome::ALL.map(of_outcome),
            )?;
            gauge(
                "wf_bulk_rejected_targets",
                "Targets that could not be planned.",
                &one(summary.rejected.to_string()),
            )?;
            gauge(
                "wf_bulk_requests",
                "Requests of the last session, with reads and retries.",
                &one(session.requests.to_string()),
            )?;
            gauge(
                "wf_bulk_retries",
                "Retries among the requests.",
                &one(session.retries.to_string()),
            )?;
            gauge(
                "wf_bulk_throttled_requests",
                "Requests that were answered with 429.",
                &one(session.throttled.to_string()),
            )?;
        }
        gauge(
            "wf_bulk_exit_code",
            "The exit code of the last session; 0 is a success.",
            &one(self.exit_code.code().to_string()),
        )?;
        gauge(
            "wf_bulk_duration_seconds",
            "How long the last session took, with planning.",
            &one(format!("{:.3}", self.duration.as_secs_f64())),
        )?;
        gauge(
            "wf_bulk_start_timestamp_seconds",
            "When the last session started.",
            &one(unix_seconds(self.started_at)),
        )?;
        gauge(
            "wf_bulk_end_timestamp_seconds",
            "When the last session ended.",
            &one(ended_at.clone()),
        )?;
        gauge(
            LAST_SUCCESS,
            "When a session last ended with exit code 0; 0 if never.",
            &one(last_success.to_owned()),
        )
    }
}

fn unix_seconds(at: Timestamp) -> String {
    let milliseconds = at.as_millisecond();
    format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000)
}

/// The labels between the braces.
fn written(labels: &MetricLabels) -> String {
    format!(
        "playbook=\"{}\",server=\"{}\",org=\"{}\"",
        escaped(&labels.playbook),
        escaped(&labels.server),
        escaped(labels.org.as_deref().unwrap_or_default())
    )
}

/// A label's value: what the format requires, and no other control character either.
fn escaped(value: &str) -> String {
    let mut text = String::new();
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(text, "\\\\u{{{:x}}}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests;
