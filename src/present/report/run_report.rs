//! The report of a run, for every format: what was planned, what became of it, and what needs a person.

use std::{
    io::{self, BufRead, BufReader},
    path::PathBuf,
};

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::{
    change_walk::{ChangeEnd, each_change},
    outcome_groups::{GroupCollector, OutcomeGroups},
    reported_change::{ReportedChange, Visit},
    run_files::{RunFilesError, last_stop, why_open},
    run_numbers::{ActionCounts, AttemptsCount, DurationCount, RunNumbers},
    runs::{NextStep, RunLine},
    timeline::Timeline,
    undone::Undone,
};
use crate::{
    checkpoint::Ending,
    invocation::Invocation,
    outcome::{Counts, Outcome},
    pace::Pace,
    plan::{Follows, PlanHeader, PlanReader, Trailer},
    store::{Operator, RunFolder, RunId},
};

/// What is known of the signature of a run's plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanSigned {
    /// There is no signature.
    No,
    /// There is one, and it was not checked.
    Unchecked,
    /// By this signer, whose signature was checked.
    By(String),
}

/// A run whose plan was read completely, with a correct digest.
#[derive(Debug)]
pub struct RunOverview<'a> {
    pub line: RunLine,
    pub header: &'a PlanHeader,
    pub trailer: &'a Trailer,
    pub signed: PlanSigned,
    /// The flags that printed commands repeat.
    pub invocation: &'a Invocation,
    /// For moments that people read.
    pub zone: TimeZone,
}

/// The report of a run. Each format is a method in its own file.
#[derive(Debug)]
pub struct RunReport<'a> {
    pub(super) findings: RunFindings<'a>,
    /// Its changes that need attention.
    pub(super) groups: OutcomeGroups,
}

/// What is in a report beside the lists of changes.
#[derive(Debug)]
pub(super) struct RunFindings<'a> {
    pub(super) run: RunOverview<'a>,
    pub(super) numbers: RunNumbers,
    pub(super) timeline: Option<Timeline>,
    /// Why the last session stopped early.
    pub(super) stopped: Option<String>,
    /// The file with all changes, if it is there.
    pub(super) results: Option<PathBuf>,
}

impl<'a> RunReport<'a> {
    /// Reads plan, checkpoint and timeline side by side; `visit` gets each change.
    ///
    /// # Errors
    ///
    /// If plan or checkpoint can't be read, the disk for sorting fails, or `visit` does.
    pub fn read(
        folder: &RunFolder,
        mut run: RunOverview<'a>,
        plan: PlanReader<impl BufRead>,
        visit: Visit<'_>,
    ) -> Result<Self, RunFilesError> {
        let (counts, ending) = (&run.line.counts, run.line.ending.as_ref());
        let why = why_open(folder, counts, ending);
        let stopped = match ending {
            Some(_) => None,
            None => last_stop(folder, counts),
        };
        let mut collector = ChangeCollector {
            is_running: run.line.is_running(),
            ..ChangeCollector::default()
        };
        each_change(folder, plan, &why, |end| collector.add(end, visit))?;
        // While a process works on the run, it has written more since.
        run.line.counts = collector.numbers.outcomes.clone();
        // What can't be read is not shown: it is for people only.
        let timeline = folder.open(RunFolder::timeline);
        let timeline = timeline.and_then(|file| Timeline::read(BufReader::new(file)).ok()?);
        let results = folder.results_csv();
        Ok(Self {
            findings: RunFindings {
                run,
                numbers: collector.numbers,
                timeline,
                stopped,
                results: results.exists().then_some(results),
            },
            groups: collector.groups.finish()?,
        })
    }
}

/// Takes what became of each change.
#[derive(Debug, Default)]
struct ChangeCollector {
    is_running: bool,
    numbers: RunNumbers,
    groups: GroupCollector,
}

impl ChangeCollector {
    fn add(&mut self, end: &ChangeEnd<'_>, visit: Visit<'_>) -> io::Result<()> {
        self.numbers.add(end);
        let may_change = self.is_running && is_open(end);
        if !may_change {
            self.groups.add(end)?;
        }
        let problem = if may_change { None } else { end.problem() };
        visit(&ReportedChange { end, problem })
    }
}

