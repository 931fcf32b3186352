//! The service that the planner asks: it answers from the world of the test.

use std::{
    fmt,
    io::{Seek, Write},
    sync::Arc,
};

use futures::future::{BoxFuture, FutureExt};
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::SpooledTempFile;
use wf_bulk::{
    api::{Operation, Reply, TransportError},
    client::{Client, ClientParts},
    http::{Spool, SpoolError, Transport},
    pace::{Pace, Pacer},
    retry::Policy,
};

use crate::{
    data::{Api, ENTITIES, Execution, World},
    parts::{self, Level},
};

struct Service {
    api: Api,
    world: Arc<World>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the test's service")
    }
}

/// Pages are short, so that there are several.
const PAGE: usize = 2;

/// Half past nine in Berlin on a Tuesday, 1 December 2026.
pub(crate) fn now() -> Timestamp {
    "2026-12-01T08:30:00Z".parse().unwrap()
}

/// A client of the world, at the playbook's pace: the clock moves while everybody waits.
pub(crate) fn client(api: Api, world: &Arc<World>, pace: &Pace) -> Client {
    let world = Arc::clone(world);
    Client::new(ClientParts {
        transport: Arc::new(Service { api, world }),
        pacer: Pacer::new(pace.rate, pace.burst),
        policy: Policy::default(),
        rng: fastrand::Rng::with_seed(7),
        now,
        client_events: None,
    })
}

fn page_of<T>(items: &[T], after: Option<usize>) -> (&[T], usize) {
    let start = after.map_or(0, |last| last + 1);
    let end = (start + PAGE).min(items.len());
    (&items[start.min(end)..end], end)
}

/// The steps as the search for steps has them.
fn steps_of(execution: &Execution) -> impl Iterator<Item = Value> {
    let steps = parts::ids(&execution.whole, Level::Step).into_iter();
    steps.map(|step| json!({"id": step, "executionId": execution.whole["id"]}))
}

impl Service {
    fn answer(&self, operation: &Operation, body: Option<&[u8]>) -> Option<Value> {
        let body: Value = body.map_or(Value::Null, |body| serde_json::from_slice(body).unwrap());
        let whole = |id: &str| self.world.find(id).map(|execution| execution.whole.clone());
        match operation {
            Operation::GetExecution(id) | Operation::GetFlow(id) => whole(id.as_str()),
            Operation::GetClosingReasons(id) => {
                let execution = self.world.find(id.as_str())?;
                Some(json!({"reasons": execution.reasons}))
            }
            Operation::SearchFlows => Some(json!({"results": self.flows_of(&body)})),
            Operation::SearchExecutions => {
                let after = body["pagination"]["creationTime"].as_str();
                let all = &self.world.executions;
                let (page, end) = page_of(all, after.map(|last| last.parse().unwrap()));
                let rows: Vec<&Value> = page.iter().map(|execution| &execution.listed).collect();
                let mut answer = json!({"executions": rows});
                if end < all.len() {
                    answer["lastEvaluatedKey"] = json!({"creationTime": (end - 1).to_string()});
                }
                Some(answer)
            }
            Operation::SearchSteps => {
                let all: Vec<Value> = self.world.executions.iter().flat_map(steps_of).collect();
                let from = body["pagination"]["from"].as_u64().unwrap();
                let from = usize::try_from(from).unwrap();
                let (page, _) = page_of(&all, from.checked_sub(1));
                Some(json!({"hits": all.len(), "results": page}))
            }
            Operation::SearchEntities => {
                let after = body["search_after"][0].as_str();
                let last = ENTITIES.iter().position(|(id, _)| Some(*id) == after);
                let (page, _) = page_of(&ENTITIES, last);
                let results: Vec<Value> = page
                    .iter()
                    .map(|(id, schema)| json!({"_id": id, "_schema": schema, "_title": format!("Title of {id}")}))
                    .collect();
                let mut answer =
                    json!({"hits": ENTITIES.len(), "results": results, "stable_query_id": "q"});
                if let Some((last, _)) = page.last() {
                    answer["sort_end"] = json!([last]);
                }
                Some(answer)
            }
            other => panic!("planning may not ask for {other:?}"),
        }
    }

    fn flows_of(&self, body: &Value) -> Vec<&Value> {
        let is_of = |flow: &&Value| {
            flow["contexts"].as_array().unwrap().iter().any(|context| {
                context["entity_id"] == body["entity_id"]
                    && context["entity_schema"] == body["entity_schema"]
            })
        };
        let flows = self
            .world
            .executions
            .iter()
            .map(|execution| &execution.whole);
        flows.filter(is_of).collect()
    }
}

impl Transport for Service {
    fn origin(&self) -> String {
        "https://example.com".to_owned()
    }

    fn attempt<'a>(
        &'a self,
        operation: &'a Operation,
        _: &'a [(&'a str, &'a str)],
        body: Option<&'a [u8]>,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        let (status, body) = match (self.answer(operation, body), self.api) {
            (Some(answer), _) => (200, answer.to_string()),
            (None, Api::V1) => (200, String::new()),
            (None, Api::V2) => (404, String::new()),
        };
        let reply = Reply {
            status,
            retry_after: None,
            content_type: None,
            body: body.into_bytes(),
        };
        // An answer takes a moment, so that requests overlap.
        tokio::time::sleep(std::time::Duration::from_millis(20))
            .map(|()| Ok(reply))
            .boxed()
    }

    fn attempt_spooled<'a>(
        &'a self,
        operation: &'a Operation,
        _: &'a [(&'a str, &'a str)],
    ) -> BoxFuture<'a, Result<Spool, SpoolError>> {
        assert_eq!(*operation, Operation::GetExecutions);
        let rows = self.world.executions.iter();
        let rows: Value = rows.map(|execution| execution.listed.clone()).collect();
        let spooled = || {
            let mut file = SpooledTempFile::new(1 << 20);
            file.write_all(rows.to_string().as_bytes())?;
            file.rewind()?;
            Ok(Spool::Body(file))
        };
        std::future::ready(spooled()).boxed()
    }

    fn attempt_payload(&self, _: reqwest::Url) -> BoxFuture<'_, Result<Spool, SpoolError>> {
        panic!("no answer refers to another place")
    }
}
