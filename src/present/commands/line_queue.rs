//! Lines for a reader that may be slow or gone, written by a thread of their own: it never holds up a run for long.

use std::{
    io::{self, Write},
    sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError},
    thread,
    time::{Duration, Instant},
};

/// Lines that wait for the reader: some megabytes.
const MOST: usize = 10_000;

/// How long a full queue may hold up the run once, and how long its end may wait for the reader.
const PATIENCE: Duration = Duration::from_secs(5);

/// The interval at which a full queue is tried again.
const AGAIN: Duration = Duration::from_millis(10);

/// Bytes that are written together.
const CHUNK: usize = 64 * 1024;

/// A writer that takes one line, or more whole lines, with each call.
#[derive(Debug)]
pub(super) struct LineQueue {
    lines: SyncSender<Vec<u8>>,
    ended: Receiver<io::Result<()>>,
    patience: Duration,
}

impl LineQueue {
    /// # Errors
    ///
    /// If the system starts no thread.
    pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        Self::with_patience(out, PATIENCE)
    }

    fn with_patience(out: impl Write + Send + 'static, patience: Duration) -> io::Result<Self> {
        let (lines, to_write) = mpsc::sync_channel(MOST);
        let (end, ended) = mpsc::sync_channel(1);
        thread::Builder::new()
            .name("events".to_owned())
            .spawn(move || {
                let written = write_all(&to_write, out);
                // First the result, so that it is there when the queue is found closed.
                let _ = end.send(written);
                drop(to_write);
            })?;
        Ok(Self {
            lines,
            ended,
            patience,
        })
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    ///
    /// If that failed, or takes too long.
    pub(super) fn close(self) -> io::Result<()> {
        drop(self.lines);
        match self.ended.recv_timeout(self.patience) {
            Ok(written) => written,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(nobody_reads()),
        }
    }
}

impl Write for LineQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let start = Instant::now();
        let mut waiting = line.to_vec();
        loop {
            waiting = match self.lines.try_send(waiting) {
                Ok(()) => return Ok(line.len()),
                Err(TrySendError::Disconnected(_)) => {
                    return match self.ended.try_recv() {
                        Ok(Err(error)) => Err(error),
                        Ok(Ok(())) | Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
                    };
                }
                Err(TrySendError::Full(_)) if start.elapsed() >= self.patience => {
                    return Err(nobody_reads());
                }
                Err(TrySendError::Full(line)) => line,
            };
            thread::sleep(AGAIN);
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_all(lines: &Receiver<Vec<u8>>, mut out: impl Write) -> io::Result<()> {
    while let Ok(mut chunk) = lines.recv() {
        while chunk.len() < CHUNK
            && let Ok(line) = lines.try_recv()
        {
            chunk.extend(line);
        }
        out.write_all(&chunk)?;
        out.flush()?;
    }
    Ok(())
}

fn nobody_reads() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the reader does not read")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    const SHORT: Duration = Duration::from_millis(30);

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_written_in_order_before_the_queue_is_closed() {
        let kept = Kept::default();
        let mut queue = LineQueue::start(kept.clone()).unwrap();
        let lines: Vec<String> = (0..3 * MOST).map(|number| format!("{number}\n")).collect();
        for line in &lines {
            queue.write_all(line.as_bytes()).unwrap();
        }
        queue.close().unwrap();
        assert_eq!(*kept.0.lock().unwrap(), lines.concat().as_bytes());
    }

    #[test]
    fn a_reader_that_is_gone_is_an_error_with_its_reason() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut queue = LineQueue::start(Gone).unwrap();
        let error = loop {
            if let Err(error) = queue.write_all(b"x\n") {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        let mut queue = LineQueue::start(Gone).unwrap();
        queue.write_all(b"x\n").unwrap();
        let error = queue.close().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn a_reader_that_does_not_read_holds_nothing_up_for_long() {
        struct Stuck(Receiver<()>);
        impl Write for Stuck {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let _ = self.0.recv();
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (_unstuck, stuck) = mpsc::channel();
        let mut queue = LineQueue::with_patience(Stuck(stuck), SHORT).unwrap();
        let error = loop {
            if let Err(error) = queue.write_all(b"x\n") {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(queue.close().is_err());
    }
}
