//! Reads the two records that nearly all lines of a checkpoint hold, without the cost of a general JSON reader: a run of a million changes
//! is resumed within a second.

use super::{
    record::{Record, RecordedOutcome},
    seal::Numbered,
};
use crate::outcome::Outcome;

/// The record of a line without its checksum and closing brace, if it is a `started`, or an `ended` without more than its outcome, exactly
/// as we write it. None says nothing of the line: it may be any record, or damaged.
pub(super) fn parse(body: &[u8]) -> Option<Numbered<Record>> {
    let mut rest = Rest(body);
    let seq = rest.skip(b"{\"seq\":")?.number()?;
    rest.skip(b",\"record\":{\"")?;
    let record = if rest.skip(b"started\":{\"line\":").is_some() {
        let line = rest.number()?;
        let attempt = rest.skip(b",\"attempt\":")?.number()?;
        let at = rest.skip(b",\"at\":")?.number()?;
        Record::Started {
            line,
            attempt: attempt.try_into().ok()?,
            at: at.try_into().ok()?,
        }
    } else {
        let line = rest.skip(b"ended\":{\"line\":")?.number()?;
        rest.skip(b",\"outcome\":\"")?;
        let is_this = |outcome: &RecordedOutcome| {
            let word = Outcome::from(*outcome).word();
            rest.skip(word.as_bytes()).is_some()
        };
        let outcome = RecordedOutcome::ALL.into_iter().find(is_this)?;
        rest.skip(b"\"")?;
        Record::Ended {
            line,
            outcome,
            detail: None,
            is_answer: false,
        }
    };
    (rest.0 == b"}}").then_some(Numbered { seq, record })
}

/// The bytes that were not read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    /// Skips exactly these bytes.
    fn skip(&mut self, bytes: &[u8]) -> Option<&mut Self> {
        self.0 = self.0.strip_prefix(bytes)?;
        Some(self)
    }

    /// Reads a number without a sign, as JSON has it.
    fn number(&mut self) -> Option<u64> {
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit());
        let (digits, rest) = self.0.split_at(digits.count());
        if digits.is_empty() || (digits.len() > 1 && digits[0] == b'0') {
            return None;
        }
        self.0 = rest;
        digits.iter().try_fold(0_u64, |number, digit| {
            number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn by_serde(body: &[u8]) -> Option<Numbered<Record>> {
        serde_json::from_slice(&[body, b"}"].concat()).ok()
    }

    fn body(record: Record, seq: u64) -> Vec<u8> {
        let mut json = serde_json::to_vec(&Numbered { seq, record }).unwrap();
        json.pop();
        json
    }

    fn usual() -> impl Strategy<Value = Record> {
        let started = (any::<u64>(), any::<u32>(), 0..=i64::MAX);
        let started = started.prop_map(|(line, attempt, at)| Record::Started { line, attempt, at });
        let outcome = prop::sample::select(RecordedOutcome::ALL.to_vec());
        let ended = (any::<u64>(), outcome).prop_map(|(line, outcome)| Record::Ended {
            line,
            outcome,
            detail: None,
            is_answer: false,
        });
        prop_oneof![started, ended]
    }

    proptest! {
        #[test]
        fn the_usual_records_are_read_and_a_changed_byte_is_read_as_json_reads_it_or_not_at_all(
            record in usual(),
            seq in any::<u64>(),
            at in any::<prop::sample::Index>(),
            byte in prop_oneof![any::<u8>(), prop::sample::select(b"0123456789{}\",: -".to_vec())],
        ) {
            let mut body = body(record.clone(), seq);
            prop_assert_eq!(parse(&body), Some(Numbered { seq, record }));
            let at = at.index(body.len());
            body[at] = byte;
            if let Some(parsed) = parse(&body) {
                prop_assert_eq!(Some(parsed), by_serde(&body));
            }
        }
    }

    #[test]
    fn other_records_numbers_and_forms_are_left_to_the_json_reader() {
        for body in [
            r#"{"seq":1,"record":{"resumed":{"at":1}}"#,
            r#"{"seq":1,"record":{"ended":{"line":2,"outcome":"gone","detail":"x"}}"#,
            r#"{"seq":1,"record":{"started":{"line":2,"attempt":1,"at":-1}}"#,
            r#"{"seq":1,"record":{"started":{"line":02,"attempt":1,"at":1}}"#,
            r#"{"seq":1,"record":{"started":{"line":,"attempt":1,"at":1}}"#,
            r#"{"seq":1,"record":{"started":{"line":2,"attempt":4294967296,"at":1}}"#,
            r#"{"seq":1,"record":{"started":{"line":18446744073709551616,"attempt":1,"at":1}}"#,
            r#"{"seq":1,"record":{"started":{"line":2,"attempt":1,"at":1}"#,
            r#"{"seq":1,"record":{"started":{"line":2,"attempt":1,"at":1}}}"#,
        ] {
            assert_eq!(parse(body.as_bytes()), None, "{body}");
        }
    }
}
