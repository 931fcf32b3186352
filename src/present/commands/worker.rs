//! `worker`: works on the runs of an organisation that an engine has.

use std::time::Duration;

use tokio::task;

use super::{
    access::{asked_org, credentials},
    backend::{Server, connect},
    engine_run::failed,
    engine_site::connect_at,
    engine_watch::watch,
    signals,
    terminal::say,
};
use crate::{
    cli::{Common, WorkerArgs},
    engine::{EngineLink, EngineWorker, WorkerParts},
    error::{Error, ExitCode},
    pace::Pace,
    store::Wait,
    text::Untrusted,
};

/// How often it is looked whether the worker has failed.
const LOOK: Duration = Duration::from_secs(1);

pub(super) async fn worker(common: &Common, args: &WorkerArgs) -> Result<ExitCode, Error> {
    let credentials = credentials(common)?;
    let server = Server::of(common, &credentials)?;
    let Some(org) = asked_org(common, &credentials).map(str::to_owned) else {
        return Err(Error::usage(
            "a worker is for the runs of one organisation, and none is given",
        )
        .hint("add --org ID, or use a profile that names one"));
    };
    if args.engine.is_empty() {
        return Err(Error::usage("a worker is for an engine, and none is given")
            .hint("add --engine temporal://HOST:7233/NAMESPACE, or set WF_BULK_ENGINE"));
    }
    let mut interrupts = signals::watch(common)?;
    let label = server.label();
    let engine = connect_at(&args.engine, &args.access, &label).await?;
    let timeout = common.timeout();
    let pace = Pace::default();
    let backend = connect(
        common,
        &credentials,
        server,
        Some(&org),
        &pace,
        timeout,
        Wait::Refuse,
    )
    .await?;
    let parts = WorkerParts {
        transport: backend.transport.clone(),
        server: label.clone(),
        org: Some(org.clone()),
    };
    let worker = EngineWorker::start(&engine, parts).await.map_err(failed)?;
    say(|out| {
        writeln!(
            out,
            "working on the runs in organisation {} on {}, for the engine {}",
            Untrusted(&org).terminal(),
            Untrusted(&label).terminal(),
            engine.address()
        )
    });
    let end = async {
        while !worker.has_ended() {
            tokio::time::sleep(LOOK).await;
            say_troubles(&engine, &worker);
        }
    };
    tokio::select! {
        biased;
        Some(()) = interrupts.recv() => {}
        () = end => {}
        never = watch(&engine) => match never {},
    }
    let left = task::spawn_blocking(move || worker.leave()).await;
    left.map_err(|error| Error::failed("the worker has ended without a result").caused_by(error))?
        .map_err(failed)?;
    Ok(ExitCode::Done)
}

/// What a run's own machine can't say.
fn say_troubles(engine: &EngineLink, worker: &EngineWorker) {
    let refusal = worker.take_refusal().map(|message| {
        format!("the service does not accept the token of this worker, which has stopped a run: {message}")
    });
    for trouble in engine.take_trouble().into_iter().chain(refusal) {
        say(|out| writeln!(out, "warning: {}", Untrusted(&trouble).terminal()));
    }
}
