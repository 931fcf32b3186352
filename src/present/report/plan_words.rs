//! The sentences about a plan that every format shows. They contain only our own text and numbers, unless stated otherwise.

use std::time::Duration;

use serde::Serialize;

use crate::{
    api::Level,
    dates,
    plan::{FollowUp, Follows},
    playbook::Rejected,
    text::Untrusted,
};

use super::{
    plan_report::PlanReport,
    tally::Sample,
    units::{count, rough, thousands},
};

/// The sentences about a plan, made once for all formats.
#[derive(Debug, Serialize)]
pub(super) struct PlanWords<'a> {
    /// `2026-12-01 09:00 Europe/Berlin`: the reference time for relative dates, on the wall clock of the playbook's zone, whose name comes
    /// from outside.
    pub(super) as_of: String,
    /// When the plan was made, if different.
    pub(super) made: Option<String>,
    /// `undoes run 01a2…`: what the plan does with an earlier run.
    pub(super) follows: Option<String>,
    /// `scanned 2,000 flows, selected 142 tasks in 51 flows`.
    pub(super) selected: String,
    /// `49 flows`: the executions with changes.
    pub(super) executions: String,
    /// `140 changes in 49 flows: 140 writes, 49 re-checks, about 24 s at 8/s`. For a plan without changes, the reason, which contains names
    /// of variables from the service.
    pub(super) size: String,
    /// The estimated duration, and the rate.
    pub(super) time: Option<(String, String)>,
    /// The limits of the run: stages, permitted failures; and that it is not idempotent.
    pub(super) limits: Vec<String>,
    /// How many changes can be undone, or can't. None without changes.
    pub(super) way_back: Option<String>,
    /// Why the lines of the groups add up to more than the changes; none if they don't.
    pub(super) several_lines: Option<&'static str>,
    /// What the texts leave out, and where it is.
    pub(super) not_shown: Option<String>,
    /// The forecast. Escaped.
    pub(super) causes: Vec<String>,
    pub(super) rejected: Option<Listing<'a>>,
    pub(super) irreversible: Option<Listing<'a>>,
}

/// Items that a reader should check one by one.
#[derive(Debug, Serialize)]
pub(super) struct Listing<'a> {
    pub(super) title: String,
    /// Escaped.
    pub(super) why: String,
    /// The first few, escaped.
    pub(super) first: &'a [String],
    /// How many more there are.
    pub(super) more: u64,
}

impl<'a> Listing<'a> {
    /// None if there are no items.
    fn of(sample: &'a Sample, title: String, why: String) -> Option<Self> {
        (sample.total() > 0).then(|| Self {
            title,
            why,
            first: sample.lines(),
            more: sample.more(),
        })
    }

    pub(super) fn total(&self) -> u64 {
        self.first.len() as u64 + self.more
    }
}

impl PlanWords<'_> {
    /// The size and the duration, the limits, and the irreversible changes: one line each.
    pub(super) fn totals(&self) -> impl Iterator<Item = &String> {
        [&self.size]
            .into_iter()
            .chain(&self.limits)
            .chain(&self.way_back)
    }
}

/// An id has no characters that have to be escaped.
fn follows(follows: &Follows) -> String {
    let run = &follows.run;
    match follows.by {
        FollowUp::Undo => format!("undoes run {run}"),
        FollowUp::Retry => format!("makes what run {run} did not make"),
        FollowUp::Reconcile => format!("corrects tasks whose automations run {run} has started"),
    }
}

