//! The result as JSON: on standard output, and as `report.json`.

use std::{
    io::{self, Read, Write},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{error::ExitCode, event::StopReason, outcome::Counts, text};

use super::{
    json_list::JsonList,
    summary::{Session, Summary},
    words,
};

/// The document of `--json`. Scripts depend on its names.
#[derive(Debug, Serialize)]
struct RunDocument<'a> {
    run: Option<&'a str>,
    plan_sha256: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_by: Option<&'a str>,
    planned: u64,
    outcomes: &'a Counts,
    requests: u64,
    retries: u64,
    throttled: u64,
    elapsed_s: f64,
    skipped: u64,
    out_of_reach: u64,
    rejected: u64,
    notes: &'a [String],
    stopped: Option<StoppedDocument>,
    finished: bool,
    folder: Option<String>,
    exit_code: u8,
}

#[derive(Debug, Serialize)]
pub(super) struct StoppedDocument {
    reason: &'static str,
    message: String,
}

impl StoppedDocument {
    fn of(summary: &Summary) -> Option<Self> {
        let abandoned = summary.abandoned.as_ref();
        let abandoned = abandoned.map(|reason| Self {
            reason: "abandoned",
            message: words::detail(reason),
        });
        summary.stopped.as_ref().map(Self::from).or(abandoned)
    }
}

impl From<&StopReason> for StoppedDocument {
    fn from(drain: &StopReason) -> Self {
        let reason = match drain {
            StopReason::Interrupted => "interrupted",
            StopReason::Unauthorized { .. } => "unauthorized",
            StopReason::FailuresInARow { .. } => "failures_in_a_row",
            StopReason::NothingGotThrough { .. } => "nothing_got_through",
            StopReason::ErrorBudget { .. } => "error_budget",
            StopReason::Stage { .. } => "stage",
            StopReason::LongPause { .. } => "long_pause",
            StopReason::Checkpoint { .. } => "checkpoint",
            StopReason::OtherOrganisation { .. } => "other_organisation",
            StopReason::Bug { .. } => "bug",
        };
        Self {
            reason,
            message: words::stop(drain),
        }
    }
}

impl<'a> From<&'a Summary> for RunDocument<'a> {
    fn from(summary: &'a Summary) -> Self {
        Self {
            run: summary.run.as_deref(),
            plan_sha256: summary.plan_sha256.as_deref(),
            signed_by: summary.signed_by.as_deref(),
            planned: summary.planned,
            outcomes: &summary.outcomes,
            requests: summary.session.requests,
            retries: summary.session.retries,
            throttled: summary.session.throttled,
            // In milliseconds: more digits mean nothing.
            elapsed_s: (summary.session.elapsed.as_secs_f64() * 1e3).round() / 1e3,
            skipped: summary.skipped,
            out_of_reach: summary.out_of_reach,
            rejected: summary.rejected,
            notes: &summary.notes,
            stopped: StoppedDocument::of(summary),
            finished: summary.finished,
            folder: summary
                .folder
                .as_ref()
                .map(|folder| folder.display().to_string()),
            exit_code: summary.exit_code().code(),
        }
    }
}

/// Writes a summary with its exit code as one JSON document on one line.
///
/// # Errors
///
/// The errors of `out`.
pub fn write_json(summary: &Summary, exit_code: ExitCode, out: &mut dyn Write) -> io::Result<()> {
    let document = RunDocument {
        exit_code: exit_code.code(),
        ..RunDocument::from(summary)
    };
    text::json::to_writer(&mut *out, &document)?;
    writeln!(out)
}

/// What an earlier report says about its run.
#[derive(Deserialize)]
pub(super) struct EarlierReport {
    requests: u64,
    retries: u64,
    /// Earlier versions did not count them.
    #[serde(default)]
    throttled: u64,
    elapsed_s: f64,
    finished: bool,
    outcomes: Value,
    stopped: Option<EarlierStop>,
}

#[derive(Deserialize)]
struct EarlierStop {
    message: String,
}

impl EarlierReport {
    /// None if the report is incomplete.
    pub(super) fn read(report: impl Read) -> Option<Self> {
        serde_json::from_reader(report).ok()
    }

    /// The session that finished the run; none if the report is from an earlier session.
    pub(super) fn last_session(&self) -> Option<Session> {
        let elapsed = Duration::try_from_secs_f64(self.elapsed_s).ok()?;
        self.finished.then_some(Session {
            requests: self.requests,
            retries: self.retries,
            throttled: self.throttled,
            elapsed,
        })
    }

    /// Why the run stopped; none if it did not stop, or has continued since.
    pub(super) fn is_whole(&self, counts: &Counts) -> bool {
        let is_present = serde_json::to_value(counts).is_ok_and(|now| now == self.outcomes);
        is_present && self.stopped.is_none()
    }

    pub(super) fn stop(self, counts: &Counts) -> Option<String> {
        let is_present = serde_json::to_value(counts).is_ok_and(|now| now == self.outcomes);
        self.stopped.filter(|_| is_present).map(|stop| stop.message)
    }
}

