//! The connection to the engine.

use std::{fmt, time::Duration};

use futures::future::FutureExt;
use secrecy::ExposeSecret as _;
use temporalio_client::{
    ActivityIdentifier, AsyncActivityHandle, Client, ClientOptions, Connection, ConnectionOptions,
    RetryOptions, RpcOptions, Url, WorkflowExecuteUpdateOptions, WorkflowIdConflictPolicy,
    WorkflowIdReusePolicy, WorkflowSignalOptions, WorkflowStartOptions, WorkflowTerminateOptions,
    errors::{AsyncActivityError, WorkflowStartError},
    tonic,
};
use temporalio_common::{
    data_converters::{DataConverter, DefaultFailureConverter, PayloadConverter},
    error::ApplicationFailure,
    protos::{TaskToken, temporal::api::workflowservice::v1::GetSystemInfoRequest},
};
use temporalio_sdk::activities::ActivityContext;

use super::{
    access::{EngineCredentials, unreached},
    address::EngineAddress,
    bucket::SharedBucket,
    codec::SealedPayloads,
    error::EngineError,
    heartbeat::{HEARTBEAT_TIMEOUT, HeartbeatAnswer, HeartbeatError, SendHeartbeat},
    pace_flow::PaceFlow,
    run_flow::{BegunRun, RunFlow, RunTask},
    shard_flow::ShardFlow,
    shared_pace::Reserve,
    task::{GroupEnd, SessionTask, ShardTask, pace_flow_id, run_flow_id, shard_flow_id},
};
use crate::store::RunSettings;

/// How long the engine may take to be reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long one answer may take, other than one that is waited for.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a worker may take for one step of a workflow, which takes milliseconds: after that, another worker makes it. Meanwhile nobody is
/// given a group by this workflow.
const STEP_TIMEOUT: Duration = HEARTBEAT_TIMEOUT;

/// The same for the rate: all workers wait for it when one dies in the middle of a step, and its history is short.
const PACE_STEP_TIMEOUT: Duration = Duration::from_secs(2);

/// An engine that was reached.
#[derive(Clone)]
pub struct EngineLink {
    address: EngineAddress,
    client: Client,
    payloads: SealedPayloads,
}

/// What a claim may follow.
#[derive(Clone, Copy, Debug)]
pub(super) enum ClaimAfter<'a> {
    /// No run of the plan, or one that failed or was ended.
    NoRun,
    /// Any run of the plan that is not under way.
    AnyRun,
    /// This session of the run, as the last one.
    Session(&'a str),
}

/// A run at the engine.
#[derive(Clone, Debug)]
pub struct SubmittedRun {
    pub(super) plan_sha256: String,
    pub(super) run: String,
}

impl SubmittedRun {
    pub fn of(settings: &RunSettings) -> Self {
        Self {
            plan_sha256: settings.plan_sha256.clone(),
            run: settings.run.to_string(),
        }
    }
}

impl EngineLink {
    /// Connects to the engine.
    ///
    /// # Errors
    ///
    /// If it can't be reached.
    pub async fn connect(
        address: EngineAddress,
        credentials: EngineCredentials,
    ) -> Result<Self, EngineError> {
        let failed = |error: &dyn fmt::Display| EngineError::of("be reached", error);
        let EngineCredentials { tls, api_key, keys } = credentials;
        let is_encrypted = tls.is_set() || !address.is_loopback();
        let url = Url::parse(&address.url(is_encrypted));
        let url = url.map_err(|error| failed(&error))?;
        let options = ConnectionOptions::new(url)
            .identity(format!("wf-bulk {}", std::process::id()))
            .connect_timeout(CONNECT_TIMEOUT)
            .maybe_tls_options(is_encrypted.then(|| tls.options()))
            .maybe_api_key(api_key.map(|key| key.expose_secret().to_owned()))
            .build();
        let connection = tokio::time::timeout(CONNECT_TIMEOUT, Connection::connect(options))
            .await
            .map_err(|_| failed(&"it does not answer"))?
            .map_err(|error| unreached(&error))?;
        let payloads = SealedPayloads::new(keys);
        let converter = DataConverter::new(
            PayloadConverter::default(),
            // The messages of failures are encrypted like everything else.
            DefaultFailureConverter::new(payloads.has_key()),
            payloads.clone(),
        );
        let options = ClientOptions::new(address.namespace())
            .data_converter(converter)
            .build();
        let client = Client::new(connection, options).map_err(|error| failed(&error))?;
        Ok(Self {
            address,
            client,
            payloads,
        })
    }

