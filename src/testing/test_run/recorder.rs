//! The reporter of a run for tests.

use tokio::sync::mpsc;

use crate::{
    event::{Event, Reporter},
    testing::{lockstep::Lockstep, simulated_service::SimulatedService},
};

/// Keeps the events, and may interrupt the run at one of them.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) service: SimulatedService,
    pub(super) events: Vec<Event>,
    pub(super) interrupt_on: Option<fn(&Event) -> bool>,
    pub(super) interrupt: mpsc::UnboundedSender<()>,
    /// Told of each rest.
    pub(super) rest_known: std::sync::mpsc::Sender<()>,
    /// Requests that had been sent when it interrupted.
    pub(super) requests: usize,
    pub(super) lockstep: Option<Lockstep>,
}

impl Reporter for Recorder {
    fn event(&mut self, _now: std::time::Instant, event: &Event) {
        self.events.push(event.clone());
        if matches!(event, Event::Throttled { .. }) {
            // Mostly nobody waits for it.
            let _ = self.rest_known.send(());
        }
        if self.interrupt_on.take_if(|is_it| is_it(event)).is_some() {
            self.requests = self.service.world().log.len();
            self.interrupt.send(()).unwrap();
        }
    }

    fn tick(&mut self, _now: std::time::Instant) {}

    fn finish(&mut self, _now: std::time::Instant) {
        // The run is about to wait for the checkpoint's thread.
        if let Some(lockstep) = &self.lockstep {
            lockstep.release();
        }
    }
}
