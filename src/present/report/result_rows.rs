//! `results.csv` and `results.jsonl`: every change of a run, for a spreadsheet and for programs.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use serde::Serialize;
use serde_json::Value;

use super::{change_facts::AttemptTimes, change_walk::ChangeEnd};
use crate::{
    outcome::Outcome,
    plan::Target,
    text::{self, Untrusted},
};

pub(super) const HEADING: &str = "id,execution,kind,name,within,action,fields,outcome,detail,attempts,first_started_at,last_started_at,took_at_most_ms";

/// A line of `results.jsonl`, and a change in the documents of `report` and `history`; a row is made of it, too. Scripts depend on its names. Of
/// what is unknown, there is no key.
#[derive(Debug, Serialize)]
pub(super) struct ResultDocument<'a> {
    /// As in the plan.
    change: &'a str,
    target: &'a Target,
    action: &'a [String],
    fields: Vec<String>,
    /// The values of the fields as they were read, and as they are to be. Not in `results.jsonl`: they are in the plan beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<BTreeMap<String, &'a Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<BTreeMap<String, &'a Value>>,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    took_at_most_ms: Option<u64>,
}

impl<'a> From<&'a ChangeEnd<'a>> for ResultDocument<'a> {
    fn from(end: &'a ChangeEnd<'a>) -> Self {
        let AttemptTimes {
            number,
            first_started_at,
            last_started_at,
            took_at_most_ms,
        } = end.attempts;
        let first_started_at = first_started_at.map(|at| at.to_string());
        let last_started_at = match last_started_at {
            last if last == end.attempts.first_started_at => first_started_at.clone(),
            last => last.map(|at| at.to_string()),
        };
        Self {
            change: &end.change.change,
            target: &end.change.target,
            action: &end.change.action,
            fields: end.change.writes().map(|(field, _, _)| field).collect(),
            before: None,
            after: None,
            outcome: end.outcome,
            detail: end.detail.as_deref(),
            attempts: number,
            first_started_at,
            last_started_at,
            took_at_most_ms,
        }
    }
}

impl<'a> ResultDocument<'a> {
    /// With the values of the fields.
    pub(super) fn with_values(end: &'a ChangeEnd<'a>) -> Self {
        let writes = || end.change.writes();
        Self {
            before: Some(writes().map(|(field, before, _)| (field, before)).collect()),
            after: Some(writes().map(|(field, _, after)| (field, after)).collect()),
            ..Self::from(end)
        }
    }
}

/// The columns of [`write_cells_with_values`].
pub(super) fn heading_with_values() -> String {
    format!("change,{HEADING},before,after")
}

/// Writes the cells of a change with the values of its fields, as JSON objects, and ends the row.
///
/// # Errors
///
/// The errors of `out`.
pub(super) fn write_cells_with_values(out: &mut dyn Write, end: &ChangeEnd<'_>) -> io::Result<()> {
    let document = ResultDocument::with_values(end);
    write!(out, "{},", Untrusted(document.change).csv())?;
    write_cells(out, &document)?;
    for values in [&document.before, &document.after] {
        let values = text::json::to_string(values)?;
        write!(out, ",{}", Untrusted(&values).csv())?;
    }
    out.write_all(b"\n")
}

/// Writes one row; the first column is the target's own id, as in `failed.csv`.
///
/// # Errors
///
/// The errors of `out`.
pub(super) fn write_row(out: &mut dyn Write, document: &ResultDocument<'_>) -> io::Result<()> {
    write_cells(out, document)?;
    out.write_all(
        b"
",
    )
}

fn write_cells(out: &mut dyn Write, document: &ResultDocument<'_>) -> io::Result<()> {
    let target = document.target;
    let id = target.id.as_ref().unwrap_or(&target.execution);
    let took = document.took_at_most_ms.map(|took| took.to_string());
    write!(
        out,
        "{},{},{},{},{},{},{},{},{},{},{},{},{}",
        Untrusted(id.as_str()).csv(),
        Untrusted(target.execution.as_str()).csv(),
        target.kind,
        Untrusted(&target.name).csv(),
        Untrusted(&target.within.join(" › ")).csv(),
        Untrusted(&document.action.join(" + ")).csv(),
        Untrusted(&document.fields.join(" + ")).csv(),
        document.outcome,
        Untrusted(document.detail.unwrap_or_default()).csv(),
        document.attempts,
        document.first_started_at.as_deref().unwrap_or_default(),
        document.last_started_at.as_deref().unwrap_or_default(),
        took.unwrap_or_default(),
    )
}

/// Writes one line of JSON.
///
/// # Errors
///
/// The errors of `out`.
pub(super) fn write_line(out: &mut dyn Write, document: &ResultDocument<'_>) -> io::Result<()> {
    text::json::to_writer(&mut *out, document)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::testing::changes::reassign;

    #[test]
    fn a_row_is_safe_in_a_spreadsheet_and_says_nothing_of_what_is_unknown() {
        let mut change = reassign("e1", "t1");
        change.target.name = "=HYPERLINK(\"http://x\")".to_owned();
        change.target.within = vec!["Umzug, Köln".to_owned()];
        let whole = AttemptTimes {
            number: 2,
            first_started_at: Timestamp::from_millisecond(1_000).ok(),
            last_started_at: Timestamp::from_millisecond(2_500).ok(),
            took_at_most_ms: Some(1_540),
        };
        let (mut rows, mut lines) = (Vec::new(), Vec::new());
        for (outcome, detail, attempts) in [
            (Outcome::Refused, Some("400: no\nway"), whole),
            (Outcome::AlreadyDone, None, AttemptTimes::default()),
        ] {
            let end = ChangeEnd {
                change: &change,
                outcome,
                detail: detail.map(str::to_owned),
                message: None,
                about: None,
                attempts,
                line: 2,
                doubt: None,
            };
            let document = ResultDocument::from(&end);
            write_row(&mut rows, &document).unwrap();
            write_line(&mut lines, &document).unwrap();
        }
        insta::assert_snapshot!(String::from_utf8(rows).unwrap(), @r#"
        t1,e1,task,"'=HYPERLINK(""http://x"")","Umzug, Köln",reassign,assigned_to,refused,400: no\nway,2,1970-01-01T00:00:01Z,1970-01-01T00:00:02.5Z,1540
        t1,e1,task,"'=HYPERLINK(""http://x"")","Umzug, Köln",reassign,assigned_to,already_done,,0,,,
        "#);
        let lines: Vec<serde_json::Value> = String::from_utf8(lines)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let keys = |number: usize| -> Vec<&str> {
            let line = lines[number].as_object().unwrap();
            line.keys().map(String::as_str).collect()
        };
        let always = [
            "action", "attempts", "change", "fields", "outcome", "target",
        ];
        assert_eq!(keys(1), always);
        assert_eq!(keys(0).len(), always.len() + 4);
        assert_eq!(lines[0]["detail"], "400: no\nway");
    }
}