    pub const fn address(&self) -> &EngineAddress {
        &self.address
    }

    /// Why something at the engine could not be read since this was asked last: this process has not the key for it.
    pub fn take_trouble(&self) -> Option<String> {
        self.payloads.take_trouble()
    }

    /// Whether the engine answers now.
    pub async fn answers(&self) -> bool {
        let mut service = self.client.connection().workflow_service();
        let asked = service.get_system_info(tonic::Request::new(GetSystemInfoRequest::default()));
        tokio::time::timeout(ANSWER_TIMEOUT, asked)
            .await
            .is_ok_and(|answer| answer.is_ok())
    }

    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Starts the workflow that keeps the rate of a place, if there is none.
    pub(super) async fn start_pace(&self, place: &str) -> Result<(), EngineError> {
        let options = WorkflowStartOptions::new(place, pace_flow_id(place))
            .id_conflict_policy(WorkflowIdConflictPolicy::UseExisting)
            .task_timeout(PACE_STEP_TIMEOUT)
            .build();
        let started = self
            .client
            .start_workflow(PaceFlow::run, SharedBucket::default(), options);
        match started.await {
            Ok(_) | Err(WorkflowStartError::AlreadyStarted { .. }) => {}
            Err(error) => return Err(EngineError::of("keep the rate", &error)),
        }
        // Who can't read it could do nothing here, and should know at once.
        self.input::<SharedBucket>(&pace_flow_id(place)).await?;
        Ok(())
    }

    /// Reserves requests of a session.
    pub(super) fn reserve(&self, session: SessionTask) -> Reserve {
        let engine = self.clone();
        Box::new(move |requests, rest| {
            let engine = engine.clone();
            let wanted = session.reservation(requests, rest);
            let place = session.place();
            async move {
                let flow = engine
                    .client
                    .get_workflow_handle::<PaceFlow>(pace_flow_id(&place));
                let asked = flow.execute_update(
                    PaceFlow::reserve,
                    wanted,
                    WorkflowExecuteUpdateOptions::default(),
                );
                let Ok(Ok(waits)) = tokio::time::timeout(ANSWER_TIMEOUT, asked).await else {
                    // It may have been ended by a person.
                    drop(engine.start_pace(&place).await);
                    return None;
                };
                Some(waits.into_iter().map(Duration::from_micros).collect())
            }
            .boxed()
        })
    }

    fn activity(&self, token: TaskToken) -> AsyncActivityHandle<Client> {
        self.client
            .get_async_activity_handle(ActivityIdentifier::from_task_token(token))
    }

    /// Tells the engine the end of an attempt. If it can't be told in time, the heartbeats are missing, and another attempt finds the same end.
    pub(super) async fn end_activity(
        &self,
        context: &ActivityContext,
        end: Result<GroupEnd, ApplicationFailure>,
    ) {
        let activity = self.activity(token(context));
        let options = RpcOptions::default();
        let told = async {
            match end {
                Ok(end) => activity.complete(Some(end), options).await,
                Err(failure) => activity.fail(failure, None::<()>, options).await,
            }
        };
        drop(tokio::time::timeout(HEARTBEAT_TIMEOUT, told).await);
    }

