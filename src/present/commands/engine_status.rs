//! `status --engine`: the runs of a team.

use jiff::tz::TimeZone;

use super::{
    engine_meant::{id_there, unknown},
    engine_run::failed,
    engine_site::{connect, say_unread},
    terminal::{STYLES, print, print_text, say},
};
use crate::{
    cli::{Common, Status},
    engine::{TeamListing, TeamRun},
    error::{Error, ExitCode},
    report::{write_engine_runs, write_engine_runs_json},
    text::Untrusted,
};

/// Shows the runs at the engine, or the one that is named; none if the command is about this machine.
pub(super) async fn engine_status(
    common: &Common,
    args: &Status,
) -> Result<Option<ExitCode>, Error> {
    if args.last || args.watch || args.check {
        if args.at.address().is_some() {
            say(|out| {
                writeln!(
                    out,
                    "this is about the runs of the state folder; for those at the engine, leave --last, --watch and --check out"
                )
            });
        }
        return Ok(None);
    }
    let Some(engine) = connect(&args.at, "").await? else {
        return Ok(None);
    };
    let mut listing = if let Some(prefix) = &args.run {
        let id = id_there(common, &args.at, prefix).await?;
        let run = engine.team_run(id).await.map_err(failed)?;
        TeamListing {
            runs: vec![run.ok_or_else(|| unknown(&engine, id))?],
            unread: Vec::new(),
        }
    } else {
        let mut listing = engine.team_runs().await.map_err(failed)?;
        listing.runs.reverse();
        listing
    };
    engine.count(&mut listing.runs).await;
    say_unread(&listing, "");
    let ui = args.engine_ui.as_deref();
    let page = |run: &TeamRun| engine.address().page(ui, &run.workflow, &run.execution);
    if common.json {
        print(|out| write_engine_runs_json(&listing, &page, out))?;
        return Ok(Some(ExitCode::Done));
    }
    print_text(|out| write_engine_runs(&listing, &TimeZone::system(), &page, out, STYLES))?;
    if let (Some(_), [run]) = (&args.run, &listing.runs[..]) {
        let id = run.settings.run.to_string();
        let resume = common.invocation.command("resume", &[&id]);
        say(|out| writeln!(out, "for its result: {}", Untrusted(&resume).terminal()));
    }
    Ok(Some(ExitCode::Done))
}
