//! A plan as people read it before they say yes.

use std::{
    io::{self, Write},
    time::Duration,
};

use jiff::civil::Date;
use owo_colors::OwoColorize as _;

use crate::{
    pace::Pace,
    plan::{Effect, Trailer},
    styles::Styles,
    text::Untrusted,
};

use super::{
    plan_heading::Heading,
    plan_summary::PlanSummary,
    table::write_rows,
    tally::Row,
    units::{count, rough, thousands},
};

/// A whole plan, ready to be shown.
#[derive(Clone, Copy, Debug)]
pub struct PlanText<'a> {
    pub heading: Heading<'a>,
    pub summary: &'a PlanSummary,
    pub trailer: &'a Trailer,
    /// What it would be applied with.
    pub pace: &'a Pace,
    /// Each execution is read once more before its writes.
    pub rechecks: bool,
    /// Guards that do not hold, one sentence each.
    pub broken_guards: &'a [String],
    /// What to do next; the last lines.
    pub closing: &'a str,
}

impl PlanText<'_> {
    /// Writes the plan's text.
    ///
    /// # Errors
    ///
    /// What `out` says.
    pub fn write(&self, out: &mut dyn Write, styles: Styles) -> io::Result<()> {
        self.heading
            .write(out, self.summary, self.trailer.scanned, styles)?;
        let rows = self.rows();
        if !rows.is_empty() {
            writeln!(out)?;
            write_rows(out, &rows)?;
        }
        self.write_rejected(out, styles)?;
        self.write_irreversible(out, styles)?;
        writeln!(out)?;
        self.write_totals(out)?;
        for guard in self.broken_guards {
            let guard = Untrusted(guard).terminal();
            writeln!(out, "{} {guard}", "guard broken:".style(styles.error))?;
        }
        for line in self.closing.lines() {
            writeln!(out, "{}", Untrusted(line).terminal())?;
        }
        Ok(())
    }

    /// The table: what is done, to what, how; and what is left out.
    fn rows(&self) -> Vec<[String; 4]> {
        let mut rows = Vec::new();
        let mut pairs: Vec<_> = self.summary.changes.iter().collect();
        pairs.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.total()));
        for ((actions, field), tally) in pairs {
            let (top, others) = tally.top();
            for (text, row) in top {
                rows.push([
                    thousands(row.count),
                    actions.clone(),
                    field.clone(),
                    with_dates(text, row),
                ]);
            }
            if others > 0 {
                let text = "other values".to_owned();
                rows.push([thousands(others), actions.clone(), field.clone(), text]);
            }
        }
        let mut note = |number: u64, label: &str, text: String| {
            if number > 0 {
                rows.push([thousands(number), label.to_owned(), text, String::new()]);
            }
        };
        note(self.summary.other_pairs, "other changes", String::new());
        let (top, others) = self.summary.skipped.top();
        for (reason, row) in top {
            note(row.count, "skipped", reason.to_owned());
        }
        note(others, "skipped", "for other reasons".to_owned());
        rows
    }

    fn write_rejected(&self, out: &mut dyn Write, styles: Styles) -> io::Result<()> {
        let rejected = &self.summary.rejected;
        if rejected.total() == 0 {
            return Ok(());
        }
        let title = format!(
            "{} rejected, these can't be planned:",
            thousands(rejected.total())
        );
        writeln!(out, "\n{}", title.style(styles.error))?;
        write_sample(out, rejected.lines(), rejected.more())
    }

    fn write_irreversible(&self, out: &mut dyn Write, styles: Styles) -> io::Result<()> {
        let irreversible = &self.summary.irreversible;
        if irreversible.total() == 0 {
            return Ok(());
        }
        let title = format!(
            "{} can't be undone:",
            count(irreversible.total(), "change", "changes")
        );
        let reasons: Vec<&str> = self
            .summary
            .irreversible_reasons
            .iter()
            .map(String::as_str)
            .collect();
        writeln!(
            out,
            "\n{} {}",
            title.style(styles.warning),
            reasons.join("; ")
        )?;
        write_sample(out, irreversible.lines(), irreversible.more())
    }

    /// What holds a run of it back, besides its rate.
    fn write_limits(&self, out: &mut dyn Write) -> io::Result<()> {
        let stages: Vec<String> = self
            .pace
            .stages_of(self.trailer.groups)
            .iter()
            .map(|stage| thousands(stage.end - stage.start))
            .collect();
        if let [stages @ .., last] = &stages[..]
            && !stages.is_empty()
        {
            writeln!(
                out,
                "in stages of {} and {last}: one begins when nothing has failed in the one before",
                stages.join(", ")
            )?;
        }
        match self.pace.max_errors_of(self.trailer.changes) {
            Some(errors) => writeln!(
                out,
                "stops as soon as {}",
                count(
                    errors,
                    "change fails or is in doubt",
                    "changes fail or are in doubt"
                )
            ),
            None => Ok(()),
        }
    }

    fn write_totals(&self, out: &mut dyn Write) -> io::Result<()> {
        let changes = self.trailer.changes;
        if changes == 0 {
            return writeln!(out, "no changes: there is nothing to do");
        }
        let groups = self.trailer.groups;
        write!(
            out,
            "{} in {}: {}",
            count(changes, "change", "changes"),
            self.summary.executions(groups),
            count(changes, "write", "writes"),
        )?;
        let mut requests = changes;
        if self.rechecks && !self.summary.is_of_entities() {
            requests += groups;
            write!(out, ", {}", count(groups, "re-check", "re-checks"))?;
        }
        let rate = self.pace.rate.per_second();
        #[expect(
            clippy::cast_precision_loss,
            reason = "an estimate that is shown with two digits"
        )]
        let span = Duration::try_from_secs_f64(requests as f64 / rate)
            .unwrap_or(Duration::MAX)
            .max(Duration::from_secs(1));
        writeln!(out, ", about {} at {rate}/s", rough(span))?;
        self.write_limits(out)?;

        let irreversible = self.summary.irreversible.total();
        if irreversible == 0 {
            write!(out, "all can be undone")?;
        } else if irreversible == changes {
            write!(out, "none can be undone")?;
        } else {
            let reversible = thousands(changes.saturating_sub(irreversible));
            write!(
                out,
                "{reversible} can be undone, {} can't",
                thousands(irreversible)
            )?;
        }
        if self.summary.effects.is_empty() {
            return writeln!(out, "; no automation fires");
        }
        for (effect, number) in &self.summary.effects {
            match effect {
                Effect::AutomationFires if *number == 1 => write!(out, "; 1 automation fires")?,
                Effect::AutomationFires => {
                    write!(out, "; {} automations fire", thousands(*number))?;
                }
                Effect::FlowAdvances => write!(out, "; {number} may advance their flows")?,
                Effect::LaterTasksReset => write!(out, "; {number} reset all later tasks")?,
                Effect::AutomationsMayFire => write!(
                    out,
                    "; automations may fire on {}",
                    count(*number, "change", "changes")
                )?,
            }
        }
        writeln!(out)
    }
}

