//! Whether a shard stops: asked by a worker for all its groups of the shard together.

use std::{collections::HashMap, time::Duration};

use temporalio_client::{
    Client, NamespacedClient as _, WorkflowExecutionInfo, WorkflowHandle, WorkflowQueryOptions,
};
use temporalio_sdk::activities::ActivityContext;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, timeout},
};

use super::{link::EngineLink, shard_flow::ShardFlow};

/// The time between two questions about a shard. A group knows of a stop after twice this time.
const INTERVAL: Duration = Duration::from_secs(2);

/// The last answers, by the execution of the shard.
#[derive(Debug, Default)]
pub(super) struct StopLooks(Mutex<HashMap<String, (Instant, bool)>>);

impl StopLooks {
    /// Returns once the shard begins nothing more. `ask` says whether that is so; no answer is false.
    pub(super) async fn stopped<F: Future<Output = bool>>(&self, shard: &str, ask: impl Fn() -> F) {
        while !self.look(shard, &ask).await {
            sleep(INTERVAL).await;
        }
    }

    async fn look<F: Future<Output = bool>>(&self, shard: &str, ask: impl Fn() -> F) -> bool {
        let mut answers = self.0.lock().await;
        answers.retain(|_, (asked, _)| asked.elapsed() < INTERVAL);
        if let Some((_, is_stopped)) = answers.get(shard) {
            return *is_stopped;
        }
        let is_stopped = ask().await;
        answers.insert(shard.to_owned(), (Instant::now(), is_stopped));
        is_stopped
    }
}

impl EngineLink {
    /// Returns once the shard of an activity begins nothing more.
    pub(super) async fn until_stop(&self, context: &ActivityContext, looks: &StopLooks) {
        let info = context.info();
        let client = self.client();
        let execution = info.workflow_run_id.clone().unwrap_or_default();
        let shard = WorkflowExecutionInfo::builder()
            .namespace(client.namespace())
            .workflow_id(info.workflow_id.clone().unwrap_or_default())
            .run_id(&execution)
            .build();
        let ask = || {
            let shard: WorkflowHandle<Client, ShardFlow> =
                WorkflowHandle::new(client.clone(), shard.clone());
            async move {
                let options = WorkflowQueryOptions::default();
                let asked = shard.query(ShardFlow::is_stopped, (), options);
                matches!(timeout(INTERVAL, asked).await, Ok(Ok(true)))
            }
        };
        looks.stopped(&execution, ask).await;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::ready,
        sync::atomic::{AtomicU32, Ordering::SeqCst},
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn many_groups_ask_together_and_all_of_them_know_of_the_stop() {
        let (looks, asked, start) = (StopLooks::default(), AtomicU32::new(0), Instant::now());
        let stops = start + Duration::from_secs(9);
        let group = || {
            looks.stopped("shard", || {
                asked.fetch_add(1, SeqCst);
                ready(Instant::now() >= stops)
            })
        };
        futures::future::join_all((0..50).map(|_| group())).await;
        assert!(stops.elapsed() <= 2 * INTERVAL);
        assert_eq!(asked.load(SeqCst), 6);
        // Another shard goes on.
        let other = looks.stopped("other", || ready(false));
        let waited = tokio::time::timeout(Duration::from_secs(60), other).await;
        assert!(waited.is_err());
    }
}
