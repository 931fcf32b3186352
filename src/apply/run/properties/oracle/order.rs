//! What the sessions must keep to, told from their records and their ends.

use std::collections::{BTreeMap, BTreeSet};

use super::{RunRule, Violation};
use crate::{
    checkpoint::{Record, RecordedOutcome},
    event::StopReason,
    outcome::Outcome,
    plan::Repeat,
    testing::{
        simulated_service::{ClientKnows, Fault},
        test_run::{EndedSession, TestRun},
    },
};

pub(super) fn check(test_run: &TestRun, found: &mut Vec<Violation>) {
    let Some((session, number)) = test_run.sessions.last().zip(Some(test_run.sessions.len()))
    else {
        return;
    };
    let mut broken = |rule, how: String| {
        found.push(Violation {
            rule,
            how: format!("session {number}: {how}"),
        });
    };
    let known = test_run.snapshot().state;
    if known.counts().total() != test_run.planned.len() as u64 {
        broken(RunRule::Lost, format!("{:?}", known.counts()));
    }
    if let Some(end) = &session.end {
        let is_disk = matches!(end.stopped, Some(StopReason::Checkpoint { .. }));
        if end.counts.total() != test_run.planned.len() as u64
            || !is_disk && end.counts != known.counts()
        {
            broken(RunRule::Lost, format!("{end:?}, and {:?}", known.counts()));
        }
        stop(test_run, session, number, &mut broken);
    }
    // With a smaller budget than the errors of earlier sessions nothing may be sent, so that it is kept as well.
    let largest = test_run
        .sessions
        .iter()
        .map(|session| session.settings.max_errors.unwrap_or(u64::MAX));
    if known.errors() > largest.max().unwrap_or(u64::MAX) {
        broken(RunRule::Budget, format!("{:?}", known.counts()));
    }
    dead_server(test_run, session, number, &mut broken);
    stages(test_run, &mut broken);
}

fn stop(
    test_run: &TestRun,
    session: &EndedSession,
    number: usize,
    broken: &mut impl FnMut(RunRule, String),
) {
    let Some(stopped) = session.end.as_ref().and_then(|end| end.stopped.as_ref()) else {
        return;
    };
    let world = test_run.service.world();
    let mut log = world.log.iter().filter(|sent| sent.session == number);
    let met = |fault: Fault| log.any(|sent| sent.fault == fault);
    match stopped {
        StopReason::Checkpoint { message }
            if !session.breaks || message.contains("can't follow") =>
        {
            broken(RunRule::Stop, message.clone());
        }
        StopReason::Bug { message } => {
            let mut met = met;
            if !met(Fault::Panic) {
                broken(RunRule::Stop, message.clone());
            }
        }
        StopReason::OtherOrganisation { .. } => broken(RunRule::Stop, format!("{stopped:?}")),
        StopReason::FailuresInARow { failures, .. } => {
            let mut log = world.log.iter().filter(|sent| sent.session == number);
            let mut troubled: BTreeSet<u64> = BTreeSet::new();
            for sent in &mut log {
                if matches!(sent.told, Some((ClientKnows::Yes | ClientKnows::Truth, _))) {
                    continue;
                }
                match &sent.write {
                    Some(key) => drop(troubled.insert(world.lines[key].0)),
                    // A read that fails is trouble of all of its changes.
                    None => troubled.extend(
                        test_run
                            .planned
                            .iter()
                            .filter(|(_, change)| change.group.as_str() == sent.execution)
                            .map(|(line, _)| *line),
                    ),
                }
            }
            if u64::from(*failures) > troubled.len() as u64 {
                broken(
                    RunRule::Streak,
                    format!("{failures} failures of {} changes", troubled.len()),
                );
            }
        }
        StopReason::Checkpoint { .. }
        | StopReason::Interrupted
        | StopReason::Unauthorized { .. }
        | StopReason::NothingGotThrough { .. }
        | StopReason::ErrorBudget { .. }
        | StopReason::Stage { .. }
        | StopReason::LongPause { .. } => {}
    }
}

/// When no request of a session got through, none of its changes has failed.
fn dead_server(
    test_run: &TestRun,
    session: &EndedSession,
    number: usize,
    broken: &mut impl FnMut(RunRule, String),
) {
    let world = test_run.service.world();
    let mut log = world
        .log
        .iter()
        .filter(|sent| sent.session == number)
        .peekable();
    if log.peek().is_none() || !log.all(|sent| matches!(sent.told, Some((ClientKnows::No(0), _)))) {
        return;
    }
    drop(world);
    let records = test_run.records();
    let failed = records
        .iter()
        .skip(session.records_before)
        .filter(|record| {
            matches!(
                record,
                Record::Ended {
                    outcome: RecordedOutcome::Failed,
                    ..
                }
            )
        });
    let failed = failed.count();
    if failed > 0 {
        broken(RunRule::DeadServer, format!("{failed} changes failed"));
    }
}

