//! The list of the runs that the engine has.

use std::collections::{HashMap, HashSet};

use futures::StreamExt as _;
use jiff::Timestamp;
use temporalio_client::{WorkflowExecutionStatus, WorkflowListOptions};

use super::{
    error::EngineError,
    link::EngineLink,
    run_flow::RunTask,
    team::{TeamRun, team_run},
};
use crate::{run_id::RunId, store::RunSettings};

/// All workflows of runs. One that was continued anew is there once more.
const RUN_FLOWS: &str = "WorkflowType = 'RunFlow' AND ExecutionStatus != 'ContinuedAsNew'";

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
}
