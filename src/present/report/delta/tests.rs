use serde_json::json;

use super::*;

fn delta(field: &str, before: &Value, after: &Value) -> Delta {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    Delta::of(field, before, after, &zone)
}

#[test]
fn equal_changes_read_the_same() {
    for (field, before, after, text) in [
        (
            "status",
            json!("STARTED"),
            json!("CLOSED"),
            "STARTED → CLOSED",
        ),
        ("name", Value::Null, json!("x"), "none → x"),
        (
            "closing_reason",
            Value::Null,
            json!({ "selected_reasons": [{ "id": "r", "title": "Lost" }], "extra_description": "" }),
            "none → Lost",
        ),
        (
            "closing_reason",
            Value::Null,
            json!({ "selected_reasons": [{ "id": "r", "title": "Lost" }], "extra_description": "moved" }),
            "none → Lost “moved”",
        ),
        (
            "x",
            json!({"name": "a", "of": 1}),
            json!({"name": "a", "of": 2}),
            "a (of: 1) → a (of: 2)",
        ),
        (
            "task",
            Value::Null,
            json!({"id": "1", "name": "Call", "phase_id": "p", "sectionId": "s", "assigned_to": ["7"]}),
            "none → Call (assigned_to: 7)",
        ),
        (
            "due_date",
            Value::Null,
            json!("2026-12-01"),
            "none → 2026-12-01",
        ),
        (
            "due_date",
            json!("soon"),
            json!("2026-12-01"),
            "soon → 2026-12-01",
        ),
        (
            "other",
            json!({ "a": 1 }),
            json!([true, 2]),
            "{\"a\":1} → true, 2",
        ),
    ] {
        assert_eq!(
            delta(field, &before, &after),
            Delta::said(text.to_owned()),
            "{field}"
        );
    }
}

#[test]
fn a_list_says_who_goes_who_comes_and_who_stays() {
    for (field, before, after, text) in [
        (
            "assigned_to",
            json!(["10010"]),
            json!(["10020"]),
            "10010 → 10020",
        ),
        (
            "assigned_to",
            json!(["7", "10010"]),
            json!(["7", "10020"]),
            "10010 → 10020, 7 stays",
        ),
        (
            "assigned_to",
            json!(["10010", "10020"]),
            json!(["10020"]),
            "10010 removed, 10020 stays",
        ),
        (
            "assigned_to",
            json!(["10010", "10030", "10040"]),
            json!(["10020", "10030", "10040"]),
            "10010 → 10020, 10030, 10040 stay",
        ),
        (
            "assigned_to",
            json!(["10030"]),
            json!(["10030", "10020"]),
            "10020 added, 10030 stays",
        ),
        ("assigned_to", json!(["10010"]), json!([]), "10010 → nobody"),
        (
            "assigned_to",
            json!(["10010"]),
            json!(null),
            "10010 → nobody",
        ),
        ("assigned_to", json!(null), json!([]), "null → []"),
        ("userIds", json!([1, 2]), json!([2]), "1 removed, 2 stays"),
        (
            "assigned_to",
            json!(["10010", { "variable": "{{owner}}", "value": ["1"] }]),
            json!(["10020", { "variable": "{{owner}}", "value": ["1"] }]),
            "10010 → 10020, {{owner}} stays",
        ),
        (
            "assigned_to",
            json!(["10010", { "variable": "{{owner}}", "value": ["10010"] }]),
            json!([{ "variable": "{{owner}}", "value": ["10010"] }]),
            "10010 removed, {{owner}} (still 10010) stays",
        ),
        (
            "assigned_to",
            json!([{ "variable": "{{owner}}", "value": ["1"] }]),
            json!([{ "variable": "{{owner}}", "value": ["2"] }]),
            r#"[{"value":["1"],"variable":"{{owner}}"}] → [{"value":["2"],"variable":"{{owner}}"}]"#,
        ),
        (
            "assigned_to",
            json!([{ "variable": "{{owner}}" }]),
            json!([]),
            "{{owner}} → nobody",
        ),
        // How often somebody stands there, and in which order, shows in the lists.
        ("assigned_to", json!(["1", "1"]), json!(["1"]), "1, 1 → 1"),
        (
            "assigned_to",
            json!(["1", "2", "3"]),
            json!(["3", "1"]),
            "1, 2, 3 → 3, 1",
        ),
        (
            "taxonomies",
            json!(["a", "b"]),
            json!(["a", "c"]),
            "b → c, a stays",
        ),
        ("taxonomies", json!(null), json!(["a"]), "none → a"),
        (
            "assignedTo",
            Value::Null,
            json!(["1", "2"]),
            "nobody → 1, 2",
        ),
        (
            "assignedTo",
            json!(["1", "2"]),
            json!(["2", "1"]),
            "1, 2 → 2, 1",
        ),
    ] {
        assert_eq!(
            delta(field, &before, &after),
            Delta::said(text.to_owned()),
            "{field}"
        );
    }
}

