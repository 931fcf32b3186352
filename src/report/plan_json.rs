//! A plan as one JSON document: what the other formats say, for programs. Every single change is in the plan file,
//! which is JSON Lines itself.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    plan::{Effect, Fields, Item, Undo},
    text,
};

use super::{
    plan_forecast,
    plan_report::PlanReport,
    plan_summary::SummaryLine,
    to_apply::{ToApply, WhyNot},
};

/// Its names are a promise to scripts. The lists that grow with the plan follow it.
#[derive(Debug, Serialize)]
struct PlanDocument<'a> {
    plan_sha256: &'a str,
    playbook: &'a str,
    server: &'a str,
    org: Option<&'a str>,
    now: Timestamp,
    made_at: Timestamp,
    timezone: &'a str,
    vars: &'a Fields,
    /// Executions that were looked at.
    scanned: u64,
    changes: u64,
    /// Executions with a change.
    executions: u64,
    irreversible: u64,
    skipped: u64,
    /// Counted apart from what is skipped: what is not as the playbook wants it, and no action changes.
    out_of_reach: u64,
    rejected: u64,
    effects: &'a BTreeMap<Effect, u64>,
    /// What the changes cause elsewhere, at most, as far as it is known.
    forecast: plan_forecast::ForecastDocument<'a>,
    broken_guards: &'a [String],
    /// What was named and not found.
    notes: &'a [String],
    /// The command that applies exactly this plan; none when it has no changes, or would be refused.
    apply: Option<&'a str>,
    /// Why it would be refused.
    refused: &'a [WhyNot],
    groups: Vec<ChangeGroup<'a>>,
    skips: Vec<SkipGroup<'a>>,
}

/// Equal changes of one field, in the words of the other formats.
#[derive(Debug, Serialize)]
struct ChangeGroup<'a> {
    count: u64,
    /// What is changed.
    on: &'static str,
    actions: &'a str,
    field: &'a str,
    delta: String,
    /// When there are few.
    targets: &'a [String],
}

#[derive(Debug, Serialize)]
struct SkipGroup<'a> {
    count: u64,
    out_of_reach: bool,
    reason: &'a str,
    targets: &'a [String],
}

impl<'a> From<SummaryLine<'a>> for ChangeGroup<'a> {
    fn from(group: SummaryLine<'a>) -> Self {
        Self {
            count: group.count,
            on: group.on,
            actions: group.what,
            field: group.field,
            delta: group.delta,
            targets: group.few,
        }
    }
}

impl<'a> From<SummaryLine<'a>> for SkipGroup<'a> {
    fn from(group: SummaryLine<'a>) -> Self {
        Self {
            count: group.count,
            out_of_reach: group.out_of_reach.is_some(),
            reason: group.what,
            targets: group.few,
        }
    }
}

