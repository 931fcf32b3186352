//! Finds a run at the engine, from any machine, and begins another session of it.

use serde::de::DeserializeOwned;
use temporalio_client::{
    NamespacedClient, WorkflowDescribeOptions, WorkflowExecutionStatus,
    grpc::WorkflowService,
    tonic::{self, IntoRequest as _},
};
use temporalio_common::protos::temporal::api::{
    common::v1::WorkflowExecution,
    history::v1::{HistoryEvent, history_event::Attributes},
    workflowservice::v1::GetWorkflowExecutionHistoryRequest,
};

use super::{
    error::EngineError,
    link::{EngineLink, SubmittedRun},
    run_flow::{BegunRun, RunTask},
    shard_flow::ShardFlow,
    stages::RunProgress,
    task::{SessionTask, ShardGroup, ShardTask, shard_flow_id},
};
use crate::{run_id::RunId, store::RunSettings};

/// A shard that has not begun has fewer events than this: before the signal to begin, its workflow was only started.
const WAITING: usize = 60;

/// A run as the engine knows it.
#[derive(Debug)]
pub struct FoundRun {
    pub settings: RunSettings,
    /// The settings of its last session.
    pub session: SessionTask,
    /// Whether it is under way.
    pub is_running: bool,
}

/// A shard as the engine has it.
#[derive(Debug)]
pub(super) struct StoredShard {
    pub(super) groups: Vec<ShardGroup>,
    /// It waits for its turn.
    pub(super) waits: bool,
}

impl EngineLink {
    /// The run with this id; none if the engine does not know it, or not any more.
    ///
    /// # Errors
    ///
    /// If the engine can't be asked.
    pub async fn find(&self, run: RunId) -> Result<Option<FoundRun>, EngineError> {
        let first = shard_flow_id(&run.to_string(), 0);
        let Some(shard) = self.input::<ShardTask>(&first).await? else {
            return Ok(None);
        };
        let Some(task) = self.input::<RunTask>(&shard.run_flow).await? else {
            return Ok(None);
        };
        if task.settings.run != run {
            // The plan was applied once more since.
            return Ok(None);
        }
        Ok(Some(FoundRun {
            is_running: self.is_running(&shard.run_flow).await?,
            settings: task.settings,
            session: task.session,
        }))
    }

    /// Passes the text of the run's plan, part by part.
    ///
    /// # Errors
    ///
    /// If the engine can't be asked; and the errors of `take`. Only its digest tells whether it is complete.
    pub async fn plan_of(
        &self,
        run: &FoundRun,
        mut take: impl FnMut(&str) -> std::io::Result<()>,
    ) -> Result<(), EngineError> {
        let failed = |error: std::io::Error| EngineError::Unusable(error.to_string());
        let id = run.settings.run.to_string();
        for number in 0.. {
            let shard = self.input::<ShardTask>(&shard_flow_id(&id, number)).await?;
            let Some(shard) = shard else {
                break;
            };
            if number == 0 {
                take(&shard.header).map_err(failed)?;
            }
            take(&shard.text).map_err(failed)?;
        }
        Ok(())
    }

    /// Begins another session of a run that has stopped, or in which something is in doubt. None if nothing is left to do.
    ///
    /// # Errors
    ///
    /// If the engine can't be asked, or another process has begun one meanwhile.
    pub async fn go_on(
        &self,
        found: &FoundRun,
        session: SessionTask,
    ) -> Result<Option<SubmittedRun>, EngineError> {
        let (plan_sha256, id) = (&found.settings.plan_sha256, found.settings.run.to_string());
        let before = self.result(plan_sha256).await?;
        let mut open = Vec::new();
        let mut to_restart = Vec::new();
        for number in 0..before.shards {
            let StoredShard { groups, waits } = self.stored_shard(&id, number).await?;
            if !waits && !groups.iter().any(|group| group.open) {
                continue;
            }
            open.push(number);
            if !waits {
                let shard = self.shard_input(&id, number).await?;
                to_restart.push(ShardTask { groups, ..shard });
            }
        }
        if open.is_empty() {
            return Ok(None);
        }
        let place = session.place();
        self.start_pace(&place).await?;
        let task = RunTask {
            settings: found.settings.clone(),
            session,
            begun: None,
            before: Some(before.clone()),
        };
        self.claim(plan_sha256, task, true).await?;
        for shard in to_restart {
            self.upload(&place, &id, shard).await?;
        }
        let begun = BegunRun {
            shards: before.shards,
            progress: RunProgress {
                open,
                stages: before.progress.stages,
                ..RunProgress::default()
            },
        };
        self.begin(plan_sha256, begun).await?;
        Ok(Some(SubmittedRun {
            plan_sha256: plan_sha256.clone(),
            run: id,
        }))
    }

