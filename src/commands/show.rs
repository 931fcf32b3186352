//! `show`: a plan as people read it.

use super::{
    files::{open_plan, overview, shown},
    terminal::{STYLES, print},
};
use crate::{
    cli::Show,
    error::{Error, ExitCode},
    report::PlanText,
};

pub(super) fn show(args: &Show) -> Result<ExitCode, Error> {
    let overview = overview(&args.plan, &mut open_plan(&args.plan)?)?;
    let text = PlanText {
        heading: (&overview.header).into(),
        summary: &overview.summary,
        trailer: &overview.trailer,
        rate: overview.header.pace.rate.per_second(),
        rechecks: true,
        broken_guards: &overview.broken_guards(),
        closing: &format!(
            "To apply: wf-bulk apply {}\nsha256 {}",
            shown(&args.plan),
            overview.sha256
        ),
    };
    print(|out| text.write(out, STYLES))?;
    Ok(ExitCode::Done)
}
