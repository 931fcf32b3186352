//! The history against the folders of the runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
};

use super::{ChainFault, RunId, chain::HistoryChain, record::HistoryEvent, sha256_of};
use crate::{
    checkpoint::Checkpoint,
    store::{RunFolder, StoreError},
};

/// What was changed or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryFinding {
    /// In the history itself.
    Chain(ChainFault),
    /// The folder of a run that was not pruned.
    FolderMissing {
        run: RunId,
    },
    FileMissing {
        run: RunId,
        file: String,
    },
    FileChanged {
        run: RunId,
        file: String,
    },
    /// A run that has sent something, and says that it is in a history, is in none.
    RecordMissing {
        run: RunId,
    },
    /// A run in no record, which can't say whether it was in a history.
    Unreadable {
        run: RunId,
        reason: String,
    },
    /// The digest that was kept elsewhere is of no record.
    Unexpected {
        digest: String,
    },
}

impl fmt::Display for HistoryFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain(fault) => fault.fmt(f),
            Self::FolderMissing { run } => write!(f, "run {run}: its folder is missing"),
            Self::FileMissing { run, file } => write!(f, "run {run}: {file} is missing"),
            Self::FileChanged { run, file } => write!(f, "run {run}: {file} was changed"),
            Self::RecordMissing { run } => write!(
                f,
                "run {run}: it is missing in the history, which was removed or written again"
            ),
            Self::Unreadable { run, reason } => {
                write!(
                    f,
                    "run {run}: not in the history, and can't be read: {reason}"
                )
            }
            Self::Unexpected { digest } => write!(
                f,
                "history.jsonl: no record has the digest {digest}, so the history was removed or written again"
            ),
        }
    }
}

/// What is no damage, and leaves something unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryNote {
    /// A run from before the history, or whose process died as it was created.
    NotInHistory { run: RunId },
    /// A run that has ended, and whose process died before that was recorded.
    EndNotRecorded { run: RunId },
    /// A run that was pruned, and whose folder is still there.
    NotDeleted { run: RunId },
    /// A process died as it wrote a record.
    Torn,
}

impl fmt::Display for HistoryNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInHistory { run } => write!(
                f,
                "run {run}: not in the history: it is from before the history, or was stopped as it was created"
            ),
            Self::EndNotRecorded { run } => write!(
                f,
                "run {run}: its end is not in the history, so its checkpoint is not compared; `resume` of this run records it"
            ),
            Self::NotDeleted { run } => write!(
                f,
                "run {run}: was pruned, but its folder is still there; it can be deleted"
            ),
            Self::Torn => f.write_str(
                "history.jsonl: a process died as it wrote the last record; the next record replaces it",
            ),
        }
    }
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryCheck {
    /// Records in the history.
    pub records: u64,
    /// Runs whose files were compared.
    pub compared: u64,
    /// The digest of the last record.
    pub last: Option<String>,
    pub findings: Vec<HistoryFinding>,
    pub notes: Vec<HistoryNote>,
    digests: BTreeSet<String>,
}

impl HistoryCheck {
    /// With a digest that was kept elsewhere: the history of that moment is a beginning of this one.
    #[must_use]
    pub fn expecting(mut self, digest: &str) -> Self {
        if !self.digests.contains(digest) {
            self.findings.push(HistoryFinding::Unexpected {
                digest: digest.to_owned(),
            });
        }
        self
    }
}

/// What the history says of a run.
#[derive(Debug, Default)]
struct RecordedRun {
    is_created: bool,
    is_ended: bool,
    is_pruned: bool,
    files: BTreeMap<String, String>,
}

pub(super) fn audit(
    chain: HistoryChain,
    mut folders: Vec<RunFolder>,
) -> Result<HistoryCheck, StoreError> {
    let mut check = HistoryCheck {
        records: chain.records.len() as u64,
        compared: 0,
        last: chain.last,
        findings: Vec::new(),
        notes: Vec::new(),
        digests: chain.digests.into_iter().collect(),
    };
    let faults = chain.faults.into_iter().map(HistoryFinding::Chain);
    check.findings.extend(faults);
    if chain.is_torn {
        check.notes.push(HistoryNote::Torn);
    }
    let mut runs: BTreeMap<RunId, RecordedRun> = BTreeMap::new();
    for record in chain.records {
        match record.event {
            HistoryEvent::Created { run, files } => {
                let known = runs.entry(run).or_default();
                known.is_created = true;
                known.files.extend(files);
            }
            HistoryEvent::Ended { run, files, .. } => {
                let known = runs.entry(run).or_default();
                known.is_ended = true;
                known.files.extend(files);
            }
            HistoryEvent::Pruned { run } => runs.entry(run).or_default().is_pruned = true,
        }
    }
    folders.sort_by_key(RunFolder::id);
    for folder in &folders {
        let run = folder.id();
        match runs.remove(&run) {
            None => check.not_in_history(folder),
            Some(known) if known.is_pruned => check.notes.push(HistoryNote::NotDeleted { run }),
            Some(known) => check.compare(folder, &known)?,
        }
    }
    let missing = runs.into_iter().filter(|(_, known)| !known.is_pruned);
    let missing = missing.map(|(run, _)| HistoryFinding::FolderMissing { run });
    check.findings.extend(missing);
    Ok(check)
}

impl HistoryCheck {
    fn not_in_history(&mut self, folder: &RunFolder) {
        let run = folder.id();
        match folder.settings() {
            Ok(settings) if settings.in_history && has_records(&folder.checkpoint()) => {
                self.findings.push(HistoryFinding::RecordMissing { run });
            }
            Ok(_) => self.notes.push(HistoryNote::NotInHistory { run }),
            Err(error) => {
                let reason = error.to_string();
                self.findings
                    .push(HistoryFinding::Unreadable { run, reason });
            }
        }
    }

    fn compare(&mut self, folder: &RunFolder, known: &RecordedRun) -> Result<(), StoreError> {
        let run = folder.id();
        self.compared += 1;
        for (file, digest) in &known.files {
            let file = file.clone();
            match sha256_of(&folder.path().join(&file))? {
                None => self
                    .findings
                    .push(HistoryFinding::FileMissing { run, file }),
                Some(found) if found != *digest => {
                    self.findings
                        .push(HistoryFinding::FileChanged { run, file });
                }
                Some(_) => {}
            }
        }
        // An unfinished run has no final bytes.
        let has_ended = !known.is_ended && folder.ending().is_ok_and(|ending| ending.is_some());
        if has_ended {
            self.notes.push(HistoryNote::EndNotRecorded { run });
        }
        Ok(())
    }
}

/// Whether a run has sent something, or its checkpoint can't tell.
fn has_records(checkpoint: &Path) -> bool {
    let mut records = 0_u64;
    Checkpoint::visit(checkpoint, |_| records += 1).is_err() || records > 0
}
