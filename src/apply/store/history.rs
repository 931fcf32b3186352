//! The history of a state folder: which runs were created, how they ended, and which were deleted.
//!
//! ```text
//! .wf-bulk/history.jsonl   one record a line, each with the SHA-256 of the one before and of itself
//!          history.head    the SHA-256 of the last one
//! ```
//!
//! `status --check` compares it with the folders of the runs ([`History::check`]). It notices each single change and each single removal of
//! a line, a file or a folder, except for what is made from the others (reports, lists, locks). What a process leaves that dies between two
//! writes is no finding:
//!
//! - A run appears before its record, and sends nothing before that is on disk. So a run without a record has no records of its own either;
//!   one that has some has lost its record.
//! - The record of an end follows the last record of the checkpoint, and the report that says so follows the record. Until `resume RUN` adds
//!   the record, the checkpoint is not compared; with such a report, the record was there.
//! - `history.head` is replaced after the record is on disk, so it may be one record behind.
//! - The record of a deletion precedes the deletion, so the folder may still be there.
//!
//! Who can write the folder can write all of it again, from one record on. Only a digest that is kept elsewhere shows that
//! (`status --check --expect SHA256`).

mod audit;
mod chain;
mod deleted;
mod record;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use self::{
    chain::{HistoryChain, digest_in, read_chain},
    record::{HistoryEvent, HistoryRecord},
};
use super::{
    RunId,
    error::{StoreError, StoreStep, io_error},
    lock,
    run_folder::RunFolder,
    settings::{RunOrigin, RunSettings},
};
use crate::{
    checkpoint::{Checkpoint, Ending},
    digest::hex,
    outcome::Outcome,
    private_file,
};

pub use audit::{HistoryCheck, HistoryFinding, HistoryNote};
pub use chain::ChainFault;
pub use deleted::{DeletedRun, RunEnd};
pub use record::NoRun;

/// The names of the files whose digests are kept, in a run's folder.
const PLAN: &str = "plan";
const SIGNATURE: &str = "plan.sig";
const SETTINGS: &str = "run.json";
const CHECKPOINT: &str = "checkpoint.jsonl";

/// The bytes of the longest history that is read: of some million runs.
const MAX_HISTORY: u64 = 1024 * 1024 * 1024;

/// The history of one state folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    folder: PathBuf,
}

