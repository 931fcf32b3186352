//! `show`: a plan as people read it.

use super::{
    files::open_plan,
    overview::overview,
    terminal::{STYLES, print},
};
use crate::{
    cli::{Format, Show},
    error::{Error, ExitCode},
    report::Listing,
};

pub(super) fn show(args: &Show) -> Result<ExitCode, Error> {
    let mut file = open_plan(&args.plan)?;
    let plan = overview(&args.plan, &mut file)?;
    let file = plan.known(&file);
    let report = plan.report(&file, &plan.header.pace, true);
    let apply = plan.how_to_apply(&args.plan);
    print(|out| match args.format {
        Format::Text => {
            let closing = format!("To apply exactly this plan:\n{apply}");
            report.write_text(out, STYLES, Listing::Whole, &closing)
        }
        Format::Html => report.write_html(out, &apply),
    })?;
    Ok(ExitCode::Done)
}
