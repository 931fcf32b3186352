//! The checkpoint's file: created, read, and opened to continue.

use std::{
    fs::File,
    future,
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::{
    error::{CheckpointError, CheckpointStep, Illegal, WriteFailed},
    medium::resumed_line,
    placed_file::PlacedFile,
    record::{CheckpointHeader, Ending, Record},
    replay::{Replay, ReplayError, Tail, header_of, replay, visit},
    scribe::Disk,
    seal::{Chain, MAX_LINE},
    state::CheckpointState,
    writer::{Ack, AckSender, CheckpointWriter},
};
use crate::private_file;

/// Threads that write and sync. With eight, one is nearly always free when a record comes.
const SYNCS_AT_ONCE: usize = 8;

/// A checkpoint that is being written: its state and its writer, kept in step.
#[derive(Debug)]
pub struct Checkpoint {
    pub(super) state: CheckpointState,
    pub(super) writer: CheckpointWriter,
}

/// A checkpoint just opened.
#[derive(Debug)]
pub struct Opened {
    pub checkpoint: Checkpoint,
    /// The tail after the last complete record, which was repaired.
    pub repaired: Tail,
}

/// A checkpoint that is open to write, and was only read so far.
#[derive(Debug)]
pub struct Replayed {
    path: PathBuf,
    file: File,
    replay: Replay,
}

/// A checkpoint that was only read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub header: CheckpointHeader,
    pub state: CheckpointState,
    /// A record that is incomplete, or is being written.
    pub tail: Tail,
}

impl Checkpoint {
    /// Creates and syncs the file of a new run with only its header, readable only by its owner. The caller syncs the folder when it
    /// renames it.
    ///
    /// # Errors
    ///
    /// When the file exists or can't be written.
    pub fn create(path: &Path, header: &CheckpointHeader) -> Result<(), CheckpointError> {
        let failed = |doing| move |source| io_error(doing, path, source);
        let mut line = Vec::new();
        Chain::default()
            .seal_header(header, &mut line)
            .map_err(|error| failed(CheckpointStep::Create)(error.into()))?;
        let mut file = private_file::create(path).map_err(failed(CheckpointStep::Create))?;
        file.write_all(&line)
            .map_err(failed(CheckpointStep::Write))?;
        file.sync_all().map_err(failed(CheckpointStep::Sync))
    }

    /// Opens the checkpoint of the run and plan that `expected` names, and goes on with it: [`Checkpoint::replay`], then
    /// [`Replayed::go_on`].
    ///
    /// # Errors
    ///
    /// As these two.
    pub fn open(
        path: &Path,
        expected: &CheckpointHeader,
        now_ms: i64,
    ) -> Result<Opened, CheckpointError> {
        Self::replay(path)?.go_on(expected, now_ms)
    }

    /// Opens a checkpoint to write, and reads and verifies it completely. Nothing is changed yet.
    ///
    /// The run's lock must be held, until the checkpoint is closed.
    ///
    /// # Errors
    ///
    /// If the checkpoint is damaged, or can't be opened or read.
    pub fn replay(path: &Path) -> Result<Replayed, CheckpointError> {
        let file = private_file::open_existing_to_append(path)
            .map_err(|source| io_error(CheckpointStep::Open, path, source))?;
        let replay = replay(BufReader::new(&file)).map_err(unreadable(path))?;
        Ok(Replayed {
            path: path.to_owned(),
            file,
            replay,
        })
    }

    /// Reads and verifies a checkpoint without touching it; needs no lock.
    ///
    /// # Errors
    ///
    /// When it is damaged or can't be read.
    pub fn read(path: &Path) -> Result<Snapshot, CheckpointError> {
        Self::visit(path, |_| ())
    }

    /// As [`Checkpoint::read`], and passes each record, in order.
    ///
    /// # Errors
    ///
    /// As [`Checkpoint::read`].
    pub fn visit(path: &Path, seen: impl FnMut(&Record)) -> Result<Snapshot, CheckpointError> {
        let file = private_file::open(path)
            .map_err(|source| io_error(CheckpointStep::Open, path, source))?;
        visit(BufReader::new(file), seen)
            .map(Snapshot::from)
            .map_err(unreadable(path))
    }

