//! The rules that every run must meet, checked against the plan and the simulated service.
//!
//! One file because each rule judges the same case, which is made here.

mod order;
mod truth;

use std::{fmt, fmt::Write as _, time::Duration};

use tokio::time::Instant;

use crate::{
    api::{Level, Operation},
    checkpoint::Record,
    event::StopReason,
    outcome::Outcome,
    plan::{Change, Repeat},
    run::DoubtAnswer,
    testing::{
        simulated_service::{ClientKnows, ExecutionVersion, Key, LoggedRequest, Who},
        test_run::{EndedSession, SETTLE, TestRun},
    },
};
use truth::{shows, target_of};

/// How old may be what a write builds on: nothing that somebody else changed longer ago is overwritten.
pub(super) const STALE: Duration = Duration::from_secs(5);

/// A rule that a run broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RunRule {
    /// `applied`: a request of ours took effect; or one may have, and the world shows the effect.
    Applied,
    /// `already_done`, `drifted`, `refused`, `failed`, `not_attempted`: no request of ours took effect.
    NoEffect,
    /// What is not safe to repeat takes effect once, and is sent again only when it was denied, disproved, or permitted.
    Blind,
    /// What may have worked and can't be looked up stays in doubt until it is applied, gone, or a person ends it.
    Forgotten,
    /// `drifted`: somebody else changed something that the change builds on.
    OwnDrift,
    /// `gone`, `already_done`: it really is.
    NotGone,
    /// A write overwrites nothing that somebody else did long before it left.
    Overwritten,
    /// Whatever nobody disturbed is applied when all is well again.
    Stuck,
    /// What a read can tell is told, also when no change may fail any more.
    Unjudged,
    /// Planned is the sum of the outcomes.
    Lost,
    /// No more errors than `max_errors` allows.
    Budget,
    /// A stage begins when the one before it is settled without errors.
    Stage,
    /// Failures in a row are as many changes.
    Streak,
    /// A server that can't be reached fails no change.
    DeadServer,
    /// A run stops only for a reason that there is.
    Stop,
    /// A run in which all is well comes to its end.
    Endless,
}

/// How a rule was broken.
#[derive(Clone, Debug)]
pub(super) struct Violation {
    pub(super) rule: RunRule,
    pub(super) how: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.how)
    }
}

/// One change with all that is known of it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that don't exclude each other"
)]
struct ChangeCase<'a> {
    line: u64,
    change: &'a Change,
    operation: Operation,
    key: &'a Key,
    outcome: Option<Outcome>,
    /// Without an end, and an attempt may have worked.
    doubtful: bool,
    /// An intent is on disk of which no record says that nothing was sent: the disk broke just then.
    left_an_intent: bool,
    /// A session was told what became of it, and was killed before that was written down, or could not write any more.
    died_with_the_answer: bool,
    /// What somebody else brought about of its group moved what our own request would have moved.
    was_helped: bool,
    sends: Vec<&'a LoggedRequest>,
    /// Everything that was ever sent.
    log: &'a [LoggedRequest],
    effects: usize,
    versions: &'a [ExecutionVersion],
}

impl ChangeCase<'_> {
    /// Sends of which the client does not know whether they worked.
    fn unknown(&self) -> impl Iterator<Item = &LoggedRequest> {
        let is_unknown = |sent: &&&LoggedRequest| {
            !matches!(sent.told, Some((ClientKnows::No(_) | ClientKnows::Yes, _)))
        };
        self.sends.iter().filter(is_unknown).copied()
    }

    fn disturbed(&self) -> bool {
        self.versions
            .iter()
            .any(|version| version.who == Who::Somebody)
    }

    /// Whether the world showed the effect at some time after `since`.
    fn shown_since(&self, since: Option<Instant>) -> bool {
        // What held at that moment holds from the last change before it on.
        let first = since.map_or(0, |since| {
            let earlier = self
                .versions
                .iter()
                .rposition(|version| version.at <= since);
            earlier.unwrap_or_default()
        });
        self.versions[first..]
            .iter()
            .any(|version| shows(self.change, &self.operation, version.execution.as_ref()))
    }

    fn is_there(&self) -> bool {
        let last = self
            .versions
            .last()
            .and_then(|version| version.execution.as_ref());
        self.change.target.kind == Level::Entity
            || last.is_some_and(|execution| target_of(&self.operation, execution).is_some())
    }
}

