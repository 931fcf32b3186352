//! From a plan to a run: copies it, checks the copy, shows it, asks, and makes the run's folder.

use std::{env, fs::File, path::PathBuf, time::Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    backend::{Backend, SANDBOX},
    execute::{PreparedRun, execute},
    files::open_plan,
    overview::{Overview, overview},
    signals,
    terminal::{ask, say},
};
use crate::{
    checkpoint::Ending,
    cli::{Applying, Common, Pacing},
    digest,
    error::{Error, ErrorKind, ExitCode},
    plan::{Circumstances, EarlierRun, EarlierStanding, Refusal, refusals},
    store::{self, LockHome, RunId, RunSettings, StateDir, Wait},
};

/// What the command line says about a new run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Launch<'a> {
    pub(super) pacing: &'a Pacing,
    pub(super) applying: &'a Applying,
    /// The oldest that the plan may be; none when it was made just now.
    pub(super) max_age: Option<SignedDuration>,
    /// The digest of the plan that was approved.
    pub(super) approved: Option<&'a str>,
}

/// Applies the plan in `source` as a new run.
pub(super) async fn launch(
    common: &Common,
    args: Launch<'_>,
    backend: Backend,
    source: File,
    start: Instant,
) -> Result<ExitCode, Error> {
    let now = Timestamp::now();
    let state_dir = StateDir::new(common.state_dir.clone());
    let mut random = [0; 10];
    fastrand::fill(&mut random);
    let draft = state_dir.draft(RunId::new(now, random)).map_err(not_kept)?;
    let copy = draft.copy_plan(source).map_err(not_kept)?;
    // Held open from here on: what is checked is what is executed.
    let mut plan_file = open_plan(&copy.path)?;
    let mut plan = overview(&copy.path, &mut plan_file)?;
    if let Some(most) = args.applying.max_changes {
        plan.header.guards.max_changes = Some(most);
    }
    let pace = args.pacing.over(&plan.header.pace);

    plan.show(common, &plan_file, &pace, !args.pacing.no_recheck, "")?;

    let vars_sha256 = digest::sha256(json!(plan.header.vars).to_string());
    let admit = || {
        let here = Circumstances {
            server: backend.server.label(),
            org: common.org.clone(),
            now,
            max_age: args.max_age,
            sha256: plan.sha256.clone(),
            approved: args.approved.map(ToOwned::to_owned),
            again: args.applying.again,
            earlier: earlier_runs(&state_dir, &plan, &vars_sha256)?,
        };
        match refusals(&plan.header, &plan.trailer, &here).first() {
            Some(refusal) => Err(refused(refusal)),
            None => Ok(()),
        }
    };
    admit()?;
    if plan.trailer.changes == 0 {
        return nothing_to_do(common, &plan, &backend, start);
    }
    if !ask(common, &question(&plan))? {
        say(|out| writeln!(out, "nothing was changed"));
        return Ok(ExitCode::Error);
    }

    let org = plan.header.org.as_deref();
    let server_lock = lock_server(&plan.header.server, org, args.pacing.lock_wait())?;
    // While somebody thought, or the lock was waited for, another run may have done the same.
    admit()?;
    let settings = RunSettings {
        wf_bulk_run: store::VERSION,
        run: draft.id(),
        started_at: now,
        playbook: plan.header.playbook.name.clone(),
        vars_sha256,
        plan_sha256: plan.sha256.clone(),
        server: plan.header.server.clone(),
        org: plan.header.org.clone(),
        pace,
        recheck: !args.pacing.no_recheck,
        timeout_ms: common.timeout * 1000,
        settle_ms: args.pacing.settle_ms().unwrap_or(common.timeout * 1000),
        reason: args.applying.reason.clone(),
    };
    let interrupts = signals::watch()?;
    let header = plan.checkpoint_header(settings.run);
    let (folder, run_lock) = draft.commit(&settings, &header).map_err(not_kept)?;
    let prepared = PreparedRun {
        folder,
        settings,
        plan,
        plan_file,
        start,
    };
    let exit_code = execute(common, prepared, backend, interrupts, None).await;
    drop((server_lock, run_lock));
    exit_code
}

/// Makes this process the only one on this machine that writes to the server and organisation.
pub(super) fn lock_server(
    server: &str,
    org: Option<&str>,
    wait: Wait,
) -> Result<store::Lock, Error> {
    let variable = |name| env::var_os(name).map(PathBuf::from);
    let home = LockHome::from_environment(variable("XDG_STATE_HOME"), variable("HOME"));
    home.and_then(|home| home.lock_server(server, org, wait))
        .map_err(not_kept)
}

/// The store's errors say themselves what was tried and what to do.
pub(super) fn not_kept(error: store::StoreError) -> Error {
    Error::failed(error.to_string()).caused_by(error)
}

fn refused(refusal: &Refusal) -> Error {
    let kind = match refusal {
        Refusal::NotApproved { .. }
        | Refusal::Server { .. }
        | Refusal::Organisation { .. }
        | Refusal::Unfinished { .. }
        | Refusal::Applied { .. }
        | Refusal::Repeated { .. } => ErrorKind::Failed,
        Refusal::Stale { .. } => ErrorKind::Stale,
        Refusal::Rejected { .. } => ErrorKind::Rejected,
        Refusal::Guard { .. } => ErrorKind::Guard,
    };
    Error::new(kind, refusal.to_string())
        .hint(refusal.cure())
        .hint("nothing was changed")
}

/// The runs that are about the same plan, or the same playbook and variables on the same server.
fn earlier_runs(
    state_dir: &StateDir,
    plan: &Overview,
    vars_sha256: &str,
) -> Result<Vec<EarlierRun>, Error> {
    let listing = state_dir.list().map_err(not_kept)?;
    let same = |settings: &RunSettings| {
        settings.plan_sha256 == plan.sha256
            || (settings.playbook == plan.header.playbook.name
                && settings.vars_sha256 == vars_sha256
                && settings.server == plan.header.server
                && settings.org == plan.header.org)
    };
    let runs = listing.runs.into_iter().filter(|run| same(&run.settings));
    Ok(runs
        .map(|run| EarlierRun {
            id: run.folder.id().to_string(),
            same_plan: run.settings.plan_sha256 == plan.sha256,
            standing: match run.ending {
                None => EarlierStanding::Unfinished,
                Some(Ending::Finished { .. }) => EarlierStanding::Finished,
                Some(Ending::Abandoned { .. }) => EarlierStanding::Abandoned,
            },
        })
        .collect())
}

fn nothing_to_do(
    common: &Common,
    plan: &Overview,
    backend: &Backend,
    start: Instant,
) -> Result<ExitCode, Error> {
    say(|out| {
        writeln!(out, "nothing to do: everything is as the playbook wants it")?;
        if plan.header.server == SANDBOX {
            writeln!(out, "to start over with fresh data: wf-bulk sandbox reset")?;
        }
        Ok(())
    });
    plan.planned_only(common, backend, start, false)
}

fn question(plan: &Overview) -> String {
    let org = plan
        .header
        .org
        .as_deref()
        .map_or_else(String::new, |org| format!(", org {org}"));
    let irreversible = match plan.summary.irreversible() {
        0 => String::new(),
        number => format!(" ({number} can't be undone)"),
    };
    let question = format!(
        "Make {} changes{irreversible} on {}{org}?",
        plan.trailer.changes, plan.header.server
    );
    crate::text::Untrusted(&question).terminal().to_string()
}
