//! The service's own time stamps: UTC with milliseconds.

use jiff::{SignedDuration, Timestamp};

/// `2026-05-28T10:00:00.000Z`.
pub(crate) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The stamp of a write: now, but always after the one before, so that each write can be seen in it
/// even when two fall into one millisecond or the data's epoch lies in the future.
pub(crate) fn moved(before: &str, now: Timestamp) -> String {
    match before.parse::<Timestamp>() {
        Ok(earlier) => stamp(
            earlier
                .saturating_add(SignedDuration::from_millis(1))
                .map_or(now, |next| next.max(now)),
        ),
        Err(_) => stamp(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_always_moves_the_stamp() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for (before, after) in [
            ("2025-12-31T00:00:00.000Z", "2026-01-01T00:00:00.000Z"),
            ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.001Z"),
            ("2026-06-01T00:00:00.999Z", "2026-06-01T00:00:01.000Z"),
            ("no stamp", "2026-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(moved(before, now), after);
        }
    }
}
