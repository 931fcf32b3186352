//! The file of allowed signers (`ssh-keygen(1)`, ALLOWED SIGNERS): whose signatures count, for what and when.
//!
//! What is not understood is an error: an option that is ignored would allow more than was written.

use std::{error::Error, fmt};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::{
    ED25519, NAMESPACE, SignatureError, fingerprint,
    wire::{Fields, Malformed},
};

/// Bytes of an ed25519 key.
const KEY_BYTES: usize = 32;

/// Keys that may sign.
#[derive(Clone, Debug)]
pub struct AllowedSigners(Vec<AllowedSigner>);

/// A line of the file.
#[derive(Clone, Debug)]
struct AllowedSigner {
    line: u64,
    principals: String,
    /// As in the file. A key of another type than ours is nobody's.
    key: Vec<u8>,
    options: SignerOptions,
}

#[derive(Clone, Debug, Default)]
struct SignerOptions {
    /// Patterns, separated by commas.
    namespaces: Option<String>,
    valid_after: Option<Timestamp>,
    valid_before: Option<Timestamp>,
}

/// What is wrong with a line of a file of allowed signers, or, without a line, with the file.
#[derive(Debug)]
pub struct SignersError {
    pub line: Option<u64>,
    pub reason: String,
}

impl fmt::Display for SignersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl Error for SignersError {}

impl AllowedSigners {
    /// Reads a file of allowed signers; times without `Z` are in `zone`.
    ///
    /// # Errors
    ///
    /// The first line that is not understood completely, or that there is no key.
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Self, SignersError> {
        let lines = (1..).zip(text.lines().map(str::trim));
        let signers: Vec<_> = lines
            .filter(|(_, text)| !text.is_empty() && !text.starts_with('#'))
            .map(|(line, text)| {
                signer(line, text, zone).map_err(|reason| SignersError {
                    line: Some(line),
                    reason,
                })
            })
            .collect::<Result<_, _>>()?;
        if signers.is_empty() {
            return Err(SignersError {
                line: None,
                reason: "there is no key in it".to_owned(),
            });
        }
        Ok(Self(signers))
    }

    /// The principals of the first line that allows this key to sign plans now.
    ///
    /// # Errors
    ///
    /// If no line has the key, or why the first line with it does not allow this.
    pub(super) fn principals(&self, key: &[u8], now: Timestamp) -> Result<&str, SignatureError> {
        let mut first = None;
        for signer in self.0.iter().filter(|signer| signer.key == key) {
            match signer.options.why_not(now) {
                None => return Ok(&signer.principals),
                Some(reason) => {
                    first.get_or_insert((signer.line, reason));
                }
            }
        }
        Err(match first {
            Some((line, reason)) => SignatureError::NotAllowed(SignersError {
                line: Some(line),
                reason,
            }),
            None => SignatureError::UnknownKey(fingerprint(key)),
        })
    }
}

impl SignerOptions {
    fn why_not(&self, now: Timestamp) -> Option<String> {
        let namespaces = self.namespaces.as_deref();
        if let Some(list) = namespaces.filter(|list| !matches_list(list, NAMESPACE)) {
            return Some(format!(
                "this key may sign \"{list}\" only, not {NAMESPACE}"
            ));
        }
        if let Some(after) = self.valid_after.filter(|after| now < *after) {
            return Some(format!("this key is not valid before {after}"));
        }
        let before = self.valid_before.filter(|before| now > *before)?;
        Some(format!("this key expired at {before}"))
    }
}

fn signer(line: u64, text: &str, zone: &TimeZone) -> Result<AllowedSigner, String> {
    let (principals, rest) = match text.strip_prefix('"') {
        Some(quoted) => quoted
            .split_once('"')
            .ok_or("the quote before the principals is not closed")?,
        None => text
            .split_once(char::is_whitespace)
            .ok_or("there is no key after the principals")?,
    };
    if principals.is_empty() || principals.split(',').any(|name| name.starts_with('!')) {
        return Err("name the principals that may sign; `!` is not supported".to_owned());
    }
    let rest = rest.trim_start();
    let is_key = ["ssh-", "ecdsa-", "sk-"]
        .iter()
        .any(|start| rest.starts_with(start));
    let (options, key) = if is_key {
        ("", rest)
    } else {
        past_options(rest)?
    };
    let mut words = key.split_whitespace();
    let key = match (words.next(), words.next()) {
        (Some(kind), Some(data)) => STANDARD
            .decode(data)
            .ok()
            .filter(|key| is_key_of(kind, Fields(key)).is_ok())
            .ok_or_else(|| {
                format!("the key of type `{kind}` can't be read: it is cut off or damaged")
            })?,
        _ => return Err("there is no key after the principals".to_owned()),
    };
    Ok(AllowedSigner {
        line,
        principals: principals.to_owned(),
        key,
        options: read_options(options, zone)?,
    })
}

