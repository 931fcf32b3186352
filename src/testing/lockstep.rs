//! For tests on tokio's paused clock: the checkpoint's thread works only while the runtime rests, and the runtime rests
//! until that thread has done its work. So no time passes by a disk that is merely busy, and a run is the same each time.

use std::{
    cell::RefCell,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    time::Duration,
};

/// Longer than any test: a record is synced only together with the next one that is awaited.
pub(crate) const LINGER: Duration = Duration::from_secs(3_600);

thread_local! {
    static HERE: RefCell<Option<Lockstep>> = const { RefCell::new(None) };
}

/// Shared by a runtime and the threads that write its checkpoints.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lockstep(Arc<LockstepShared>);

#[derive(Debug, Default)]
struct LockstepShared {
    state: Mutex<LockstepState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct LockstepState {
    /// Entries that went in and that the thread has not dealt with yet.
    under_way: usize,
    /// The runtime has nothing to do.
    resting: bool,
    /// The disk waits for time to pass.
    stalled: bool,
    /// The runtime does not rest any more: the thread is waited for in another way.
    released: bool,
}

impl Lockstep {
    /// For the checkpoints that this thread opens until it [leaves](Self::leave).
    fn enter() -> Self {
        let lockstep = Self::default();
        HERE.set(Some(lockstep.clone()));
        lockstep
    }

    fn leave() {
        HERE.set(None);
    }

    pub(crate) fn here() -> Option<Self> {
        HERE.with_borrow(Clone::clone)
    }

    /// The runtime has nothing to do: returns when the thread has not, either.
    fn rest(&self) {
        let mut state = self.state();
        state.resting = true;
        self.0.changed.notify_all();
        let mut state = self.wait(state, |state| state.under_way == 0 || state.stalled);
        state.resting = false;
    }

    /// A checkpoint was opened.
    pub(crate) fn begin(&self) {
        let mut state = self.state();
        state.released = false;
        state.stalled = false;
    }

    /// The runtime is about to wait for the thread's end.
    pub(crate) fn release(&self) {
        self.state().released = true;
        self.0.changed.notify_all();
    }

    /// Waits on the disk's side while time passes; `tell` makes sure that [`Self::go_on`] will be called.
    pub(crate) fn stall(&self, tell: impl FnOnce()) {
        tell();
        let mut state = self.state();
        if state.released {
            return;
        }
        state.stalled = true;
        self.0.changed.notify_all();
        drop(self.wait(state, |state| !state.stalled || state.released));
        self.turn();
    }

    /// The time of a stall is over.
    pub(crate) fn go_on(&self) {
        self.state().stalled = false;
        self.0.changed.notify_all();
    }

    /// Waits until the runtime rests.
    pub(crate) fn turn(&self) {
        let state = self.state();
        drop(self.wait(state, |state| state.resting || state.released));
    }

    fn state(&self) -> MutexGuard<'_, LockstepState> {
        self.0.state.lock().unwrap()
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, LockstepState>,
        until: impl Fn(&LockstepState) -> bool,
    ) -> MutexGuard<'a, LockstepState> {
        self.0
            .changed
            .wait_while(state, |state| !until(state))
            .unwrap()
    }
}

/// An entry on its way to the thread; dropped when it was dealt with.
pub(crate) struct UnderWay(Option<Lockstep>);

impl UnderWay {
    pub(crate) fn new() -> Self {
        let lockstep = Lockstep::here();
        if let Some(lockstep) = &lockstep {
            lockstep.state().under_way += 1;
        }
        Self(lockstep)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(lockstep) = &self.0 {
            lockstep.state().under_way -= 1;
            lockstep.0.changed.notify_all();
        }
    }
}

/// Runs on tokio's paused clock, in step with the checkpoint's thread.
pub(crate) fn in_lockstep<T>(work: impl AsyncFnOnce(Lockstep) -> T) -> T {
    let lockstep = Lockstep::enter();
    let resting = lockstep.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .on_thread_park(move || resting.rest())
        .build()
        .unwrap();
    let result = runtime.block_on(work(lockstep));
    Lockstep::leave();
    result
}
