use serde_json::{Value, json};

use super::*;
use crate::{
    api::Method,
    plan::{Effect, Fields, PlannedRequest, Repeat, Skip},
    report::words::tests::task,
};

/// A PATCH of one field of a task.
pub(in crate::present::report) fn change(
    target: Target,
    action: &str,
    field: &str,
    before: Value,
    after: Value,
) -> Item {
    let before = Fields::from([(field.to_owned(), before)]);
    let after = Fields::from([(field.to_owned(), after)]);
    let request = |body: &Fields| PlannedRequest {
        method: Method::Patch,
        path: "/v2/flows/executions/e/tasks/t".to_owned(),
        body: Some(body.clone()),
    };
    Item::Change(Box::new(Change {
        change: "0123456789ab".to_owned(),
        group: target.execution.clone(),
        target,
        action: vec![action.to_owned()],
        request: request(&after),
        requires: Fields::new(),
        repeat: Repeat::Safe,
        undo: Undo::Request(request(&before)),
        effects: Vec::new(),
        before,
        after,
    }))
}

/// A scheduled automation that starts at once.
pub(in crate::present::report) fn run_now(target: Target) -> Item {
    Item::Change(Box::new(Change {
        change: "0123456789ab".to_owned(),
        group: target.execution.clone(),
        target,
        action: vec!["run_schedule_now".to_owned()],
        request: PlannedRequest {
            method: Method::Post,
            path: "/v2/flows/executions/e/tasks/t/schedule/run-now".to_owned(),
            body: None,
        },
        before: Fields::new(),
        after: Fields::new(),
        requires: Fields::new(),
        repeat: Repeat::Readable,
        undo: Undo::None("an automation that has started can't be called back".to_owned()),
        effects: vec![Effect::AutomationFires],
    }))
}

fn summary(items: &[Item]) -> PlanSummary {
    let mut summary = PlanSummary::new(TimeZone::UTC);
    for item in items {
        summary.add(item);
    }
    summary
}

#[test]
fn a_target_with_several_changes_is_one_target() {
    let items = [
        change(task("e1", "t1", ""), "a", "x", json!(1), json!(2)),
        run_now(task("e1", "t1", "")),
        change(task("e1", "t2", ""), "a", "x", json!(1), json!(2)),
        Item::Skipped(Skip {
            target: task("e2", "t1", ""),
            reason: "done".to_owned(),
            out_of_reach: false,
        }),
    ];
    let summary = summary(&items);
    assert_eq!(summary.targets[&Level::Task], 3);
    assert_eq!(summary.executions, 2);
}

#[test]
fn a_field_that_keeps_its_value_is_not_shown_but_its_change_is_counted() {
    let summary = summary(&[change(task("e", "t", ""), "a", "x", json!(1), json!(1))]);
    let groups = summary.groups();
    assert_eq!(groups.len(), 1);
    assert_eq!((groups[0].count, groups[0].field), (1, ""));
}

fn due(number: usize, before: Value, after: &str) -> Item {
    let target = task("e", &format!("t{number}"), "");
    change(target, "set_due_date", "due_date", before, json!(after))
}

fn deltas_of(items: &[Item]) -> Vec<(u64, String)> {
    let summary = summary(items);
    let groups = summary.groups();
    groups
        .into_iter()
        .map(|group| (group.count, group.delta))
        .collect()
}

#[test]
fn due_dates_are_told_by_the_date_where_more_have_that_in_common_than_a_distance() {
    let on = "2026-12-15T00:00:00.000";
    let one_date = [
        due(1, json!("2026-12-01"), on),
        due(2, json!("2026-12-14T12:00:00.000Z"), on),
        due(3, json!("2027-01-26"), on),
        due(4, Value::Null, on),
    ];
    let two_dates = [
        due(1, json!("2026-12-01"), on),
        due(2, json!("2026-12-02"), on),
        due(3, json!("2026-12-03"), on),
        due(4, json!("2026-12-04"), "2026-12-16T12:00:00"),
    ];
    let one_distance = [
        due(1, json!("2026-12-01"), "2026-12-03"),
        due(2, json!("2026-12-02"), "2026-12-04"),
    ];
    let both = [
        due(1, json!("2026-12-01"), on),
        due(2, json!("2026-12-01"), on),
    ];
    for (items, told) in [
        (
            &one_date[..],
            &[
                (3, "→ 2026-12-15   (was 2026-12-01 … 2027-01-26)"),
                (1, "none → 2026-12-15"),
            ][..],
        ),
        (
            &two_dates,
            &[
                (3, "→ 2026-12-15   (was 2026-12-01 … 03)"),
                (1, "→ 2026-12-16 12:00   (was 2026-12-04)"),
            ],
        ),
        (&one_distance, &[(2, "+2 days   (was 2026-12-01 … 02)")]),
        (&both, &[(2, "+14 days   (was 2026-12-01)")]),
    ] {
        let told: Vec<_> = told
            .iter()
            .map(|(n, text)| (*n, (*text).to_owned()))
            .collect();
        assert_eq!(deltas_of(items), told);
    }
}