    /// The groups of a shard, as they are once nobody works on them. One that has just come back may still be about to end.
    pub(super) async fn stored_shard(
        &self,
        run: &str,
        number: u32,
    ) -> Result<StoredShard, EngineError> {
        let id = shard_flow_id(run, number);
        let waits = self.is_running(&id).await? && !self.has_begun(&id).await?;
        let groups = if waits {
            self.shard_input(run, number).await?.groups
        } else {
            self.shard(run, number).await?
        };
        Ok(StoredShard { groups, waits })
    }

    async fn shard_input(&self, run: &str, number: u32) -> Result<ShardTask, EngineError> {
        let input = self.input(&shard_flow_id(run, number)).await?;
        input.ok_or_else(|| EngineError::Unusable("a part of its plan is missing".to_owned()))
    }

    async fn is_running(&self, id: &str) -> Result<bool, EngineError> {
        let flow = self.client().get_workflow_handle::<ShardFlow>(id);
        let described = flow.describe(WorkflowDescribeOptions::default()).await;
        described
            .map(|described| described.status() == WorkflowExecutionStatus::Running)
            .map_err(|error| EngineError::of("be asked", &error))
    }

    /// Whether the signal to begin has come to a shard.
    async fn has_begun(&self, id: &str) -> Result<bool, EngineError> {
        let events = self.first_events(id, WAITING).await?.unwrap_or_default();
        let begins = |event: &HistoryEvent| match &event.attributes {
            Some(Attributes::WorkflowExecutionSignaledEventAttributes(signal)) => {
                signal.signal_name == "begin"
            }
            Some(_) | None => false,
        };
        Ok(events.len() >= WAITING || events.iter().any(begins))
    }

    /// The input of a workflow; none if there is none with this id.
    async fn input<T: DeserializeOwned>(&self, id: &str) -> Result<Option<T>, EngineError> {
        let failed = |error: &dyn std::fmt::Display| EngineError::of("be asked", error);
        let Some(events) = self.first_events(id, 1).await? else {
            return Ok(None);
        };
        let first = events.into_iter().next();
        let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) =
            first.and_then(|event| event.attributes)
        else {
            return Err(failed(&"a history has no beginning"));
        };
        let payload = started
            .input
            .and_then(|input| input.payloads.into_iter().next())
            .ok_or_else(|| failed(&"a workflow has no input"))?;
        serde_json::from_slice(&payload.data)
            .map(Some)
            .map_err(|error| EngineError::Unusable(error.to_string()))
    }

    /// The beginning of a workflow's history: all of it may be long. None if there is no workflow with this id.
    async fn first_events(
        &self,
        id: &str,
        events: usize,
    ) -> Result<Option<Vec<HistoryEvent>>, EngineError> {
        let mut client = self.client();
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: client.namespace(),
            execution: Some(WorkflowExecution {
                workflow_id: id.to_owned(),
                run_id: String::new(),
            }),
            maximum_page_size: i32::try_from(events).unwrap_or(i32::MAX),
            ..GetWorkflowExecutionHistoryRequest::default()
        };
        let answer =
            WorkflowService::get_workflow_execution_history(&mut client, request.into_request());
        match answer.await {
            Ok(answer) => Ok(Some(answer.into_inner().history.unwrap_or_default().events)),
            Err(status) if status.code() == tonic::Code::NotFound => Ok(None),
            Err(status) => Err(EngineError::of("be asked", &status)),
        }
    }
}

impl FoundRun {
    /// To wait for its end.
    pub fn followed(&self) -> SubmittedRun {
        SubmittedRun {
            plan_sha256: self.settings.plan_sha256.clone(),
            run: self.settings.run.to_string(),
        }
    }
}
