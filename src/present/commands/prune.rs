//! `prune`: deletes the folders of runs that ended long ago. The history keeps their records.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    question::{Question, Stakes, ask, can_ask},
    runs::{store_error, unreadable},
    signals::{self, unless_interrupted},
    terminal::{print_text, say},
};
use crate::{
    checkpoint::Ending,
    cli::{Common, Prune},
    dates,
    error::{Error, ExitCode},
    store::{ListedRun, StateDir, Wait},
    text::{Untrusted, count},
};

pub(super) async fn prune(common: &Common, args: &Prune) -> Result<ExitCode, Error> {
    let state_dir = StateDir::new(common.state_dir.clone());
    let before = Timestamp::now()
        .checked_sub(args.keep)
        .map_err(|error| Error::usage("--keep goes back too far").caused_by(error))?;
    let listing = state_dir.list().map_err(store_error)?;
    // What it did, and whether it has ended, is not known.
    for run in &listing.unreadable {
        unreadable(&run.path, run.error.as_ref());
    }
    // All records are read of those only that seem to have ended: a line that was added says nothing.
    let is_old = |run: &&ListedRun| {
        ended_at(run.ending.as_ref()).is_some_and(|at| at < before) && has_ended(run, before)
    };
    let runs: Vec<&ListedRun> = listing.runs.iter().filter(is_old).collect();
    let until = dates::in_zone(before, &TimeZone::system());
    if runs.is_empty() {
        say(|out| writeln!(out, "no run ended before {until}; nothing was deleted"));
        return Ok(ExitCode::Done);
    }
    if !args.dry_run {
        can_ask(common, || {
            "add --yes to delete without a question, or --dry-run to see what would be deleted"
                .to_owned()
        })?;
    }
    print_text(|out| {
        for run in &runs {
            writeln!(
                out,
                "{}  ended {}  {} on {}",
                run.folder.id(),
                ended_at(run.ending.as_ref())
                    .map_or_else(String::new, |at| dates::in_zone(at, &TimeZone::system())),
                Untrusted(&run.settings.playbook).terminal(),
                Untrusted(&run.settings.server).terminal(),
            )?;
        }
        Ok(())
    })?;
    let once = runs.iter().filter(|run| runs_once(run)).count() as u64;
    if once > 0 {
        say(|out| {
            writeln!(
                out,
                "{} not idempotent: after the deletion, wf-bulk no longer refuses to make the same changes again",
                count(once, "run is", "runs are")
            )
        });
    }
    let number = runs.len() as u64;
    let folders = count(number, "run", "runs");
    if args.dry_run {
        say(|out| writeln!(out, "{folders} would be deleted; nothing was deleted"));
        return Ok(ExitCode::Done);
    }
    let question = Question {
        text: format!("Delete the folders of {folders} that ended before {until}"),
        stakes: Stakes::Final { changes: number },
        otherwise: "nothing was deleted",
    };
    let mut interrupts = signals::watch(common)?;
    unless_interrupted(&mut interrupts, ask(common, &question)).await?;
    let mut deleted = 0;
    for run in runs {
        // It may be shown, undone or resumed at this moment.
        let lock = run.folder.lock(Wait::Refuse).map_err(store_error)?;
        if has_ended(run, before) {
            state_dir.prune(&run.folder, lock).map_err(store_error)?;
            deleted += 1;
        }
    }
    let deleted = count(deleted, "run was deleted", "runs were deleted");
    say(|out| writeln!(out, "{deleted}; the history keeps the records"));
    Ok(ExitCode::Done)
}

/// When a run ended; none if it can be resumed.
fn ended_at(ending: Option<&Ending>) -> Option<Timestamp> {
    let (Ending::Finished { at } | Ending::Abandoned { at, .. }) = ending?;
    Timestamp::from_millisecond(*at).ok()
}

/// Whether a run ended before that according to all its records. One that does not verify is named, and kept.
fn has_ended(run: &ListedRun, before: Timestamp) -> bool {
    match run.folder.verified_ending(&run.settings) {
        Ok(ending) => ended_at(ending.as_ref()).is_some_and(|at| at < before),
        Err(error) => {
            unreadable(run.folder.path(), Some(&error));
            false
        }
    }
}

/// Whether this run is what refuses a second one of the same plan or playbook.
fn runs_once(run: &ListedRun) -> bool {
    run.folder.plan_header().map_or(true, |header| {
        !header.playbook.converges && !header.playbook.repeatable
    })
}
