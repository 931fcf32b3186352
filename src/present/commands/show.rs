//! `show`: shows a plan.

use super::{
    files::open_plan,
    overview::{overview, show_each},
    signing::{PlanSignature, Signed},
    terminal::{STYLES, print, print_text},
};
use crate::{
    cli::{Common, Format, Show},
    error::{Error, ExitCode},
    report::ListingDetail,
};

pub(super) fn show(common: &Common, args: &Show) -> Result<ExitCode, Error> {
    let mut file = open_plan(&common.invocation, &args.plan)?;
    let mut plan = overview(&common.invocation, &args.plan, &mut file)?;
    if let Some(signers) = &args.allowed_signers {
        let signature = PlanSignature::of(&args.plan, signers, Signed::Plan)?;
        plan.known.signed_by = Some(signature.check(&file, &plan.known.sha256)?);
    }
    let file = plan.known.within(&file);
    let report = plan.report(
        &file,
        &plan.known.header.pace,
        true,
        Some(show_each(common, &args.plan)),
    );
    let apply = plan.how_to_apply(common, &args.plan);
    let format = if common.json {
        Format::Json
    } else {
        args.format
    };
    match format {
        Format::Text => {
            let closing = apply.closing("", "To apply exactly this plan:\n");
            print_text(|out| report.write_text(out, STYLES, ListingDetail::Whole, &closing))
        }
        Format::Markdown => print(|out| report.write_markdown(out, &apply)),
        Format::Json => print(|out| report.write_json(out, &apply)),
        Format::Html => print(|out| report.write_html(out, &apply)),
    }?;
    Ok(ExitCode::Done)
}