impl PlanReport<'_> {
    /// Writes the plan as one JSON document; `apply` says how exactly this plan is applied. What can't be undone
    /// and what was rejected stand in it as in the plan file, one a line.
    ///
    /// # Errors
    ///
    /// What `out` says, or when the plan can't be read again.
    pub fn write_json(&self, out: &mut dyn Write, apply: &ToApply) -> io::Result<()> {
        let summary = self.summary;
        let document = text::json::to_string(&PlanDocument {
            plan_sha256: self.sha256,
            playbook: &self.header.playbook.name,
            server: &self.header.server,
            org: self.header.org.as_deref(),
            now: self.header.now,
            made_at: self.header.made_at(),
            timezone: &self.header.timezone,
            vars: &self.header.vars,
            scanned: self.trailer.scanned,
            changes: self.trailer.changes,
            executions: self.trailer.groups,
            irreversible: summary.irreversible(),
            skipped: summary.skipped_total(),
            out_of_reach: summary.out_of_reach_total(),
            rejected: self.trailer.rejected,
            effects: &summary.forecast.counts,
            forecast: summary.forecast.document(),
            broken_guards: &self.broken_guards,
            notes: &self.trailer.notes,
            apply: apply.command(),
            refused: apply.refused(),
            groups: summary.groups().into_iter().map(Into::into).collect(),
            skips: summary.skips().into_iter().map(Into::into).collect(),
        })?;
        let open = document.strip_suffix('}').unwrap_or(&document);
        write!(out, "{open},\"irreversible_changes\":[")?;
        self.list(out, |item| match item {
            Item::Change(change) => match change.undo {
                Undo::None(_) => Some(text::json::to_string(change)),
                Undo::Request(_) => None,
            },
            Item::Skipped(_) | Item::Rejected(_) => None,
        })?;
        write!(out, "],\"rejections\":[")?;
        self.list(out, |item| match item {
            Item::Rejected(rejection) => Some(text::json::to_string(rejection)),
            Item::Change(_) | Item::Skipped(_) => None,
        })?;
        writeln!(out, "]}}")
    }

    fn list(
        &self,
        out: &mut dyn Write,
        pick: impl Fn(&Item) -> Option<serde_json::Result<String>>,
    ) -> io::Result<()> {
        let mut separator = "";
        self.items.each(&mut |item| match pick(item) {
            Some(text) => {
                write!(out, "{separator}\n{}", text?)?;
                separator = ",";
                Ok(())
            }
            None => Ok(()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        plan::{Rejection, Skip},
        report::{
            plan_report::tests::Sample,
            plan_summary::tests::{change, run_now},
            words::tests::task,
        },
    };

    #[test]
    fn the_document_holds_what_the_text_says_and_every_final_and_rejected_item() {
        let mut items: Vec<Item> = (0..12)
            .map(|n| run_now(task(&format!("e{n}"), "t", "")))
            .collect();
        items.push(change(
            task("e99", "t", ""),
            "reassign",
            "assigned_to",
            json!(["1"]),
            json!(["2"]),
        ));
        items.push(Item::Skipped(Skip {
            target: task("e99", "u", ""),
            reason: "done".to_owned(),
            out_of_reach: false,
        }));
        items.push(Item::Skipped(Skip {
            target: task("e99", "v", ""),
            reason: "through a variable".to_owned(),
            out_of_reach: true,
        }));
        items.extend((2..14).map(|row| {
            Item::Rejected(Rejection {
                target: None,
                row: Some(row),
                reason: "there is no \"such\" execution".to_owned(),
            })
        }));
        let mut out = Vec::new();
        Sample::from(items)
            .report(|report| {
                report.write_json(
                    &mut out,
                    &ToApply::Command("wf-bulk apply x.plan".to_owned()),
                )
            })
            .unwrap();
        let document: Value = serde_json::from_slice(&out).unwrap();
        for (name, value) in [
            ("plan_sha256", json!("5e".repeat(32))),
            ("changes", json!(13)),
            ("executions", json!(13)),
            ("irreversible", json!(12)),
            ("skipped", json!(1)),
            ("out_of_reach", json!(1)),
            ("rejected", json!(12)),
            ("effects", json!({"automation_fires": 12})),
            ("apply", json!("wf-bulk apply x.plan")),
            (
                "skips",
                json!([
                    {"count": 1, "out_of_reach": true, "reason": "through a variable", "targets": ["task e99/v"]},
                    {"count": 1, "out_of_reach": false, "reason": "done", "targets": ["task e99/u"]},
                ]),
            ),
        ] {
            assert_eq!(document[name], value, "{name}");
        }
        assert_eq!(
            document["groups"][1],
            json!({"count": 1, "on": "task", "actions": "reassign", "field": "assigned_to", "delta": "1 → 2", "targets": ["task e99/t"]})
        );
        let length = |name: &str| document[name].as_array().unwrap().len();
        assert_eq!(
            (length("irreversible_changes"), length("rejections")),
            (12, 12)
        );
        assert_eq!(document["rejections"][11]["row"], 13);
    }
}
