use serde_json::json;

use super::*;
use crate::{
    plan::{Change, Item},
    report::{
        change_facts::AttemptTimes, plan_summary::tests::change, run_words, runs::tests::run,
        undone::UndoRun, words::tests::task,
    },
    testing::samples::plan_header,
};

/// What the tests of all formats show.
#[derive(Debug)]
pub(in crate::present::report) struct RunSample {
    pub(in crate::present::report) changes: Vec<(Change, Outcome, Option<String>)>,
    pub(in crate::present::report) ending: Option<Ending>,
    pub(in crate::present::report) is_worked_on: bool,
    pub(in crate::present::report) stopped: Option<String>,
    pub(in crate::present::report) timeline: String,
    pub(in crate::present::report) has_results: bool,
    /// For `edit`.
    pub(in crate::present::report) said: String,
    pub(in crate::present::report) edit: fn(&mut RunLine, &str),
}

/// A change of the task with this name.
pub(in crate::present::report) fn planned(number: usize, name: &str) -> Change {
    let mut target = task(&format!("e{number}"), "t", name);
    target.within = vec!["Moving".to_owned()];
    let item = change(
        target,
        "reassign",
        "assigned_to",
        json!(["1"]),
        json!(["2"]),
    );
    let Item::Change(change) = item else {
        unreachable!("a change was made")
    };
    *change
}

impl RunSample {
    /// A run that has ended, with changes of these outcomes and messages.
    pub(in crate::present::report) fn of(ends: &[(Outcome, Option<&str>)]) -> Self {
        let changes = ends.iter().enumerate();
        Self {
            changes: changes
                .map(|(number, (outcome, message))| {
                    (
                        planned(number, "Call"),
                        *outcome,
                        message.map(str::to_owned),
                    )
                })
                .collect(),
            ending: Some(Ending::Finished {
                at: 1_796_119_300_000,
            }),
            is_worked_on: false,
            stopped: None,
            timeline: String::new(),
            has_results: true,
            said: String::new(),
            edit: |_, _| {},
        }
    }

