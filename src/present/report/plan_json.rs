//! A plan as one JSON document: the content of the other formats, for programs. Every single change is in the plan file, which is itself
//! JSON Lines.

use std::io::{self, Write};

use crate::text;

use super::{json_list::JsonList, plan_report::PlanReport, to_apply::ToApply};

impl PlanReport<'_> {
    /// Writes the plan as one JSON document; `apply` is how to apply exactly this plan. Irreversible changes and rejections have the form
    /// of the plan file, one per line.
    ///
    /// # Errors
    ///
    /// The errors of `out`, or if the plan can't be read again.
    pub fn write_json(&self, out: &mut dyn Write, apply: &ToApply) -> io::Result<()> {
        let document = text::json::to_string(&self.view(apply))?;
        write!(out, "{},", document.strip_suffix('}').unwrap_or(&document))?;
        let mut changes = JsonList::new(out, "irreversible_changes")?;
        self.each_irreversible(&mut |change| changes.add(change))?;
        changes.finish()?;
        write!(out, ",")?;
        let mut rejections = JsonList::new(out, "rejections")?;
        self.each_rejected(&mut |rejection| rejections.add(rejection))?;
        rejections.finish()?;
        writeln!(out, "}}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        plan::{Item, Rejection, Skip},
        report::{
            plan_report::tests::PlanSample,
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
        PlanSample::from(items)
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
