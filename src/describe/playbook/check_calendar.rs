//! Checks `calendar`: business days and holidays.

use std::{collections::BTreeSet, fs::File, io::Read as _, path::Path};

use jiff::civil::Date;

use crate::{
    dates::{Calendar, Region},
    text::{cut, did_you_mean, shown_path, unmarked},
};

use super::{check_file, file_scope::FileScope};
use crate::document::{
    node::{Node, Value},
    reader::{DocumentReader, FieldNode, FieldNodes},
};

/// The calendar; by default that of the whole country. None if it is wrong.
pub(super) fn calendar(
    reader: &mut DocumentReader<'_>,
    top: &FieldNodes<'_>,
    files: &FileScope,
) -> Option<Calendar> {
    let Some(field) = top.get("calendar") else {
        return Some(Calendar::new(Some(Region::GERMANY), BTreeSet::new()));
    };
    let items: &[Node] = match &field.node.value {
        Value::List(items) => items,
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::Map(_)
        | Value::CollectionKey => std::slice::from_ref(field.node),
    };
    if items.len() > MAX_CALENDARS {
        reader.wrong(
            items[MAX_CALENDARS].span,
            format!("`calendar` names at most {MAX_CALENDARS} regions and files"),
            "put the days off of several files into one",
        );
        return None;
    }
    let mut public = None;
    let mut days = BTreeSet::new();
    let mut left = MAX_BYTES;
    for item in items {
        let field = field.item(item);
        let name = reader.plain_text(field, "a calendar like DE or DE-NW, or a file of dates")?;
        if let Some(found) = Region::named(name) {
            if public.replace(found).is_some() {
                reader.wrong(
                    item.span,
                    "`calendar` names two regions",
                    "keep one of them; further days off can stand in a file",
                );
                return None;
            }
        } else if name.starts_with("DE-") || !name.contains('.') {
            reader.wrong(
                item.span,
                format!("there is no calendar `{name}`"),
                did_you_mean(name, &Region::codes()),
            );
            return None;
        } else {
            days.extend(days_in(reader, field, files, &mut left)?);
        }
    }
    Some(Calendar::new(public, days))
}

/// The maximum number of regions and files: one region, and a file for each of some sites.
const MAX_CALENDARS: usize = 20;

/// The maximum bytes of all files of days: some thirty thousand days with a text.
const MAX_BYTES: u64 = 1024 * 1024;

/// Characters of a wrong date that a message shows.
const MAX_DATE: usize = 60;

/// The bytes of a file of days, if there are not more than `left`; a file may grow while it is read.
fn read_days(path: &Path, left: &mut u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(*left + 1).read_to_end(&mut bytes));
    match read {
        Ok(length) if length as u64 > *left && *left < MAX_BYTES => {
            Err("the files of days are larger than 1 MiB in all".to_owned())
        }
        Ok(length) if length as u64 > *left => Err("it is larger than 1 MiB".to_owned()),
        Ok(length) => {
            *left -= length as u64;
            Ok(bytes)
        }
        Err(error) => Err(error.to_string()),
    }
}

/// The days of a file: one per line, optionally followed by a text; lines with `#` are ignored.
fn days_in(
    reader: &mut DocumentReader<'_>,
    field: FieldNode<'_>,
    files: &FileScope,
    left: &mut u64,
) -> Option<BTreeSet<Date>> {
    let path = check_file::file(reader, field, files)?;
    let text =
        read_days(&path, left).and_then(|bytes| unmarked(bytes).map_err(|error| error.to_string()));
    let text = match text {
        Ok(text) => text,
        Err(why) => {
            reader.wrong(
                field.node.span,
                format!("can't read {}: {why}", shown_path(&path)),
                "a file of days is UTF-8 text with one date a line, like 2026-12-24",
            );
            return None;
        }
    };
    let mut days = BTreeSet::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let date = line.split([' ', '\t', ',', ';']).next().unwrap_or_default();
        if let Ok(day) = date.parse() {
            days.insert(day);
        } else {
            reader.wrong(
                field.node.span,
                format!(
                    "{}, line {number}: `{}` is no date",
                    shown_path(&path),
                    cut(date, MAX_DATE)
                ),
                "write it like 2026-12-24; what follows behind it is for people",
            );
            return None;
        }
    }
    if days.is_empty() {
        reader.wrong(
            field.node.span,
            format!("{} has no day in it", shown_path(&path)),
            "write one date a line, like 2026-12-24, or leave the file out",
        );
        return None;
    }
    Some(days)
}
