//! The log of effects: each is on disk before its request is answered.

use std::{
    fs::File,
    io::{self, Write},
    sync::mpsc,
    thread::{self, JoinHandle},
};

use tokio::sync::oneshot;

/// Lines that share one `fdatasync` at most: as many as can wait when every connection has one in flight.
const GROUP: usize = 1_024;

/// Appends lines from a thread of its own; lines that wait together are synced together.
#[derive(Debug)]
pub(crate) struct EffectLog {
    /// None only while it is dropped.
    lines: Option<mpsc::Sender<LogLine>>,
    writer: Option<JoinHandle<()>>,
    /// The folder's lock, which is freed after the last line is written.
    _lock: File,
}

struct LogLine {
    text: String,
    written: oneshot::Sender<io::Result<()>>,
}

/// Tells whether a line is on disk.
#[derive(Debug)]
pub(crate) struct Pending(oneshot::Receiver<io::Result<()>>);

impl EffectLog {
    pub(crate) fn new(file: File, lock: File) -> io::Result<Self> {
        let (lines, waiting) = mpsc::channel();
        let writer = thread::Builder::new()
            .name("sandbox effects".to_owned())
            .spawn(move || write(file, &waiting))?;
        Ok(Self {
            lines: Some(lines),
            writer: Some(writer),
            _lock: lock,
        })
    }

    /// Hands a line over; lines are written in the order in which they were handed over.
    pub(crate) fn append(&self, mut text: String) -> Pending {
        text.push('\n');
        let (written, pending) = oneshot::channel();
        if let Some(lines) = &self.lines {
            // A writer that is gone drops the line's sender, and waiting for it says so.
            let _gone = lines.send(LogLine { text, written });
        }
        Pending(pending)
    }
}

impl Pending {
    /// Waits until the line is on disk.
    ///
    /// # Errors
    ///
    /// When it could not be written; nothing is written after that.
    pub(crate) async fn on_disk(self) -> io::Result<()> {
        self.0
            .await
            .unwrap_or_else(|_| Err(io::Error::other("the log of effects is closed")))
    }
}

impl Drop for EffectLog {
    fn drop(&mut self) {
        self.lines = None;
        if let Some(writer) = self.writer.take() {
            // A panic of the writer was already told to those who waited for it.
            let _panicked = writer.join();
        }
    }
}

fn write(mut file: File, waiting: &mpsc::Receiver<LogLine>) {
    let mut text = Vec::new();
    while let Ok(first) = waiting.recv() {
        let group: Vec<LogLine> = std::iter::once(first)
            .chain(waiting.try_iter().take(GROUP - 1))
            .collect();
        text.clear();
        for line in &group {
            text.extend_from_slice(line.text.as_bytes());
        }
        let result = file.write_all(&text).and_then(|()| file.sync_data());
        let failed = result.as_ref().err().map(io::Error::kind);
        for line in group {
            let told = failed.map_or(Ok(()), |kind| Err(kind.into()));
            // Who asked may be gone; the line is on disk all the same.
            let _nobody = line.written.send(told);
        }
        if failed.is_some() {
            return;
        }
    }
}
