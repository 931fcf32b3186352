//! Events of a run, as data, and who receives them: the dispatcher sends them, the reporters show them.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::{
    outcome::{Counts, Outcome},
    plan::Target,
};

/// One event, in the order in which it happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Started {
        run: String,
        /// Changes in the plan.
        planned: u64,
        /// Outcomes that earlier sessions of this run recorded.
        earlier: Counts,
    },
    /// The next stage begins; the number of executions after those of the earlier stages.
    Stage {
        number: usize,
        of: usize,
        executions: u64,
    },
    Ended {
        /// The change's line in the plan.
        line: u64,
        /// The change's name in the plan.
        change: String,
        target: Target,
        action: Vec<String>,
        outcome: Outcome,
        /// The reason from the service or the re-check, if there is one.
        detail: Option<String>,
        /// Its attempts in all sessions; 0 if it was not sent.
        attempts: u32,
    },
    /// What all workers of an engine have done so far, in place of single ends.
    Counted { outcomes: Counts },
    /// An attempt gave no outcome; the change is sent again after `after`.
    Retried {
        target: Target,
        reason: String,
        after: Duration,
    },
    /// It is unknown whether an attempt took effect. If a read can decide, the change is read back.
    Doubted { target: Target, reason: String },
    /// The service asked for a pause.
    Throttled { pause: Duration },
    /// Nothing new is started; what is in flight is finished.
    Draining { reason: StopReason },
    /// Waiting until a read-back can prove that an unknown attempt had no effect.
    Settling { changes: u64, wait: Duration },
}

/// Why a run stops before its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// Ctrl-C or SIGTERM.
    Interrupted,
    /// The service does not accept the token.
    Unauthorized { message: String },
    /// Too many failures in a row.
    FailuresInARow { failures: u32, last: String },
    /// The last changes could not be sent, or no execution could be read, and no later request succeeded.
    NothingGotThrough { changes: u64, last: String },
    /// The limit `max_errors` is reached.
    ErrorBudget { errors: u64 },
    /// A change failed in a stage before the last one.
    Stage { number: usize, errors: u64 },
    /// The service asked for a longer pause than a run waits.
    LongPause { pause: Duration },
    /// The checkpoint can't be written, so nothing may be sent.
    Checkpoint { message: String },
    /// A worker panicked.
    Bug { message: String },
    /// The server answers for another organisation than that of the plan.
    OtherOrganisation { planned: String, found: String },
}

/// Shows the progress of a run. Output errors are ignored: a closed pipe must not stop a run that writes to a service.
pub trait Reporter: Send {
    /// An event at `now`; events come in order.
    fn event(&mut self, now: Instant, event: &Event);

    /// Called about once a second if nothing happens, so that waiting can be shown.
    fn tick(&mut self, now: Instant);

    /// There are no more events.
    fn finish(&mut self, now: Instant);

    /// How many problems it has shown, in lines of their own.
    fn told(&self) -> u64 {
        0
    }
}

impl<T: Reporter> Reporter for &mut T {
    fn event(&mut self, now: Instant, event: &Event) {
        (**self).event(now, event);
    }

    fn tick(&mut self, now: Instant) {
        (**self).tick(now);
    }

    fn finish(&mut self, now: Instant) {
        (**self).finish(now);
    }

    fn told(&self) -> u64 {
        (**self).told()
    }
}

/// Any number of reporters, which all receive each event, in their order.
#[derive(Default)]
#[expect(
    missing_debug_implementations,
    reason = "a reporter writes to anything"
)]
pub struct Reporters<'a>(Vec<Box<dyn Reporter + 'a>>);

impl<'a> Reporters<'a> {
    pub fn add(&mut self, reporter: impl Reporter + 'a) {
        self.0.push(Box::new(reporter));
    }
}

impl Reporter for Reporters<'_> {
    fn event(&mut self, now: Instant, event: &Event) {
        for reporter in &mut self.0 {
            reporter.event(now, event);
        }
    }

    fn tick(&mut self, now: Instant) {
        for reporter in &mut self.0 {
            reporter.tick(now);
        }
    }

    fn finish(&mut self, now: Instant) {
        for reporter in &mut self.0 {
            reporter.finish(now);
        }
    }

    fn told(&self) -> u64 {
        self.0.iter().map(|reporter| reporter.told()).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    struct Noting(&'static str, Arc<Mutex<Vec<String>>>);

    impl Reporter for Noting {
        fn event(&mut self, _now: Instant, _event: &Event) {
            self.1.lock().unwrap().push(format!("{} event", self.0));
        }

        fn tick(&mut self, _now: Instant) {
            self.1.lock().unwrap().push(format!("{} tick", self.0));
        }

        fn finish(&mut self, _now: Instant) {
            self.1.lock().unwrap().push(format!("{} finish", self.0));
        }

        fn told(&self) -> u64 {
            2
        }
    }

    #[test]
    fn each_of_several_reporters_receives_everything_in_order() {
        let noted = Arc::default();
        let mut reporters = Reporters::default();
        reporters.add(Noting("a", Arc::clone(&noted)));
        reporters.add(Noting("b", Arc::clone(&noted)));
        let now = Instant::now();
        let pause = Duration::ZERO;
        reporters.event(now, &Event::Throttled { pause });
        reporters.tick(now);
        reporters.finish(now);
        let expected = [
            "a event", "b event", "a tick", "b tick", "a finish", "b finish",
        ];
        assert_eq!(*noted.lock().unwrap(), expected);
        assert_eq!(reporters.told(), 4);
    }
}
