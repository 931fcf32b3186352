//! `apply`: applies a plan, exactly as it was reviewed.

use std::time::Instant;

use super::{
    access::{asked_org, credentials},
    admit::{refuse_elsewhere, wait_for_sandbox},
    backend::{Server, connect},
    files::open_plan,
    launch::{Launch, ReadPlan, launch},
    observers::Observers,
    overview::{overview, show_each},
    question::can_ask,
    signals::{self, unless_interrupted},
    signing::{PlanSignature, Signed},
    team::Team,
};
use crate::{
    cli::{Apply, Common},
    error::{Error, ExitCode},
    invocation::path_argument,
};

pub(super) async fn apply(
    common: &Common,
    args: &Apply,
    observers: &Observers,
) -> Result<ExitCode, Error> {
    let start = Instant::now();
    let mut file = open_plan(&common.invocation, &args.plan)?;
    let signers = args.allowed_signers.as_deref();
    let signed = signers
        .map(|signers| PlanSignature::of(&args.plan, signers, Signed::Plan))
        .transpose()
        .map_err(|error| error.hint("nothing was changed"))?;
    // The copy in the run's folder is compared with what was read here.
    let plan = Box::new(overview(&common.invocation, &args.plan, &mut file)?);
    let header = plan.known.header.clone();
    let credentials = credentials(common)?;
    let org = asked_org(common, &credentials).or(header.org.as_deref());
    observers.about_plan(&header, org);
    let server = Server::of(common, &credentials)?;
    refuse_elsewhere(common, &header, &server)?;
    can_ask(common, || {
        let show = common
            .invocation
            .command("show", &[&path_argument(&args.plan)]);
        format!("add --yes to apply without a review; to review it: {show}")
    })?;
    let mut interrupts = signals::watch(common)?;
    let ledger = args.applying.ledger.ledger.as_deref();
    let team = Team::open(common, ledger, &args.at, &header.server).await?;
    let connected = async {
        wait_for_sandbox(common, &server, args.pacing.lock_wait()).await?;
        let (pace, timeout) = (args.pacing.over(&header.pace), common.timeout());
        connect(
            common,
            &credentials,
            server,
            org,
            &pace,
            timeout,
            args.pacing.lock_wait(),
        )
        .await
    };
    let backend = unless_interrupted(&mut interrupts, connected).await?;
    let launch_args = Launch {
        observers,
        start,
        pacing: &args.pacing,
        applying: &args.applying,
        max_age: Some(args.max_age),
        approved: args.approved.as_deref(),
        signed: signed.as_ref(),
        each: Some(show_each(common, &args.plan)),
        planned_from: None,
        team: &team,
    };
    let source = ReadPlan { plan, file };
    launch(common, launch_args, backend, source, interrupts).await
}
