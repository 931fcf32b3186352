//! The error budget: how many changes of a run may still fail, and which may be sent meanwhile.

use std::sync::Arc;

use tokio::sync::watch;

/// Shared by all workers of a run.
///
/// A change that is sent holds a [`Slot`]. The slots that are held never exceed the remaining budget: if all changes in flight failed, the
/// budget would be used up exactly. So never more changes fail than allowed, at any concurrency.
#[derive(Debug)]
pub(super) struct ErrorBudget {
    limit: u64,
    state: watch::Sender<BudgetState>,
}

#[derive(Clone, Copy, Debug, Default)]
struct BudgetState {
    /// Changes that failed, were refused, or are in doubt.
    spent: u64,
    /// Changes in flight, each of which may fail.
    held: u64,
}

/// The permission to fail once. It is returned on drop.
#[derive(Debug)]
pub(super) struct Slot {
    budget: Arc<ErrorBudget>,
}

impl ErrorBudget {
    /// A budget of `limit` errors, some of which earlier sessions have used; none means no limit.
    pub(super) fn new(limit: Option<u64>, spent: u64) -> Arc<Self> {
        Arc::new(Self {
            limit: limit.unwrap_or(u64::MAX),
            state: watch::Sender::new(BudgetState { spent, held: 0 }),
        })
    }

    /// Waits for a slot; none once the budget is used up.
    pub(super) async fn slot(self: &Arc<Self>) -> Option<Slot> {
        let mut state = self.state.subscribe();
        loop {
            let decided = state
                .wait_for(|state| self.is_spent(*state) || self.has_room(*state))
                .await
                .expect("the sender lives as long as the budget");
            if self.is_spent(*decided) {
                return None;
            }
            // It must not be held when the state changes.
            drop(decided);
            if let Some(slot) = self.try_slot() {
                return Some(slot);
            }
        }
    }

    /// A slot, if there is one now.
    pub(super) fn try_slot(self: &Arc<Self>) -> Option<Slot> {
        let taken = self.state.send_if_modified(|state| {
            let room = self.has_room(*state);
            state.held += u64::from(room);
            room
        });
        taken.then(|| self.held())
    }

    /// The slot of a change that was counted as an error and is being retried.
    pub(super) fn reclaim(self: &Arc<Self>) -> Slot {
        self.state.send_modify(|state| {
            state.spent -= 1;
            state.held += 1;
        });
        self.held()
    }

    /// The errors so far, if no more are allowed.
    pub(super) fn used_up(&self) -> Option<u64> {
        let state = *self.state.borrow();
        self.is_spent(state).then_some(state.spent)
    }

    fn held(self: &Arc<Self>) -> Slot {
        Slot {
            budget: Arc::clone(self),
        }
    }

    const fn is_spent(&self, state: BudgetState) -> bool {
        state.spent >= self.limit
    }

    const fn has_room(&self, state: BudgetState) -> bool {
        state.spent + state.held < self.limit
    }
}

impl Slot {
    /// The change has failed, or may have: the slot is not returned.
    pub(super) fn spend(self) {
        // `drop` subtracts it from the held slots.
        self.budget.state.send_modify(|state| state.spent += 1);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // If a worker panics, the outcome of its change is unknown.
        let in_doubt = u64::from(std::thread::panicking());
        self.budget.state.send_modify(|state| {
            state.held -= 1;
            state.spent += in_doubt;
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt;
    use proptest::prelude::*;
    use tokio::{task::JoinSet, time::sleep};

    use super::*;

    #[test]
    fn what_is_held_and_what_was_spent_never_exceed_the_budget() {
        let budget = ErrorBudget::new(Some(3), 1);
        let first = budget.try_slot().unwrap();
        let second = budget.try_slot().unwrap();
        assert!(budget.try_slot().is_none());
        drop(first);
        let third = budget.try_slot().unwrap();
        second.spend();
        assert_eq!(budget.used_up(), None);
        assert!(budget.try_slot().is_none());
        third.spend();
        assert_eq!(budget.used_up(), Some(3));
    }

    #[test]
    fn who_waits_is_told_when_there_is_room_and_when_there_will_be_none() {
        let budget = ErrorBudget::new(Some(1), 0);
        let held = budget.try_slot().unwrap();
        let mut waiting = Box::pin(budget.slot());
        assert!((&mut waiting).now_or_never().is_none());
        drop(held);
        let held = waiting.now_or_never().flatten().unwrap();
        let mut waiting = Box::pin(budget.slot());
        assert!((&mut waiting).now_or_never().is_none());
        held.spend();
        assert!(waiting.now_or_never().unwrap().is_none());
    }

    #[test]
    fn a_doubt_that_is_cleared_up_gives_its_error_back() {
        let budget = ErrorBudget::new(Some(1), 1);
        assert_eq!(budget.used_up(), Some(1));
        drop(budget.reclaim());
        assert_eq!(budget.used_up(), None);
        budget.try_slot().unwrap().spend();
        assert_eq!(budget.used_up(), Some(1));
    }

    #[test]
    fn what_a_panicking_worker_was_at_counts_as_an_error() {
        let budget = ErrorBudget::new(Some(2), 0);
        let slot = budget.try_slot().unwrap();
        let worker = std::thread::spawn(move || {
            let _slot = slot;
            panic!("a bug");
        });
        assert!(worker.join().is_err());
        drop(budget.try_slot().unwrap());
        budget.try_slot().unwrap().spend();
        assert_eq!(budget.used_up(), Some(2));
    }

    #[test]
    fn without_a_limit_nobody_waits() {
        let budget = ErrorBudget::new(None, 0);
        let slots: Vec<Slot> = (0..1_000).filter_map(|_| budget.try_slot()).collect();
        assert_eq!(slots.len(), 1_000);
        for slot in slots {
            slot.spend();
        }
        assert_eq!(budget.used_up(), None);
    }

    proptest! {
        /// Workers that take as long as they like, and fail or don't: the errors are never more than allowed, and exactly
        /// so many when enough would have failed.
        #[test]
        fn never_one_error_more_and_none_less(
            limit in 1..20_u64,
            work in prop::collection::vec((0..50_u64, any::<bool>()), 0..100),
            workers in 1..30_usize,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap();
            let would_fail = work.iter().filter(|(_, fails)| *fails).count() as u64;
            let errors = runtime.block_on(async move {
                let budget = ErrorBudget::new(Some(limit), 0);
                let work = Arc::new(std::sync::Mutex::new(work));
                let mut tasks = JoinSet::new();
                for _ in 0..workers {
                    let (budget, work) = (Arc::clone(&budget), Arc::clone(&work));
                    tasks.spawn(async move {
                        let mut errors = 0;
                        while let Some(slot) = budget.slot().await {
                            let next = work.lock().unwrap().pop();
                            let Some((takes, fails)) = next else { break };
                            sleep(Duration::from_millis(takes)).await;
                            if fails {
                                slot.spend();
                                errors += 1;
                            }
                        }
                        errors
                    });
                }
                tasks.join_all().await.into_iter().sum::<u64>()
            });
            prop_assert_eq!(errors, would_fail.min(limit));
        }
    }
}