/// Writes `report.json`: the problems, which `fill` adds one by one, then the summary. If anything fails, the file is not valid JSON, and
/// can't be mistaken for a complete report.
///
/// # Errors
///
/// The errors of `out` and of `fill`.
pub(super) fn write_report(
    out: &mut dyn Write,
    summary: &Summary,
    fill: impl FnOnce(&mut JsonList<'_>) -> io::Result<()>,
) -> io::Result<()> {
    out.write_all(b"{")?;
    let mut problems = JsonList::new(out, "problems")?;
    fill(&mut problems)?;
    problems.finish()?;
    let document = text::json::to_string(&RunDocument::from(summary))?;
    // An object with fields: its opening brace is before the problems.
    writeln!(out, ",{}", &document[1..])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        outcome::Outcome,
        report::{
            problem::Problem,
            summary::tests::{failures_in_a_row, run},
            words::tests::task,
        },
    };

    #[test]
    fn the_document_has_the_promised_names_and_all_eight_outcomes() {
        let mut out = Vec::new();
        let summary = run(
            &[
                (Outcome::Applied, 134),
                (Outcome::AlreadyDone, 2),
                (Outcome::Drifted, 1),
            ],
            None,
        );
        write_json(&summary, summary.exit_code(), &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"{"run":"0192f0c4-8a5e-7000-8000-0000000000c4","plan_sha256":"5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e","planned":137,"outcomes":{"applied":134,"already_done":2,"drifted":1,"gone":0,"refused":0,"failed":0,"in_doubt":0,"not_attempted":0},"requests":229,"retries":2,"throttled":1,"elapsed_s":28.75,"skipped":2,"out_of_reach":1,"rejected":0,"notes":[],"stopped":null,"finished":true,"folder":".wf-bulk/runs/0192f0c4-8a5e-7000-8000-0000000000c4","exit_code":5}"#);
    }

    #[test]
    fn a_stop_has_a_name_and_a_message_and_a_dry_run_has_no_run() {
        let stopped = run(&[(Outcome::NotAttempted, 1)], Some(failures_in_a_row()));
        let value = serde_json::to_value(RunDocument::from(&stopped)).unwrap();
        assert_eq!(
            value["stopped"],
            json!({ "reason": "failures_in_a_row", "message": "10 failures in a row, the last one: connection refused" })
        );
        assert_eq!(value["exit_code"], 4);
        let dry_run = Summary {
            run: None,
            folder: None,
            ..stopped
        };
        let value = serde_json::to_value(RunDocument::from(&dry_run)).unwrap();
        assert_eq!(
            (&value["run"], &value["folder"]),
            (&Value::Null, &Value::Null)
        );
    }

    #[test]
    fn a_run_that_was_abandoned_is_stopped_and_nothing_to_go_on_with_is_a_document_too() {
        let abandoned = Summary {
            abandoned: Some("a user abandoned the run".to_owned()),
            ..run(&[(Outcome::InDoubt, 1)], None)
        };
        let value = serde_json::to_value(RunDocument::from(&abandoned)).unwrap();
        assert_eq!(
            value["stopped"],
            json!({ "reason": "abandoned", "message": "a user abandoned the run" })
        );
        assert_eq!(
            (&value["finished"], &value["exit_code"]),
            (&json!(false), &json!(1))
        );
        let mut out = Vec::new();
        write_json(&Summary::nothing(), ExitCode::Done, &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"{"run":null,"plan_sha256":null,"planned":0,"outcomes":{"applied":0,"already_done":0,"drifted":0,"gone":0,"refused":0,"failed":0,"in_doubt":0,"not_attempted":0},"requests":0,"retries":0,"throttled":0,"elapsed_s":0.0,"skipped":0,"out_of_reach":0,"rejected":0,"notes":[],"stopped":null,"finished":true,"folder":null,"exit_code":0}"#);
    }

    #[test]
    fn of_a_report_only_a_whole_one_of_the_end_tells_of_the_last_session() {
        let written = |summary: &Summary| {
            let mut out = Vec::new();
            write_report(&mut out, summary, |_| Ok(())).unwrap();
            out
        };
        let last_session = |report: &[u8]| EarlierReport::read(report)?.last_session();
        let finished = run(&[(Outcome::Applied, 5)], None);
        let bytes = written(&finished);
        assert_eq!(last_session(&bytes), Some(finished.session));
        assert_eq!(last_session(&bytes[..bytes.len() / 2]), None);
        let stopped = run(&[(Outcome::NotAttempted, 1)], Some(failures_in_a_row()));
        assert_eq!(last_session(&written(&stopped)), None);
    }

    #[test]
    fn a_report_with_problems_that_could_not_be_read_is_no_document() {
        let summary = run(&[(Outcome::Refused, 2)], None);
        let mut out = Vec::new();
        let broken = |_: &mut JsonList<'_>| Err(io::Error::other("the plan is damaged"));
        assert!(write_report(&mut out, &summary, broken).is_err());
        assert!(serde_json::from_slice::<Value>(&out).is_err());
    }

    #[test]
    fn a_report_is_one_document_with_its_problems() {
        let target = task("e1", "t1", "Call \"back\"");
        let action = ["reassign".to_owned()];
        let summary = run(&[(Outcome::Applied, 5), (Outcome::Refused, 2)], None);
        for problems in 0..3 {
            let problem =
                Problem::new(&target, &action, Outcome::Refused, Some("400: no")).unwrap();
            let mut bytes = Vec::new();
            write_report(&mut bytes, &summary, |list| {
                (0..problems).try_for_each(|_| list.add(&problem))
            })
            .unwrap();
            let value: Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(value["problems"].as_array().unwrap().len(), problems);
            assert_eq!(value["outcomes"]["refused"], 2);
            if problems > 0 {
                assert_eq!(
                    value["problems"][0],
                    json!({
                        "target": { "kind": "task", "api": "v2", "execution": "e1", "id": "t1", "name": "Call \"back\"" },
                        "action": ["reassign"],
                        "outcome": "refused",
                        "detail": "400: no",
                    })
                );
            }
        }
    }
}
