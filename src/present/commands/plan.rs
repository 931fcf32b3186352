//! `plan`: selects and plans, and writes the plan to a file.

use std::{path::Path, time::Instant};

use super::{
    access::{asked_org, credentials},
    backend::{Server, connect},
    files::load_for_planning,
    output::{Output, OutputContent},
    overview::show_each,
    planning::{Moment, plan_into},
    signing::PlanSigner,
};
use crate::{
    cli::{Common, PlanArgs},
    error::{Error, ExitCode},
    report::ToApply,
    store::Wait,
};

pub(super) async fn plan(common: &Common, args: &PlanArgs) -> Result<ExitCode, Error> {
    let start = Instant::now();
    let output = Output::at(&args.output, OutputContent::Plan)?;
    if common.json && output == Output::Stdout {
        return Err(Error::usage(
            "the plan and the document of --json can't both go to standard output",
        )
        .hint("name a file: -o x.plan; or leave --json out"));
    }
    let signer = args.sign.as_deref();
    let signer = signer
        .map(|key| PlanSigner::new(key, &args.output, &output))
        .transpose()?;
    let moment = Moment::present(args.planning.now);
    let playbook = load_for_planning(common, &args.playbook, &args.planning, moment.now)?;
    let credentials = credentials(common)?;
    let backend = connect(
        common,
        &credentials,
        Server::of(common, &credentials)?,
        asked_org(common, &credentials),
        &playbook.pace,
        common.timeout(),
        Wait::Refuse,
    )
    .await?;

    let path = args.output.as_path();
    let mut file = output.scratch(path, OutputContent::Plan)?;
    let overview = plan_into(common, &backend, &playbook, moment, path, &mut file).await?;
    let signature = signer.as_ref().map(|signer| signer.sign(&file));
    let signature = signature.transpose()?;
    output.write(path, OutputContent::Plan, &file)?;
    if let Some((signer, signature)) = signer.zip(signature) {
        signer.write(&signature)?;
    }

    // A plan that was written to a pipe has no name.
    let (name, each) = match output {
        Output::File(_) => (path, Some(show_each(common, path))),
        Output::Stdout | Output::Stream(_) => (Path::new("FILE"), None),
    };
    let apply = overview.how_to_apply(common, name);
    let closing = apply.closing(ToApply::NOTHING_CHANGED, "To apply exactly this plan:\n");
    let beside = common.json || output == Output::Stdout;
    overview.show(beside, &file, &playbook.pace, true, each, &closing)?;
    overview.planned_only(common, &backend, start, args.detailed_exitcode)
}
