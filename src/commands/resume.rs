//! `resume`: goes on where a run was stopped.

use std::time::Instant;

use super::{
    access::credentials,
    backend::{Server, connect},
    execute::{PreparedRun, execute},
    files::open_plan,
    launch::{lock_server, not_kept},
    overview::overview,
    signals,
    terminal::say,
};
use crate::{
    cli::{Common, InDoubt, Resume},
    credentials::Credentials,
    error::{Error, ExitCode},
    run::DoubtAnswer,
    store::{RunFolder, StateDir},
};

pub(super) async fn resume(common: &Common, args: &Resume) -> Result<ExitCode, Error> {
    let start = Instant::now();
    let Some(folder) = find(common, args)? else {
        say(|out| writeln!(out, "there is no run to go on with"));
        return Ok(ExitCode::Done);
    };
    let mut settings = folder.settings().map_err(not_kept)?;
    let wait = args.pacing.lock_wait();
    let run_lock = folder.lock(wait).map_err(not_kept)?;
    let server_lock = lock_server(&settings.server, settings.org.as_deref(), wait)?;
    if folder.ending().map_err(not_kept)?.is_some() {
        say(|out| {
            writeln!(
                out,
                "run {} has come to its end: there is nothing to go on with",
                settings.run
            )
        });
        return Ok(ExitCode::Done);
    }

    let path = folder.plan();
    let mut plan_file = open_plan(&path)?;
    let plan = overview(&path, &mut plan_file)?;
    if plan.sha256 != settings.plan_sha256 {
        return Err(Error::failed(format!(
            "the plan in {} is not the one that the run was started with",
            path.display()
        ))
        .hint(format!(
            "give the run up: wf-bulk abandon {}; and plan again",
            settings.run
        )));
    }
    settings.pace = args.pacing.over(&settings.pace);
    settings.settle_ms = args.pacing.settle_ms().unwrap_or(settings.settle_ms);
    settings.recheck &= !args.pacing.no_recheck;
    let server = Server::named(&settings.server)?;
    let credentials = match &server {
        Server::Sandbox => Credentials::default(),
        Server::At(_) => credentials(common)?,
    };
    let backend = connect(
        common,
        &credentials,
        server,
        settings.org.as_deref(),
        &settings.pace,
        settings.timeout(),
    )
    .await?;
    let interrupts = signals::watch()?;
    let doubts = args.in_doubt.map(|answer| match answer {
        InDoubt::Retry => DoubtAnswer::Retry,
        InDoubt::Skip => DoubtAnswer::Skip,
    });
    let prepared = PreparedRun {
        folder,
        settings,
        plan,
        plan_file,
        start,
    };
    let exit_code = execute(common, prepared, backend, interrupts, doubts).await;
    drop((server_lock, run_lock));
    exit_code
}

/// The run that is meant; none when there is no unfinished one.
fn find(common: &Common, args: &Resume) -> Result<Option<RunFolder>, Error> {
    let state_dir = StateDir::new(common.state_dir.clone());
    if let Some(prefix) = &args.run {
        return state_dir.find(prefix).map(Some).map_err(not_kept);
    }
    let listing = state_dir.list().map_err(not_kept)?;
    Ok(listing.newest_unfinished().map(|run| run.folder.clone()))
}