impl History {
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.join("history.jsonl")
    }

    fn head(&self) -> PathBuf {
        self.folder.join("history.head")
    }

    fn lock_file(&self) -> PathBuf {
        self.folder.join("lock")
    }

    /// Adds the record of a run's creation, if there is none yet and the run has sent nothing: its process may have died in between. The
    /// run's lock must be held, and no request may have left in this session.
    ///
    /// # Errors
    ///
    /// If the run's files can't be read, or the history can't be read or written.
    pub fn created(&self, folder: &RunFolder, settings: &RunSettings) -> Result<(), StoreError> {
        // With records of its own, its record was lost; a new one would hide that.
        if audit::has_records(&folder.checkpoint()) {
            return Ok(());
        }
        self.first_created(folder, settings)
    }

    /// Adds the record of a run's creation, for a folder that has just appeared. One that was fetched from an engine has records already.
    pub(super) fn first_created(
        &self,
        folder: &RunFolder,
        settings: &RunSettings,
    ) -> Result<(), StoreError> {
        let run = folder.id();
        let mut files = BTreeMap::from([(PLAN.to_owned(), settings.plan_sha256.clone())]);
        for name in [SETTINGS, SIGNATURE] {
            if let Some(digest) = sha256_of(&folder.path().join(name))? {
                files.insert(name.to_owned(), digest);
            }
        }
        self.append(|chain| {
            let is_known = |event: &HistoryEvent| matches!(event, HistoryEvent::Created { run: other, .. } if *other == run);
            (!chain.has(is_known)).then(|| HistoryEvent::Created {
                run,
                files,
                origin: Some(Box::new(settings.origin())),
            })
        })
    }

    /// Adds the record of a run's end, if the run has ended, its creation is in the history, and its end is not. The run's lock must be
    /// held. The report of the run is written after this: if it says already that the run has ended, the record was removed, and a new one
    /// would hide that.
    ///
    /// # Errors
    ///
    /// If its checkpoint can't be read, or the history can't be read or written.
    pub fn ended(&self, folder: &RunFolder) -> Result<(), StoreError> {
        let run = folder.id();
        let snapshot = Checkpoint::read(&folder.checkpoint())?;
        let (how, ended_at) = match snapshot.state.ending() {
            None => return Ok(()),
            Some(ending @ (Ending::Finished { at } | Ending::Abandoned { at, .. })) => {
                (ending.word().to_owned(), *at)
            }
        };
        let counts = snapshot.state.counts();
        let outcomes = Outcome::ALL
            .into_iter()
            .map(|outcome| (outcome, counts.get(outcome)))
            .filter(|(_, changes)| *changes > 0)
            .collect();
        let digest = sha256_of(&folder.checkpoint())?.unwrap_or_default();
        let files = BTreeMap::from([(CHECKPOINT.to_owned(), digest)]);
        let was_recorded = audit::says_ended(folder);
        self.append(|chain| {
            let is_created = |event: &HistoryEvent| matches!(event, HistoryEvent::Created { run: other, .. } if *other == run);
            let is_ended = |event: &HistoryEvent| matches!(event, HistoryEvent::Ended { run: other, .. } if *other == run);
            let is_missing = chain.has(is_created) && !chain.has(is_ended);
            (is_missing && !was_recorded).then_some(HistoryEvent::Ended {
                run,
                how,
                ended_at,
                outcomes,
                files,
            })
        })
    }

    /// Adds the record of a run's deletion, which the caller makes after this. The run's lock must be held.
    ///
    /// # Errors
    ///
    /// If the history can't be read or written.
    pub fn pruned(&self, run: RunId) -> Result<(), StoreError> {
        self.append(|chain| {
            let is_known = |event: &HistoryEvent| matches!(event, HistoryEvent::Pruned { run: other } if *other == run);
            (!chain.has(is_known)).then_some(HistoryEvent::Pruned { run })
        })
    }

    /// Adds the record of a command that has ended without a run.
    ///
    /// # Errors
    ///
    /// If the history can't be read or written.
    pub(super) fn no_run(&self, no_run: NoRun) -> Result<(), StoreError> {
        self.append(|_| Some(HistoryEvent::NoRun(no_run)))
    }

    /// The newest command without a run of each playbook, server and organisation, newest first.
    ///
    /// # Errors
    ///
    /// If the history can't be read.
    pub fn newest_without_run(&self) -> Result<Vec<(Timestamp, NoRun)>, StoreError> {
        let _lock = lock::lock_reading(&self.lock_file())?;
        let mut seen = BTreeSet::new();
        let records = self.read()?.records.into_iter().rev();
        let newest = records.filter_map(|record| match record.event {
            HistoryEvent::NoRun(no_run) => {
                let subject = (
                    no_run.playbook.clone(),
                    no_run.server.clone(),
                    no_run.org.clone(),
                );
                seen.insert(subject).then_some((record.at, no_run))
            }
            HistoryEvent::Created { .. }
            | HistoryEvent::Ended { .. }
            | HistoryEvent::Pruned { .. } => None,
        });
        Ok(newest.collect())
    }

    /// The runs whose end is recorded: they have ended, whatever their checkpoints say now. A history that can't be read says nothing.
    pub(super) fn ended_runs(&self) -> BTreeSet<RunId> {
        let records = self
            .read()
            .map_or_else(|_| Vec::new(), |chain| chain.records);
        let ended = records.into_iter().filter_map(|record| match record.event {
            HistoryEvent::Ended { run, .. } => Some(run),
            HistoryEvent::Created { .. } | HistoryEvent::Pruned { .. } | HistoryEvent::NoRun(_) => {
                None
            }
        });
        ended.collect()
    }

    /// Compares the history with the folders of the runs, and both with themselves. No process of ours writes the history meanwhile.
    ///
    /// # Errors
    ///
    /// If the history or a run can't be read.
    pub(super) fn check(
        &self,
        folders: impl FnOnce() -> Result<Vec<RunFolder>, StoreError>,
    ) -> Result<HistoryCheck, StoreError> {
        let _lock = lock::lock_reading(&self.lock_file())?;
        Ok(audit::audit(self.read()?, folders()?))
    }

    /// What is not as the history says in the files of a run, whose plan was just read and has this SHA-256; nothing of a run that it does
    /// not know.
    ///
    /// # Errors
    ///
    /// If the history can't be read.
    pub fn differences(
        &self,
        folder: &RunFolder,
        plan_sha256: &str,
    ) -> Result<Vec<HistoryFinding>, StoreError> {
        let _lock = lock::lock_reading(&self.lock_file())?;
        let runs = audit::recorded_runs(self.read()?.records);
        let known = runs.get(&folder.id());
        Ok(known.map_or_else(Vec::new, |known| {
            audit::differences(folder, known, Some(plan_sha256))
        }))
    }

    /// The runs that `prune` has deleted and whose ids begin with `prefix`.
    ///
    /// # Errors
    ///
    /// If the history can't be read.
    pub fn deleted(&self, prefix: &str) -> Result<Vec<DeletedRun>, StoreError> {
        let _lock = lock::lock_reading(&self.lock_file())?;
        Ok(deleted::deleted_runs(&self.read()?.records, prefix))
    }

    fn read(&self) -> Result<HistoryChain, StoreError> {
        let history = bytes_of(&self.file())?.unwrap_or_default();
        Ok(read_chain(&history, bytes_of(&self.head())?.as_deref()))
    }

    /// Adds a record, if `event` makes one of what is there. Damage of the history is no obstacle: it stays as it is, for
    /// `status --check`.
    fn append(
        &self,
        event: impl FnOnce(&HistoryChain) -> Option<HistoryEvent>,
    ) -> Result<(), StoreError> {
        let _lock = lock::lock_making(&self.lock_file())?;
        let chain = self.read()?;
        if chain.is_head_behind
            && let Some(last) = &chain.last
        {
            self.write_head(last)?;
        }
        let Some(event) = event(&chain) else {
            return Ok(());
        };
        let path = self.file();
        let failed = |step| io_error(step, path.clone());
        // If a line or the head was changed or removed, the digest in the head is the only one that can show it.
        let head = bytes_of(&self.head())?.as_deref().and_then(digest_in);
        let record = HistoryRecord {
            record: chain.lines + 1,
            before: head.or(chain.last),
            at: Timestamp::now(),
            event,
        };
        let (line, digest) = record
            .seal()
            .map_err(|error| failed(StoreStep::Write)(error.into()))?;
        let write = || {
            let mut file =
                private_file::open_existing_to_append(&path).or_else(|error| {
                    match error.kind() {
                        io::ErrorKind::NotFound => private_file::create(&path),
                        _ => Err(error),
                    }
                })?;
            if chain.is_torn {
                private_file::set_length(&path, chain.whole)?;
            } else if chain.faults.contains(&ChainFault::Tail) {
                // It may be what was left of a record, and stays.
                file.write_all(b"\n")?;
            }
            file.write_all(line.as_bytes())?;
            file.sync_all()?;
            private_file::sync_dir(&self.folder)
        };
        write().map_err(failed(StoreStep::Write))?;
        self.write_head(&digest)
    }

    fn write_head(&self, digest: &str) -> Result<(), StoreError> {
        let path = self.head();
        private_file::replace(&path, |file| writeln!(file, "{digest}"))
            .map_err(io_error(StoreStep::Write, path))
    }
}

/// The content of a file; none if it does not exist.
fn bytes_of(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match private_file::read(path, MAX_HISTORY) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error(StoreStep::Read, path)(error)),
    }
}

/// The SHA-256 of a file; none if it does not exist.
fn sha256_of(path: &Path) -> Result<Option<String>, StoreError> {
    let read = || -> io::Result<String> {
        let mut file = BufReader::new(private_file::open(path)?);
        let mut digest = Sha256::new();
        loop {
            let bytes = file.fill_buf()?;
            if bytes.is_empty() {
                return Ok(hex(&digest.finalize()));
            }
            digest.update(bytes);
            let length = bytes.len();
            file.consume(length);
        }
    };
    match read() {
        Ok(digest) => Ok(Some(digest)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error(StoreStep::Read, path)(error)),
    }
}

#[cfg(test)]
mod tests;
