//! A number of things, or a share of all of them.

use std::{fmt, num::NonZeroU64, str::FromStr};

use serde::{Deserialize, Serialize};

/// `5`, or `10%` of a total that is known later.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Share {
    Count(NonZeroU64),
    /// Above 0, at most 100.
    Percent(f64),
}

impl Share {
    /// What is meant of `total`, at most: a share is rounded down, but is never nothing.
    pub fn at_most(self, total: u64) -> u64 {
        self.of(total, f64::floor)
    }

    /// What is meant of `total`, at least: a share is rounded up.
    pub fn at_least(self, total: u64) -> u64 {
        self.of(total, f64::ceil)
    }

    fn of(self, total: u64, round: fn(f64) -> f64) -> u64 {
        match self {
            Self::Count(count) => count.get(),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                clippy::cast_sign_loss,
                reason = "a share of a count that is far below 2^53 is a count"
            )]
            Self::Percent(percent) => round(total as f64 * percent / 100.0).max(1.0) as u64,
        }
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no number from 1 and no share like 10%");
        let digits = text.strip_suffix('%').unwrap_or(text).trim();
        // f64 would take `inf`, `1e2` and `+1` too.
        if !digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
        {
            return Err(wrong());
        }
        if !text.ends_with('%') {
            return digits.parse().map(Self::Count).map_err(|_| wrong());
        }
        match digits.parse() {
            Ok(percent) if percent > 0.0 && percent <= 100.0 => Ok(Self::Percent(percent)),
            Ok(_) | Err(_) => Err(wrong()),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl TryFrom<String> for Share {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Share> for String {
    fn from(share: Share) -> Self {
        share.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_count_or_a_percentage_of_what_there_is() {
        for (text, total, at_most, at_least) in [
            ("5", 3, 5, 5),
            ("5", 1_000, 5, 5),
            ("10%", 100, 10, 10),
            ("10%", 109, 10, 11),
            ("10%", 5, 1, 1),
            ("0.5%", 4_000, 20, 20),
            ("100%", 137, 137, 137),
            (" 33 %", 100, 33, 33),
        ] {
            let share: Share = text.parse().unwrap();
            assert_eq!(share.at_most(total), at_most, "{text} of {total}");
            assert_eq!(share.at_least(total), at_least, "{text} of {total}");
            assert_eq!(share.to_string().parse(), Ok(share), "{text}");
        }
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in [
            "", "%", "0", "0%", "-1", "1.5", "101%", "inf%", "1e2%", "+5", "five", "5 of 10",
        ] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }
}
