//! The last field of each line: a CRC32C over this line and, chained, all lines before it.
//!
//! `{"seq":7,"record":{…},"crc":"0a1b2c3d"}`: the checksum covers the bytes before `,"crc"`, and starts from the checksum of the previous
//! line. So a changed byte, a missing line and a changed order are all detected, at the first affected line.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    error::Damage,
    quick_parse,
    record::{CheckpointHeader, Record, VERSION},
};

/// The longest line that is read, in bytes. A record with the longest detail, escaped to six bytes a character, takes 2 KiB; twice that
/// leaves room for future fields.
pub(super) const MAX_LINE: usize = 4096;

const CRC_FIELD: &[u8] = b",\"crc\":\"";
const CRC_DIGITS: usize = 8;
const CRC_CLOSE: &[u8] = b"\"}";

/// The end of the chain: what the next line must continue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    crc: u32,
    /// Sequence number of the last record; 0 after the header.
    seq: u64,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Numbered<R> {
    pub(super) seq: u64,
    pub(super) record: R,
}

/// Only the version; the other fields of the header are ignored.
#[derive(Deserialize)]
struct CheckpointVersion {
    wf_bulk_checkpoint: u32,
}

impl Chain {
    /// Records since the header.
    pub(super) const fn records(&self) -> u64 {
        self.seq
    }

    /// Appends the header's line to `out`.
    pub(super) fn seal_header(
        &mut self,
        header: &CheckpointHeader,
        out: &mut Vec<u8>,
    ) -> Result<(), serde_json::Error> {
        self.seal(header, out)
    }

    /// Appends the record's line to `out`.
    pub(super) fn seal_record(
        &mut self,
        record: &Record,
        out: &mut Vec<u8>,
    ) -> Result<(), serde_json::Error> {
        let seq = self.seq + 1;
        self.seal(&Numbered { seq, record }, out)?;
        self.seq = seq;
        Ok(())
    }

    /// Reads the header from `line` without its newline.
    pub(super) fn open_header(&mut self, line: &[u8]) -> Result<CheckpointHeader, Damage> {
        // The version is read first: another version may have another seal.
        if let Ok(CheckpointVersion {
            wf_bulk_checkpoint: found,
        }) = serde_json::from_slice(line)
            && found != VERSION
        {
            return Err(Damage::Version { found });
        }
        self.open(line)
    }

    /// Reads a record from `line` without its newline.
    pub(super) fn open_record(&mut self, line: &[u8]) -> Result<Record, Damage> {
        let body = self.body(line)?;
        let Numbered { seq, record } = match quick_parse::parse(body) {
            Some(numbered) => numbered,
            None => from_body(body).map_err(Damage::Unreadable)?,
        };
        let expected = self.seq + 1;
        if seq != expected {
            return Err(Damage::Sequence {
                expected,
                found: seq,
            });
        }
        self.seq = seq;
        Ok(record)
    }

    /// The last complete record at the end of `bytes`, not verified: the chain before it is unknown.
    pub(super) fn peek_record(bytes: &[u8]) -> Option<Record> {
        let last = bytes
            .strip_suffix(b"\n")?
            .rsplit(|&byte| byte == b'\n')
            .next()?;
        let body = &last[..last
            .len()
            .checked_sub(CRC_FIELD.len() + CRC_DIGITS + CRC_CLOSE.len())?];
        let Numbered { record, .. } = from_body(body).ok()?;
        Some(record)
    }

    fn seal(&mut self, value: &impl Serialize, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        let from = out.len();
        serde_json::to_writer(&mut *out, value)?;
        // The closing brace is replaced by the next field.
        out.pop();
        self.crc = crc32c::crc32c_append(self.crc, &out[from..]);
        out.extend_from_slice(CRC_FIELD);
        out.extend_from_slice(&hex(self.crc));
        out.extend_from_slice(CRC_CLOSE);
        out.push(b'\n');
        Ok(())
    }

    fn open<T: DeserializeOwned>(&mut self, line: &[u8]) -> Result<T, Damage> {
        from_body(self.body(line)?).map_err(Damage::Unreadable)
    }

    /// The line without its checksum and closing brace, if the checksum is the right one.
    fn body<'a>(&mut self, line: &'a [u8]) -> Result<&'a [u8], Damage> {
        line.strip_suffix(CRC_CLOSE)
            .and_then(|rest| {
                let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(CRC_DIGITS)?)?;
                let body = rest.strip_suffix(CRC_FIELD)?;
                let crc = crc32c::crc32c_append(self.crc, body);
                (hex(crc) == digits).then(|| {
                    self.crc = crc;
                    body
                })
            })
            .ok_or(Damage::Checksum)
    }
}

