//! Runs in the state folder: the one that is meant, those that can't be read, and the store's errors.

use std::path::Path;

use super::{terminal::say, wrong_input::find_run};
use crate::{
    cli::Common,
    error::Error,
    report::last_session,
    store::{RunFolder, StateDir, StoreError},
    text::{Untrusted, shown_path},
};

/// The run with this `prefix`; without one, the run of `--last`. None, with a message, if all runs have ended and have a report.
pub(super) fn find_run_or_last(
    common: &Common,
    prefix: Option<&str>,
) -> Result<Option<RunFolder>, Error> {
    let state_dir = StateDir::new(common.state_dir.clone());
    if let Some(prefix) = prefix {
        return find_run(common, prefix).map(Some);
    }
    let listing = state_dir.list().map_err(store_error)?;
    for run in &listing.unreadable {
        unreadable(&run.path, run.error.as_ref());
    }
    // A process writes its report last: without a report, the result was not shown.
    let is_told = |folder: &RunFolder| last_session(folder).is_some();
    let newest = listing.newest_untold(is_told);
    if newest.is_none() {
        say(|out| writeln!(out, "there is no unfinished run"));
    }
    Ok(newest.map(|run| run.folder.clone()))
}

/// Reports an entry among the runs that can't be shown.
pub(super) fn unreadable(path: &Path, error: Option<&StoreError>) {
    let path = shown_path(path);
    let why = error.map_or_else(String::new, |error| format!(": {error}"));
    let why = Untrusted(&why);
    say(|out| writeln!(out, "not a run that can be read: {path}{}", why.terminal()));
}

/// The store's errors contain what was tried and what to do.
pub(super) fn store_error(error: StoreError) -> Error {
    Error::failed(error.to_string()).caused_by(error)
}
