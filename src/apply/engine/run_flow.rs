//! The workflow of a run: it hands its shards out, one after the other, within the error budget and the stages.

use std::{io, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    ApplicationFailure, CancellableFuture as _, ContinueAsNewOptions, SignalWorkflowOptions,
    SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination,
    workflows::select,
};

use super::{
    shard_flow::ShardFlow,
    stages::RunProgress,
    task::{ChangeSums, SessionTask, ShardEnd, ShardStart, shard_flow_id},
};
use crate::{event::StopReason, plan::Follows, store::RunSettings};

/// How long the upload of a plan may take. A run whose upload has died blocks no second one for longer.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(60 * 60);

/// How soon a run looks whether its shard is still there: somebody may have ended it with the engine's own tools.
const FIRST_LOOK: Duration = Duration::from_secs(30);

/// The time between two looks doubles up to this, so that the history of a run that waits for days stays short.
const LAST_LOOK: Duration = Duration::from_secs(60 * 60);

/// Events until the history begins anew: a fifth of what the engine warns of.
const MAX_EVENTS: u32 = 2_000;

/// The input of the workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunTask {
    /// The run's `run.json`.
    pub settings: RunSettings,
    pub(super) plan: SubmittedPlan,
    pub session: SessionTask,
    /// Once the plan is there.
    pub(super) begun: Option<BegunRun>,
    /// As the last session has left it.
    pub(super) before: Option<BegunRun>,
    /// A person has abandoned the run. Such a workflow does nothing: it is ended by the process that starts it, and its input says so.
    #[serde(default)]
    pub(super) abandoned: Option<Abandonment>,
}

/// What another machine has to know of a plan without reading it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SubmittedPlan {
    pub(super) changes: u64,
    /// The run that it undoes, retries or corrects.
    pub(super) follows: Option<Follows>,
    /// The signature that was checked before it was submitted.
    #[serde(default)]
    pub(super) signature: Option<String>,
}

/// When and where a run was abandoned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abandonment {
    pub at: Timestamp,
    pub host: String,
}

/// What became of the changes of a run that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunSums {
    /// Without the shard that is worked on.
    pub(super) sums: ChangeSums,
    pub(super) shard: Option<u32>,
}

/// A run whose plan is at the engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BegunRun {
    /// All shards of the plan.
    pub(super) shards: u32,
    pub(super) progress: RunProgress,
}

#[workflow]
#[derive(Debug)]
pub(crate) struct RunFlow {
    task: RunTask,
    /// The end of the shard that is under way.
    shard: Option<ShardEnd>,
    stopping: bool,
}

#[workflow_methods]
impl RunFlow {
    #[init]
    fn new(_ctx: &WorkflowContextView, task: RunTask) -> Self {
        Self {
            task,
            shard: None,
            stopping: false,
        }
    }

