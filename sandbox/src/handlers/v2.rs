//! v2: flows, their phases and tasks, schedules and automations.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    body::Bytes,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
    routing::{delete, get, patch, post},
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
        v2::{Flow, Phase, Task},
        v2_requests::{
            AddTask, FoundFlows, PatchFlow, PatchPhase, PatchTask, SearchFlows, StartFlow,
        },
    },
};

pub(super) fn routes() -> Router<Arc<App>> {
    const ONE: &str = "/v2/flows/executions/{id}";
    Router::new()
        .route("/v2/flows/executions:search", post(search))
        .route("/v2/flows/executions", post(start))
        .route(ONE, get(read).patch(patch_flow).delete(delete_flow))
        .route(&format!("{ONE}/phases/{{phase}}"), patch(patch_phase))
        .route(&format!("{ONE}/tasks"), post(add_task))
        .route(&format!("{ONE}/tasks/{{task}}"), patch(patch_task))
        .route(
            &format!("{ONE}/tasks/{{task}}/automation:run"),
            post(run_automation),
        )
        .route(&format!("{ONE}/tasks/{{task}}/execute"), post(execute))
        .route(
            &format!("{ONE}/tasks/{{task}}/reconcile-automation"),
            post(reconcile),
        )
        .route(&format!("{ONE}/tasks/{{task}}/schedule"), delete(cancel))
        .route(
            &format!("{ONE}/tasks/{{task}}/schedule/run-now"),
            post(run_now),
        )
}

async fn search(State(app): State<Arc<App>>, body: Bytes) -> Result<Json<FoundFlows>, Failure> {
    let wanted: SearchFlows = parse(&body)?;
    let find = || app.state().search(&wanted.entity_id, &wanted.entity_schema);
    for flow in find() {
        app.settle(&flow.id).await?;
    }
    Ok(Json(FoundFlows { results: find() }))
}

