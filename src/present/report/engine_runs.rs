//! The runs of a team at an engine, newest first; and a run that was left to its workers.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use owo_colors::{OwoColorize as _, Style};
use serde::Serialize;

use super::{json::StoppedDocument, json_list::JsonList, summary_text::sum, words};
use crate::{
    dates,
    engine::{TeamListing, TeamRun, TeamStanding, UnreadRun},
    outcome::Counts,
    store::{Operator, RunSettings},
    styles::Styles,
    text::{self, Untrusted},
};

/// A run at an engine. Scripts depend on its names.
#[derive(Debug, Serialize)]
struct EngineRunDocument<'a> {
    run: String,
    standing: &'static str,
    stopped: Option<StoppedDocument>,
    playbook: &'a str,
    server: &'a str,
    org: Option<&'a str>,
    plan_sha256: &'a str,
    changes: u64,
    /// None if no worker says how far the run is.
    outcomes: Option<&'a Counts>,
    started_at: String,
    ended_at: Option<String>,
    by: Option<&'a Operator>,
    reason: Option<&'a str>,
    /// The page of the run in the engine's own web interface, if that is known.
    page: Option<String>,
}

/// A run at an engine that can't be read.
#[derive(Debug, Serialize)]
struct UnreadRunDocument<'a> {
    /// The engine's name for it, which has the digest of its plan.
    workflow: &'a str,
    standing: &'static str,
    started_at: Option<String>,
    reason: &'a str,
}

/// A run that this process only uploaded.
#[derive(Debug, Serialize)]
struct DetachedDocument<'a> {
    run: String,
    plan_sha256: &'a str,
    engine: Option<&'a str>,
    exit_code: u8,
}

const fn word(standing: &TeamStanding) -> &'static str {
    match standing {
        TeamStanding::Running => "running",
        TeamStanding::Stopped(_) => "stopped",
        TeamStanding::Finished { .. } => "finished",
        TeamStanding::Abandoned(_) => "abandoned",
        TeamStanding::Cut => "ended at the engine",
    }
}

/// Writes some lines for each run, with its times in `zone`. `page`: the address of a run's page in the engine's own web interface.
///
/// # Errors
///
/// The errors of `out`.
pub fn write_engine_runs(
    listing: &TeamListing,
    zone: &TimeZone,
    page: &dyn Fn(&TeamRun) -> Option<String>,
    out: &mut dyn Write,
    styles: Styles,
) -> io::Result<()> {
    let TeamListing { runs, unread } = listing;
    if runs.is_empty() && unread.is_empty() {
        return writeln!(out, "the engine has no run");
    }
    for run in runs {
        let settings = &run.settings;
        let style = match &run.standing {
            TeamStanding::Running => styles.good,
            TeamStanding::Stopped(_) | TeamStanding::Cut => styles.warning,
            TeamStanding::Finished { .. } | TeamStanding::Abandoned(_) => styles.dim,
        };
        writeln!(
            out,
            "{}  {}  {} on {}",
            settings.run,
            word(&run.standing).style(style),
            Untrusted(&settings.playbook).terminal(),
            Untrusted(&settings.server).terminal(),
        )?;
        let by = settings.by.as_ref();
        let host = by.map_or("an unknown host", |by| &by.host);
        let who = by.map_or("an unknown user", |by| {
            by.actor.as_ref().unwrap_or(&by.user)
        });
        writeln!(
            out,
            "    started {} on {} by {}",
            dates::in_zone(settings.started_at, zone),
            Untrusted(host).terminal(),
            Untrusted(who).terminal(),
        )?;
        if run.is_counted {
            let counts = sum(&run.counts, |_| Style::new());
            write!(out, "    {counts}")?;
        } else {
            write!(out, "    no worker says how far it is")?;
        }
        match &run.standing {
            TeamStanding::Finished { at } => writeln!(out, ", {}", dates::in_zone(*at, zone))?,
            TeamStanding::Abandoned(abandoned) => writeln!(
                out,
                "; abandoned {} on {}",
                dates::in_zone(abandoned.at, zone),
                Untrusted(&abandoned.host).terminal()
            )?,
            TeamStanding::Stopped(Some(reason)) => writeln!(out, "; {}", words::stop(reason))?,
            TeamStanding::Stopped(None) => {
                writeln!(out, "; what is in doubt waits for an answer")?;
            }
            TeamStanding::Running if !run.is_counted => writeln!(out)?,
            TeamStanding::Running => writeln!(out, " so far")?,
            TeamStanding::Cut => writeln!(out, "; what it sent last is not known")?,
        }
        writeln!(
            out,
            "    plan {}",
            Untrusted(&settings.plan_sha256).terminal()
        )?;
        if let Some(reason) = &settings.reason {
            writeln!(out, "    {}", Untrusted(reason).terminal())?;
        }
        let link = by.and_then(|by| by.link.clone());
        for address in [link, page(run)].into_iter().flatten() {
            writeln!(out, "    {}", Untrusted(&address).terminal())?;
        }
    }
    for run in unread {
        let word = if run.is_running { "running" } else { "ended" };
        let started = run.started_at.map_or_else(
            || "an unknown time".to_owned(),
            |at| dates::in_zone(at, zone),
        );
        writeln!(
            out,
            "a run that can't be read  {}",
            word.style(styles.warning)
        )?;
        writeln!(out, "    started {started}")?;
        writeln!(out, "    {}", Untrusted(name_of(run)).terminal())?;
    }
    Ok(())
}

