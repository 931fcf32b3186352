//! Looks at the service for traces of the changes that stay in doubt: for the person who decides about them.

use std::{collections::BTreeMap, io::BufRead, sync::Arc};

use super::Dispatcher;
use crate::{
    action::{Doubted, TraceRead},
    api::ReadFinding,
    checkpoint::{Detail, Outstanding, Record},
    event::StopReason,
    plan::PlanError,
    run::group::{GroupStream, PlannedChange},
};

impl Dispatcher<'_> {
    /// Records what a read shows of each change in doubt, one read for all changes of which it shows something. Only where the service still
    /// answers: not after an interrupt or trouble.
    pub(super) async fn look_at_doubts<P: BufRead>(
        &mut self,
        mut groups: GroupStream<P>,
    ) -> Result<(), PlanError> {
        if !self.may_look()
            || !self
                .checkpoint
                .state()
                .all_open()
                .any(|(_, open)| open.doubtful)
        {
            return Ok(());
        }
        while let Some(group) = groups.next_group()? {
            let mut last: Option<(TraceRead, Result<ReadFinding, String>)> = None;
            for planned in &group.changes {
                let state = self.checkpoint.state();
                let Outstanding::Resolve { attempts, .. } = state.outstanding(planned.line) else {
                    continue;
                };
                let none = BTreeMap::new();
                let doubted = Doubted {
                    operation: &planned.operation,
                    body: planned.change.request.body.as_ref().unwrap_or(&none),
                    expected: planned.change.expected(),
                    sent_at: state.first_sent_at(planned.line),
                };
                let Some(read) = doubted.read() else {
                    continue;
                };
                if last.as_ref().is_none_or(|(earlier, _)| *earlier != read) {
                    let Some(found) = self.read_traces(&read).await else {
                        return Ok(());
                    };
                    last = Some((read, found));
                }
                let Some((_, found)) = &last else { continue };
                let found = match found {
                    Ok(ReadFinding::Missing) => doubted.traces(None),
                    Ok(ReadFinding::Json(found)) => doubted.traces(Some(found)),
                    Err(reason) => format!("it could not be read: {reason}"),
                };
                self.record_look(planned, attempts, &found);
            }
        }
        Ok(())
    }

    fn may_look(&self) -> bool {
        match &self.stopped {
            None | Some(StopReason::Stage { .. } | StopReason::ErrorBudget { .. }) => true,
            Some(
                StopReason::Interrupted
                | StopReason::Unauthorized { .. }
                | StopReason::FailuresInARow { .. }
                | StopReason::NothingGotThrough { .. }
                | StopReason::LongPause { .. }
                | StopReason::Checkpoint { .. }
                | StopReason::Bug { .. }
                | StopReason::OtherOrganisation { .. },
            ) => false,
        }
    }

    fn record_look(&mut self, planned: &PlannedChange, attempt: u32, found: &str) {
        self.write(
            Record::Looked {
                line: planned.line,
                attempt,
                at: (self.settings().now)(),
                found: Detail::new(found),
            },
            None,
        );
    }

    /// The answer to a read, or why there is none. None if the run was interrupted.
    async fn read_traces(&mut self, read: &TraceRead) -> Option<Result<ReadFinding, String>> {
        let client = Arc::clone(&self.shared.client);
        let read = read.clone();
        let reading = tokio::spawn(async move {
            let query: Vec<(&str, &str)> = read
                .query
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let body = read.body.as_deref().map(str::as_bytes);
            client.read(&read.operation, &query, body).await
        });
        let stop_reading = reading.abort_handle();
        tokio::select! {
            biased;
            Some(()) = self.signals.interrupts.recv() => {
                stop_reading.abort();
                self.drain(StopReason::Interrupted);
                None
            }
            read = reading => Some(match read {
                Ok(Ok(found)) => Ok(found),
                Ok(Err(error)) => Err(error.to_string()),
                Err(panic) => Err(panic.to_string()),
            }),
        }
    }
}
