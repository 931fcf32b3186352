//! `abandon --engine`: what is in flight is finished, and nothing more is begun; then no machine can resume the run.

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::{
    abandon::question_about,
    admit::lock_run,
    engine_folder::RunPlace,
    engine_meant::{RunThere, find},
    engine_run::failed,
    files::open_plan,
    operator::host,
    overview::overview_of_run,
    question::{ask, can_ask},
    runs::store_error,
    signals::{self, unless_interrupted},
    terminal::say,
};
use crate::{
    cli::{Abandon, Common},
    engine::{Abandonment, EngineLink, FoundRun, TeamStanding},
    error::{Error, ExitCode},
    store::{RunFolder, StateDir, Wait},
};

pub(super) async fn abandon(
    common: &Common,
    args: &Abandon,
    there: RunThere,
) -> Result<ExitCode, Error> {
    let id = there.id;
    let (engine, found) = find(common, &args.at, id).await?;
    let how = match &found.standing {
        TeamStanding::Finished { .. } => Some("has ended"),
        TeamStanding::Abandoned(_) => Some("was abandoned"),
        TeamStanding::Running | TeamStanding::Stopped(_) | TeamStanding::Cut => None,
    };
    if let Some(how) = how {
        say(|out| writeln!(out, "run {id} {how} already"));
        renew(common, &engine, &found, there.folder).await?;
        return Ok(ExitCode::Done);
    }
    can_ask(common, || {
        let status = common.invocation.command("status", &[&id.to_string()]);
        format!("add --yes to abandon it without a question; to look at it: {status}")
    })?;
    let ended = match found.standing {
        TeamStanding::Running => engine.counts(&found.followed()).await,
        _ => None,
    };
    let ended = ended.unwrap_or_else(|| found.ended()).total();
    let left = (found.changes() + found.undecided()).saturating_sub(ended);
    let (question, _) = question_about(id, left, found.undecided(), false);
    let mut interrupts = signals::watch(common)?;
    unless_interrupted(&mut interrupts, ask(common, &question)).await?;
    drain(common, &engine, &found, &mut interrupts).await?;
    let followed = found.followed();
    let Some(found) = engine.find(id).await.map_err(failed)? else {
        // Its plan was not there yet.
        engine.end_shards(&followed, None).await;
        say(|out| writeln!(out, "run {id} had not begun, and does not begin any more"));
        return Ok(ExitCode::Done);
    };
    if let TeamStanding::Finished { .. } = found.standing {
        say(|out| writeln!(out, "run {id} has ended meanwhile"));
        renew(common, &engine, &found, there.folder).await?;
        return Ok(ExitCode::Done);
    }
    let (_, doubts) = question_about(id, 0, found.undecided(), false);
    let abandoned = Abandonment {
        at: Timestamp::now(),
        host: host().await,
    };
    let recorded = engine.abandon(&found, abandoned).await;
    recorded.map_err(|error| failed(error).hint(again(common, &found)))?;
    say(|out| match &doubts {
        Some(doubts) => writeln!(out, "run {id} is abandoned; {doubts}"),
        None => writeln!(out, "run {id} is abandoned"),
    });
    let (engine, found) = find(common, &args.at, id).await?;
    renew(common, &engine, &found, there.folder).await?;
    Ok(ExitCode::Done)
}

/// Waits until the workers have finished what is in flight.
async fn drain(
    common: &Common,
    engine: &EngineLink,
    found: &FoundRun,
    interrupts: &mut mpsc::UnboundedReceiver<()>,
) -> Result<(), Error> {
    if found.standing != TeamStanding::Running {
        return Ok(());
    }
    let run = found.followed();
    engine.stop(&run).await.map_err(failed)?;
    say(|out| {
        writeln!(
            out,
            "the run begins nothing more; waiting until its workers have finished what is in flight"
        )
    });
    let ended = async { engine.wait_for_end(&run).await.map_err(failed) };
    unless_interrupted(interrupts, ended)
        .await
        .map_err(|error| {
            error
                .hint("the run stops, and is not abandoned yet")
                .hint(again(common, found))
        })
}

fn again(common: &Common, found: &FoundRun) -> String {
    let run = found.settings().run.to_string();
    let abandon = common.invocation.command("abandon", &[&run]);
    format!("to abandon it: {abandon}")
}

/// Lets the folder that is here say how the run has ended, too.
async fn renew(
    common: &Common,
    engine: &EngineLink,
    found: &FoundRun,
    folder: Option<RunFolder>,
) -> Result<(), Error> {
    let Some(folder) = folder else { return Ok(()) };
    if folder.ending().map_err(store_error)?.is_some() {
        return Ok(());
    }
    let fetched = engine.fetch(found).await.map_err(failed)?;
    let lock = lock_run(&folder, Wait::Refuse).await?;
    let path = folder.plan();
    let mut plan_file = open_plan(&common.invocation, &path)?;
    let plan = overview_of_run(&common.invocation, &path, &mut plan_file)?.known;
    let header = plan.checkpoint_header(found.settings().run);
    let stored = RunPlace::Folder(folder, lock).store(found.settings(), &header, &fetched)?;
    let history = StateDir::new(common.state_dir.clone()).history();
    history.ended(&stored.folder).map_err(store_error)
}
