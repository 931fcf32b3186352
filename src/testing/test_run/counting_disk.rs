//! The disk below a checkpoint: it knows what of the file is on it, and may fail or stall.

use std::{
    fs::File,
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::mpsc;

use super::DEADLOCK;
use crate::{checkpoint::Disk, testing::lockstep::Lockstep};

/// A file that knows what of it is on disk, and may fail.
#[derive(Debug)]
pub(super) struct CountingDisk {
    pub(super) file: File,
    pub(super) durable: Arc<AtomicU64>,
    pub(super) breaks: Option<Breaks>,
    /// A sync that waits for the word.
    pub(super) hold: Option<(u32, std::sync::mpsc::Receiver<()>)>,
    /// Syncs that take time.
    pub(super) stalls: Vec<(u32, Duration)>,
    /// Where a stall begins, and who lets time pass then.
    pub(super) pump: Option<(Lockstep, mpsc::UnboundedSender<Duration>)>,
    pub(super) writes: u32,
    pub(super) syncs: u32,
}

/// The `nth` call of its kind, from 1, and all later ones fail.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Breaks {
    Write(u32),
    Sync(u32),
}

impl Write for CountingDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        match self.breaks {
            Some(Breaks::Write(nth)) if self.writes >= nth => {
                Err(io::ErrorKind::StorageFull.into())
            }
            Some(Breaks::Write(_) | Breaks::Sync(_)) | None => self.file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Disk for CountingDisk {
    // Nothing is synced for real: what survives a crash is what is counted here.
    fn sync_data(&mut self) -> io::Result<()> {
        self.syncs += 1;
        if let Some((_, word)) = self.hold.take_if(|(nth, _)| *nth == self.syncs) {
            word.recv_timeout(DEADLOCK).unwrap();
        }
        let stall = self.stalls.iter().find(|(nth, _)| *nth == self.syncs);
        if let (Some((_, takes)), Some((lockstep, pump))) = (stall, &self.pump) {
            lockstep.stall(|| {
                let _ = pump.send(*takes);
            });
        }
        match self.breaks {
            Some(Breaks::Sync(nth)) if self.syncs >= nth => Err(io::Error::from_raw_os_error(5)),
            Some(Breaks::Write(_) | Breaks::Sync(_)) | None => {
                let length = self.file.metadata()?.len();
                self.durable.store(length, Ordering::SeqCst);
                Ok(())
            }
        }
    }
}
