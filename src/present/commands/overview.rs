//! A plan that was read completely, and how it is shown.

use std::{
    fs::File,
    io::{BufReader, Seek},
    path::Path,
    time::Instant,
};

use jiff::{SignedDuration, tz::TimeZone};

use super::{
    backend::{Backend, place},
    earlier::{Candidate, RunsElsewhere},
    known_plan::KnownPlan,
    terminal::{STYLES, print_text, say},
};
use crate::{
    cli::{Common, DEFAULT_MAX_AGE},
    error::{Error, ExitCode},
    invocation::{Invocation, path_argument},
    pace::Pace,
    plan::{
        CheckedBlocks, Circumstances, KnownFile, PlanError, PlanReader, Refusal, VERSION,
        broken_guards, refusals,
    },
    report::{ListingDetail, PlanReport, PlanSummary, Session, Summary, ToApply, WhyNot},
    store::StateDir,
    text::shown_path,
};

/// What is known of a plan whose lines and digest are correct.
#[derive(Debug)]
pub(super) struct Overview {
    pub(super) known: KnownPlan,
    pub(super) summary: PlanSummary,
    /// The maximum number of changes on the command line (`--max-changes`).
    pub(super) max_changes: Option<u64>,
}

/// Reads a plan from beginning to end.
pub(super) fn overview(
    invocation: &Invocation,
    path: &Path,
    file: &mut File,
) -> Result<Overview, Error> {
    let remake = invocation.command("plan", &["PLAYBOOK", "-o", "FILE"]);
    let cure = format!("make a new one: {remake}");
    read(path, file, &cure, PlanReader::new)
}

/// As [`overview`], of the copy in a run's folder: no other plan can take its place.
pub(super) fn overview_of_run(
    invocation: &Invocation,
    path: &Path,
    file: &mut File,
) -> Result<Overview, Error> {
    let check = invocation.command("status", &["--check"]);
    let restore = "it was changed or damaged after the run was made: restore the file as it was";
    let cure = format!("{restore}; to compare all runs with the history: {check}");
    read(path, file, &cure, PlanReader::new)
}

/// As [`overview`], of what this process has just `written`: the same bytes, which are not checked again.
pub(super) fn overview_of_written(
    path: &Path,
    file: &mut File,
    written: CheckedBlocks,
) -> Result<Overview, Error> {
    let reader = |input| PlanReader::again(input, written);
    read(
        path,
        file,
        "another program has changed it: plan again",
        reader,
    )
}

/// `cure`: what to do if the file is not as it was written. `reader` begins to read it.
fn read<'a>(
    path: &Path,
    file: &'a mut File,
    cure: &str,
    reader: impl FnOnce(BufReader<&'a File>) -> Result<PlanReader<BufReader<&'a File>>, PlanError>,
) -> Result<Overview, Error> {
    let broken = |error: PlanError| {
        let hint = match &error {
            PlanError::Version { found } if *found > u64::from(VERSION) => {
                "it is from a newer version: update wf-bulk"
            }
            PlanError::Version { .. }
            | PlanError::Io(_)
            | PlanError::Line { .. }
            | PlanError::NoEnd
            | PlanError::Digest { .. }
            | PlanError::Changed => cure,
        };
        let line = match &error {
            PlanError::Line { line, .. } => Some(*line),
            PlanError::Io(_)
            | PlanError::Version { .. }
            | PlanError::NoEnd
            | PlanError::Digest { .. }
            | PlanError::Changed => None,
        };
        Error::failed(format!("the plan {} can't be used", shown_path(path)))
            .at(path.display().to_string(), line)
            .caused_by(error)
            .hint(hint)
    };
    file.rewind().map_err(|error| broken(error.into()))?;
    let mut reader = reader(BufReader::new(&*file)).map_err(broken)?;
    let zone = TimeZone::get(&reader.header().timezone).unwrap_or(TimeZone::UTC);
    let mut summary = PlanSummary::new(zone);
    while let Some(line) = reader.next_line().map_err(broken)? {
        summary.add(&line.item);
    }
    let end = reader.end().cloned().zip(reader.checked());
    let ((trailer, sha256), blocks) = end.ok_or_else(|| broken(PlanError::NoEnd))?;
    Ok(Overview {
        known: KnownPlan {
            header: reader.header().clone(),
            trailer,
            sha256,
            blocks,
            out_of_reach: summary.out_of_reach_total(),
            signed_by: None,
        },
        summary,
        max_changes: None,
    })
}

