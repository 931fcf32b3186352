//! Plan files: what is accepted is written again byte for byte, sends only what its path says, and shows nothing that acts.

use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::{clean::assert_page, lines};
use crate::{
    digest::hex,
    pace::Pace,
    plan::{Change, Item, PlanError, PlanReader, PlanWriter, Trailer, Undo, try_derived},
    report::{ListingDetail, PlanReport, PlanSummary, ToApply},
    styles::Styles,
    testing::samples::plan_header,
};

/// A file, or lines of a plan without header and trailer. They are read as they are, sealed as somebody would who has edited them, and with
/// all that follows from the parts of each change, so that unusual parts come as far as the reports.
pub fn plan(data: &[u8]) {
    read(data);
    read(&sealed(data));
    let lines = data.split_inclusive(|byte| *byte == b'\n');
    let healed: Vec<Vec<u8>> = lines.map(healed).collect();
    read(&sealed(&healed.concat()));
}

/// The line of a change with what follows from its parts; any other line as it is.
fn healed(line: &[u8]) -> Vec<u8> {
    let change = serde_json::from_slice::<Change>(line).ok();
    let derived = change.and_then(|change| try_derived(change, 0).ok());
    match derived {
        Some(change) => {
            let mut line = serde_json::to_vec(&change).expect("a change is JSON");
            line.push(b'\n');
            line
        }
        None => line.to_vec(),
    }
}

/// The lines below a header, with counts and a digest that fit. A header is added if there is none.
fn sealed(data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    if !data.starts_with(b"{\"wf_bulk_plan\":") {
        let header = serde_json::to_vec(&plan_header()).expect("a header is JSON");
        bytes.extend(header);
        bytes.push(b'\n');
    }
    let mut end = Trailer::default();
    let mut group = None;
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b"{\"end\":") {
            break;
        }
        bytes.extend_from_slice(line);
        if line.starts_with(b"{\"wf_bulk_plan\":") && bytes.len() == line.len() {
        } else if line.starts_with(b"{\"skipped\":") {
            end.skipped += 1;
        } else if line.starts_with(b"{\"rejected\":") {
            end.rejected += 1;
        } else {
            end.changes += 1;
            let change = serde_json::from_slice::<serde_json::Value>(line).unwrap_or_default();
            if group.as_ref() != Some(&change["group"]) {
                end.groups += 1;
                group = Some(change["group"].clone());
            }
        }
    }
    if !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    let end = serde_json::to_string(&end).expect("a trailer is JSON");
    let (head, tail) = end.split_at(end.len() - 3);
    assert_eq!(tail, "\"\"}");
    bytes.extend_from_slice(format!("{{\"end\":{head}").as_bytes());
    let digest = hex(&Sha256::digest(&bytes));
    bytes.extend_from_slice(format!("\"{digest}\"}}}}\n").as_bytes());
    bytes
}

fn read(data: &[u8]) {
    let lines = lines(data, b"\n");
    let mut reader = match PlanReader::new(data) {
        Ok(reader) => reader,
        Err(error) => return assert_error(&error, lines),
    };
    let mut items = Vec::new();
    loop {
        match reader.next_line() {
            Ok(Some(line)) => items.push(line.item),
            Ok(None) => break,
            Err(error) => return assert_error(&error, lines),
        }
    }
    let (trailer, sha256) = reader.end().expect("it was read to its end").clone();
    assert_same(data, &reader, &items, &trailer);
    for item in &items {
        let Item::Change(change) = item else {
            continue;
        };
        let operation = change.operation().expect("it can be sent");
        assert_eq!(operation.address(), change.request.path);
        assert_eq!(operation.method(), change.request.method);
        // A start has the entity as its target, and no execution yet.
        if let Some((_, execution, part)) = operation.subject() {
            assert_eq!(execution, &change.group, "{change:?}");
            assert!(
                part.is_none_or(|part| change.target.id.as_ref() == Some(part)),
                "{change:?}"
            );
        }
        if let Undo::Request(undo) = &change.undo {
            crate::api::Operation::parse_write(undo.method, &undo.path).expect("a way back");
        }
    }
    show(&reader, &trailer, &sha256, &items);
}

fn assert_error(error: &PlanError, lines: u64) {
    if let PlanError::Line { line, .. } = error {
        assert!((1..=lines).contains(line), "{error}");
    }
    let length = error.to_string().len();
    assert!(length < 4_000, "{length} bytes: {error}");
}

fn assert_same(data: &[u8], reader: &PlanReader<&[u8]>, items: &[Item], trailer: &Trailer) {
    let mut writer = PlanWriter::new(Vec::new(), reader.header()).expect("it is in memory");
    for item in items {
        writer.item(item).expect("it is in memory");
    }
    writer.notes(trailer.notes.clone());
    let (bytes, again, _) = writer.finish(trailer.scanned).expect("it is in memory");
    assert_eq!(&again, trailer);
    assert!(bytes == data, "{}", String::from_utf8_lossy(&bytes));
}

/// The plan in each format.
fn show(reader: &PlanReader<&[u8]>, trailer: &Trailer, sha256: &str, items: &Vec<Item>) {
    let mut summary = PlanSummary::new(TimeZone::UTC);
    for item in items {
        summary.add(item);
    }
    let pace = Pace::default();
    let report = PlanReport {
        header: reader.header(),
        trailer,
        sha256,
        signed_by: None,
        summary: &summary,
        items,
        pace: &pace,
        rechecks: true,
        broken_guards: Vec::new(),
        show_each: None,
    };
    let apply = ToApply::new(Vec::new(), trailer.changes, || {
        "wf-bulk apply x.plan".to_owned()
    });
    for format in 0..4 {
        let mut out = Vec::new();
        match format {
            0 => report.write_text(&mut out, Styles::plain(), ListingDetail::Whole, ""),
            1 => report.write_markdown(&mut out, &apply),
            2 => report.write_json(&mut out, &apply),
            _ => report.write_html(&mut out, &apply),
        }
        .expect("it is in memory");
        let shown = String::from_utf8(out).expect("text");
        assert_page(&shown);
    }
}
