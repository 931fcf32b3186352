//! v1: executions, their steps and closing reasons.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, patch, post},
};
use jiff::Timestamp;
use serde::Deserialize;

use super::Seq;
use crate::{
    app::App,
    effect::Kind,
    execution::AnyExecution,
    generate,
    refused::Refused,
    reply::Failure,
    state::Write,
    transition,
    wire::{
        parse,
        v1::{
            ClosingReasons, CreateExecution, CreateStep, Execution, FoundExecutions, Part,
            SearchExecutions, UpdateExecution, UpdateStep,
        },
        v2::Reason,
    },
};

pub(super) fn routes() -> Router<Arc<App>> {
    const ONE: &str = "/v1/workflows/executions/{id}";
    Router::new()
        .route("/v1/workflows/executions", get(list).post(create))
        .route("/v1/workflows/executions/search", post(search))
        .route(ONE, get(read).patch(update).delete(delete))
        .route(&format!("{ONE}/steps"), post(create_step))
        .route(
            &format!("{ONE}/steps/{{step}}"),
            patch(update_step).delete(delete_step),
        )
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
    let target = (id.as_str(), id.as_str());
    write(
        &app,
        seq,
        Kind::UpdateExecution,
        target,
        |execution, now| {
            let reasons = configured(execution);
            transition::update_execution(execution, update, &reasons, now)
        },
    )
    .await
    .map(|()| StatusCode::NO_CONTENT)
}

async fn create(
    State(app): State<Arc<App>>,
    Extension(Seq(seq)): Extension<Seq>,
    body: Bytes,
) -> Result<(StatusCode, Json<Execution>), Failure> {
    let sent: CreateExecution = parse(&body)?;
    let started = app.start(seq, Kind::CreateExecution, |origin, number, now| {
        let mut execution = generate::start_legacy(origin, &sent.workflow_id, number, now)
            .ok_or_else(|| {
                Refused::Missing(format!("there is no workflow {}", sent.workflow_id))
            })?;
        execution.contexts = sent.contexts.unwrap_or_default();
        execution.assigned_to = sent.assigned_to;
        if let Some(trigger) = sent.trigger {
            execution.trigger = trigger;
        }
        Ok(execution)
    });
    Ok((StatusCode::CREATED, Json(started.await?)))
}

/// Deleting what is not there is 404: v1 says so of writes, and of reads that the body is empty.
async fn delete(
    State(app): State<Arc<App>>,
    Extension(Seq(seq)): Extension<Seq>,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    app.state().legacy(&id).ok_or_else(|| missing(&id))?;
    let write = Write {
        request: Some(seq),
        kind: Kind::DeleteExecution,
        execution: id.clone(),
        target: id.clone(),
    };
    app.remove(write).await.map(|()| StatusCode::NO_CONTENT)
}

async fn search(
    State(app): State<Arc<App>>,
    body: Bytes,
) -> Result<Json<FoundExecutions>, Failure> {
    let wanted: SearchExecutions = parse(&body)?;
    Ok(Json(super::search::executions(app.state().list(), &wanted)))
}

async fn create_step(
    State(app): State<Arc<App>>,
    Extension(Seq(seq)): Extension<Seq>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<(StatusCode, Json<Part>), Failure> {
    let sent: CreateStep = parse(&body)?;
    let target = (id.as_str(), id.as_str());
    let step = write(&app, seq, Kind::CreateStep, target, |execution, now| {
        transition::create_step(execution, sent, seq, now)
    })
    .await?;
    Ok((StatusCode::CREATED, Json(step)))
}

async fn update_step(
    State(app): State<Arc<App>>,
    Extension(Seq(seq)): Extension<Seq>,
    Path((id, step)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Part>, Failure> {
    let sent: UpdateStep = parse(&body)?;
    write(
        &app,
        seq,
        Kind::UpdateStep,
        (&id, &step),
        |execution, now| transition::update_step(execution, &step, sent, now),
    )
    .await
    .map(Json)
}

async fn delete_step(
    State(app): State<Arc<App>>,
    Extension(Seq(seq)): Extension<Seq>,
    Path((id, step)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    write(
        &app,
        seq,
        Kind::DeleteStep,
        (&id, &step),
        |execution, now| transition::delete_step(execution, &step, now),
    )
    .await
    .map(|()| StatusCode::NO_CONTENT)
}

async fn write<T>(
    app: &App,
    seq: u64,
    kind: Kind,
    (execution, target): (&str, &str),
    change: impl FnOnce(&mut Execution, Timestamp) -> Result<T, Refused>,
) -> Result<T, Failure> {
    let write = Write {
        request: Some(seq),
        kind,
        execution: execution.to_owned(),
        target: target.to_owned(),
    };
    let written = app.write(write, |stored, now| match stored {
        AnyExecution::Legacy(found) => change(found, now),
        AnyExecution::Flow(_) => Err(missing(execution)),
    });
    match written.await {
        Err(Failure::Gone) => Err(missing(execution).into()),
        other => other,
    }
}

fn missing(id: &str) -> Refused {
    Refused::Missing(format!("there is no workflow execution {id}"))
}

async fn closing_reasons(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<ClosingReasons>, Failure> {
    match app.state().legacy(&id) {
        Some(execution) => Ok(Json(ClosingReasons {
            reasons: configured(&execution),
        })),
        None => Err(missing(&id).into()),
    }
}

/// The snapshot in the execution, or that of its definition where the execution lacks it.
fn configured(execution: &Execution) -> Vec<Reason> {
    execution
        .configured_closing_reason_snapshot
        .clone()
        .unwrap_or_else(|| generate::closing_reasons(&execution.definition_id))
}
