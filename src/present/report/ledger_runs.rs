//! The runs in a ledger, newest first.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use owo_colors::{OwoColorize as _, Style};

use super::{json_list::JsonList, summary_text::sum};
use crate::{
    dates,
    ledger::LedgerRun,
    outcome::{Counts, Outcome},
    styles::Styles,
    text::Untrusted,
};

/// Writes two lines for each, with its times in `zone`.
///
/// # Errors
///
/// The errors of `out`.
pub fn write_ledger(
    runs: &[LedgerRun],
    zone: &TimeZone,
    out: &mut dyn Write,
    styles: Styles,
) -> io::Result<()> {
    if runs.is_empty() {
        return writeln!(out, "there is no run in the ledger");
    }
    for run in runs {
        let (state, style) = match &run.end {
            None => ("not finished", styles.warning),
            Some(end) => (end.how.word(), styles.dim),
        };
        writeln!(
            out,
            "{}  {}  {} on {}",
            run.run,
            state.style(style),
            Untrusted(&run.playbook).terminal(),
            Untrusted(&run.server).terminal(),
        )?;
        let who = run.actor.as_ref().unwrap_or(&run.user);
        write!(
            out,
            "    started {} on {} by {}; ",
            dates::in_zone(run.started_at, zone),
            Untrusted(&run.host).terminal(),
            Untrusted(who).terminal(),
        )?;
        match &run.end {
            None => writeln!(out, "{} planned", run.changes)?,
            Some(end) => {
                let mut counts = Counts::default();
                for outcome in Outcome::ALL {
                    counts.add(outcome, end.count(outcome));
                }
                let counts = sum(&counts, |_| Style::new());
                writeln!(out, "{counts}, {}", dates::in_zone(end.at, zone))?;
            }
        }
        if let Some(link) = &run.link {
            writeln!(out, "    {}", Untrusted(link).terminal())?;
        }
    }
    Ok(())
}

/// The same for scripts.
///
/// # Errors
///
/// The errors of `out`.
pub fn write_ledger_json(runs: &[LedgerRun], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"{")?;
    let mut list = JsonList::new(out, "ledger")?;
    for run in runs {
        list.add(run)?;
    }
    list.finish()?;
    out.write_all(b"}\n")
}
