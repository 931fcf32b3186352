//! `run`: plans, shows the plan, asks, and applies it.

use std::{path::Path, time::Instant};

use super::{
    access::{asked_org, credentials},
    admit::wait_for_sandbox,
    backend::{Server, connect},
    conflicts::refuse_conflicts,
    files::load_for_planning,
    guard_flags::refuse_loosened,
    launch::{Launch, ReadPlan, launch},
    observers::Observers,
    planning::{Moment, plan_into},
    question::can_ask,
    retry_hint::planned_from,
    signals::{self, unless_interrupted},
    team::Team,
};
use crate::{
    cli::{Common, RunArgs},
    error::{Error, ExitCode},
    invocation::path_argument,
    pace::Pace,
    playbook::Playbook,
    report::ToApply,
    table::is_stdin,
};

pub(super) async fn run(
    common: &Common,
    args: &RunArgs,
    observers: &Observers,
) -> Result<ExitCode, Error> {
    let start = Instant::now();
    let moment = Moment::present(args.planning.now);
    let mut playbook = load_for_planning(common, &args.playbook, &args.planning, moment.now)?;
    let check_guards = |playbook: &Playbook, changes| {
        let (guards, pace) = (&playbook.guards, &playbook.pace);
        refuse_loosened(guards, pace, &args.pacing, &args.applying, changes)
    };
    check_guards(&playbook, None)?;
    let pace = args.pacing.over(&playbook.pace);
    // `max_errors` was reviewed with the playbook; a flag is compared with it once the changes are counted.
    playbook.pace = Pace {
        max_errors: playbook.pace.max_errors,
        ..pace.clone()
    };
    let credentials = credentials(common)?;
    let server = Server::of(common, &credentials)?;
    let asked = asked_org(common, &credentials);
    observers.about(&playbook.name, &server.label(), asked);
    if !args.dry_run {
        can_ask(common, || {
            "add --yes to apply without a review, or --dry-run to review the plan first".to_owned()
        })?;
    }
    let mut interrupts = signals::watch(common)?;
    let ledger = args.applying.ledger.ledger.as_deref();
    let team = if args.dry_run {
        Team::NONE
    } else {
        Team::open(common, ledger, &args.at, &server.label()).await?
    };
    let connected = async {
        if !args.dry_run {
            wait_for_sandbox(common, &server, args.pacing.lock_wait()).await?;
        }
        let (pace, timeout) = (&playbook.pace, common.timeout());
        connect(
            common,
            &credentials,
            server,
            asked,
            pace,
            timeout,
            args.pacing.lock_wait(),
        )
        .await
    };
    let backend = unless_interrupted(&mut interrupts, connected).await?;
    let mut file = tempfile::tempfile()
        .map_err(|error| Error::failed("a temporary file can't be made").caused_by(error))?;
    let planned = async {
        if !args.dry_run {
            let runs = team.runs().await?;
            let elsewhere = runs.elsewhere();
            refuse_conflicts(common, args, &playbook, &backend, moment, elsewhere).await?;
        }
        let path = Path::new("the plan");
        plan_into(common, &backend, &playbook, moment, path, &mut file).await
    };
    let mut overview = unless_interrupted(&mut interrupts, planned).await?;
    overview.max_changes = args.applying.max_changes;
    check_guards(&playbook, Some(overview.known.trailer.changes))?;

    if !args.dry_run {
        let launch_args = Launch {
            observers,
            start,
            pacing: &args.pacing,
            applying: &args.applying,
            max_age: None,
            approved: None,
            signed: None,
            each: None,
            planned_from: planned_from(&args.playbook),
            team: &team,
        };
        let source = ReadPlan {
            plan: Box::new(overview),
            file,
        };
        return launch(common, launch_args, backend, source, interrupts).await;
    }
    let path = if is_stdin(&args.playbook) {
        // Standard input was read, and can't be read again.
        "PLAYBOOK".to_owned()
    } else {
        path_argument(&args.playbook)
    };
    let apply = overview.to_apply(common, None, args.applying.again, || {
        common.invocation.command("run", &[&path])
    });
    let closing = apply.closing(ToApply::NOTHING_CHANGED, "To apply: ");
    let rechecks = !args.pacing.no_recheck;
    overview.show(common.json, &file, &pace, rechecks, None, &closing)?;
    let (summary, exit_code) = overview.planned_only(&backend, start, args.detailed_exitcode);
    observers.conclude(common, &summary, exit_code)
}
