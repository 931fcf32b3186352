//! The view of a plan that all formats lay out.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::plan::{Effect, Fields, Follows};

use super::{
    plan_forecast,
    plan_report::PlanReport,
    plan_summary::NotShown,
    plan_words::PlanWords,
    to_apply::{ToApply, WhyNot},
};

/// The content of each format, except for lists that grow with the plan.
///
/// Serialised, it is the document of `--json`: scripts depend on its names.
#[derive(Debug, Serialize)]
pub(super) struct PlanView<'a> {
    plan_sha256: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_by: Option<&'a str>,
    pub(super) playbook: &'a str,
    pub(super) server: &'a str,
    pub(super) org: Option<&'a str>,
    pub(super) now: Timestamp,
    pub(super) made_at: Timestamp,
    pub(super) timezone: &'a str,
    pub(super) vars: &'a Fields,
    /// Executions that were scanned.
    /// The run that it undoes or continues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) follows: Option<&'a Follows>,
    pub(super) scanned: u64,
    pub(super) changes: u64,
    /// Executions with a change.
    pub(super) executions: u64,
    pub(super) irreversible: u64,
    /// Whether a second plan after the run has no change.
    idempotent: bool,
    /// The actions that are not idempotent.
    not_idempotent: Vec<&'static str>,
    pub(super) skipped: u64,
    /// Targets out of reach, which `skipped` does not include.
    pub(super) out_of_reach: u64,
    pub(super) rejected: u64,
    pub(super) effects: &'a BTreeMap<Effect, u64>,
    /// The forecast.
    pub(super) forecast: plan_forecast::ForecastDocument<'a>,
    pub(super) broken_guards: &'a [String],
    /// The notes.
    pub(super) notes: &'a [String],
    /// The command that applies exactly this plan; none if it has no changes, or would be refused.
    pub(super) apply: Option<&'a str>,
    /// The reasons for which it would be refused.
    pub(super) refused: &'a [WhyNot],
    pub(super) groups: Vec<ChangeGroup<'a>>,
    /// What the groups leave out.
    pub(super) not_shown: NotShown,
    pub(super) skips: Vec<SkipGroup<'a>>,
    /// For text formats only.
    #[serde(skip)]
    pub(super) words: PlanWords<'a>,
}

/// Equal changes of one field, with the same texts as in the other formats.
#[derive(Debug, Serialize)]
pub(super) struct ChangeGroup<'a> {
    pub(super) count: u64,
    /// The level.
    pub(super) on: &'static str,
    pub(super) actions: &'a str,
    pub(super) field: &'a str,
    pub(super) delta: String,
    /// The targets, if there are few.
    pub(super) targets: &'a [String],
}

#[derive(Debug, Serialize)]
pub(super) struct SkipGroup<'a> {
    pub(super) count: u64,
    pub(super) out_of_reach: bool,
    pub(super) reason: &'a str,
    pub(super) targets: &'a [String],
}

impl PlanReport<'_> {
    /// `apply` is how to apply exactly this plan.
    pub(super) fn view<'a>(&'a self, apply: &'a ToApply) -> PlanView<'a> {
        let summary = self.summary;
        let groups = summary.groups().into_iter().map(|line| ChangeGroup {
            count: line.count,
            on: line.on,
            actions: line.what,
            field: line.field,
            delta: line.delta,
            targets: line.few,
        });
        let skips = summary.skips().into_iter().map(|line| SkipGroup {
            count: line.count,
            out_of_reach: line.out_of_reach.is_some(),
            reason: line.what,
            targets: line.few,
        });
        PlanView {
            plan_sha256: self.sha256,
            signed_by: self.signed_by,
            playbook: &self.header.playbook.name,
            server: &self.header.server,
            org: self.header.org.as_deref(),
            now: self.header.now,
            made_at: self.header.made_at(),
            timezone: &self.header.timezone,
            vars: &self.header.vars,
            follows: self.header.follows.as_ref(),
            scanned: self.trailer.scanned,
            changes: self.trailer.changes,
            executions: self.trailer.groups,
            irreversible: summary.irreversible(),
            idempotent: self.header.playbook.converges,
            not_idempotent: summary.not_idempotent().collect(),
            skipped: summary.skipped_total(),
            out_of_reach: summary.out_of_reach_total(),
            rejected: self.trailer.rejected,
            effects: &summary.forecast.counts,
            forecast: summary.forecast.document(),
            broken_guards: &self.broken_guards,
            notes: &self.trailer.notes,
            apply: apply.command(),
            refused: apply.refused(),
            groups: groups.collect(),
            not_shown: summary.not_shown,
            skips: skips.collect(),
            words: self.words(),
        }
    }
}
