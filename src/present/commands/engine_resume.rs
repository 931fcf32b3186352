//! `resume --engine`: follows a run at an engine, from any machine, and begins another session of it if it has stopped.

use std::{
    fs::File,
    io::{Seek as _, Write as _},
    time::Instant,
};

use tokio::sync::mpsc;

use super::{
    access::{asked_org, credentials},
    admit::lock_run,
    backend::{Backend, connect as connect_to_service},
    engine_folder::{RunPlace, StoredRun},
    engine_meant::{RunThere, find},
    engine_run::{
        EngineRun, RunToFollow, failed, next_signal, not_resumed, session as session_task,
    },
    engine_site::EngineSite,
    files::open_plan,
    known_plan::KnownPlan,
    observers::Observers,
    overview::overview_of_run,
    resume::{answers, refuse_unapproved},
    runs::store_error,
    session,
    signals::{self, unless_interrupted},
    signing::beside,
    terminal::say,
};
use crate::{
    cli::{Common, Resume},
    client::Traffic,
    engine::{EngineLink, FoundRun, TeamStanding},
    error::{Error, ExitCode},
    private_file,
    store::{RunFolder, RunId, RunSettings, StateDir},
};

/// A run at the engine with its plan, which is the one that was submitted.
struct OpenedRun {
    place: RunPlace,
    plan: KnownPlan,
    plan_file: File,
}

/// Follows the run to its end; begins another session of it, if it has stopped.
pub(super) async fn resume(
    common: &Common,
    args: &Resume,
    there: RunThere,
    observers: &Observers,
) -> Result<ExitCode, Error> {
    let start = Instant::now();
    let (engine, found) = find(common, &args.at.place, there.id).await?;
    let mut interrupts = signals::watch(common)?;
    let opened = open(common, args, &engine, &found, there.folder);
    let opened = unless_interrupted(&mut interrupts, opened).await?;
    let OpenedRun {
        place,
        mut plan,
        plan_file,
    } = opened;
    observers.about_plan(&plan.header, found.settings().org.as_deref());
    let path = place.plan();
    refuse_unapproved(common, args, found.settings(), &path, &mut plan, &plan_file)?;
    let run = EngineRun {
        place,
        settings: found.settings().clone(),
        plan,
        plan_file,
        start,
    };
    let id = there.id;
    match &found.standing {
        TeamStanding::Finished { .. } => {
            say(|out| writeln!(out, "run {id} has ended; this is its result"));
            let fetched = engine.fetch(&found).await.map_err(failed)?;
            run.conclude(common, &fetched, Traffic::default(), observers)
        }
        TeamStanding::Abandoned(_) => {
            say(|out| {
                writeln!(
                    out,
                    "run {id} was abandoned and can't be resumed; this is its result"
                )
            });
            let fetched = engine.fetch(&found).await.map_err(failed)?;
            run.conclude(common, &fetched, Traffic::default(), observers)
        }
        TeamStanding::Cut => Err(cut(common, id)),
        TeamStanding::Running | TeamStanding::Stopped(_) => {
            let site = EngineSite {
                link: engine,
                detach: args.at.detach,
            };
            Box::pin(go_on(
                common, args, &site, &found, run, interrupts, observers,
            ))
            .await
        }
    }
}

/// The run with its folder, or the beginnings of one.
async fn open(
    common: &Common,
    args: &Resume,
    engine: &EngineLink,
    found: &FoundRun,
    folder: Option<RunFolder>,
) -> Result<OpenedRun, Error> {
    let place = match folder {
        Some(folder) => {
            let lock = lock_run(&folder, args.pacing.lock_wait()).await?;
            RunPlace::Folder(folder, lock)
        }
        None => restore(common, engine, found).await?,
    };
    let path = place.plan();
    let mut plan_file = open_plan(&common.invocation, &path)?;
    let plan = overview_of_run(&common.invocation, &path, &mut plan_file)?.known;
    if plan.sha256 != found.settings().plan_sha256 {
        return Err(Error::failed(
            "the plan of the run is not the one that the engine has",
        ));
    }
    Ok(OpenedRun {
        place,
        plan,
        plan_file,
    })
}

