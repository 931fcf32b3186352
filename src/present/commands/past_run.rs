//! A run of the state folder with its plan and its checkpoint, for the commands that work on what it did.

use std::{fs::File, io::BufReader};

use super::{
    access::{asked_org, credentials},
    admit::wait_for_sandbox,
    backend::{Backend, Server, connect},
    earlier::are_data_gone,
    execute::unusable,
    files::open_plan,
    known_plan::KnownPlan,
    overview::overview_of_run,
    part_filter::PartFilter,
    planning::{Moment, origin},
    runs::{readable, refuse_at_engine, refuse_changed, store_error},
    session::{self, refuse_elsewhere},
    signing::{PlanSignature, Signed},
    wrong_input::find_run,
};
use crate::{
    checkpoint::{Checkpoint, CheckpointHeader, CheckpointState},
    cli::{Common, SignedRun, WhichRun},
    credentials::Credentials,
    error::Error,
    pace::Pace,
    plan::PlanError,
    planning::{FollowedRun, PlanOrigin},
    results::{ChangeResult, Results},
    store::{RunFolder, RunSettings, StateDir, Wait},
    text::shown_path,
};

/// A run on which no process works.
#[derive(Debug)]
pub(super) struct PastRun {
    pub(super) settings: RunSettings,
    pub(super) plan: KnownPlan,
    pub(super) state: CheckpointState,
    pub(super) folder: RunFolder,
    plan_file: File,
}

impl PastRun {
    /// The run that is meant.
    pub(super) fn find(common: &Common, args: &SignedRun) -> Result<Self, Error> {
        let folder = folder_of(common, &args.which)?;
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
        let plan = overview_of_run(&common.invocation, &path, &mut plan_file)?.known;
        if let Some(signers) = &args.allowed_signers {
            let abandon = common.invocation.command("abandon", &[&run.to_string()]);
            let signature = PlanSignature::of(&path, signers, Signed::Run { abandon })?;
            signature.check(&plan_file, &plan.sha256)?;
        }
        let snapshot = Checkpoint::read(&folder.checkpoint()).map_err(unusable)?;
        refuse_mixed(&folder, &settings, &plan, &snapshot.header)?;
        refuse_changed(common, &folder, &plan.sha256)?;
        if snapshot.state.ending().is_none() {
            refuse_at_engine(&settings)?;
        }
        if are_data_gone(&StateDir::new(common.state_dir.clone()), &settings) {
            return Err(Error::failed(format!(
                "run {run} worked on data that `sandbox reset` has deleted"
            ))
            .hint("what it changed does not exist any more"));
        }
        Ok(Self {
            settings,
            plan,
            state: snapshot.state,
            folder,
            plan_file,
        })
    }

    /// Connects to the server and the organisation of the run.
    pub(super) async fn connect(
        &self,
        common: &Common,
        pace: &Pace,
        wait: Wait,
    ) -> Result<Backend, Error> {
        let Self { settings, plan, .. } = self;
        let server = session::server(common, &plan.header)?;
        let credentials = match &server {
            Server::Sandbox => Credentials::default(),
            Server::At(_) => credentials(common)?,
        };
        session::refuse_unnamed_server(common, &credentials, &server)?;
        let asked = asked_org(common, &credentials);
        let org = session::organisation(settings, &plan.header, asked)?;
        wait_for_sandbox(common, &server, wait).await?;
        let (org, timeout) = (org.as_deref(), common.timeout());
        connect(common, &credentials, server, org, pace, timeout, wait).await
    }

    /// The speed of the run, with the limits of its plan: `run.json` can be edited.
    pub(super) fn pace(&self) -> Pace {
        let planned = &self.plan.header.pace;
        Pace {
            max_errors: planned.max_errors,
            burst: planned.burst,
            stages: planned.stages.clone(),
            ..self.settings.pace.clone()
        }
    }

    /// The run, for a plan that follows it and reads so many executions.
    pub(super) fn followed(&self, executions: u64, notes: Vec<String>) -> FollowedRun<'_> {
        FollowedRun {
            run: self.settings.run,
            plan: &self.plan.header,
            pace: self.pace(),
            plan_sha256: self.plan.sha256.clone(),
            executions,
            notes,
        }
    }

    /// The origin of a plan that follows it.
    pub(super) fn origin(&self, backend: &Backend) -> PlanOrigin {
        PlanOrigin {
            // A run whose plan names no organisation has that of its requests.
            org: (self.plan.header.org.clone()).or_else(|| self.settings.org.clone()),
            ..origin(backend, Moment::present(None))
        }
    }

    /// How many executions of a part of it are read, and what a reader should know of the ids that name the part. Known before the first
    /// request: the cost is announced, and an id that names nothing may be a refusal. `is_read`: whether that of these results is read.
    pub(super) fn survey(
        &self,
        filter: &PartFilter,
        mut is_read: impl FnMut(&mut PartFilter, Vec<ChangeResult>) -> bool,
    ) -> Result<(u64, Vec<String>), Error> {
        let mut filter = filter.clone();
        let mut executions = 0;
        for group in self.results()? {
            executions += u64::from(is_read(&mut filter, group.map_err(unread)?));
        }
        Ok((executions, filter.misses()?))
    }

    /// What became of its changes, execution by execution.
    pub(super) fn results(&self) -> Result<Results<BufReader<&File>>, Error> {
        let known = self.plan.within(&self.plan_file);
        let plan = known.reader().map_err(unread)?;
        Ok(Results::new(plan, self.state.clone()))
    }
}

/// Refuses files that are not of one run.
pub(super) fn refuse_mixed(
    folder: &RunFolder,
    settings: &RunSettings,
    plan: &KnownPlan,
    checkpoint: &CheckpointHeader,
) -> Result<(), Error> {
    if plan.sha256 == settings.plan_sha256 && *checkpoint == plan.checkpoint_header(settings.run) {
        return Ok(());
    }
    Err(Error::failed(format!(
        "the plan, the checkpoint and the settings in {} are not of one run",
        shown_path(folder.path())
    ))
    .hint("a file was replaced or edited; what the run did can't be told from it"))
}

pub(super) fn unread(error: PlanError) -> Error {
    Error::failed("the run's plan can't be read again").caused_by(error)
}

/// The folder of the run that is meant.
pub(super) fn folder_of(common: &Common, which: &WhichRun) -> Result<RunFolder, Error> {
    match &which.run {
        Some(prefix) => find_run(common, prefix),
        None => newest(common),
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
        .hint("for runs in another folder, use --state-dir DIR")),
    }
}