    /// Returns the run as it is at its end.
    #[run]
    pub(crate) async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<BegunRun> {
        if let Some(before) = ctx.state(|flow| {
            let is_abandoned = flow.task.abandoned.is_some();
            flow.task.before.clone().filter(|_| is_abandoned)
        }) {
            return Ok(before);
        }
        select! {
            _ = ctx.wait_condition(|flow| flow.task.begun.is_some() || flow.stopping) => {}
            _ = ctx.timer(UPLOAD_PATIENCE) => {}
        }
        if ctx.state(|flow| flow.task.begun.is_none()) {
            return ctx.state(|flow| match &flow.task.before {
                Some(before) => Ok(before.clone()),
                // The plan never came: it may be submitted again.
                None => Err(never_uploaded()),
            });
        }
        'shards: while let Some((number, start)) = ctx.state_mut(Self::next) {
            let shard = ctx.external_workflow(shard_flow_id(&start.session.run, number), None);
            let begun = shard.signal(ShardFlow::begin, start.clone(), options());
            if let Err(failure) = begun.await {
                let message = format!("a part of the plan can't be begun: {failure}");
                ctx.state_mut(|flow| flow.stop(StopReason::Bug { message }));
                break;
            }
            let mut patience = FIRST_LOOK;
            let mut is_told = false;
            loop {
                let mut look = ctx.timer(patience);
                let is_due = select! {
                    _ = ctx.wait_condition(|flow| flow.shard.is_some() || flow.stopping && !is_told) => false,
                    _ = look => true,
                };
                if !is_due {
                    look.cancel();
                }
                if ctx.state(|flow| flow.shard.is_some()) {
                    break;
                }
                // What it knows already is said again: that tells whether it is still there.
                let told = if ctx.state(|flow| flow.stopping) {
                    is_told = true;
                    shard.signal(ShardFlow::stop, (), options()).await
                } else {
                    let again = shard.signal(ShardFlow::begin, start.clone(), options());
                    again.await
                };
                // A shard that has come to its end has said so before.
                if told.is_err() && ctx.state(|flow| flow.shard.is_none()) {
                    ctx.state_mut(Self::lose_shard);
                    break 'shards;
                }
                patience = (patience * 2).min(LAST_LOOK);
            }
            ctx.state_mut(Self::take_shard);
            if ctx.history_length() > MAX_EVENTS {
                let task = ctx.state(|flow| flow.task.clone());
                ctx.continue_as_new(task, ContinueAsNewOptions::default())?;
            }
        }
        ctx.state(|flow| flow.task.begun.clone().ok_or_else(never_uploaded))
    }

    /// The whole plan is at the engine.
    #[signal]
    pub(crate) fn begin(&mut self, _ctx: &mut SyncWorkflowContext<Self>, begun: BegunRun) {
        self.task.begun.get_or_insert(begun);
        if self.stopping {
            self.stop(StopReason::Interrupted);
        }
    }

    /// A shard has come back.
    #[signal]
    pub(crate) fn settled(&mut self, _ctx: &mut SyncWorkflowContext<Self>, end: ShardEnd) {
        self.settle(end);
    }

    /// How far it is.
    #[query]
    pub(crate) fn run_sums(&self, _ctx: &WorkflowContextView) -> RunSums {
        let progress = self.task.begun.as_ref().map(|begun| &begun.progress);
        RunSums {
            sums: progress
                .map(|progress| progress.sums.clone())
                .unwrap_or_default(),
            shard: progress.and_then(|progress| progress.open.first().copied()),
        }
    }

    /// Begins no further group.
    #[signal]
    pub(crate) fn stop_run(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.interrupt();
    }
}

impl RunFlow {
    /// The next shard to begin with.
    fn next(&mut self) -> Option<(u32, ShardStart)> {
        let session = self.task.session.clone();
        let progress = &mut self.task.begun.as_mut()?.progress;
        let number = progress.next()?;
        self.shard = None;
        let start = ShardStart {
            errors: progress.errors(),
            in_a_row: progress.in_a_row,
            session,
        };
        Some((number, start))
    }

    /// Another workflow of the same plan may have had this id before, and its last shard may come back late.
    fn settle(&mut self, end: ShardEnd) {
        let session = &self.task.session;
        let progress = self.task.begun.as_ref().map(|begun| &begun.progress);
        let awaited = progress.and_then(|progress| progress.open.first());
        let is_mine = end.run == session.run && end.began_ms == session.began_ms;
        if is_mine && awaited == Some(&end.number) {
            self.shard = Some(end);
        }
    }

    /// The history may begin anew at any time: what is to stop is in the task.
    fn interrupt(&mut self) {
        self.stopping = true;
        self.stop(StopReason::Interrupted);
    }

    fn lose_shard(&mut self) {
        let changes = self.task.plan.changes;
        if let Some(begun) = &mut self.task.begun {
            begun.progress.lost(changes);
        }
    }

    fn take_shard(&mut self) {
        if let (Some(begun), Some(end)) = (&mut self.task.begun, self.shard.take()) {
            begun.progress.ended(&end);
        }
    }

    fn stop(&mut self, reason: StopReason) {
        if let Some(begun) = &mut self.task.begun {
            begun.progress.stop(reason);
        }
    }
}

fn never_uploaded() -> WorkflowTermination {
    let cause = io::Error::other("its plan was never uploaded");
    WorkflowTermination::failed_application(ApplicationFailure::new(cause))
}

fn options() -> SignalWorkflowOptions {
    SignalWorkflowOptions::default()
}

#[cfg(test)]
mod tests;
