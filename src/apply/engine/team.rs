//! The runs of a team, as the engine knows them.

use futures::future::join_all;
use jiff::Timestamp;
use temporalio_client::{
    NamespacedClient as _, WorkflowExecutionInfo, WorkflowExecutionStatus,
    WorkflowGetResultOptions, WorkflowHandle, WorkflowQueryOptions, errors::WorkflowGetResultError,
};

use super::{
    error::{EngineError, with_causes},
    link::{ANSWER_TIMEOUT, EngineLink, SubmittedRun},
    run_flow::{Abandonment, BegunRun, RunFlow, RunTask},
    shard_flow::ShardFlow,
    task::{ChangeSums, run_flow_id, shard_flow_id},
};
use crate::{
    event::StopReason,
    outcome::{Counts, Outcome},
    plan::Follows,
    run_id::RunId,
    server_name::is_same_server,
    store::RunSettings,
};

/// A run of the team.
#[derive(Clone, Debug)]
pub struct TeamRun {
    pub settings: RunSettings,
    /// The run that its plan undoes, retries or corrects.
    pub follows: Option<Follows>,
    /// The changes of its plan.
    pub changes: u64,
    pub standing: TeamStanding,
    /// What became of them so far; what was not begun counts as not attempted.
    pub counts: Counts,
    /// Whether `counts` is true: of a run under way, only its workers know.
    pub is_counted: bool,
    /// Whether its plan is there, so that it may have sent something.
    is_begun: bool,
    /// The engine's names for it.
    pub workflow: String,
    pub execution: String,
}

/// What a run at the engine does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TeamStanding {
    /// Workers make it, or it waits for them.
    Running,
    /// It can be resumed: it has stopped, or something is in doubt (no reason).
    Stopped(Option<StopReason>),
    Finished {
        at: Timestamp,
    },
    Abandoned(Abandonment),
    /// Somebody has ended its workflow with the engine's own tools. What it did last is not known.
    Cut,
}

impl TeamRun {
    /// Whether something can still be made of it.
    pub const fn is_unfinished(&self) -> bool {
        match self.standing {
            TeamStanding::Running | TeamStanding::Stopped(_) | TeamStanding::Cut => true,
            TeamStanding::Finished { .. } | TeamStanding::Abandoned(_) => false,
        }
    }

    pub(super) fn is_rival_of(&self, mine: &RunSettings) -> bool {
        let other = &self.settings;
        let orgs = (other.org.as_ref(), mine.org.as_ref());
        let is_of_other_org = matches!(orgs, (Some(one), Some(other)) if one != other);
        other.run != mine.run
            && self.is_unfinished()
            && (self.is_begun || other.run < mine.run)
            && other.playbook == mine.playbook
            && other.vars_sha256 == mine.vars_sha256
            && is_same_server(&other.server, &mine.server)
            && !is_of_other_org
    }
}

/// A workflow of a run, as it is now.
#[derive(Clone, Debug)]
pub(super) struct FlowState {
    pub(super) standing: TeamStanding,
    pub(super) sums: ChangeSums,
    /// As its session has left it; none if it is under way, or if that is not known.
    pub(super) left: Option<BegunRun>,
    /// Whether its plan is there.
    pub(super) is_begun: bool,
}

impl FlowState {
    /// One that is not under way.
    fn ended(task: &RunTask, standing: TeamStanding, left: Option<BegunRun>) -> Self {
        let sums = left.as_ref().map(|left| left.progress.sums.clone());
        Self {
            standing,
            sums: sums.unwrap_or_else(|| all_in_doubt(task.plan.changes)),
            left,
            is_begun: true,
        }
    }
}

impl EngineLink {
    /// The last run of a plan, if its execution is not one of those that are known.
    pub(super) async fn unknown_run(
        &self,
        plan_sha256: &str,
        known: &[String],
    ) -> Result<Option<RunId>, EngineError> {
        let workflow = run_flow_id(plan_sha256);
        let Some(last) = self.describe(&workflow, "").await? else {
            return Ok(None);
        };
        if known.contains(&last.execution) {
            return Ok(None);
        }
        let Some(task) = self.input_of::<RunTask>(&workflow, &last.execution).await? else {
            return Ok(None);
        };
        let state = self.flow_state(&workflow, &last.execution, &task).await?;
        Ok(state.map(|_| task.settings.run))
    }

    /// One of them.
    ///
    /// # Errors
    ///
    /// If the engine can't be asked.
    pub async fn team_run(&self, run: RunId) -> Result<Option<TeamRun>, EngineError> {
        let Some(found) = self.find(run).await? else {
            return Ok(None);
        };
        let state = FlowState {
            standing: found.standing,
            sums: found.sums,
            left: found.left,
            is_begun: true,
        };
        let workflow = run_flow_id(&found.task.settings.plan_sha256);
        Ok(Some(team_run(found.task, state, workflow, found.execution)))
    }

