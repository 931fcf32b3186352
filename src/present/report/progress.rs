//! The progress and the rate of a run, for both the bar and the lines.

use std::{
    collections::{HashSet, VecDeque},
    time::{Duration, Instant},
};

use crate::{
    api::{Id, Level},
    event::Event,
    outcome::{Counts, Outcome},
    plan::Target,
};

use super::{
    problem::Problem,
    problem_list::LOOK_AT,
    units::{count, per_second, rough, thousands},
    words,
};

/// The rate is computed over this number of seconds: long enough to be steady at one change a second, short enough to show throttling.
const WINDOW: Duration = Duration::from_secs(10);

/// A rate needs some time to be meaningful; before this, it is left out.
const WARM_UP: Duration = Duration::from_secs(1);

/// The kind and the ids of a target.
type DoubtfulTarget = (Level, Id, Option<Id>);

fn doubtful(target: &Target) -> DoubtfulTarget {
    (target.kind, target.execution.clone(), target.id.clone())
}

/// A run's state according to its events.
#[derive(Debug)]
pub(super) struct Progress {
    planned: u64,
    outcomes: Counts,
    retried: u64,
    /// Targets of changes in doubt without an outcome. One per target: its later changes wait.
    in_doubt: HashSet<DoubtfulTarget>,
    problems: u64,
    started: Instant,
    throttled_until: Option<Instant>,
    settling_until: Option<Instant>,
    draining: bool,
    /// Whether each change and each retry gets a line.
    verbose: bool,
    /// Finished changes in each of the last seconds, counted from `started`; at most one entry for each second of the window.
    recent: VecDeque<(u64, u64)>,
}

impl Progress {
    pub(super) fn new(now: Instant, verbose: bool) -> Self {
        Self {
            planned: 0,
            outcomes: Counts::default(),
            retried: 0,
            in_doubt: HashSet::new(),
            problems: 0,
            started: now,
            throttled_until: None,
            settling_until: None,
            draining: false,
            verbose,
            recent: VecDeque::new(),
        }
    }

    /// Records an event; returns its line, if it gets one.
    pub(super) fn event(&mut self, now: Instant, event: &Event) -> Option<String> {
        match event {
            Event::Started {
                run,
                planned,
                earlier,
            } => {
                self.planned = *planned;
                self.outcomes = earlier.clone();
                self.started = now;
                (earlier.total() > 0).then(|| {
                    format!(
                        "continuing run {}: {} of {} left",
                        words::detail(run),
                        thousands(planned.saturating_sub(earlier.total())),
                        count(*planned, "change", "changes")
                    )
                })
            }
            Event::Stage {
                number,
                of,
                executions,
            } => Some(format!(
                "stage {number} of {of}: {}",
                count(*executions, "execution", "executions")
            )),
            Event::Ended {
                target,
                action,
                outcome,
                detail,
                line: _,
                change: _,
                attempts: _,
            } => {
                self.outcomes.add(*outcome, 1);
                self.in_doubt.remove(&doubtful(target));
                self.remember(now, 1);
                if self.verbose {
                    return Some(words::ended(*outcome, action, target, detail.as_deref()));
                }
                let line = words::problem(&Problem::of(event)?);
                self.problems += 1;
                if self.problems <= LOOK_AT as u64 {
                    Some(line)
                } else {
                    (self.problems == LOOK_AT as u64 + 1)
                        .then(|| "… and more in report.json".to_owned())
                }
            }
            Event::Counted { outcomes } => {
                let ended = outcomes.total().saturating_sub(self.done());
                self.outcomes = outcomes.clone();
                self.remember(now, ended);
                None
            }
            Event::Retried {
                target,
                reason,
                after,
            } => {
                self.retried += 1;
                self.verbose.then(|| words::retried(target, reason, *after))
            }
            Event::Doubted { target, reason } => {
                self.in_doubt.insert(doubtful(target));
                self.verbose.then(|| words::doubted(target, reason))
            }
            Event::Throttled { pause } => {
                self.throttled_until = self.throttled_until.max(now.checked_add(*pause));
                None
            }
            Event::Draining { reason } => {
                self.draining = true;
                Some(format!(
                    "stopping: {}; what is in flight is finished",
                    words::stop(reason)
                ))
            }
            Event::Settling { changes, wait } => {
                self.settling_until = now.checked_add(*wait);
                Some(format!(
                    "waiting {} until {} can be read back",
                    rough(*wait),
                    count(*changes, "change in doubt", "changes in doubt")
                ))
            }
        }
    }

