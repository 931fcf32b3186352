//! The difference of an altered change as a short text, so that equal differences have the same text.

use std::collections::BTreeSet;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use crate::{
    dates,
    plan::{Aspect, Change, Fields, HeaderDifference, LeftOut, Undo},
};

use super::{
    delta::{Delta, VALUE_COLUMNS, apart},
    manner::Manner,
    units::thousands,
    words,
};

/// Columns of one value of a header; two fit on a line.
const HEADER_COLUMNS: usize = 80;

/// Fields of one change that are shown one by one: a change writes one or two, a plan from another source may have any number.
const MAX_FIELDS: usize = 4;

/// `shift_due_date: due_date will be 1 day later; has another name`. Escaped and bounded.
pub(super) fn altered(
    reviewed: &Change,
    now: &Change,
    aspects: &[Aspect],
    zone: &TimeZone,
) -> String {
    let parts: Vec<String> = aspects
        .iter()
        .map(|aspect| match aspect {
            Aspect::After => {
                let body = |change: &Change| change.request.body.clone().unwrap_or_default();
                let said = fields(&reviewed.after, &now.after, zone, ["will be", "was to be"]);
                // For a new object the body has more than the fields.
                said.or_else(|| fields(&body(reviewed), &body(now), zone, ["will be", "was to be"]))
                    .unwrap_or_else(|| "sends something else".to_owned())
            }
            Aspect::Before => fields(
                &starts_from(reviewed),
                &starts_from(now),
                zone,
                ["is", "was"],
            )
            .unwrap_or_else(|| "starts from something else".to_owned()),
            Aspect::Manner => manner(reviewed, now),
            Aspect::Order => "has another place among the changes of its execution".to_owned(),
        })
        .collect();
    format!("{}: {}", words::actions(&now.action), parts.join("; "))
}

/// The old values, and other values that must not have changed.
fn starts_from(change: &Change) -> Fields {
    let mut fields = change.requires.clone();
    fields.extend(change.before.clone());
    fields
}