impl RunFindings<'_> {
    /// The content of every format, except for the lists that grow with the run.
    pub(super) fn view(&self) -> RunView<'_> {
        let RunOverview {
            line,
            header,
            trailer,
            signed,
            invocation,
            ..
        } = &self.run;
        let settings = &line.settings;
        let ended_at = match &line.ending {
            Some(Ending::Finished { at } | Ending::Abandoned { at, .. }) => {
                Timestamp::from_millisecond(*at).ok()
            }
            None => None,
        };
        let undone_by = line.undone.in_force().map(|undo| undo.run);
        let undo = || invocation.command("undo", &[&settings.run.to_string()]);
        let can_undo = self.numbers.can_be_undone > 0
            && (undone_by.is_none() || line.undone.changes() < self.numbers.can_be_undone)
            && !line.is_running()
            && !line.is_without_data;
        RunView {
            run: settings.run,
            playbook: &settings.playbook,
            server: &settings.server,
            org: settings.org.as_deref(),
            standing: line.standing(),
            stopped: self.stopped.as_deref(),
            abandoned: match &line.ending {
                Some(Ending::Abandoned { reason, .. }) => Some(reason),
                Some(Ending::Finished { .. }) | None => None,
            },
            planned_as_of: header.now,
            started_at: settings.started_at,
            ended_at,
            reason: settings.reason.as_deref(),
            by: settings.by.as_ref(),
            plan_sha256: &settings.plan_sha256,
            signed,
            follows: line.follows.as_ref(),
            followed_by: (line.followed_by.iter())
                .map(|&(run, by)| Follows { run, by })
                .collect(),
            planned: line.counts.total(),
            executions: trailer.groups,
            skipped: trailer.skipped,
            rejected: trailer.rejected,
            outcomes: &line.counts,
            actions: self.numbers.actions(),
            // The headline says that it is running.
            next_steps: if line.is_running() {
                Vec::new()
            } else {
                line.next_steps(invocation)
            },
            undo: UndoView {
                can_be_undone: self.numbers.can_be_undone,
                can_not_be_undone: self.numbers.can_not_be_undone,
                undone: &line.undone,
                undone_by,
                command: can_undo.then(undo),
            },
            pace: &settings.pace,
            rechecks: settings.recheck,
            durations: self.numbers.durations(),
            untimed: self.numbers.untimed(),
            attempts: self.numbers.attempts(),
            timeline: self.timeline.as_ref(),
            folder: line.folder.display().to_string(),
            results: (self.results.as_ref()).map(|results| results.display().to_string()),
            to_write_results: (self.results.is_none())
                .then(|| invocation.command("status", &[&settings.run.to_string()])),
        }
    }
}

/// Whether a change may still get another outcome from the process that works on it.
fn is_open(end: &ChangeEnd<'_>) -> bool {
    match end.outcome {
        Outcome::InDoubt | Outcome::NotAttempted => true,
        Outcome::Applied
        | Outcome::AlreadyDone
        | Outcome::Drifted
        | Outcome::Gone
        | Outcome::Refused
        | Outcome::Failed => false,
    }
}

/// The content of each format. Serialised, it is the document of `report --format json`: scripts depend on its names.
#[derive(Debug, Serialize)]
pub(super) struct RunView<'a> {
    pub(super) run: RunId,
    pub(super) playbook: &'a str,
    pub(super) server: &'a str,
    pub(super) org: Option<&'a str>,
    pub(super) standing: &'static str,
    /// Why the last session stopped early.
    pub(super) stopped: Option<&'a str>,
    pub(super) abandoned: Option<&'a str>,
    pub(super) planned_as_of: Timestamp,
    pub(super) started_at: Timestamp,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) reason: Option<&'a str>,
    pub(super) by: Option<&'a Operator>,
    pub(super) plan_sha256: &'a str,
    pub(super) signed: &'a PlanSigned,
    pub(super) follows: Option<&'a Follows>,
    pub(super) followed_by: Vec<Follows>,
    pub(super) planned: u64,
    /// With a change.
    pub(super) executions: u64,
    pub(super) skipped: u64,
    pub(super) rejected: u64,
    pub(super) outcomes: &'a Counts,
    pub(super) actions: Vec<ActionCounts>,
    pub(super) next_steps: Vec<NextStep>,
    pub(super) undo: UndoView<'a>,
    pub(super) pace: &'a Pace,
    pub(super) rechecks: bool,
    pub(super) durations: Vec<DurationCount>,
    pub(super) untimed: u64,
    pub(super) attempts: Vec<AttemptsCount>,
    pub(super) timeline: Option<&'a Timeline>,
    pub(super) folder: String,
    /// The file with every change.
    pub(super) results: Option<String>,
    /// The command that writes it, if it is not there.
    pub(super) to_write_results: Option<String>,
}

/// The way back.
#[derive(Debug, Serialize)]
pub(super) struct UndoView<'a> {
    /// Applied changes that a request can undo.
    pub(super) can_be_undone: u64,
    pub(super) can_not_be_undone: u64,
    #[serde(skip)]
    pub(super) undone: &'a Undone,
    /// None if that undo was undone itself.
    pub(super) undone_by: Option<RunId>,
    /// The command, if there is something that it could undo now.
    pub(super) command: Option<String>,
}

impl RunView<'_> {
    /// Changes that took effect, or had it before.
    pub(super) fn done(&self) -> u64 {
        self.outcomes.get(Outcome::Applied) + self.outcomes.get(Outcome::AlreadyDone)
    }
}

#[cfg(test)]
pub(super) mod tests;