/// Where a change stands, as the records say so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    Waiting,
    Doubtful,
    Ended(Outcome),
}

/// Nothing of a stage starts before the stage before it is settled: nothing of it waits, and it has no errors but those
/// that a person has been told of, because an earlier session had come to its end.
fn stages(test_run: &TestRun, broken: &mut impl FnMut(RunRule, String)) {
    let groups: BTreeMap<&str, u64> = test_run
        .planned
        .values()
        .fold((BTreeMap::new(), 0), |(mut groups, mut next), change| {
            groups.entry(change.group.as_str()).or_insert_with(|| {
                next += 1;
                next - 1
            });
            (groups, next)
        })
        .0;
    let stage_of = |line: u64| {
        let group = groups[test_run.planned[&line].group.as_str()];
        test_run
            .settings
            .stages
            .iter()
            .position(|stage| stage.contains(&group))
    };
    let mut stands: BTreeMap<u64, Stands> = test_run
        .planned
        .keys()
        .map(|line| (*line, Stands::Waiting))
        .collect();
    // Attempts of these may have worked.
    let mut doubted: BTreeSet<u64> = BTreeSet::new();
    // Errors of each stage that the running session has brought, or found in a stage that was not settled.
    let mut fresh: BTreeSet<u64> = BTreeSet::new();
    for record in test_run.records() {
        match record {
            Record::Started { line, .. } => {
                let own = stage_of(line);
                let wrong = stands
                    .iter()
                    .filter(|(other, _)| stage_of(**other) < own)
                    .find(|(other, stands_at)| match stands_at {
                        Stands::Waiting => !is_blocked(test_run, &stands, **other),
                        Stands::Doubtful | Stands::Ended(_) => fresh.contains(other),
                    });
                if let Some((other, _)) = wrong {
                    broken(
                        RunRule::Stage,
                        format!("line {line} started before line {other} was settled"),
                    );
                    return;
                }
                stands.insert(line, Stands::Doubtful);
                fresh.insert(line);
            }
            Record::Throttled { line, .. } | Record::NoEffect { line, .. } => {
                // An earlier attempt may be in doubt all the same.
                let stands_at = if doubted.contains(&line) {
                    Stands::Doubtful
                } else {
                    Stands::Waiting
                };
                stands.insert(line, stands_at);
            }
            Record::Unknown { line, .. } => {
                doubted.insert(line);
                stands.insert(line, Stands::Doubtful);
            }
            Record::NotApplied { line, .. } => {
                doubted.remove(&line);
                stands.insert(line, Stands::Waiting);
            }
            Record::Ended { line, outcome, .. } => {
                let outcome = Outcome::from(outcome);
                stands.insert(line, Stands::Ended(outcome));
                if outcome.is_error() && outcome != Outcome::InDoubt {
                    fresh.insert(line);
                } else {
                    fresh.remove(&line);
                }
            }
            Record::Resumed { .. } => {
                let in_flight = stands
                    .iter()
                    .filter(|(_, stands_at)| **stands_at == Stands::Doubtful);
                doubted.extend(in_flight.map(|(line, _)| *line));
                // What a settled stage has of errors, a person knows.
                let settled: BTreeSet<usize> = (0..test_run.settings.stages.len())
                    .filter(|number| {
                        stands.iter().all(|(line, stands_at)| {
                            stage_of(*line) != Some(*number)
                                || *stands_at != Stands::Waiting
                                || is_blocked(test_run, &stands, *line)
                        })
                    })
                    .collect();
                fresh.retain(|line| stage_of(*line).is_none_or(|own| !settled.contains(&own)));
            }
            // A permission leaves the doubt.
            Record::SendAgain { .. }
            | Record::Looked { .. }
            | Record::Answered { .. }
            | Record::StageStopped { .. }
            | Record::Finished { .. }
            | Record::Abandoned { .. } => {}
        }
    }
}

/// Whether a change waits for one that did not succeed.
fn is_blocked(test_run: &TestRun, stands: &BTreeMap<u64, Stands>, line: u64) -> bool {
    let lines: Vec<u64> = test_run.planned.keys().copied().collect();
    super::truth::dependencies(test_run, line).any(|place| match stands[&lines[place]] {
        Stands::Ended(Outcome::Applied | Outcome::AlreadyDone) => false,
        Stands::Ended(_) => true,
        // No read can settle it.
        Stands::Doubtful => {
            let doubtful = &test_run.planned[&lines[place]];
            doubtful.repeat == Repeat::Once || doubtful.after.is_empty()
        }
        Stands::Waiting => is_blocked(test_run, stands, lines[place]),
    })
}