#[test]
fn a_list_with_an_entry_twice_or_one_from_outside_is_shown_as_it_is() {
    for (field, before, after, text) in [
        ("userIds", json!([1]), json!([]), "1 → nobody"),
        (
            "taxonomies",
            json!(["a", "\u{1b}[2J"]),
            json!(["b", "\u{1b}[2J"]),
            "a → b, \\u{1b}[2J stays",
        ),
        ("assigned_to", json!(["1"]), json!(["1", "1"]), "1 → 1, 1"),
        (
            "assigned_to",
            json!(["1", "1", "2"]),
            json!(["1", "1", "3"]),
            "2 → 3, 1, 1 stay",
        ),
    ] {
        let delta = delta(field, &before, &after);
        assert_eq!(delta, Delta::said(text.to_owned()), "{field}");
    }
}

#[test]
fn a_due_date_shows_how_far_it_moves_on_the_wall_clock() {
    for (before, after, text, was) in [
        (
            "2026-12-01T00:00:00.000",
            "2026-12-04T00:00:00.000",
            "+3 days",
            "2026-12-01",
        ),
        (
            "2026-12-02T12:00:00.000Z",
            "2026-12-01T12:00:00.000Z",
            "-1 day",
            "2026-12-02",
        ),
        // Over the end of summer time the same wall time is an hour later in UTC.
        (
            "2026-10-24T10:00:00Z",
            "2026-10-27T11:00:00Z",
            "+3 days",
            "2026-10-24",
        ),
        // 23:30 UTC is the next day in Berlin.
        (
            "2026-12-01T23:30:00Z",
            "2026-12-02T23:30:00Z",
            "+1 day",
            "2026-12-02",
        ),
        (
            "2023-01-15T20:00:00",
            "2023-01-16T22:30:00",
            "+1 day 2 h 30 min",
            "2023-01-15",
        ),
        (
            "2023-01-15T20:00:00",
            "2023-01-15T20:00:01",
            "+1 s",
            "2023-01-15",
        ),
        ("2026-01-31", "2026-02-28", "+28 days", "2026-01-31"),
        ("2026-01-31", "2026-01-31T00:00:00", "+0 days", "2026-01-31"),
    ] {
        let delta = delta("due_date", &json!(before), &json!(after));
        let moved = delta.moved.unwrap();
        assert_eq!(
            (&delta.text[..], moved.was),
            (text, was.parse().unwrap()),
            "{before}"
        );
    }
}

#[test]
fn a_due_date_has_where_it_goes_in_common_with_others() {
    for (before, after, text) in [
        (json!("2026-12-01"), "2026-12-15", "→ 2026-12-15"),
        (json!("2026-12-01"), "2026-12-15T00:00:00", "→ 2026-12-15"),
        (
            json!("2026-12-01"),
            "2026-12-14T23:00:00.000Z",
            "→ 2026-12-15",
        ),
        (
            json!("2026-12-01"),
            "2026-12-15T12:30:00.000",
            "→ 2026-12-15 12:30",
        ),
        (
            json!("2026-12-01"),
            "2026-12-15T00:00:07.5",
            "→ 2026-12-15 00:00:07.5",
        ),
        (Value::Null, "2026-12-15T00:00:00.000", "none → 2026-12-15"),
        (json!("soon"), "2026-12-15", "soon → 2026-12-15"),
    ] {
        let delta = delta("due_date", &before, &json!(after));
        assert_eq!(delta.key_by_date(), text);
    }
}

#[test]
fn two_values_are_told_apart() {
    let long = |end| json!(format!("{}{end}", "x".repeat(60)));
    for (one, other, left, right) in [
        (json!(["7"]), json!(["7", "2"]), "7", "7, 2"),
        (Value::Null, json!([]), "null", "[]"),
        (json!("1"), json!(1), "\"1\"", "1"),
        (json!("a\u{1b}"), Value::Null, "a\\u{1b}", "none"),
        (json!("a\n"), json!("a\\n"), "\"a\\n\"", "\"a\\\\n\""),
        (long("a"), long("b"), "…xxxxxxxxxxa", "…xxxxxxxxxxb"),
        (long(""), long("b"), "…xxxxxxxxxx", "…xxxxxxxxxxb"),
    ] {
        let told = apart(&one, &other, VALUE_COLUMNS);
        assert_eq!(told, (left.to_owned(), right.to_owned()));
    }
}

#[test]
fn what_is_cut_is_equal_only_where_the_whole_is() {
    let long = |end| json!(format!("{}{end}", "x".repeat(60)));
    let [one, same, other] = ["a", "a", "b"].map(|end| delta("x", &json!(1), &long(end)));
    assert_eq!(one.text, other.text);
    assert_eq!(one.key(), same.key());
    assert_ne!(one.key(), other.key());
    assert_eq!(Delta::text_of(&one.key()), one.text);
    // Also beside something that is cut itself.
    let manner = |cut: Option<&str>| Manner {
        text: "for good".to_owned(),
        cut: cut.map(str::to_owned),
    };
    let keys = [
        one.clone().with(&manner(None)),
        other.clone().with(&manner(None)),
        one.clone().with(&manner(Some("m"))),
        other.with(&manner(Some("m"))),
        one.with(&manner(Some("n"))),
    ]
    .map(|delta| delta.key());
    let different: std::collections::BTreeSet<&String> = keys.iter().collect();
    assert_eq!(different.len(), keys.len(), "{keys:?}");
}

#[test]
fn a_value_from_outside_is_escaped_and_cut() {
    let long = "x".repeat(100);
    assert_eq!(
        delta("name", &json!("a\u{1b}[2J"), &json!(long)).text,
        format!("a\\u{{1b}}[2J → {}…", "x".repeat(39))
    );
}
