//! The forms of a plan file's lines, and how they are read.

use std::io;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Item, PlanError, PlanHeader, Rejection, Skip, Trailer, VERSION};
use crate::{server_name::is_plainly_written, text::cut};

/// The longest line that is read; a change of a few kilobytes is already large.
pub(super) const MAX_LINE: usize = 16 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SkippedLine {
    skipped: Skip,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RejectedLine {
    rejected: Rejection,
}

/// A [`SkippedLine`] or a [`RejectedLine`] that is written.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum WrittenLine<'a> {
    Skipped(&'a Skip),
    Rejected(&'a Rejection),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndLine {
    pub(super) end: Trailer,
}

pub(super) fn parse_header(line: &str) -> Result<PlanHeader, PlanError> {
    let failed = |message: String| PlanError::Line { line: 1, message };
    let value: serde_json::Value = serde_json::from_str(line)
        .map_err(|_| failed("this is no plan of wf-bulk: the first line is no JSON".into()))?;
    match value["wf_bulk_plan"].as_u64() {
        None => Err(failed(
            "this is no plan of wf-bulk: the first line has no wf_bulk_plan".into(),
        )),
        Some(found) if found != u64::from(VERSION) => Err(PlanError::Version { found }),
        Some(_) => {
            let header: PlanHeader = parse(line).map_err(failed)?;
            check_header(&header).map_err(failed)?;
            Ok(header)
        }
    }
}

/// What stands in printed commands is on one line, and the moments have a zone.
fn check_header(header: &PlanHeader) -> Result<(), String> {
    let places = [
        ("server", Some(&header.server)),
        ("org", header.org.as_ref()),
    ];
    for (name, text) in places {
        if text.is_some_and(|text| text.contains(char::is_control)) {
            return Err(format!(
                "`{name}` has a line break or another control character"
            ));
        }
    }
    if !is_plainly_written(&header.server) {
        return Err(
            "`server` is not as wf-bulk writes it, in small ASCII letters: a host with other letters is written as xn--…"
                .to_owned(),
        );
    }
    match TimeZone::get(&header.timezone) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!(
            "there is no time zone {:?}",
            cut(&header.timezone, 60)
        )),
    }
}

/// The group of a change's line that was checked; none if it is another line.
pub(super) fn group_of(line: &str) -> Option<&str> {
    let (_, rest) = line
        .strip_prefix("{\"change\":\"")?
        .split_once("\",\"group\":\"")?;
    rest.split_once('"').map(|(group, _)| group)
}

pub(super) fn is_skipped(line: &str) -> bool {
    line.starts_with("{\"skipped\":")
}

pub(super) fn is_end(line: &str) -> bool {
    line.starts_with("{\"end\":")
}

pub(super) fn parse_item(line: &str) -> Result<Item, String> {
    if is_skipped(line) {
        parse(line).map(|line: SkippedLine| Item::Skipped(line.skipped))
    } else if line.starts_with("{\"rejected\":") {
        parse(line).map(|line: RejectedLine| Item::Rejected(line.rejected))
    } else {
        parse(line).map(Item::Change)
    }
}

/// An item of a line that was checked before.
pub(super) fn decode_item(line: &str) -> Result<Item, String> {
    if is_skipped(line) {
        decode(line).map(|line: SkippedLine| Item::Skipped(line.skipped))
    } else if line.starts_with("{\"rejected\":") {
        decode(line).map(|line: RejectedLine| Item::Rejected(line.rejected))
    } else {
        decode(line).map(Item::Change)
    }
}

/// Reads a line that was checked before.
pub(super) fn decode<T: DeserializeOwned>(line: &str) -> Result<T, String> {
    serde_json::from_str(line).map_err(|error| error.to_string())
}

/// Reads a line, which must be exactly as [`PlanWriter`](super::PlanWriter) writes it: so no key is unknown or repeated.
pub(super) fn parse<T: Serialize + DeserializeOwned>(line: &str) -> Result<T, String> {
    let value = decode(line)?;
    let mut same = SamePart::of(line.trim_end_matches('\n'));
    if serde_json::to_writer(&mut same, &value).is_ok() && same.rest.is_empty() {
        return Ok(value);
    }
    Err(format!(
        "it is not as wf-bulk writes it, from column {} on: a key is unknown or repeated, or a value is in another form",
        same.bytes + 1
    ))
}

/// Compares what is written to it with a line.
struct SamePart<'a> {
    /// Bytes that are the same.
    bytes: usize,
    /// What must come next.
    rest: &'a [u8],
}

impl<'a> SamePart<'a> {
    const fn of(line: &'a str) -> Self {
        Self {
            bytes: 0,
            rest: line.as_bytes(),
        }
    }
}

impl io::Write for SamePart<'_> {
    /// An error where the line is another one.
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        if let Some(rest) = self.rest.strip_prefix(written) {
            self.rest = rest;
            self.bytes += written.len();
            return Ok(written.len());
        }
        let both = written.iter().zip(self.rest);
        self.bytes += both.take_while(|(one, other)| one == other).count();
        Err(io::ErrorKind::InvalidData.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
