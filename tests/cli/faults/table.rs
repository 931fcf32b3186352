//! What may go wrong with a write, and what a run must make of it: a table by how the change may be repeated, written
//! from the design's page and not from the code.

use std::ops::RangeInclusive;

use serde_json::{Value, json};
use wf_bulk::action::Repeat;

/// Seconds that one request may take, and after which a read proves that it did nothing.
pub(crate) const TIMEOUT_S: u64 = 1;

/// A fault of the first writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    /// As the sandbox's faults file says it.
    script: &'static str,
    /// How many writes meet it.
    writes: u64,
    pub(crate) meaning: Meaning,
}

/// What a fault is to somebody who sees both ends of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The client learns nothing.
    Lost(Effect),
    /// As [`Meaning::Lost`] after the effect; an answer that has no body comes as ever.
    LostBody,
    /// The client is told to come back later, and then let in.
    Throttled,
    /// The client is told so until it has no attempt left.
    ThrottledAway,
    /// The service says no.
    Refused,
    /// The service does not know the token.
    Unauthorized,
}

/// When the request takes effect whose answer is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Never,
    AtOnce,
    /// After the first look, within the time that a request may take.
    Later,
    /// After that time, and after the request that a read seemed to allow: later than anybody can know of.
    TooLate,
}

pub(crate) const FAULTS: &[Fault] = &[
    fault(
        "dropped before the effect",
        r#""drop_before_effect""#,
        1,
        Meaning::Lost(Effect::Never),
    ),
    fault(
        "503 before the effect",
        r#"{"status": {"code": 503}}"#,
        1,
        Meaning::Lost(Effect::Never),
    ),
    fault(
        "500 before the effect",
        r#"{"status": {"code": 500}}"#,
        1,
        Meaning::Lost(Effect::Never),
    ),
    fault(
        "HTML before the effect",
        r#""html""#,
        1,
        Meaning::Lost(Effect::Never),
    ),
    fault(
        "dropped after the effect",
        r#""drop_after_effect""#,
        1,
        Meaning::Lost(Effect::AtOnce),
    ),
    fault(
        "504 after the effect",
        r#"{"status": {"code": 504, "after_effect": true}}"#,
        1,
        Meaning::Lost(Effect::AtOnce),
    ),
    fault(
        "cut body after the effect",
        r#""cut_body""#,
        1,
        Meaning::Lost(Effect::AtOnce),
    ),
    fault(
        "HTML after the effect",
        r#"{"status": {"code": 200, "body": "<!doctype html><title>Anmeldung</title>", "after_effect": true}}"#,
        1,
        Meaning::Lost(Effect::AtOnce),
    ),
    fault(
        "body slower than the timeout",
        r#"{"slow_body_ms": 5000}"#,
        1,
        Meaning::LostBody,
    ),
    fault(
        "late effect",
        r#"{"late_effect_ms": 500}"#,
        1,
        Meaning::Lost(Effect::Later),
    ),
    fault(
        "latency above the timeout",
        r#"{"latency_ms": 3000}"#,
        1,
        Meaning::Lost(Effect::TooLate),
    ),
    fault(
        "429 with seconds",
        r#"{"status": {"code": 429, "retry_after": 1}}"#,
        2,
        Meaning::Throttled,
    ),
    // A date has whole seconds: that of in two seconds is more than one away.
    fault(
        "429 with a date",
        r#"{"status": {"code": 429, "retry_after_date": 2}}"#,
        2,
        Meaning::Throttled,
    ),
    fault(
        "429 without a word",
        r#"{"status": {"code": 429}}"#,
        2,
        Meaning::Throttled,
    ),
    fault(
        "429 for ever",
        r#"{"status": {"code": 429, "retry_after": 0}}"#,
        99,
        Meaning::ThrottledAway,
    ),
    fault(
        "400",
        r#"{"status": {"code": 400, "message": "so nicht"}}"#,
        1,
        Meaning::Refused,
    ),
    fault(
        "401",
        r#"{"status": {"code": 401, "message": "wer da"}}"#,
        1,
        Meaning::Unauthorized,
    ),
];

const fn fault(name: &'static str, script: &'static str, writes: u64, meaning: Meaning) -> Fault {
    Fault {
        name,
        script,
        writes,
        meaning,
    }
}

impl Fault {
    /// The faults file.
    pub(crate) fn file(&self) -> Value {
        let fault: Value = serde_json::from_str(self.script).unwrap();
        json!({"rules": [{"match": {"effect_only": true, "from": 1, "to": self.writes}, "do": fault}]})
    }
}

/// What a run with one change must come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) outcome: &'static str,
    pub(crate) code: i32,
    /// Write requests that arrive.
    pub(crate) writes: u64,
    /// Requests that take effect.
    pub(crate) effects: RangeInclusive<usize>,
}

const fn expect(
    outcome: &'static str,
    code: i32,
    writes: u64,
    effects: RangeInclusive<usize>,
) -> Expected {
    Expected {
        outcome,
        code,
        writes,
        effects,
    }
}

/// The table.
#[expect(
    clippy::match_same_arms,
    reason = "one repeat kind after the other, so that the table can be checked by eye"
)]
pub(crate) fn expected(meaning: Meaning, repeat: Repeat, silent: bool) -> Expected {
    match (meaning, repeat) {
        // What may be repeated is: the second time changes nothing more.
        (Meaning::Lost(Effect::Never), Repeat::Safe) => expect("applied", 0, 2, 1..=1),
        (Meaning::Lost(Effect::AtOnce | Effect::Later | Effect::TooLate), Repeat::Safe) => {
            expect("applied", 0, 2, 2..=2)
        }
        // What a read can tell of is sent again only when it told, and late enough.
        (Meaning::Lost(Effect::Never), Repeat::Readable) => expect("applied", 0, 2, 1..=1),
        (Meaning::Lost(Effect::AtOnce | Effect::Later), Repeat::Readable) => {
            expect("applied", 0, 1, 1..=1)
        }
        // The proof was none, and nobody could know. The later one of the two is refused or changes nothing.
        (Meaning::Lost(Effect::TooLate), Repeat::Readable) => expect("applied", 0, 2, 1..=2),
        // What nobody can tell of is never sent again, whatever became of it.
        (Meaning::Lost(Effect::Never), Repeat::Once) => expect("in_doubt", 6, 1, 0..=0),
        (Meaning::Lost(Effect::AtOnce | Effect::Later | Effect::TooLate), Repeat::Once) => {
            expect("in_doubt", 6, 1, 1..=1)
        }

        (Meaning::LostBody, Repeat::Safe | Repeat::Readable | Repeat::Once) if silent => {
            expect("applied", 0, 1, 1..=1)
        }
        (Meaning::LostBody, Repeat::Safe | Repeat::Readable | Repeat::Once) => {
            expected(Meaning::Lost(Effect::AtOnce), repeat, silent)
        }

        // Conclusive: no request had an effect, so how it may be repeated does not matter.
        (Meaning::Throttled, Repeat::Safe | Repeat::Readable | Repeat::Once) => {
            expect("applied", 0, 3, 1..=1)
        }
        (Meaning::ThrottledAway, Repeat::Safe | Repeat::Readable | Repeat::Once) => {
            expect("failed", 3, 3, 0..=0)
        }
        (Meaning::Refused, Repeat::Safe | Repeat::Readable | Repeat::Once) => {
            expect("refused", 3, 1, 0..=0)
        }
        (Meaning::Unauthorized, Repeat::Safe | Repeat::Readable | Repeat::Once) => {
            expect("not_attempted", 1, 1, 0..=0)
        }
    }
}