    fn remember(&mut self, now: Instant, changes: u64) {
        let second = self.second(now);
        match self.recent.back_mut() {
            Some((last, ended)) if *last == second => *ended += changes,
            Some(_) | None => self.recent.push_back((second, changes)),
        }
        while self
            .recent
            .front()
            .is_some_and(|(first, _)| first + WINDOW.as_secs() <= second)
        {
            self.recent.pop_front();
        }
    }

    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.started).as_secs()
    }

    /// Problems so far; 0 with `verbose`, where their lines stand between many others.
    pub(super) const fn told(&self) -> u64 {
        self.problems
    }

    pub(super) const fn planned(&self) -> u64 {
        self.planned
    }

    pub(super) fn done(&self) -> u64 {
        self.outcomes.total()
    }

    /// Changes that finish per second, recently; none if the run has just begun.
    fn rate(&self, now: Instant) -> Option<f64> {
        let elapsed = now.saturating_duration_since(self.started);
        if elapsed < WARM_UP {
            return None;
        }
        let oldest = self.second(now).saturating_sub(WINDOW.as_secs() - 1);
        let ended: u64 = self
            .recent
            .iter()
            .filter(|(second, _)| *second >= oldest)
            .map(|(_, ended)| ended)
            .sum();
        // The window ends now, within its last second.
        let span = elapsed.saturating_sub(Duration::from_secs(oldest));
        #[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
        let rate = ended as f64 / span.max(WARM_UP).as_secs_f64();
        Some(rate)
    }

    /// `7.9/s   eta 7 s   2 writes retried   1 failed   throttled by the server for 3 s`.
    pub(super) fn notes(&self, now: Instant) -> String {
        let mut notes = Vec::new();
        if let Some(rate) = self.rate(now) {
            notes.push(per_second(rate));
            let left = self.planned.saturating_sub(self.done());
            if left > 0 && rate > 0.0 && !self.draining {
                #[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
                let eta = Duration::try_from_secs_f64(left as f64 / rate);
                notes.push(format!("eta {}", rough(eta.unwrap_or(Duration::MAX))));
            }
        }
        let in_doubt = self.outcomes.get(Outcome::InDoubt) + self.in_doubt.len() as u64;
        // The result counts the reads that were retried, too.
        if self.retried > 0 {
            notes.push(count(self.retried, "write retried", "writes retried"));
        }
        let bad = [
            (self.outcomes.get(Outcome::Failed), "failed"),
            (self.outcomes.get(Outcome::Refused), "refused"),
            (self.outcomes.get(Outcome::Drifted), "drifted"),
            (self.outcomes.get(Outcome::Gone), "gone"),
            (in_doubt, "in doubt"),
        ];
        for (number, word) in bad {
            if number > 0 {
                notes.push(format!("{} {word}", thousands(number)));
            }
        }
        let left = |until: Option<Instant>| {
            until
                .map(|until| until.saturating_duration_since(now))
                .filter(|left| !left.is_zero())
        };
        if let Some(left) = left(self.throttled_until) {
            notes.push(format!("throttled by the server for {}", rough(left)));
        }
        if let Some(left) = left(self.settling_until) {
            notes.push(format!("reading back in {}", rough(left)));
        }
        if self.draining {
            notes.push("stopping".to_owned());
        }
        notes.join("   ")
    }
}

#[cfg(test)]
pub(super) mod tests;
