//! The wall clock of a run for tests.

use std::cell::Cell;

use tokio::time::Instant;

thread_local! {
    static EPOCH: Cell<Option<Instant>> = const { Cell::new(None) };
    /// How far the wall clock was put forward, in milliseconds.
    static STEPPED: Cell<i64> = const { Cell::new(0) };
}

/// From now on it shows tokio's time.
pub(super) fn begin() {
    EPOCH.set(Some(Instant::now()));
    STEPPED.set(0);
}

/// The present by the wall clock, which is tokio's until somebody steps it: the tests' runtimes have one thread.
pub(super) fn now_ms() -> i64 {
    let epoch = EPOCH.get().unwrap();
    1_700_000_000_000 + i64::try_from(epoch.elapsed().as_millis()).unwrap() + STEPPED.get()
}

/// Puts the wall clock forward, or back.
pub(crate) fn step_wall_clock(milliseconds: i64) {
    STEPPED.set(STEPPED.get() + milliseconds);
}
