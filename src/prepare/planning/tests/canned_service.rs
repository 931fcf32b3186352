//! A service with a table of answers, which notes what it was asked.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;

use crate::{
    api::{Operation, Reply},
    client::Client,
    pace::Pacer,
    testing::played_transport::{self, PlayedAnswer, PlayedRequest, PlayedTransport, client_parts},
};

/// Questions and their answers. A question that is not there is a fault of the client's.
#[derive(Clone, Debug, Default)]
pub(super) struct CannedService {
    answers: BTreeMap<String, (Duration, u16, String)>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl CannedService {
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
        let service = self.clone();
        let transport = PlayedTransport::new(move |question| {
            let service = service.clone();
            let question = text(question);
            async move { PlayedAnswer::Whole(Ok(service.reply(question).await)) }
        });
        Client::new(client_parts(transport, pacer))
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
        played_transport::reply(*status, body.as_str())
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

/// A question as the tests write it.
fn text(question: PlayedRequest<'_>) -> String {
    let PlayedRequest::Operation {
        operation,
        query,
        body,
    } = question
    else {
        panic!("no answer refers to another place")
    };
    if *operation == Operation::GetExecutions {
        let parameters = query.iter().map(|(name, value)| format!(" {name}={value}"));
        return format!("list{}", parameters.collect::<String>());
    }
    assert!(query.is_empty(), "{query:?}");
    let Some(body) = body else {
        return format!("GET {}", operation.path());
    };
    let body: Value = serde_json::from_slice(body).unwrap();
    for (paged, what, after) in [
        (Operation::SearchEntities, "entities", "search_after"),
        (Operation::SearchExecutions, "executions", "pagination"),
        (Operation::SearchSteps, "steps", "pagination"),
    ] {
        if *operation == paged {
            return format!("{what} {}", body[after]);
        }
    }
    assert_eq!(*operation, Operation::SearchFlows);
    assert_eq!(body.as_object().unwrap().len(), 2);
    let text = |key: &str| body[key].as_str().unwrap().to_owned();
    search(&format!("{}/{}", text("entity_id"), text("entity_schema")))
}