    /// What a workflow of a run does or has done; none if its plan never came, so that there is no run.
    pub(super) async fn flow_state(
        &self,
        workflow: &str,
        execution: &str,
        task: &RunTask,
    ) -> Result<Option<FlowState>, EngineError> {
        if let Some(abandoned) = &task.abandoned {
            let standing = TeamStanding::Abandoned(abandoned.clone());
            return Ok(Some(FlowState::ended(task, standing, task.before.clone())));
        }
        let Some(flow) = self.describe(workflow, execution).await? else {
            return Ok(None);
        };
        let left = match flow.status {
            WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Paused => {
                let begun = task.begun.as_ref().or(task.before.as_ref());
                let sums = begun.map(|begun| begun.progress.sums.clone());
                return Ok(Some(FlowState {
                    standing: TeamStanding::Running,
                    sums: sums.unwrap_or_default(),
                    left: None,
                    is_begun: task.before.is_some()
                        || self.was_begun(workflow, execution, task).await?,
                }));
            }
            WorkflowExecutionStatus::Completed => {
                let flow = self.run_flow(workflow, execution);
                let result = flow.get_result(WorkflowGetResultOptions::default()).await;
                result.map_err(|error| unread_result(&error))?
            }
            _ if self.was_begun(workflow, execution, task).await? => {
                return Ok(Some(FlowState::ended(task, TeamStanding::Cut, None)));
            }
            // It was withdrawn, or its plan never came: nothing was begun.
            _ => match &task.before {
                Some(before) => before.clone(),
                None => return Ok(None),
            },
        };
        let progress = &left.progress;
        let is_left = progress.sums.undecided > 0 || !progress.open.is_empty();
        let standing = if progress.stopped.is_some() || is_left {
            TeamStanding::Stopped(progress.stopped.clone())
        } else {
            TeamStanding::Finished {
                at: flow.closed_at.unwrap_or(task.settings.started_at),
            }
        };
        Ok(Some(FlowState::ended(task, standing, Some(left))))
    }

    async fn was_begun(
        &self,
        workflow: &str,
        execution: &str,
        task: &RunTask,
    ) -> Result<bool, EngineError> {
        Ok(task.begun.is_some() || self.has_begun(workflow, execution).await?)
    }

    /// The changes of a run under way that have an outcome; none if no worker can say so now.
    pub async fn counts(&self, run: &SubmittedRun) -> Option<Counts> {
        let flow = self.run_flow(&run_flow_id(&run.plan_sha256), "");
        let options = WorkflowQueryOptions::default;
        let running = flow.query(RunFlow::run_sums, (), options()).await.ok()?;
        let mut sums = running.sums;
        if let Some(number) = running.shard {
            let id = shard_flow_id(&run.run, number);
            let shard = self.client().get_workflow_handle::<ShardFlow>(id);
            // One that has not begun has no sums.
            let (before, now) = shard
                .query(ShardFlow::shard_sums, (), options())
                .await
                .ok()?;
            sums.recount(&before, &now);
        }
        Some(sums.ended())
    }

    /// Asks the workers of runs that are under way how far these are.
    pub async fn count(&self, runs: &mut [TeamRun]) {
        let are_under_way = runs.iter_mut().filter(|run| !run.is_counted);
        join_all(are_under_way.map(|run| async {
            let followed = SubmittedRun::of(&run.settings);
            let asked = tokio::time::timeout(ANSWER_TIMEOUT, self.counts(&followed));
            if let Ok(Some(ended)) = asked.await {
                run.counts = with_rest(ended, run.changes);
                run.is_counted = true;
            }
        }))
        .await;
    }

    /// A workflow of a run; the last one with this id if `execution` is empty.
    pub(super) fn run_flow(
        &self,
        workflow: &str,
        execution: &str,
    ) -> WorkflowHandle<temporalio_client::Client, RunFlow> {
        let client = self.client();
        let info = WorkflowExecutionInfo::builder()
            .namespace(client.namespace())
            .workflow_id(workflow)
            .maybe_run_id((!execution.is_empty()).then_some(execution))
            .build();
        WorkflowHandle::new(client, info)
    }
}

fn unread_result(error: &WorkflowGetResultError) -> EngineError {
    match error {
        WorkflowGetResultError::PayloadConversion(error) => {
            EngineError::Unusable(with_causes(error))
        }
        error => EngineError::of("be asked", error),
    }
}

fn all_in_doubt(changes: u64) -> ChangeSums {
    let mut sums = ChangeSums::default();
    sums.counts.add(Outcome::InDoubt, changes);
    sums
}

/// What was not begun is not attempted.
fn with_rest(mut ended: Counts, changes: u64) -> Counts {
    let rest = changes.saturating_sub(ended.total());
    ended.add(Outcome::NotAttempted, rest);
    ended
}

pub(super) fn team_run(
    task: RunTask,
    state: FlowState,
    workflow: String,
    execution: String,
) -> TeamRun {
    let FlowState {
        standing,
        sums,
        is_begun,
        left: _,
    } = state;
    let is_counted = standing != TeamStanding::Running || !is_begun;
    TeamRun {
        counts: with_rest(sums.ended(), task.plan.changes),
        is_counted,
        settings: task.settings,
        follows: task.plan.follows,
        changes: task.plan.changes,
        standing,
        is_begun,
        workflow,
        execution,
    }
}