#[test]
fn lines_of_equal_counts_are_ordered_by_size() {
    let from = |before: &str, after: &str| due(1, json!(before), after);
    let distances = [
        from("2026-12-01T00:00:00", "2026-12-11T00:00:00"),
        from("2026-12-01T00:00:00", "2026-12-03T00:00:00"),
        from("2026-12-01T00:00:00", "2026-12-02T02:00:00"),
        from("2026-12-01T00:00:00", "2026-12-02T00:30:00"),
        from("2026-12-01T00:00:00", "2026-11-29T00:00:00"),
        from("2026-12-01T00:00:00", "2026-11-21T00:00:00"),
        from("2026-12-01T00:00:00", "2026-12-01T08:00:00"),
    ];
    let told: Vec<_> = deltas_of(&distances)
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    assert_eq!(
        told,
        [
            "-10 days",
            "-2 days",
            "+8 h",
            "+1 day 30 min",
            "+1 day 2 h",
            "+2 days",
            "+10 days"
        ]
        .map(|distance| format!("{distance}   (was 2026-12-01)"))
    );
    let priorities = [10, 9, 100].map(|after| {
        change(
            task("e", "t", ""),
            "patch",
            "priority",
            json!(1),
            json!(after),
        )
    });
    let told: Vec<_> = deltas_of(&priorities)
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    assert_eq!(told, ["1 → 9", "1 → 10", "1 → 100"]);
}

#[test]
fn what_is_out_of_reach_is_counted_by_level_apart_from_what_is_skipped() {
    let skip = |target: Target, out_of_reach| {
        Item::Skipped(Skip {
            target,
            reason: "is so".to_owned(),
            out_of_reach,
        })
    };
    let flow = Target {
        kind: Level::Execution,
        id: None,
        ..task("e", "t", "")
    };
    let summary = summary(&[
        skip(task("e", "t1", ""), true),
        skip(task("e", "t2", ""), true),
        skip(task("e", "t3", ""), false),
        skip(flow, true),
    ]);
    let said = summary.skips();
    let said: Vec<_> = said.iter().map(|row| (row.count, row.on)).collect();
    assert_eq!(said, [(1, "flow"), (2, "tasks"), (1, "skipped")]);
    assert_eq!(
        summary.out_of_reach().unwrap(),
        "1 flow (is so), 2 tasks (is so)"
    );
}

#[test]
fn changes_that_are_sent_in_another_way_are_no_equal_ones() {
    let reverts = [false, true, true].map(|reverts| {
        let target = task("e", "t", "");
        let item = change(target, "set_status", "status", json!("a"), json!("b"));
        let Item::Change(mut change) = item else {
            unreachable!("a change was made")
        };
        if reverts {
            let body = change.request.body.as_mut().unwrap();
            body.insert("revert_execution".to_owned(), json!(true));
        }
        Item::Change(change)
    });
    let summary = summary(&reverts);
    let said = summary.groups();
    let said: Vec<_> = said.iter().map(|row| (row.count, &row.delta[..])).collect();
    assert_eq!(said, [(2, "a → b (revert_execution: true)"), (1, "a → b")]);
}

#[test]
fn changes_are_told_apart_by_what_is_cut_of_how_they_are_sent() {
    for after in ["b", "a"] {
        let items = ["x", "y", "y"].map(|end| {
            let target = task("e", "t", "");
            let item = change(target, "set_status", "status", json!("a"), json!(after));
            let Item::Change(mut change) = item else {
                unreachable!("a change was made")
            };
            let body = change.request.body.as_mut().unwrap();
            body.insert("note".to_owned(), json!("long ".repeat(100) + end));
            Item::Change(change)
        });
        let summary = summary(&items);
        let said = summary.groups();
        let counts: Vec<_> = said.iter().map(|row| row.count).collect();
        assert_eq!(counts, [2, 1], "{after}");
        assert_eq!(said[0].delta, said[1].delta);
        assert!(said[0].delta.len() < 300, "{}", said[0].delta);
    }
}

#[test]
fn a_hostile_plan_takes_bounded_memory() {
    let items: Vec<Item> = (0..5_000)
        .map(|n| {
            let field = format!("{n}{}", "x".repeat(1_000));
            change(
                task("e", &format!("t{n}"), ""),
                &field,
                &field,
                json!(1),
                json!(2),
            )
        })
        .collect();
    let summary = summary(&items);
    assert_eq!(summary.changes.len(), MAX_KINDS);
    assert_eq!(summary.other_kinds, 5_000 - MAX_KINDS as u64);
    assert!(
        summary
            .changes
            .keys()
            .all(|kind| kind.actions.len() + kind.field.len() < 200)
    );
}

#[test]
fn executions_are_called_as_their_generation_calls_them() {
    let v2 = task("e", "t", "");
    let v1 = Target {
        api: Generation::V1,
        ..v2.clone()
    };
    let skip = |target: &Target| {
        Item::Skipped(Skip {
            target: target.clone(),
            reason: String::new(),
            out_of_reach: false,
        })
    };
    assert_eq!(summary(&[skip(&v2)]).executions(2), "2 flows");
    assert_eq!(summary(&[skip(&v1)]).executions(2), "2 executions");
    assert_eq!(
        summary(&[skip(&v1), skip(&v2)]).executions(1),
        "1 execution"
    );
    assert_eq!(summary(&[]).executions(0), "0 executions");
}
