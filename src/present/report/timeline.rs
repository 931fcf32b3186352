//! The few points that a report shows of any number of lines of `timeline.jsonl`.

use std::{
    collections::VecDeque,
    io::{self, BufRead, Read as _},
};

use jiff::Timestamp;
use serde::Serialize;

use super::timeline_lines::{TimelineLine, TimelineSecond, VERSION};
use crate::outcome::Outcome;

/// Points of a report: on a wide screen, each of them has some pixels.
const MOST_POINTS: usize = 240;

/// The length of a point before there are too many: that of a line.
const SHORTEST_POINT_MS: u64 = 1_000;

/// Sessions, stages and pauses that are told one by one; of more sessions, the last ones.
const MOST_MARKS: usize = 40;

/// No line that is written is longer: the longest has a message of at most some hundred characters.
const MOST_BYTES: u64 = 16 * 1024;

/// What a report shows of a timeline. Times are the milliseconds in which the run was worked on: the time between two sessions is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Timeline {
    /// The length of a point.
    pub(super) point_ms: u64,
    /// One after another, without gaps.
    pub(super) points: Vec<TimelinePoint>,
    /// The last ones.
    pub(super) sessions: VecDeque<TimelineSession>,
    pub(super) earlier_sessions: u64,
    /// The first ones.
    pub(super) stages: Vec<TimelineStage>,
    /// The first ones.
    pub(super) pauses: Vec<TimelineWait>,
    /// The first ones.
    pub(super) settles: Vec<TimelineWait>,
    /// The time in which the run was worked on.
    pub(super) ms: u64,
    pub(super) requests: u64,
    pub(super) retries: u64,
    pub(super) throttled: u64,
    /// How long the service made the run pause.
    pub(super) paused_ms: u64,
    /// The permitted rate at the end of the last line.
    #[serde(skip)]
    last_rate: f64,
    /// Lines that can't be read, such as a last one of a process that was killed.
    pub(super) unreadable_lines: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct TimelinePoint {
    pub(super) requests: u64,
    pub(super) retries: u64,
    pub(super) throttled: u64,
    /// Changes that were applied or already done.
    pub(super) done: u64,
    /// Changes with any other outcome.
    pub(super) not_done: u64,
    /// The most requests without an answer.
    pub(super) in_flight: u64,
    /// The highest rate that the limiter permitted, in requests a second; none if nothing happened.
    pub(super) rate: Option<f64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct TimelineSession {
    /// When it began.
    pub(super) began_at: Option<Timestamp>,
    /// The same in Unix milliseconds.
    #[serde(skip)]
    at: i64,
    pub(super) start_ms: u64,
    pub(super) ms: u64,
    /// Requests a second, as asked for.
    pub(super) rate: f64,
    pub(super) concurrency: u32,
    pub(super) requests: u64,
    pub(super) throttled: u64,
    /// Changes with an outcome.
    pub(super) changes: u64,
    /// Why it stopped early, if it did.
    pub(super) stopped: Option<String>,
    /// Whether its end is known: otherwise it is running, or was killed.
    pub(super) ended: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct TimelineStage {
    pub(super) start_ms: u64,
    pub(super) number: usize,
    pub(super) of: usize,
    pub(super) executions: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct TimelineWait {
    pub(super) start_ms: u64,
    pub(super) ms: u64,
}

impl Timeline {
    /// Reads the lines, in bounded memory. None if there is no session.
    ///
    /// # Errors
    ///
    /// The errors of `lines`. What is no line of a timeline is counted and skipped.
    pub fn read(mut lines: impl BufRead) -> io::Result<Option<Self>> {
        let mut timeline = Self {
            point_ms: SHORTEST_POINT_MS,
            ..Self::default()
        };
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            if lines
                .by_ref()
                .take(MOST_BYTES)
                .read_until(b'\n', &mut bytes)?
                == 0
            {
                break;
            }
            let is_whole = bytes.last() == Some(&b'\n');
            if !is_whole {
                lines.skip_until(b'\n')?;
            }
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice(&bytes) {
                Ok(line) if is_whole && timeline.takes(&line) => timeline.add(line),
                Ok(_) | Err(_) => timeline.unreadable_lines += 1,
            }
        }
        timeline.close();
        Ok((!timeline.sessions.is_empty()).then_some(timeline))
    }

    /// Whether a line can belong here: it begins a session of this version, or is in one.
    fn takes(&self, line: &TimelineLine) -> bool {
        match line {
            TimelineLine::Began {
                wf_bulk_timeline, ..
            } => *wf_bulk_timeline == VERSION,
            TimelineLine::Second(_)
            | TimelineLine::Stage { .. }
            | TimelineLine::Pause { .. }
            | TimelineLine::Settle { .. }
            | TimelineLine::Stop { .. }
            | TimelineLine::End { .. } => !self.sessions.is_empty(),
        }
    }

    fn add(&mut self, line: TimelineLine) {
        match line {
            TimelineLine::Began {
                at,
                rate,
                concurrency,
                ..
            } => {
                if self.sessions.len() >= MOST_MARKS {
                    self.sessions.pop_front();
                    self.earlier_sessions += 1;
                }
                self.last_rate = rate;
                self.sessions.push_back(TimelineSession {
                    began_at: Timestamp::from_millisecond(at).ok(),
                    at,
                    start_ms: self.ms,
                    rate,
                    concurrency,
                    ..TimelineSession::default()
                });
            }
            TimelineLine::Second(second) => self.add_second(&second),
            TimelineLine::Stage {
                at,
                number,
                of,
                executions,
            } => {
                let start_ms = self.reach(at);
                if self.stages.len() < MOST_MARKS {
                    self.stages.push(TimelineStage {
                        start_ms,
                        number,
                        of,
                        executions,
                    });
                }
            }
            TimelineLine::Pause { at, ms } => {
                let start_ms = self.reach(at);
                let end = start_ms.saturating_add(ms);
                match self.pauses.last_mut() {
                    // It is longer than was said first.
                    Some(last) if start_ms <= last.start_ms.saturating_add(last.ms) => {
                        last.ms = last.ms.max(end - last.start_ms);
                    }
                    Some(_) | None => self.pauses.push(TimelineWait { start_ms, ms }),
                }
                if self.pauses.len() > MOST_MARKS {
                    let last = self.pauses.pop().map_or(0, |pause| pause.ms);
                    self.paused_ms = sum([self.paused_ms, last]);
                }
            }
            TimelineLine::Settle { at, ms, .. } => {
                let start_ms = self.reach(at);
                if self.settles.len() < MOST_MARKS {
                    self.settles.push(TimelineWait { start_ms, ms });
                }
            }
            TimelineLine::Stop { at, reason } => {
                self.reach(at);
                if let Some(session) = self.sessions.back_mut() {
                    session.stopped.get_or_insert(reason);
                }
            }
            TimelineLine::End { at } => {
                self.reach(at);
                if let Some(session) = self.sessions.back_mut() {
                    session.ended = true;
                }
            }
        }
    }

    fn add_second(&mut self, second: &TimelineSecond) {
        let end = self.reach(second.at);
        let changes = sum(second.outcomes.values().copied());
        let done = |outcome| second.outcomes.get(&outcome).copied().unwrap_or(0);
        let done = sum([done(Outcome::Applied), done(Outcome::AlreadyDone)]);
        self.requests = sum([self.requests, second.requests]);
        self.retries = sum([self.retries, second.retries]);
        self.throttled = sum([self.throttled, second.throttled]);
        if let Some(session) = self.sessions.back_mut() {
            session.requests = sum([session.requests, second.requests]);
            session.throttled = sum([session.throttled, second.throttled]);
            session.changes = sum([session.changes, changes]);
        }
        // Most of its requests left before the rate changed.
        let rate = second
            .rate
            .max(std::mem::replace(&mut self.last_rate, second.rate));
        // Its middle: seconds do not end exactly where points do.
        let point = self.point(end.saturating_sub(second.ms / 2));
        point.merge(&TimelinePoint {
            requests: second.requests,
            retries: second.retries,
            throttled: second.throttled,
            done,
            not_done: changes - done,
            in_flight: second.in_flight,
            rate: Some(rate),
        });
    }

    /// The time of `at`; the run was worked on until then.
    fn reach(&mut self, at: i64) -> u64 {
        if let Some(session) = self.sessions.back_mut() {
            let since = at.checked_sub(session.at).and_then(|ms| ms.try_into().ok());
            session.ms = session.ms.max(since.unwrap_or(0));
            self.ms = session.start_ms.saturating_add(session.ms);
        }
        self.ms
    }

    /// The point at a time; makes all points twice as long while there would be too many.
    fn point(&mut self, ms: u64) -> &mut TimelinePoint {
        while ms / self.point_ms >= MOST_POINTS as u64 {
            self.point_ms = self.point_ms.saturating_mul(2);
            self.points = self
                .points
                .chunks(2)
                .map(|pair| {
                    let mut both = pair[0].clone();
                    pair.iter().skip(1).for_each(|other| both.merge(other));
                    both
                })
                .collect();
        }
        let place = usize::try_from(ms / self.point_ms).unwrap_or(MOST_POINTS);
        if self.points.len() <= place {
            self.points.resize(place + 1, TimelinePoint::default());
        }
        &mut self.points[place]
    }

    /// Nothing lasts longer than the run.
    fn close(&mut self) {
        if self.ms > 0 {
            self.point(self.ms - 1);
        }
        for wait in self.pauses.iter_mut().chain(&mut self.settles) {
            wait.ms = wait.ms.min(self.ms.saturating_sub(wait.start_ms));
        }
        let shown = self.pauses.iter().map(|pause| pause.ms);
        self.paused_ms = sum(shown.chain([self.paused_ms])).min(self.ms);
    }

    /// The milliseconds of a point in which the run was worked on: the last one is shorter.
    pub(super) fn length_ms(&self, point: usize) -> u64 {
        let start = self.point_ms.saturating_mul(point as u64);
        self.ms.saturating_sub(start).min(self.point_ms).max(1)
    }
}

impl TimelinePoint {
    fn merge(&mut self, other: &Self) {
        self.requests = sum([self.requests, other.requests]);
        self.retries = sum([self.retries, other.retries]);
        self.throttled = sum([self.throttled, other.throttled]);
        self.done = sum([self.done, other.done]);
        self.not_done = sum([self.not_done, other.not_done]);
        self.in_flight = self.in_flight.max(other.in_flight);
        self.rate = match (self.rate, other.rate) {
            (Some(one), Some(other)) => Some(one.max(other)),
            (one, other) => one.or(other),
        };
    }
}

/// Anybody may have written the numbers of the file.
fn sum(numbers: impl IntoIterator<Item = u64>) -> u64 {
    numbers.into_iter().fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests;
