//! The threads that write a checkpoint: all queued records are written together, and synced together.

use std::{
    io::{self, Write},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use tokio::runtime::Handle;

use super::{
    error::{CheckpointStep, WriteFailed},
    record::Record,
    seal::Chain,
    writer::PendingAck,
};
#[cfg(test)]
use crate::testing::lockstep::{Lockstep, UnderWay};

/// A batch with this number of records takes no more from the queue. It bounds the buffer to some 100 KB, and is more than the workers of
/// any reasonable run.
const MAX_BATCH: usize = 1024;

/// A sync that takes less than this is not worth the change to another thread.
const QUICK: Duration = Duration::from_micros(100);

/// The medium of a checkpoint as one thread has it: a file of the system, or one in tests that fails.
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
    pub(super) ack: Option<PendingAck>,
    #[cfg(test)]
    pub(super) _under_way: UnderWay,
}

/// What the threads of one checkpoint share. One of them at a time takes records from the queue and writes them, so that they are in order.
/// Their syncs overlap: on a slow disk no record waits for the end of a sync that began before it was written.
pub(super) struct Desk {
    entries: Receiver<Vec<PendingRecord>>,
    chain: Chain,
    buffer: Vec<u8>,
    /// When the oldest unsynced record must be synced.
    due: Option<Instant>,
}

/// What is to be done next.
enum DeskTask {
    Write(Vec<PendingRecord>),
    /// The time has come to sync records that no worker waits for.
    Sync,
    /// All senders are gone.
    End,
}

impl Desk {
    pub(super) const fn new(entries: Receiver<Vec<PendingRecord>>, chain: Chain) -> Self {
        Self {
            entries,
            chain,
            buffer: Vec::new(),
            due: None,
        }
    }

    /// Waits for the next task.
    fn next(&self) -> DeskTask {
        let first = match self.due {
            None => self
                .entries
                .recv()
                .map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => {
                let wait = due.saturating_duration_since(Instant::now());
                self.entries.recv_timeout(wait)
            }
        };
        match first {
            Ok(mut batch) => {
                while batch.len() < MAX_BATCH
                    && let Ok(more) = self.entries.try_recv()
                {
                    batch.extend(more);
                }
                DeskTask::Write(batch)
            }
            Err(RecvTimeoutError::Timeout) => DeskTask::Sync,
            Err(RecvTimeoutError::Disconnected) => DeskTask::End,
        }
    }
}

/// One of the threads.
pub(super) struct Scribe<D> {
    pub(super) desk: Arc<Mutex<Desk>>,
    pub(super) disk: D,
    /// Where the workers are; none in tests without a runtime.
    pub(super) runtime: Option<Handle>,
    /// Gets the first error, for the other side.
    pub(super) failure: Arc<OnceLock<WriteFailed>>,
    /// For messages.
    pub(super) path: Arc<Path>,
    pub(super) linger: Duration,
    /// How long the last sync took.
    pub(super) last_sync: Duration,
    #[cfg(test)]
    pub(super) lockstep: Option<Lockstep>,
}

impl<D: Disk> Scribe<D> {
    /// Writes queued records until all senders are gone, or another thread has panicked.
    pub(super) fn work(mut self) {
        let shared = Arc::clone(&self.desk);
        while let Ok(mut desk) = shared.lock() {
            match desk.next() {
                DeskTask::Write(mut batch) => {
                    #[cfg(test)]
                    if let Some(lockstep) = &self.lockstep {
                        lockstep.turn();
                    }
                    let now = Instant::now();
                    let is_waited_for = batch.iter().any(|entry| entry.ack.is_some());
                    let sync = is_waited_for || desk.due.is_some_and(|due| due <= now);
                    let mut done = self.write(&mut desk, &batch);
                    desk.due = (!sync).then(|| desk.due.unwrap_or(now + self.linger));
                    if sync && done.is_ok() {
                        done = self.sync(desk);
                    }
                    let acks = batch.iter_mut().filter_map(|entry| entry.ack.take());
                    self.answer(acks.collect(), done);
                }
                DeskTask::Sync => {
                    desk.due = None;
                    // A failure is stored and reported with the next ack.
                    let _ = self.sync(desk);
                }
                DeskTask::End => {
                    if desk.due.take().is_some() {
                        let _ = self.sync(desk);
                    }
                    return;
                }
            }
        }
    }

    /// Answers the acks of a batch, on the thread of the workers: each task that another thread wakes is a system call.
    fn answer(&self, acks: Vec<PendingAck>, done: Result<(), WriteFailed>) {
        if acks.is_empty() {
            return;
        }
        let answer = move || {
            for ack in acks {
                ack.answer(done.clone());
            }
        };
        match &self.runtime {
            Some(runtime) => drop(runtime.spawn(async { answer() })),
            None => answer(),
        }
    }

    /// Writes a batch with one write.
    fn write(&mut self, desk: &mut Desk, batch: &[PendingRecord]) -> Result<(), WriteFailed> {
        self.unless_failed(CheckpointStep::Write, |scribe| {
            desk.buffer.clear();
            for entry in batch {
                desk.chain.seal_record(&entry.record, &mut desk.buffer)?;
            }
            scribe.disk.write_all(&desk.buffer)
        })
    }

    /// Syncs all that was written. While a slow disk does that, another thread may be at the desk.
    fn sync(&mut self, desk: MutexGuard<'_, Desk>) -> Result<(), WriteFailed> {
        let kept = (self.last_sync < QUICK).then_some(desk);
        let begin = Instant::now();
        self.unless_failed(CheckpointStep::Sync, |scribe| scribe.disk.sync_data())?;
        self.last_sync = begin.elapsed();
        drop(kept);
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