/// What is readable of a run's name: the digest of its plan.
fn name_of(run: &UnreadRun) -> &str {
    let name = run.workflow.strip_prefix("wf-bulk ");
    name.unwrap_or(&run.workflow)
}

/// The same for scripts.
///
/// # Errors
///
/// The errors of `out`.
pub fn write_engine_runs_json(
    listing: &TeamListing,
    page: &dyn Fn(&TeamRun) -> Option<String>,
    out: &mut dyn Write,
) -> io::Result<()> {
    out.write_all(b"{")?;
    let mut list = JsonList::new(out, "engine")?;
    for run in &listing.runs {
        let settings = &run.settings;
        let (stopped, ended_at) = match &run.standing {
            TeamStanding::Stopped(reason) => (reason.as_ref().map(StoppedDocument::from), None),
            TeamStanding::Finished { at } => (None, Some(at)),
            TeamStanding::Abandoned(abandoned) => (None, Some(&abandoned.at)),
            TeamStanding::Running | TeamStanding::Cut => (None, None),
        };
        list.add(&EngineRunDocument {
            run: settings.run.to_string(),
            standing: match &run.standing {
                TeamStanding::Cut => "cut",
                standing => word(standing),
            },
            stopped,
            playbook: &settings.playbook,
            server: &settings.server,
            org: settings.org.as_deref(),
            plan_sha256: &settings.plan_sha256,
            changes: run.changes,
            outcomes: run.is_counted.then_some(&run.counts),
            started_at: settings.started_at.to_string(),
            ended_at: ended_at.map(ToString::to_string),
            by: settings.by.as_ref(),
            reason: settings.reason.as_deref(),
            page: page(run),
        })?;
    }
    list.finish()?;
    out.write_all(b",")?;
    let mut list = JsonList::new(out, "unreadable")?;
    for run in &listing.unread {
        list.add(&UnreadRunDocument {
            workflow: &run.workflow,
            standing: if run.is_running { "running" } else { "ended" },
            started_at: run.started_at.map(|at| at.to_string()),
            reason: &run.reason,
        })?;
    }
    list.finish()?;
    out.write_all(b"}\n")
}

/// The document of a run that is left to the workers.
///
/// # Errors
///
/// The errors of `out`.
pub fn write_detached_json(settings: &RunSettings, out: &mut dyn Write) -> io::Result<()> {
    let document = DetachedDocument {
        run: settings.run.to_string(),
        plan_sha256: &settings.plan_sha256,
        engine: settings.engine.as_deref(),
        exit_code: 0,
    };
    let mut text = text::json::to_string(&document)?;
    text.push('\n');
    out.write_all(text.as_bytes())
}
