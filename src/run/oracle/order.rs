//! What the sessions must keep to, told from their records and their ends.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        fake_service::Fault,
        stage::{Session, Stage},
        world::Told,
    },
    Rule, Violation,
};
use crate::{
    checkpoint::{Record, RecordedOutcome},
    event::StopReason,
    outcome::Outcome,
    plan::Repeat,
};

pub(super) fn check(stage: &Stage, found: &mut Vec<Violation>) {
    let Some((session, number)) = stage.sessions.last().zip(Some(stage.sessions.len())) else {
        return;
    };
    let mut broken = |rule, how: String| {
        found.push(Violation {
            rule,
            how: format!("session {number}: {how}"),
        });
    };
    let known = stage.snapshot().state;
    if known.counts().total() != stage.planned.len() as u64 {
        broken(Rule::Lost, format!("{:?}", known.counts()));
    }
    if let Some(end) = &session.end {
        let is_disk = matches!(end.stopped, Some(StopReason::Checkpoint { .. }));
        if end.counts.total() != stage.planned.len() as u64
            || !is_disk && end.counts != known.counts()
        {
            broken(Rule::Lost, format!("{end:?}, and {:?}", known.counts()));
        }
        stop(stage, session, number, &mut broken);
    }
    // With a smaller budget than the errors of earlier sessions nothing may be sent, so that it is kept as well.
    let largest = stage
        .sessions
        .iter()
        .map(|session| session.settings.max_errors.unwrap_or(u64::MAX));
    if known.errors() > largest.max().unwrap_or(u64::MAX) {
        broken(Rule::Budget, format!("{:?}", known.counts()));
    }
    dead_server(stage, session, number, &mut broken);
    stages(stage, &mut broken);
}

fn stop(stage: &Stage, session: &Session, number: usize, broken: &mut impl FnMut(Rule, String)) {
    let Some(stopped) = session.end.as_ref().and_then(|end| end.stopped.as_ref()) else {
        return;
    };
    let world = stage.service.world();
    let mut log = world.log.iter().filter(|sent| sent.session == number);
    let met = |fault: Fault| log.any(|sent| sent.fault == fault);
    match stopped {
        StopReason::Checkpoint { message }
            if !session.breaks || message.contains("can't follow") =>
        {
            broken(Rule::Stop, message.clone());
        }
        StopReason::Bug { message } => {
            let mut met = met;
            if !met(Fault::Panic) {
                broken(Rule::Stop, message.clone());
            }
        }
        StopReason::OtherOrganisation { .. } => broken(Rule::Stop, format!("{stopped:?}")),
        StopReason::FailuresInARow { failures, .. } => {
            let mut log = world.log.iter().filter(|sent| sent.session == number);
            let mut troubled: BTreeSet<u64> = BTreeSet::new();
            for sent in &mut log {
                if matches!(sent.told, Some((Told::Yes | Told::Truth, _))) {
                    continue;
                }
                match &sent.write {
                    Some(key) => drop(troubled.insert(world.lines[key].0)),
                    // A read that fails is trouble of all of its changes.
                    None => troubled.extend(
                        stage
                            .planned
                            .iter()
                            .filter(|(_, change)| change.group.as_str() == sent.execution)
                            .map(|(line, _)| *line),
                    ),
                }
            }
            if u64::from(*failures) > troubled.len() as u64 {
                broken(
                    Rule::Streak,
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
    stage: &Stage,
    session: &Session,
    number: usize,
    broken: &mut impl FnMut(Rule, String),
) {
    let world = stage.service.world();
    let mut log = world
        .log
        .iter()
        .filter(|sent| sent.session == number)
        .peekable();
    if log.peek().is_none() || !log.all(|sent| matches!(sent.told, Some((Told::No(0), _)))) {
        return;
    }
    drop(world);
    let records = stage.records();
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
        broken(Rule::DeadServer, format!("{failed} changes failed"));
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
fn stages(stage: &Stage, broken: &mut impl FnMut(Rule, String)) {
    let groups: BTreeMap<&str, u64> = stage
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
        let group = groups[stage.planned[&line].group.as_str()];
        stage
            .settings
            .stages
            .iter()
            .position(|stage| stage.contains(&group))
    };
    let mut stands: BTreeMap<u64, Stands> = stage
        .planned
        .keys()
        .map(|line| (*line, Stands::Waiting))
        .collect();
    // Attempts of these may have worked.
    let mut doubted: BTreeSet<u64> = BTreeSet::new();
    // Errors of each stage that the running session has brought, or found in a stage that was not settled.
    let mut fresh: BTreeSet<u64> = BTreeSet::new();
    for record in stage.records() {
        match record {
            Record::Started { line, .. } => {
                let own = stage_of(line);
                let wrong = stands
                    .iter()
                    .filter(|(other, _)| stage_of(**other) < own)
                    .find(|(other, stands_at)| match stands_at {
                        Stands::Waiting => !is_blocked(stage, &stands, **other),
                        Stands::Doubtful | Stands::Ended(_) => fresh.contains(other),
                    });
                if let Some((other, _)) = wrong {
                    broken(
                        Rule::Stage,
                        format!("line {line} started before line {other} was settled"),
                    );
                    return;
                }
                stands.insert(line, Stands::Doubtful);
                fresh.insert(line);
            }
            Record::Throttled { line, .. } | Record::NotSent { line, .. } => {
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
                let settled: BTreeSet<usize> = (0..stage.settings.stages.len())
                    .filter(|number| {
                        stands.iter().all(|(line, stands_at)| {
                            stage_of(*line) != Some(*number)
                                || *stands_at != Stands::Waiting
                                || is_blocked(stage, &stands, *line)
                        })
                    })
                    .collect();
                fresh.retain(|line| stage_of(*line).is_none_or(|own| !settled.contains(&own)));
            }
            // A permission leaves the doubt.
            Record::SendAgain { .. }
            | Record::StageStopped { .. }
            | Record::Finished { .. }
            | Record::Abandoned { .. } => {}
        }
    }
}

/// Whether a change waits for one that did not succeed.
fn is_blocked(stage: &Stage, stands: &BTreeMap<u64, Stands>, line: u64) -> bool {
    let lines: Vec<u64> = stage.planned.keys().copied().collect();
    super::truth::dependencies(stage, line).any(|place| match stands[&lines[place]] {
        Stands::Ended(Outcome::Applied | Outcome::AlreadyDone) => false,
        Stands::Ended(_) => true,
        // No read can settle it.
        Stands::Doubtful => {
            let doubtful = &stage.planned[&lines[place]];
            doubtful.repeat == Repeat::Once || doubtful.after.is_empty()
        }
        Stands::Waiting => is_blocked(stage, stands, lines[place]),
    })
}
