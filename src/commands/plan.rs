//! `plan`: selects and plans, and keeps the plan in a file.

use std::{path::Path, time::Instant};

use tempfile::NamedTempFile;

use super::{
    access::{asked_org, credentials},
    backend::{Server, connect},
    files::load_for_planning,
    planning::{Moment, plan_into},
};
use crate::{
    cli::{Common, Plan},
    error::{Error, ExitCode},
};

pub(super) async fn plan(common: &Common, args: &Plan) -> Result<ExitCode, Error> {
    let start = Instant::now();
    let moment = Moment::present(args.planning.now);
    let playbook = load_for_planning(&args.playbook, &args.planning, moment.now)?;
    let credentials = credentials(common)?;
    let backend = connect(
        common,
        &credentials,
        Server::of(common, &credentials)?,
        asked_org(common, &credentials),
        &playbook.pace,
        common.timeout(),
    )
    .await?;

    let failed = |error: std::io::Error| {
        Error::failed(format!(
            "the plan {} can't be written",
            args.output.display()
        ))
        .caused_by(error)
    };
    let folder = args
        .output
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder).map_err(failed)?;
    let path = args.output.as_path();
    let overview = plan_into(
        common,
        &backend,
        &playbook,
        moment,
        path,
        file.as_file_mut(),
    )
    .await?;
    file.as_file().sync_all().map_err(failed)?;
    let file = file.persist(path).map_err(|error| failed(error.error))?;

    let apply = overview.how_to_apply(path);
    let closing = format!("Nothing was changed.  To apply exactly this plan:\n{apply}");
    overview.show(common, &file, &playbook.pace, true, &closing)?;
    overview.planned_only(common, &backend, start, args.detailed_exitcode)
}
