//! `resume`: continues a run that was stopped.

use std::{fs::File, panic, path::Path, thread, time::Instant};

#[cfg(not(feature = "temporal"))]
use super::runs::find_run_or_last;
use super::{
    access::{asked_org, credentials},
    admit::{lock_run, lock_server},
    backend::{Server, connect},
    doubt_answers::answers_in,
    doubt_walk::walk,
    earlier::{refuse_thrown_away_data, refuse_undone},
    execute::{Answers, PreparedRun, execute, unusable},
    files::open_plan,
    known_plan::KnownPlan,
    ledger_session::{SessionInLedger, record_end, refuse_unrecorded},
    observers::Observers,
    overview::overview_of_run,
    runs::{LastRun, refuse_at_engine, refuse_changed, store_error},
    session::{self, refuse_elsewhere},
    show_ended::show_ended,
    signals::{self, unless_interrupted},
    signing::{PlanSignature, Signed},
    team_ledger::{TeamLedger, ToldRun},
    terminal::print,
};
#[cfg(feature = "temporal")]
use super::{
    engine_meant::{MeantRun, meant_run},
    engine_resume,
};
use crate::{
    checkpoint::{Checkpoint, CheckpointError, CheckpointState, Replayed},
    cli::{Common, InDoubt, Resume},
    credentials::Credentials,
    error::{Error, ExitCode},
    invocation::path_argument,
    plan::KnownFile,
    report::{Summary, write_json},
    run::DoubtAnswer,
    store::{RunFolder, RunSettings, StateDir},
    text::shown_path,
};

pub(super) async fn resume(
    common: &Common,
    args: &Resume,
    observers: &Observers,
) -> Result<ExitCode, Error> {
    let start = Instant::now();
    let last = LastRun::Resumed(args.playbook.as_deref());
    let run = args.run.as_deref();
    #[cfg(feature = "temporal")]
    let found = match Box::pin(meant_run(common, &args.at.place, run, last)).await? {
        MeantRun::There(run) => {
            return Box::pin(engine_resume::resume(common, args, run, observers)).await;
        }
        MeantRun::Here(folder) => folder,
    };
    #[cfg(not(feature = "temporal"))]
    let found = find_run_or_last(common, run, last)?;
    let Some(folder) = found else {
        if common.json {
            print(|out| write_json(&Summary::nothing(), ExitCode::Done, out))?;
        }
        return Ok(ExitCode::Done);
    };
    let stored = folder.settings().map_err(store_error)?;
    refuse_elsewhere(&stored, common)?;
    let wait = args.pacing.lock_wait();
    let run_lock = lock_run(&folder, wait).await?;

    let mut plan_file = open_plan(&common.invocation, &folder.plan())?;
    let read = (&folder, &stored, &mut plan_file);
    let (plan, checkpoint) = plan_that_was_started(common, args, read, observers)?;
    refuse_changed(common, &folder, &plan.sha256)?;
    let ledger = args.ledger.ledger.as_deref();
    let ledger = TeamLedger::open(ledger, &plan.header.server).await?;
    let told = ToldRun::of_plan(&folder, &stored, &plan);
    if folder.ending().map_err(store_error)?.is_some()
        && let Some(exit_code) = show_ended(common, &folder, &stored, &plan, &plan_file, observers)?
    {
        record_end(common, ledger.as_ref(), &told, &Ok(exit_code)).await;
        return Ok(exit_code);
    }
    refuse_unrecorded(common, &stored, ledger.as_ref())?;
    refuse_at_engine(&stored)?;
    refuse_undone(common, stored.run)?;
    session::refuse_old(common, &stored, &plan.header.timezone, args.max_age)?;
    let state_dir = StateDir::new(common.state_dir.clone());
    refuse_thrown_away_data(common, &state_dir, &stored)?;
    let mut interrupts = signals::watch(common)?;
    if let Some(ledger) = &ledger {
        let session = SessionInLedger::resumed(common, &state_dir, ledger, &told, &stored, &plan);
        unless_interrupted(&mut interrupts, session.expect_resumable()).await?;
    }
    let checkpoint = checkpoint.map_err(unusable)?;
    let state = checkpoint.state();
    let answers = answers(common, args, &folder, state, plan.within(&plan_file));
    let answers = unless_interrupted(&mut interrupts, answers).await?;
    let server = session::server(common, &plan.header)?;
    let credentials = match &server {
        Server::Sandbox => Credentials::default(),
        Server::At(_) => credentials(common)?,
    };
    session::refuse_unnamed_server(common, &credentials, &server)?;
    let asked = asked_org(common, &credentials);
    let org = session::organisation(&stored, &plan.header, asked)?;
    session::say_recheck(&stored, &args.pacing);
    let changes = plan.trailer.changes;
    let settings = session::settings(stored, &plan.header, org, changes, common, &args.pacing);
    let org = settings.org.as_deref();
    let (pace, timeout) = (&settings.pace, settings.timeout());
    let connected = async {
        let server_lock = lock_server(common, &settings.server, org, wait).await?;
        let backend = connect(common, &credentials, server, org, pace, timeout, wait).await?;
        Ok((server_lock, backend))
    };
    let (server_lock, backend) = unless_interrupted(&mut interrupts, connected).await?;
    // Its process may have died before that, or was of an earlier version.
    let history = state_dir.history();
    history.created(&folder, &settings).map_err(store_error)?;
    let prepared = PreparedRun {
        folder,
        settings,
        plan,
        plan_file,
        answers,
        start,
    };
    if let Some(ledger) = &ledger {
        let PreparedRun { settings, plan, .. } = &prepared;
        let session = SessionInLedger::resumed(common, &state_dir, ledger, &told, settings, plan);
        session.begin_again(&mut interrupts).await?;
    }
    let exit_code = execute(common, prepared, checkpoint, backend, interrupts, observers).await;
    drop(server_lock);
    record_end(common, ledger.as_ref(), &told, &exit_code).await;
    drop(run_lock);
    exit_code
}

