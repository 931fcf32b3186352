//! A service that answers by script and notes what it was asked.

use std::{
    collections::BTreeMap,
    io::{Seek, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::{BoxFuture, FutureExt};
use reqwest::Url;
use serde_json::Value;
use tempfile::SpooledTempFile;

use crate::{
    api::{Operation, Reply, TransportError},
    client::{Client, ClientParts},
    http::{Spool, SpoolError, Transport},
    pace::Pacer,
    retry::Policy,
    testing::samples,
};

/// Questions and their answers. A question that is not there is a fault of the client's.
#[derive(Clone, Debug, Default)]
pub(super) struct FakeService {
    answers: BTreeMap<String, (Duration, u16, String)>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl FakeService {
    /// What the search for an entity finds.
    pub(super) fn finds(self, entity: &str, flows: &[Value]) -> Self {
        self.answers(
            &search(entity),
            200,
            &serde_json::json!({"results": flows}).to_string(),
        )
    }

    /// What stands in the list of the first generation.
    pub(super) fn lists(self, rows: &[Value]) -> Self {
        self.answers("list", 200, &Value::from(rows).to_string())
    }

    pub(super) fn answers(mut self, question: &str, status: u16, body: &str) -> Self {
        let answer = (Duration::ZERO, status, body.to_owned());
        self.answers.insert(question.to_owned(), answer);
        self
    }

    /// The answer to this question takes so long, in milliseconds.
    pub(super) fn late(mut self, question: &str, milliseconds: u64) -> Self {
        self.answers.get_mut(question).unwrap().0 = Duration::from_millis(milliseconds);
        self
    }

    /// Every answer takes so long, in milliseconds.
    pub(super) fn all_late(mut self, milliseconds: u64) -> Self {
        for (after, _, _) in self.answers.values_mut() {
            *after = Duration::from_millis(milliseconds);
        }
        self
    }

    /// A client of it, at a rate at which nothing waits for its permit.
    pub(super) fn client(&self) -> Client {
        self.client_at(Pacer::per_second(10_000.0, 1_000))
    }

    /// A client of it, at a pace.
    pub(super) fn client_at(&self, pacer: Pacer) -> Client {
        Client::new(ClientParts {
            transport: Box::new(self.clone()),
            pacer,
            policy: Policy::default(),
            rng: fastrand::Rng::with_seed(7),
            now: samples::now,
            notices: None,
        })
    }

    /// What it was asked so far, in order.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    async fn reply(&self, question: String) -> Reply {
        let (after, status, body) = self
            .answers
            .get(&question)
            .unwrap_or_else(|| panic!("nobody may ask for `{question}`"));
        self.asked.lock().unwrap().push(question);
        tokio::time::sleep(*after).await;
        Reply {
            status: *status,
            retry_after: None,
            content_type: None,
            body: body.as_bytes().to_vec(),
        }
    }
}

/// The question for the flows of an entity, `id/schema`.
pub(super) fn search(entity: &str) -> String {
    format!("search {entity}")
}

/// The question for the closing reasons of an execution.
pub(super) fn reasons(execution: &str) -> String {
    format!("GET /v1/workflows/executions/{execution}/closing-reasons")
}

impl Transport for FakeService {
    fn origin(&self) -> String {
        "https://example.com".to_owned()
    }

    fn attempt<'a>(
        &'a self,
        operation: &'a Operation,
        query: &'a [(&'a str, &'a str)],
        body: Option<&'a [u8]>,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        assert!(query.is_empty(), "{query:?}");
        let question = match body {
            None => format!("GET {}", operation.path()),
            Some(body) => {
                let body: Value = serde_json::from_slice(body).unwrap();
                for (paged, what, after) in [
                    (Operation::SearchEntities, "entities", "search_after"),
                    (Operation::SearchExecutions, "executions", "pagination"),
                ] {
                    if *operation == paged {
                        let page = format!("{what} {}", body[after]);
                        return self.reply(page).map(Ok).boxed();
                    }
                }
                assert_eq!(*operation, Operation::SearchFlows);
                assert_eq!(body.as_object().unwrap().len(), 2);
                let text = |key: &str| body[key].as_str().unwrap().to_owned();
                search(&format!("{}/{}", text("entity_id"), text("entity_schema")))
            }
        };
        self.reply(question).map(Ok).boxed()
    }

    fn attempt_spooled<'a>(
        &'a self,
        operation: &'a Operation,
        query: &'a [(&'a str, &'a str)],
    ) -> BoxFuture<'a, Result<Spool, SpoolError>> {
        assert_eq!(*operation, Operation::GetExecutions);
        let parameters = query.iter().map(|(name, value)| format!(" {name}={value}"));
        let question = format!("list{}", parameters.collect::<String>());
        async {
            let reply = self.reply(question).await;
            if reply.status != 200 {
                return Ok(Spool::Other(reply));
            }
            let mut file = SpooledTempFile::new(1024);
            file.write_all(&reply.body)?;
            file.rewind()?;
            Ok(Spool::Body(file))
        }
        .boxed()
    }

    fn attempt_payload(&self, _: Url) -> BoxFuture<'_, Result<Spool, SpoolError>> {
        unreachable!("no answer refers to another place")
    }
}
