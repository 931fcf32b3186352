//! The progress of a run in a log: a line every few seconds, and one for each change that needs attention.

use std::{
    fmt,
    io::Write,
    time::{Duration, Instant},
};

use crate::event::{Event, Reporter};

use super::{progress::Progress, units::thousands};

/// A run of an hour gives 720 lines: often enough to follow it, few enough for the log of a CI job.
const EVERY: Duration = Duration::from_secs(5);

/// Writes progress as lines.
pub struct ProgressLines<W> {
    out: W,
    progress: Progress,
    said: Instant,
}

impl<W: Write> ProgressLines<W> {
    pub fn new(out: W, now: Instant, verbose: bool) -> Self {
        Self {
            out,
            progress: Progress::new(now, verbose),
            said: now,
        }
    }

    fn say(&mut self, line: &str) {
        // A closed pipe must not stop the run.
        let _ = writeln!(self.out, "{line}");
    }

    fn say_progress(&mut self, now: Instant) {
        self.said = now;
        let line = format!(
            "applying  {}/{}   {}",
            thousands(self.progress.done()),
            thousands(self.progress.planned()),
            self.progress.notes(now)
        );
        self.say(line.trim_end());
    }
}

impl<W: Write + Send> Reporter for ProgressLines<W> {
    fn event(&mut self, now: Instant, event: &Event) {
        if let Some(line) = self.progress.event(now, event) {
            self.say(&line);
        }
        self.tick(now);
    }

    fn tick(&mut self, now: Instant) {
        if now.saturating_duration_since(self.said) >= EVERY {
            self.say_progress(now);
        }
    }

    fn told(&self) -> u64 {
        self.progress.told()
    }

    fn finish(&mut self, now: Instant) {
        self.say_progress(now);
        let _ = self.out.flush();
    }
}

impl<W> fmt::Debug for ProgressLines<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines")
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::{
        outcome::Outcome,
        report::progress::tests::{ended, started},
    };

    #[test]
    fn a_log_gets_a_line_every_five_seconds_and_one_for_each_problem() {
        let start = Instant::now();
        let mut out = Vec::new();
        let mut lines = ProgressLines::new(&mut out, start, false);
        lines.event(start, &started(2_000));
        for n in 1..=100 {
            let outcome = if n == 30 {
                Outcome::Refused
            } else {
                Outcome::Applied
            };
            lines.event(start + Duration::from_millis(n * 125), &ended(outcome));
        }
        // A long wait without events is seen too.
        lines.tick(start + Duration::from_secs(16));
        lines.tick(start + Duration::from_secs(17));
        lines.finish(start + Duration::from_secs(18));
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @"
        refused   task “Call back” e1/t1: 400: no
        applying  40/2,000   8.0/s   eta 4 min   1 refused
        applying  80/2,000   8.1/s   eta 4 min   1 refused
        applying  100/2,000   5.0/s   eta 6 min   1 refused
        applying  100/2,000   3.2/s   eta 10 min   1 refused
        ");
    }

    #[test]
    fn a_closed_pipe_does_not_stop_the_run() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        let start = Instant::now();
        let mut lines = ProgressLines::new(Closed, start, false);
        lines.event(start, &started(1));
        lines.event(start, &ended(Outcome::Gone));
        lines.finish(start);
        assert_eq!(lines.progress.done(), 1);
    }
}