/// Whether it is a whole key: the name of its type, then strings. How many these are and what they hold is checked for our type only.
fn is_key_of(kind: &str, mut fields: Fields<'_>) -> Result<(), Malformed> {
    if fields.text()? != kind {
        return Err(Malformed);
    }
    let first = fields.string()?;
    if kind == ED25519 && first.len() != KEY_BYTES {
        return Err(Malformed);
    }
    while kind != ED25519 && !fields.0.is_empty() {
        fields.string()?;
    }
    fields.end()
}

/// The options, and the text after them.
fn past_options(text: &str) -> Result<(&str, &str), String> {
    let mut quoted = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '\\' => return Err("`\\` in options is not supported".to_owned()),
            '"' => quoted = !quoted,
            _ if letter.is_whitespace() && !quoted => return Ok(text.split_at(at)),
            _ => {}
        }
    }
    Err(if quoted {
        "a quote in the options is not closed".to_owned()
    } else {
        "there is no key after the options".to_owned()
    })
}

fn read_options(mut text: &str, zone: &TimeZone) -> Result<SignerOptions, String> {
    let mut options = SignerOptions::default();
    while !text.is_empty() {
        let end = text.find([',', '=']).unwrap_or(text.len());
        let name = text[..end].to_ascii_lowercase();
        let known = ["namespaces", "valid-after", "valid-before"];
        if name == "cert-authority" {
            return Err(
                "`cert-authority` is not supported: list the keys that sign plans, one a line"
                    .to_owned(),
            );
        }
        if !known.contains(&name.as_str()) {
            return Err(format!(
                "unknown option `{name}`; supported are {}",
                known.join(", ")
            ));
        }
        let (value, rest) = text[end..]
            .strip_prefix("=\"")
            .and_then(|value| value.split_once('"'))
            .ok_or_else(|| format!("the option needs a value in quotes: {name}=\"…\""))?;
        let is_new = match name.as_str() {
            "namespaces" => options.namespaces.replace(value.to_owned()).is_none(),
            "valid-after" => options.valid_after.replace(time(value, zone)?).is_none(),
            _ => options.valid_before.replace(time(value, zone)?).is_none(),
        };
        if !is_new {
            return Err(format!("the option `{name}` is given twice"));
        }
        text = match rest.strip_prefix(',') {
            Some(next) if !next.is_empty() => next,
            None if rest.is_empty() => rest,
            Some(_) | None => return Err(format!("unexpected text after the option `{name}`")),
        };
    }
    Ok(options)
}

/// `YYYYMMDD[HHMM[SS]][Z]`.
fn time(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    let (digits, zone) = match text.strip_suffix(['Z', 'z']) {
        Some(digits) => (digits, &TimeZone::UTC),
        None => (text, zone),
    };
    let wrong = || format!("\"{text}\" is not a time like 20261231 or 202612312359Z");
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    DateTime::strptime("%Y%m%d%H%M%S", format!("{digits:0<14}"))
        .and_then(|time| zone.to_timestamp(time))
        .map_err(|_| wrong())
}

/// Whether a list of patterns includes a name: a pattern with `!` that matches excludes it.
fn matches_list(list: &str, name: &str) -> bool {
    let mut included = false;
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(excluded) if matches(excluded.as_bytes(), name.as_bytes()) => return false,
            Some(_) => {}
            None => included |= matches(pattern.as_bytes(), name.as_bytes()),
        }
    }
    included
}

/// `*` stands for any text, `?` for one character. The time is bounded: after each `*` only the last one is tried again.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut place) = (0, 0);
    let mut star = None;
    while place < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, place));
                at += 1;
            }
            Some(letter) if *letter == b'?' || *letter == name[place] => {
                at += 1;
                place += 1;
            }
            Some(_) | None => match star {
                Some((star_at, from)) => {
                    star = Some((star_at, from + 1));
                    at = star_at + 1;
                    place = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|letter| *letter == b'*')
}
