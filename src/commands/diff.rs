//! `diff`: what is different from a plan that was reviewed.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use jiff::tz::TimeZone;
use serde_json::json;

use super::{
    files::{open_plan, read_again, shown},
    overview::{Overview, overview},
    terminal::{STYLES, print},
};
use crate::{
    cli::{Common, Diff},
    error::{Error, ExitCode},
    plan::{HeaderDifference, decides, diff as compare, header_differences},
    report::{DiffCounts, DiffSummary, write_difference_json},
};

/// A plan that was read whole and found right.
struct Side {
    file: File,
    plan: Overview,
}

impl Side {
    fn of(path: &Path) -> Result<Self, Error> {
        let mut file = open_plan(path)?;
        let plan = overview(path, &mut file)?;
        Ok(Self { file, plan })
    }
}

pub(super) fn diff(common: &Common, args: &Diff) -> Result<ExitCode, Error> {
    let reviewed = Side::of(&args.reviewed)?;
    let now = Side::of(&args.now)?;
    let header = header_differences(&reviewed.plan.header, &now.plan.header);
    let mut counts = DiffCounts::default();
    print(|out| {
        counts = if common.json {
            write_json(out, &reviewed, &now, &header)?
        } else {
            writeln!(out, "{} → {}", shown(&args.reviewed), shown(&args.now))?;
            write_text(out, &reviewed, &now, &header)?
        };
        Ok(())
    })?;
    let other_rejections = reviewed.plan.trailer.rejected != now.plan.trailer.rejected;
    let differ =
        !counts.is_same() || other_rejections || header.iter().any(|(path, ..)| decides(path));
    Ok(if args.exit_code && differ {
        ExitCode::Pending
    } else {
        ExitCode::Done
    })
}

fn write_text(
    out: &mut dyn Write,
    reviewed: &Side,
    now: &Side,
    header: &[HeaderDifference],
) -> io::Result<DiffCounts> {
    let zone = TimeZone::get(&now.plan.header.timezone).unwrap_or(TimeZone::UTC);
    let mut summary = DiffSummary::new(zone);
    let same = compare(
        read_again(&reviewed.file)?,
        read_again(&now.file)?,
        &mut |difference| {
            summary.add(difference);
            Ok(())
        },
    )?;
    summary.unchanged(same);
    summary.write_text(out, STYLES, header)?;
    for (what, reviewed, now) in [
        (
            "skipped",
            reviewed.plan.trailer.skipped,
            now.plan.trailer.skipped,
        ),
        (
            "rejected",
            reviewed.plan.trailer.rejected,
            now.plan.trailer.rejected,
        ),
    ] {
        if reviewed != now {
            writeln!(out, "{now} {what}, {reviewed} before")?;
        }
    }
    Ok(summary.counts())
}

/// The differences as they come, then their numbers.
fn write_json(
    out: &mut dyn Write,
    reviewed: &Side,
    now: &Side,
    header: &[HeaderDifference],
) -> io::Result<DiffCounts> {
    let mut counts = DiffCounts::default();
    let header: Vec<_> = header
        .iter()
        .map(|(field, reviewed, now)| json!({"field": field, "reviewed": reviewed, "now": now}))
        .collect();
    let head = json!({
        "reviewed_sha256": reviewed.plan.sha256,
        "now_sha256": now.plan.sha256,
        "header": header,
    })
    .to_string();
    write!(out, "{},\"changes\":[", &head[..head.len() - 1])?;
    let mut separator = "";
    counts.unchanged = compare(
        read_again(&reviewed.file)?,
        read_again(&now.file)?,
        &mut |difference| {
            counts.add(&difference);
            writeln!(out, "{separator}")?;
            separator = ",";
            write_difference_json(out, &difference)
        },
    )?;
    // An object with fields: its opening brace is not needed.
    let numbers = json!(counts).to_string();
    writeln!(out, "\n],{}", &numbers[1..])?;
    Ok(counts)
}
