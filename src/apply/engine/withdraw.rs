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
        let shards = found.left.as_ref().map(|left| left.shards);
        self.end_shards(&run, shards).await;
        Ok(())
    }

    /// Ends the parts of a run that wait for their turn, and stops one that is worked on. `shards`: how many there are, if that is known.
    pub async fn end_shards(&self, run: &SubmittedRun, shards: Option<u32>) {
        for number in 0..shards.unwrap_or(u32::MAX) {
            let id = shard_flow_id(&run.run, number);
            let described = match self.describe(&id, "").await {
                Ok(Some(described)) => described,
                // The engine has forgotten it.
                Ok(None) if shards.is_some() => continue,
                // There are no more; or the engine can't be reached, and they wait for nothing.
                Ok(None) | Err(_) => return,
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
