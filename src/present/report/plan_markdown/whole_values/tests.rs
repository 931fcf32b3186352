use serde_json::json;

use super::*;
use crate::{
    plan::Item,
    report::{
        limited_lines::MAX_PLAN_BYTES, plan_markdown::tests::markdown,
        plan_report::tests::PlanSample, plan_summary::tests::change, words::tests::task,
    },
};

/// A task gets another description.
fn described(number: usize, before: &str, after: &str) -> Item {
    let target = task(&format!("e{number}"), "t", "Call back");
    change(target, "patch", "description", json!(before), json!(after))
}

#[test]
fn a_long_value_is_whole_and_it_is_said_where_it_differs() {
    let long = |word: &str| format!("{}{word}{}", "a".repeat(2_600), "b".repeat(2_400));
    let text = markdown(&vec![described(1, &long("one"), &long("two"))].into());
    for part in [
        "<details><summary>Values of 1 change that are shortened above, in full</summary>\n\n\
         - `patch  task “Call back” e1/t`:\n  - `description`: the first 2,600 and the last 2,400 characters are the same\n"
            .to_owned(),
        format!("    - before: `{}`\n    - after: `{}`\n", long("one"), long("two")),
    ] {
        assert!(text.contains(&part), "{part}\n{text}");
    }
    assert!(!text.contains("left out"), "{text}");

    let short = markdown(&vec![described(1, "a", &"x y z".repeat(15))].into());
    assert!(
        short.contains("\n**Values of 1 change that are shortened above, in full**\n"),
        "{short}"
    );
    let both = format!("    - before: `a`\n    - after: `{}`\n", "x y z".repeat(15));
    assert!(short.contains(&both), "{short}");
    let whole = markdown(&vec![described(1, "a", "b")].into());
    assert!(!whole.contains("in full"), "{whole}");
}

#[test]
fn equal_values_are_whole_once_with_the_number_of_their_changes() {
    let (one, other) = ("x".repeat(50) + "1", "x".repeat(50) + "2");
    let items: Vec<Item> = (0..12)
        .map(|number| described(number, "", if number % 4 == 0 { &one } else { &other }))
        .collect();
    let text = markdown(&items.into());
    assert_eq!(text.matches(&one).count(), 1, "{text}");
    for part in [
        "Values of 12 changes that are shortened above, in full",
        "- `patch  task “Call back” e0/t` and 2 more changes:\n",
        "- `patch  task “Call back” e1/t` and 8 more changes:\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn what_does_not_fit_is_counted_and_a_shorter_value_behind_it_is_shown() {
    let items: Vec<Item> = (0..30)
        .map(|number| described(number, "", &format!("{number}-{}", "x".repeat(5_000))))
        .chain([
            described(30, "", &"y".repeat(90_000)),
            described(31, "", &"z".repeat(41)),
        ])
        .collect();
    let text = markdown(&items.into());
    assert!(text.len() <= MAX_PLAN_BYTES, "{}", text.len());
    assert!(text.contains(&"z".repeat(41)), "{text}");
    let whole =
        (0..30).filter(|number| text.contains(&format!("`{number}-{}`", "x".repeat(5_000))));
    let whole = whole.count();
    assert!(whole > 5, "the room is used: {whole}");
    let more = format!(
        "Shortened, and too long to be in full here: values of {} changes; `wf-bulk show x.plan --format html` shows all.\n",
        31 - whole
    );
    assert!(text.contains(&more), "{more}\n{text}");
}

#[test]
fn what_is_sent_beside_the_fields_is_whole_and_what_is_left_out_is_counted() {
    let Item::Change(mut sent) = described(1, "a", "b") else {
        unreachable!("a change was made")
    };
    let note = "long ".repeat(60) + "end";
    let body = sent.request.body.as_mut().unwrap();
    body.insert("note".to_owned(), json!(note));
    body.insert("next_task_id".to_owned(), json!("t2"));
    let sample = PlanSample::from(vec![Item::Change(sent)]);
    let text = markdown(&sample);
    assert!(
        text.contains(&format!("  - with `note: {note}`\n")),
        "{text}"
    );
    let left_out = "Left out: the place or the id of a new task in 1 change; `wf-bulk show x.plan --format html` shows all.";
    assert!(text.contains(left_out), "{text}");
}

#[test]
fn two_texts_share_their_start_and_their_end_once() {
    for (one, other, expected) in [
        ("", "", (0, 0)),
        ("abc", "abc", (3, 0)),
        ("abc", "abxc", (2, 1)),
        ("aaa", "aa", (2, 0)),
        ("abc", "xbc", (0, 2)),
        ("äöü", "äu", (1, 0)),
    ] {
        assert_eq!(shared(one, other), expected, "{one} {other}");
    }
}

#[test]
fn two_values_that_read_the_same_are_told_apart() {
    for (one, other, texts_of) in [
        (json!(null), json!([]), ["null", "[]"]),
        (json!("1"), json!(1), ["\"1\"", "1"]),
        (json!(["a", "b"]), json!(["c"]), ["a, b", "c"]),
        (
            json!({"id": 1, "name": "a"}),
            json!({"id": 2, "name": "b"}),
            ["{\"id\":1,\"name\":\"a\"}", "{\"id\":2,\"name\":\"b\"}"],
        ),
    ] {
        assert_eq!(texts(&one, &other), texts_of);
    }
}
