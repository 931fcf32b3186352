use serde_json::{Value, json};

use super::*;
use crate::{
    pace::Pace,
    plan::{Item, Rejection, Skip},
    report::{
        plan_report::tests::PlanSample,
        plan_summary::tests::{change, run_now},
        to_apply::ToApply,
        words::tests::task,
    },
};

const CLOSING: &str =
    "Nothing was changed.\nTo apply: wf-bulk run playbooks/reassign.yaml --sandbox";

fn shown(sample: &PlanSample, listing: ListingDetail) -> String {
    sample.report(|report| {
        let mut out = Vec::new();
        report
            .write_text(&mut out, Styles::plain(), listing, CLOSING)
            .unwrap();
        String::from_utf8(out).unwrap()
    })
}

fn text(sample: &PlanSample) -> String {
    shown(sample, ListingDetail::First)
}

fn plain(items: Vec<Item>) -> String {
    text(&items.into())
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
fn a_plan_that_is_not_idempotent_says_so_and_names_the_actions_that_are_not() {
    let mut sample = PlanSample::from(vec![
        reassign(0),
        shift(1, "2026-12-01", "2026-12-02"),
        shift(2, "2026-12-01", "2026-12-02"),
    ]);
    assert!(!text(&sample).contains("idempotent"));
    sample.converges = false;
    let shown = text(&sample);
    let line = "not idempotent (shift_due_date): a second plan after the run changes the same targets again\n";
    assert!(shown.contains(line), "{shown}");

    // By the playbook's word about a `patch`.
    sample.items = vec![reassign(0)];
    let shown = text(&sample);
    let line = "\nnot idempotent: a second plan after the run changes the same targets again\n";
    assert!(shown.contains(line), "{shown}");
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
            out_of_reach: false,
        }));
    }
    insta::assert_snapshot!(plain(items), @"
        reassign-leaver  on sandbox, org 4711, as of 2026-12-01 09:00 Europe/Berlin
        scanned 2,000 flows, selected 142 tasks in 51 flows

          137  tasks    reassign        assigned_to  10010 → 10020
            2  tasks    shift_due_date  due_date     +3 days   (was 2026-12-01 … 14)
               task “Call back” e90/s
               task “Call back” e91/s
            1  task     shift_due_date  due_date     +2 days   (was 2026-12-30)
               task “Call back” e92/s
            2  skipped  10020 is assigned already
               task e93/t
               task e94/t

        140 changes in 49 flows: 140 writes, 49 re-checks, about 24 s at 8/s
        all can be undone
        automations: unknown, since their triggers are not read
        Nothing was changed.
        To apply: wf-bulk run playbooks/reassign.yaml --sandbox
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
    let sample = PlanSample {
        converges: true,
        items,
        broken_guards: vec!["3 changes, and `max_changes` is 2".to_owned()],
        rechecks: false,
        pace: Pace::default(),
        show_each: None,
    };
    insta::assert_snapshot!(text(&sample), @r"
        reassign-leaver  on sandbox, org 4711, as of 2026-12-01 09:00 Europe/Berlin
        scanned 2,000 flows, selected 3 tasks in 3 flows

          2  tasks  run_schedule_now
          1  task   reassign  assigned_to  10010 → 10020
             task “Call back” e30/t90

        11 rejected: they can't be planned, so the plan is refused:
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
        2 can't be undone
        automations: 2 fire; others are unknown, since their triggers are not read
        Nothing was changed.
        To apply: wf-bulk run playbooks/reassign.yaml --sandbox
        ");
}

#[test]
fn values_that_all_differ_are_counted_after_the_first_ten() {
    let items: Vec<Item> = (0..1_500)
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
    let mut sample = PlanSample::from(items);
    let text = shown(&sample, ListingDetail::Whole);
    assert!(
        text.contains("    1  task   reassign  assigned_to  nobody → user 0009\n"),
        "{text}"
    );
    let rest = "1,490  tasks  reassign  assigned_to  other values";
    let each = format!("{rest} (each: wf-bulk show x.plan --format html)\n");
    assert!(text.contains(&each), "{text}");
    sample.show_each = None;
    let text = shown(&sample, ListingDetail::Whole);
    assert!(
        text.contains(&format!("{rest}\n")),
        "without a file: {text}"
    );
    assert!(!text.contains("user 0010"), "{text}");
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
        text.contains("none can be undone\nautomations: 22 fire; others are unknown"),
        "{text}"
    );
}

#[test]
fn who_reads_the_plan_sees_all_that_is_final_or_could_not_be_planned() {
    let mut items: Vec<Item> = (0..22)
        .map(|n| run_now(task(&format!("e{n}"), "t", "")))
        .collect();
    items.extend((0..22).map(|row| {
        Item::Rejected(Rejection {
            target: None,
            row: Some(row),
            reason: "there is no such execution".to_owned(),
        })
    }));
    let text = shown(&items.into(), ListingDetail::Whole);
    assert_eq!(text.matches("  run_schedule_now  task").count(), 22);
    assert_eq!(text.matches("there is no such execution").count(), 22);
    assert!(!text.contains("more"), "{text}");
}

#[test]
fn the_one_target_that_gets_a_value_of_its_own_is_named_in_every_format() {
    let mut items: Vec<Item> = (0..80)
        .map(|n| {
            let target = task(&format!("e{n}"), "t", "");
            let successor = json!([format!("2{:02}", n / 4)]);
            change(target, "reassign", "assigned_to", json!(["1"]), successor)
        })
        .collect();
    let target = task("odd", "t", "");
    items.push(change(
        target,
        "reassign",
        "assigned_to",
        json!(["1"]),
        json!(["9"]),
    ));
    let sample = PlanSample::from(items);
    let nothing = ToApply::Nothing;
    for format in ["text", "markdown", "json", "html"] {
        let mut out = Vec::new();
        let written = sample.report(|report| match format {
            "text" => report.write_text(&mut out, Styles::plain(), ListingDetail::First, ""),
            "markdown" => report.write_markdown(&mut out, &nothing),
            "json" => report.write_json(&mut out, &nothing),
            _ => report.write_html(&mut out, &nothing),
        });
        written.unwrap();
        let text = String::from_utf8(out).unwrap();
        // The table of the page names each target; only what stands before it is the list.
        let list = text.split("<script").next().unwrap();
        assert!(list.contains("task odd/t"), "{format}: {text}");
        assert!(list.contains("other values"), "{format}: {text}");
    }
}

#[test]
fn an_empty_selection_is_said_out_loud() {
    insta::assert_snapshot!(plain(Vec::new()), @"
        reassign-leaver  on sandbox, org 4711, as of 2026-12-01 09:00 Europe/Berlin
        scanned 2,000, selected none

        no changes: there is nothing to do
        Nothing was changed.
        To apply: wf-bulk run playbooks/reassign.yaml --sandbox
        ");
}

#[test]
fn what_holds_a_run_back_is_said_before_it_starts() {
    let text = text(&PlanSample {
        converges: true,
        items: (0..60).map(reassign).collect(),
        broken_guards: Vec::new(),
        rechecks: true,
        pace: Pace {
            stages: vec!["1".parse().unwrap(), "50%".parse().unwrap()],
            max_errors: Some("5%".parse().unwrap()),
            ..Pace::default()
        },
        show_each: None,
    });
    let said = "
in stages of 1, 9 and 10: one begins when nothing has failed in the one before
stops as soon as 3 changes fail or are in doubt
";
    assert!(text.contains(said), "{text}");
}
