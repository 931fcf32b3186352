//! What is said of a plan in whatever format: our own words and numbers, nothing from outside but the zone's name.

use std::{io, time::Duration};

use crate::{
    api::Level,
    dates,
    plan::{Item, Undo},
    playbook::Rejected,
};

use super::{
    plan_report::PlanReport,
    units::{count, rough, thousands},
    words,
};

impl PlanReport<'_> {
    /// `2026-12-01 09:00 Europe/Berlin`: what relative dates count from, on the wall clock of the playbook's zone.
    pub(super) fn moment(&self) -> String {
        dates::on_wall_clock(self.header.now, &self.header.timezone)
    }

    /// When the plan was made, where that is another moment.
    pub(super) fn made_at(&self) -> Option<String> {
        let made_at = self.header.made_at?;
        Some(dates::on_wall_clock(made_at, &self.header.timezone))
    }

    /// `scanned 2,000 flows, selected 142 tasks in 51 flows`.
    pub(super) fn selected(&self) -> String {
        let summary = self.summary;
        let scanned = summary.executions(self.trailer.scanned);
        let executions = summary.executions(summary.executions);
        let parts: Vec<String> = summary
            .targets
            .iter()
            .map(|(level, number)| summary.counted(*level, *number))
            .collect();
        let selected = if parts.is_empty() {
            // Of which generation they are is known by what is selected.
            return format!("scanned {}, selected none", thousands(self.trailer.scanned));
        } else if summary.targets.keys().eq([&Level::Execution]) || summary.is_of_entities() {
            executions
        } else {
            format!("{} in {executions}", parts.join(" and "))
        };
        format!("scanned {scanned}, selected {selected}")
    }

    /// How large it is and how long it takes, what holds it back, what can't be undone: a line each.
    pub(super) fn totals(&self) -> Vec<String> {
        if self.trailer.changes == 0 {
            return vec![self.no_changes()];
        }
        let mut lines = vec![self.size()];
        lines.extend(self.stages());
        lines.extend(self.error_budget());
        lines.extend(self.no_way_back());
        lines
    }

    /// `140 changes in 49 flows: 140 writes, 49 re-checks, about 24 s at 8/s`.
    pub(super) fn size(&self) -> String {
        let changes = self.trailer.changes;
        let size = format!(
            "{} in {}: {}",
            count(changes, "change", "changes"),
            self.summary.executions(self.trailer.groups),
            count(changes, "write", "writes"),
        );
        let (span, rate) = self.time();
        match self.rereads() {
            0 => format!("{size}, about {span} at {rate}"),
            rechecks => {
                let rechecks = count(rechecks, "re-check", "re-checks");
                format!("{size}, {rechecks}, about {span} at {rate}")
            }
        }
    }

    /// Executions that are read once more before their writes.
    fn rereads(&self) -> u64 {
        if self.rechecks && !self.summary.is_of_entities() {
            self.trailer.groups
        } else {
            0
        }
    }

    /// About how long it takes, and at which rate.
    pub(super) fn time(&self) -> (String, String) {
        let rate = self.pace.rate;
        #[expect(
            clippy::cast_precision_loss,
            reason = "an estimate that is shown with two digits"
        )]
        let seconds = (self.trailer.changes + self.rereads()) as f64 / rate.per_second();
        let span = Duration::try_from_secs_f64(seconds)
            .unwrap_or(Duration::MAX)
            .max(Duration::from_secs(1));
        (rough(span), rate.to_string())
    }

    pub(super) fn stages(&self) -> Option<String> {
        let stages: Vec<String> = self
            .pace
            .stages_of(self.trailer.groups)
            .iter()
            .map(|stage| thousands(stage.end - stage.start))
            .collect();
        match &stages[..] {
            [] | [_] => None,
            [stages @ .., last] => Some(format!(
                "in stages of {} and {last}: one begins when nothing has failed in the one before",
                stages.join(", ")
            )),
        }
    }

    pub(super) fn error_budget(&self) -> Option<String> {
        let errors = self.pace.max_errors_of(self.trailer.changes)?;
        let most = count(
            errors,
            "change fails or is in doubt",
            "changes fail or are in doubt",
        );
        Some(format!("stops as soon as {most}"))
    }

    /// What is said of a plan without changes.
    pub(super) fn no_changes(&self) -> String {
        match self.summary.out_of_reach() {
            None => "no changes: there is nothing to do".to_owned(),
            Some(left) => {
                format!("no changes; out of reach: {left}")
            }
        }
    }

    /// How much can't be undone. That the rest can is not said: no command does it.
    pub(super) fn no_way_back(&self) -> Option<String> {
        match self.summary.irreversible() {
            0 => None,
            all if all == self.trailer.changes => Some("none can be undone".to_owned()),
            some => Some(format!("{} can't be undone", thousands(some))),
        }
    }

    /// What else happens because of the changes, as far as it is known: a line each, escaped.
    pub(super) fn causes(&self) -> Vec<String> {
        if self.trailer.changes == 0 {
            return Vec::new();
        }
        let noun = |level, number| self.summary.noun(level, number);
        self.summary.forecast.lines(&noun)
    }

    /// What stands above the rejected items.
    pub(super) fn rejected_title(&self) -> String {
        let number = thousands(self.trailer.rejected);
        match self.header.guards.rejected {
            Rejected::Refuse => {
                format!("{number} rejected: they can't be planned, so the plan is refused")
            }
            Rejected::Allow => format!("{number} rejected: they can't be planned and are left out"),
        }
    }

    /// Each change that can't be undone, in the plan's order, escaped.
    pub(super) fn each_irreversible(
        &self,
        visit: &mut dyn FnMut(String) -> io::Result<()>,
    ) -> io::Result<()> {
        self.items.each(&mut |item| match item {
            Item::Change(change) => match &change.undo {
                Undo::None(_) => visit(words::change(change)),
                Undo::Request(_) => Ok(()),
            },
            Item::Skipped(_) | Item::Rejected(_) => Ok(()),
        })
    }

    /// All that could not be planned, in the plan's order, escaped.
    pub(super) fn each_rejected(
        &self,
        visit: &mut dyn FnMut(String) -> io::Result<()>,
    ) -> io::Result<()> {
        self.items.each(&mut |item| match item {
            Item::Rejected(rejection) => visit(words::rejection(rejection)),
            Item::Change(_) | Item::Skipped(_) => Ok(()),
        })
    }
}
