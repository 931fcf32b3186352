//! The only thread that writes a checkpoint: all queued records are written and synced together.

use std::{
    io::{self, Write},
    iter,
    path::Path,
    sync::{
        Arc, OnceLock,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    error::{CheckpointStep, WriteFailed},
    record::Record,
    seal::Chain,
};
#[cfg(test)]
use crate::testing::lockstep::{Lockstep, UnderWay};

/// Maximum records in one batch: bounds the buffer to about 100 KB, and exceeds the number of workers of any reasonable run.
const MAX_BATCH: usize = 1024;

/// The medium of a checkpoint: a file of the system, or one in tests that fails.
pub trait Disk: Write + Send + 'static {
    /// Returns when all written bytes are on the medium.
    ///
    /// # Errors
    ///
    /// If they may not be there.
    fn sync_data(&mut self) -> io::Result<()>;

    /// Whether a later session finds what was written.
    ///
    /// # Errors
    ///
    /// If it does not, or that can't be known.
    fn find(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A queued record, and the receiver of its ack.
pub(super) struct PendingRecord {
    pub(super) record: Record,
    pub(super) ack: Option<oneshot::Sender<Result<(), WriteFailed>>>,
    #[cfg(test)]
    pub(super) _under_way: UnderWay,
}

/// The state of the thread.
pub(super) struct Scribe<D> {
    disk: D,
    chain: Chain,
    buffer: Vec<u8>,
    failure: Arc<OnceLock<WriteFailed>>,
    path: Arc<Path>,
    linger: Duration,
    #[cfg(test)]
    lockstep: Option<Lockstep>,
}

impl<D: Disk> Scribe<D> {
    /// `failure` gets the first error, for the other side; `path` is for messages.
    pub(super) const fn new(
        disk: D,
        chain: Chain,
        linger: Duration,
        failure: Arc<OnceLock<WriteFailed>>,
        path: Arc<Path>,
    ) -> Self {
        Self {
            disk,
            chain,
            buffer: Vec::new(),
            failure,
            path,
            linger,
            #[cfg(test)]
            lockstep: None,
        }
    }

    #[cfg(test)]
    pub(super) fn in_lockstep(mut self, lockstep: Option<Lockstep>) -> Self {
        self.lockstep = lockstep;
        self
    }

    /// Writes queued records until all senders are gone.
    pub(super) fn work(mut self, entries: &Receiver<PendingRecord>) {
        // When the oldest unsynced record must be synced.
        let mut due: Option<Instant> = None;
        loop {
            let entry = match due {
                None => entries.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => entries.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match entry {
                Ok(first) => {
                    #[cfg(test)]
                    if let Some(lockstep) = &self.lockstep {
                        lockstep.turn();
                    }
                    let batch: Vec<_> = iter::once(first)
                        .chain(entries.try_iter())
                        .take(MAX_BATCH)
                        .collect();
                    due = self.commit(batch, due);
                }
                Err(RecvTimeoutError::Timeout) => {
                    // A failure is stored and reported with the next ack.
                    let _ = self.sync();
                    due = None;
                }
                Err(RecvTimeoutError::Disconnected) => {
                    if due.is_some() {
                        let _ = self.sync();
                    }
                    return;
                }
            }
        }
    }

    /// Writes a batch with one write, and syncs it if an ack is awaited or the time has come. Returns when the unsynced records must be
    /// synced.
    fn commit(&mut self, batch: Vec<PendingRecord>, due: Option<Instant>) -> Option<Instant> {
        let now = Instant::now();
        let waited_for = batch.iter().any(|entry| entry.ack.is_some());
        let sync = waited_for || due.is_some_and(|due| due <= now);

        let mut done = self.write(&batch);
        if sync && done.is_ok() {
            done = self.sync();
        }
        for entry in batch {
            if let Some(ack) = entry.ack {
                // If the worker is gone, it does not need the answer.
                let _ = ack.send(done.clone());
            }
        }
        if sync {
            None
        } else {
            due.or(Some(now + self.linger))
        }
    }

    fn write(&mut self, batch: &[PendingRecord]) -> Result<(), WriteFailed> {
        self.unless_failed(CheckpointStep::Write, |scribe| {
            scribe.buffer.clear();
            for entry in batch {
                scribe
                    .chain
                    .seal_record(&entry.record, &mut scribe.buffer)?;
            }
            scribe.disk.write_all(&scribe.buffer)
        })
    }

    fn sync(&mut self) -> Result<(), WriteFailed> {
        self.unless_failed(CheckpointStep::Sync, |scribe| scribe.disk.sync_data())?;
        self.unless_failed(CheckpointStep::Find, |scribe| scribe.disk.find())
    }

    /// Runs `step`, unless one failed before. Nothing is retried: the kernel may have dropped the pages that it could not write, and report
    /// success the next time.
    fn unless_failed(
        &mut self,
        doing: CheckpointStep,
        step: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> Result<(), WriteFailed> {
        if let Some(failure) = self.failure.get() {
            return Err(failure.clone());
        }
        step(self).map_err(|source| {
            let failure = WriteFailed {
                doing,
                path: Arc::clone(&self.path),
                cause: Arc::new(source),
            };
            self.failure.get_or_init(|| failure).clone()
        })
    }
}
