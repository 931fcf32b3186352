//! The commands that were to make a run and ended without one, in the list of runs.

use std::io::{self, Write};

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use crate::{dates, store::NoRun, styles::Styles, text::Untrusted};
use owo_colors::OwoColorize as _;

/// Writes one line for each, with its time in `zone`.
///
/// # Errors
///
/// The errors of `out`.
pub fn write_no_runs(
    no_runs: &[(Timestamp, NoRun)],
    zone: &TimeZone,
    out: &mut dyn Write,
    styles: Styles,
) -> io::Result<()> {
    for (at, no_run) in no_runs {
        writeln!(
            out,
            "{}  {}  {} on {}",
            "ended without a run".style(styles.dim),
            dates::in_zone(*at, zone),
            Untrusted(&no_run.playbook).terminal(),
            Untrusted(&no_run.server).terminal(),
        )?;
        let (why, code) = (Untrusted(&no_run.why), no_run.exit_code);
        writeln!(out, "    {} (exit code {code})", why.terminal())?;
    }
    Ok(())
}

/// The same for scripts.
pub(super) fn documents(no_runs: &[(Timestamp, NoRun)]) -> Vec<Value> {
    let document = |(at, no_run): &(Timestamp, NoRun)| {
        json!({
            "at": at,
            "playbook": no_run.playbook,
            "server": no_run.server,
            "org": no_run.org,
            "exit_code": no_run.exit_code,
            "why": no_run.why,
        })
    };
    no_runs.iter().map(document).collect()
}
