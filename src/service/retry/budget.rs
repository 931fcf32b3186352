//! The retry budget of a whole command: pure.

use super::Trouble;

/// This number of retries is always allowed, however few the requests: the default four workers may all hit a restarting instance and use
/// both of their retries (eight). It is also the share of a hundred requests, so from there on only the share counts.
const RESERVE: u64 = 10;

/// One retry is allowed per N requests. If a service fails more than a tenth of them, more requests do not help, and the changes can be
/// made later.
const SHARE: u64 = 10;

/// Whether the budget permits a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Funds {
    Left,
    UsedUp,
}

/// Counts the requests and the retries after [`Trouble::Transient`] of all workers.
///
/// It permits `max(10, 10 %)` of the first attempts: a small run gets its retries, and a service that never answers gets at most 1.10 times
/// the requests of a larger run. Retries after [`Trouble::Throttled`] are not counted: the service determines their time, each of them
/// waits for the shared limiter, and [`Policy::attempts`](super::Policy::attempts) bounds their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    requests: u64,
    spent: u64,
}

impl Budget {
    /// Counts a first attempt.
    pub const fn request(&mut self) {
        self.requests += 1;
    }

    /// Counts the retry of a request that had this `trouble`.
    pub const fn repetition(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::Transient => self.spent += 1,
            Trouble::Throttled => {}
        }
    }

    pub fn funds(&self) -> Funds {
        if self.spent < RESERVE.max(self.requests / SHARE) {
            Funds::Left
        } else {
            Funds::UsedUp
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of the repetitions that are asked for after each request the budget allows.
    fn allowed(requests: u64, trouble: Trouble) -> u64 {
        let (mut budget, mut allowed) = (Budget::default(), 0);
        for _ in 0..requests {
            budget.request();
            for _ in 0..2 {
                if budget.funds() == Funds::Left {
                    budget.repetition(trouble);
                    allowed += 1;
                }
            }
        }
        allowed
    }

    #[test]
    fn a_tenth_of_the_requests_is_repeated_at_most_and_ten_in_a_small_run() {
        for (requests, expected) in [
            (0, 0),
            (1, 2),
            (5, 10),
            (6, 10),
            (100, 10),
            (109, 10),
            // It is the reserve or the tenth, never both.
            (110, 11),
            (1_000, 100),
            (12_345, 1_234),
        ] {
            let allowed = allowed(requests, Trouble::Transient);
            assert_eq!(allowed, expected, "{requests}");
        }
    }

    #[test]
    fn what_the_service_throttles_is_not_taken_from_the_budget() {
        assert_eq!(allowed(1_000, Trouble::Throttled), 2_000);
    }
}
