//! The history against the folders of the runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    io::{self, BufReader},
    path::Path,
};

use serde::Deserialize;

use super::{
    CHECKPOINT, ChainFault, PLAN, RunId, SIGNATURE,
    chain::HistoryChain,
    record::{HistoryEvent, HistoryRecord},
    sha256_of,
};
use crate::{
    checkpoint::{Checkpoint, Snapshot},
    store::RunFolder,
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
    /// A file that can't be compared: something else has its name, or it is damaged.
    FileUnusable {
        run: RunId,
        file: String,
        reason: String,
    },
    /// A file that the run did not have when it was created.
    FileAdded {
        run: RunId,
        file: String,
    },
    /// A run that has sent something is in no history. `is_older`: it says that it is from before the history, which can't be checked.
    RecordMissing {
        run: RunId,
        is_older: bool,
    },
    /// A run whose report says that it has ended, which is written after the record of its end.
    EndMissing {
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
            Self::FileUnusable { run, file, reason } => {
                write!(f, "run {run}: {file} can't be used: {reason}")
            }
            Self::FileAdded { run, file } => {
                write!(f, "run {run}: {file} was added after the run was created")
            }
            Self::RecordMissing { run, is_older } => write!(
                f,
                "run {run}: it is missing in the history, which was removed or written again{}",
                if *is_older {
                    ", unless the run is of a version without a history"
                } else {
                    ""
                }
            ),
            Self::EndMissing { run } => write!(
                f,
                "run {run}: its report says that it has ended, and the record of its end is missing in the history"
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
    /// A run that has sent nothing: its process died as it was created.
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
                "run {run}: not in the history: it was stopped as it was created, and has sent nothing"
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
    /// There was nothing to check.
    pub fn is_of_nothing(&self) -> bool {
        self.records == 0 && self.compared == 0 && self.findings.is_empty() && self.notes.is_empty()
    }

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
pub(super) struct RecordedRun {
    is_created: bool,
    is_ended: bool,
    is_pruned: bool,
    files: BTreeMap<String, String>,
}

pub(super) fn audit(chain: HistoryChain, mut folders: Vec<RunFolder>) -> HistoryCheck {
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
    let mut runs = recorded_runs(chain.records);
    folders.sort_by_key(RunFolder::id);
    for folder in &folders {
        let run = folder.id();
        match runs.remove(&run) {
            None => check.not_in_history(folder),
            Some(known) => check.compare(folder, &known),
        }
    }
    let missing = runs.into_iter().filter(|(_, known)| !known.is_pruned);
    let missing = missing.map(|(run, _)| HistoryFinding::FolderMissing { run });
    check.findings.extend(missing);
    check
}

/// What the records say of each run.
pub(super) fn recorded_runs(records: Vec<HistoryRecord>) -> BTreeMap<RunId, RecordedRun> {
    let mut runs: BTreeMap<RunId, RecordedRun> = BTreeMap::new();
    for record in records {
        match record.event {
            HistoryEvent::Created { run, files, .. } => {
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
            HistoryEvent::NoRun(_) => {}
        }
    }
    runs
}

/// The files of a run that are not as they were recorded. `plan` is the SHA-256 of its plan, if the plan was just read.
pub(super) fn differences(
    folder: &RunFolder,
    known: &RecordedRun,
    plan: Option<&str>,
) -> Vec<HistoryFinding> {
    let run = folder.id();
    let path = folder.path();
    if !path.is_dir() {
        return vec![HistoryFinding::FolderMissing { run }];
    }
    let difference = |(file, digest): (&String, &String)| {
        let file = file.clone();
        let found = match plan {
            Some(plan) if file == PLAN => Ok(Some(plan.to_owned())),
            Some(_) | None => sha256_of(&path.join(&file)),
        };
        match found {
            Ok(None) => Some(HistoryFinding::FileMissing { run, file }),
            Ok(Some(found)) if found == *digest => None,
            Ok(Some(_)) => Some(HistoryFinding::FileChanged { run, file }),
            Err(error) => Some(HistoryFinding::FileUnusable {
                run,
                file,
                reason: error.to_string(),
            }),
        }
    };
    let mut differences: Vec<_> = known.files.iter().filter_map(difference).collect();
    let is_unsigned = known.is_created && !known.files.contains_key(SIGNATURE);
    if is_unsigned && fs::symlink_metadata(path.join(SIGNATURE)).is_ok() {
        let file = SIGNATURE.to_owned();
        differences.push(HistoryFinding::FileAdded { run, file });
    }
    differences
}

impl HistoryCheck {
    fn not_in_history(&mut self, folder: &RunFolder) {
        let run = folder.id();
        match folder.settings() {
            // Its settings can be edited, so they don't decide.
            Ok(settings) if has_records(&folder.checkpoint()) => {
                let is_older = !settings.in_history;
                self.findings
                    .push(HistoryFinding::RecordMissing { run, is_older });
            }
            Ok(_) => self.notes.push(HistoryNote::NotInHistory { run }),
            Err(error) => {
                let reason = error.to_string();
                self.findings
                    .push(HistoryFinding::Unreadable { run, reason });
            }
        }
    }

    fn compare(&mut self, folder: &RunFolder, known: &RecordedRun) {
        let run = folder.id();
        self.compared += 1;
        let differences = differences(folder, known, None);
        let is_there = !differences.contains(&HistoryFinding::FolderMissing { run });
        self.findings.extend(differences);
        if known.is_pruned {
            self.notes.push(HistoryNote::NotDeleted { run });
        }
        // Until its end is recorded, its checkpoint has no final bytes.
        if is_there && !known.is_ended {
            let was_recorded = says_ended(folder);
            if was_recorded {
                self.findings.push(HistoryFinding::EndMissing { run });
            }
            self.look_at_checkpoint(folder, known, was_recorded);
        }
    }

    fn look_at_checkpoint(&mut self, folder: &RunFolder, known: &RecordedRun, was_recorded: bool) {
        let run = folder.id();
        let path = folder.checkpoint();
        let file = CHECKPOINT.to_owned();
        let is_missing =
            fs::symlink_metadata(&path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        let finding = match Checkpoint::read(&path) {
            _ if is_missing => HistoryFinding::FileMissing { run, file },
            Ok(Snapshot { header, .. })
                if header.run != run.to_string()
                    || (known.files.get(PLAN)).is_some_and(|plan| *plan != header.plan_sha256) =>
            {
                HistoryFinding::FileChanged { run, file }
            }
            Ok(Snapshot { state, .. }) => {
                if state.ending().is_some() && !was_recorded {
                    self.notes.push(HistoryNote::EndNotRecorded { run });
                }
                return;
            }
            Err(error) => HistoryFinding::FileUnusable {
                run,
                file,
                reason: error.to_string(),
            },
        };
        self.findings.push(finding);
    }
}

/// What `report.json` says of an end.
#[derive(Deserialize)]
struct ToldEnd {
    finished: bool,
    stopped: Option<ToldStop>,
}

#[derive(Deserialize)]
struct ToldStop {
    reason: String,
}

/// Whether the report of a run says that it has ended; not if there is none, or none that is complete.
pub(super) fn says_ended(folder: &RunFolder) -> bool {
    let told = || -> Option<ToldEnd> {
        let report = folder.open(RunFolder::report)?;
        serde_json::from_reader(BufReader::new(report)).ok()
    };
    let is_abandoned = |stop: ToldStop| stop.reason == "abandoned";
    told().is_some_and(|told| told.finished || told.stopped.is_some_and(is_abandoned))
}

/// Whether a run has sent something, or its checkpoint can't tell.
pub(super) fn has_records(checkpoint: &Path) -> bool {
    let mut records = 0_u64;
    Checkpoint::visit(checkpoint, |_| records += 1).is_err() || records > 0
}
