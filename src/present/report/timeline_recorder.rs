//! Writes `timeline.jsonl` while a session works: one line a second.

use std::{
    fmt,
    io::Write,
    time::{Duration, Instant},
};

use super::{
    timeline_lines::{TimelineLine, TimelineSecond, VERSION},
    words,
};
use crate::{
    event::{Event, Reporter},
    outcome::{Counts, Outcome},
};

/// The counts of all requests since the process began, and what the limiter permits now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    pub requests: u64,
    pub retries: u64,
    /// Requests that were answered with 429.
    pub throttled: u64,
    /// Requests without an answer.
    pub in_flight: u64,
    /// Requests a second.
    pub rate: f64,
}

/// How fast a session was asked to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RequestedPace {
    /// Requests a second.
    pub rate: f64,
    pub concurrency: u32,
}

/// Counts outcomes, and asks for the load once a second.
///
/// A line that can't be written is lost, without a word: the run is more important, and a full disk stops it at the checkpoint.
pub struct TimelineRecorder<W, L> {
    out: W,
    /// Whether the file may end in the middle of a line.
    is_torn: bool,
    pace: RequestedPace,
    load: L,
    began: Instant,
    /// The wall clock then, in Unix milliseconds.
    began_at: i64,
    /// When the last second ended.
    last: Instant,
    before: Load,
    outcomes: Counts,
}

impl<W: Write, L: FnMut() -> Load> TimelineRecorder<W, L> {
    /// Of a session that begins `now`, by the wall clock at `at` in Unix milliseconds. `out` is at the end of a file; `is_new` if that is empty.
    pub fn new(
        out: W,
        is_new: bool,
        pace: RequestedPace,
        load: L,
        (now, at): (Instant, i64),
    ) -> Self {
        Self {
            out,
            is_torn: !is_new,
            pace,
            load,
            began: now,
            began_at: at,
            last: now,
            before: Load::default(),
            outcomes: Counts::default(),
        }
    }

    fn at(&self, now: Instant) -> i64 {
        self.began_at
            .saturating_add_unsigned(milliseconds(now.saturating_duration_since(self.began)))
    }

    fn write(&mut self, line: &TimelineLine) {
        let start = if self.is_torn { "\n" } else { "" };
        let Ok(line) = serde_json::to_string(line) else {
            return;
        };
        // In one piece, so that a process that is killed leaves a whole line or none.
        let written = self.out.write_all(format!("{start}{line}\n").as_bytes());
        self.is_torn = written.and_then(|()| self.out.flush()).is_err();
    }

    /// Ends a second, with a line if something happened in it.
    fn end_second(&mut self, now: Instant) {
        let load = (self.load)();
        let before = std::mem::replace(&mut self.before, load);
        let ms = milliseconds(now.saturating_duration_since(self.last));
        self.last = now;
        let outcomes = std::mem::take(&mut self.outcomes);
        if load == before && outcomes.total() == 0 {
            return;
        }
        let second = TimelineSecond {
            at: self.at(now),
            ms,
            requests: load.requests.saturating_sub(before.requests),
            retries: load.retries.saturating_sub(before.retries),
            throttled: load.throttled.saturating_sub(before.throttled),
            in_flight: load.in_flight,
            // More digits mean nothing.
            rate: (load.rate * 100.0).round() / 100.0,
            outcomes: Outcome::ALL
                .into_iter()
                .map(|outcome| (outcome, outcomes.get(outcome)))
                .filter(|(_, number)| *number > 0)
                .collect(),
        };
        self.write(&TimelineLine::Second(second));
    }
}

impl<W: Write + Send, L: FnMut() -> Load + Send> Reporter for TimelineRecorder<W, L> {
    fn event(&mut self, now: Instant, event: &Event) {
        let at = self.at(now);
        match event {
            Event::Started { .. } => {
                // Requests before the run, such as those of a plan.
                self.before = Load {
                    rate: self.pace.rate,
                    ..(self.load)()
                };
                self.last = now;
                self.write(&TimelineLine::Began {
                    wf_bulk_timeline: VERSION,
                    at,
                    rate: self.pace.rate,
                    concurrency: self.pace.concurrency,
                });
            }
            Event::Stage {
                number,
                of,
                executions,
            } => self.write(&TimelineLine::Stage {
                at,
                number: *number,
                of: *of,
                executions: *executions,
            }),
            Event::Ended { outcome, .. } => self.outcomes.add(*outcome, 1),
            Event::Throttled { pause } => {
                let ms = milliseconds(*pause);
                self.write(&TimelineLine::Pause { at, ms });
            }
            Event::Settling { changes, wait } => self.write(&TimelineLine::Settle {
                at,
                ms: milliseconds(*wait),
                changes: *changes,
            }),
            Event::Draining { reason } => {
                let reason = words::stop(reason);
                self.write(&TimelineLine::Stop { at, reason });
            }
            Event::Counted { .. } | Event::Retried { .. } | Event::Doubted { .. } => {}
        }
    }

