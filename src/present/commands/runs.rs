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
    plan::FollowUp,
    report::last_session,
    store::{RunFolder, RunListing, StateDir, StoreError},
    text::{Untrusted, shown_path},
};

/// What `--last` does with an unfinished run that was undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UndoneRun {
    IsMeant,
    /// Nothing more is made of it.
    IsPassedOver,
}

/// The run with this `prefix`; without one, the run of `--last`. None, with a message, if all runs have ended and have a report.
pub(super) fn find_run_or_last(
    common: &Common,
    prefix: Option<&str>,
    undone: UndoneRun,
) -> Result<Option<RunFolder>, Error> {
    let state_dir = StateDir::new(common.state_dir.clone());
    if let Some(prefix) = prefix {
        return find_run(common, prefix).map(Some);
    }
    let listing = readable(&state_dir)?;
    for run in &listing.unreadable {
        unreadable(&run.path, run.error.as_ref());
    }
    // A process writes its report last: without a report, the result was not shown.
    let is_told = |folder: &RunFolder| last_session(folder).is_some();
    let lineage = match undone {
        UndoneRun::IsMeant => Lineage::default(),
        UndoneRun::IsPassedOver => Lineage::of(&listing),
    };
    let is_undone = |folder: &RunFolder| lineage.newest(folder.id(), FollowUp::Undo).is_some();
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
    let newest = listing.newest_untold(is_told, is_undone);
    if newest.is_none() {
        say(|out| writeln!(out, "there is no unfinished run"));
    }
    Ok(newest.map(|run| run.folder.clone()))
}

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
