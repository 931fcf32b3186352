//! `resume --engine`: follows a run at an engine, from any machine, and begins another session of it if it has stopped.

use std::{
    fs,
    io::{Seek as _, Write as _},
    time::Instant,
};

use super::{
    access::{asked_org, credentials},
    admit::lock_run,
    backend::connect as connect_to_service,
    doubt_answers::answers_in,
    engine_run::{EngineRun, RunPlace, connect, failed, session as session_task},
    execute::{Answers, unusable},
    files::open_plan,
    known_plan::KnownPlan,
    observers::Observers,
    overview::overview_of_run,
    runs::{LastRun, find_run_or_last, store_error},
    session::{self, refuse_elsewhere},
    signals,
    terminal::say,
};
use crate::{
    checkpoint::Checkpoint,
    cli::{Common, EngineAccess, InDoubt, Resume},
    engine::{EngineLink, FoundRun, TeamStanding},
    error::{Error, ExitCode},
    run::DoubtAnswer,
    store::{RunFolder, RunId, StateDir},
};

/// A run that an engine makes.
#[derive(Debug)]
pub(super) struct RunThere {
    id: RunId,
    /// None if this machine has not fetched it before.
    folder: Option<RunFolder>,
}

/// The run that is meant, if it is not one of this machine alone.
pub(super) fn run_there(common: &Common, args: &Resume) -> Result<Option<RunThere>, Error> {
    let state_dir = StateDir::new(common.state_dir.clone());
    if let Some(id) = args.run.as_ref().and_then(|run| run.parse::<RunId>().ok()) {
        let listing = state_dir.list().map_err(store_error)?;
        let known = (listing.runs.into_iter()).find(|run| run.folder.id() == id);
        return Ok(match known {
            Some(run) if run.settings.engine.is_none() => None,
            Some(run) => Some(RunThere {
                id,
                folder: Some(run.folder),
            }),
            None => Some(RunThere { id, folder: None }),
        });
    }
    let last = LastRun::Resumed(args.playbook.as_deref());
    let Some(folder) = find_run_or_last(common, args.run.as_deref(), last)? else {
        return Ok(None);
    };
    let settings = folder.settings().map_err(store_error)?;
    Ok(settings.engine.is_some().then(|| RunThere {
        id: folder.id(),
        folder: Some(folder),
    }))
}

/// Follows the run to its end; begins another session of it, if it is not under way.
pub(super) async fn resume(
    common: &Common,
    args: &Resume,
    address: &str,
    there: RunThere,
    observers: &Observers,
) -> Result<ExitCode, Error> {
    let start = Instant::now();
    let (engine, found) = find(common, (address, &args.at.access), &there).await?;
    let mut interrupts = signals::watch(common)?;
    let place = match there.folder {
        Some(folder) => {
            let lock = lock_run(&folder, args.pacing.lock_wait()).await?;
            RunPlace::Folder(folder, lock)
        }
        None => restore(common, &engine, &found).await?,
    };
    let path = match &place {
        RunPlace::Draft(draft) => draft.plan(),
        RunPlace::Folder(folder, _) => folder.plan(),
    };
    let mut plan_file = open_plan(&common.invocation, &path)?;
    let plan = overview_of_run(&common.invocation, &path, &mut plan_file)?.known;
    if plan.sha256 != found.settings().plan_sha256 {
        return Err(Error::failed(
            "the plan of the run is not the one that the engine has",
        ));
    }
    observers.about_plan(&plan.header, found.settings().org.as_deref());
    let answers = answers(common, args, &place, &plan, &plan_file)?;

    let server = session::server(common, &plan.header)?;
    let credentials = credentials(common)?;
    session::refuse_unnamed_server(common, &credentials, &server)?;
    let org = session::organisation(
        found.settings(),
        &plan.header,
        asked_org(common, &credentials),
    )?;
    let changes = plan.trailer.changes;
    let stored = found.settings().clone();
    let settings = session::settings(stored, &plan.header, org, changes, common, &args.pacing);
    let backend = connect_to_service(
        common,
        &credentials,
        server,
        settings.org.as_deref(),
        &settings.pace,
        settings.timeout(),
        args.pacing.lock_wait(),
    )
    .await?;
    let (run, session) = if found.standing == TeamStanding::Running {
        (found.followed(), found.session().clone())
    } else {
        session::refuse_old(common, &settings, &plan.header.timezone, args.max_age)?;
        let session = session_task(&settings, changes, answers);
        let begun = super::signals::unless_interrupted(&mut interrupts, async {
            engine.go_on(&found, session.clone()).await.map_err(failed)
        });
        let run = begun.await?.unwrap_or_else(|| found.followed());
        (run, session)
    };
    let run_of_engine = EngineRun {
        place,
        settings,
        plan,
        plan_file,
        start,
        again: false,
        detach: args.at.detach,
    };
    run_of_engine
        .work(
            common, &engine, &run, &session, backend, interrupts, observers,
        )
        .await
}

