//! Finds a run at the engine, from any machine, and begins another session of it.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use temporalio_client::{
    NamespacedClient, WorkflowDescribeOptions, WorkflowExecutionStatus,
    errors::WorkflowInteractionError,
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
    link::{ClaimAfter, EngineLink, SubmittedRun},
    run_flow::{BegunRun, RunTask},
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
    /// As its last session has left it; none if it is under way, or if that is not known.
    pub(super) left: Option<BegunRun>,
    /// The engine's name of its last session.
    pub(super) execution: String,
}

/// A workflow as the engine has it.
#[derive(Debug)]
pub(super) struct DescribedFlow {
    /// The engine's name of this execution.
    pub(super) execution: String,
    pub(super) status: WorkflowExecutionStatus,
    pub(super) closed_at: Option<Timestamp>,
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
        let workflow = match self.input::<ShardTask>(&first).await? {
            Some(shard) => Some(shard.run_flow),
            // The engine may have forgotten it: it ended before the run did.
            None => self.listed(run).await?,
        };
        let Some(workflow) = workflow else {
            return Ok(None);
        };
        let Some(mut task) = self.input::<RunTask>(&workflow).await? else {
            return Ok(None);
        };
        // As this machine reaches it.
        task.settings.engine = Some(self.address().to_string());
        if task.settings.run != run {
            // The plan was applied once more since.
            return Ok(None);
        }
        let Some(last) = self.describe(&workflow, "").await? else {
            return Ok(None);
        };
        let state = (self.flow_state(&workflow, &last.execution, &task)).await?;
        Ok(state.map(|state| FoundRun {
            task,
            standing: state.standing,
            sums: state.sums,
            left: state.left,
            execution: last.execution,
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
                let shards = run.left.as_ref().map_or(1, |left| left.shards);
                if number < shards {
                    return Err(EngineError::NoShard);
                }
                break;
            };
            if number == 0 {
                take(&shard.header).map_err(failed)?;
            }
            take(&shard.text).map_err(failed)?;
        }
        Ok(())
    }

    /// Begins another session of a run that has stopped, or in which something is in doubt.
    ///
    /// # Errors
    ///
    /// If the engine can't be asked, or the session in `found` is not the last one any more, or if `interrupted` comes before the
    /// session begins. Nothing was begun then, unless it is [`EngineError::PerhapsBegun`].
    pub async fn go_on(
        &self,
        found: &FoundRun,
        session: SessionTask,
        interrupted: impl Future<Output = ()>,
    ) -> Result<SubmittedRun, EngineError> {
        let Some(before) = found.left.clone() else {
            return Err(EngineError::Resumed);
        };
        let place = session.place();
        self.start_pace(&place).await?;
        let task = RunTask {
            session,
            begun: None,
            before: Some(before.clone()),
            ..found.task.clone()
        };
        // First, so that no other session works on the shards from here on: what they have sent is read after it.
        let execution = (self.claim(task, ClaimAfter::Session(&found.execution))).await?;
        let run = found.followed();
        let workflow = run_flow_id(&run.plan_sha256);
        // If it can't begin, its shards are as they were, or wait.
        let restarted = self.restart_shards(&run, &place, before);
        let claimed = (workflow.as_str(), execution.as_str());
        self.begin_once(claimed, restarted, interrupted).await?;
        Ok(run)
    }

    /// Starts the workflows of the shards again in which something is left to do.
    async fn restart_shards(
        &self,
        run: &SubmittedRun,
        place: &str,
        before: BegunRun,
    ) -> Result<BegunRun, EngineError> {
        let mut open = Vec::new();
        for number in 0..before.shards {
            let StoredShard { groups, waits } = self.stored_shard(&run.run, number).await?;
            if !waits && !groups.iter().any(|group| group.open) {
                continue;
            }
            open.push(number);
            if !waits {
                let shard = self.shard_input(&run.run, number).await?;
                self.upload(place, &run.run, ShardTask { groups, ..shard })
                    .await?;
            }
        }
        Ok(BegunRun {
            shards: before.shards,
            progress: RunProgress {
                open,
                stages: before.progress.stages,
                sums: before.progress.sums,
                ..RunProgress::default()
            },
        })
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
            waits: (self.describe(&id, "").await?)
                .is_some_and(|shard| shard.status == WorkflowExecutionStatus::Running),
        })
    }

    async fn shard_input(&self, run: &str, number: u32) -> Result<ShardTask, EngineError> {
        let input = self.input(&shard_flow_id(run, number)).await?;
        input.ok_or(EngineError::NoShard)
    }

    /// A workflow; the last one with this id if `execution` is empty. None if there is none.
    pub(super) async fn describe(
        &self,
        id: &str,
        execution: &str,
    ) -> Result<Option<DescribedFlow>, EngineError> {
        let flow = self.run_flow(id, execution);
        match flow.describe(WorkflowDescribeOptions::default()).await {
            Ok(described) => Ok(Some(DescribedFlow {
                execution: described.run_id().to_owned(),
                status: described.status(),
                closed_at: described.close_time().and_then(|at| at.try_into().ok()),
            })),
            Err(WorkflowInteractionError::NotFound(_)) => Ok(None),
            Err(error) => Err(EngineError::of("be asked", &error)),
        }
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
