//! The one thread that writes a checkpoint: what waits is written and synced together.

use std::{
    fmt,
    fs::File,
    future::Future,
    io::{self, Write},
    iter,
    path::Path,
    pin::Pin,
    sync::{
        Arc, OnceLock,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    task::{Context, Poll, ready},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    error::{Doing, WriteFailed},
    record::Record,
    seal::Chain,
};

/// How long a record that nobody waits for may stay unsynced. Losing an outcome to a power cut costs
/// one read-back, so this need not be short; a tenth of a second is ten syncs a second at most.
const LINGER: Duration = Duration::from_millis(100);

/// Most records in one group: bounds the buffer to some 100 KB, and is more than the workers of any
/// sensible run have under way.
const MAX_GROUP: usize = 1024;

/// Where a checkpoint is written to. The files of the system are one; tests have one that fails.
pub trait Disk: Write + Send + 'static {
    /// Returns when all that was written is on the medium.
    ///
    /// # Errors
    ///
    /// When it may not be there.
    fn sync_data(&mut self) -> io::Result<()>;
}

impl Disk for File {
    fn sync_data(&mut self) -> io::Result<()> {
        Self::sync_data(self)
    }
}

/// The sending side of the writer thread. Dropping it writes and syncs what waits, like
/// [`Writer::close`], but tells nobody whether that worked.
pub struct Writer {
    entries: Option<Sender<Entry>>,
    thread: Option<JoinHandle<()>>,
    failure: Arc<OnceLock<WriteFailed>>,
    path: Arc<Path>,
}

/// Resolves when its record is on disk.
#[must_use = "a request may leave only after its record is on disk"]
#[derive(Debug)]
pub struct Ack {
    answer: oneshot::Receiver<Result<(), WriteFailed>>,
    path: Arc<Path>,
}

struct Entry {
    record: Record,
    ack: Option<oneshot::Sender<Result<(), WriteFailed>>>,
}

impl Writer {
    /// Starts the thread. `path` is for messages.
    pub(super) fn spawn(disk: impl Disk, chain: Chain, path: &Path) -> io::Result<Self> {
        Self::spawn_lingering(disk, chain, path, LINGER)
    }

    fn spawn_lingering(
        disk: impl Disk,
        chain: Chain,
        path: &Path,
        linger: Duration,
    ) -> io::Result<Self> {
        let (entries, received) = mpsc::channel();
        let failure = Arc::new(OnceLock::new());
        let path: Arc<Path> = path.into();
        let scribe = Scribe {
            disk,
            chain,
            buffer: Vec::new(),
            failure: Arc::clone(&failure),
            path: Arc::clone(&path),
            linger,
        };
        let thread = thread::Builder::new()
            .name("checkpoint".into())
            .spawn(move || scribe.work(&received))?;
        Ok(Self {
            entries: Some(entries),
            thread: Some(thread),
            failure,
            path,
        })
    }

    /// Queues a record, at once; the [`Ack`] resolves when it is on disk, together with all records
    /// that were queued before it.
    pub fn append(&self, record: Record) -> Ack {
        let (ack, answer) = oneshot::channel();
        self.send(Entry {
            record,
            ack: Some(ack),
        });
        Ack {
            answer,
            path: Arc::clone(&self.path),
        }
    }

    /// Queues a record that nobody waits for. It is written in its place at once, and synced with the
    /// next record that somebody waits for, after a tenth of a second, or on [`Writer::close`].
    pub fn append_without_waiting(&self, record: Record) {
        self.send(Entry { record, ack: None });
    }

    /// The error that stopped the writing, if one did. Every later [`Ack`] carries it too.
    pub fn failure(&self) -> Option<&WriteFailed> {
        self.failure.get()
    }

    /// Writes and syncs what waits, and ends the thread. Blocks for that long: a write and a sync.
    ///
    /// # Errors
    ///
    /// When not all records that were ever queued are on disk.
    pub fn close(mut self) -> Result<(), WriteFailed> {
        self.join()
    }

    fn send(&self, entry: Entry) {
        if let Some(entries) = &self.entries {
            // An entry that nobody takes is dropped with its sender, which its ack reports.
            let _ = entries.send(entry);
        }
    }

    fn join(&mut self) -> Result<(), WriteFailed> {
        drop(self.entries.take());
        let ended = self.thread.take().map_or(Ok(()), JoinHandle::join);
        match (self.failure.get(), ended) {
            (Some(failure), _) => Err(failure.clone()),
            (None, Err(_)) => Err(stopped(&self.path)),
            (None, Ok(())) => Ok(()),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Nobody is left to tell; who wants to know calls `close`.
        let _ = self.join();
    }
}

impl fmt::Debug for Writer {
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

fn stopped(path: &Arc<Path>) -> WriteFailed {
    WriteFailed {
        doing: Doing::Write,
        path: Arc::clone(path),
        source: Arc::new(io::Error::other("its writer thread has stopped")),
    }
}

/// What the thread owns.
struct Scribe<D> {
    disk: D,
    chain: Chain,
    buffer: Vec<u8>,
    failure: Arc<OnceLock<WriteFailed>>,
    path: Arc<Path>,
    linger: Duration,
}

impl<D: Disk> Scribe<D> {
    fn work(mut self, entries: &Receiver<Entry>) {
        // When the oldest unsynced record must be synced.
        let mut due: Option<Instant> = None;
        loop {
            let entry = match due {
                None => entries.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => entries.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match entry {
                Ok(first) => {
                    let group: Vec<_> = iter::once(first)
                        .chain(entries.try_iter())
                        .take(MAX_GROUP)
                        .collect();
                    due = self.commit(group, due);
                }
                Err(RecvTimeoutError::Timeout) => {
                    // A failure is kept and told with the next ack.
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

    /// Writes a group with one write, and syncs it when somebody waits or the time has come. Returns
    /// when what is still unsynced is due.
    fn commit(&mut self, group: Vec<Entry>, due: Option<Instant>) -> Option<Instant> {
        let now = Instant::now();
        let waited_for = group.iter().any(|entry| entry.ack.is_some());
        let sync = waited_for || due.is_some_and(|due| due <= now);

        let mut done = self.write(&group);
        if sync && done.is_ok() {
            done = self.sync();
        }
        for ack in group.into_iter().filter_map(|entry| entry.ack) {
            // A worker that is gone does not need its answer.
            let _ = ack.send(done.clone());
        }
        if sync {
            None
        } else {
            due.or(Some(now + self.linger))
        }
    }

    fn write(&mut self, group: &[Entry]) -> Result<(), WriteFailed> {
        self.unless_failed(Doing::Write, |scribe| {
            scribe.buffer.clear();
            for entry in group {
                scribe
                    .chain
                    .seal_record(&entry.record, &mut scribe.buffer)?;
            }
            scribe.disk.write_all(&scribe.buffer)
        })
    }

    fn sync(&mut self) -> Result<(), WriteFailed> {
        self.unless_failed(Doing::Sync, |scribe| scribe.disk.sync_data())
    }

    /// Does `step`, unless one failed before. Nothing is tried again: the kernel may have dropped the
    /// pages that it could not write, and report success the next time.
    fn unless_failed(
        &mut self,
        doing: Doing,
        step: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> Result<(), WriteFailed> {
        if let Some(failure) = self.failure.get() {
            return Err(failure.clone());
        }
        step(self).map_err(|source| {
            let failure = WriteFailed {
                doing,
                path: Arc::clone(&self.path),
                source: Arc::new(source),
            };
            self.failure.get_or_init(|| failure).clone()
        })
    }
}