    /// Sends the heartbeats of an activity. None is sent twice by the connection: a late one could replace a newer one.
    pub(super) fn heartbeat(&self, context: &ActivityContext) -> SendHeartbeat {
        let (engine, token) = (self.clone(), token(context));
        Box::new(move |details| {
            let activity = engine.activity(token.clone());
            let options = RpcOptions::builder()
                .retry_options(RetryOptions::no_retries())
                .build();
            async move {
                match activity.heartbeat(Some(details), options).await {
                    Ok(answer) if answer.cancel_requested || answer.activity_paused => {
                        Ok(HeartbeatAnswer::Stop)
                    }
                    Ok(_) => Ok(HeartbeatAnswer::GoOn),
                    Err(AsyncActivityError::Rpc(status)) if is_unreachable(&status) => {
                        Err(HeartbeatError::Unreachable)
                    }
                    Err(error) => Err(HeartbeatError::Lost(error.to_string())),
                }
            }
            .boxed()
        })
    }

    /// Starts the workflow of a run, which waits for its plan. Returns the engine's name of the execution.
    pub(super) async fn claim(
        &self,
        task: RunTask,
        after: ClaimAfter<'_>,
    ) -> Result<String, EngineError> {
        let failed = |error: &dyn fmt::Display| EngineError::of("take the run", error);
        let place = task.session.place();
        let workflow = run_flow_id(&task.settings.plan_sha256);
        let reuse = match after {
            ClaimAfter::NoRun => WorkflowIdReusePolicy::AllowDuplicateFailedOnly,
            ClaimAfter::AnyRun => WorkflowIdReusePolicy::AllowDuplicate,
            ClaimAfter::Session(execution) => {
                let last = self.describe(&workflow, "").await?;
                if last.is_none_or(|last| last.execution != execution) {
                    return Err(EngineError::Resumed);
                }
                WorkflowIdReusePolicy::AllowDuplicate
            }
        };
        let options = WorkflowStartOptions::new(place, workflow.clone())
            .id_reuse_policy(reuse)
            .task_timeout(STEP_TIMEOUT)
            .build();
        let started = self.client.start_workflow(RunFlow::run, task, options);
        match started.await {
            Ok(flow) => {
                let execution = flow.run_id().map(ToOwned::to_owned);
                execution.ok_or_else(|| failed(&"it has no name for it"))
            }
            Err(WorkflowStartError::AlreadyStarted { .. })
                if matches!(after, ClaimAfter::Session(_)) =>
            {
                Err(EngineError::Resumed)
            }
            Err(error @ WorkflowStartError::AlreadyStarted { .. }) => {
                let other = self.input::<RunTask>(&workflow).await?;
                Err(other.map_or_else(
                    || failed(&error),
                    |other| EngineError::Submitted {
                        run: other.settings.run,
                    },
                ))
            }
            Err(error) => Err(failed(&error)),
        }
    }

    /// Starts the workflow of a shard, which waits for its turn.
    pub(super) async fn upload(
        &self,
        place: &str,
        run: &str,
        task: ShardTask,
    ) -> Result<(), EngineError> {
        let options = WorkflowStartOptions::new(place, shard_flow_id(run, task.number))
            .task_timeout(STEP_TIMEOUT)
            .build();
        let started = self.client.start_workflow(ShardFlow::run, task, options);
        started
            .await
            .map(drop)
            .map_err(|error| EngineError::of("take a part of the plan", &error))
    }

    /// Lets a session begin that was claimed, and whose plan is there.
    pub(super) async fn begin(
        &self,
        workflow: &str,
        execution: &str,
        begun: BegunRun,
    ) -> Result<(), EngineError> {
        self.run_flow(workflow, execution)
            .signal(RunFlow::begin, begun, WorkflowSignalOptions::default())
            .await
            .map_err(|error| EngineError::of("begin the run", &error))
    }

    /// Ends the execution that was claimed, and no later one of the same plan.
    pub(super) async fn end(&self, workflow: &str, execution: &str) -> Result<(), EngineError> {
        self.run_flow(workflow, execution)
            .terminate(WorkflowTerminateOptions::default())
            .await
            .map_err(|error| EngineError::of("end the run", &error))
    }
}

impl fmt::Debug for EngineLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineLink")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

fn token(context: &ActivityContext) -> TaskToken {
    TaskToken::from(context.info().task_token.clone())
}

/// Whether a request may be sent again.
fn is_unreachable(status: &tonic::Status) -> bool {
    matches!(
        status.code(),
        tonic::Code::Unavailable | tonic::Code::ResourceExhausted
    )
}
