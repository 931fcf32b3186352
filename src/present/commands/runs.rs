//! Runs in the state folder: the one that is meant, those that can't be read, and the store's errors.

use std::path::Path;

use super::{
    lineage::Lineage,
    terminal::{say, with_causes},
    wrong_input::find_run,
};
use crate::{
    cli::Common,
    error::Error,
    invocation::flag,
    playbook,
    report::last_session,
    store::{ListedRun, RunFolder, RunListing, RunSettings, StateDir, StoreError},
    text::{Untrusted, shown_path},
};

/// What the run of `--last` is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LastRun<'a> {
    /// To be shown: the newest one, if there are several.
    Shown,
    /// To be abandoned: if several are not finished, it must be named.
    Abandoned,
    /// To be continued, as above; of the playbook in this file, if it is given. Nothing more is made of a run that was undone.
    Resumed(Option<&'a Path>),
}

/// The run with this `prefix`; without one, the run of `--last`. None, with a message, if all runs have ended and have a report.
pub(super) fn find_run_or_last(
    common: &Common,
    prefix: Option<&str>,
    last: LastRun<'_>,
) -> Result<Option<RunFolder>, Error> {
    if let Some(prefix) = prefix {
        return find_run(common, prefix).map(Some);
    }
    let newest = find_last(common, last)?;
    if newest.is_none() {
        say(|out| writeln!(out, "there is no unfinished run"));
    }
    Ok(newest)
}

/// The run of `--last`; none if all runs have ended and have a report.
pub(super) fn find_last(common: &Common, last: LastRun<'_>) -> Result<Option<RunFolder>, Error> {
    let state_dir = StateDir::new(common.state_dir.clone());
    let mut listing = readable(&state_dir)?;
    if let LastRun::Resumed(Some(path)) = last {
        let playbook = playbook_name(path)?;
        listing.runs.retain(|run| run.settings.playbook == playbook);
    }
    for run in &listing.unreadable {
        unreadable(&run.path, run.error.as_ref());
    }
    // A process writes its report last: without a report, the result was not shown.
    let is_told = |folder: &RunFolder| last_session(folder).is_some();
    let lineage = match last {
        LastRun::Shown | LastRun::Abandoned => Lineage::default(),
        LastRun::Resumed(_) => Lineage::of(&listing),
    };
    let is_undone = |folder: &RunFolder| lineage.undone_by(folder.id()).is_some();
    for run in &listing.runs {
        if run.ending.is_none() && is_undone(&run.folder) {
            let id = run.folder.id().to_string();
            let abandon = common.invocation.command("abandon", &[&id]);
            let abandon = Untrusted(&abandon);
            say(|out| {
                writeln!(
                    out,
                    "run {id} was undone and is passed over; to abandon it: {}",
                    abandon.terminal()
                )
            });
        }
    }
    let mut unfinished = (listing.runs.iter())
        .filter(|run| run.ending.is_none() && !is_undone(&run.folder))
        .collect::<Vec<_>>();
    if unfinished.len() > 1 && last != LastRun::Shown {
        unfinished.reverse();
        return Err(several(common, &unfinished, last));
    }
    let newest = listing.newest_untold(is_told, is_undone);
    Ok(newest.map(|run| run.folder.clone()))
}

/// Refuses to choose one of several runs that are not finished, oldest first.
fn several(common: &Common, unfinished: &[&ListedRun], last: LastRun<'_>) -> Error {
    let command = match last {
        LastRun::Shown | LastRun::Resumed(_) => "resume",
        LastRun::Abandoned => "abandon",
    };
    let error = Error::failed(format!(
        "{} runs are not finished, so --last does not say which one is meant",
        unfinished.len()
    ));
    let error = unfinished.iter().take(MAX_NAMED).fold(error, |error, run| {
        let id = run.folder.id().to_string();
        let command = common.invocation.command(command, &[&id]);
        error.hint(format!("{}: {command}", run.settings.playbook))
    });
    let error = match last {
        LastRun::Resumed(None) => error.hint(
            "to continue that of one playbook, add --playbook FILE; to see all of them: `wf-bulk status`",
        ),
        LastRun::Shown | LastRun::Abandoned | LastRun::Resumed(Some(_)) => error,
    };
    error.hint("nothing was changed")
}

