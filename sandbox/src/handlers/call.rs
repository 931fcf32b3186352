//! A request as the handlers take it apart.

use std::sync::Arc;

use axum::{
    Json,
    body::{Bytes, to_bytes},
    extract::{FromRequest, FromRequestParts as _, Path, Query, Request},
    http::{StatusCode, Uri},
};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    app::App,
    effect::EffectKind,
    execution::AnyExecution,
    refused::Refused,
    reply::Failure,
    state::DataWrite,
    wire::{
        parse,
        v1::WorkflowExecution,
        v2::{Flow, Task},
    },
};

/// The number of a request in the ledger.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seq(pub(crate) u64);

/// A request, with what its path names.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) app: Arc<App>,
    /// Its number in the ledger; none for the sandbox's own paths.
    pub(super) seq: Option<u64>,
    /// The execution's id; empty when the path names none.
    pub(super) id: String,
    /// The id of the phase, task or step; the execution's own id when the path names none.
    pub(super) part: String,
    uri: Uri,
    body: Bytes,
}

#[derive(Deserialize)]
struct Ids {
    #[serde(default)]
    id: String,
    part: Option<String>,
}

impl FromRequest<Arc<App>> for Call {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let invalid = |error: &dyn ToString| Refused::Invalid(error.to_string());
        let ids = Path::<Ids>::from_request_parts(&mut parts, app).await;
        let Path(Ids { id, part }) = ids.map_err(|error| invalid(&error))?;
        Ok(Self {
            app: Arc::clone(app),
            seq: parts.extensions.get::<Seq>().map(|seq| seq.0),
            part: part.unwrap_or_else(|| id.clone()),
            id,
            uri: parts.uri,
            body: to_bytes(body, usize::MAX)
                .await
                .map_err(|error| invalid(&error))?,
        })
    }
}

impl Call {
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        parse(&self.body)
    }

    /// The body as any JSON object.
    pub(super) fn object(&self) -> Result<Map<String, Value>, Refused> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Refused::Invalid(format!("the body is no JSON object: {error}")))
    }

    pub(super) fn query<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        let query = Query::try_from_uri(&self.uri);
        query
            .map(|Query(query)| query)
            .map_err(|error| Refused::Invalid(error.body_text()))
    }

    pub(super) fn write(&self, kind: EffectKind) -> DataWrite {
        DataWrite {
            request: self.seq,
            kind,
            execution: self.id.clone(),
            target: self.part.clone(),
        }
    }

    /// Takes the execution out of the data.
    pub(super) async fn remove(self, kind: EffectKind) -> Result<StatusCode, Failure> {
        self.app.remove(self.write(kind)).await?;
        Ok(StatusCode::NO_CONTENT)
    }

    /// Changes a v1 execution.
    pub(super) async fn on_execution<T>(
        &self,
        kind: EffectKind,
        change: impl FnOnce(&mut WorkflowExecution, Timestamp) -> Result<T, Refused>,
    ) -> Result<T, Failure> {
        let missing = || missing("workflow execution", &self.id);
        let changed = self.app.write(self.write(kind), |found, now| match found {
            AnyExecution::Legacy(execution) => change(execution, now),
            AnyExecution::Flow(_) => Err(missing()),
        });
        match changed.await {
            Err(Failure::Gone) => Err(missing().into()),
            other => other,
        }
    }

    /// Changes a flow.
    pub(super) async fn on_flow<T>(
        &self,
        kind: EffectKind,
        change: impl FnOnce(&mut Flow, Timestamp) -> Result<T, Refused>,
    ) -> Result<Json<T>, Failure> {
        let changed = self.app.write(self.write(kind), |found, now| match found {
            AnyExecution::Flow(flow) => change(flow, now),
            AnyExecution::Legacy(_) => Err(missing("flow", &self.id)),
        });
        changed.await.map(Json)
    }

    /// Changes a task of a flow; gives the task.
    pub(super) async fn on_task(
        self,
        kind: EffectKind,
        change: impl FnOnce(&mut Flow, usize, Timestamp) -> Result<(), Refused>,
    ) -> Result<Json<Task>, Failure> {
        self.on_flow(kind, |flow, now| {
            let index = self.task_index(flow)?;
            change(flow, index, now)?;
            Ok(flow.tasks[index].clone())
        })
        .await
    }

    pub(super) fn task_index(&self, flow: &Flow) -> Result<usize, Refused> {
        let index = flow.tasks.iter().position(|task| task.id == self.part);
        index.ok_or_else(|| missing("task", &self.part))
    }
}

pub(super) fn missing(what: &str, id: &str) -> Refused {
    Refused::Missing(format!("there is no {what} {id}"))
}
