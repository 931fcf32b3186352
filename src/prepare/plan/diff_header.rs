//! The differences between the headers of two plans. Pure.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{PlanHeader, Trailer};
use crate::server_name::is_same_server;

/// Fields that are shown but do not count: their effect is in the changes, or they are about the past. All other fields affect what
/// applying a plan does, or whether it may be applied; new fields count by default.
const INFORMS: [&str; 8] = [
    "now",
    "made_at",
    "tool",
    "timezone",
    "vars",
    "playbook.name",
    "playbook.sha256",
    "scanned",
];

/// A field of the header that differs, or a result of header and counts.
#[derive(Clone, Debug, PartialEq)]
pub struct HeaderDifference {
    /// The path of the field.
    pub field: String,
    pub reviewed: Value,
    pub now: Value,
}

impl HeaderDifference {
    /// Whether applying the two plans may do different things because of it.
    pub fn decides(&self) -> bool {
        !INFORMS.iter().any(|field| {
            self.field
                .strip_prefix(field)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}

/// The differences of two headers, field by field; the number of scanned executions; and whether the guards hold, which may depend on it.
pub fn header_differences(
    reviewed: (&PlanHeader, &Trailer),
    now: (&PlanHeader, &Trailer),
) -> Vec<HeaderDifference> {
    let mut differences = Vec::new();
    compare("", &said(reviewed), &said(now), &mut differences);
    let is_same_server = is_same_server(&reviewed.0.server, &now.0.server);
    // Two plans without `--now` were made at their `now`.
    let is_now = reviewed.0.made_at.is_none() && now.0.made_at.is_none();
    differences.retain(|difference| match difference.field.as_str() {
        "server" => !is_same_server,
        "made_at" => !is_now,
        _ => true,
    });
    differences
}

fn said((header, trailer): (&PlanHeader, &Trailer)) -> Value {
    let mut said = serde_json::to_value(header).unwrap_or_default();
    said["made_at"] = serde_json::to_value(header.made_at()).unwrap_or_default();
    said["scanned"] = trailer.scanned.into();
    said["guards_hold"] = header.guards.broken(trailer.size()).is_empty().into();
    said
}

fn compare(path: &str, reviewed: &Value, now: &Value, into: &mut Vec<HeaderDifference>) {
    if let (Value::Object(reviewed), Value::Object(now)) = (reviewed, now) {
        let names: BTreeSet<&String> = reviewed.keys().chain(now.keys()).collect();
        for name in names {
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            let of = |fields: &Map<String, Value>| fields.get(name).cloned().unwrap_or_default();
            compare(&path, &of(reviewed), &of(now), into);
        }
    } else if reviewed != now {
        into.push(HeaderDifference {
            field: path.to_owned(),
            reviewed: reviewed.clone(),
            now: now.clone(),
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::samples::plan_header as header;

    fn scanned(scanned: u64) -> Trailer {
        Trailer {
            changes: 1,
            groups: 1,
            scanned,
            ..Trailer::default()
        }
    }

    #[test]
    fn each_field_of_the_header_is_compared_and_says_whether_it_decides() {
        let reviewed = header();
        for (alter, field, decides) in [
            (
                (|now| now.server = "x".into()) as fn(&mut PlanHeader),
                "server",
                true,
            ),
            (|now| now.org = None, "org", true),
            (
                |now| now.guards.max_changes = Some(5),
                "guards.max_changes",
                true,
            ),
            (
                |now| now.pace.max_errors = "2%".parse().ok(),
                "pace.max_errors",
                true,
            ),
            (
                |now| now.playbook.converges = false,
                "playbook.converges",
                true,
            ),
            (
                |now| now.playbook.repeatable = true,
                "playbook.repeatable",
                true,
            ),
            (|now| now.wf_bulk_plan = 2, "wf_bulk_plan", true),
            (|now| now.playbook.name = "q".into(), "playbook.name", false),
            (
                |now| now.playbook.sha256 = "11".into(),
                "playbook.sha256",
                false,
            ),
            (
                |now| drop(now.vars.insert("leaver".into(), json!("1"))),
                "vars.leaver",
                false,
            ),
            (|now| now.vars.clear(), "vars.leaver", false),
            (
                |now| now.now = "2026-12-02T08:00:00Z".parse().unwrap(),
                "now",
                false,
            ),
            (|now| now.timezone = "UTC".into(), "timezone", false),
            (|now| now.tool = "wf-bulk 0.2.0".into(), "tool", false),
        ] {
            let mut now = header();
            alter(&mut now);
            let found = header_differences((&reviewed, &scanned(9)), (&now, &scanned(9)));
            let [difference] = &found[..] else {
                panic!("{field}: {found:?}")
            };
            assert_eq!(
                (difference.field.as_str(), difference.decides()),
                (field, decides)
            );
        }
        let differences = header_differences((&reviewed, &scanned(9)), (&reviewed, &scanned(9)));
        assert_eq!(differences, []);
    }

    #[test]
    fn a_plan_with_now_and_one_without_were_both_made_at_a_time() {
        let mut with_now = header();
        with_now.now = "2027-01-01T08:00:00Z".parse().unwrap();
        with_now.made_at = Some("2026-11-20T08:00:00Z".parse().unwrap());
        let without = header();
        let found = header_differences((&with_now, &scanned(9)), (&without, &scanned(9)));
        let made = found.iter().find(|one| one.field == "made_at").unwrap();
        assert_eq!(made.reviewed, json!(with_now.made_at));
        assert_eq!(made.now, json!(without.now));
    }

    #[test]
    fn that_a_guard_holds_for_one_plan_only_decides_and_another_number_of_executions_alone_does_not()
     {
        let mut header = header();
        header.guards.max_percent = Some("25".parse().unwrap());
        let found = |reviewed, now| {
            let differences =
                header_differences((&header, &scanned(reviewed)), (&header, &scanned(now)));
            differences
                .into_iter()
                .map(|difference| (difference.decides(), difference.field))
                .collect::<Vec<_>>()
        };
        assert_eq!(found(4, 5), [(false, "scanned".to_owned())]);
        assert_eq!(
            found(4, 3),
            [
                (true, "guards_hold".to_owned()),
                (false, "scanned".to_owned())
            ]
        );
    }
}
