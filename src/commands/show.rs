//! `show`: a plan as people read it.

use super::{files::open_plan, overview::overview};
use crate::{
    cli::{Common, Show},
    error::{Error, ExitCode},
};

pub(super) fn show(common: &Common, args: &Show) -> Result<ExitCode, Error> {
    let plan = overview(&args.plan, &mut open_plan(&args.plan)?)?;
    let closing = plan.how_to_apply(&args.plan);
    plan.show(common, &plan.header.pace, true, &closing)?;
    Ok(ExitCode::Done)
}