    fn tick(&mut self, now: Instant) {
        self.end_second(now);
    }

    fn finish(&mut self, now: Instant) {
        self.end_second(now);
        let at = self.at(now);
        self.write(&TimelineLine::End { at });
    }
}

impl<W, L> fmt::Debug for TimelineRecorder<W, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimelineRecorder")
            .field("began_at", &self.began_at)
            .field("outcomes", &self.outcomes)
            .finish_non_exhaustive()
    }
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;
    use crate::{
        event::StopReason,
        report::{
            progress::tests::{ended, started},
            timeline::Timeline,
        },
    };

    /// A file that can be full.
    #[derive(Clone, Default)]
    struct FullDisk(Arc<Mutex<(Vec<u8>, Option<usize>)>>);

    impl Write for FullDisk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (written, room) = &mut *self.0.lock().unwrap();
            let fits = room.map_or(bytes.len(), |room| room.min(bytes.len()));
            *room = room.map(|room| room - fits);
            written.extend(&bytes[..fits]);
            if fits == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            Ok(fits)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl FullDisk {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().0.clone()).unwrap()
        }
    }

    const PACE: RequestedPace = RequestedPace {
        rate: 8.0,
        concurrency: 4,
    };

    #[test]
    fn a_session_has_a_line_for_each_second_in_which_something_happened() {
        let disk = FullDisk::default();
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let loads = [
            // What was sent before the run does not count.
            (100, 2, 0, 0, 8.0),
            (105, 2, 0, 3, 8.0),
            (110, 3, 1, 1, 4.0),
            (110, 3, 1, 1, 4.0),
            (112, 3, 1, 0, 4.556_7),
        ];
        let mut loads = loads.into_iter();
        let load = move || {
            let (requests, retries, throttled, in_flight, rate) = loads.next().unwrap();
            Load {
                requests,
                retries,
                throttled,
                in_flight,
                rate,
            }
        };
        let mut recorder = TimelineRecorder::new(disk.clone(), true, PACE, load, (start, 1_000));
        recorder.event(start, &started(10));
        let stage = Event::Stage {
            number: 1,
            of: 2,
            executions: 5,
        };
        recorder.event(start, &stage);
        for outcome in [Outcome::Applied, Outcome::Applied, Outcome::Refused] {
            recorder.event(after(500), &ended(outcome));
        }
        recorder.tick(after(1_000));
        let pause = Duration::from_secs(3);
        recorder.event(after(1_200), &Event::Throttled { pause });
        recorder.tick(after(2_000));
        // Nothing happens in the pause.
        recorder.tick(after(3_000));
        recorder.event(after(4_500), &ended(Outcome::AlreadyDone));
        let reason = StopReason::Interrupted;
        recorder.event(after(4_600), &Event::Draining { reason });
        recorder.finish(after(4_700));
        insta::assert_snapshot!(disk.text(), @r#"
        {"began":{"wf_bulk_timeline":1,"at":1000,"rate":8.0,"concurrency":4}}
        {"stage":{"at":1000,"number":1,"of":2,"executions":5}}
        {"second":{"at":2000,"ms":1000,"requests":5,"retries":0,"throttled":0,"in_flight":3,"rate":8.0,"outcomes":{"applied":2,"refused":1}}}
        {"pause":{"at":2200,"ms":3000}}
        {"second":{"at":3000,"ms":1000,"requests":5,"retries":1,"throttled":1,"in_flight":1,"rate":4.0}}
        {"stop":{"at":5600,"reason":"interrupted"}}
        {"second":{"at":5700,"ms":1700,"requests":2,"retries":0,"throttled":0,"in_flight":0,"rate":4.56,"outcomes":{"already_done":1}}}
        {"end":{"at":5700}}
        "#);
    }

    #[test]
    fn a_full_disk_loses_lines_and_neither_stops_the_run_nor_spoils_later_lines() {
        let disk = FullDisk::default();
        let start = Instant::now();
        let mut requests = 0;
        let load = move || {
            requests += 1;
            Load {
                requests,
                ..Load::default()
            }
        };
        let mut recorder = TimelineRecorder::new(disk.clone(), false, PACE, load, (start, 0));
        recorder.event(start, &started(10));
        recorder.tick(start + Duration::from_secs(1));
        disk.0.lock().unwrap().1 = Some(30);
        recorder.tick(start + Duration::from_secs(2));
        recorder.tick(start + Duration::from_secs(3));
        disk.0.lock().unwrap().1 = None;
        recorder.tick(start + Duration::from_secs(4));
        recorder.finish(start + Duration::from_secs(5));
        let timeline = Timeline::read(disk.text().as_bytes()).unwrap().unwrap();
        assert_eq!(timeline.unreadable_lines, 1);
        assert_eq!((timeline.requests, timeline.ms), (3, 5_000));
        assert!(timeline.sessions[0].ended);
    }
}
