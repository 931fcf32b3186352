//! Waits for the end of a workflow.

use std::time::Duration;

use temporalio_client::{WorkflowGetResultOptions, errors::WorkflowGetResultError, tonic};

use super::{
    error::{EngineError, with_causes},
    link::{EngineLink, SubmittedRun},
    run_flow::BegunRun,
    shard_flow::ShardFlow,
    task::{ShardGroup, run_flow_id, shard_flow_id},
};

/// The time between two attempts to reach an engine for a result.
const AGAIN: Duration = Duration::from_secs(1);

impl EngineLink {
    /// Waits for the end of a run: it is finished or has stopped. An engine that can't be reached for a while is waited for.
    ///
    /// # Errors
    ///
    /// If the engine has no such run, or somebody has ended it there.
    pub(super) async fn result(&self, plan_sha256: &str) -> Result<BegunRun, EngineError> {
        let flow = self.run_flow(&run_flow_id(plan_sha256), "");
        wait(|| flow.get_result(WorkflowGetResultOptions::default())).await
    }

    /// Waits until a run is not under way any more, however it has ended.
    ///
    /// # Errors
    ///
    /// If the engine can't be asked.
    pub async fn wait_for_end(&self, run: &SubmittedRun) -> Result<(), EngineError> {
        match self.result(&run.plan_sha256).await {
            Ok(_) | Err(EngineError::NoResult { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Waits for the end of a shard.
    pub(super) async fn shard(
        &self,
        run: &str,
        number: u32,
    ) -> Result<Vec<ShardGroup>, EngineError> {
        let flow = self
            .client()
            .get_workflow_handle::<ShardFlow>(shard_flow_id(run, number));
        wait(|| flow.get_result(WorkflowGetResultOptions::default())).await
    }
}

/// Asks again for as long as the engine can't be reached.
async fn wait<T, F>(mut ask: impl FnMut() -> F) -> Result<T, EngineError>
where
    F: Future<Output = Result<T, WorkflowGetResultError>>,
{
    loop {
        match ask().await {
            Ok(result) => return Ok(result),
            Err(WorkflowGetResultError::Rpc(status)) if may_pass(&status) => {
                tokio::time::sleep(AGAIN).await;
            }
            Err(
                error @ (WorkflowGetResultError::Failed(_)
                | WorkflowGetResultError::Cancelled { .. }
                | WorkflowGetResultError::Terminated { .. }
                | WorkflowGetResultError::TimedOut),
            ) => {
                let reason = with_causes(&error);
                return Err(EngineError::NoResult { reason });
            }
            Err(error) => return Err(EngineError::of("say how the run ended", &error)),
        }
    }
}

/// Whether an engine that has given this answer may give another one later. Another one is needed if it says that this process may not ask.
fn may_pass(status: &tonic::Status) -> bool {
    !matches!(
        status.code(),
        tonic::Code::Unauthenticated
            | tonic::Code::PermissionDenied
            | tonic::Code::InvalidArgument
            | tonic::Code::Unimplemented
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_is_away_is_waited_for_and_one_that_refuses_is_not() {
        for (code, passes) in [
            (tonic::Code::Unavailable, true),
            (tonic::Code::DeadlineExceeded, true),
            (tonic::Code::ResourceExhausted, true),
            (tonic::Code::Unknown, true),
            (tonic::Code::Unauthenticated, false),
            (tonic::Code::PermissionDenied, false),
        ] {
            let mut answers = vec![Ok(7), Err(tonic::Status::new(code, "no"))];
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build();
            let waited = runtime.unwrap().block_on(wait(|| {
                let answer = answers.pop().unwrap();
                std::future::ready(answer.map_err(WorkflowGetResultError::Rpc))
            }));
            assert_eq!(waited.ok(), passes.then_some(7), "{code:?}");
        }
    }
}
