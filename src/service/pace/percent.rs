//! An exact percentage.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Above 0, at most 100. The decimal digits are kept exactly: with binary fractions 0.57 % of 10,000 would be 56.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Percent {
    /// In units of the last digit that can be written.
    units: u64,
}

/// Digits after the point. With the three before it, a JSON number in a plan keeps them exactly.
const DIGITS: usize = 12;
const ONE: u64 = 10_u64.pow(12);
/// 100 %. A share of any count is computed in 128 bits.
const WHOLE: u64 = 100 * ONE;

impl Percent {
    /// The share of `total`, rounded down.
    pub fn floor_of(self, total: u64) -> u64 {
        self.of(total, |product| product / u128::from(WHOLE))
    }

    /// The share of `total`, rounded up.
    pub fn ceil_of(self, total: u64) -> u64 {
        self.of(total, |product| product.div_ceil(u128::from(WHOLE)))
    }

    /// Whether `part` is more than this share of `total`.
    pub fn is_exceeded_by(self, part: u64, total: u64) -> bool {
        u128::from(part) * u128::from(WHOLE) > u128::from(total) * u128::from(self.units)
    }

    fn of(self, total: u64, divide: impl FnOnce(u128) -> u128) -> u64 {
        let share = divide(u128::from(total) * u128::from(self.units));
        // It is no more than `total`.
        u64::try_from(share).unwrap_or(total)
    }
}

/// Reads `10`, `0.57` or `.5`.
impl FromStr for Percent {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str =
            "a percentage is above 0 and at most 100, with at most 12 digits after the point";
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let fraction = fraction.trim_end_matches('0');
        let digits = format!("{whole}{fraction:0<DIGITS$}");
        let is_number = text.bytes().any(|byte| byte.is_ascii_digit())
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number || fraction.len() > DIGITS {
            return Err(WRONG);
        }
        match digits.parse() {
            Ok(units) if (1..=WHOLE).contains(&units) => Ok(Self { units }),
            Ok(_) | Err(_) => Err(WRONG),
        }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.units / ONE, self.units % ONE);
        let text = format!("{whole}.{fraction:0DIGITS$}");
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl TryFrom<f64> for Percent {
    type Error = &'static str;

    fn try_from(percent: f64) -> Result<Self, Self::Error> {
        // As a number writes itself, rounded to the digits that are kept.
        format!("{percent:.DIGITS$}").parse()
    }
}

impl From<Percent> for f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "both are whole numbers below 2^53"
    )]
    fn from(percent: Percent) -> Self {
        percent.units as Self / ONE as Self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// `hundredths` and `total` in integer arithmetic, with none of the code above.
        #[test]
        fn a_share_is_what_integers_make_of_it(
            hundredths in 1..=10_000_u64, total in prop_oneof![0..20_000_u64, 0..u64::MAX / 10_000],
            part in 0..20_000_u64,
        ) {
            let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            let percent: Percent = text.parse().unwrap();
            let product = total * hundredths;
            prop_assert_eq!(percent.floor_of(total), product / 10_000);
            prop_assert_eq!(percent.ceil_of(total), product / 10_000 + u64::from(product % 10_000 > 0));
            prop_assert_eq!(percent.is_exceeded_by(part, total), part * 10_000 > product);
        }

        #[test]
        fn every_digit_is_kept_in_text_and_in_a_plan(units in 1..=WHOLE, zeros in 0..12_u32) {
            let units = (units / 10_u64.pow(zeros)).max(1);
            let percent = Percent { units };
            prop_assert_eq!(percent.to_string().parse(), Ok(percent));
            let json = serde_json::to_string(&percent).unwrap();
            prop_assert_eq!(serde_json::from_str::<Percent>(&json).unwrap(), percent);
        }
    }

    #[test]
    fn all_of_any_total_is_the_total() {
        let all: Percent = "100".parse().unwrap();
        for total in [0, 1, 137, u64::MAX] {
            assert_eq!((all.floor_of(total), all.ceil_of(total)), (total, total));
            assert!(!all.is_exceeded_by(total, total));
        }
    }

    #[test]
    fn what_is_no_percentage_is_refused() {
        for text in ["10", "0.5", "5.", ".5", "0.570000000000000000", "100.0"] {
            assert!(text.parse::<Percent>().is_ok(), "{text}");
        }
        for text in [
            "",
            ".",
            "0",
            "0.0000000000001",
            "100.000000000001",
            "101",
            "-1",
            "+1",
            "1e1",
            "inf",
            "1.2.3",
            "99999999999999999999",
        ] {
            assert!(text.parse::<Percent>().is_err(), "{text}");
        }
        for number in [0.0, -1.0, 100.5, f64::NAN, f64::INFINITY] {
            assert!(Percent::try_from(number).is_err(), "{number}");
        }
    }
}