/// The run at the engine.
async fn find(
    common: &Common,
    (address, access): (&str, &EngineAccess),
    there: &RunThere,
) -> Result<(EngineLink, FoundRun), Error> {
    let engine = connect(address, access, "").await?;
    let found = engine.find(there.id).await.map_err(failed)?;
    let Some(found) = found else {
        return Err(Error::failed(format!(
            "the engine {} does not know run {}",
            engine.address(),
            there.id
        ))
        .hint("it forgets a run some time after its end; what was fetched before is in the run's folder"));
    };
    refuse_elsewhere(found.settings(), common)?;
    Ok((engine, found))
}

/// Makes the beginnings of a folder, with the plan from the engine.
async fn restore(
    common: &Common,
    engine: &EngineLink,
    found: &FoundRun,
) -> Result<RunPlace, Error> {
    let state_dir = StateDir::new(common.state_dir.clone());
    let unwritten =
        |error: std::io::Error| Error::failed("the plan can't be written").caused_by(error);
    if found.standing == TeamStanding::Running {
        say(|out| writeln!(out, "the plan comes from the engine"));
    }
    let mut file = tempfile::tempfile().map_err(unwritten)?;
    engine
        .plan_of(found, |text| file.write_all(text.as_bytes()))
        .await
        .map_err(failed)?;
    file.rewind().map_err(unwritten)?;
    let draft = state_dir.draft(found.settings().run).map_err(store_error)?;
    draft.copy_plan(file).map_err(store_error)?;
    Ok(RunPlace::Draft(draft))
}

/// What a person says of the changes in doubt.
fn answers(
    common: &Common,
    args: &Resume,
    place: &RunPlace,
    plan: &KnownPlan,
    plan_file: &fs::File,
) -> Result<Answers, Error> {
    let all = |answer| Answers {
        all: Some(answer),
        ..Answers::default()
    };
    match (&args.in_doubt, place) {
        (None, _) => Ok(Answers::default()),
        (Some(InDoubt::Retry), _) => Ok(all(DoubtAnswer::Retry)),
        (Some(InDoubt::Skip), _) => Ok(all(DoubtAnswer::Skip)),
        (Some(InDoubt::Answers(path)), RunPlace::Folder(folder, _)) => {
            let snapshot = Checkpoint::read(&folder.checkpoint()).map_err(unusable)?;
            let known = plan.within(plan_file);
            let single = answers_in(common, path, folder.id(), &snapshot.state, &known)?;
            Ok(Answers { single, all: None })
        }
        (Some(InDoubt::Answers(_)), RunPlace::Draft(_)) => Err(Error::usage(
            "this machine has not fetched the run yet, so it can't tell what the answers are about",
        )
        .hint("fetch it first: leave --in-doubt out")),
    }
}
