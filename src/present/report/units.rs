//! Numbers, durations and plurals as text.

use std::time::Duration;

pub(super) use crate::text::{count, thousands};

/// A duration, rounded to a useful precision: `29 s`, `12 min`, `3.5 h`, `2.1 days`.
pub(super) fn rough(span: Duration) -> String {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 60.0 * MINUTE;
    const DAY: f64 = 24.0 * HOUR;
    let seconds = span.as_secs_f64().round();
    // From one and a half or two of the next larger unit on, the smaller unit would be too precise.
    if seconds < 1.5 * MINUTE {
        format!("{seconds} s")
    } else if seconds < 1.5 * HOUR {
        format!("{:.0} min", seconds / MINUTE)
    } else if seconds < 2.0 * DAY {
        format!("{:.1} h", seconds / HOUR)
    } else {
        format!("{:.1} days", seconds / DAY)
    }
}

/// Requests or changes per second: one decimal below 100, none above.
pub(super) fn per_second(rate: f64) -> String {
    if rate < 100.0 {
        format!("{rate:.1}/s")
    } else {
        format!("{rate:.0}/s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas_between_thousands() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_345, "12,345"),
            (100_000, "100,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(count(0, "change", "changes"), "0 changes");
        assert_eq!(count(1, "change", "changes"), "1 change");
        assert_eq!(count(2_000, "change", "changes"), "2,000 changes");
    }

    #[test]
    fn a_span_is_said_in_the_unit_that_fits_its_size() {
        for (seconds, text) in [
            (0.2, "0 s"),
            (28.6, "29 s"),
            (89.0, "89 s"),
            (90.0, "2 min"),
            (720.0, "12 min"),
            (5_399.0, "90 min"),
            (12_500.0, "3.5 h"),
            (181_440.0, "2.1 days"),
        ] {
            assert_eq!(rough(Duration::from_secs_f64(seconds)), text, "{seconds}");
        }
    }

    #[test]
    fn a_rate_keeps_the_digits_that_matter() {
        assert_eq!(per_second(7.94), "7.9/s");
        assert_eq!(per_second(0.0), "0.0/s");
        assert_eq!(per_second(19_876.5), "19876/s");
    }
}
