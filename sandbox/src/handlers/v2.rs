//! v2: search, read, patch of flow, phase and task, run-now.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    body::Bytes,
    extract::{Path, State},
    routing::{get, patch, post},
};
use jiff::Timestamp;

use super::Seq;
use crate::{
    app::{App, Write},
    effect::Kind,
    refused::Refused,
    reply::Failure,
    state::Stored,
    transition,
    wire::{
        parse,
        v2::{Flow, Phase, Task},
        v2_requests::{FoundFlows, PatchFlow, PatchPhase, PatchTask, SearchFlows},
    },
};

pub(super) fn routes() -> Router<Arc<App>> {
    const ONE: &str = "/v2/flows/executions/{id}";
    Router::new()
        .route("/v2/flows/executions:search", post(search))
        .route(ONE, get(read).patch(patch_flow))
        .route(&format!("{ONE}/phases/{{phase}}"), patch(patch_phase))
        .route(&format!("{ONE}/tasks/{{task}}"), patch(patch_task))
        .route(
            &format!("{ONE}/tasks/{{task}}/schedule/run-now"),
            post(run_now),
        )
}

async fn search(State(app): State<Arc<App>>, body: Bytes) -> Result<Json<FoundFlows>, Failure> {
    let wanted: SearchFlows = parse(&body)?;
    let results = app.state().search(&wanted.entity_id, &wanted.entity_schema);
    Ok(Json(FoundFlows { results }))
}

async fn read(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Flow>, Failure> {
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
        execution,
        target,
    };
    app.write(write, |stored, now| match stored {
        Stored::Flow(flow) => change(flow, now),
        Stored::Legacy(_) => Err(missing("flow", execution)),
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
