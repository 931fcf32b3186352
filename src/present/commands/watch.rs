//! `status --watch`: shows the runs that are being worked on, until none is.

use std::{collections::BTreeMap, thread, time::Duration};

use super::{
    status::print_runs,
    terminal::{clear_screen, is_screen, print},
};
use crate::{
    cli::Common,
    error::Error,
    report::{RunLine, write_run_standing},
};

/// Fast enough to see a run move, and slow enough to read.
const EVERY: Duration = Duration::from_secs(2);

/// Shows the running ones among the runs that `look` finds, again and again, and returns when none is running any more. On a terminal the
/// whole is drawn anew; elsewhere there is a line for each run when it is first seen and when its standing has changed.
pub(super) fn watch(
    common: &Common,
    mut look: impl FnMut() -> Result<Vec<RunLine>, Error>,
) -> Result<(), Error> {
    let is_screen = is_screen();
    let mut told = BTreeMap::new();
    loop {
        let runs = look()?;
        let is_running = runs.iter().any(RunLine::is_running);
        let mut watched = runs;
        watched.retain(|run| run.is_running() || told.contains_key(&run.settings.run));
        if is_screen && is_running {
            clear_screen()?;
            print_runs(common, &watched)?;
        }
        for run in &watched {
            let before = told.insert(run.settings.run, run.standing());
            if !is_screen && before != Some(run.standing()) {
                print(|out| write_run_standing(run, out))?;
            }
        }
        if !is_running {
            if is_screen && !told.is_empty() {
                clear_screen()?;
            }
            return Ok(());
        }
        thread::sleep(EVERY);
    }
}
