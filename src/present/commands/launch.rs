//! Makes a run from a plan: copies it, checks the copy, shows it, asks, and creates the run's folder.

use std::{fs::File, io::Seek as _, time::Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

#[cfg(feature = "temporal")]
use super::engine_run::EngineRun;
use super::{
    admit::Admission,
    backend::{Backend, SANDBOX},
    earlier::Candidate,
    execute::{Answers, PreparedRun, execute, unusable},
    files::open_plan,
    guard_flags::refuse_loosened,
    ledger_session::{SessionInLedger, record_end},
    observers::Observers,
    operator::operator,
    overview::{Overview, overview_of_copy},
    question::{Question, Stakes, ask},
    runs::store_error,
    signals::unless_interrupted,
    signing::PlanSignature,
    team::Team,
    team_ledger::ToldRun,
    terminal::say,
};
use crate::{
    checkpoint::Checkpoint,
    cli::{Applying, Common, Pacing},
    error::{Error, ExitCode},
    plan::{Circumstances, FollowUp, refusals},
    platform::LOCKED_FOLDERS_MOVE,
    store::{self, Lock, PlannedFrom, RunId, RunSettings, StateDir},
    text::{count, thousands},
};

/// The flags for a new run, and who is told of it.
#[derive(Clone, Debug)]
pub(super) struct Launch<'a> {
    pub(super) observers: &'a Observers,
    /// When the command began.
    pub(super) start: Instant,
    pub(super) pacing: &'a Pacing,
    pub(super) applying: &'a Applying,
    /// The maximum age of the plan; none if it was just made.
    pub(super) max_age: Option<SignedDuration>,
    /// The digest of the approved plan.
    pub(super) approved: Option<&'a str>,
    /// The signature that the plan must have.
    pub(super) signed: Option<&'a PlanSignature>,
    /// The command that shows each change of the plan, if it is in a file.
    pub(super) each: Option<String>,
    /// The command line of `run`, if known, to plan with the same playbook again.
    pub(super) planned_from: Option<PlannedFrom>,
    /// Who else has to know of the run.
    pub(super) team: &'a Team,
}

/// A plan that was read completely, and its file.
#[derive(Debug)]
pub(super) struct ReadPlan {
    pub(super) plan: Box<Overview>,
    pub(super) file: File,
}

