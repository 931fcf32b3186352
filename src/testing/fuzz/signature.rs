//! Signatures and allowed signers: what is not understood is named, and a signature counts for the bytes that were signed.

use jiff::{Timestamp, tz::TimeZone};

use super::text;
use crate::signature::{AllowedSigners, FIRST_LINE, SignersError, verify};

/// What the kept signatures were made for.
const SIGNED: &[u8] = b"a plan\n";

/// A file of allowed signers, and after it the file of a signature.
pub fn signature(data: &[u8]) {
    let text = &text(data);
    let at = text.find(FIRST_LINE).unwrap_or(text.len());
    let (signers, signature) = text.split_at(at);
    let allowed = parsed(signers);
    assert_each_line(signers, allowed.as_ref().err());
    let Ok(allowed) = allowed else {
        return;
    };
    let now = Timestamp::from_second(1_796_083_200).expect("a time");
    for bytes in [SIGNED, b"", b"a plan", b"a plan\n\n", b"A plan\n", data] {
        match verify(signature, &mut &*bytes, &allowed, now) {
            Ok(principals) => {
                assert_eq!(bytes, SIGNED, "accepted for other bytes");
                assert!(signers.contains(principals), "{principals}");
            }
            Err(error) => assert!(error.to_string().len() < 400 + signers.len(), "{error}"),
        }
    }
}

fn parsed(text: &str) -> Result<AllowedSigners, SignersError> {
    AllowedSigners::parse(text, &TimeZone::UTC)
}

/// A file is understood if each of its lines is, and the first one that is not is named.
fn assert_each_line(text: &str, error: Option<&SignersError>) {
    let first = (1..)
        .zip(text.lines())
        // A line without a key is no mistake of its own.
        .find(|(_, line)| parsed(line).is_err_and(|error| error.line.is_some()));
    let named = error.and_then(|error| error.line);
    assert_eq!(named, first.map(|(line, _)| line));
}
