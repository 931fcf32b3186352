//! `run`: plans, shows, asks, applies.

use std::{io::Seek, path::Path, time::Instant};

use super::{
    access::{asked_org, credentials},
    backend::{Server, connect},
    files::load_for_planning,
    launch::{Launch, launch},
    planning::{Moment, flags, plan_into},
    question::can_ask,
};
use crate::{
    cli::{Common, Run},
    error::{Error, ExitCode},
    text::shell_word,
};

pub(super) async fn run(common: &Common, args: &Run) -> Result<ExitCode, Error> {
    let start = Instant::now();
    if !args.dry_run {
        can_ask(common)?;
    }
    let moment = Moment::present(args.planning.now);
    let mut playbook = load_for_planning(common, &args.playbook, &args.planning, moment.now)?;
    playbook.pace = args.pacing.over(&playbook.pace);
    if let Some(most) = args.applying.max_changes {
        playbook.guards.max_changes = Some(most);
    }
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
    let mut file = tempfile::tempfile()
        .map_err(|error| Error::failed("a temporary file can't be made").caused_by(error))?;
    let overview = plan_into(
        common,
        &backend,
        &playbook,
        moment,
        Path::new("the plan"),
        &mut file,
    )
    .await?;

    if !args.dry_run {
        file.rewind()
            .map_err(|error| Error::failed("the plan can't be read back").caused_by(error))?;
        let launch_args = Launch {
            pacing: &args.pacing,
            applying: &args.applying,
            max_age: None,
            approved: None,
        };
        return launch(common, launch_args, backend, file, start).await;
    }
    let playbook_word = shell_word(&args.playbook.to_string_lossy());
    let flags = flags(common, &args.planning);
    let closing = format!("Nothing was written.  To apply: wf-bulk run {playbook_word}{flags}");
    overview.show(
        common.json,
        &file,
        &playbook.pace,
        !args.pacing.no_recheck,
        &closing,
    )?;
    overview.planned_only(common, &backend, start, args.detailed_exitcode)
}
