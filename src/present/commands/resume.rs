//! `resume`: continues a run that was stopped.

use std::time::Instant;

use super::{
    access::credentials,
    admit::{lock_run, lock_server},
    backend::{Server, connect},
    earlier::refuse_thrown_away_data,
    execute::{PreparedRun, execute},
    files::open_plan,
    overview::overview,
    runs::{find_run_or_last, store_error},
    show_ended::show_ended,
    signals,
    terminal::print,
};
use crate::{
    cli::{Common, InDoubt, Resume},
    credentials::Credentials,
    error::{Error, ExitCode},
    report::{Summary, write_json},
    run::DoubtAnswer,
    server_name::is_same_server,
    store::{RunSettings, StateDir},
    text::shown_path,
};

pub(super) async fn resume(common: &Common, args: &Resume) -> Result<ExitCode, Error> {
    let start = Instant::now();
    let Some(folder) = find_run_or_last(common, args.run.as_deref())? else {
        if common.json {
            print(|out| write_json(&Summary::nothing(), ExitCode::Done, out))?;
        }
        return Ok(ExitCode::Done);
    };
    let mut settings = folder.settings().map_err(store_error)?;
    belongs_to(&settings, common)?;
    let wait = args.pacing.lock_wait();
    let run_lock = lock_run(&folder, wait).await?;

    let path = folder.plan();
    let mut plan_file = open_plan(&common.invocation, &path)?;
    let plan = overview(&common.invocation, &path, &mut plan_file)?;
    if plan.sha256 != settings.plan_sha256 {
        return Err(Error::failed(format!(
            "the plan in {} is not the one that the run was started with",
            shown_path(&path)
        ))
        .hint(format!(
            "plan again, and abandon the run: {}",
            common
                .invocation
                .command("abandon", &[&settings.run.to_string()])
        )));
    }
    if folder.ending().map_err(store_error)?.is_some()
        && let Some(exit_code) = show_ended(common, &folder, &settings, &plan, &plan_file)?
    {
        return Ok(exit_code);
    }
    refuse_thrown_away_data(common, &StateDir::new(common.state_dir.clone()), &settings)?;
    let server_lock = lock_server(common, &settings.server, settings.org.as_deref(), wait).await?;
    settings.pace = args.pacing.over(&settings.pace);
    settings.timeout_ms = common.timeout_ms().unwrap_or(settings.timeout_ms);
    // If not given, it is at least the timeout of the earlier requests and of those in this session.
    settings.settle_ms = args
        .pacing
        .settle_ms()
        .unwrap_or_else(|| settings.settle_ms.max(settings.timeout_ms));
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
        wait,
    )
    .await?;
    let interrupts = signals::watch(common)?;
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

/// A run continues on its own server and organisation: flags with other ones are refused.
fn belongs_to(settings: &RunSettings, common: &Common) -> Result<(), Error> {
    let server = match (&common.server, common.sandbox) {
        (Some(server), _) => Some(Server::named(server)?),
        (None, true) => Some(Server::Sandbox),
        (None, false) => None,
    };
    let elsewhere = |started: &str, given: &str| {
        Err(Error::usage(format!(
            "run {} was started {started}, not {given}",
            settings.run
        ))
        .hint("a run continues where it was started; leave the flag out"))
    };
    if let Some(given) = server.map(|server| server.label())
        && !is_same_server(&given, &settings.server)
    {
        return elsewhere(&format!("on {}", settings.server), &format!("on {given}"));
    }
    let in_org = |org: &str| format!("in organisation {org}");
    match (&common.org, &settings.org) {
        (Some(given), Some(started)) if given != started => {
            elsewhere(&in_org(started), &in_org(given))
        }
        (Some(given), None) => elsewhere("without an organisation", &in_org(given)),
        (Some(_) | None, Some(_)) | (None, None) => Ok(()),
    }
}
