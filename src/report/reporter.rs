//! Who is told what happens in a run.

use std::time::Instant;

use crate::event::Event;

/// Shows a run while it goes on. What it can't show is lost and nothing else: a closed pipe must not stop a run
/// that writes to a service.
pub trait Reporter: Send {
    /// Something happened at `now`; events come in order.
    fn event(&mut self, now: Instant, event: &Event);

    /// Time passed. Called about once a second when nothing happens, so that waits can be seen.
    fn tick(&mut self, now: Instant);

    /// Nothing more will happen.
    fn finish(&mut self, now: Instant);
}

/// Says nothing: `--quiet`.
#[derive(Clone, Copy, Debug)]
pub struct Quiet;

impl Reporter for Quiet {
    fn event(&mut self, _now: Instant, _event: &Event) {}

    fn tick(&mut self, _now: Instant) {}

    fn finish(&mut self, _now: Instant) {}
}