    /// Checks that the header is about this run and plan; the records are not read.
    ///
    /// # Errors
    ///
    /// When it is not, is damaged or can't be read.
    pub fn check_header(path: &Path, run: &str, plan_sha256: &str) -> Result<(), CheckpointError> {
        let file = private_file::open(path)
            .map_err(|source| io_error(CheckpointStep::Open, path, source))?;
        let found = header_of(BufReader::new(file)).map_err(unreadable(path))?;
        let expected = CheckpointHeader {
            run: run.to_owned(),
            plan_sha256: plan_sha256.to_owned(),
            ..found.clone()
        };
        bind(path, &expected, found)
    }

    /// The ending of the run, from the last record alone: nothing may follow an ending. Fast for many runs, but no check of the whole file.
    ///
    /// # Errors
    ///
    /// When the file can't be read.
    pub fn peek_ending(path: &Path) -> Result<Option<Ending>, CheckpointError> {
        let failed = |doing| move |source| io_error(doing, path, source);
        let mut file = private_file::open(path).map_err(failed(CheckpointStep::Open))?;
        let length = file.metadata().map_err(failed(CheckpointStep::Read))?.len();
        let tail = length.min(MAX_LINE as u64);
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(length - tail))
            .and_then(|_| file.read_to_end(&mut bytes))
            .map_err(failed(CheckpointStep::Read))?;
        Ok(Chain::peek_record(&bytes).and_then(|record| Ending::of(&record)))
    }

    pub const fn state(&self) -> &CheckpointState {
        &self.state
    }

    /// Applies the record to the state and queues it; the [`Ack`] resolves when it is on disk. A request may leave only after the ack of
    /// its `started`.
    ///
    /// # Errors
    ///
    /// If the record contradicts the earlier ones; nothing is written then.
    pub fn append(&mut self, record: Record) -> Result<Ack, Illegal> {
        self.state.next(&record)?;
        Ok(self.writer.append(record))
    }

    /// As [`Checkpoint::append`]: `ack` gets the answer, and is dropped without one if nothing is written.
    ///
    /// # Errors
    ///
    /// If the record contradicts the earlier ones; nothing is written then.
    pub fn append_for(&mut self, record: Record, ack: AckSender) -> Result<(), Illegal> {
        self.state.next(&record)?;
        self.writer.append_for(record, ack);
        Ok(())
    }

    /// Applies the record to the state and queues it. It is on disk with the next record that is awaited, after a tenth of a second, or on
    /// [`Checkpoint::close`].
    ///
    /// # Errors
    ///
    /// If the record contradicts the earlier ones; nothing is written then.
    pub fn append_without_waiting(&mut self, record: Record) -> Result<(), Illegal> {
        self.state.next(&record)?;
        self.writer.append_without_waiting(record);
        Ok(())
    }

    /// The error that stopped the writing, if any: start nothing more, and stop the run.
    pub fn failure(&self) -> Option<&WriteFailed> {
        self.writer.failure()
    }

    /// From now on, records wait for [`Checkpoint::pass_on`], so that those of a moment are written and synced together.
    pub const fn hold(&mut self) {
        self.writer.hold();
    }

    /// Ends [`Checkpoint::hold`], and passes on what is held.
    pub fn hold_no_more(&mut self) {
        self.writer.hold_no_more();
    }

    /// Passes on the records that were held, once nothing else can be done at this moment. Pending for ever if there are none.
    pub async fn pass_on(&mut self) {
        if !self.writer.holds_records() {
            return future::pending().await;
        }
        tokio::task::yield_now().await;
        self.writer.pass_on();
    }

    /// Writes and syncs the queue, and returns the state. Blocks for a write and a sync.
    ///
    /// # Errors
    ///
    /// When not all records are on disk.
    pub fn close(self) -> Result<CheckpointState, WriteFailed> {
        self.writer.close().map(|()| self.state)
    }
}

impl From<Replay> for Snapshot {
    fn from(replay: Replay) -> Self {
        Self {
            header: replay.header,
            state: replay.state,
            tail: replay.tail,
        }
    }
}

impl Replayed {
    /// What its records say.
    pub const fn state(&self) -> &CheckpointState {
        &self.replay.state
    }