fn fields(reviewed: &Fields, now: &Fields, zone: &TimeZone, verbs: [&str; 2]) -> Option<String> {
    let names: BTreeSet<&String> = reviewed.keys().chain(now.keys()).collect();
    let differ: Vec<&String> = names
        .into_iter()
        .filter(|name| reviewed.get(*name) != now.get(*name))
        .collect();
    let mut parts: Vec<String> = differ
        .iter()
        .take(MAX_FIELDS)
        .map(|name| {
            let of = |fields: &Fields| fields.get(*name).cloned().unwrap_or_default();
            field(name, &of(reviewed), &of(now), zone, verbs)
        })
        .collect();
    if differ.len() > MAX_FIELDS {
        let more = thousands((differ.len() - MAX_FIELDS) as u64);
        parts.push(format!("and {more} more fields"));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Never with an arrow between the values: that is how a change itself is shown.
fn field(name: &str, reviewed: &Value, now: &Value, zone: &TimeZone, verbs: [&str; 2]) -> String {
    let [is, was] = verbs;
    let delta = Delta::of(name, reviewed, now, zone);
    let distance = delta.moved.is_some().then_some(delta.text);
    let (left, right) = apart(reviewed, now, VALUE_COLUMNS);
    let name = words::name(name);
    match distance.as_deref().map(|distance| distance.split_at(1)) {
        // The same date in two forms has no distance.
        Some((_, "0 days")) | None => format!("{name} {is} {right} ({was} {left})"),
        Some(("-", distance)) => format!("{name} {is} {distance} earlier"),
        Some((_, distance)) => format!("{name} {is} {distance} later"),
    }
}

fn sent(change: &Change) -> String {
    Manner::of(change).map_or_else(String::new, |manner| manner.text)
}

fn manner(reviewed: &Change, now: &Change) -> String {
    let mut parts = Vec::new();
    if reviewed.target.name != now.target.name {
        parts.push("has another name".to_owned());
    } else if reviewed.target != now.target {
        parts.push("has another target".to_owned());
    }
    if reviewed.action != now.action {
        parts.push(format!("was {}", words::actions(&reviewed.action)));
    }
    if (reviewed.request.method, &reviewed.request.path) != (now.request.method, &now.request.path)
    {
        parts.push(match (sent(reviewed), sent(now)) {
            (was, is) if was == is || is.is_empty() || was.is_empty() => {
                "is another request".to_owned()
            }
            (was, is) => format!("will be {is} (was to be {was})"),
        });
    }
    if reviewed.repeat != now.repeat {
        parts.push("is repeated by another rule".to_owned());
    }
    if reviewed.effects != now.effects {
        parts.push("causes something else".to_owned());
    }
    match (&reviewed.undo, &now.undo) {
        (Undo::Request(_), Undo::None(_)) => parts.push("can't be undone any more".to_owned()),
        (Undo::None(_), Undo::Request(_)) => parts.push("can be undone now".to_owned()),
        (Undo::None(one), Undo::None(other)) if one != other => {
            parts.push("can't be undone, for another reason".to_owned());
        }
        (Undo::Request(_), Undo::Request(_)) | (Undo::None(_), Undo::None(_)) => {}
    }
    if parts.is_empty() {
        parts.push("is undone in another way".to_owned());
    }
    parts.join(", ")
}

/// `+ row 9: no id`: a rejection that is new, gone, or has another reason. Escaped.
pub(super) fn rejected(difference: &LeftOut) -> String {
    match difference {
        LeftOut::Added(now) => format!("+ {}", words::rejection(now)),
        LeftOut::Removed(reviewed) => format!("- {}", words::rejection(reviewed)),
        LeftOut::Altered { reviewed, now } => {
            let was = words::left_out_reason(reviewed);
            format!("~ {} (was: {was})", words::rejection(now))
        }
    }
}

/// `vars.successor: 10020 → 10030`, escaped, each value bounded; instants are shown in `zone`.
pub(super) fn header_line(difference: &HeaderDifference, zone: &str) -> String {
    let field = words::name(&difference.field);
    let (reviewed, now) = moments(difference, zone)
        .unwrap_or_else(|| apart(&difference.reviewed, &difference.now, HEADER_COLUMNS));
    format!("{field}: {reviewed} → {now}")
}

/// Two instants, with seconds if they are in the same minute. None if one is not an instant.
fn moments(difference: &HeaderDifference, zone: &str) -> Option<(String, String)> {
    if !["now", "made_at"].contains(&difference.field.as_str()) {
        return None;
    }
    let both = |tell: fn(Timestamp, &str) -> String| {
        let told = |value: &Value| match value {
            Value::Null => Some("none".to_owned()),
            value => Some(tell(value.as_str()?.parse().ok()?, zone)),
        };
        told(&difference.reviewed).zip(told(&difference.now))
    };
    let (reviewed, now) = both(dates::on_wall_clock)?;
    if reviewed == now {
        both(dates::to_the_second)
    } else {
        Some((reviewed, now))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        plan::{Item, Repeat},
        report::{plan_summary::tests::change, words::tests::task},
    };

    fn one(field: &str, before: Value, after: Value) -> Change {
        match change(task("e", "t", "Call"), "patch", field, before, after) {
            Item::Change(change) => *change,
            Item::Skipped(_) | Item::Rejected(_) => unreachable!("a change was made"),
        }
    }

    fn said(reviewed: &Change, now: &Change, aspects: &[Aspect]) -> String {
        altered(reviewed, now, aspects, &TimeZone::UTC)
    }

    #[test]
    fn another_value_is_told_as_what_will_be_and_never_as_the_way_of_a_change() {
        for (field, before, after, now, text) in [
            (
                "assigned_to",
                json!(["1"]),
                json!(["2"]),
                json!(["3"]),
                "assigned_to will be 3 (was to be 2)",
            ),
            (
                "due_date",
                json!("2026-12-01"),
                json!("2026-12-04"),
                json!("2026-12-05"),
                "due_date will be 1 day later",
            ),
            (
                "due_date",
                json!("2026-12-01"),
                json!("2026-12-04"),
                json!("2026-12-02"),
                "due_date will be 2 days earlier",
            ),
            (
                "due_date",
                json!(null),
                json!("2026-12-04T00:00:00"),
                json!("2026-12-04T00:00:00Z"),
                "due_date will be 2026-12-04T00:00:00Z (was to be 2026-12-04T00:00:00)",
            ),
            (
                "x",
                json!(1),
                json!(null),
                json!([]),
                "x will be [] (was to be null)",
            ),
            (
                "x",
                json!(1),
                json!("y".repeat(60) + "a"),
                json!("y".repeat(60) + "b"),
                "x will be …yyyyyyyyyyb (was to be …yyyyyyyyyya)",
            ),
        ] {
            let reviewed = one(field, before.clone(), after);
            let now = one(field, before, now);
            assert_eq!(
                said(&reviewed, &now, &[Aspect::After]),
                format!("patch: {text}")
            );
        }
    }

    #[test]
    fn each_other_aspect_has_its_words() {
        let reviewed = one("x", json!(1), json!(2));
        let altered = |alter: fn(&mut Change)| {
            let mut now = reviewed.clone();
            alter(&mut now);
            now
        };
        for (now, aspect, text) in [
            (
                altered(|now| drop(now.before.insert("x".into(), json!(7)))),
                Aspect::Before,
                "x is 7 (was 1)",
            ),
            (
                altered(|now| {
                    now.requires
                        .insert("execution.status".into(), json!("STARTED"));
                }),
                Aspect::Before,
                "execution.status is STARTED (was none)",
            ),
            (
                altered(|now| now.request.body = None),
                Aspect::After,
                "x will be none (was to be 2)",
            ),
            (
                altered(|now| now.target.name = "b".into()),
                Aspect::Manner,
                "has another name",
            ),
            (
                altered(|now| now.repeat = Repeat::Once),
                Aspect::Manner,
                "is repeated by another rule",
            ),
            (
                altered(|now| now.undo = Undo::None("gone".into())),
                Aspect::Manner,
                "can't be undone any more",
            ),
            (
                altered(|_| {}),
                Aspect::Order,
                "has another place among the changes of its execution",
            ),
        ] {
            assert_eq!(said(&reviewed, &now, &[aspect]), format!("patch: {text}"));
        }
        let final_one = altered(|now| now.undo = Undo::None("gone".into()));
        assert_eq!(
            said(&final_one, &reviewed, &[Aspect::Manner]),
            "patch: can be undone now"
        );
    }

    #[test]
    fn a_change_of_many_fields_takes_a_line_or_two() {
        let mut reviewed = one("x", json!(1), json!(2));
        let mut now = reviewed.clone();
        for number in 0..4_000 {
            let name = format!("{number:04}{}", "x".repeat(1_000));
            reviewed
                .after
                .insert(name.clone(), json!("y".repeat(1_000)));
            now.after.insert(name, json!("z".repeat(1_000)));
        }
        let text = said(&reviewed, &now, &[Aspect::After]);
        assert!(text.ends_with(", and 3,996 more fields"), "{text}");
        assert!(text.len() < 1_000, "{}", text.len());
    }

    #[test]
    fn two_headers_that_differ_never_read_the_same() {
        let long = |end: &str| json!("x".repeat(90) + end);
        for (field, reviewed, now, line) in [
            (
                "now",
                json!("2026-12-01T08:00:00Z"),
                json!("2026-12-01T08:01:00Z"),
                "now: 2026-12-01 09:00 Europe/Berlin → 2026-12-01 09:01 Europe/Berlin",
            ),
            (
                "now",
                json!("2026-12-01T08:00:07Z"),
                json!("2026-12-01T08:00:31Z"),
                "now: 2026-12-01 09:00:07 Europe/Berlin → 2026-12-01 09:00:31 Europe/Berlin",
            ),
            (
                "made_at",
                json!("2026-12-01T08:00:07.25Z"),
                json!("2026-12-01T08:00:07Z"),
                "made_at: 2026-12-01 09:00:07.25 Europe/Berlin → 2026-12-01 09:00:07 Europe/Berlin",
            ),
            (
                "made_at",
                json!(null),
                json!("2026-12-01T08:00:07Z"),
                "made_at: none → 2026-12-01 09:00 Europe/Berlin",
            ),
            ("vars.x", json!("1"), json!(1), "vars.x: \"1\" → 1"),
            (
                "vars.x",
                long("a"),
                long("b"),
                "vars.x: …xxxxxxxxxxa → …xxxxxxxxxxb",
            ),
            ("org", json!(null), json!("7"), "org: none → 7"),
        ] {
            let difference = HeaderDifference {
                field: field.to_owned(),
                reviewed,
                now,
            };
            assert_eq!(header_line(&difference, "Europe/Berlin"), line);
        }
    }
}