async fn start(
    State(app): State<Arc<App>>,
    Extension(Seq(seq)): Extension<Seq>,
    body: Bytes,
) -> Result<(StatusCode, Json<Flow>), Failure> {
    let sent: StartFlow = parse(&body)?;
    let started = app.start(seq, Kind::StartFlow, |origin, number, now| {
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

#[derive(Debug, Deserialize)]
struct Deletion {
    soft: Option<bool>,
}

async fn delete_flow(
    State(app): State<Arc<App>>,
    Extension(Seq(seq)): Extension<Seq>,
    Path(id): Path<String>,
    deletion: Result<Query<Deletion>, QueryRejection>,
) -> Result<StatusCode, Failure> {
    let Query(deletion) = deletion.map_err(|error| Refused::Invalid(error.body_text()))?;
    app.state().flow(&id).ok_or(Failure::Gone)?;
    let kind = if deletion.soft == Some(true) {
        Kind::SoftDeleteFlow
    } else {
        Kind::DeleteFlow
    };
    let write = Write {
        request: Some(seq),
        kind,
        execution: id.clone(),
        target: id.clone(),
    };
    app.remove(write).await.map(|()| StatusCode::NO_CONTENT)
}

async fn read(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Flow>, Failure> {
    app.settle(&id).await?;
    app.state().flow(&id).map(Json).ok_or(Failure::Gone)
}

async fn patch_flow(
    State(app): State<Arc<App>>,
    Extension(seq): Extension<Seq>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Flow>, Failure> {
    let sent: PatchFlow = parse(&body)?;
    write(&app, seq, Kind::PatchFlow, (&id, &id), |flow, now| {
        transition::patch_flow(flow, sent, now)?;
        Ok(flow.clone())
    })
    .await
}

async fn patch_phase(
    State(app): State<Arc<App>>,
    Extension(seq): Extension<Seq>,
    Path((id, phase)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Phase>, Failure> {
    let sent: PatchPhase = parse(&body)?;
    write(&app, seq, Kind::PatchPhase, (&id, &phase), |flow, now| {
        let index = flow.phases.iter().position(|one| one.id == phase);
        let index = index.ok_or_else(|| missing("phase", &phase))?;
        transition::patch_phase(flow, index, sent, now);
        Ok(flow.phases[index].clone())
    })
    .await
}

async fn patch_task(
    State(app): State<Arc<App>>,
    Extension(seq): Extension<Seq>,
    Path((id, task)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Task>, Failure> {
    let sent: PatchTask = parse(&body)?;
    write(&app, seq, Kind::PatchTask, (&id, &task), |flow, now| {
        let index = task_index(flow, &task)?;
        transition::patch_task(flow, index, sent, now)?;
        Ok(flow.tasks[index].clone())
    })
    .await
}

async fn add_task(
    State(app): State<Arc<App>>,
    Extension(seq): Extension<Seq>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Task>, Failure> {
    let sent: AddTask = parse(&body)?;
    write(&app, seq, Kind::AddTask, (&id, &id), |flow, now| {
        let index = transition::add_task(flow, sent, now)?;
        Ok(flow.tasks[index].clone())
    })
    .await
}

async fn run_automation(
    State(app): State<Arc<App>>,
    Extension(seq): Extension<Seq>,
    Path((id, task)): Path<(String, String)>,
) -> Result<Json<Task>, Failure> {
    write(&app, seq, Kind::RunAutomation, (&id, &task), |flow, now| {
        let index = task_index(flow, &task)?;
        transition::run(flow, index, now)?;
        Ok(flow.tasks[index].clone())
    })
    .await
}

async fn execute(
    State(app): State<Arc<App>>,
    Extension(seq): Extension<Seq>,
    Path((id, task)): Path<(String, String)>,
) -> Result<Json<Task>, Failure> {
    write(&app, seq, Kind::ExecuteTask, (&id, &task), |flow, now| {
        let index = task_index(flow, &task)?;
        transition::execute(flow, index, now)?;
        Ok(flow.tasks[index].clone())
    })
    .await
}

/// Answers with the whole flow.
async fn reconcile(
    State(app): State<Arc<App>>,
    Extension(seq): Extension<Seq>,
    Path((id, task)): Path<(String, String)>,
) -> Result<Json<Flow>, Failure> {
    let take = app.automations_take();
    let kind = Kind::ReconcileAutomation;
    write(&app, seq, kind, (&id, &task), |flow, now| {
        let index = task_index(flow, &task)?;
        transition::reconcile(flow, index, now, take);
        Ok(flow.clone())
    })
    .await
}

async fn cancel(
    State(app): State<Arc<App>>,
    Extension(seq): Extension<Seq>,
    Path((id, task)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    write(
        &app,
        seq,
        Kind::CancelSchedule,
        (&id, &task),
        |flow, now| {
            let index = task_index(flow, &task)?;
            transition::cancel(flow, index, now)
        },
    )
    .await
    .map(|Json(())| StatusCode::NO_CONTENT)
}

async fn run_now(
    State(app): State<Arc<App>>,
    Extension(seq): Extension<Seq>,
    Path((id, task)): Path<(String, String)>,
) -> Result<Json<Task>, Failure> {
    write(
        &app,
        seq,
        Kind::RunScheduleNow,
        (&id, &task),
        |flow, now| {
            let index = task_index(flow, &task)?;
            transition::run_now(flow, index, now)?;
            Ok(flow.tasks[index].clone())
        },
    )
    .await
}

async fn write<T>(
    app: &App,
    Seq(seq): Seq,
    kind: Kind,
    (execution, target): (&str, &str),
    change: impl FnOnce(&mut Flow, Timestamp) -> Result<T, Refused>,
) -> Result<Json<T>, Failure> {
    let write = Write {
        request: Some(seq),
        kind,
        execution: execution.to_owned(),
        target: target.to_owned(),
    };
    app.write(write, |stored, now| match stored {
        AnyExecution::Flow(flow) => change(flow, now),
        AnyExecution::Legacy(_) => Err(missing("flow", execution)),
    })
    .await
    .map(Json)
}

fn task_index(flow: &Flow, id: &str) -> Result<usize, Refused> {
    let index = flow.tasks.iter().position(|task| task.id == id);
    index.ok_or_else(|| missing("task", id))
}

fn missing(what: &str, id: &str) -> Refused {
    Refused::Missing(format!("there is no {what} {id}"))
}
