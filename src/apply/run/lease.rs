//! Until when a process may send: for a run whose groups another process may take over.

use tokio::{sync::watch, time::Instant};

/// The right to send. A process that has its run's folder locked always has it. One whose groups others may take over has it for a time
/// after each acknowledgement: a process that was frozen for longer sends nothing any more.
#[derive(Clone, Debug, Default)]
pub struct Lease(Option<watch::Receiver<Instant>>);

impl Lease {
    /// It never ends.
    pub const fn permanent() -> Self {
        Self(None)
    }

    /// It lasts until the moment that was last written into the other side of `until`.
    pub const fn renewed(until: watch::Receiver<Instant>) -> Self {
        Self(Some(until))
    }

    /// Whether a request may leave now.
    pub(super) fn holds(&self) -> bool {
        let until = self.0.as_ref().map(|until| *until.borrow());
        until.is_none_or(|until| Instant::now() < until)
    }
}