/// `+3 days   (was 2026-12-01 … 14)`.
fn with_dates(text: &str, row: &Row) -> String {
    let Some((first, last)) = row.dates else {
        return text.to_owned();
    };
    let same_month = |date: Date| (date.year(), date.month());
    if first == last {
        format!("{text}   (was {first})")
    } else if same_month(first) == same_month(last) {
        format!("{text}   (was {first} … {:02})", last.day())
    } else {
        format!("{text}   (was {first} … {last})")
    }
}

fn write_sample(out: &mut dyn Write, lines: &[String], more: u64) -> io::Result<()> {
    for line in lines {
        writeln!(out, "  {line}")?;
    }
    if more > 0 {
        writeln!(out, "  … and {} more", thousands(more))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        plan::{Item, Rejection, Skip},
        report::{
            plan_summary::tests::{change, run_now},
            words::tests::task,
        },
    };

    struct Sample {
        items: Vec<Item>,
        broken_guards: Vec<String>,
        rechecks: bool,
        pace: Pace,
    }

    fn text(sample: &Sample) -> String {
        let mut summary = PlanSummary::new(TimeZone::UTC);
        let mut trailer = Trailer {
            scanned: 2_000,
            ..Trailer::default()
        };
        let mut groups = std::collections::BTreeSet::new();
        for item in &sample.items {
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
        let plan = PlanText {
            heading: Heading {
                playbook: "reassign-leaver",
                server: "sandbox",
                org: Some("4711"),
                now: "2026-12-01T08:00:00Z".parse().unwrap(),
                timezone: "Europe/Berlin",
            },
            summary: &summary,
            trailer: &trailer,
            pace: &sample.pace,
            rechecks: sample.rechecks,
            broken_guards: &sample.broken_guards,
            closing: "Nothing was written.  To apply: wf-bulk run playbooks/reassign.yaml --sandbox",
        };
        let mut out = Vec::new();
        plan.write(&mut out, Styles::plain()).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn plain(items: Vec<Item>) -> String {
        text(&Sample {
            items,
            broken_guards: Vec::new(),
            rechecks: true,
            pace: Pace::default(),
        })
    }

    fn reassign(n: usize) -> Item {
        let target = task(&format!("e{}", n / 3), &format!("t{n}"), "Call back");
        change(
            target,
            "reassign",
            "assigned_to",
            json!(["10010"]),
            json!(["10020"]),
        )
    }

    fn shift(n: usize, before: &str, after: &str) -> Item {
        let target = task(&format!("e{n}"), "s", "Call back");
        change(
            target,
            "shift_due_date",
            "due_date",
            json!(before),
            json!(after),
        )
    }

    #[test]
    fn a_plan_is_told_in_groups() {
        let mut items: Vec<Item> = (0..137).map(reassign).collect();
        items.push(shift(
            90,
            "2026-12-14T00:00:00.000",
            "2026-12-17T00:00:00.000",
        ));
        items.push(shift(
            91,
            "2026-12-01T00:00:00.000",
            "2026-12-04T00:00:00.000",
        ));
        items.push(shift(
            92,
            "2026-12-30T00:00:00.000",
            "2027-01-01T00:00:00.000",
        ));
        for n in 93..95 {
            items.push(Item::Skipped(Skip {
                target: task(&format!("e{n}"), "t", ""),
                reason: "10020 is assigned already".to_owned(),
            }));
        }
        insta::assert_snapshot!(plain(items), @"
        reassign-leaver  on sandbox, org 4711, as of 2026-12-01 09:00 Europe/Berlin
        scanned 2,000 flows, selected 142 tasks in 51 flows

          137  reassign        assigned_to  10010 → 10020
            2  shift_due_date  due_date     +3 days   (was 2026-12-01 … 14)
            1  shift_due_date  due_date     +2 days   (was 2026-12-30)
            2  skipped         10020 is assigned already

        140 changes in 49 flows: 140 writes, 49 re-checks, about 24 s at 8/s
        all can be undone; no automation fires
        Nothing was written.  To apply: wf-bulk run playbooks/reassign.yaml --sandbox
        ");
    }

    #[test]
    fn what_can_not_be_taken_back_or_planned_is_listed() {
        let mut items: Vec<Item> = (0..2)
            .map(|n| run_now(task(&format!("e{n}"), "t", "Send \u{1b}offer")))
            .collect();
        items.push(reassign(90));
        for row in 2..13 {
            items.push(Item::Rejected(Rejection {
                target: None,
                row: Some(row),
                reason: "there is no such execution".to_owned(),
            }));
        }
        let sample = Sample {
            items,
            broken_guards: vec!["3 changes, and `max_changes` is 2".to_owned()],
            rechecks: false,
            pace: Pace::default(),
        };
        insta::assert_snapshot!(text(&sample), @r"
        reassign-leaver  on sandbox, org 4711, as of 2026-12-01 09:00 Europe/Berlin
        scanned 2,000 flows, selected 3 tasks in 3 flows

          2  run_schedule_now
          1  reassign          assigned_to  10010 → 10020

        11 rejected, these can't be planned:
          row 2: there is no such execution
          row 3: there is no such execution
          row 4: there is no such execution
          row 5: there is no such execution
          row 6: there is no such execution
          row 7: there is no such execution
          row 8: there is no such execution
          row 9: there is no such execution
          row 10: there is no such execution
          row 11: there is no such execution
          … and 1 more

        2 changes can't be undone: an automation that has started can't be called back
          run_schedule_now  task “Send \u{1b}offer” e0/t
          run_schedule_now  task “Send \u{1b}offer” e1/t

        3 changes in 3 flows: 3 writes, about 1 s at 8/s
        1 can be undone, 2 can't; 2 automations fire
        guard broken: 3 changes, and `max_changes` is 2
        Nothing was written.  To apply: wf-bulk run playbooks/reassign.yaml --sandbox
        ");
    }

    #[test]
    fn values_that_all_differ_are_counted_after_the_first_twenty() {
        let items = (0..1_500)
            .map(|n| {
                let target = task(&format!("e{n}"), "t", "");
                change(
                    target,
                    "reassign",
                    "assigned_to",
                    Value::Null,
                    json!([format!("user {n:04}")]),
                )
            })
            .collect();
        let text = plain(items);
        assert!(
            text.contains("    1  reassign  assigned_to  nobody → user 0019\n"),
            "{text}"
        );
        assert!(
            text.contains("1,480  reassign  assigned_to  other values\n"),
            "{text}"
        );
        assert!(!text.contains("user 0020"), "{text}");
    }

    #[test]
    fn the_irreversible_changes_after_the_tenth_are_counted() {
        let text = plain(
            (0..22)
                .map(|n| run_now(task(&format!("e{n}"), "t", "")))
                .collect(),
        );
        assert_eq!(text.matches("  run_schedule_now  task").count(), 10);
        assert_eq!(text.matches("can't be called back").count(), 1, "{text}");
        assert!(text.contains("\n  … and 12 more\n"), "{text}");
        assert!(
            text.contains("none can be undone; 22 automations fire"),
            "{text}"
        );
    }

    #[test]
    fn an_empty_selection_is_said_out_loud() {
        insta::assert_snapshot!(plain(Vec::new()), @"
        reassign-leaver  on sandbox, org 4711, as of 2026-12-01 09:00 Europe/Berlin
        scanned 2,000 executions, selected none

        no changes: there is nothing to do
        Nothing was written.  To apply: wf-bulk run playbooks/reassign.yaml --sandbox
        ");
    }

    #[test]
    fn what_holds_a_run_back_is_said_before_it_starts() {
        let text = text(&Sample {
            items: (0..60).map(reassign).collect(),
            broken_guards: Vec::new(),
            rechecks: true,
            pace: Pace {
                stages: vec!["1".parse().unwrap(), "50%".parse().unwrap()],
                max_errors: Some("5%".parse().unwrap()),
                ..Pace::default()
            },
        });
        let said = "
in stages of 1, 9 and 10: one begins when nothing has failed in the one before
stops as soon as 3 changes fail or are in doubt
";
        assert!(text.contains(said), "{text}");
    }
}
