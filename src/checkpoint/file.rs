//! The checkpoint's file: made, read, and opened to go on.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::{
    error::{CheckpointError, Doing, Illegal, WriteFailed},
    record::{Header, Record},
    replay::{Replay, ReplayError, replay},
    seal::{Chain, MAX_LINE},
    state::{Ending, State},
    writer::{Ack, Writer},
};
use crate::private_file;

/// A checkpoint that is being written: its state and its writer, kept in step.
#[derive(Debug)]
pub struct Checkpoint {
    state: State,
    writer: Writer,
}

/// A checkpoint just opened.
#[derive(Debug)]
pub struct Opened {
    pub checkpoint: Checkpoint,
    /// What was repaired, if something was.
    pub recovered: Option<Recovered>,
}

/// The last record was torn and has been cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered {
    pub cut_bytes: u64,
}

/// A checkpoint that was only looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub header: Header,
    pub state: State,
    /// Bytes of a record that is torn, or just being written; 0 when there is none.
    pub torn_bytes: u64,
}

impl Checkpoint {
    /// Makes the file of a new run, with its header only, readable by its owner only, and syncs it. To
    /// sync the folder is left to whoever gives the folder its name.
    ///
    /// # Errors
    ///
    /// When the file exists or can't be written.
    pub fn create(path: &Path, header: &Header) -> Result<(), CheckpointError> {
        let failed = |doing| move |source| io_error(doing, path, source);
        let mut line = Vec::new();
        Chain::default()
            .seal_header(header, &mut line)
            .map_err(|error| failed(Doing::Create)(error.into()))?;
        let mut file = private_file::create(path).map_err(failed(Doing::Create))?;
        file.write_all(&line).map_err(failed(Doing::Write))?;
        file.sync_all().map_err(failed(Doing::Sync))
    }

    /// Opens the checkpoint of the run and plan that `expected` names, verifies all of it, cuts a torn
    /// last record off, and starts the writer. When there are records already, `resumed` is put
    /// behind them, with `now_ms` in Unix milliseconds: what was in flight is in doubt.
    ///
    /// The run's lock must be held.
    ///
    /// # Errors
    ///
    /// When the checkpoint is damaged, belongs to another plan or run, has come to its end, or
    /// can't be read or written.
    pub fn open(path: &Path, expected: &Header, now_ms: i64) -> Result<Opened, CheckpointError> {
        let failed = |doing| move |source| io_error(doing, path, source);
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .open(path)
            .map_err(failed(Doing::Open))?;
        let Replay {
            header,
            mut state,
            mut chain,
            good,
            torn,
        } = read_all(&file, path)?;
        bind(path, expected, header)?;
        if let Some(ending) = state.ending() {
            return Err(CheckpointError::Over {
                path: path.to_owned(),
                ending: ending.word(),
            });
        }
        if torn > 0 {
            file.set_len(good).map_err(failed(Doing::Repair))?;
            file.sync_all().map_err(failed(Doing::Sync))?;
        }
        if chain.records() > 0 {
            let resumed = Record::Resumed { at: now_ms };
            state
                .next(&resumed)
                .map_err(|illegal| failed(Doing::Write)(io::Error::other(illegal)))?;
            let mut line = Vec::new();
            chain
                .seal_record(&resumed, &mut line)
                .map_err(|error| failed(Doing::Write)(error.into()))?;
            file.write_all(&line).map_err(failed(Doing::Write))?;
            file.sync_data().map_err(failed(Doing::Sync))?;
        }
        let writer = Writer::spawn(file, chain, path).map_err(failed(Doing::Open))?;
        Ok(Opened {
            checkpoint: Self { state, writer },
            recovered: (torn > 0).then_some(Recovered { cut_bytes: torn }),
        })
    }

    /// Reads and verifies a checkpoint without touching it; needs no lock.
    ///
    /// # Errors
    ///
    /// When it is damaged or can't be read.
    pub fn read(path: &Path) -> Result<Snapshot, CheckpointError> {
        let file = File::open(path).map_err(|source| io_error(Doing::Open, path, source))?;
        let Replay {
            header,
            state,
            torn,
            ..
        } = read_all(&file, path)?;
        Ok(Snapshot {
            header,
            state,
            torn_bytes: torn,
        })
    }

    /// How the run came to its end, from the last record alone: that one is the last in the file,
    /// because nothing may follow it. Cheap for many runs, and no proof that the file is whole.
    ///
    /// # Errors
    ///
    /// When the file can't be read.
    pub fn peek_ending(path: &Path) -> Result<Option<Ending>, CheckpointError> {
        let failed = |doing| move |source| io_error(doing, path, source);
        let mut file = File::open(path).map_err(failed(Doing::Open))?;
        let length = file.metadata().map_err(failed(Doing::Read))?.len();
        let tail = length.min(MAX_LINE as u64);
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(length - tail))
            .and_then(|_| file.read_to_end(&mut bytes))
            .map_err(failed(Doing::Read))?;
        Ok(Chain::peek_record(&bytes).and_then(|record| Ending::of(&record)))
    }

    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Takes the record into the state and queues it; the [`Ack`] resolves when it is on disk. A
    /// request leaves only after the ack of its `started`.
    ///
    /// # Errors
    ///
    /// When the record can't follow on what is known; nothing is written then.
    pub fn append(&mut self, record: Record) -> Result<Ack, Illegal> {
        self.state.next(&record)?;
        Ok(self.writer.append(record))
    }

    /// Takes the record into the state and queues it. It is on disk with the next record that
    /// is waited for, after a tenth of a second, or on [`Checkpoint::close`].
    ///
    /// # Errors
    ///
    /// When the record can't follow on what is known; nothing is written then.
    pub fn append_without_waiting(&mut self, record: Record) -> Result<(), Illegal> {
        self.state.next(&record)?;
        self.writer.append_without_waiting(record);
        Ok(())
    }

    /// The error that stopped the writing, if one did: start nothing more, and stop the run.
    pub fn failure(&self) -> Option<&WriteFailed> {
        self.writer.failure()
    }

    /// Writes and syncs what waits, and gives the state back. Blocks for a write and a sync.
    ///
    /// # Errors
    ///
    /// When not all records are on disk.
    pub fn close(self) -> Result<State, WriteFailed> {
        self.writer.close().map(|()| self.state)
    }
}

fn read_all(file: &File, path: &Path) -> Result<Replay, CheckpointError> {
    replay(BufReader::new(file)).map_err(|error| match error {
        ReplayError::Io(source) => io_error(Doing::Read, path, source),
        ReplayError::Damaged { line, damage } => CheckpointError::Damaged {
            path: path.to_owned(),
            line,
            source: damage,
        },
    })
}

/// Makes sure that the records are about this plan and this run.
fn bind(path: &Path, expected: &Header, found: Header) -> Result<(), CheckpointError> {
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

fn io_error(doing: Doing, path: &Path, source: io::Error) -> CheckpointError {
    CheckpointError::Io {
        doing,
        path: PathBuf::from(path),
        source,
    }
}
