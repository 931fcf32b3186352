//! v2: flows, their phases and tasks, schedules and automations.

use std::sync::Arc;

use axum::{
    Json, Router,
    http::StatusCode,
    routing::{delete, get, patch, post},
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
        v2::{Flow, FlowPhase, Task},
        v2_requests::{
            AddTaskRequest, FoundFlows, PatchFlow, PatchPhase, PatchTask, SearchFlows, StartFlow,
        },
    },
};

pub(super) fn routes() -> Router<Arc<App>> {
    const ONE: &str = "/v2/flows/executions/{id}";
    const TASK: &str = "/v2/flows/executions/{id}/tasks/{part}";
    let run = |call: Call| call.on_task(EffectKind::RunAutomation, transition::run);
    let execute = |call: Call| call.on_task(EffectKind::ExecuteTask, transition::execute);
    let run_now = |call: Call| call.on_task(EffectKind::RunScheduleNow, transition::run_now);
    Router::new()
        .route("/v2/flows/executions:search", post(search))
        .route("/v2/flows/executions", post(start))
        .route(ONE, get(read).patch(patch_flow).delete(delete_flow))
        .route(&format!("{ONE}/phases/{{part}}"), patch(patch_phase))
        .route(&format!("{ONE}/tasks"), post(add_task))
        .route(TASK, patch(patch_task))
        .route(&format!("{TASK}/automation:run"), post(run))
        .route(&format!("{TASK}/execute"), post(execute))
        .route(&format!("{TASK}/reconcile-automation"), post(reconcile))
        .route(&format!("{TASK}/schedule"), delete(cancel))
        .route(&format!("{TASK}/schedule/run-now"), post(run_now))
}

async fn search(call: Call) -> Result<Json<FoundFlows>, Failure> {
    let wanted: SearchFlows = call.body()?;
    let app = &call.app;
    let find = || app.state().search(&wanted.entity_id, &wanted.entity_schema);
    for flow in find() {
        app.settle(&flow.id).await?;
    }
    Ok(Json(FoundFlows { results: find() }))
}

async fn start(call: Call) -> Result<(StatusCode, Json<Flow>), Failure> {
    let sent: StartFlow = call.body()?;
    let started = call
        .app
        .start(call.seq, EffectKind::StartFlow, |origin, number, now| {
            let mut flow = generate::start_flow(origin, &sent.flow_template_id, number, now)
                .ok_or_else(|| missing("flow template", &sent.flow_template_id))?;
            flow.contexts = sent.contexts;
            if let Some(kind) = sent.trigger.and_then(|trigger| trigger.kind) {
                flow.trigger.kind = kind;
            }
            transition::begin(&mut flow, now);
            Ok(flow)
        });
    Ok((StatusCode::CREATED, Json(started.await?)))
}

async fn read(call: Call) -> Result<Json<Flow>, Failure> {
    call.app.settle(&call.id).await?;
    let flow = call.app.state().flow(&call.id);
    flow.map(Json).ok_or(Failure::Gone)
}

async fn patch_flow(call: Call) -> Result<Json<Flow>, Failure> {
    let sent: PatchFlow = call.body()?;
    call.on_flow(EffectKind::PatchFlow, |flow, now| {
        transition::patch_flow(flow, sent, now)?;
        Ok(flow.clone())
    })
    .await
}

#[derive(Debug, Deserialize)]
struct Deletion {
    soft: Option<bool>,
}

async fn delete_flow(call: Call) -> Result<StatusCode, Failure> {
    let deletion: Deletion = call.query()?;
    let flow = call.app.state().flow(&call.id);
    flow.ok_or(Failure::Gone)?;
    let kind = if deletion.soft == Some(true) {
        EffectKind::SoftDeleteFlow
    } else {
        EffectKind::DeleteFlow
    };
    call.remove(kind).await
}

async fn patch_phase(call: Call) -> Result<Json<FlowPhase>, Failure> {
    let sent: PatchPhase = call.body()?;
    call.on_flow(EffectKind::PatchPhase, |flow, now| {
        let index = flow.phases.iter().position(|phase| phase.id == call.part);
        let index = index.ok_or_else(|| missing("phase", &call.part))?;
        transition::patch_phase(flow, index, sent, now);
        Ok(flow.phases[index].clone())
    })
    .await
}

async fn add_task(call: Call) -> Result<Json<Task>, Failure> {
    let sent: AddTaskRequest = call.body()?;
    call.on_flow(EffectKind::AddTask, |flow, now| {
        let index = transition::add_task(flow, sent, now)?;
        Ok(flow.tasks[index].clone())
    })
    .await
}

async fn patch_task(call: Call) -> Result<Json<Task>, Failure> {
    let sent: PatchTask = call.body()?;
    call.on_task(EffectKind::PatchTask, |flow, index, now| {
        transition::patch_task(flow, index, sent, now)
    })
    .await
}

/// Answers with the whole flow.
async fn reconcile(call: Call) -> Result<Json<Flow>, Failure> {
    let take = call.app.automations_take();
    call.on_flow(EffectKind::ReconcileAutomation, |flow, now| {
        let index = call.task_index(flow)?;
        transition::reconcile(flow, index, now, take);
        Ok(flow.clone())
    })
    .await
}

async fn cancel(call: Call) -> Result<StatusCode, Failure> {
    let cancelled = call.on_task(EffectKind::CancelSchedule, transition::cancel);
    cancelled.await.map(|_task| StatusCode::NO_CONTENT)
}
