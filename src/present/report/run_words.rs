//! The sentences about a run that its page and its Markdown share.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::{
    outcome_groups::LargestGroups,
    run_numbers::{AttemptsCount, DurationCount},
    run_report::{PlanSigned, RunView, UndoView},
    runs::who,
    timeline::{Timeline, TimelineSession},
    units::{count, per_second, rough, thousands},
    words,
};
use crate::{dates, outcome::Outcome, plan::FollowUp};

/// How a run stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Headline {
    /// Of the style sheet.
    pub(super) class: &'static str,
    pub(super) title: String,
    /// Why it stopped or was abandoned, as a person or the service said it.
    pub(super) why: Option<String>,
}

impl Headline {
    pub(super) fn of(run: &RunView<'_>, waits_for_an_answer: bool) -> Self {
        let why = run.abandoned.or(run.stopped).map(words::detail);
        let left = run.planned - run.done();
        let (class, title) = match (run.standing, run.abandoned, run.stopped) {
            ("running", _, _) => (
                "",
                "The run is running now: this is what it has done so far, and requests in flight count as in doubt".to_owned(),
            ),
            (_, Some(_), _) => ("final", "The run was abandoned".to_owned()),
            (_, None, Some(_)) => ("broken", "The run stopped before its end".to_owned()),
            ("unfinished", None, None) if waits_for_an_answer => (
                "final",
                "The run waits for a person: its changes in doubt need an answer".to_owned(),
            ),
            ("unfinished", None, None) => (
                "broken",
                "The run has not ended, and no process works on it".to_owned(),
            ),
            (_, None, None) if run.planned == 0 => (
                "good",
                "The run has ended: there was nothing to do".to_owned(),
            ),
            (_, None, None) if left == 0 => (
                "good",
                "The run has ended: every change was made".to_owned(),
            ),
            (_, None, None) => {
                let left = count(left, "change needs", "changes need");
                ("final", format!("The run has ended, and {left} a look"))
            }
        };
        Self { class, title, why }
    }
}

/// `130 of 137 changes made`, and what became of the others.
pub(super) fn result(run: &RunView<'_>) -> String {
    let all = count(run.planned, "change", "changes");
    format!("{} of {all} made", thousands(run.done()))
}

/// What an outcome means, and what to do about it.
pub(super) const fn meaning(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::InDoubt => {
            "It is unknown whether the request took effect. Look at each target in the service."
        }
        Outcome::Failed => "No effect: all attempts failed, or the execution could not be read.",
        Outcome::Refused => "No effect: the service did not accept the request.",
        Outcome::Drifted => {
            "Left alone: the target has changed since the plan. Plan again to see the current state."
        }
        Outcome::NotAttempted => {
            "Not sent, or certainly without effect: the run stopped first, or it depends on another change that did not succeed."
        }
        Outcome::Gone => "The target does not exist any more.",
        Outcome::Applied => "The request took effect.",
        Outcome::AlreadyDone => "The target had the planned values before.",
    }
}

/// `3 changes refused`.
pub(super) fn section_title(outcome: Outcome, groups: &LargestGroups) -> String {
    let word = match outcome {
        Outcome::InDoubt => "in doubt",
        Outcome::NotAttempted => "not attempted",
        Outcome::AlreadyDone => "already done",
        Outcome::Applied
        | Outcome::Drifted
        | Outcome::Gone
        | Outcome::Refused
        | Outcome::Failed => outcome.word(),
    };
    format!("{} {word}", count(groups.changes, "change", "changes"))
}

/// The class of the style sheet for changes with this outcome.
pub(super) const fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied | Outcome::AlreadyDone => "good",
        Outcome::InDoubt | Outcome::Failed | Outcome::Refused => "broken",
        Outcome::Drifted | Outcome::Gone | Outcome::NotAttempted => "final",
    }
}

/// Where and when the run was made, and what of. Not escaped.
pub(super) fn facts(run: &RunView<'_>, zone: &TimeZone) -> Vec<(&'static str, String)> {
    let moment = |at: Timestamp| dates::in_zone(at, zone);
    let mut facts = vec![
        ("run", run.run.to_string()),
        ("started", moment(run.started_at)),
    ];
    facts.extend(run.ended_at.map(|at| ("ended", moment(at))));
    facts.push(("planned as of", moment(run.planned_as_of)));
    facts.extend(run.by.map(|by| ("who", who(by))));
    facts.extend(run.reason.map(|reason| ("reason", reason.to_owned())));
    facts.push(("SHA-256 of the plan", run.plan_sha256.to_owned()));
    facts.push((
        "signature of the plan",
        match run.signed {
            PlanSigned::No => "none".to_owned(),
            PlanSigned::Unchecked => {
                "not checked here; with --allowed-signers FILE it is".to_owned()
            }
            PlanSigned::By(signer) => format!("by {signer}, checked"),
        },
    ));
    facts.push(("pace", pace(run)));
    facts.push(("files", run.folder.clone()));
    facts
}

fn pace(run: &RunView<'_>) -> String {
    let pace = run.pace;
    let mut parts = vec![
        format!("{}", pace.rate),
        format!("burst {}", pace.burst),
        format!("concurrency {}", pace.concurrency),
        format!("stop_after {}", pace.stop_after),
    ];
    parts.extend((pace.max_errors).map(|most| format!("max_errors {most}")));
    if !pace.stages.is_empty() {
        let stages: Vec<String> = pace.stages.iter().map(ToString::to_string).collect();
        parts.push(format!("stages {}", stages.join(", ")));
    }
    if !run.rechecks {
        parts.push("without re-checks".to_owned());
    }
    parts.join(", ")
}

