//! A disk for tests: it counts, fails at a given call, and syncs only when permitted.

use std::{
    io::{self, Write},
    sync::{
        Arc, Mutex, MutexGuard,
        mpsc::{self, Receiver, Sender},
    },
    time::Duration,
};

use super::scribe::Disk;

/// How long a side of a gate waits for the other before the test fails: only a broken writer needs it.
const PATIENCE: Duration = Duration::from_secs(10);

/// The bytes that reached the disk.
#[derive(Debug, Default)]
pub(super) struct DiskLog {
    pub(super) written: Vec<u8>,
    /// How many of the written bytes are synced.
    pub(super) durable: usize,
    pub(super) writes: usize,
    pub(super) syncs: usize,
}

/// The `nth` (from 1) call of its kind fails.
#[derive(Clone, Copy, Debug)]
pub(super) enum DiskFault {
    /// With ENOSPC, after half of the bytes are written.
    Write { nth: usize },
    /// With EIO.
    Sync { nth: usize },
}

#[derive(Debug)]
pub(super) struct FakeDisk {
    log: Arc<Mutex<DiskLog>>,
    fault: Option<DiskFault>,
    gate: Option<Gate>,
}

#[derive(Debug)]
struct Gate {
    reached: Sender<()>,
    open: Receiver<()>,
}

/// The test's side of a gate: each sync reports its arrival and waits for permission.
#[derive(Debug)]
pub(super) struct Keeper {
    reached: Receiver<()>,
    open: Sender<()>,
}

impl FakeDisk {
    pub(super) fn new(fault: Option<DiskFault>) -> (Self, Arc<Mutex<DiskLog>>) {
        let log = Arc::default();
        let disk = Self {
            log: Arc::clone(&log),
            fault,
            gate: None,
        };
        (disk, log)
    }

    pub(super) fn gated() -> (Self, Arc<Mutex<DiskLog>>, Keeper) {
        let (disk, log) = Self::new(None);
        let (disk, keeper) = disk.again_gated();
        (disk, log, keeper)
    }

    /// The same disk for another thread, with a gate of its own.
    pub(super) fn again_gated(&self) -> (Self, Keeper) {
        let mut disk = Self {
            log: Arc::clone(&self.log),
            fault: self.fault,
            gate: None,
        };
        let (reached_sender, reached) = mpsc::channel();
        let (open, open_receiver) = mpsc::channel();
        disk.gate = Some(Gate {
            reached: reached_sender,
            open: open_receiver,
        });
        (disk, Keeper { reached, open })
    }

    fn log(&self) -> MutexGuard<'_, DiskLog> {
        self.log.lock().unwrap()
    }
}

impl Keeper {
    /// Returns when the writer is about to sync.
    pub(super) fn await_sync(&self) {
        self.reached
            .recv_timeout(PATIENCE)
            .expect("the writer does not sync");
    }

    /// Whether the writer is about to sync here, after some time to come here or elsewhere.
    pub(super) fn is_reached(&self) -> bool {
        self.reached
            .recv_timeout(Duration::from_millis(200))
            .is_ok()
    }

    pub(super) fn let_through(&self) {
        self.open.send(()).unwrap();
    }
}

impl Write for FakeDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.log.lock().unwrap();
        log.writes += 1;
        if let Some(DiskFault::Write { nth }) = self.fault
            && log.writes == nth
        {
            // A part is written, as on a disk that becomes full; a later write would succeed, so that a writer that retries is detected.
            log.written.extend_from_slice(&bytes[..bytes.len() / 2]);
            return Err(io::ErrorKind::StorageFull.into());
        }
        log.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Disk for FakeDisk {
    fn sync_data(&mut self) -> io::Result<()> {
        if let Some(gate) = &self.gate {
            // If the test's side is gone, the gate is open.
            let _ = gate.reached.send(());
            let _ = gate.open.recv_timeout(PATIENCE);
        }
        let mut log = self.log();
        log.syncs += 1;
        if let Some(DiskFault::Sync { nth }) = self.fault
            && log.syncs == nth
        {
            return Err(io::Error::from_raw_os_error(5));
        }
        log.durable = log.written.len();
        Ok(())
    }
}
