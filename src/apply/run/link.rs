//! The channel between a worker and the dispatcher: messages to the dispatcher, and the signal to stop.

use tokio::sync::{mpsc, oneshot, watch};

use super::{decide::ChangeState, failures::FailureCause, group::PlannedChange, lease::Lease};
use crate::{
    api::Operation,
    checkpoint::{AckSender, Detail, Record, RecordedOutcome},
    event::{Event, StopReason},
    outcome::Outcome,
    plan::Target,
};

/// Messages from workers to the dispatcher.
#[derive(Debug)]
pub(super) enum Message {
    /// Write this to the checkpoint, and tell the worker that waits for it.
    Record {
        record: Record,
        on_disk: Option<AckSender>,
    },
    /// A change has an outcome.
    Ended(EndedChange),
    /// A change has failed without an effect.
    Failed(EndedChange, FailureCause),
    Event(Event),
    /// An execution was read.
    Read(Operation),
    /// An error of the whole run.
    Trouble(StopReason),
    /// A change was not sent because the error budget did not permit it then.
    OutOfBudget,
}

/// A change with an outcome.
#[derive(Debug)]
pub(super) struct EndedChange {
    line: u64,
    change: String,
    pub(super) target: Target,
    action: Vec<String>,
    end: RecordedOutcome,
    /// The answer of the service or the finding of the re-check, or that a person has said so.
    pub(super) detail: Option<String>,
    is_answer: bool,
}

impl EndedChange {
    pub(super) fn new(
        planned: &PlannedChange,
        end: RecordedOutcome,
        detail: Option<String>,
    ) -> Self {
        Self {
            line: planned.line,
            change: planned.change.change.clone(),
            target: planned.change.target.clone(),
            action: planned.change.action.clone(),
            end,
            detail,
            is_answer: false,
        }
    }

    /// The same as a person's answer.
    pub(super) fn by_answer(self) -> Self {
        Self {
            is_answer: true,
            ..self
        }
    }

    pub(super) fn outcome(&self) -> Outcome {
        self.end.into()
    }

    pub(super) fn record(&self) -> Record {
        let detail = self.detail.as_deref().map(Detail::new);
        Record::Ended {
            line: self.line,
            outcome: self.end,
            detail,
            is_answer: self.is_answer,
        }
    }

    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn event(self, attempts: u32) -> Event {
        Event::Ended {
            outcome: self.outcome(),
            line: self.line,
            change: self.change,
            target: self.target,
            action: self.action,
            detail: self.detail,
            attempts,
        }
    }
}

/// A worker's side of the channel. After a stop, nothing new is started.
#[derive(Clone, Debug)]
pub(super) struct Link {
    messages: mpsc::UnboundedSender<Message>,
    stop: watch::Receiver<bool>,
    lease: Lease,
}

/// Leave the group: the run is stopping, or nothing more can be done for the group now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LeaveGroup;

impl Link {
    pub(super) const fn new(
        messages: mpsc::UnboundedSender<Message>,
        stop: watch::Receiver<bool>,
        lease: Lease,
    ) -> Self {
        Self {
            messages,
            stop,
            lease,
        }
    }

    /// Asked last before a request leaves.
    ///
    /// # Errors
    ///
    /// If another process may have taken the group over: then the request must not leave, and the run stops here.
    pub(super) fn may_send(&self) -> Result<(), LeaveGroup> {
        if self.lease.holds() {
            return Ok(());
        }
        self.trouble(StopReason::Checkpoint {
            message: "it was not acknowledged in time, so another process may have taken over"
                .to_owned(),
        });
        Err(LeaveGroup)
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits for `something` unless the run stops first.
    pub(super) async fn unless_stopped<T>(
        &self,
        something: impl Future<Output = T>,
    ) -> Result<T, LeaveGroup> {
        if self.is_stopping() {
            return Err(LeaveGroup);
        }
        let mut stop = self.stop.clone();
        let value = tokio::select! {
            biased;
            // Usually it is there at once, and the stop needs no waiter.
            value = something => value,
            // An error means that the dispatcher is gone, which stops the worker, too.
            _ = stop.wait_for(|&stop| stop) => return Err(LeaveGroup),
        };
        if self.is_stopping() {
            return Err(LeaveGroup);
        }
        Ok(value)
    }

    /// Records the intent to send; returns once it is on disk.
    ///
    /// # Errors
    ///
    /// If it could not be written: then the request must not leave.
    pub(super) async fn started(
        &self,
        planned: &PlannedChange,
        attempt: u32,
        at: i64,
    ) -> Result<(), LeaveGroup> {
        let (on_disk, answer) = oneshot::channel();
        let record = Record::Started {
            line: planned.line,
            attempt,
            at,
        };
        self.tell(Message::Record {
            record,
            on_disk: Some(on_disk),
        });
        // There is no answer if it was not written at all.
        let written = answer.await.map_err(|_| LeaveGroup)?;
        written.map_err(|failure| {
            // If it can't be written either, it still counts as what it is.
            self.record(Record::NoEffect {
                line: planned.line,
                attempt,
                reason: Detail::new("its intent could not be written down"),
                never_left: true,
            });
            self.trouble(StopReason::Checkpoint {
                message: failure.to_string(),
            });
            LeaveGroup
        })
    }

    pub(super) fn record(&self, record: Record) {
        self.tell(Message::Record {
            record,
            on_disk: None,
        });
    }

    pub(super) fn ended(
        &self,
        planned: &PlannedChange,
        end: RecordedOutcome,
        detail: Option<String>,
    ) -> ChangeState {
        self.tell(Message::Ended(EndedChange::new(planned, end, detail)));
        ChangeState::Ended(end.into())
    }

    /// A change has certainly had no effect, and gets no further attempt now.
    pub(super) fn failed(
        &self,
        planned: &PlannedChange,
        cause: FailureCause,
        detail: String,
    ) -> ChangeState {
        let ended = EndedChange::new(planned, RecordedOutcome::Failed, Some(detail));
        self.tell(Message::Failed(ended, cause));
        ChangeState::Ended(Outcome::Failed)
    }

    pub(super) fn read(&self, operation: Operation) {
        self.tell(Message::Read(operation));
    }

    pub(super) fn event(&self, event: Event) {
        self.tell(Message::Event(event));
    }

    pub(super) fn trouble(&self, stop: StopReason) {
        self.tell(Message::Trouble(stop));
    }

    pub(super) fn out_of_budget(&self) {
        self.tell(Message::OutOfBudget);
    }

    fn tell(&self, message: Message) {
        // The receiver is gone only if the dispatcher has ended; then nothing can be done here.
        drop(self.messages.send(message));
    }
}