/// What holds after every session.
pub(super) fn after_session(test_run: &TestRun) -> Vec<Violation> {
    let mut found = Vec::new();
    for_each_case(test_run, |case| {
        let mut broken = |rule, how: String| {
            found.push(Violation {
                rule,
                how: format!(
                    "line {} ({}), {:?}: {how}",
                    case.line, case.key, case.outcome
                ),
            });
        };
        outcome_is_true(case, &mut broken);
        repetitions(case, &test_run.sessions, &mut broken);
        if !builds_on_the_present(case, &test_run.sessions) {
            broken(
                RunRule::Overwritten,
                "what it builds on had been changed by somebody else".to_owned(),
            );
        }
    });
    order::check(test_run, &mut found);
    found
}

/// What holds in the end, when all has been well for some sessions.
pub(super) fn in_the_end(test_run: &TestRun) -> Vec<Violation> {
    let mut found = Vec::new();
    // A stage in which somebody else hides whether a request in doubt worked waits for a person's word.
    let mut waits_for_a_person = false;
    for_each_case(test_run, |case| {
        waits_for_a_person |= case.doubtful && case.disturbed();
    });
    let last = test_run
        .sessions
        .last()
        .and_then(|session| session.end.as_ref());
    let stopped = last.and_then(|end| end.stopped.as_ref());
    waits_for_a_person &= matches!(stopped, Some(StopReason::Stage { .. }));
    let outcomes = test_run.outcomes();
    for_each_case(test_run, |case| {
        let has_met = |is_it: fn(&LoggedRequest) -> bool| case.sends.iter().any(|sent| is_it(sent));
        let blocked = truth::dependencies(test_run, case.line).any(|place| {
            !matches!(
                outcomes[place],
                Some(Outcome::Applied | Outcome::AlreadyDone)
            )
        });
        let trouble = case.log.iter().any(|sent| {
            sent.execution == case.change.group.as_str()
                && !matches!(sent.told, Some((ClientKnows::Yes | ClientKnows::Truth, _)))
        });
        let fine = case.disturbed()
            || match case.outcome {
                // In doubt by a person's word.
                Some(Outcome::Applied | Outcome::AlreadyDone | Outcome::InDoubt) => true,
                Some(Outcome::Refused) => {
                    has_met(|sent| matches!(sent.told, Some((ClientKnows::No(400..=499), _))))
                }
                Some(Outcome::Failed) => trouble,
                // It is not started a second time.
                Some(Outcome::Drifted) => {
                    truth::had_its_automation_started(case.change, &case.operation, case.versions)
                }
                Some(Outcome::Gone | Outcome::NotAttempted) => false,
                None if case.doubtful => case.change.repeat == Repeat::Once,
                None => blocked || waits_for_a_person,
            };
        if !fine {
            found.push(Violation {
                rule: RunRule::Stuck,
                how: format!(
                    "line {} ({}), {:?}, in doubt: {}",
                    case.line, case.key, case.outcome, case.doubtful
                ),
            });
        }
    });
    found
}

/// What holds after a session in which all was well, and that was not cut.
pub(super) fn after_a_good_session(test_run: &TestRun) -> Vec<Violation> {
    let mut found = Vec::new();
    for_each_case(test_run, |case| {
        if case.doubtful
            && case.effects > 0
            && case.change.repeat == Repeat::Readable
            && !case.disturbed()
        {
            found.push(Violation {
                rule: RunRule::Unjudged,
                how: format!(
                    "line {} ({}) is in doubt and can be seen to have worked",
                    case.line, case.key
                ),
            });
        }
    });
    found
}

