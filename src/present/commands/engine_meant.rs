//! Which run at an engine a command is about.

use super::{
    engine_run::failed,
    engine_site::{connect, say_unread},
    runs::{LastRun, MAX_NAMED, find_last, find_run_or_last, playbook_name, store_error},
    session::refuse_elsewhere,
    terminal::say,
    wrong_input::find_run,
};
use crate::{
    cli::{Common, EngineArgs},
    engine::{EngineLink, FoundRun, TeamRun},
    error::Error,
    store::{RunFolder, RunId, StateDir, StoreError},
    text::count,
};

/// A run that an engine makes.
#[derive(Debug)]
pub(super) struct RunThere {
    pub(super) id: RunId,
    /// None if this machine has not fetched it before.
    pub(super) folder: Option<RunFolder>,
}

/// The run that a command is about.
#[derive(Debug)]
pub(super) enum MeantRun {
    There(RunThere),
    /// One that this machine makes alone; none, with a message, if there is no unfinished one.
    Here(Option<RunFolder>),
}

/// The run that is meant.
pub(super) async fn meant_run(
    common: &Common,
    place: &EngineArgs,
    run: Option<&str>,
    last: LastRun<'_>,
) -> Result<MeantRun, Error> {
    if place.address().is_none() {
        return find_run_or_last(common, run, last).map(MeantRun::Here);
    }
    let state_dir = StateDir::new(common.state_dir.clone());
    if let Some(prefix) = run
        && let Err(StoreError::NotFound { .. } | StoreError::Deleted { .. }) =
            state_dir.find(prefix)
    {
        let id = id_there(common, place, prefix).await?;
        return Ok(MeantRun::There(RunThere { id, folder: None }));
    }
    let folder = if let Some(prefix) = run {
        find_run(common, prefix)?
    } else if let Some(folder) = find_last(common, last)? {
        folder
    } else {
        refuse_unnamed(common, place, last).await?;
        say(|out| writeln!(out, "there is no unfinished run, here or at the engine"));
        return Ok(MeantRun::Here(None));
    };
    let settings = folder.settings().map_err(store_error)?;
    Ok(match settings.engine {
        Some(_) => MeantRun::There(RunThere {
            id: folder.id(),
            folder: Some(folder),
        }),
        None => MeantRun::Here(Some(folder)),
    })
}

/// Refuses to choose one of the team's unfinished runs: it may be somebody else's.
async fn refuse_unnamed(
    common: &Common,
    place: &EngineArgs,
    last: LastRun<'_>,
) -> Result<(), Error> {
    let listing = reach(place).await?.team_runs().await.map_err(failed)?;
    say_unread(&listing, ", so it is not known whether they are finished");
    let mut runs = listing.runs;
    runs.retain(TeamRun::is_unfinished);
    if let LastRun::Resumed(Some(path)) = last {
        let playbook = playbook_name(path)?;
        runs.retain(|run| run.settings.playbook == playbook);
    }
    if runs.is_empty() {
        return Ok(());
    }
    let named = match last {
        LastRun::Abandoned => "abandon",
        LastRun::Shown | LastRun::Resumed(_) => "resume",
    };
    let (number, are) = (count(runs.len() as u64, "run", "runs"), runs.len() != 1);
    let error = Error::failed(format!(
        "{number} at the engine {} not finished; --last does not choose among the runs of a team, so name the run",
        if are { "are" } else { "is" }
    ));
    let error = runs.iter().rev().take(MAX_NAMED).fold(error, |error, run| {
        let id = run.settings.run.to_string();
        let command = common.invocation.command(named, &[&id]);
        error.hint(format!("{}: {command}", run.settings.playbook))
    });
    Err(error.hint("nothing was changed"))
}

/// The run at the engine whose id begins so.
pub(super) async fn id_there(
    common: &Common,
    place: &EngineArgs,
    prefix: &str,
) -> Result<RunId, Error> {
    if let Ok(id) = prefix.parse() {
        return Ok(id);
    }
    let engine = reach(place).await?;
    let mut ids = Vec::new();
    for run in engine.team_runs().await.map_err(failed)?.runs {
        let id = run.settings.run;
        if id.to_string().starts_with(prefix) {
            ids.push(id);
        }
    }
    match ids[..] {
        [id] => Ok(id),
        [] => Err(match find_run(common, prefix) {
            Err(error) => error.hint("the engine has no such run either"),
            Ok(_) => Error::failed("the run is in the state folder here, and not at the engine")
                .hint("to use it, add --engine ''"),
        }),
        [..] => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            Err(Error::failed(format!(
                "several runs at the engine begin with {prefix:?}: {}",
                ids.join(", ")
            ))
            .hint("write more characters of the id"))
        }
    }
}

pub(super) fn unknown(engine: &EngineLink, id: RunId) -> Error {
    Error::failed(format!(
        "the engine {} does not know run {id}",
        engine.address()
    ))
    .hint(
        "it forgets a run some time after its end, and once its plan was applied again; what was fetched before is in the run's folder: add --engine ''",
    )
}

async fn reach(place: &EngineArgs) -> Result<EngineLink, Error> {
    let engine = connect(place, "").await?;
    engine.ok_or_else(|| Error::usage("no engine is named").hint("add --engine"))
}

/// The run at the engine.
pub(super) async fn find(
    common: &Common,
    place: &EngineArgs,
    id: RunId,
) -> Result<(EngineLink, FoundRun), Error> {
    let engine = reach(place).await?;
    let found = engine.find(id).await.map_err(failed)?;
    let found = found.ok_or_else(|| unknown(&engine, id))?;
    refuse_elsewhere(found.settings(), common)?;
    Ok((engine, found))
}
