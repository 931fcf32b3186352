//! What ends a run, or a part of it, from any machine.

use temporalio_client::{WorkflowExecutionStatus, WorkflowSignalOptions, WorkflowTerminateOptions};

use super::{
    error::EngineError,
    fetch::FoundRun,
    link::{ClaimAfter, EngineLink, SubmittedRun},
    run_flow::{Abandonment, RunFlow, RunTask},
    shard_flow::ShardFlow,
    task::{run_flow_id, shard_flow_id},
};

impl EngineLink {
    /// Lets a run finish what is in flight, and begin nothing more.
    ///
    /// # Errors
    ///
    /// If the engine can't be asked.
    pub async fn stop(&self, run: &SubmittedRun) -> Result<(), EngineError> {
        self.run_flow(&run_flow_id(&run.plan_sha256), "")
            .signal(RunFlow::stop_run, (), WorkflowSignalOptions::default())
            .await
            .map_err(|error| EngineError::of("stop the run", &error))
    }

    /// Waits until a run does nothing any more, however it has come to that.
    pub async fn ended(&self, run: &SubmittedRun) {
        drop(self.result(&run.plan_sha256).await);
    }

    /// Records that a run is abandoned. It must not be under way.
    ///
    /// # Errors
    ///
    /// If the engine can't be asked, or another process has begun a session meanwhile.
    pub async fn abandon(
        &self,
        found: &FoundRun,
        abandoned: Abandonment,
    ) -> Result<(), EngineError> {
        let task = RunTask {
            begun: None,
            before: found.left.clone(),
            abandoned: Some(abandoned),
            ..found.task.clone()
        };
        let execution = (self.claim(task, ClaimAfter::Session(&found.execution))).await?;
        let run = found.followed();
        let workflow = run_flow_id(&run.plan_sha256);
        // It does nothing, and ends by itself if the engine can't be reached now.
        drop(self.end(&workflow, &execution).await);
        let last = self.describe(&workflow, "").await?;
        if last.is_none_or(|last| last.execution != execution) {
            return Err(EngineError::Resumed);
        }
        self.end_shards(&run.run).await;
        Ok(())
    }

    /// Ends the parts of a run that wait for their turn, and stops one that is worked on.
    pub(super) async fn end_shards(&self, run: &str) {
        for number in 0.. {
            let id = shard_flow_id(run, number);
            let Ok(Some(described)) = self.describe(&id, "").await else {
                // There are no more; or the engine can't be reached, and they wait for nothing.
                return;
            };
            if described.status != WorkflowExecutionStatus::Running {
                continue;
            }
            let shard = self.client().get_workflow_handle::<ShardFlow>(id.clone());
            if self.has_begun(&id, "").await.unwrap_or(true) {
                let stop = shard.signal(ShardFlow::stop, (), WorkflowSignalOptions::default());
                drop(stop.await);
            } else {
                drop(shard.terminate(WorkflowTerminateOptions::default()).await);
            }
        }
    }
}