impl PlanReport<'_> {
    /// `shortened or left out here: values of 30 changes (each: wf-bulk show x.plan --format html)`.
    fn not_shown(&self) -> Option<String> {
        let changes = self.summary.not_shown.changes;
        let each = self.show_each.as_ref();
        let each = each.map_or_else(String::new, |each| {
            format!(" (each: {})", Untrusted(each).terminal())
        });
        (changes > 0).then(|| {
            format!(
                "shortened or left out here: values of {}{each}",
                count(changes, "change", "changes")
            )
        })
    }

    fn several_lines(&self) -> Option<&'static str> {
        let groups = self.summary.groups();
        let lines: u64 = groups.iter().map(|group| group.count).sum();
        (lines > self.trailer.changes)
            .then_some("a change of several fields is counted in a line for each of them")
    }

    pub(super) fn words(&self) -> PlanWords<'_> {
        let on_wall_clock = |moment| dates::on_wall_clock(moment, &self.header.timezone);
        let summary = self.summary;
        let has_changes = self.trailer.changes > 0;
        let time = has_changes.then(|| self.time());
        let irreversible = count(summary.irreversible(), "change", "changes");
        let noun = |level, number| summary.noun(level, number);
        PlanWords {
            as_of: on_wall_clock(self.header.now),
            made: self.header.made_at.map(on_wall_clock),
            follows: self.header.follows.as_ref().map(follows),
            selected: self.selected(),
            executions: summary.executions(self.trailer.groups),
            size: time
                .as_ref()
                .map_or_else(|| self.no_changes(), |time| self.size(time)),
            time,
            limits: [self.stages(), self.error_budget(), self.again()]
                .into_iter()
                .flatten()
                .filter(|_| has_changes)
                .collect(),
            way_back: self.way_back(),
            several_lines: self.several_lines(),
            not_shown: self.not_shown(),
            causes: if has_changes {
                summary.forecast.lines(&noun)
            } else {
                Vec::new()
            },
            rejected: Listing::of(&summary.rejected, self.rejected_title(), String::new()),
            irreversible: Listing::of(
                &summary.irreversible,
                format!("{irreversible} can't be undone{}", summary.in_full()),
                summary.why_irreversible(),
            ),
        }
    }

    fn selected(&self) -> String {
        let summary = self.summary;
        let scanned = summary.executions(self.trailer.scanned);
        let executions = summary.executions(summary.executions);
        let parts: Vec<String> = summary
            .targets
            .iter()
            .map(|(level, number)| summary.counted(*level, *number))
            .collect();
        let selected = if parts.is_empty() {
            // Their generation follows from the selected targets.
            return format!("scanned {}, selected none", thousands(self.trailer.scanned));
        } else if summary.targets.keys().eq([&Level::Execution]) || summary.is_of_entities() {
            executions
        } else {
            format!("{} in {executions}", parts.join(" and "))
        };
        if self.trailer.scanned == 0 {
            // Executions that the plan can't change are not read, as in the undo of a `start`.
            return format!("selected {selected}");
        }
        format!("scanned {scanned}, selected {selected}")
    }

    fn size(&self, (span, rate): &(String, String)) -> String {
        let changes = self.trailer.changes;
        let size = format!(
            "{} in {}: {}",
            count(changes, "change", "changes"),
            self.summary.executions(self.trailer.groups),
            count(changes, "write", "writes"),
        );
        match self.rereads() {
            0 => format!("{size}, about {span} at {rate}"),
            rechecks => {
                let rechecks = count(rechecks, "re-check", "re-checks");
                format!("{size}, {rechecks}, about {span} at {rate}")
            }
        }
    }

    /// Executions that are re-checked.
    fn rereads(&self) -> u64 {
        if self.rechecks && !self.summary.is_of_entities() {
            self.trailer.groups
        } else {
            0
        }
    }

    fn time(&self) -> (String, String) {
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

    fn stages(&self) -> Option<String> {
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

    fn error_budget(&self) -> Option<String> {
        let errors = self.pace.max_errors_of(self.trailer.changes)?;
        let most = count(
            errors,
            "change fails or is in doubt",
            "changes fail or are in doubt",
        );
        Some(format!("stops as soon as {most}"))
    }

    fn no_changes(&self) -> String {
        match self.summary.out_of_reach() {
            None => "no changes: there is nothing to do".to_owned(),
            Some(left) => {
                format!("no changes; out of reach: {left}")
            }
        }
    }

    /// `not idempotent (shift_due_date): a second plan after the run changes the same targets again`.
    fn again(&self) -> Option<String> {
        if self.header.playbook.converges {
            return None;
        }
        let actions: Vec<&str> = self.summary.not_idempotent().collect();
        let actions = match &actions[..] {
            [] => String::new(),
            actions => format!(" ({})", actions.join(", ")),
        };
        Some(format!(
            "not idempotent{actions}: a second plan after the run changes the same targets again"
        ))
    }

    /// `all can be undone`: by the function that plans the undo.
    fn way_back(&self) -> Option<String> {
        let all = self.trailer.changes;
        let not_all = self.summary.irreversible();
        let in_part = self.summary.undone_in_part;
        let never = not_all - in_part;
        // Of the plan of an undo: the undo itself.
        let it = match &self.header.follows {
            Some(follows) if follows.by == FollowUp::Undo => "this undo: ",
            Some(_) | None => "",
        };
        let said = match (never, in_part) {
            _ if all == 0 => return None,
            (0, 0) => "all can be undone".to_owned(),
            (never, 0) if never == all => "none can be undone".to_owned(),
            (never, 0) => format!("{} can't be undone", thousands(never)),
            (0, in_part) => format!("{} can be undone only in part", thousands(in_part)),
            (never, in_part) => format!(
                "{} can't be undone, and {} only in part",
                thousands(never),
                thousands(in_part)
            ),
        };
        Some(format!("{it}{said}"))
    }

    fn rejected_title(&self) -> String {
        let number = thousands(self.trailer.rejected);
        match self.header.guards.rejected {
            Rejected::Refuse => {
                format!("{number} rejected: they can't be planned, so the plan is refused")
            }
            Rejected::Allow => format!("{number} rejected: they can't be planned and are left out"),
        }
    }
}
