//! The changes by a loop of reqwest that keeps nothing: what a client of this kind can reach at most.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::task::JoinSet;

/// Sends all changes, `concurrency` at a time.
pub(crate) fn run(url: &str, ids: Vec<String>, concurrency: u64) -> io::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let client = reqwest::Client::new();
        let ids = Arc::new(ids);
        let next = Arc::new(AtomicUsize::new(0));
        let mut workers = JoinSet::new();
        for _ in 0..concurrency {
            let (client, url) = (client.clone(), url.to_owned());
            let (ids, next) = (Arc::clone(&ids), Arc::clone(&next));
            workers.spawn(async move {
                while let Some(id) = ids.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let request = client
                        .patch(format!("{url}/v1/workflows/executions/{id}"))
                        .header("authorization", "Bearer bench")
                        .header("content-type", "application/json")
                        .body(r#"{"assignedTo":["10020"]}"#);
                    let answer = request.send().await?.error_for_status()?;
                    answer.bytes().await?;
                }
                Ok::<(), reqwest::Error>(())
            });
        }
        let ended: reqwest::Result<Vec<()>> = workers.join_all().await.into_iter().collect();
        ended.map(drop).map_err(io::Error::other)
    })
}
