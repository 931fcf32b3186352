//! The runs of a team, as the engine knows them.

use std::collections::{HashMap, HashSet};

use futures::{StreamExt as _, future::join_all};
use jiff::Timestamp;
use temporalio_client::{
    NamespacedClient as _, WorkflowExecutionInfo, WorkflowExecutionStatus,
    WorkflowGetResultOptions, WorkflowHandle, WorkflowListOptions, WorkflowQueryOptions,
    errors::WorkflowGetResultError,
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

/// All workflows of runs. One that was continued anew is there once more.
const RUN_FLOWS: &str = "WorkflowType = 'RunFlow' AND ExecutionStatus != 'ContinuedAsNew'";

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

/// The runs that the engine has.
#[derive(Clone, Debug)]
pub struct TeamListing {
    /// Oldest first.
    pub runs: Vec<TeamRun>,
    /// Those of which this process can't tell what they are.
    pub unread: Vec<UnreadRun>,
}

/// A run that this process can't read: it was begun with another key, or without one.
#[derive(Clone, Debug)]
pub struct UnreadRun {
    /// The engine's name for it, which has the digest of the plan.
    pub workflow: String,
    pub started_at: Option<Timestamp>,
    pub is_running: bool,
    pub reason: String,
}

impl TeamListing {
    /// Refuses if it is not known of a run under way what it does.
    ///
    /// # Errors
    ///
    /// If there is such a run.
    pub fn expect_read(&self) -> Result<(), EngineError> {
        match self.unread.iter().find(|run| run.is_running) {
            Some(run) => Err(EngineError::UnreadRun(run.reason.clone())),
            None => Ok(()),
        }
    }
}

impl TeamRun {
    /// Whether something can still be made of it.
    pub const fn is_unfinished(&self) -> bool {
        match self.standing {
            TeamStanding::Running | TeamStanding::Stopped(_) | TeamStanding::Cut => true,
            TeamStanding::Finished { .. } | TeamStanding::Abandoned(_) => false,
        }
    }

    fn is_rival_of(&self, mine: &RunSettings) -> bool {
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
    /// The runs that the engine still has.
    ///
    /// # Errors
    ///
    /// If the engine can't be asked.
    pub async fn team_runs(&self) -> Result<TeamListing, EngineError> {
        let failed = |error: &dyn std::fmt::Display| EngineError::of("list its runs", error);
        let mut listed = self
            .client()
            .list_workflows(RUN_FLOWS, WorkflowListOptions::default());
        let mut runs = HashMap::new();
        let (mut seen, mut unread) = (HashSet::new(), Vec::new());
        // The newest first: of a run with several sessions, the last one counts.
        while let Some(flow) = listed.next().await {
            let flow = flow.map_err(|error| failed(&error))?;
            let (workflow, execution) = (flow.id().to_owned(), flow.run_id().to_owned());
            let is_newest = seen.insert(workflow.clone());
            match self.listed_run(&workflow, &execution, &runs).await {
                Ok(Some((id, run))) => drop(runs.insert(id, run)),
                // One such run must not hide the others.
                Err(EngineError::Unusable(reason)) if is_newest => unread.push(UnreadRun {
                    workflow,
                    started_at: flow.start_time().and_then(|at| at.try_into().ok()),
                    is_running: flow.status() == WorkflowExecutionStatus::Running,
                    reason,
                }),
                Ok(None) | Err(EngineError::Unusable(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let mut runs: Vec<TeamRun> = runs.into_values().flatten().collect();
        runs.sort_by_key(|run| run.settings.run);
        Ok(TeamListing { runs, unread })
    }

    /// A session of a run, unless a later one is known already; no run if its plan never came.
    async fn listed_run(
        &self,
        workflow: &str,
        execution: &str,
        known: &HashMap<RunId, Option<TeamRun>>,
    ) -> Result<Option<(RunId, Option<TeamRun>)>, EngineError> {
        let task = self.input_of::<RunTask>(workflow, execution).await?;
        let Some(task) = task.filter(|task| !known.contains_key(&task.settings.run)) else {
            return Ok(None);
        };
        let id = task.settings.run;
        let state = self.flow_state(workflow, execution, &task).await?;
        let run = state.map(|state| team_run(task, state, workflow.into(), execution.into()));
        Ok(Some((id, run)))
    }

    /// The workflow of a run, looked for in the list of all runs.
    pub(super) async fn listed(&self, run: RunId) -> Result<Option<String>, EngineError> {
        let mut listed = self
            .client()
            .list_workflows(RUN_FLOWS, WorkflowListOptions::default());
        while let Some(flow) = listed.next().await {
            let flow = flow.map_err(|error| EngineError::of("list its runs", &error))?;
            let task = match self.input_of::<RunTask>(flow.id(), flow.run_id()).await {
                // Which run that is can't be told.
                Err(EngineError::Unusable(_)) => continue,
                task => task?,
            };
            if task.is_some_and(|task| task.settings.run == run) {
                return Ok(Some(flow.id().to_owned()));
            }
        }
        Ok(None)
    }

    /// Why a run that was claimed must not begin: another one of the plan was not known, or one of the same playbook and variables is not
    /// finished. That one was begun, or is older than this one, so that of two that were submitted at the same time one goes on.
    pub(super) async fn rival_of(
        &self,
        mine: &RunSettings,
        known: &[String],
        again: bool,
    ) -> Result<Option<EngineError>, EngineError> {
        let listing = self.team_runs().await?;
        let is_unknown = |other: &&TeamRun| {
            other.settings.plan_sha256 == mine.plan_sha256
                && other.settings.run != mine.run
                && !known.contains(&other.execution)
        };
        if let Some(other) = listing.runs.iter().find(is_unknown).filter(|_| !again) {
            let run = other.settings.run;
            return Ok(Some(EngineError::Submitted { run }));
        }
        if let Some(rival) = listing.runs.iter().find(|other| other.is_rival_of(mine)) {
            let run = rival.settings.run;
            return Ok(Some(EngineError::Rival { run }));
        }
        Ok(listing.expect_read().err())
    }

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

fn team_run(task: RunTask, state: FlowState, workflow: String, execution: String) -> TeamRun {
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
