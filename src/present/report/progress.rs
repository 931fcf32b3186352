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
                        "continuing run {}: {} of {} ended earlier",
                        words::detail(run),
                        thousands(earlier.total()),
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
            } => {
                self.outcomes.add(*outcome, 1);
                self.in_doubt.remove(&doubtful(target));
                self.remember(now);
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

    fn remember(&mut self, now: Instant) {
        let second = self.second(now);
        match self.recent.back_mut() {
            Some((last, ended)) if *last == second => *ended += 1,
            Some(_) | None => self.recent.push_back((second, 1)),
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

    /// `7.9/s   eta 7 s   2 retried   1 failed   throttled by the server for 3 s`.
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
        let bad = [
            (self.retried, "retried"),
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
pub(super) mod tests {
    use super::*;
    use crate::{event::StopReason, report::words::tests::task};

    pub(in crate::present::report) fn started(planned: u64) -> Event {
        Event::Started {
            run: "0192f0c4".to_owned(),
            planned,
            earlier: Counts::default(),
        }
    }

    pub(in crate::present::report) fn ended(outcome: Outcome) -> Event {
        Event::Ended {
            target: task("e1", "t1", "Call back"),
            action: vec!["reassign".to_owned()],
            outcome,
            detail: (outcome == Outcome::Refused).then(|| "400: no".to_owned()),
        }
    }

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let start = Instant::now();
        let mut progress = Progress::new(start, false);
        progress.event(start, &started(1_000));
        assert_eq!(progress.notes(start + ms(500)), "", "too early to tell");
        // Eight a second for 20 s.
        for n in 0..160 {
            progress.event(start + ms(n * 125), &ended(Outcome::Applied));
        }
        assert_eq!(progress.notes(start + ms(19_999)), "8.0/s   eta 2 min");
        // Then nothing: it falls, and is gone when the window is past.
        assert_eq!(progress.notes(start + ms(24_999)), "4.0/s   eta 4 min");
        assert_eq!(progress.notes(start + ms(60_000)), "0.0/s");
    }

    #[test]
    fn a_burst_does_not_promise_an_early_end() {
        let start = Instant::now();
        let mut progress = Progress::new(start, false);
        progress.event(start, &started(104));
        for _ in 0..4 {
            progress.event(start, &ended(Outcome::Applied));
        }
        assert_eq!(progress.notes(start + ms(2_000)), "2.0/s   eta 50 s");
    }

    #[test]
    fn a_long_run_remembers_only_the_last_seconds() {
        let start = Instant::now();
        let mut progress = Progress::new(start, false);
        progress.event(start, &started(1_000));
        for second in 0..1_000 {
            progress.event(start + ms(second * 1_000), &ended(Outcome::Applied));
        }
        assert_eq!(progress.recent.len() as u64, WINDOW.as_secs());
    }

    #[test]
    fn trouble_is_counted_and_waits_run_out() {
        let start = Instant::now();
        let mut progress = Progress::new(start, false);
        progress.event(start, &started(10));
        let target = task("e1", "t1", "");
        progress.event(
            start,
            &Event::Retried {
                target: target.clone(),
                reason: String::new(),
                after: ms(1),
            },
        );
        progress.event(
            start,
            &Event::Doubted {
                target,
                reason: String::new(),
            },
        );
        progress.event(start, &ended(Outcome::Failed));
        for other in ["t2", "t3"] {
            let event = Event::Doubted {
                target: task("e1", other, ""),
                reason: String::new(),
            };
            progress.event(start, &event);
            progress.event(start, &event);
        }
        progress.event(start, &Event::Throttled { pause: ms(3_000) });
        progress.event(start, &Event::Throttled { pause: ms(1_000) });
        assert_eq!(
            progress.notes(start),
            "1 retried   1 failed   2 in doubt   throttled by the server for 3 s"
        );
        // One is settled by a read, the other one stays: each has one name.
        let end = |id, outcome| Event::Ended {
            target: task("e1", id, ""),
            action: Vec::new(),
            outcome,
            detail: None,
        };
        progress.event(start, &end("t2", Outcome::Applied));
        assert!(progress.notes(start).contains("   1 in doubt   "));
        progress.event(start, &end("t3", Outcome::InDoubt));
        assert!(progress.notes(start).contains("   1 in doubt   "));
        assert!(!progress.notes(start + ms(3_000)).contains("throttled"));
        progress.event(
            start,
            &Event::Draining {
                reason: StopReason::Interrupted,
            },
        );
        assert!(progress.notes(start + ms(3_000)).ends_with("stopping"));
        assert!(!progress.notes(start + ms(3_000)).contains("eta"));
    }

    #[test]
    fn what_earlier_sessions_did_counts_as_done_but_not_as_speed() {
        let start = Instant::now();
        let mut progress = Progress::new(start, false);
        let mut earlier = Counts::default();
        earlier.add(Outcome::Applied, 90);
        let line = progress.event(
            start,
            &Event::Started {
                run: "0192f0c4".to_owned(),
                planned: 100,
                earlier,
            },
        );
        assert_eq!(
            line.as_deref(),
            Some("continuing run 0192f0c4: 90 of 100 changes ended earlier")
        );
        assert_eq!(progress.done(), 90);
        assert_eq!(progress.notes(start + ms(1_000)), "0.0/s");
    }

    #[test]
    fn only_the_first_twenty_problems_get_a_line() {
        let start = Instant::now();
        let mut progress = Progress::new(start, false);
        progress.event(start, &started(100));
        let mut lines: Vec<String> = (0..30)
            .filter_map(|_| progress.event(start, &ended(Outcome::Refused)))
            .collect();
        assert_eq!(lines.pop().as_deref(), Some("… and more in report.json"));
        assert_eq!(lines, ["refused   task “Call back” e1/t1: 400: no"; 20]);
    }

    #[test]
    fn a_stop_and_a_wait_are_said() {
        let start = Instant::now();
        let mut progress = Progress::new(start, false);
        for (event, line) in [
            (
                Event::Draining {
                    reason: StopReason::Interrupted,
                },
                "stopping: interrupted; what is in flight is finished",
            ),
            (
                Event::Settling {
                    changes: 2,
                    wait: ms(30_000),
                },
                "waiting 30 s until 2 changes in doubt can be read back",
            ),
        ] {
            assert_eq!(progress.event(start, &event).as_deref(), Some(line));
        }
    }
}
