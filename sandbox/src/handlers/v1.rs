//! v1: list, read, patch, closing reasons.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;

use super::Seq;
use crate::{
    app::{App, Write},
    effect::Kind,
    generate,
    refused::Refused,
    reply::Failure,
    state::Stored,
    transition,
    wire::{
        parse,
        v1::{ClosingReasons, Execution, UpdateExecution},
        v2::Reason,
    },
};

pub(super) fn routes() -> Router<Arc<App>> {
    const ONE: &str = "/v1/workflows/executions/{id}";
    Router::new()
        .route("/v1/workflows/executions", get(list))
        .route(ONE, get(read).patch(update))
        .route(&format!("{ONE}/closing-reasons"), get(closing_reasons))
}

/// Both must hold for the same context when both are given.
#[derive(Debug, Deserialize)]
struct Filter {
    /// An entity's id.
    context: Option<String>,
    schema: Option<String>,
}

async fn list(
    State(app): State<Arc<App>>,
    filter: Result<Query<Filter>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Vec<Execution>>, Failure> {
    let Query(filter) = filter.map_err(|error| Refused::Invalid(error.body_text()))?;
    let wanted = |execution: &Execution| {
        (filter.context.is_none() && filter.schema.is_none())
            || execution.contexts.iter().any(|context| {
                filter.context.as_ref().is_none_or(|id| *id == context.id)
                    && filter
                        .schema
                        .as_ref()
                        .is_none_or(|schema| *schema == context.schema)
            })
    };
    let rows = app
        .state()
        .list()
        .filter(wanted)
        .map(Execution::slim)
        .collect();
    Ok(Json(rows))
}

/// An execution that is missing is 200 with an empty body.
async fn read(State(app): State<Arc<App>>, Path(id): Path<String>) -> Response {
    match app.state().legacy(&id) {
        Some(execution) => Json(execution).into_response(),
        None => StatusCode::OK.into_response(),
    }
}

async fn update(
    State(app): State<Arc<App>>,
    Extension(Seq(seq)): Extension<Seq>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Failure> {
    let update: UpdateExecution = parse(&body)?;
    let write = Write {
        request: Some(seq),
        kind: Kind::UpdateExecution,
        execution: &id,
        target: &id,
    };
    let missing = || Refused::Missing(format!("there is no workflow execution {id}"));
    let written = app.write(write, |stored, now| match stored {
        Stored::Legacy(execution) => {
            let reasons = configured(execution);
            transition::update_execution(execution, update, &reasons, now)
        }
        Stored::Flow(_) => Err(missing()),
    });
    match written.await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(Failure::Gone) => Err(missing().into()),
        Err(other) => Err(other),
    }
}

async fn closing_reasons(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<ClosingReasons>, Failure> {
    match app.state().legacy(&id) {
        Some(execution) => Ok(Json(ClosingReasons {
            reasons: configured(&execution),
        })),
        None => Err(Refused::Missing(format!("there is no workflow execution {id}")).into()),
    }
}

/// The snapshot in the execution, or that of its definition where the execution lacks it.
fn configured(execution: &Execution) -> Vec<Reason> {
    execution
        .configured_closing_reason_snapshot
        .clone()
        .unwrap_or_else(|| generate::reasons_of(&execution.definition_id))
}