/// The overview of a copy of the plan that was `read`. If its bytes are others, since the plan was changed before it was copied, it is read
/// as any plan.
pub(super) fn overview_of_copy(
    invocation: &Invocation,
    read: Overview,
    path: &Path,
    file: &mut File,
) -> Result<Overview, Error> {
    match read.known.within(file).is_unchanged() {
        Ok(true) => Ok(read),
        // What is wrong with it is said where it is read.
        Ok(false) | Err(_) => overview(invocation, path, file),
    }
}

/// The command that shows each change of the plan at `path`.
pub(super) fn show_each(common: &Common, path: &Path) -> String {
    let arguments = [&*path_argument(path), "--format", "html"];
    common.invocation.command("show", &arguments)
}

impl Overview {
    /// The command that applies exactly this plan, and no other one in the same file; or why there is none.
    pub(super) fn how_to_apply(&self, common: &Common, path: &Path) -> ToApply {
        self.to_apply(common, Some(DEFAULT_MAX_AGE), false, || {
            let path = path_argument(path);
            let place = place(&self.known.header.server, self.known.header.org.as_deref());
            let approved = ["--approved", &self.known.sha256];
            let arguments = [&[&*path], &place[..], &approved].concat();
            common.invocation.command("apply", &arguments)
        })
    }

    /// What to do with the plan: `command`, unless the plan would be refused.
    pub(super) fn to_apply(
        &self,
        common: &Common,
        max_age: Option<SignedDuration>,
        again: bool,
        command: impl FnOnce() -> String,
    ) -> ToApply {
        let (refusals, unread) = match self.refusals(common, max_age, again) {
            Ok(refusals) => (refusals, None),
            // The effects of earlier runs can't be known.
            Err(error) => (self.broken_guards(), Some(error)),
        };
        let refusals = refusals.into_iter().map(|refusal| WhyNot {
            reason: refusal.to_string(),
            cures: refusal.cures(&common.invocation),
        });
        let unread = unread.map(|error| WhyNot {
            reason: [vec![error.message.clone()], error.causes()]
                .concat()
                .join(": "),
            cures: error.hints,
        });
        let refused = refusals.chain(unread).collect();
        ToApply::new(refused, self.known.trailer.changes, command)
    }

    fn refusals(
        &self,
        common: &Common,
        max_age: Option<SignedDuration>,
        again: bool,
    ) -> Result<Vec<Refusal>, Error> {
        let candidate = Candidate {
            header: &self.known.header,
            sha256: &self.known.sha256,
            org: self.known.header.org.as_deref(),
            again,
            // It is asked when the plan is applied.
            elsewhere: RunsElsewhere::NONE,
        };
        // The printed command includes server and organisation.
        let here = Circumstances {
            max_age,
            max_changes: self.max_changes,
            ..candidate.circumstances(&StateDir::new(common.state_dir.clone()))?
        };
        Ok(refusals(&self.known.header, &self.known.trailer, &here))
    }

