//! The report of a plan, for every format.

use std::io;

use crate::{
    pace::Pace,
    plan::{Change, Item, PlanHeader, PlanItems, Rejection, Trailer, Undo},
};

use super::plan_summary::PlanSummary;

/// A plan that was read completely, with a correct digest, and the context in which it is shown.
///
/// Each format is a method in its own file.
#[derive(Clone, Debug)]
pub struct PlanReport<'a> {
    pub header: &'a PlanHeader,
    pub trailer: &'a Trailer,
    /// The SHA-256 of the file.
    pub sha256: &'a str,
    /// The signer, if the signature was checked.
    pub signed_by: Option<&'a str>,
    pub summary: &'a PlanSummary,
    /// The plan's lines, for items that are listed one by one.
    pub items: &'a dyn PlanItems,
    /// The pace with which it would be applied.
    pub pace: &'a Pace,
    /// Whether each execution is re-checked.
    pub rechecks: bool,
    /// Broken guards, one sentence each.
    pub broken_guards: Vec<String>,
    /// The command that shows each change, if the plan is in a file.
    pub show_each: Option<String>,
}

impl PlanReport<'_> {
    /// Visits the changes, in the plan's order.
    ///
    /// # Errors
    ///
    /// If the plan can't be read again, and the errors of `visit`.
    pub(super) fn each_change(
        &self,
        visit: &mut dyn FnMut(&Change) -> io::Result<()>,
    ) -> io::Result<()> {
        self.items.each(&mut |item| match item {
            Item::Change(change) => visit(change),
            Item::Skipped(_) | Item::Rejected(_) => Ok(()),
        })
    }

    /// Visits the irreversible changes, in the plan's order.
    ///
    /// # Errors
    ///
    /// If the plan can't be read again, and the errors of `visit`.
    pub(super) fn each_irreversible(
        &self,
        visit: &mut dyn FnMut(&Change) -> io::Result<()>,
    ) -> io::Result<()> {
        self.each_change(&mut |change| {
            if is_irreversible(change) {
                visit(change)
            } else {
                Ok(())
            }
        })
    }

    /// Visits the rejections, in the plan's order.
    ///
    /// # Errors
    ///
    /// If the plan can't be read again, and the errors of `visit`.
    pub(super) fn each_rejected(
        &self,
        visit: &mut dyn FnMut(&Rejection) -> io::Result<()>,
    ) -> io::Result<()> {
        self.items.each(&mut |item| match item {
            Item::Rejected(rejection) => visit(rejection),
            Item::Change(_) | Item::Skipped(_) => Ok(()),
        })
    }
}

pub(super) const fn is_irreversible(change: &Change) -> bool {
    match change.undo {
        Undo::None(_) => true,
        Undo::Request(_) => false,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use jiff::tz::TimeZone;
    use serde_json::json;

    use super::*;
    use crate::plan::Item;

    /// What the tests of all formats show.
    #[derive(Debug)]
    pub(in crate::present::report) struct PlanSample {
        pub(in crate::present::report) items: Vec<Item>,
        pub(in crate::present::report) converges: bool,
        pub(in crate::present::report) broken_guards: Vec<String>,
        pub(in crate::present::report) rechecks: bool,
        pub(in crate::present::report) pace: Pace,
        pub(in crate::present::report) show_each: Option<String>,
    }

    impl From<Vec<Item>> for PlanSample {
        fn from(items: Vec<Item>) -> Self {
            Self {
                items,
                converges: true,
                broken_guards: Vec::new(),
                rechecks: true,
                pace: Pace::default(),
                show_each: Some("wf-bulk show x.plan --format html".to_owned()),
            }
        }
    }

    impl PlanSample {
        /// Hands over the report of a plan with these items.
        pub(in crate::present::report) fn report<T>(
            &self,
            show: impl FnOnce(&PlanReport<'_>) -> T,
        ) -> T {
            let header: PlanHeader = serde_json::from_value(json!({
                "wf_bulk_plan": 1,
                "playbook": {"name": "reassign-leaver", "sha256": "00", "converges": self.converges, "repeatable": false},
                "vars": {"leaver": "10010"}, "server": "sandbox", "org": "4711", "now": "2026-12-01T08:00:00Z",
                "timezone": "Europe/Berlin",
                "pace": {"rate": "8/s", "burst": 4, "concurrency": 4, "stop_after": 10},
                "guards": {"max_changes": 500, "allow": [], "rejected": "refuse"},
                "tool": "wf-bulk 0.1.0",
            }))
            .unwrap();
            let mut summary = PlanSummary::new(TimeZone::UTC);
            let mut trailer = Trailer {
                scanned: 2_000,
                ..Trailer::default()
            };
            let mut groups = BTreeSet::new();
            for item in &self.items {
                summary.add(item);
                match item {
                    Item::Change(change) => {
                        trailer.changes += 1;
                        groups.insert(change.group.clone());
                    }
                    Item::Skipped(_) => trailer.skipped += 1,
                    Item::Rejected(_) => trailer.rejected += 1,
                }
            }
            trailer.groups = groups.len() as u64;
            show(&PlanReport {
                header: &header,
                trailer: &trailer,
                sha256: &"5e".repeat(32),
                signed_by: None,
                summary: &summary,
                items: &self.items,
                pace: &self.pace,
                rechecks: self.rechecks,
                broken_guards: self.broken_guards.clone(),
                show_each: self.show_each.clone(),
            })
        }
    }
}
