//! The differences between two plans, grouped and counted in bounded memory.

use std::io;

use jiff::tz::TimeZone;

use crate::plan::{
    Change, Difference, Fate, HeaderDifference, Item, LeftOut, PlanHeader, PlanItems, Trailer,
    diff, diff_left_out, header_differences,
};

use super::{
    plan_diff_words,
    plan_report::is_irreversible,
    plan_summary::PlanSummary,
    tally::Tally,
    units::{count, thousands},
    words,
};

/// A plan that was read completely, with a correct digest.
#[derive(Clone, Copy, Debug)]
pub struct DiffSide<'a> {
    /// Its path.
    pub path: &'a str,
    pub header: &'a PlanHeader,
    pub trailer: &'a Trailer,
    /// The SHA-256 of the file.
    pub sha256: &'a str,
    pub items: &'a dyn PlanItems,
}

/// Two plans and their differences. Each format is a method in its own file.
#[derive(Debug)]
pub struct DiffReport<'a> {
    pub(super) reviewed: DiffSide<'a>,
    pub(super) now: DiffSide<'a>,
    pub(super) header: Vec<HeaderDifference>,
    pub(super) counts: DiffCounts,
    pub(super) added: PlanSummary,
    pub(super) removed: PlanSummary,
    pub(super) altered: Tally,
    /// Irreversible changes that were not reviewed.
    pub(super) irreversible: u64,
    pub(super) skipped: LeftOutTallies,
    pub(super) rejected: LeftOutTallies,
}

/// The numbers of different and of equal changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DiffCounts {
    pub(super) added: u64,
    pub(super) removed: u64,
    pub(super) altered: u64,
    pub(super) unchanged: u64,
}

impl DiffCounts {
    /// The changes are the same.
    pub(super) const fn is_same(self) -> bool {
        self.added == 0 && self.removed == 0 && self.altered == 0
    }
}

/// The reasons for leaving targets out, by kind of difference.
#[derive(Debug, Default)]
pub(super) struct LeftOutTallies {
    pub(super) added: Tally,
    pub(super) removed: Tally,
    pub(super) altered: Tally,
}

impl LeftOutTallies {
    pub(super) fn total(&self) -> u64 {
        self.added.total() + self.removed.total() + self.altered.total()
    }

    /// Each with the words before its reasons.
    pub(super) fn titled(&self) -> [(&Tally, &'static str); 3] {
        [
            (&self.added, "now: "),
            (&self.removed, "no more: "),
            (&self.altered, "for another reason: "),
        ]
    }

    fn add(&mut self, difference: &LeftOut) {
        let place = |tally: &mut Tally, one| {
            tally.add(words::left_out_reason(one), None, || {
                Some(words::left_out(one))
            });
        };
        match difference {
            LeftOut::Added(now) => place(&mut self.added, now),
            LeftOut::Removed(reviewed) => place(&mut self.removed, reviewed),
            LeftOut::Altered { now, .. } => place(&mut self.altered, now),
        }
    }
}

impl<'a> DiffReport<'a> {
    /// Compares two plans completely.
    ///
    /// # Errors
    ///
    /// If one of them can't be read any more, or the disk is full.
    pub fn new(reviewed: DiffSide<'a>, now: DiffSide<'a>) -> io::Result<Self> {
        let zone = TimeZone::get(&now.header.timezone).unwrap_or(TimeZone::UTC);
        let header = header_differences(
            (reviewed.header, reviewed.trailer),
            (now.header, now.trailer),
        );
        let mut report = Self {
            reviewed,
            now,
            header,
            counts: DiffCounts::default(),
            added: PlanSummary::new(zone.clone()),
            removed: PlanSummary::new(zone.clone()),
            altered: Tally::default(),
            irreversible: 0,
            skipped: LeftOutTallies::default(),
            rejected: LeftOutTallies::default(),
        };
        report.counts.unchanged = diff(reviewed.items, now.items, &mut |difference| {
            report.add(difference, &zone);
            Ok(())
        })?;
        for (fate, tallies) in [
            (Fate::Skipped, &mut report.skipped),
            (Fate::Rejected, &mut report.rejected),
        ] {
            diff_left_out(fate, reviewed.items, now.items, &mut |difference| {
                tallies.add(&difference);
                Ok(())
            })?;
        }
        Ok(report)
    }

