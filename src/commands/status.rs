//! `status`: the runs here, how they ended, what is left.

use super::{
    files::{open_plan, read_again},
    launch::not_kept,
    terminal::{STYLES, print, say},
};
use crate::{
    checkpoint::Checkpoint,
    cli::{Common, Status},
    error::{Error, ExitCode},
    report::{RunLine, write_in_doubt, write_runs, write_runs_json},
    store::{RunFolder, StateDir},
};

pub(super) fn status(common: &Common, args: &Status) -> Result<ExitCode, Error> {
    let state_dir = StateDir::new(common.state_dir.clone());
    let mut listing = state_dir.list().map_err(not_kept)?;
    if let Some(prefix) = &args.run {
        let wanted = state_dir.find(prefix).map_err(not_kept)?.id();
        listing.runs.retain(|run| run.folder.id() == wanted);
    }
    let mut lines = Vec::with_capacity(listing.runs.len());
    let mut one = None;
    for run in listing.runs {
        let snapshot = Checkpoint::read(&run.folder.checkpoint()).map_err(|error| {
            Error::failed("the run's checkpoint can't be used").caused_by(error)
        })?;
        one = args.run.as_ref().map(|_| run.folder.clone());
        lines.push(RunLine {
            counts: snapshot.state.counts(),
            ending: run.ending,
            settings: run.settings,
            folder: run.folder.path().to_owned(),
        });
    }
    for unreadable in &listing.unreadable {
        say(|out| {
            writeln!(
                out,
                "not a run that can be read: {}",
                super::files::shown(&unreadable.path)
            )
        });
    }
    if common.json {
        print(|out| write_runs_json(&lines, out))?;
    } else {
        print(|out| write_runs(&lines, out, STYLES))?;
        if let Some(folder) = one {
            write_in_doubt_of(&folder)?;
        }
    }
    Ok(ExitCode::Done)
}

/// Lists what a person should look at before the run goes on.
fn write_in_doubt_of(folder: &RunFolder) -> Result<(), Error> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::failed("the run's plan can't be used").caused_by(error)
    };
    let file = open_plan(&folder.plan())?;
    let plan = read_again(&file).map_err(|error| failed(error.into()))?;
    let mut text = Vec::new();
    write_in_doubt(folder, plan, &mut text).map_err(|error| failed(error.into()))?;
    print(|out| out.write_all(&text))
}