/// The name of the playbook in a file.
pub(super) fn playbook_name(path: &Path) -> Result<String, Error> {
    let failed = || {
        let shown = shown_path(path);
        Error::failed(format!("the name of the playbook {shown} can't be read"))
            .at(path.display().to_string(), None)
    };
    let source = playbook::read(path).map_err(|error| failed().caused_by(error))?;
    playbook::name_in(&source)
        .ok_or_else(|| failed().hint("it is a YAML file with a line like `name: reassign-leaver`"))
}

/// Refuses to go on here with a run that an engine makes. Others may work on it, of which this machine's locks know nothing; and what its
/// folder says is as old as its last session here.
pub(super) fn refuse_at_engine(settings: &RunSettings) -> Result<(), Error> {
    let Some(engine) = &settings.engine else {
        return Ok(());
    };
    let error = Error::failed(format!(
        "run {} is not finished, and the engine {engine} makes it",
        settings.run
    ));
    let there = if cfg!(feature = "temporal") {
        format!("add {}", flag("--engine", engine))
    } else {
        "it can go on with a wf-bulk that was built with the feature `temporal`".to_owned()
    };
    Err(error.hint(there).hint("nothing was changed"))
}

/// Runs that a message names: with more, a person looks at all of them.
pub(super) const MAX_NAMED: usize = 10;

/// All runs. Refuses if one can't be read: what it did, and whether it has ended, is unknown.
pub(super) fn readable(state_dir: &StateDir) -> Result<RunListing, Error> {
    let mut listing = state_dir.list().map_err(store_error)?;
    let mut refused = Vec::new();
    listing
        .unreadable
        .retain_mut(|entry| match entry.error.take() {
            None => true,
            Some(error) => {
                refused.push((shown_path(&entry.path), error));
                false
            }
        });
    let mut refused = refused.into_iter();
    let Some((path, error)) = refused.next() else {
        return Ok(listing);
    };
    let mut error = Error::failed(format!(
        "the run in {path} can't be read, so it is unknown what it did and whether it has ended"
    ))
    .caused_by(error);
    for (other, why) in refused {
        let why = with_causes(&why);
        error = error.hint(format!("nor can the run in {other}: {why}"));
    }
    Err(error
        .hint("correct what is named above, such as the permissions")
        .hint(format!(
            "or, if you know what it did, move its folder out of {}; then it is not taken into account any more, \
             and what it did can happen a second time",
            shown_path(state_dir.path())
        ))
        .hint("nothing was changed"))
}

/// Reports an entry among the runs that can't be shown.
pub(super) fn unreadable(path: &Path, error: Option<&StoreError>) {
    let path = shown_path(path);
    let why = error.map_or_else(String::new, |error| format!(": {}", with_causes(error)));
    let why = Untrusted(&why);
    say(|out| writeln!(out, "not a run that can be read: {path}{}", why.terminal()));
}

/// Refuses a run whose files are not as the history says, of which the plan has just been read: what it did, and how to undo it, can't be told from them.
pub(super) fn refuse_changed(
    common: &Common,
    folder: &RunFolder,
    plan_sha256: &str,
) -> Result<(), Error> {
    let history = StateDir::new(common.state_dir.clone()).history();
    let differences = history
        .differences(folder, plan_sha256)
        .map_err(store_error)?;
    if differences.is_empty() {
        return Ok(());
    }
    let differences: Vec<_> = differences.iter().map(ToString::to_string).collect();
    let check = common.invocation.command("status", &["--check"]);
    Err(Error::failed(format!(
        "the run is not as the history says: {}",
        differences.join("; ")
    ))
    .hint("restore the run's files as they were; without them, what it did can't be told: plan again from the playbook")
    .hint(format!("to compare all runs with the history: {check}"))
    .hint("nothing was changed"))
}

/// The store's errors contain what was tried and what to do.
pub(super) fn store_error(error: StoreError) -> Error {
    Error::failed(error.to_string()).caused_by(error)
}
