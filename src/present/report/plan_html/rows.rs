//! All lines of a plan as data for the page's script: one JSON array a line, whose positions are described in `page.js`.

use std::{
    fmt::Display,
    io::{self, Write},
};

use serde_json::Value;

use crate::{
    api::Method,
    plan::{Change, Effect, Item, Rejection, Skip, Target, Undo},
    report::{
        delta::{Delta, describe, is_nested},
        manner::{Manner, is_field},
        plan_report::PlanReport,
        summary_lines::SummaryLines,
    },
    text::Untrusted,
};

/// Columns of a name, an action or a reason.
const TEXT_COLUMNS: usize = 500;

/// Writes a JSON array of all items, in the plan's order.
pub(super) fn write_rows(
    report: &PlanReport<'_>,
    lines: &SummaryLines<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut separator = "[";
    report.items.each(&mut |item| {
        out.write_all(separator.as_bytes())?;
        separator = ",\n";
        let row = match item {
            Item::Change(change) => of_change(report, lines, change),
            Item::Skipped(skip) => of_skip(lines, skip),
            Item::Rejected(rejection) => of_rejection(rejection),
        };
        out.write_all(row.as_bytes())
    })?;
    out.write_all(if separator == "[" { b"[]" } else { b"]" })
}

fn of_change(report: &PlanReport<'_>, lines: &SummaryLines<'_>, change: &Change) -> String {
    let undo = match &change.undo {
        Undo::Request(_) => "",
        Undo::None(reason) => reason,
    };
    let effects = change
        .effects
        .iter()
        .map(|effect| text(&effect_words(effect)));
    list([
        "0".to_owned(),
        list(lines.of_change(change)),
        text(&change.action.join(" + ")),
        of_target(&change.target),
        list(fields(report, change)),
        text(undo),
        list(effects),
    ])
}

fn of_skip(lines: &SummaryLines<'_>, skip: &Skip) -> String {
    list([
        "1".to_owned(),
        list(lines.of_skip(skip)),
        text("skipped"),
        of_target(&skip.target),
        text(&skip.reason),
    ])
}

fn of_rejection(rejection: &Rejection) -> String {
    let row = rejection.row.map(|row| format!("row {row}"));
    let target = match (&rejection.target, row) {
        (Some(target), None) => of_target(target),
        (Some(target), Some(row)) => named(&format!("{row}, {}", target.kind), target),
        (None, row) => list([text(&row.unwrap_or_default()), text(""), text(""), text("")]),
    };
    list([
        "2".to_owned(),
        "[]".to_owned(),
        text("rejected"),
        target,
        text(&rejection.reason),
    ])
}

/// Kind, name, ids, and enclosing names.
fn of_target(target: &Target) -> String {
    named(target.kind.word(), target)
}

fn named(kind: &str, target: &Target) -> String {
    let ids = match &target.id {
        Some(id) => format!("{}/{id}", target.execution),
        None => target.execution.to_string(),
    };
    let within = target.within.join(" › ");
    list([text(kind), text(&target.name), text(&ids), text(&within)])
}

/// The fields that get another value, then the other parts of the request; the request itself if there is nothing else.
fn fields(report: &PlanReport<'_>, change: &Change) -> Vec<String> {
    let zone = report.summary.zone();
    let mut fields: Vec<String> = change
        .writes()
        .map(|(field, before, after)| {
            let delta = Delta::of(&field, before, after, zone);
            // Only a distance adds information to the values.
            let distance = delta.moved.map_or_else(String::new, |_| delta.text);
            list([
                text(&field),
                value(&describe(before)),
                value(&describe(after)),
                text(&distance),
                whole(before),
                whole(after),
            ])
        })
        .collect();
    let body = change.request.body.iter().flatten();
    fields.extend(
        body.filter(|(field, _)| !is_field(change, field))
            .map(|(field, sent)| {
                list([
                    text(field),
                    "null".to_owned(),
                    value(&describe(sent)),
                    text(""),
                    text(""),
                    whole(sent),
                ])
            }),
    );
    if fields.is_empty() {
        let how = Manner::of(change).map_or_else(String::new, |how| how.text + ": ");
        let request = format!(
            "{how}{} {}",
            verb(change.request.method),
            change.request.path
        );
        fields.push(list([text(""), "null".to_owned(), text(&request)]));
    }
    fields
}

/// The JSON of a value that the short text does not show completely.
fn whole(of: &Value) -> String {
    let json = is_nested(of).then(|| of.to_string());
    value(&json.unwrap_or_default())
}

const fn verb(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Patch => "PATCH",
        Method::Post => "POST",
        Method::Delete => "DELETE",
    }
}

fn effect_words(effect: &Effect) -> String {
    match effect {
        Effect::AutomationFires => "automation fires".to_owned(),
        Effect::AutomationsMayFire => "automations may fire".to_owned(),
        Effect::FlowAdvances => "flow may advance".to_owned(),
        Effect::LaterTasksReset => "resets all later tasks".to_owned(),
        Effect::EntityWrite(write) => format!("may write {}", write.attribute),
        Effect::EntityWritesUnknown => "may write unknown attributes of entities".to_owned(),
        Effect::Notice(person) => format!("at most one notice to {person}"),
        Effect::NoticesUnknown => "notices to others: unknown".to_owned(),
    }
}

fn text(text: &str) -> String {
    cut(text, TEXT_COLUMNS)
}

/// Values are the only texts that are never cut: the other formats refer to the page for them.
fn value(text: &str) -> String {
    cut(text, usize::MAX)
}

/// The text is escaped and cut for a terminal, then escaped for JSON, which does not change what a reader sees.
fn cut(text: &str, columns: usize) -> String {
    let shown = Untrusted(text).terminal().cut(columns).to_string();
    Untrusted(&shown).json_in_html().to_string()
}

/// A JSON array of JSON.
fn list(entries: impl IntoIterator<Item = impl Display>) -> String {
    let entries: Vec<String> = entries.into_iter().map(|entry| entry.to_string()).collect();
    format!("[{}]", entries.join(","))
}