    /// Checks that the checkpoint is of the run and plan that `expected` names. Removes an incomplete last record, or restores the missing
    /// newline of the last record, and starts the writer. If there are records, appends `resumed` with `now_ms` in Unix milliseconds:
    /// changes in flight are in doubt.
    ///
    /// # Errors
    ///
    /// If the checkpoint belongs to another plan or run, is finished, or can't be written.
    pub fn go_on(
        self,
        expected: &CheckpointHeader,
        now_ms: i64,
    ) -> Result<Opened, CheckpointError> {
        let path = self.path.clone();
        self.go_on_with(expected, now_ms, |file| {
            let mut files = vec![PlacedFile { file, path }];
            for _ in 1..SYNCS_AT_ONCE {
                files.push(files[0].again()?);
            }
            Ok(files)
        })
    }

    /// As [`Replayed::go_on`], and writes to the disks that are made from the file: one for each thread.
    pub(crate) fn go_on_with<D: Disk>(
        self,
        expected: &CheckpointHeader,
        now_ms: i64,
        disks: impl FnOnce(File) -> io::Result<Vec<D>>,
    ) -> Result<Opened, CheckpointError> {
        let Self {
            path,
            mut file,
            replay,
        } = self;
        let Replay {
            header,
            mut state,
            mut chain,
            good,
            tail,
        } = replay;
        let failed = |doing| {
            let path = &path;
            move |source| io_error(doing, path, source)
        };
        bind(&path, expected, header)?;
        if let Some(ending) = state.ending() {
            return Err(CheckpointError::Over {
                ending: ending.word(),
                path,
            });
        }
        repair(&path, &mut file, good, tail).map_err(failed(CheckpointStep::Repair))?;
        let line =
            resumed_line(&mut state, &mut chain, now_ms).map_err(failed(CheckpointStep::Write))?;
        if !line.is_empty() {
            file.write_all(&line)
                .map_err(failed(CheckpointStep::Write))?;
            file.sync_data().map_err(failed(CheckpointStep::Sync))?;
        }
        let writer = disks(file)
            .and_then(|disks| CheckpointWriter::spawn(disks, chain, &path))
            .map_err(failed(CheckpointStep::Open))?;
        Ok(Opened {
            checkpoint: Checkpoint { state, writer },
            repaired: tail,
        })
    }
}

pub(super) fn unreadable(path: &Path) -> impl Fn(ReplayError) -> CheckpointError {
    move |error| match error {
        ReplayError::Io(source) => io_error(CheckpointStep::Read, path, source),
        ReplayError::Damaged { line, damage } => CheckpointError::Damaged {
            path: path.to_owned(),
            line,
            source: damage,
        },
    }
}

/// Truncates the file after its last complete record, and syncs it.
fn repair(path: &Path, file: &mut File, good: u64, tail: Tail) -> io::Result<()> {
    match tail {
        Tail::None => Ok(()),
        Tail::Torn { .. } => private_file::set_length(path, good),
        Tail::Unended { .. } => {
            private_file::set_length(path, good)?;
            file.write_all(b"\n")?;
            file.sync_all()
        }
    }
}

/// Checks that the records are about this plan and this run.
pub(super) fn bind(
    path: &Path,
    expected: &CheckpointHeader,
    found: CheckpointHeader,
) -> Result<(), CheckpointError> {
    if found.plan_sha256 != expected.plan_sha256 {
        return Err(CheckpointError::OtherPlan {
            path: path.to_owned(),
            expected: expected.plan_sha256.clone(),
            found: found.plan_sha256,
        });
    }
    if found.run != expected.run {
        return Err(CheckpointError::OtherRun {
            path: path.to_owned(),
            expected: expected.run.clone(),
            found: found.run,
        });
    }
    if found != *expected {
        return Err(CheckpointError::OtherSize {
            path: path.to_owned(),
            lines: found.lines,
            changes: found.changes,
        });
    }
    Ok(())
}

pub(super) fn io_error(doing: CheckpointStep, path: &Path, source: io::Error) -> CheckpointError {
    CheckpointError::Io {
        doing,
        path: PathBuf::from(path),
        source,
    }
}

#[cfg(test)]
mod tests;