/// The plan of a run, which is the one that it was started with, signed if that is wanted; and its checkpoint.
fn plan_that_was_started(
    common: &Common,
    args: &Resume,
    (folder, stored, plan_file): (&RunFolder, &RunSettings, &mut File),
    observers: &Observers,
) -> Result<(KnownPlan, Result<Replayed, CheckpointError>), Error> {
    let path = folder.plan();
    let (plan, checkpoint) = plan_and_checkpoint(folder, plan_file, &stored.plan_sha256);
    let mut plan = match plan {
        Some(plan) => plan,
        // Says what is wrong with it.
        None => overview_of_run(&common.invocation, &path, plan_file)?.known,
    };
    if plan.sha256 != stored.plan_sha256 {
        return Err(Error::failed(format!(
            "the plan in {} is not the one that the run was started with",
            shown_path(&path)
        ))
        .hint(format!(
            "plan again, and abandon the run: {}",
            common
                .invocation
                .command("abandon", &[&stored.run.to_string()])
        )));
    }
    observers.about_plan(&plan.header, stored.org.as_deref());
    refuse_unapproved(common, args, stored, &path, &mut plan, plan_file)?;
    Ok((plan, checkpoint))
}

/// Refuses a plan that is not the approved one, or not signed as it has to be.
pub(super) fn refuse_unapproved(
    common: &Common,
    args: &Resume,
    stored: &RunSettings,
    path: &Path,
    plan: &mut KnownPlan,
    plan_file: &File,
) -> Result<(), Error> {
    if let Some(approved) = &args.approved
        && *approved != plan.sha256
    {
        let show = common.invocation.command("show", &[&path_argument(path)]);
        return Err(Error::failed(format!(
            "the plan of run {} is not the one that was approved: its sha256 is {}, approved is {approved}",
            stored.run, plan.sha256
        ))
        .hint(format!("resume the run of the approved plan, or have this plan reviewed: {show}"))
        .hint("nothing was sent"));
    }
    if let Some(signers) = &args.allowed_signers {
        let run = stored.run.to_string();
        let abandon = common.invocation.command("abandon", &[&run]);
        let signature = PlanSignature::of(path, signers, Signed::Run { abandon })?;
        plan.signed_by = Some(signature.check(plan_file, &plan.sha256)?);
    }
    Ok(())
}

/// The plan, if it has the recorded digest, and the checkpoint. They are read at the same time, because both can have millions of lines.
fn plan_and_checkpoint(
    folder: &RunFolder,
    plan_file: &File,
    sha256: &str,
) -> (Option<KnownPlan>, Result<Replayed, CheckpointError>) {
    let path = folder.checkpoint();
    thread::scope(|scope| {
        let checkpoint = scope.spawn(|| Checkpoint::replay(&path));
        let plan = KnownPlan::recognised(plan_file, sha256);
        let checkpoint = checkpoint.join();
        (
            plan,
            checkpoint.unwrap_or_else(|bug| panic::resume_unwind(bug)),
        )
    })
}

/// What a person says of the changes in doubt.
pub(super) async fn answers(
    common: &Common,
    args: &Resume,
    folder: &RunFolder,
    state: &CheckpointState,
    plan: KnownFile<'_>,
) -> Result<Answers, Error> {
    let all = |answer| Answers {
        all: Some(answer),
        ..Answers::default()
    };
    match &args.in_doubt {
        None => {
            let single = walk(common, folder, state, &plan).await?;
            Ok(Answers { single, all: None })
        }
        Some(InDoubt::Retry) => Ok(all(DoubtAnswer::Retry)),
        Some(InDoubt::Skip) => Ok(all(DoubtAnswer::Skip)),
        Some(InDoubt::Answers(path)) => {
            let single = answers_in(common, path, folder.id(), state, &plan)?;
            Ok(Answers { single, all: None })
        }
    }
}
