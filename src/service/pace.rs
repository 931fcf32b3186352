//! The pace of a run: settings, the limiter, the shared pause, and the adaptive rate.

mod adaptive;
mod limiter;
mod percent;
mod share;
mod shared;
mod stages;

pub use limiter::{Lane, Pacer};
pub use percent::Percent;
pub use share::Share;
pub use shared::{PaceWait, SharedPace};

use std::{fmt, num::NonZeroU32, ops::Range, str::FromStr};

use serde::{Deserialize, Serialize};

/// Requests a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate(f64);

impl Rate {
    /// One request in 17 minutes: at a lower rate, a run of any size never ends.
    const MIN_PER_SECOND: f64 = 0.001;

    /// Requests a second: finite, at least 0.001.
    pub const fn per_second(self) -> f64 {
        self.0
    }
}

/// Reads `8/s`, `0.5/s` or `480/min`.
impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no rate");
        let (count, unit) = text.split_once('/').ok_or_else(wrong)?;
        let seconds = match unit.trim() {
            "s" => 1.0,
            "min" => 60.0,
            _ => return Err(wrong()),
        };
        let count = count.trim();
        // f64 would take `inf`, `1e9` and `+1` too.
        if !count
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
        {
            return Err(wrong());
        }
        let per_second = count.parse::<f64>().map_err(|_| wrong())? / seconds;
        if per_second.is_infinite() {
            Err(wrong())
        } else if per_second >= Self::MIN_PER_SECOND {
            Ok(Self(per_second))
        } else {
            Err(format!(
                "the rate `{text}` is too low: {}/s at least",
                Self::MIN_PER_SECOND
            ))
        }
    }
}

/// In requests a second, whatever unit was written.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.0)
    }
}

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

/// The pace and the limits of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    pub rate: Rate,
    /// Requests that may leave together after an idle period.
    pub burst: NonZeroU32,
    /// Executions worked on at the same time.
    pub concurrency: NonZeroU32,
    /// Failures in a row that stop the run.
    pub stop_after: NonZeroU32,
    /// Changes of a run that may fail, or a share of all its changes. The run stops at the last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_errors: Option<Share>,
    /// The end of each stage, in executions from the start of the plan; after the last one come all remaining executions. If something
    /// fails in a stage, the next one does not begin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Share>,
}

const fn positive(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(positive) => positive,
        None => NonZeroU32::MIN,
    }
}

impl Pace {
    /// A larger number would be a rate, not a burst.
    pub const MAX_BURST: NonZeroU32 = positive(10_000);
    /// Each execution that is worked on needs a connection, and 1,024 open files are the usual limit of a process.
    pub const MAX_CONCURRENCY: NonZeroU32 = positive(1_000);
    /// The reason, for messages.
    pub const WHY_MAX_CONCURRENCY: &str = "each execution in work takes a connection";

    /// The executions of each stage, counted from 0 in the plan's order. Each execution is in one stage. No stage is empty, except for the
    /// one stage of an empty plan.
    pub fn stages_of(&self, executions: u64) -> Vec<Range<u64>> {
        stages::stages(&self.stages, executions)
    }

    /// How many of a plan's changes may fail; the run stops at the last of them.
    pub fn max_errors_of(&self, changes: u64) -> Option<u64> {
        self.max_errors.map(|share| share.at_most(changes))
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            // The service publishes no limit. Its neighbour, the Entity API, allows 500 mutations a minute for the whole organisation: 8/s
            // is about that limit, and the user can change it.
            rate: Rate(8.0),
            // Half a second's worth: enough to start all workers, too little to matter.
            burst: positive(4),
            // At 8/s, four workers are enough for answers that take half a second each.
            concurrency: positive(4),
            // One bad record fails alone. Ten failures in a row mean that the service is down or the playbook is wrong.
            stop_after: positive(10),
            max_errors: None,
            stages: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_per_second_and_per_minute() {
        for (text, per_second) in [
            ("8/s", 8.0),
            ("0.5/s", 0.5),
            ("480/min", 8.0),
            (" 12 / s ", 12.0),
            ("10000/s", 10_000.0),
            ("0.001/s", 0.001),
            ("250000/s", 250_000.0),
            ("99999999999999999999/s", 1e20),
        ] {
            let rate: Rate = text.parse().unwrap();
            assert!(
                (rate.per_second() / per_second - 1.0).abs() < 1e-12,
                "{text}"
            );
            assert_eq!(rate.to_string().parse(), Ok(rate), "{text}");
        }
    }

    #[test]
    fn what_is_no_rate_or_too_slow_is_refused() {
        for text in [
            "", "8", "8/", "/s", "8/h", "8/sec", "x/s", "-1/s", "+1/s", "1e3/s", "inf/s", "NaN/s",
            ".", "./s", "1.2.3/s", "0/s", "0.0009/s", "0/min", "8/s/s",
        ] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
        assert!(format!("{}/s", "9".repeat(400)).parse::<Rate>().is_err());
    }

    #[test]
    fn a_pace_in_json_reads_back_as_itself() {
        let pace = Pace {
            rate: "100/min".parse().unwrap(),
            ..Pace::default()
        };
        let json = serde_json::to_string(&pace).unwrap();
        assert_eq!(serde_json::from_str::<Pace>(&json).unwrap(), pace);
        assert!(serde_json::from_str::<Rate>("\"0/s\"").is_err());
    }
}
