//! The channel to the threads that write a checkpoint: records go in, acks come out.

use std::{
    fmt,
    future::Future,
    io, mem,
    path::Path,
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock,
        mpsc::{self, Sender},
    },
    task::{Context, Poll, ready},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{runtime::Handle, sync::oneshot};

use super::{
    error::{CheckpointStep, WriteFailed},
    record::Record,
    scribe::{Desk, Disk, PendingRecord, Scribe},
    seal::Chain,
};
#[cfg(test)]
use crate::testing::lockstep::{self, Lockstep, UnderWay};

/// How long a record without an awaited ack may stay unsynced. If a power cut loses an outcome, this costs one read-back, so the time need
/// not be short; a tenth of a second means ten syncs a second at most.
const LINGER: Duration = Duration::from_millis(100);

/// The sending side of the writer thread. Dropping it writes and syncs the queue, like [`CheckpointWriter::close`], but does not report
/// whether that worked.
pub struct CheckpointWriter {
    entries: Option<Sender<Vec<PendingRecord>>>,
    /// Records that go to the threads together.
    held: Vec<PendingRecord>,
    is_holding: bool,
    threads: Vec<JoinHandle<()>>,
    failure: Arc<OnceLock<WriteFailed>>,
    path: Arc<Path>,
}

/// Gets the answer whether a record is on disk. If the record was never queued, it is dropped without one.
pub type AckSender = oneshot::Sender<Result<(), WriteFailed>>;

/// Resolves when its record is on disk.
#[must_use = "a request may leave only after its record is on disk"]
#[derive(Debug)]
pub struct Ack {
    answer: oneshot::Receiver<Result<(), WriteFailed>>,
    path: Arc<Path>,
}

impl CheckpointWriter {
    /// Starts the thread. `path` is for messages.
    pub(super) fn spawn<D: Disk>(disks: Vec<D>, chain: Chain, path: &Path) -> io::Result<Self> {
        #[cfg(test)]
        if Lockstep::here().is_some() {
            return Self::spawn_lingering(disks, chain, path, lockstep::LINGER);
        }
        Self::spawn_lingering(disks, chain, path, LINGER)
    }

    fn spawn_lingering<D: Disk>(
        disks: Vec<D>,
        chain: Chain,
        path: &Path,
        linger: Duration,
    ) -> io::Result<Self> {
        let (entries, received) = mpsc::channel();
        let desk = Arc::new(Mutex::new(Desk::new(received, chain)));
        let mut writer = Self {
            entries: Some(entries),
            held: Vec::new(),
            is_holding: false,
            threads: Vec::new(),
            failure: Arc::new(OnceLock::new()),
            path: path.into(),
        };
        for disk in disks {
            let scribe = Scribe {
                desk: Arc::clone(&desk),
                disk,
                runtime: Handle::try_current().ok(),
                failure: Arc::clone(&writer.failure),
                path: Arc::clone(&writer.path),
                linger,
                // Until it is known.
                last_sync: Duration::MAX,
                #[cfg(test)]
                lockstep: Lockstep::here(),
            };
            let thread = thread::Builder::new().name("checkpoint".into());
            writer.threads.push(thread.spawn(move || scribe.work())?);
        }
        Ok(writer)
    }

    /// Queues a record immediately; the [`Ack`] resolves when it and all records before it are on disk.
    pub fn append(&mut self, record: Record) -> Ack {
        let (ack, answer) = oneshot::channel();
        self.append_for(record, ack);
        Ack {
            answer,
            path: Arc::clone(&self.path),
        }
    }

    /// As [`CheckpointWriter::append`]: `ack` gets the answer in any case.
    pub fn append_for(&mut self, record: Record, ack: AckSender) {
        self.send(PendingRecord {
            record,
            ack: Some(PendingAck {
                sender: Some(ack),
                path: Arc::clone(&self.path),
            }),
            #[cfg(test)]
            _under_way: UnderWay::new(),
        });
    }

    /// Queues a record without an ack. It is written in order, and synced with the next record that has one, after a tenth of a second, or
    /// on [`CheckpointWriter::close`].
    pub fn append_without_waiting(&mut self, record: Record) {
        self.send(PendingRecord {
            record,
            ack: None,
            #[cfg(test)]
            _under_way: UnderWay::new(),
        });
    }

    /// The error that stopped the writing, if any. Every later [`Ack`] has it, too.
    pub fn failure(&self) -> Option<&WriteFailed> {
        self.failure.get()
    }

    /// Writes and syncs the queue, and ends the thread. Blocks for a write and a sync.
    ///
    /// # Errors
    ///
    /// If not all queued records are on disk.
    pub fn close(mut self) -> Result<(), WriteFailed> {
        self.join()
    }

    /// From now on, queued records are held until [`CheckpointWriter::pass_on`]: each call to a thread costs more than a record.
    pub const fn hold(&mut self) {
        self.is_holding = true;
    }

    /// Ends [`CheckpointWriter::hold`], and passes on what is held.
    pub fn hold_no_more(&mut self) {
        self.is_holding = false;
        self.pass_on();
    }

    pub const fn holds_records(&self) -> bool {
        !self.held.is_empty()
    }

    /// Gives the held records to the threads.
    pub fn pass_on(&mut self) {
        let held = mem::take(&mut self.held);
        if let (Some(entries), false) = (&self.entries, held.is_empty()) {
            // If the channel is closed, the entries are dropped, which their acks report.
            let _ = entries.send(held);
        }
    }

    fn send(&mut self, entry: PendingRecord) {
        self.held.push(entry);
        if !self.is_holding {
            self.pass_on();
        }
    }

    fn join(&mut self) -> Result<(), WriteFailed> {
        self.pass_on();
        drop(self.entries.take());
        let ended: Vec<_> = self.threads.drain(..).map(JoinHandle::join).collect();
        match (self.failure.get(), ended) {
            (Some(failure), _) => Err(failure.clone()),
            (None, ended) if ended.iter().any(Result::is_err) => Err(stopped(&self.path)),
            (None, _) => Ok(()),
        }
    }
}

impl Drop for CheckpointWriter {
    fn drop(&mut self) {
        // The error can't be returned here; `close` returns it.
        let _ = self.join();
    }
}

impl fmt::Debug for CheckpointWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("path", &self.path)
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

impl Future for Ack {
    type Output = Result<(), WriteFailed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.answer).poll(context));
        Poll::Ready(answer.unwrap_or_else(|_| Err(stopped(&self.path))))
    }
}

/// Answers once; also if it is dropped, because the threads have ended.
pub(super) struct PendingAck {
    sender: Option<AckSender>,
    path: Arc<Path>,
}

impl PendingAck {
    pub(super) fn answer(mut self, done: Result<(), WriteFailed>) {
        if let Some(sender) = self.sender.take() {
            // If the worker is gone, it does not need the answer.
            let _ = sender.send(done);
        }
    }
}

impl Drop for PendingAck {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take() {
            let _ = sender.send(Err(stopped(&self.path)));
        }
    }
}

fn stopped(path: &Arc<Path>) -> WriteFailed {
    WriteFailed {
        doing: CheckpointStep::Write,
        path: Arc::clone(path),
        cause: Arc::new(io::Error::other("its writer thread has stopped")),
    }
}

#[cfg(test)]
mod tests;