    /// The plan in `file`, as it would be applied with `pace`; `show_each` is the command that shows each change.
    pub(super) fn report<'a>(
        &'a self,
        file: &'a KnownFile<'a>,
        pace: &'a Pace,
        rechecks: bool,
        show_each: Option<String>,
    ) -> PlanReport<'a> {
        PlanReport {
            header: &self.known.header,
            trailer: &self.known.trailer,
            sha256: &self.known.sha256,
            signed_by: self.known.signed_by.as_deref(),
            summary: &self.summary,
            items: file,
            pace,
            rechecks,
            broken_guards: self.broken_guards().iter().map(Refusal::sentence).collect(),
            show_each,
        }
    }

    /// Writes the plan in `file` before the question: to standard output, or to standard error if another document goes there (`beside`).
    pub(super) fn show(
        &self,
        beside: bool,
        file: &File,
        pace: &Pace,
        rechecks: bool,
        each: Option<String>,
        closing: &str,
    ) -> Result<(), Error> {
        let file = self.known.within(file);
        let report = self.report(&file, pace, rechecks, each);
        if beside {
            say(|out| report.write_text(out, STYLES, ListingDetail::First, closing));
            Ok(())
        } else {
            print_text(|out| report.write_text(out, STYLES, ListingDetail::First, closing))
        }
    }

    /// The result of a command that only planned. `detailed`: pending changes have their own exit code.
    pub(super) fn planned_only(
        &self,
        backend: &Backend,
        start: Instant,
        detailed: bool,
    ) -> (Summary, ExitCode) {
        let rejected = (self.known.trailer.rejected > 0).then_some(ExitCode::SomeFailed);
        let broken = (!self.broken_guards().is_empty()).then_some(ExitCode::Stopped);
        let pending = (detailed && self.known.trailer.changes > 0).then_some(ExitCode::Pending);
        let exit_code = ExitCode::of_all([rejected, broken, pending].into_iter().flatten());
        let traffic = backend.client.traffic();
        let session = Session {
            requests: traffic.requests,
            retries: 0,
            throttled: traffic.pushed_back,
            elapsed: start.elapsed(),
        };
        (self.known.result().dry_run(session), exit_code)
    }

    pub(super) fn broken_guards(&self) -> Vec<Refusal> {
        broken_guards(&self.known.header, &self.known.trailer, self.max_changes)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::{
        cli::Cli,
        plan::{CheckedBlocks, Trailer},
    };

    #[test]
    fn the_command_names_what_a_profile_could_choose_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().to_str().unwrap();
        for (server, org, path, words) in [
            (
                "https://workflows-execution.sls.epilot.io",
                json!("4711"),
                "x.plan",
                "x.plan --server https://workflows-execution.sls.epilot.io --org 4711",
            ),
            (
                "https://a.example",
                json!(null),
                "-x.plan",
                "./-x.plan --server https://a.example",
            ),
            ("sandbox", json!("4711"), "x.plan", "x.plan --sandbox"),
        ] {
            let line = ["wf-bulk", "--state-dir", folder, "status"];
            let common = Cli::read(line.map(OsString::from)).unwrap().common;
            let made = Timestamp::now();
            let header = serde_json::from_value(json!({
                "wf_bulk_plan": 1,
                "playbook": {"name": "p", "sha256": "00", "converges": true, "repeatable": false},
                "vars": {}, "server": server, "org": org, "now": made, "timezone": "UTC",
                "pace": {"rate": "8/s", "burst": 4, "concurrency": 4, "stop_after": 10},
                "guards": {"max_changes": 5, "allow": [], "rejected": "refuse"},
                "tool": "wf-bulk 0.1.0",
            }));
            let plan = Overview {
                known: KnownPlan {
                    header: header.unwrap(),
                    trailer: Trailer {
                        changes: 1,
                        groups: 1,
                        scanned: 1,
                        ..Trailer::default()
                    },
                    sha256: "5e".repeat(32),
                    blocks: CheckedBlocks::default(),
                    out_of_reach: 0,
                    signed_by: None,
                },
                summary: PlanSummary::new(TimeZone::UTC),
                max_changes: None,
            };
            let approved = "5e".repeat(32);
            assert_eq!(
                plan.how_to_apply(&common, Path::new(path)),
                ToApply::Command(format!(
                    "wf-bulk apply {words} --approved {approved} --state-dir {folder}"
                ))
            );
        }
    }
}
