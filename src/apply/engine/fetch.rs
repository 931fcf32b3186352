//! Finds a run at the engine, from any machine, and begins another session of it.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use temporalio_client::{
    NamespacedClient, WorkflowDescribeOptions, WorkflowExecutionStatus,
    grpc::WorkflowService,
    tonic::{self, IntoRequest as _},
};
use temporalio_common::{
    data_converters::SerializationContextData,
    protos::temporal::api::{
        common::v1::WorkflowExecution,
        history::v1::{HistoryEvent, history_event::Attributes},
        workflowservice::v1::GetWorkflowExecutionHistoryRequest,
    },
};

use super::{
    error::{EngineError, with_causes},
    link::{EngineLink, SubmittedRun},
    run_flow::{BegunRun, RunFlow, RunTask},
    shard_flow::ShardFlow,
    stages::RunProgress,
    task::{ChangeSums, SessionTask, ShardGroup, ShardTask, run_flow_id, shard_flow_id},
    team::TeamStanding,
};
use crate::{outcome::Counts, run_id::RunId, store::RunSettings};

/// A shard that has not begun has fewer events than this: before the signal to begin, its workflow was only started.
const WAITING: usize = 60;

/// A run as the engine knows it.
#[derive(Debug)]
pub struct FoundRun {
    pub(super) task: RunTask,
    pub standing: TeamStanding,
    pub(super) sums: ChangeSums,
    /// The engine's name of its last session.
    pub(super) execution: String,
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
        let Some(mut task) = self.input::<RunTask>(&shard.run_flow).await? else {
            return Ok(None);
        };
        // As this machine reaches it.
        task.settings.engine = Some(self.address().to_string());
        if task.settings.run != run {
            // The plan was applied once more since.
            return Ok(None);
        }
        let execution = self.execution(&shard.run_flow).await?;
        let state = self.flow_state(&shard.run_flow, &execution, &task).await?;
        Ok(state.map(|state| FoundRun {
            task,
            standing: state.standing,
            sums: state.sums,
            execution,
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
        let id = run.settings().run.to_string();
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
        let settings = found.settings();
        let (plan_sha256, id) = (&settings.plan_sha256, settings.run.to_string());
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
            session,
            begun: None,
            before: Some(before.clone()),
            ..found.task.clone()
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
                sums: before.progress.sums,
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
        // One that has not begun waits for its turn, or was ended because the run was abandoned.
        if self.has_begun(&id, "").await? {
            let groups = self.shard(run, number).await?;
            let waits = false;
            return Ok(StoredShard { groups, waits });
        }
        Ok(StoredShard {
            groups: self.shard_input(run, number).await?.groups,
            waits: self.is_running(&id).await?,
        })
    }

    async fn shard_input(&self, run: &str, number: u32) -> Result<ShardTask, EngineError> {
        let input = self.input(&shard_flow_id(run, number)).await?;
        input.ok_or(EngineError::NoShard)
    }

    async fn is_running(&self, id: &str) -> Result<bool, EngineError> {
        let flow = self.client().get_workflow_handle::<ShardFlow>(id);
        let described = flow.describe(WorkflowDescribeOptions::default()).await;
        described
            .map(|described| described.status() == WorkflowExecutionStatus::Running)
            .map_err(|error| EngineError::of("be asked", &error))
    }

    /// When the last workflow of a plan ended; now, if it has not.
    pub(super) async fn ended_at(&self, plan_sha256: &str) -> Result<Timestamp, EngineError> {
        let flow = (self.client()).get_workflow_handle::<RunFlow>(run_flow_id(plan_sha256));
        let described = flow.describe(WorkflowDescribeOptions::default()).await;
        let described = described.map_err(|error| EngineError::of("be asked", &error))?;
        let ended = described.close_time().and_then(|at| at.try_into().ok());
        Ok(ended.unwrap_or_else(Timestamp::now))
    }

    /// The engine's name of the last execution of a workflow.
    async fn execution(&self, id: &str) -> Result<String, EngineError> {
        let flow = self.client().get_workflow_handle::<RunFlow>(id);
        let described = flow.describe(WorkflowDescribeOptions::default()).await;
        described
            .map(|described| described.run_id().to_owned())
            .map_err(|error| EngineError::of("be asked", &error))
    }

    /// Whether the signal to begin has come to a workflow; the last one with this id if `execution` is empty.
    pub(super) async fn has_begun(&self, id: &str, execution: &str) -> Result<bool, EngineError> {
        let events = self.first_events(id, execution, WAITING).await?;
        let events = events.unwrap_or_default();
        let begins = |event: &HistoryEvent| match &event.attributes {
            Some(Attributes::WorkflowExecutionSignaledEventAttributes(signal)) => {
                signal.signal_name == "begin"
            }
            Some(_) | None => false,
        };
        Ok(events.len() >= WAITING || events.iter().any(begins))
    }

    /// The input of the last workflow with this id; none if there is none.
    pub(super) async fn input<T: DeserializeOwned + 'static>(
        &self,
        id: &str,
    ) -> Result<Option<T>, EngineError> {
        self.input_of(id, "").await
    }

    /// The input of a workflow; none if there is no such one.
    pub(super) async fn input_of<T: DeserializeOwned + 'static>(
        &self,
        id: &str,
        execution: &str,
    ) -> Result<Option<T>, EngineError> {
        let failed = |error: &dyn std::fmt::Display| EngineError::of("be asked", error);
        let Some(events) = self.first_events(id, execution, 1).await? else {
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
        let client = self.client();
        let input = client
            .data_converter()
            .from_payload(&SerializationContextData::None, payload);
        input
            .await
            .map(Some)
            .map_err(|error| EngineError::Unusable(with_causes(&error)))
    }

    /// The beginning of a workflow's history: all of it may be long. None if there is no workflow with this id.
    async fn first_events(
        &self,
        id: &str,
        execution: &str,
        events: usize,
    ) -> Result<Option<Vec<HistoryEvent>>, EngineError> {
        let mut client = self.client();
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: client.namespace(),
            execution: Some(WorkflowExecution {
                workflow_id: id.to_owned(),
                run_id: execution.to_owned(),
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
    pub const fn settings(&self) -> &RunSettings {
        &self.task.settings
    }

    /// The settings of its last session.
    pub const fn session(&self) -> &SessionTask {
        &self.task.session
    }

    /// The changes to which its earlier sessions have given an outcome.
    pub fn ended(&self) -> Counts {
        self.sums.ended()
    }

    pub const fn undecided(&self) -> u64 {
        self.sums.undecided
    }

    pub const fn changes(&self) -> u64 {
        self.task.plan.changes
    }

    /// The signature of its plan that was checked before it was submitted.
    pub fn signature(&self) -> Option<&str> {
        self.task.plan.signature.as_deref()
    }

    /// To wait for its end.
    pub fn followed(&self) -> SubmittedRun {
        SubmittedRun::of(self.settings())
    }
}