/// Whether and how the run can be undone.
pub(super) fn way_back(undo: &UndoView<'_>) -> String {
    let UndoView {
        can_be_undone,
        can_not_be_undone,
        undone,
        ..
    } = undo;
    let sentence = undone.sentence(*can_be_undone);
    if undone.in_force().is_some()
        && let Some(sentence) = sentence
    {
        return sentence;
    }
    let changes = |number: u64| count(number, "applied change", "applied changes");
    let possible = match (can_be_undone, can_not_be_undone) {
        (0, 0) => "It has applied nothing that could be undone.".to_owned(),
        (can, 0) => format!("{} can be undone.", changes(*can)),
        (0, cannot) => format!("{} can't be undone.", changes(*cannot)),
        (can, cannot) => format!(
            "{} can be undone, {} can't.",
            changes(*can),
            thousands(*cannot)
        ),
    };
    match sentence {
        Some(in_force_again) => format!("{in_force_again} {possible}"),
        None => possible,
    }
}

/// The other runs that belong to it.
pub(super) fn follow_ups(run: &RunView<'_>) -> Vec<String> {
    let follows = run.follows.iter().map(|follows| {
        let what = match follows.by {
            FollowUp::Undo => "It undoes run",
            FollowUp::Retry => "It retries run",
            FollowUp::Reconcile => "It corrects tasks of run",
        };
        format!("{what} {}.", follows.run)
    });
    let followed_by = run.followed_by.iter().filter_map(|follow| match follow.by {
        // The way back says it.
        FollowUp::Undo => None,
        FollowUp::Retry => Some(format!("It was retried by run {}.", follow.run)),
        FollowUp::Reconcile => Some(format!("Its tasks were corrected by run {}.", follow.run)),
    });
    follows.chain(followed_by).collect()
}

/// The time and the load of the whole run.
pub(super) fn load(timeline: &Timeline) -> String {
    let throttled = match timeline.throttled {
        0 => "none of them answered with 429".to_owned(),
        some => format!("{} of them answered with 429", thousands(some)),
    };
    let paused = match timeline.paused_ms {
        0 => String::new(),
        some => format!("; the service asked for pauses of {} in all", span(some)),
    };
    // In a moment, the burst alone would make a rate that the pace does not permit.
    let average = if timeline.ms < 1_000 {
        String::new()
    } else {
        let average = average(timeline.requests, timeline.ms);
        format!(", {average} on average")
    };
    format!(
        "{} in {}{average}; {} of them retries, {throttled}{paused}.",
        count(timeline.requests, "request", "requests"),
        span(timeline.ms),
        thousands(timeline.retries),
    )
}

/// A session in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct SessionWords {
    pub(super) text: String,
    /// Why it stopped, which may be what the service said. Escaped.
    pub(super) stopped: Option<String>,
}

pub(super) fn sessions(
    timeline: &Timeline,
    is_running: bool,
    zone: &TimeZone,
) -> Vec<SessionWords> {
    let last = timeline.sessions.len();
    (1..)
        .zip(&timeline.sessions)
        .map(|(place, session)| session_words(session, is_running && place == last, zone))
        .collect()
}

fn session_words(session: &TimelineSession, is_running: bool, zone: &TimeZone) -> SessionWords {
    let began = session.began_at.map_or_else(
        || "at an unknown time".to_owned(),
        |at| dates::in_zone(at, zone),
    );
    let how = match &session.stopped {
        Some(_) => "stopped",
        None if session.ended => "came to its end",
        None if is_running => "is running",
        None => "has no recorded end: its process was killed",
    };
    SessionWords {
        text: format!(
            "{began}, {} at {}: {}, {} with 429, {} with an outcome; {how}",
            span(session.ms),
            per_second(session.rate),
            count(session.requests, "request", "requests"),
            thousands(session.throttled),
            count(session.changes, "change", "changes"),
        ),
        stopped: session.stopped.as_deref().map(words::detail),
    }
}

/// How long the changes took: a sentence from classes of durations. None if it is not known of any.
pub(super) fn typical(durations: &[DurationCount]) -> Option<String> {
    let all: u64 = durations.iter().map(|class| class.changes).sum();
    let within = |percent: u64| {
        let mut seen = 0;
        let class = durations.iter().find(|class| {
            seen += class.changes;
            seen * 100 >= all * percent
        });
        class.map(|class| duration_name(*class))
    };
    let (half, most) = (within(50)?, within(95)?);
    Some(format!(
        "Half of the changes took {half}, 95 % of them {most}. This is the time from the first attempt to the next record after the outcome, pauses included."
    ))
}

pub(super) fn duration_name(class: DurationCount) -> String {
    match class.up_to_ms {
        None => "more than 5 min".to_owned(),
        Some(ms) if ms < 1_000 => format!("up to {ms} ms"),
        Some(ms) => format!("up to {}", span(ms)),
    }
}

pub(super) fn attempts_name(class: AttemptsCount) -> String {
    match (class.attempts, class.or_more) {
        (0, _) => "no request".to_owned(),
        (1, _) => "1 attempt".to_owned(),
        (number, false) => format!("{number} attempts"),
        (number, true) => format!("{number} attempts or more"),
    }
}

/// Milliseconds in a useful unit.
pub(super) fn span(ms: u64) -> String {
    rough(Duration::from_millis(ms))
}

/// Per second.
pub(super) fn average(number: u64, ms: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    let rate = number as f64 * 1_000.0 / ms.max(1) as f64;
    per_second(rate)
}
