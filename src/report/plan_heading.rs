//! The first lines of a plan's text.

use std::io::{self, Write};

use jiff::{Timestamp, tz::TimeZone};
use owo_colors::OwoColorize as _;

use crate::{api::Level, plan::Header, styles::Styles, text::Untrusted};

use super::{plan_summary::PlanSummary, units::count};

/// What stands above everything: what was planned, from where, as of when.
#[derive(Clone, Copy, Debug)]
pub struct Heading<'a> {
    pub playbook: &'a str,
    pub server: &'a str,
    pub org: Option<&'a str>,
    pub now: Timestamp,
    /// The name of the playbook's time zone.
    pub timezone: &'a str,
}

impl<'a> From<&'a Header> for Heading<'a> {
    fn from(header: &'a Header) -> Self {
        Self {
            playbook: &header.playbook.name,
            server: &header.server,
            org: header.org.as_deref(),
            now: header.now,
            timezone: &header.timezone,
        }
    }
}

impl Heading<'_> {
    pub(super) fn write(
        &self,
        out: &mut dyn Write,
        summary: &PlanSummary,
        scanned: u64,
        styles: Styles,
    ) -> io::Result<()> {
        let Heading {
            playbook,
            server,
            org,
            now,
            timezone,
        } = *self;
        let playbook = Untrusted(playbook).terminal();
        write!(
            out,
            "{}  on {}",
            playbook.style(styles.strong),
            Untrusted(server).terminal()
        )?;
        if let Some(org) = org {
            write!(out, ", org {}", Untrusted(org).terminal())?;
        }
        // A plan from a machine that knows more zones than this one still shows its moment.
        let (zone, zone_name) = match TimeZone::get(timezone) {
            Ok(zone) => (zone, timezone),
            Err(_) => (TimeZone::UTC, "UTC"),
        };
        let now = zone.to_datetime(now);
        writeln!(
            out,
            ", as of {} {}",
            now.strftime("%Y-%m-%d %H:%M"),
            Untrusted(zone_name).terminal()
        )?;

        write!(out, "scanned {}, ", summary.executions(scanned))?;
        let executions = summary.executions(summary.executions);
        let parts: Vec<String> = summary
            .targets
            .iter()
            .map(|(level, number)| match level {
                Level::Execution => summary.executions(*number),
                Level::Entity => count(*number, "entity", "entities"),
                Level::Step => count(*number, "step", "steps"),
                Level::Phase => count(*number, "phase", "phases"),
                Level::Task => count(*number, "task", "tasks"),
            })
            .collect();
        if parts.is_empty() {
            writeln!(out, "selected none")
        } else if summary.targets.keys().eq([&Level::Execution]) || summary.is_of_entities() {
            writeln!(out, "selected {executions}")
        } else {
            writeln!(out, "selected {} in {executions}", parts.join(" and "))
        }
    }
}
