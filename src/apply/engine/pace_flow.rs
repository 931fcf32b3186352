//! The workflow that keeps the rate of a server and organisation. There is one of them, so all workers take from one bucket.

use std::time::UNIX_EPOCH;

use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    ContinueAsNewOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult,
};

use super::bucket::{Reservation, SharedBucket};

/// Reservations until the history begins anew: when a worker dies, another one reads the history before anybody gets a slot again.
const MAX_RESERVATIONS: u32 = 250;

#[workflow]
#[derive(Debug)]
pub(crate) struct PaceFlow {
    bucket: SharedBucket,
    reservations: u32,
}

#[workflow_methods]
impl PaceFlow {
    #[init]
    fn new(_ctx: &WorkflowContextView, bucket: SharedBucket) -> Self {
        Self {
            bucket,
            reservations: 0,
        }
    }

    #[run]
    pub(crate) async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.wait_condition(|flow| flow.reservations >= MAX_RESERVATIONS)
            .await?;
        let bucket = ctx.state(|flow| flow.bucket);
        ctx.continue_as_new(bucket, ContinueAsNewOptions::default())?;
        Ok(())
    }

    /// When the requests may leave: as waiting times from now on, in microseconds.
    #[update]
    pub(crate) fn reserve(
        &mut self,
        ctx: &mut SyncWorkflowContext<Self>,
        wanted: Reservation,
    ) -> Vec<u64> {
        let now = ctx
            .workflow_time()
            .and_then(|now| now.duration_since(UNIX_EPOCH).ok())
            .unwrap_or_default();
        self.reservations += 1;
        let now = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
        self.bucket.reserve(now, wanted)
    }
}
