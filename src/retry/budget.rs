//! How many repetitions a whole command may make: pure.

use super::Trouble;

/// So many repetitions are free, however few the requests: the default four workers may all meet a
/// restarting instance and use up both of their repetitions (eight). It is also what a hundred
/// requests earn, so that from there on the share alone counts.
const RESERVE: u64 = 10;

/// Of so many requests one may be repeated. A service that fails more than a tenth of them is not
/// helped by more of them, and what they would have done can be done later.
const SHARE: u64 = 10;

/// Whether a repetition can be paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Funds {
    Left,
    UsedUp,
}

/// Counts requests and the repetitions after [`Trouble::Transient`], of all workers together.
///
/// It allows `max(10, 10 %)` of the requests that repeat nothing: a small run gets its repetitions,
/// and a service that answers nothing at all gets at most 1.10 times the requests of a larger one.
/// Repetitions after [`Trouble::Throttled`] are not counted: the service itself says when to come
/// back, each of them waits for the gate that all share, and their number is bounded by
/// [`Policy::attempts`](super::Policy::attempts).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    requests: u64,
    spent: u64,
}

impl Budget {
    /// Counts a request that repeats nothing.
    pub const fn request(&mut self) {
        self.requests += 1;
    }

    /// Counts the repetition of a request that met `trouble`.
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
