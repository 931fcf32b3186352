//! The workflow of a shard: it hands its groups out, as many at a time as the run works on.

use std::time::Duration;

use temporalio_common::RetryPolicy;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    ActivityOptions, SignalWorkflowOptions, SyncWorkflowContext, WorkflowContext,
    WorkflowContextView, WorkflowResult, workflows::join_all,
};

use super::{
    error::with_causes,
    heartbeat::HEARTBEAT_TIMEOUT,
    progress::{NextGroup, ShardProgress},
    run_flow::RunFlow,
    task::{ChangeSums, GroupEnd, GroupTask, ShardEnd, ShardGroup, ShardStart, ShardTask},
    worker::GroupActivities,
};
use crate::event::StopReason;

/// No group takes this long: it would wait for the service for a whole day.
const GROUP_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// How soon another worker gets a group that its worker has given back.
const RETRY_INTERVAL: Duration = Duration::from_millis(200);

#[workflow]
#[derive(Debug)]
pub(crate) struct ShardFlow {
    task: ShardTask,
    start: Option<ShardStart>,
    progress: ShardProgress,
    stopping: bool,
}

#[workflow_methods]
impl ShardFlow {
    #[init]
    fn new(_ctx: &WorkflowContextView, task: ShardTask) -> Self {
        Self {
            task,
            start: None,
            progress: ShardProgress::default(),
            stopping: false,
        }
    }

    /// Returns the groups with what became of them.
    #[run]
    pub(crate) async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<Vec<ShardGroup>> {
        ctx.wait_condition(|flow| flow.start.is_some()).await?;
        let lanes = ctx.state(Self::lanes);
        let lanes = (0..lanes).map(|_| lane(ctx.clone()));
        for lane in join_all(lanes).await {
            lane?;
        }
        let (run_flow, end) = ctx.state(|flow| (flow.task.run_flow.clone(), flow.end()));
        // If that workflow is gone, nothing waits for this shard; what became of it is its own result.
        let _ = ctx
            .external_workflow(run_flow, None)
            .signal(RunFlow::settled, end, SignalWorkflowOptions::default())
            .await;
        Ok(ctx.state(|flow| flow.task.groups.clone()))
    }

    #[signal]
    pub(crate) fn begin(&mut self, _ctx: &mut SyncWorkflowContext<Self>, start: ShardStart) {
        if self.start.is_none() {
            self.progress = ShardProgress::new(&self.task.groups, &start);
            if self.stopping {
                self.progress.stop(StopReason::Interrupted);
            }
            self.start = Some(start);
        }
    }

    /// What became of its changes so far: before this session, and now.
    #[query]
    pub(crate) fn shard_sums(&self, _ctx: &WorkflowContextView) -> (ChangeSums, ChangeSums) {
        let end = self.progress.end(self.task.number);
        (end.sums_before, end.sums)
    }

    /// Whether it begins nothing more, so that the groups under way are to finish what is in flight, and no more.
    #[query]
    pub(crate) fn is_stopped(&self, _ctx: &WorkflowContextView) -> bool {
        self.progress.is_stopped()
    }

    /// Begins nothing more.
    #[signal]
    pub(crate) fn stop(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.stopping = true;
        self.progress.stop(StopReason::Interrupted);
    }
}

impl ShardFlow {
    fn lanes(&self) -> usize {
        let wanted = self
            .start
            .as_ref()
            .map_or(1, |start| start.session.pace.concurrency.get());
        (wanted as usize).min(self.task.groups.len()).max(1)
    }

    fn end(&self) -> ShardEnd {
        let session = self.start.as_ref().map(|start| &start.session);
        ShardEnd {
            run: session.map_or_else(String::new, |session| session.run.clone()),
            began_ms: session.map_or(0, |session| session.began_ms),
            ..self.progress.end(self.task.number)
        }
    }

    fn group_task(
        &self,
        index: usize,
        max_errors: Option<u64>,
        witness: Option<usize>,
    ) -> Option<GroupTask> {
        let group = self.task.groups.get(index)?;
        let mut session = self.start.as_ref()?.session.clone();
        // There may be many, about other groups.
        session
            .answers
            .retain(|given| group.lines.contains(&given.line));
        let wanted = |number: &u64| {
            let line = usize::try_from(number.checked_sub(self.task.first_line)?).ok()?;
            Some((*number, self.task.text.lines().nth(line)?.to_owned()))
        };
        Some(GroupTask {
            session,
            header: self.task.header.clone(),
            lines: group.lines.iter().map(wanted).collect::<Option<_>>()?,
            journal: group.journal.clone(),
            max_errors,
            witness: witness
                .and_then(|other| self.task.groups.get(other))
                .and_then(|other| other.execution.clone()),
        })
    }

    fn ended(&mut self, index: usize, end: GroupEnd) {
        self.progress.ended(index, &end);
        if let Some(group) = self.task.groups.get_mut(index) {
            group.journal = end.journal;
            group.errors = end.errors;
            group.doubtful = end.doubtful;
            group.open = end.open;
            group.sums = end.sums;
        }
    }
}

/// Works on one group after the other.
async fn lane(ctx: WorkflowContext<ShardFlow>) -> WorkflowResult<()> {
    loop {
        ctx.wait_condition(|flow| flow.progress.is_decided())
            .await?;
        let next = ctx.state_mut(|flow| flow.progress.next());
        let NextGroup::Work {
            index,
            max_errors,
            witness,
        } = next
        else {
            // Another lane may have taken what this one was woken for.
            if next == NextGroup::Done {
                return Ok(());
            }
            continue;
        };
        let task = ctx.state(|flow| flow.group_task(index, max_errors, witness));
        let bug = |message: String| StopReason::Bug { message };
        let Some(task) = task else {
            ctx.state_mut(|flow| {
                flow.progress
                    .stop(bug("a group's lines are not in its shard".to_owned()));
            });
            return Ok(());
        };
        let end = ctx
            .execute_activity(GroupActivities::group, task, options())
            .await;
        ctx.state_mut(|flow| match end {
            Ok(end) => flow.ended(index, end),
            Err(error) => {
                if let Some(group) = flow.task.groups.get_mut(index) {
                    group.is_lost = true;
                }
                flow.progress.stop(bug(with_causes(&error)));
            }
        });
    }
}

/// A group is tried again until a worker has brought it to an end: each attempt goes on where the one before it was.
fn options() -> ActivityOptions {
    let again = RetryPolicy::builder()
        .initial_interval(RETRY_INTERVAL)
        .backoff_coefficient(1.0)
        .build();
    ActivityOptions::with_start_to_close_timeout(GROUP_TIMEOUT)
        .heartbeat_timeout(HEARTBEAT_TIMEOUT)
        .retry_policy(again)
        .build()
}

#[cfg(test)]
mod tests;
