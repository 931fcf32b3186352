//! The runs of a state folder, a line each.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use jiff::tz::TimeZone;
use owo_colors::OwoColorize as _;
use serde_json::json;

use super::units::thousands;
use crate::{
    checkpoint::Ending,
    dates,
    invocation::Invocation,
    outcome::{Counts, Outcome},
    store::RunSettings,
    styles::Styles,
    text::{self, Untrusted},
};

/// One run, as a list shows it.
#[derive(Clone, Debug)]
pub struct RunLine {
    pub settings: RunSettings,
    pub counts: Counts,
    /// None while it can be resumed.
    pub ending: Option<Ending>,
    /// A process works on it.
    pub is_worked_on: bool,
    pub folder: PathBuf,
}

impl RunLine {
    /// Whether a process is on its way to the end.
    pub const fn is_running(&self) -> bool {
        self.is_worked_on && self.ending.is_none()
    }

    const fn standing(&self) -> &'static str {
        match &self.ending {
            None if self.is_running() => "running",
            None => "unfinished",
            Some(Ending::Finished { .. }) => "finished",
            Some(Ending::Abandoned { .. }) => "abandoned",
        }
    }
}

/// Writes the runs for people, with moments in `zone`: what each was, how it stands, what its changes came to.
///
/// # Errors
///
/// What `out` says.
pub fn write_runs(
    runs: &[RunLine],
    invocation: &Invocation,
    zone: &TimeZone,
    out: &mut dyn Write,
    styles: Styles,
) -> io::Result<()> {
    if runs.is_empty() {
        return writeln!(out, "there are no runs here");
    }
    for run in runs {
        let settings = &run.settings;
        let style = if run.ending.is_none() {
            styles.warning
        } else {
            styles.dim
        };
        writeln!(
            out,
            "{}  {}  {}  {} on {}",
            settings.run.style(styles.strong),
            dates::in_zone(settings.started_at, zone),
            format_args!("{:<10}", run.standing()).style(style),
            Untrusted(&settings.playbook).terminal(),
            Untrusted(&settings.server).terminal(),
        )?;
        let ends: Vec<String> = Outcome::ALL
            .into_iter()
            .filter(|&outcome| run.counts.get(outcome) > 0)
            .map(|outcome| format!("{} {outcome}", thousands(run.counts.get(outcome))))
            .collect();
        writeln!(
            out,
            "    {} planned = {}",
            thousands(run.counts.total()),
            ends.join(" + ")
        )?;
        if let Some(reason) = &settings.reason {
            writeln!(out, "    reason: {}", Untrusted(reason).terminal())?;
        }
        if run.is_running() {
            writeln!(
                out,
                "    is running now; requests in flight count as in_doubt"
            )?;
        } else if run.ending.is_none() {
            let id = settings.run.to_string();
            let go_on = |more: &[&str]| {
                let words = [&[id.as_str()], more].concat();
                invocation.command("resume", &words)
            };
            writeln!(out, "    go on: {}", Untrusted(&go_on(&[])).terminal())?;
            if run.counts.get(Outcome::InDoubt) > 0 {
                writeln!(
                    out,
                    "    if changes stay in doubt, look at them; one answer is for all of them"
                )?;
                for (label, answer) in [("send them again:", "retry"), ("leave them:", "skip")] {
                    let command = go_on(&["--in-doubt", answer]);
                    writeln!(out, "    {label} {}", Untrusted(&command).terminal())?;
                }
            }
        }
    }
    Ok(())
}

/// Writes the runs as one JSON document, newest first.
///
/// # Errors
///
/// What `out` says.
pub fn write_runs_json(runs: &[RunLine], out: &mut dyn Write) -> io::Result<()> {
    let runs: Vec<_> = runs
        .iter()
        .map(|run| {
            json!({
                "run": run.settings.run,
                "playbook": run.settings.playbook,
                "server": run.settings.server,
                "org": run.settings.org,
                "started_at": run.settings.started_at,
                "plan_sha256": run.settings.plan_sha256,
                "standing": run.standing(),
                "planned": run.counts.total(),
                "outcomes": run.counts,
                "folder": run.folder,
            })
        })
        .collect();
    text::json::to_writer(&mut *out, &json!({ "runs": runs }))?;
    writeln!(out)
}