/// The checksum's eight digits.
fn hex(crc: u32) -> [u8; CRC_DIGITS] {
    let mut digits = [0; CRC_DIGITS];
    for (place, digit) in (0_u32..).zip(&mut digits) {
        *digit = b"0123456789abcdef"[(crc >> (28 - 4 * place)) as usize & 0xf];
    }
    digits
}

/// Reads the content of a line without its checksum and closing brace.
fn from_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    let mut json = Vec::with_capacity(body.len() + 1);
    json.extend_from_slice(body);
    json.push(b'}');
    serde_json::from_slice(&json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::record::{Detail, RecordedOutcome};

    fn header() -> CheckpointHeader {
        CheckpointHeader::new("r".into(), "d".into(), 5, 3)
    }

    fn lines(bytes: &[u8]) -> Vec<&[u8]> {
        bytes
            .strip_suffix(b"\n")
            .unwrap()
            .split(|&b| b == b'\n')
            .collect()
    }

    fn sealed() -> Vec<u8> {
        let mut chain = Chain::default();
        let mut out = Vec::new();
        chain.seal_header(&header(), &mut out).unwrap();
        for at in [1, 2] {
            chain
                .seal_record(&Record::Resumed { at }, &mut out)
                .unwrap();
        }
        out
    }

    /// The checksums are those of a bitwise CRC32C (polynomial 0x82f63b78) written elsewhere.
    #[test]
    fn the_form_of_the_lines_does_not_change() {
        assert_eq!(
            String::from_utf8(sealed()).unwrap(),
            concat!(
                r#"{"wf_bulk_checkpoint":1,"run":"r","plan_sha256":"d","lines":5,"changes":3,"crc":"da7065fd"}"#,
                "\n",
                r#"{"seq":1,"record":{"resumed":{"at":1}},"crc":"6a5c3b7d"}"#,
                "\n",
                r#"{"seq":2,"record":{"resumed":{"at":2}},"crc":"e459ce90"}"#,
                "\n",
            )
        );
    }

    #[test]
    fn what_is_sealed_opens_again() {
        let bytes = sealed();
        let lines = lines(&bytes);
        let mut chain = Chain::default();
        assert_eq!(chain.open_header(lines[0]).unwrap(), header());
        assert_eq!(
            chain.open_record(lines[1]).unwrap(),
            Record::Resumed { at: 1 }
        );
        assert_eq!(
            chain.open_record(lines[2]).unwrap(),
            Record::Resumed { at: 2 }
        );
    }

    #[test]
    fn a_line_left_out_breaks_the_chain() {
        let bytes = sealed();
        let lines = lines(&bytes);
        let mut chain = Chain::default();
        chain.open_header(lines[0]).unwrap();
        assert!(matches!(chain.open_record(lines[2]), Err(Damage::Checksum)));
    }

    #[test]
    fn a_wrong_number_under_a_right_checksum_is_told_apart() {
        let mut chain = Chain::default();
        let mut line = Vec::new();
        let record = Record::Resumed { at: 1 };
        chain.seal(&Numbered { seq: 2, record }, &mut line).unwrap();
        assert!(matches!(
            Chain::default().open_record(&line[..line.len() - 1]),
            Err(Damage::Sequence {
                expected: 1,
                found: 2
            })
        ));
    }

    #[test]
    fn a_sealed_line_that_is_not_understood_is_not_a_broken_checksum() {
        let mut chain = Chain::default();
        let mut line = Vec::new();
        chain
            .seal(
                &serde_json::json!({"seq": 1, "record": {"invented": {}}}),
                &mut line,
            )
            .unwrap();
        assert!(matches!(
            Chain::default().open_record(&line[..line.len() - 1]),
            Err(Damage::Unreadable(_))
        ));
    }

    #[test]
    fn a_header_of_another_version_is_named_even_when_it_is_sealed_in_another_way() {
        assert!(matches!(
            Chain::default().open_header(br#"{"wf_bulk_checkpoint":2,"sum":"x"}"#),
            Err(Damage::Version { found: 2 })
        ));
    }

    #[test]
    fn the_longest_record_fits_into_a_line() {
        // Control characters take the most bytes in JSON.
        let detail = Detail::new(&"\u{1}".repeat(10_000));
        let record = Record::Ended {
            line: u64::MAX,
            outcome: RecordedOutcome::AlreadyDone,
            detail: Some(detail),
            is_answer: false,
        };
        let mut line = Vec::new();
        let mut chain = Chain {
            crc: 0,
            seq: u64::MAX - 1,
        };
        chain.seal_record(&record, &mut line).unwrap();
        assert!(line.len() < MAX_LINE / 2 + 1, "{}", line.len());
    }
}
