//! What is left to do for a change, from its records alone.

use super::{phase::Phase, state::State};

/// What is left to do for one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outstanding {
    /// It has its end.
    Nothing,
    /// No attempt took effect. It may be sent, as this attempt.
    Send { attempt: u32 },
    /// One of its attempts may have taken effect. A request that is safe to repeat may be sent as
    /// attempt `attempts + 1`; anything else is read back first.
    Resolve {
        attempts: u32,
        /// When the last attempt started, in Unix milliseconds: a read proves that it had no
        /// effect only when it is made late enough after it.
        last_started_ms: i64,
    },
}

impl State {
    /// What is left to do for the change on this plan line. Of a change in flight it says what would be
    /// left if its answer never came.
    pub fn outstanding(&self, line: u64) -> Outstanding {
        let open = self.open(line);
        match (self.phase(line), open) {
            (Phase::Ended(_), _) => Outstanding::Nothing,
            (Phase::InFlight | Phase::InFlightAgain | Phase::InDoubt, Some(open)) => {
                Outstanding::Resolve {
                    attempts: open.attempts,
                    last_started_ms: open.last_started_ms,
                }
            }
            (
                Phase::Untouched
                | Phase::Between
                | Phase::InFlight
                | Phase::InFlightAgain
                | Phase::InDoubt,
                open,
            ) => Outstanding::Send {
                attempt: open.map_or(0, |open| open.attempts) + 1,
            },
        }
    }
}
