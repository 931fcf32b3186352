//! Checks `guards` and `pace`: the conditions for a plan, and the limits of a run.

use std::{collections::BTreeSet, num::NonZeroU32};

use crate::{
    action::Allow,
    pace::{Pace, Percent, Rate, Share},
};

use super::{
    form,
    model::{Expect, Guards, LeastScanned},
};
use crate::document::{
    node::Value,
    reader::{DocumentReader, FieldNode, FieldNodes, present},
};

/// The guards; a wrong one counts as absent.
pub(super) fn guards(reader: &mut DocumentReader<'_>, top: &FieldNodes<'_>) -> Guards {
    let fields = top
        .get("guards")
        .and_then(|field| reader.map(field, &form::names(&form::GUARDS)));
    let Some(fields) = fields else {
        return Guards::default();
    };
    Guards {
        max_changes: fields
            .get("max_changes")
            .and_then(|field| reader.whole(field, 1..=u64::MAX)),
        max_percent: fields
            .get("max_percent")
            .and_then(|field| percent(reader, field)),
        expect: fields.get("expect").and_then(|field| expect(reader, field)),
        scanned: fields
            .get("scanned")
            .and_then(|field| scanned(reader, field)),
        allow: fields
            .get("allow")
            .map_or_else(BTreeSet::new, |field| allow(reader, field)),
        rejected: fields
            .get("rejected")
            .and_then(|field| reader.word(field, &form::REJECTED))
            .unwrap_or_default(),
    }
}

/// If targets are named one by one, all of them are intended: a share says nothing.
pub(super) fn note_percent(reader: &mut DocumentReader<'_>, guards: FieldNode<'_>, source: &str) {
    if let Value::Map(entries) = &guards.node.value
        && let Some(entry) = entries.iter().find(|entry| entry.key.text == "max_percent")
    {
        reader.wrong(
            entry.key.span,
            format!("`max_percent` says nothing with `{source}`: all that is named is selected"),
            "use `max_changes`, or `expect`",
        );
    }
}

fn percent(reader: &mut DocumentReader<'_>, field: FieldNode<'_>) -> Option<Percent> {
    reader.number(
        field,
        "a number of percent above 0 and at most 100",
        |number| Percent::try_from(number.as_f64()?).ok(),
    )
}

fn expect(reader: &mut DocumentReader<'_>, field: FieldNode<'_>) -> Option<Expect> {
    let fields = reader.map(field, &form::names(&form::EXPECT))?;
    let min = fields.get("min");
    let max = fields.get("max");
    let (Some(last), false) = (max.or(min), field.is_empty()) else {
        reader.wrong(
            field.at,
            "`expect` is empty",
            "give it `min`, `max` or both: the number of changes you expect",
        );
        return None;
    };
    // Expecting 0 changes is valid: it asserts that nothing is left to do.
    let min = present(min.map(|field| reader.whole(field, 0..=u64::MAX)))?;
    let max = present(max.map(|field| reader.whole(field, 0..=u64::MAX)))?;
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        reader.wrong(
            last.node.span,
            format!("`min` ({min}) is greater than `max` ({max})"),
            "swap them",
        );
        return None;
    }
    Some(Expect { min, max })
}

fn scanned(reader: &mut DocumentReader<'_>, field: FieldNode<'_>) -> Option<LeastScanned> {
    let fields = reader.map(field, &form::names(&form::SCANNED))?;
    let help = "give it the number of executions that there are at least, like { min: 100 }";
    let min = reader.required(&fields, "min", help)?;
    // At least 0 is always true.
    let min = reader.whole(min, 1..=u64::MAX)?;
    Some(LeastScanned { min })
}

fn allow(reader: &mut DocumentReader<'_>, field: FieldNode<'_>) -> BTreeSet<Allow> {
    let items = reader
        .list(field, "a list of actions, like [run_schedule_now]")
        .unwrap_or_default();
    let words: Vec<(&str, Allow)> = Allow::words().collect();
    items
        .iter()
        .filter_map(|item| reader.word(field.item(item), &words))
        .collect()
}