    /// Whether applying either plan does the same, now or later.
    pub fn is_same(&self) -> bool {
        self.counts.is_same()
            && self.rejected.total() == 0
            && !self.header.iter().any(HeaderDifference::decides)
    }

    /// `0 changes added, 1 removed, 2 altered, 135 the same`.
    pub(super) fn totals(&self) -> String {
        let DiffCounts {
            added,
            removed,
            altered,
            unchanged,
        } = self.counts;
        if !self.counts.is_same() {
            return format!(
                "{} added, {} removed, {} altered, {} the same",
                count(added, "change", "changes"),
                thousands(removed),
                thousands(altered),
                thousands(unchanged)
            );
        }
        let same = count(unchanged, "change", "changes");
        let so = if self.is_same() {
            ": applying either does the same"
        } else {
            ", but what decides about them differs"
        };
        format!("the same {same} in both plans{so}")
    }

    /// Visits the changes that `of` selects from the differences.
    ///
    /// # Errors
    ///
    /// If a plan can't be read again, and the errors of `visit`.
    pub(super) fn each_difference(
        &self,
        of: fn(&Difference) -> Option<&Change>,
        visit: &mut dyn FnMut(&Change) -> io::Result<()>,
    ) -> io::Result<()> {
        let visit = &mut |difference: Difference| match of(&difference) {
            Some(change) => visit(change),
            None => Ok(()),
        };
        diff(self.reviewed.items, self.now.items, visit).map(drop)
    }

    /// Visits the irreversible changes that were not reviewed in this form.
    ///
    /// # Errors
    ///
    /// If a plan can't be read again, and the errors of `visit`.
    pub(super) fn each_irreversible(
        &self,
        visit: &mut dyn FnMut(&Change) -> io::Result<()>,
    ) -> io::Result<()> {
        self.each_difference(not_reviewed, &mut |change| {
            if is_irreversible(change) {
                visit(change)
            } else {
                Ok(())
            }
        })
    }

    /// Visits a line for each rejection that differs.
    ///
    /// # Errors
    ///
    /// If a plan can't be read again, and the errors of `visit`.
    pub(super) fn each_rejected(
        &self,
        visit: &mut dyn FnMut(&str) -> io::Result<()>,
    ) -> io::Result<()> {
        diff_left_out(
            Fate::Rejected,
            self.reviewed.items,
            self.now.items,
            &mut |difference| visit(&plan_diff_words::rejected(&difference)),
        )
    }

    fn add(&mut self, difference: Difference, zone: &TimeZone) {
        if not_reviewed(&difference).is_some_and(is_irreversible) {
            self.irreversible += 1;
        }
        match difference {
            Difference::Added(change) => {
                self.counts.added += 1;
                self.added.add(&Item::Change(change));
            }
            Difference::Removed(change) => {
                self.counts.removed += 1;
                self.removed.add(&Item::Change(change));
            }
            Difference::Altered {
                reviewed,
                now,
                aspects,
            } => {
                self.counts.altered += 1;
                let text = plan_diff_words::altered(&reviewed, &now, &aspects, zone);
                // Irreversible changes are listed anyway.
                self.altered.add(text, None, || {
                    (!is_irreversible(&now)).then(|| words::target(&now.target))
                });
            }
        }
    }
}

/// Changes that would be applied and were not reviewed.
pub(super) fn not_reviewed(difference: &Difference) -> Option<&Change> {
    match difference {
        Difference::Added(now) | Difference::Altered { now, .. } => Some(now),
        Difference::Removed(_) => None,
    }
}
