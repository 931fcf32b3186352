//! `diff`: shows how a plan differs from the reviewed one.

use std::{fs::File, path::Path};

use super::{
    files::open_plan,
    overview::{Overview, overview},
    terminal::{STYLES, print, print_text},
};
use crate::{
    cli::{Common, Diff, DiffFormat},
    error::{Error, ExitCode},
    invocation::path_argument,
    plan::KnownFile,
    report::{DiffReport, DiffSide},
};

/// A plan that was read completely and is valid.
struct CheckedPlan {
    path: String,
    file: File,
    overview: Overview,
}

impl CheckedPlan {
    fn of(common: &Common, path: &Path) -> Result<Self, Error> {
        let mut file = open_plan(&common.invocation, path)?;
        let overview = overview(&common.invocation, path, &mut file)?;
        Ok(Self {
            path: path.to_string_lossy().into_owned(),
            file,
            overview,
        })
    }

    fn known(&self) -> KnownFile<'_> {
        self.overview.known.within(&self.file)
    }

    fn side<'a>(&'a self, items: &'a KnownFile<'a>) -> DiffSide<'a> {
        DiffSide {
            path: &self.path,
            header: &self.overview.known.header,
            trailer: &self.overview.known.trailer,
            sha256: &self.overview.known.sha256,
            items,
        }
    }
}

/// The command that shows all differences.
fn shows_all(common: &Common, args: &Diff) -> String {
    let [reviewed, now] = [&args.reviewed, &args.now].map(|path| path_argument(path));
    common.invocation.command("diff", &[&reviewed, &now])
}

pub(super) fn diff(common: &Common, args: &Diff) -> Result<ExitCode, Error> {
    let (reviewed, now) = (
        CheckedPlan::of(common, &args.reviewed)?,
        CheckedPlan::of(common, &args.now)?,
    );
    let (reviewed_items, now_items) = (reviewed.known(), now.known());
    // Before anything is printed, so that a closed pipe does not change the exit code.
    let report = DiffReport::new(reviewed.side(&reviewed_items), now.side(&now_items))
        .map_err(|error| Error::failed("the plans can't be compared").caused_by(error))?;
    let format = if common.json {
        DiffFormat::Json
    } else {
        args.format
    };
    match format {
        DiffFormat::Json => print(|out| report.write_json(out)),
        DiffFormat::Markdown => print(|out| report.write_markdown(out, &shows_all(common, args))),
        DiffFormat::Text => print_text(|out| report.write_text(out, STYLES)),
    }?;
    Ok(if args.exit_code && !report.is_same() {
        ExitCode::Pending
    } else {
        ExitCode::Done
    })
}
