//! The progress of a scan: its cost before it starts, then a bar or occasional lines.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use super::{
    human_bars::{ScanBar, Width},
    units::{count, rough, thousands},
};
use crate::selection::ScanProgress;

/// Without a terminal: the time between two lines, so that a log shows progress.
const EVERY: Duration = Duration::from_secs(5);

/// Shows a scan on standard error.
#[derive(Debug)]
pub struct ScanReporter {
    shown: Shown,
    /// Requests a second.
    rate: f64,
    said_cost: bool,
}

#[derive(Debug)]
enum Shown {
    Nothing,
    Bar(ScanBar),
    Lines { last: Instant },
}

impl ScanReporter {
    /// `rate` in requests a second.
    pub fn stderr(quiet: bool, rate: f64, now: Instant, width: Width) -> Self {
        let shown = if quiet {
            Shown::Nothing
        } else if io::stderr().is_terminal() {
            Shown::Bar(ScanBar::stderr(width))
        } else {
            Shown::Lines { last: now }
        };
        Self {
            shown,
            rate,
            said_cost: false,
        }
    }

    /// Shows `progress`; the first call shows the cost of the scan.
    pub fn progress(&mut self, now: Instant, progress: ScanProgress) {
        if !std::mem::replace(&mut self.said_cost, true) && progress.of > 0 {
            self.say(&cost(progress.of, self.rate));
        }
        match &mut self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => bar.draw(progress),
            Shown::Lines { last } => {
                if now.duration_since(*last) >= EVERY {
                    *last = now;
                    let text = format!(
                        "read {} of {}, {}",
                        thousands(progress.done),
                        count(progress.of, "answer", "answers"),
                        count(progress.executions, "execution", "executions")
                    );
                    self.say(&text);
                }
            }
        }
    }

    /// Removes the bar.
    pub fn finish(&mut self) {
        match &self.shown {
            Shown::Bar(bar) => bar.finish(),
            Shown::Nothing | Shown::Lines { .. } => {}
        }
    }

    fn say(&self, text: &str) {
        match &self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => bar.say(text),
            // Output errors are ignored.
            Shown::Lines { .. } => drop(writeln!(io::stderr(), "{text}")),
        }
    }
}

fn cost(requests: u64, rate: f64) -> String {
    // A number of requests stays far below 2^53, where f64 is exact.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let time = Duration::from_secs_f64((requests as f64 / rate).max(1.0));
    format!(
        "reading takes at least {}, {} at {rate}/s",
        count(requests, "request", "requests"),
        rough(time)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_of_a_scan_is_said_in_requests_and_time() {
        assert_eq!(cost(1, 8.0), "reading takes at least 1 request, 1 s at 8/s");
        assert_eq!(
            cost(100_000, 8.0),
            "reading takes at least 100,000 requests, 3.5 h at 8/s"
        );
    }
}
