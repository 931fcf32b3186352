//! A number of things, or a share of all of them.

use std::{fmt, num::NonZeroU64, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Percent;

/// `5`, or `10%` of a total that is known later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Share {
    Count(NonZeroU64),
    Percent(Percent),
}

impl Share {
    /// The largest number that is meant of `total`: a share is rounded down, but is at least 1.
    pub fn at_most(self, total: u64) -> u64 {
        match self {
            Self::Count(count) => count.get(),
            Self::Percent(percent) => percent.floor_of(total).max(1),
        }
    }

    /// Whether it permits more than `other`. A number and a share of an unknown total can't be compared.
    pub fn is_looser_than(self, other: Self, total: Option<u64>) -> bool {
        match (self, other) {
            (Self::Count(count), Self::Count(most)) => count > most,
            (Self::Percent(percent), Self::Percent(most)) => percent > most,
            (Self::Count(_), Self::Percent(_)) | (Self::Percent(_), Self::Count(_)) => {
                total.is_some_and(|total| self.at_most(total) > other.at_most(total))
            }
        }
    }

    /// The smallest number that is meant of `total`: a share is rounded up, and is at least 1.
    pub fn at_least(self, total: u64) -> u64 {
        match self {
            Self::Count(count) => count.get(),
            Self::Percent(percent) => percent.ceil_of(total).max(1),
        }
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` must be a whole number of at least 1, or a share up to 100%");
        match text.strip_suffix('%') {
            Some(percent) => percent
                .trim()
                .parse()
                .map(Self::Percent)
                .map_err(|_| wrong()),
            // Parsing a number would accept `+1`, too.
            None if text.contains('+') => Err(wrong()),
            None => text.trim().parse().map(Self::Count).map_err(|_| wrong()),
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
            // Binary fractions make 56 and 12 of these.
            ("0.57%", 10_000, 57, 57),
            ("1.1%", 1_000, 11, 11),
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
