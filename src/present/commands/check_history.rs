//! `status --check`: compares the history with the runs.

use super::{
    runs::store_error,
    terminal::{print, print_text},
};
use crate::{
    cli::Common,
    error::{Error, ExitCode},
    report::{write_history, write_history_json},
    store::StateDir,
    text::shown_path,
};

/// `expected`: the digest of a record that was kept elsewhere.
pub(super) fn check_history(common: &Common, expected: Option<&str>) -> Result<ExitCode, Error> {
    let state_dir = StateDir::new(common.state_dir.clone());
    let mut check = state_dir.check_history().map_err(store_error)?;
    if expected.is_none() && check.is_of_nothing() {
        let place = shown_path(state_dir.path());
        return Err(Error::failed(format!(
            "there is no run and no history in {place}: nothing was checked"
        ))
        .hint("name the folder that the runs used: --state-dir DIR"));
    }
    if let Some(digest) = expected {
        check = check.expecting(digest);
    }
    if common.json {
        print(|out| write_history_json(&check, out))?;
    } else {
        print_text(|out| write_history(&check, state_dir.path(), &common.invocation, out))?;
    }
    Ok(if check.findings.is_empty() {
        ExitCode::Done
    } else {
        ExitCode::Error
    })
}
