use serde_json::json;

use super::*;
use crate::{
    plan::{Item, PlanHeader, Rejection, Skip, Trailer},
    report::{
        plan_diff::DiffSide,
        plan_markdown::tests::{HOSTILE, structure},
        plan_summary::tests::{change, run_now},
        words::tests::task,
    },
    testing::samples::plan_header,
};

fn markdown(reviewed: (&PlanHeader, &Vec<Item>), now: (&PlanHeader, &Vec<Item>)) -> String {
    let trailer = Trailer::default();
    let [reviewed, now] = [reviewed, now].map(|(header, items)| DiffSide {
        path: "x.plan",
        header,
        trailer: &trailer,
        sha256: "5e5e",
        items,
    });
    let mut out = Vec::new();
    DiffReport::new(reviewed, now)
        .unwrap()
        .write_markdown(&mut out, "wf-bulk diff a.plan b.plan")
        .unwrap();
    String::from_utf8(out).unwrap()
}

fn set(execution: &str, name: &str, after: &str) -> Item {
    let target = task(execution, "t", name);
    change(
        target,
        "reassign",
        "assigned_to",
        json!(["10010"]),
        json!([after]),
    )
}

fn skipped(execution: &str, reason: &str) -> Item {
    Item::Skipped(Skip {
        target: task(execution, "s", ""),
        reason: reason.to_owned(),
        out_of_reach: false,
    })
}

fn rejected(row: u64, reason: &str) -> Item {
    Item::Rejected(Rejection {
        target: None,
        row: Some(row),
        reason: reason.to_owned(),
    })
}

#[test]
fn what_came_went_and_became_another_is_told_with_the_final_changes() {
    let header = plan_header();
    let mut later = header.clone();
    later.guards.max_changes = Some(5);
    later.vars.insert("owner".to_owned(), json!("10030"));
    let reviewed = vec![
        rejected(2, "no id"),
        set("e1", "Call", "10020"),
        set("e2", "Call", "10020"),
        set("e3", "Call", "10020"),
        skipped("e4", "done"),
    ];
    let now = vec![
        rejected(9, "no id"),
        set("e2", "Call", "10020"),
        set("e3", "Call", "10030"),
        skipped("e4", "done"),
        run_now(task("e5", "t", "Send | offer")),
        skipped("e6", "done"),
    ];
    insta::assert_snapshot!(markdown((&header, &reviewed), (&later, &now)), @r"
    Compared with the plan with SHA-256 `5e5e`: 1 change added, 1 removed, 1 altered, 1 the same.

    - `guards.max_changes: none → 5`
    - `vars.owner: none → 10030`

    **Added**

    | changes | of | action | field | before → after | which, if few |
    |--:|---|---|---|---|---|
    | 1 | task | `run_schedule_now` |  |  |  |

    **Removed**

    | changes | of | action | field | before → after | which, if few |
    |--:|---|---|---|---|---|
    | 1 | task | `reassign` | `assigned_to` | `10010 → 10020` | `task “Call” e1/t` |

    **Altered**

    | changes | how | which, if few |
    |--:|---|---|
    | 1 | `reassign: assigned_to will be 10030 (was to be 10020)` | `task “Call” e3/t` |

    **1 of these can't be undone**

    - `run_schedule_now  task “Send | offer” e5/t`

    **Rejected**

    - `- row 2: no id`
    - `+ row 9: no id`

    | skipped | why | which, if few |
    |--:|---|---|
    | 1 | `now: done` | `task e6/s` |
    ");
    let same = markdown((&header, &reviewed), (&header, &reviewed));
    assert_eq!(
        same,
        "Compared with the plan with SHA-256 `5e5e`: the same 3 changes in both plans: applying either does the same.\n\n"
    );
}

#[test]
fn differences_of_any_number_fit_and_are_counted() {
    let header = plan_header();
    let mut later = header.clone();
    for number in 0..100 {
        let name = format!("{number}{}", "x".repeat(100));
        later.vars.insert(name, json!("y".repeat(1_000)));
    }
    let name = |number: usize| HOSTILE[number % HOSTILE.len()];
    let reviewed: Vec<Item> = (0..3_000)
        .flat_map(|n| {
            let execution = format!("e{n:04}");
            [
                set(&execution, name(n), "10020"),
                skipped(&execution, name(n)),
            ]
        })
        .collect();
    let now: Vec<Item> = (0..200)
        .map(|row| rejected(row, name(3)))
        .chain((1_500..3_000).map(|n| set(&format!("e{n:04}"), name(n), &n.to_string())))
        .chain((0..2_000).map(|n| run_now(task(&format!("f{n:04}"), "t", name(n)))))
        .collect();
    let text = markdown((&header, &reviewed), (&later, &now));
    assert!(text.len() <= MAX_DIFF_BYTES, "{}", text.len());
    assert!(text.len() > MAX_DIFF_BYTES / 2, "the room is used");
    let (_, codes) = structure(&text);
    for (begins, total, nouns) in [
        ("run_schedule_now  task", 2_000, "more changes"),
        ("+ row", 200, "more rejected targets"),
    ] {
        let listed = codes.iter().filter(|code| code.starts_with(begins)).count();
        let more = format!(
            "… and {} {nouns}, which don't fit here",
            thousands(total - listed as u64)
        );
        assert!(text.contains(&more), "{more}: {text}");
    }
    assert!(
        text.contains("- and 92 more values of the plans' headers\n"),
        "{text}"
    );
    assert!(
        text.contains("2,000 changes added, 1,500 removed, 1,500 altered, 0 the same"),
        "{text}"
    );
}

#[test]
fn hostile_names_leave_the_structure_as_it_is_with_plain_ones() {
    let header = plan_header();
    for name in HOSTILE {
        let text = |name: &str| {
            let mut later = header.clone();
            later.playbook.name = name.to_owned();
            let reviewed = vec![set("e1", name, "10020"), skipped("e2", name)];
            let mut gone = task("e3", "t", name);
            gone.within = vec![name.to_owned()];
            let now = vec![rejected(1, name), run_now(gone)];
            structure(&markdown((&header, &reviewed), (&later, &now))).0
        };
        let shown = Untrusted(name).terminal().to_string();
        assert_eq!(
            text(name),
            text(&"p".repeat(shown.chars().count())),
            "{name:?}"
        );
    }
}
