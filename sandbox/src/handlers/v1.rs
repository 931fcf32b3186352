//! v1: executions, their steps and closing reasons.

use std::sync::Arc;

use axum::{
    Json, Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, patch, post},
};
use serde::Deserialize;

use super::call::{Call, missing};
use crate::{
    app::App,
    effect::EffectKind,
    generate,
    reply::Failure,
    transition,
    wire::{
        v1::{
            ClosingReasons, CreateExecution, CreateStep, FoundExecutions, FoundSteps,
            SearchExecutions, SearchSteps, SectionOrStep, UpdateExecution, UpdateStep,
            WorkflowExecution,
        },
        v2::Reason,
    },
};

pub(super) fn routes() -> Router<Arc<App>> {
    const ONE: &str = "/v1/workflows/executions/{id}";
    Router::new()
        .route("/v1/workflows/executions", get(list).post(create))
        .route("/v1/workflows/executions/search", post(search))
        .route("/v1/workflows/executions/steps/search", post(search_steps))
        .route(ONE, get(read).patch(update).delete(delete))
        .route(&format!("{ONE}/steps"), post(create_step))
        .route(
            &format!("{ONE}/steps/{{part}}"),
            patch(update_step).delete(delete_step),
        )
        .route(&format!("{ONE}/closing-reasons"), get(closing_reasons))
}

/// Both must hold for the same context when both are given.
#[derive(Debug, Deserialize)]
struct ListFilter {
    /// An entity's id.
    context: Option<String>,
    schema: Option<String>,
}

async fn list(call: Call) -> Result<Json<Vec<WorkflowExecution>>, Failure> {
    let ListFilter { context, schema } = call.query()?;
    let wanted = |execution: &WorkflowExecution| {
        (context.is_none() && schema.is_none())
            || execution.contexts.iter().any(|found| {
                context.as_ref().is_none_or(|id| *id == found.id)
                    && schema.as_ref().is_none_or(|schema| *schema == found.schema)
            })
    };
    let state = call.app.state();
    Ok(Json(
        state
            .list()
            .filter(wanted)
            .map(WorkflowExecution::slim)
            .collect(),
    ))
}

/// An execution that is missing is 200 with an empty body.
async fn read(call: Call) -> Response {
    match call.app.state().legacy(&call.id) {
        Some(execution) => Json(execution).into_response(),
        None => StatusCode::OK.into_response(),
    }
}

async fn update(call: Call) -> Result<StatusCode, Failure> {
    let update: UpdateExecution = call.body()?;
    call.on_execution(EffectKind::UpdateExecution, |execution, now| {
        let reasons = configured(execution);
        transition::update_execution(execution, update, &reasons, now)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn create(call: Call) -> Result<(StatusCode, Json<WorkflowExecution>), Failure> {
    let sent: CreateExecution = call.body()?;
    let started = call.app.start(
        call.seq,
        EffectKind::CreateExecution,
        |origin, number, now| {
            let mut execution = generate::start_legacy(origin, &sent.workflow_id, number, now)
                .ok_or_else(|| missing("workflow", &sent.workflow_id))?;
            execution.contexts = sent.contexts.unwrap_or_default();
            execution.assigned_to = sent.assigned_to;
            if let Some(trigger) = sent.trigger {
                execution.trigger = trigger;
            }
            Ok(execution)
        },
    );
    Ok((StatusCode::CREATED, Json(started.await?)))
}

/// Deleting what is not there is 404: v1 says so of writes, and of reads that the body is empty.
async fn delete(call: Call) -> Result<StatusCode, Failure> {
    find(&call)?;
    call.remove(EffectKind::DeleteExecution).await
}

async fn search(call: Call) -> Result<Json<FoundExecutions>, Failure> {
    let wanted: SearchExecutions = call.body()?;
    let state = call.app.state();
    Ok(Json(super::search::executions(state.list(), &wanted)))
}

async fn search_steps(call: Call) -> Result<Json<FoundSteps>, Failure> {
    let wanted: SearchSteps = call.body()?;
    let state = call.app.state();
    Ok(Json(super::search::steps(state.list(), &wanted)))
}

async fn create_step(call: Call) -> Result<(StatusCode, Json<SectionOrStep>), Failure> {
    let sent: CreateStep = call.body()?;
    let number = call.seq.unwrap_or_default();
    let step = call.on_execution(EffectKind::CreateStep, |execution, now| {
        transition::create_step(execution, sent, number, now)
    });
    Ok((StatusCode::CREATED, Json(step.await?)))
}

async fn update_step(call: Call) -> Result<Json<SectionOrStep>, Failure> {
    let sent: UpdateStep = call.body()?;
    call.on_execution(EffectKind::UpdateStep, |execution, now| {
        transition::update_step(execution, &call.part, sent, now)
    })
    .await
    .map(Json)
}

async fn delete_step(call: Call) -> Result<StatusCode, Failure> {
    call.on_execution(EffectKind::DeleteStep, |execution, now| {
        transition::delete_step(execution, &call.part, now)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn closing_reasons(call: Call) -> Result<Json<ClosingReasons>, Failure> {
    let reasons = configured(&find(&call)?);
    Ok(Json(ClosingReasons { reasons }))
}

fn find(call: &Call) -> Result<WorkflowExecution, Failure> {
    let execution = call.app.state().legacy(&call.id);
    Ok(execution.ok_or_else(|| missing("workflow execution", &call.id))?)
}

/// The snapshot in the execution, or that of its definition where the execution lacks it.
fn configured(execution: &WorkflowExecution) -> Vec<Reason> {
    execution
        .configured_closing_reason_snapshot
        .clone()
        .unwrap_or_else(|| generate::closing_reasons(&execution.definition_id))
}
