use std::collections::BTreeMap;

use super::*;
use crate::store::{RunEnd, RunOrigin};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A run that worked from 1 to 3 November, and was deleted in the year after.
fn deleted(said: &str) -> ExportedRun {
    let said = || said.to_owned();
    DeletedRun {
        run: RunId::new(at("2026-11-01T08:00:00Z"), [1; 10]),
        deleted_at: at("2027-02-01T00:00:00Z"),
        created_at: Some(at("2026-11-01T08:00:01Z")),
        origin: Some(RunOrigin {
            started_at: at("2026-11-01T08:00:00Z"),
            playbook: said(),
            server: said(),
            org: Some(said()),
            reason: Some(said()),
            by: Some(Operator {
                user: said(),
                host: said(),
                actor: Some(said()),
                approver: Some(said()),
                link: Some(said()),
                git: None,
            }),
        }),
        plan_sha256: Some("ab12".to_owned()),
        end: Some(RunEnd {
            how: "finished".to_owned(),
            ended_at: at("2026-11-03T08:00:00Z"),
            outcomes: BTreeMap::from([(Outcome::Applied, 2), (Outcome::Failed, 1)]),
        }),
    }
    .into()
}

#[test]
fn a_period_has_the_runs_that_worked_in_it_and_those_of_which_that_is_not_known() {
    let whole = deleted("x");
    let running = ExportedRun {
        ended_at: None,
        deleted_at: None,
        ..whole.clone()
    };
    let unknown = ExportedRun {
        started_at: None,
        ..running.clone()
    };
    for (since, until, expected) in [
        (None, None, [true; 3]),
        (Some("2026-11-02T00:00:00Z"), None, [true; 3]),
        (Some("2026-11-03T08:00:00Z"), None, [true; 3]),
        (Some("2026-11-04T00:00:00Z"), None, [false, true, true]),
        (None, Some("2026-11-01T08:00:01Z"), [true; 3]),
        (None, Some("2026-11-01T08:00:00Z"), [false, false, true]),
        (
            Some("2026-10-01T00:00:00Z"),
            Some("2026-10-31T00:00:00Z"),
            [false, false, true],
        ),
    ] {
        let is_within =
            [&whole, &running, &unknown].map(|run| run.is_within(since.map(at), until.map(at)));
        assert_eq!(is_within, expected, "{since:?} {until:?}");
    }
}

#[test]
fn a_row_is_safe_in_a_spreadsheet_and_has_a_cell_for_each_column() {
    let run = deleted("=1+1,\u{202e}");
    for with_changes in [false, true] {
        let mut table = Vec::new();
        write_export_heading(with_changes, &mut table).unwrap();
        if with_changes {
            run.write_row_without_change(&mut table).unwrap();
        } else {
            run.write_row(&mut table).unwrap();
        }
        let mut reader = csv::Reader::from_reader(&table[..]);
        let columns = reader.headers().unwrap().clone();
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 1);
        let cell = |name: &str| {
            let place = columns.iter().position(|column| column == name);
            rows[0].get(place.unwrap()).unwrap().to_owned()
        };
        for name in [
            "playbook", "server", "org", "reason", "actor", "user", "host", "approver", "link",
        ] {
            assert_eq!(cell(name), "'=1+1,\\u{202e}", "{name}");
        }
        assert_eq!(cell("started_at"), "2026-11-01T08:00:00Z");
        assert_eq!(cell("deleted_at"), "2027-02-01T00:00:00Z");
        if with_changes {
            assert_eq!([cell("change"), cell("after")], ["", ""]);
        } else {
            assert_eq!(
                [
                    cell("planned"),
                    cell("applied"),
                    cell("failed"),
                    cell("in_doubt")
                ],
                ["3", "2", "1", "0"]
            );
        }
    }
}