    /// Hands over the report.
    pub(in crate::present::report) fn report<T>(&self, show: impl FnOnce(RunReport<'_>) -> T) -> T {
        let mut line = run(&[], self.is_worked_on, self.ending.clone());
        (self.edit)(&mut line, &self.said);
        let mut collector = ChangeCollector {
            is_running: line.is_running(),
            ..ChangeCollector::default()
        };
        for (change, outcome, message) in &self.changes {
            let is_sent = !matches!(outcome, Outcome::NotAttempted | Outcome::Drifted);
            let end = ChangeEnd {
                change,
                outcome: *outcome,
                detail: message.clone(),
                message: message.clone(),
                line: 1,
                doubt: None,
                about: (*outcome == Outcome::InDoubt).then(|| "look at its assignee".to_owned()),
                attempts: AttemptTimes {
                    number: u32::from(is_sent),
                    took_at_most_ms: is_sent.then_some(40),
                    ..AttemptTimes::default()
                },
            };
            collector.add(&end, &mut |_| Ok(())).unwrap();
        }
        line.counts = collector.numbers.outcomes.clone();
        let header = plan_header();
        let trailer = Trailer {
            changes: self.changes.len() as u64,
            groups: self.changes.len() as u64,
            skipped: 3,
            ..Trailer::default()
        };
        let invocation = Invocation::default();
        show(RunReport {
            findings: RunFindings {
                run: RunOverview {
                    line,
                    header: &header,
                    trailer: &trailer,
                    signed: PlanSigned::No,
                    invocation: &invocation,
                    zone: TimeZone::UTC,
                },
                numbers: collector.numbers,
                timeline: Timeline::read(self.timeline.as_bytes()).unwrap(),
                stopped: self.stopped.clone(),
                results: self.has_results.then(|| "runs/x/results.csv".into()),
            },
            groups: collector.groups.finish().unwrap(),
        })
    }
}

/// Two sessions, with answers of 429, a pause and two stages.
pub(in crate::present::report) const TIMELINE: &str = r#"{"began":{"wf_bulk_timeline":1,"at":1796119200000,"rate":8.0,"concurrency":4}}
{"stage":{"at":1796119200000,"number":1,"of":2,"executions":2}}
{"second":{"at":1796119201000,"ms":1000,"requests":8,"retries":0,"throttled":1,"in_flight":2,"rate":4.0,"outcomes":{"applied":4,"refused":1}}}
{"pause":{"at":1796119201000,"ms":2000}}
{"second":{"at":1796119204000,"ms":1000,"requests":4,"retries":1,"throttled":0,"in_flight":0,"rate":4.8,"outcomes":{"applied":2}}}
{"stop":{"at":1796119204000,"reason":"interrupted"}}
{"end":{"at":1796119204000}}
{"began":{"wf_bulk_timeline":1,"at":1796122800000,"rate":8.0,"concurrency":4}}
{"stage":{"at":1796122801000,"number":2,"of":2,"executions":8}}
{"second":{"at":1796122801000,"ms":1000,"requests":6,"retries":0,"throttled":0,"in_flight":1,"rate":8.0,"outcomes":{"already_done":3}}}
{"end":{"at":1796122802000}}
"#;

/// Changes with every outcome.
pub(in crate::present::report) fn mixed() -> RunSample {
    let mut ends = vec![(Outcome::Applied, None); 6];
    ends.extend([(Outcome::Refused, Some("400: no such <b>user</b>")); 5]);
    ends.extend([
        (Outcome::AlreadyDone, None),
        (Outcome::InDoubt, Some("the answer did not come")),
        (Outcome::Drifted, Some("status is `DONE` | not PENDING")),
        (Outcome::Gone, Some("404")),
        (Outcome::Failed, Some("connection refused")),
        (
            Outcome::NotAttempted,
            Some("the run has not reached this change"),
        ),
    ]);
    RunSample {
        timeline: TIMELINE.to_owned(),
        ..RunSample::of(&ends)
    }
}

#[test]
fn what_a_running_run_may_still_do_is_no_problem() {
    let running = RunSample {
        ending: None,
        is_worked_on: true,
        ..mixed()
    };
    let sections = running.report(|report| report.groups.largest_of_each().unwrap());
    let outcomes: Vec<Outcome> = sections.iter().map(|(outcome, _)| *outcome).collect();
    assert_eq!(
        outcomes,
        [
            Outcome::Failed,
            Outcome::Refused,
            Outcome::Drifted,
            Outcome::Gone
        ]
    );
    running.report(|report| {
        let view = report.findings.view();
        assert_eq!((view.planned, view.outcomes.get(Outcome::InDoubt)), (17, 1));
        assert_eq!(view.undo.command, None);
    });
}

/// By one run, which was itself undone by another one.
fn undo(line: &RunLine, changes: u64, is_undone: bool) -> Undone {
    let run = line.settings.run;
    Undone(vec![UndoRun {
        run,
        changes,
        in_doubt: 0,
        undone_by: is_undone.then_some(run),
    }])
}

#[test]
fn the_way_back_is_offered_once() {
    let command =
        |sample: &RunSample| sample.report(|report| report.findings.view().undo.command.is_some());
    assert!(command(&mixed()));
    let undone = RunSample {
        edit: |line, _| line.undone = undo(line, 6, false),
        ..mixed()
    };
    assert!(!command(&undone));
    let in_part = RunSample {
        edit: |line, _| line.undone = undo(line, 1, false),
        ..mixed()
    };
    assert!(command(&in_part));
    let said = in_part.report(|report| run_words::way_back(&report.findings.view().undo));
    assert!(said.starts_with("It was undone in part: 1 of "), "{said}");
    let in_force_again = RunSample {
        edit: |line, _| line.undone = undo(line, 0, true),
        ..mixed()
    };
    assert!(command(&in_force_again));
    in_force_again.report(|report| {
        let undo = report.findings.view().undo;
        assert_eq!(undo.undone_by, None);
        let said = run_words::way_back(&undo);
        assert!(
            said.contains("are in force again. 6 applied changes can be undone."),
            "{said}"
        );
    });
    assert!(!command(&RunSample::of(&[(Outcome::Refused, None)])));
    let gone = RunSample {
        edit: |line, _| line.is_without_data = true,
        ..mixed()
    };
    assert!(!command(&gone));
}