/// The pace; for a wrong value, its default.
pub(super) fn pace(reader: &mut DocumentReader<'_>, top: &FieldNodes<'_>) -> Pace {
    let default = Pace::default();
    let fields = top
        .get("pace")
        .and_then(|field| reader.map(field, &form::names(&form::PACE)));
    let Some(fields) = fields else {
        return default;
    };
    Pace {
        rate: fields
            .get("rate")
            .and_then(|field| rate(reader, field))
            .unwrap_or(default.rate),
        burst: count(reader, &fields, "burst", Pace::MAX_BURST).unwrap_or(default.burst),
        concurrency: fields
            .get("concurrency")
            .and_then(|field| concurrency(reader, field))
            .unwrap_or(default.concurrency),
        stop_after: count(reader, &fields, "stop_after", NonZeroU32::MAX)
            .unwrap_or(default.stop_after),
        max_errors: fields
            .get("max_errors")
            .and_then(|field| share(reader, field, "errors")),
        stages: fields
            .get("stages")
            .map_or_else(Vec::new, |field| stages(reader, field)),
    }
}

/// The stages, each of which must end after the one before.
fn stages(reader: &mut DocumentReader<'_>, field: FieldNode<'_>) -> Vec<Share> {
    let items = reader
        .list(field, "a list of stages, like [5, 100%]")
        .unwrap_or_default();
    let mut stages: Vec<Share> = Vec::new();
    for item in items {
        let item = field.item(item);
        let Some(stage) = share(reader, item, "executions") else {
            continue;
        };
        let falls_back = match (stages.last(), stage) {
            (Some(Share::Count(before)), Share::Count(now)) => now <= *before,
            (Some(Share::Percent(before)), Share::Percent(now)) => now <= *before,
            // Whether a number or a share is larger depends on the plan.
            (Some(Share::Count(_)), Share::Percent(_))
            | (Some(Share::Percent(_)), Share::Count(_))
            | (None, _) => false,
        };
        if falls_back {
            reader.wrong(
                item.node.span,
                format!("the stage `{stage}` goes no further than the one before it"),
                "count from the first execution on: [5, 50, 100%] are 5, then 45 more, then the rest",
            );
        }
        stages.push(stage);
    }
    stages
}

/// A number of `things`, or a share of all of them.
fn share(reader: &mut DocumentReader<'_>, field: FieldNode<'_>, things: &str) -> Option<Share> {
    let help = format!("write a number of {things}, like 5, or a share of all, like 10%");
    let text = match &field.node.value {
        Value::Number(number) => number.to_string(),
        Value::Null
        | Value::Bool(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::CollectionKey => reader
            .text_or(field, "a number or a share like 10%", &help)?
            .to_owned(),
    };
    match text.parse() {
        Ok(share) => Some(share),
        Err(error) => {
            reader.wrong(field.node.span, error, help);
            None
        }
    }
}

fn rate(reader: &mut DocumentReader<'_>, field: FieldNode<'_>) -> Option<Rate> {
    let help = "write requests per second or minute: 8/s, 0.5/s, 480/min";
    let text = reader.text_or(field, "text like 8/s", help)?;
    match text.parse() {
        Ok(rate) => Some(rate),
        Err(error) => {
            reader.wrong(field.node.span, error, help);
            None
        }
    }
}

fn concurrency(reader: &mut DocumentReader<'_>, field: FieldNode<'_>) -> Option<NonZeroU32> {
    let expected = format!(
        "a whole number from 1 to {} ({})",
        Pace::MAX_CONCURRENCY,
        Pace::WHY_MAX_CONCURRENCY
    );
    reader.number(field, &expected, |number| {
        let number = u32::try_from(number.as_u64()?).ok()?;
        NonZeroU32::new(number).filter(|number| *number <= Pace::MAX_CONCURRENCY)
    })
}

fn count(
    reader: &mut DocumentReader<'_>,
    fields: &FieldNodes<'_>,
    name: &str,
    max: NonZeroU32,
) -> Option<NonZeroU32> {
    let field = fields.get(name)?;
    let whole = reader.whole(field, 1..=u64::from(max.get()))?;
    u32::try_from(whole).ok().and_then(NonZeroU32::new)
}