/// Follows a run that is under way, or begins another session of one that has stopped.
async fn go_on(
    common: &Common,
    args: &Resume,
    site: &EngineSite,
    found: &FoundRun,
    run: EngineRun,
    mut interrupts: mpsc::UnboundedReceiver<()>,
    observers: &Observers,
) -> Result<ExitCode, Error> {
    let (engine, stored) = (&site.link, found.settings().clone());
    let is_running = found.standing == TeamStanding::Running;
    if !is_running {
        session::refuse_old(common, &stored, &run.plan.header.timezone, args.max_age)?;
    } else if args.in_doubt.is_some() {
        return Err(Error::failed(format!(
            "run {} is under way, so it can't be told yet what stays in doubt",
            stored.run
        ))
        .hint("wait for its end: leave --in-doubt out"));
    }
    let (settings, backend) = {
        let connected = connect_as_planned(common, args, &run.plan, stored);
        unless_interrupted(&mut interrupts, connected).await?
    };
    let mut run = EngineRun { settings, ..run };
    let (mut submitted, mut session) = (found.followed(), found.session().clone());
    if !is_running {
        // The folder must be as the engine has the run: an answer is about what was sent so far.
        let fetched = engine.fetch(found).await.map_err(failed)?;
        let header = run.plan.checkpoint_header(run.settings.run);
        let known = run.place.store(&run.settings, &header, &fetched)?;
        let StoredRun {
            folder,
            lock,
            state,
            ..
        } = known;
        let plan = run.plan.within(&run.plan_file);
        let answers = answers(common, args, &folder, &state, plan);
        let answers = unless_interrupted(&mut interrupts, answers).await?;
        run.place = RunPlace::Folder(folder, lock);
        session::say_recheck(found.settings(), &args.pacing);
        let next = session_task(&run.settings, run.plan.trailer.changes, answers);
        let begun = engine.go_on(found, next.clone(), next_signal(&mut interrupts));
        let begun = begun.await;
        submitted = begun.map_err(|error| not_resumed(common, &run.settings, error))?;
        session = next;
    }
    let followed = RunToFollow {
        site,
        run: submitted,
        session,
        backend,
        interrupts,
    };
    let earlier = if is_running {
        engine.counts(&followed.run).await.unwrap_or_default()
    } else {
        found.ended()
    };
    run.work(common, followed, earlier, observers).await
}

/// The settings of a session that goes on with the run, and its connection to the service.
async fn connect_as_planned(
    common: &Common,
    args: &Resume,
    plan: &KnownPlan,
    stored: RunSettings,
) -> Result<(RunSettings, Backend), Error> {
    let server = session::server(common, &plan.header)?;
    let credentials = credentials(common)?;
    session::refuse_unnamed_server(common, &credentials, &server)?;
    let asked = asked_org(common, &credentials);
    let org = session::organisation(&stored, &plan.header, asked)?;
    let changes = plan.trailer.changes;
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
    Ok((settings, backend))
}

/// Makes the beginnings of a folder, with the plan and its signature from the engine.
async fn restore(
    common: &Common,
    engine: &EngineLink,
    found: &FoundRun,
) -> Result<RunPlace, Error> {
    let state_dir = StateDir::new(common.state_dir.clone());
    let unwritten =
        |error: std::io::Error| Error::failed("the plan can't be written").caused_by(error);
    let mut file = tempfile::tempfile().map_err(unwritten)?;
    engine
        .plan_of(found, |text| file.write_all(text.as_bytes()))
        .await
        .map_err(failed)?;
    file.rewind().map_err(unwritten)?;
    let draft = state_dir.draft(found.settings().run).map_err(store_error)?;
    let plan = draft.copy_plan(file).map_err(store_error)?;
    if let Some(signature) = found.signature() {
        private_file::replace(&beside(&plan), |out| out.write_all(signature.as_bytes()))
            .map_err(unwritten)?;
    }
    Ok(RunPlace::Draft(draft))
}

/// Nobody knows what the run sent last: its workflow was ended with the engine's own tools.
fn cut(common: &Common, id: RunId) -> Error {
    let abandon = common.invocation.command("abandon", &[&id.to_string()]);
    Error::failed(format!(
        "somebody has ended run {id} with the engine's own tools, so it can't be resumed"
    ))
    .hint(format!("abandon it: {abandon}"))
    .hint("nothing was sent")
}
