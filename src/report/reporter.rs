//! The receivers of a run's events.

use std::time::Instant;

use crate::event::Event;

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

/// Shows nothing: `--quiet`.
#[derive(Clone, Copy, Debug)]
pub struct Quiet;

impl Reporter for Quiet {
    fn event(&mut self, _now: Instant, _event: &Event) {}

    fn tick(&mut self, _now: Instant) {}

    fn finish(&mut self, _now: Instant) {}
}