/// Applies the plan in `source` as a new run.
pub(super) async fn launch(
    common: &Common,
    args: Launch<'_>,
    backend: Backend,
    source: ReadPlan,
    mut interrupts: mpsc::UnboundedReceiver<()>,
) -> Result<ExitCode, Error> {
    let (start, observers) = (args.start, args.observers);
    let state_dir = StateDir::new(common.state_dir.clone());
    let mut random = [0; 10];
    fastrand::fill(&mut random);
    let draft = state_dir
        .draft(RunId::new(Timestamp::now(), random))
        .map_err(store_error)?;
    let ReadPlan { plan, mut file } = source;
    file.rewind()
        .map_err(|error| Error::failed("the plan can't be read back").caused_by(error))?;
    let copy = draft.copy_plan(file).map_err(store_error)?;
    let mut plan_file = open_plan(&common.invocation, &copy)?;
    let mut plan = overview_of_copy(&common.invocation, *plan, &copy, &mut plan_file)?;
    if let Some(signed) = args.signed {
        plan.known.signed_by = Some(signed.check_copy(&plan_file, &plan.known.sha256, &copy)?);
    }
    tighten(&mut plan, &args)?;
    show(common, &plan, &args, &plan_file)?;

    // If no execution names an organisation, the one in the requests.
    let org = plan
        .known
        .header
        .org
        .clone()
        .or_else(|| backend.org.clone());
    observers.about_plan(&plan.known.header, org.as_deref());
    let recorded = unless_interrupted(&mut interrupts, args.team.runs()).await?;
    let candidate = Candidate {
        header: &plan.known.header,
        sha256: &plan.known.sha256,
        org: org.as_deref(),
        again: args.applying.again,
        elsewhere: recorded.elsewhere(),
    };
    // Checked again each time: during a question or the wait for a lock, the plan gets older and other runs may start.
    let judge = || {
        let here = Circumstances {
            server: backend.server.label(),
            org: backend.org.clone(),
            max_age: args.max_age,
            max_changes: args.applying.max_changes,
            approved: args.approved.map(ToOwned::to_owned),
            ..candidate.circumstances(&state_dir)?
        };
        let refusals = refusals(&plan.known.header, &plan.known.trailer, &here);
        Ok(refusals.into_iter().next())
    };
    let admission = Admission {
        common,
        state_dir: &state_dir,
        wait: args.pacing.lock_wait(),
        judge,
    };
    unless_interrupted(&mut interrupts, admission.granted()).await?;
    if plan.known.trailer.changes == 0 {
        return nothing_to_do(common, &plan, &backend, start, observers);
    }
    let question = question(&plan, org.as_deref());
    let waits_from = Instant::now();
    let locked = async {
        ask(common, &question).await?;
        if args.team.shares_rate() {
            return admission.granted().await.map(|()| None);
        }
        let locked = admission.locked(&plan.known.header.server, org.as_deref());
        locked.await.map(Some)
    };
    let server_lock = unless_interrupted(&mut interrupts, locked).await?;
    // The time of the question and of waiting for other runs does not count as working time.
    let start = start + waits_from.elapsed();
    let settings = settings(common, &args, draft.id(), &plan, org).await;
    #[cfg(feature = "temporal")]
    if let Some(site) = &args.team.engine {
        let known = recorded.sessions_of(&settings.plan_sha256);
        let known = (args.applying.again, known);
        let run = EngineRun::new(draft, settings, plan.known, plan_file, start);
        let made = run.make(common, site, known, (backend, interrupts), observers);
        return Box::pin(made).await;
    }
    let header = plan.known.checkpoint_header(settings.run);
    // Kept open from the check on: the checked bytes are the ones that are executed. Where the folder gets its name only without an open
    // file, each block is compared with the check when it is used.
    let plan_file = LOCKED_FOLDERS_MOVE.then_some(plan_file);
    let (folder, run_lock) = draft.commit(&settings, &header).map_err(store_error)?;
    let plan_file = match plan_file {
        Some(plan_file) => plan_file,
        None => open_plan(&common.invocation, &folder.plan())?,
    };
    let prepared = PreparedRun {
        folder,
        settings,
        plan: plan.known,
        plan_file,
        answers: Answers::default(),
        start,
    };
    let place = (backend, server_lock);
    let executed = execute_recorded(common, &args, &state_dir, prepared, place, interrupts);
    let exit_code = Box::pin(executed).await;
    drop(run_lock);
    exit_code
}

/// Shows the plan, with the guards that it breaks.
fn show(
    common: &Common,
    plan: &Overview,
    args: &Launch<'_>,
    plan_file: &File,
) -> Result<(), Error> {
    let broken: Vec<String> = plan
        .broken_guards()
        .iter()
        .map(|guard| format!("guard broken: {}", guard.sentence()))
        .collect();
    plan.show(
        common.json || args.observers.take_stdout(),
        plan_file,
        &args.pacing.over(&plan.known.header.pace),
        !args.pacing.no_recheck,
        args.each.clone(),
        &broken.join("\n"),
    )
}

/// Executes a new run, which is recorded in the ledger first.
async fn execute_recorded(
    common: &Common,
    args: &Launch<'_>,
    state_dir: &StateDir,
    prepared: PreparedRun,
    (backend, server_lock): (Backend, Option<Lock>),
    mut interrupts: mpsc::UnboundedReceiver<()>,
) -> Result<ExitCode, Error> {
    let told = ToldRun::of_plan(&prepared.folder, &prepared.settings, &prepared.plan);
    if let Some(ledger) = &args.team.ledger {
        let session = SessionInLedger {
            common,
            state_dir,
            ledger,
            told: &told,
            settings: &prepared.settings,
            plan: &prepared.plan,
            again: args.applying.again,
            max_age: args.max_age,
        };
        session.begin(&mut interrupts).await?;
    }
    let checkpoint = Checkpoint::replay(&prepared.folder.checkpoint()).map_err(unusable)?;
    let exit_code = execute(
        common,
        prepared,
        checkpoint,
        backend,
        interrupts,
        args.observers,
    )
    .await;
    drop(server_lock);
    record_end(common, args.team.ledger.as_ref(), &told, &exit_code).await;
    exit_code
}

