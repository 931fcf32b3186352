//! The sandbox's own limit: a token bucket.

use std::time::Duration;

use tokio::time::Instant;

use super::Limit;

/// Tokens that fill up at the limit's rate to its burst.
#[derive(Debug)]
pub(crate) struct TokenBucket {
    limit: Limit,
    tokens: f64,
    counted: Instant,
}

impl TokenBucket {
    /// A full bucket.
    pub(crate) fn new(limit: Limit, now: Instant) -> Self {
        Self {
            limit,
            tokens: f64::from(limit.burst),
            counted: now,
        }
    }

    /// Takes a token.
    ///
    /// # Errors
    ///
    /// When there is none: how long until there is one.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let new = now.duration_since(self.counted).as_secs_f64() * self.limit.rate;
        self.tokens = (self.tokens + new).min(f64::from(self.limit.burst));
        self.counted = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            Ok(())
        } else {
            let seconds = (1.0 - self.tokens) / self.limit.rate;
            Err(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_at_once_and_then_the_rate() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(
            Limit {
                rate: 4.0,
                burst: 3,
            },
            start,
        );
        // milliseconds after the start, milliseconds to wait
        for (at, wait) in [
            (0, None),
            (0, None),
            (0, None),
            (0, Some(250)),
            (125, Some(125)),
            (250, None),
            (250, Some(250)),
            (10_000, None),
            (10_000, None),
            (10_000, None),
            (10_000, Some(250)),
        ] {
            let taken = bucket.take(start + Duration::from_millis(at));
            assert_eq!(taken.err(), wait.map(Duration::from_millis), "at {at} ms");
        }
    }
}
