//! Records, counts and reports the messages of workers and client, in their order.

use std::{sync::Arc, time::Instant};

use super::Dispatcher;
use crate::{
    api::Id,
    checkpoint::{AckSender, Record},
    client::ClientEvent,
    event::{Event, StopReason},
    outcome::Outcome,
    run::link::{EndedChange, Message},
};

impl Dispatcher<'_> {
    pub(super) fn take(&mut self, message: Message) {
        match message {
            Message::Record { record, on_disk } => {
                self.write(record, on_disk);
            }
            Message::Ended(ended) => {
                let (execution, outcome) = (ended.target.execution.clone(), ended.outcome());
                let detail = ended.detail.clone().unwrap_or_default();
                self.end(ended);
                self.count_failure(&execution, outcome, &detail);
            }
            Message::Failed(ended, cause) => {
                let detail = ended.detail.clone().unwrap_or_default();
                self.count_failure(&ended.target.execution, Outcome::Failed, &detail);
                self.failures.hold_back(ended, cause);
            }
            Message::Read(operation) => self.last_read = Some(operation),
            Message::Event(event) => {
                self.report(&event);
                if let Event::Doubted { target, reason } = &event {
                    self.count_failure(&target.execution, Outcome::InDoubt, reason);
                }
            }
            Message::Trouble(stop) => self.drain(stop),
            Message::OutOfBudget => self.out_of_budget = true,
        }
    }

    /// Records, counts and reports an outcome.
    pub(super) fn end(&mut self, ended: EndedChange) {
        let open = self.checkpoint.state().open(ended.line());
        if self.write(ended.record(), None) {
            self.report(&ended.event(open.map_or(0, |open| open.attempts)));
        }
    }

    /// At the end of a pass: decides whether the failures that were held back are failures of the changes or of the run. While the run is
    /// stopping, this can't be decided: the changes, which had no effect, stay open, and `resume` retries them.
    pub(super) async fn judge_failures(&mut self) {
        if self.stopped.is_some() {
            return;
        }
        let (own, untried) = self.failures.at_end_of_pass();
        for ended in own {
            self.end(ended);
        }
        let Some(last) = untried.last() else {
            return;
        };
        if self.service_works().await {
            for ended in untried {
                self.end(ended);
            }
        } else {
            self.drain(StopReason::NothingGotThrough {
                changes: untried.len() as u64,
                last: last.detail.clone().unwrap_or_default(),
            });
        }
    }

    /// Whether an execution that could be read in this session still can: then only the failed changes failed.
    async fn service_works(&mut self) -> bool {
        let Some(operation) = self.last_read.clone() else {
            return false;
        };
        let client = Arc::clone(&self.shared.client);
        let read = tokio::spawn(async move { client.read(&operation, &[], None).await.is_ok() });
        let stop_reading = read.abort_handle();
        tokio::select! {
            biased;
            Some(()) = self.signals.interrupts.recv() => {
                stop_reading.abort();
                self.drain(StopReason::Interrupted);
                false
            }
            works = read => works.unwrap_or_else(|panic| {
                self.drain(StopReason::Bug {
                    message: panic.to_string(),
                });
                false
            }),
        }
    }

    /// False if the record contradicts the earlier ones; it does not count then.
    pub(super) fn write(&mut self, record: Record, on_disk: Option<AckSender>) -> bool {
        match record {
            Record::Started { line, .. } | Record::Unknown { line, .. } => {
                self.given_up.insert(line, tokio::time::Instant::now());
            }
            Record::Ended { line, .. } => {
                self.given_up.remove(&line);
            }
            Record::Throttled { .. }
            | Record::NoEffect { .. }
            | Record::NotApplied { .. }
            | Record::SendAgain { .. }
            | Record::Looked { .. }
            | Record::Answered { .. }
            | Record::StageStopped { .. }
            | Record::Resumed { .. }
            | Record::Finished { .. }
            | Record::Abandoned { .. } => {}
        }
        let written = match on_disk {
            None => self.checkpoint.append_without_waiting(record),
            Some(ack) => self.checkpoint.append_for(record, ack),
        };
        if let Err(illegal) = &written {
            self.drain(StopReason::Checkpoint {
                message: illegal.to_string(),
            });
        } else if let Some(failure) = self.checkpoint.failure() {
            let message = failure.to_string();
            self.drain(StopReason::Checkpoint { message });
        }
        self.records += u64::from(written.is_ok());
        written.is_ok()
    }

    fn count_failure(&mut self, execution: &Id, outcome: Outcome, detail: &str) {
        match outcome {
            Outcome::Applied => {
                let own = self.failures.succeeded();
                if self.stopped.is_none() {
                    for ended in own {
                        self.end(ended);
                    }
                }
            }
            Outcome::AlreadyDone | Outcome::Drifted | Outcome::Gone | Outcome::NotAttempted => {}
            Outcome::Refused | Outcome::Failed | Outcome::InDoubt => {
                if let Some(stop) = self.failures.failed(execution, detail) {
                    self.drain(stop);
                }
            }
        }
    }

    pub(super) fn report(&mut self, event: &Event) {
        self.reporter.event(Instant::now(), event);
    }

    pub(super) fn tell(&mut self, event: ClientEvent) {
        match event {
            ClientEvent::Throttled { pause } => self.report(&Event::Throttled { pause }),
        }
    }

    /// Starts nothing new. The first reason counts.
    pub(super) fn drain(&mut self, reason: StopReason) {
        if self.stopped.is_none() {
            self.report(&Event::Draining {
                reason: reason.clone(),
            });
            self.stopped = Some(reason);
            self.stop.send_replace(true);
        }
    }
}