/// The settings of a new run.
async fn settings(
    common: &Common,
    args: &Launch<'_>,
    run: RunId,
    plan: &Overview,
    org: Option<String>,
) -> RunSettings {
    let timeout_ms = common.timeout_ms();
    let by = operator(args.planned_from.as_ref(), &args.applying.record).await;
    RunSettings {
        wf_bulk_run: store::VERSION,
        run,
        started_at: Timestamp::now(),
        playbook: plan.known.header.playbook.name.clone(),
        vars_sha256: plan.known.header.vars_sha256(),
        plan_sha256: plan.known.sha256.clone(),
        server: plan.known.header.server.clone(),
        org,
        pace: args.pacing.over(&plan.known.header.pace),
        recheck: !args.pacing.no_recheck,
        timeout_ms,
        settle_ms: args.pacing.settle_ms().unwrap_or(timeout_ms),
        reason: args.applying.record.reason.clone(),
        planned_from: args.planned_from.clone(),
        by: Some(by),
        in_history: true,
        ledger: (args.team.ledger.as_ref()).map(|ledger| ledger.name().to_owned()),
        engine: None,
    }
}

/// Refuses flags that loosen a guard, and applies those that tighten one.
fn tighten(plan: &mut Overview, args: &Launch<'_>) -> Result<(), Error> {
    refuse_loosened(
        &plan.known.header.guards,
        &plan.known.header.pace,
        args.pacing,
        args.applying,
        Some(plan.known.trailer.changes),
    )?;
    plan.max_changes = args.applying.max_changes;
    Ok(())
}

fn nothing_to_do(
    common: &Common,
    plan: &Overview,
    backend: &Backend,
    start: Instant,
    observers: &Observers,
) -> Result<ExitCode, Error> {
    let undoes = plan
        .known
        .header
        .follows
        .is_some_and(|follows| follows.by == FollowUp::Undo);
    let why = if plan.summary.out_of_reach().is_some() {
        "the plan says what is out of reach"
    } else if plan.known.trailer.rejected > 0 {
        "the plan says what could not be planned"
    } else if undoes {
        "no change of the run is left to undo"
    } else if plan.known.trailer.skipped == 0 {
        "nothing is selected"
    } else {
        "everything is as the playbook wants it"
    };
    observers.nothing_to_do(why);
    say(|out| {
        writeln!(out, "nothing to do: {why}")?;
        if plan.known.header.server == SANDBOX {
            let reset = common.invocation.command("sandbox", &["reset"]);
            writeln!(out, "to start over with fresh data: {reset}")?;
        }
        Ok(())
    });
    let (summary, exit_code) = plan.planned_only(backend, start, false);
    observers.conclude(common, &summary, exit_code)
}

fn question(plan: &Overview, org: Option<&str>) -> Question {
    let org = org.map_or_else(String::new, |org| format!(", org {org}"));
    let changes = plan.known.trailer.changes;
    let purpose = match plan.known.header.follows {
        Some(follows) if follows.by == FollowUp::Undo => format!(" to undo run {}", follows.run),
        Some(_) | None => String::new(),
    };
    let (irreversible, stakes) = match plan.summary.irreversible() {
        0 => (String::new(), Stakes::Undoable),
        number => (
            format!(
                " ({} can't be undone{})",
                thousands(number),
                plan.summary.in_full()
            ),
            Stakes::Final { changes },
        ),
    };
    Question {
        text: format!(
            "Make {}{irreversible}{purpose} on {}{org}",
            count(changes, "change", "changes"),
            plan.known.header.server
        ),
        stakes,
        otherwise: "nothing was changed",
    }
}
