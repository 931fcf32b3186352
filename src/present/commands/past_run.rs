//! A run of the state folder with its plan and its checkpoint, for the commands that work on what it did.

use std::{
    fs::File,
    io::{BufReader, Seek as _},
};

use super::{
    files::open_plan,
    overview::{Overview, overview},
    runs::{readable, store_error},
    session::refuse_elsewhere,
    wrong_input::find_run,
};
use crate::{
    checkpoint::{Checkpoint, CheckpointState},
    cli::Common,
    error::Error,
    plan::PlanReader,
    results::Results,
    store::{RunFolder, RunSettings, StateDir},
    text::shown_path,
};

/// A run that nobody works on now.
#[derive(Debug)]
pub(super) struct PastRun {
    pub(super) settings: RunSettings,
    pub(super) plan: Overview,
    pub(super) state: CheckpointState,
    plan_file: File,
}

impl PastRun {
    /// The run whose id begins with `prefix`; without one, the newest run.
    pub(super) fn find(common: &Common, prefix: Option<&str>) -> Result<Self, Error> {
        let folder = match prefix {
            Some(prefix) => find_run(common, prefix)?,
            None => newest(common)?,
        };
        let settings = folder.settings().map_err(store_error)?;
        refuse_elsewhere(&settings, common)?;
        let run = settings.run;
        if folder.is_worked_on().map_err(store_error)? {
            return Err(Error::failed(format!("run {run} is still being worked on"))
                .hint("wait until it ends, or stop it with Ctrl-C")
                .hint("nothing was changed"));
        }
        let path = folder.plan();
        let mut plan_file = open_plan(&common.invocation, &path)?;
        let plan = overview(&common.invocation, &path, &mut plan_file)?;
        let snapshot = Checkpoint::read(&folder.checkpoint()).map_err(|error| {
            Error::failed("the run's checkpoint can't be used").caused_by(error)
        })?;
        if plan.sha256 != settings.plan_sha256 || snapshot.header != plan.checkpoint_header(run) {
            return Err(Error::failed(format!(
                "the plan, the checkpoint and the settings in {} are not of one run",
                shown_path(folder.path())
            ))
            .hint("a file was replaced or edited; what the run did can't be told from it"));
        }
        Ok(Self {
            settings,
            plan,
            state: snapshot.state,
            plan_file,
        })
    }

    /// What became of its changes, execution by execution.
    pub(super) fn results(&self) -> Result<Results<BufReader<&File>>, Error> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            Error::failed("the run's plan can't be read again").caused_by(error)
        };
        let mut file = &self.plan_file;
        file.rewind().map_err(|error| failed(error.into()))?;
        let plan = PlanReader::new(BufReader::new(file)).map_err(|error| failed(error.into()))?;
        Ok(Results::new(plan, self.state.clone()))
    }
}

fn newest(common: &Common) -> Result<RunFolder, Error> {
    let listing = readable(&StateDir::new(common.state_dir.clone()))?;
    match listing.runs.into_iter().next() {
        Some(run) => Ok(run.folder),
        None => Err(Error::failed(format!(
            "there is no run in {}",
            shown_path(&common.state_dir)
        ))
        .hint("another folder is named with --state-dir")),
    }
}