fn for_each_case(test_run: &TestRun, mut look: impl FnMut(&ChangeCase<'_>)) {
    let known = test_run.snapshot().state;
    let world = test_run.service.world();
    let none = Vec::new();
    let records = test_run.records();
    for (line, key) in test_run.keys() {
        let change = &test_run.planned[&line];
        let open = known.open(line);
        let sends: Vec<&LoggedRequest> = world
            .log
            .iter()
            .filter(|sent| sent.write.as_ref() == Some(key))
            .collect();
        look(&ChangeCase {
            line,
            change,
            operation: change.operation().unwrap(),
            key,
            outcome: known.outcome(line),
            doubtful: open.is_some_and(|open| open.doubtful),
            died_with_the_answer: sends.iter().any(|sent| {
                let session = test_run.sessions.get(sent.session - 1);
                session.is_some_and(|session| session.end.is_none() || session.breaks)
            }),
            left_an_intent: intents(&records, line) > sends.len(),
            was_helped: test_run.keys().any(|(other, other_key)| {
                let helped = &test_run.planned[&other];
                let by_us = world.ledger.contains(other_key);
                helped.group == change.group
                    && !helped.effects.is_empty()
                    && match known.outcome(other) {
                        // Of what a person left in doubt nobody can tell which of the two it was.
                        Some(Outcome::AlreadyDone | Outcome::InDoubt) => true,
                        // Somebody else did the same while ours was in doubt.
                        Some(Outcome::Applied) => !by_us,
                        None => helped.repeat == Repeat::Once && known.open(other).is_some(),
                        Some(_) => false,
                    }
            }),
            sends,
            log: &world.log,
            effects: world.ledger.iter().filter(|effect| *effect == key).count(),
            versions: world.versions.get(change.group.as_str()).unwrap_or(&none),
        });
    }
}

/// How often a change was started, as the records say.
fn intents(records: &[Record], of: u64) -> usize {
    let is_it = |record: &&Record| matches!(record, Record::Started { line, .. } if *line == of);
    records.iter().filter(is_it).count()
}

fn outcome_is_true(case: &ChangeCase<'_>, broken: &mut impl FnMut(RunRule, String)) {
    let first_unknown = case.unknown().map(|sent| sent.at).min();
    match case.outcome {
        Some(Outcome::Applied) => {
            let by_somebody = first_unknown.is_some() && case.shown_since(first_unknown);
            // The next session knows of an intent only.
            let by_the_records = case.left_an_intent || case.died_with_the_answer;
            if case.effects == 0 && !by_somebody && !by_the_records {
                broken(RunRule::Applied, "nothing of ours took effect".to_owned());
            }
        }
        Some(Outcome::AlreadyDone | Outcome::Drifted | Outcome::Refused | Outcome::Failed) => {
            if case.effects > 0 {
                broken(RunRule::NoEffect, format!("{} effects", case.effects));
            }
        }
        // Of what is gone nobody can tell whether an attempt in doubt had reached it.
        Some(Outcome::Gone) => {
            if case.effects > 0 && first_unknown.is_none() && !case.died_with_the_answer {
                broken(RunRule::NoEffect, format!("{} effects", case.effects));
            }
        }
        Some(Outcome::InDoubt | Outcome::NotAttempted) => {}
        None => {
            if case.effects > 0 && !case.doubtful {
                broken(RunRule::NoEffect, "it counts as not attempted".to_owned());
            }
        }
    }
    if case.change.repeat == Repeat::Once
        && first_unknown.is_some()
        && !case.doubtful
        && !matches!(
            case.outcome,
            Some(Outcome::Applied | Outcome::Gone | Outcome::InDoubt)
        )
    {
        broken(RunRule::Forgotten, "an attempt may have worked".to_owned());
    }
    match case.outcome {
        Some(Outcome::Drifted)
            if !truth::was_changed_by_somebody(case.change, &case.operation, case.versions)
                && !truth::had_its_automation_started(
                    case.change,
                    &case.operation,
                    case.versions,
                ) =>
        {
            broken(RunRule::OwnDrift, "nobody else changed it".to_owned());
        }
        Some(Outcome::Gone) if case.is_there() => {
            broken(RunRule::NotGone, "it is there".to_owned());
        }
        Some(Outcome::AlreadyDone) if !case.shown_since(None) => {
            broken(
                RunRule::NotGone,
                "it never was as it should become".to_owned(),
            );
        }
        Some(_) | None => {}
    }
}

fn repetitions(
    case: &ChangeCase<'_>,
    sessions: &[EndedSession],
    broken: &mut impl FnMut(RunRule, String),
) {
    if case.change.repeat == Repeat::Safe {
        return;
    }
    let retried = |after: usize, until: usize| {
        // Sessions are counted from 1.
        sessions[after..until]
            .iter()
            .any(|session| session.settings.doubts == Some(DoubtAnswer::Retry))
    };
    if case.effects > 1 && !retried(0, sessions.len()) {
        broken(RunRule::Blind, format!("{} effects", case.effects));
    }
    for (place, sent) in case.sends.iter().enumerate() {
        for earlier in &case.sends[..place] {
            let given_up = match earlier.told {
                Some((ClientKnows::No(_), _)) => continue,
                Some((ClientKnows::Yes | ClientKnows::Truth | ClientKnows::Nothing, at)) => at,
                // Its session died, or was told nothing before it ended.
                None => sessions[earlier.session - 1].ended,
            };
            let permitted = retried(earlier.session, sent.session.min(sessions.len()));
            let proof = |read: &LoggedRequest| {
                read.write.is_none()
                    && read.execution == sent.execution
                    && matches!(read.told, Some((ClientKnows::Truth, at)) if at <= sent.at)
                    && read.at >= given_up + SETTLE
            };
            let disproved = case.change.repeat == Repeat::Readable && case.log.iter().any(proof);
            if !permitted && !disproved {
                broken(
                    RunRule::Blind,
                    format!(
                        "attempt {} left {:?} after attempt at {:?} was given up, with no proof",
                        place + 1,
                        sent.at - given_up,
                        earlier.at
                    ),
                );
                return;
            }
        }
    }
}

/// No write leaves when somebody else had changed long before what it builds on.
fn builds_on_the_present(case: &ChangeCase<'_>, sessions: &[EndedSession]) -> bool {
    if case.change.target.kind == Level::Entity {
        return true;
    }
    case.sends.iter().all(|sent| {
        let recheck = sessions
            .get(sent.session - 1)
            .is_none_or(|session| session.settings.recheck);
        !recheck
            || case.was_helped
            || !truth::was_stale(case.change, &case.operation, case.versions, sent.at)
    })
}

/// The log of the world, for people.
pub(super) fn told(test_run: &TestRun) -> String {
    let world = test_run.service.world();
    let mut lines: Vec<(Instant, String)> = Vec::new();
    for sent in &world.log {
        let what = sent.write.as_deref().unwrap_or("read");
        lines.push((
            sent.at,
            format!("> {} {what} [{:?}]", sent.execution, sent.fault),
        ));
        if let Some((told, at)) = sent.told {
            lines.push((at, format!("< {} {what}: {told:?}", sent.execution)));
        }
    }
    for (id, versions) in &world.versions {
        for version in versions {
            lines.push((
                version.at,
                format!("* {id} {:?}: {}", version.who, version.what),
            ));
        }
    }
    for (number, session) in (1..).zip(&test_run.sessions) {
        lines.push((
            session.began,
            format!(
                "= session {number} begins, answer {:?}, recheck {}",
                session.settings.doubts, session.settings.recheck
            ),
        ));
        lines.push((
            session.ended,
            format!("= session {number} ends: {:?}", session.end),
        ));
    }
    lines.sort_by_key(|(at, _)| *at);
    let first = lines.first().map(|(at, _)| *at);
    let mut text = String::new();
    for (line, change) in &test_run.planned {
        let _ = write!(
            text,
            "line {line}: {:?} {} {:?}\n  before {:?}, after {:?}, requires {:?}, {:?}, {:?}\n",
            change.request.method,
            change.request.path,
            change
                .request
                .body
                .as_ref()
                .map(|body| serde_json::json!(body).to_string()),
            serde_json::json!(change.before).to_string(),
            serde_json::json!(change.after).to_string(),
            serde_json::json!(change.requires).to_string(),
            change.repeat,
            change.effects,
        );
    }
    for (at, line) in lines {
        let since = first.map_or(Duration::ZERO, |first| at - first);
        let _ = writeln!(text, "{:>10.3} {line}", since.as_secs_f64());
    }
    for record in test_run.records() {
        let _ = writeln!(text, "  {}", serde_json::json!(record));
    }
    text
}
