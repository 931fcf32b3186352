//! The folder of all runs.

use std::{
    cell::OnceCell,
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    RunId, access,
    draft::RunDraft,
    error::{StoreError, StoreStep, io_error},
    history::{History, HistoryCheck, NoRun},
    lock::{self, Lock, Wait},
    run_folder::RunFolder,
    settings::RunSettings,
};
use crate::{
    checkpoint::Ending,
    plan::Follows,
    platform::{LOCKED_FOLDERS_MOVE, rename_folder},
    private_file,
};

/// The prefix of the folder of a run that is being created. No run id begins with a dot.
const DRAFT_PREFIX: &str = ".tmp-";

/// The state folder. It is created with the first run; until then there are no runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDir(PathBuf);

/// A run with its settings, the run that it follows, and its ending.
#[derive(Debug)]
pub struct ListedRun {
    pub folder: RunFolder,
    pub settings: RunSettings,
    /// The run that its plan undoes, retries or corrects.
    pub follows: Option<Follows>,
    /// How it ended, according to the history or to all records of its checkpoint; none if it can be resumed.
    pub ending: Option<Ending>,
}

/// An entry among the runs that can't be read as a run.
#[derive(Debug)]
pub struct Unreadable {
    pub path: PathBuf,
    /// None if it is something else than a run.
    pub error: Option<StoreError>,
}

/// All runs.
#[derive(Debug, Default)]
pub struct RunListing {
    /// Newest first.
    pub runs: Vec<ListedRun>,
    /// To be shown, so that no run is silently left out.
    pub unreadable: Vec<Unreadable>,
}

impl RunListing {
    /// The run of `--last`: the newest run without an ending, or that has finished without showing its result. `is_told`: whether a
    /// finished run has shown it. `is_passed_over`: whether an unfinished one is not meant.
    pub fn newest_untold(
        &self,
        is_told: impl Fn(&RunFolder) -> bool,
        is_passed_over: impl Fn(&RunFolder) -> bool,
    ) -> Option<&ListedRun> {
        self.runs.iter().find(|run| match run.ending {
            None => !is_passed_over(&run.folder),
            Some(Ending::Finished { .. }) => !is_told(&run.folder),
            Some(Ending::Abandoned { .. }) => false,
        })
    }
}

impl StateDir {
    pub const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    fn runs(&self) -> PathBuf {
        self.0.join("runs")
    }

    /// Starts to create a new run, and deletes the drafts of dead processes.
    ///
    /// # Errors
    ///
    /// If a folder or file can't be created.
    pub fn draft(&self, id: RunId) -> Result<RunDraft, StoreError> {
        self.ensure()?;
        self.check_access()?;
        let making = lock::lock_making(&self.0.join("lock"))?;
        self.clear_drafts()?;
        let path = self.runs().join(format!("{DRAFT_PREFIX}{id}"));
        private_file::create_dir(&path).map_err(io_error(StoreStep::Create, &path))?;
        let folder = RunFolder::new(id, path);
        let lock = folder.lock(Wait::Refuse)?;
        drop(making);
        Ok(RunDraft::new(
            folder,
            self.runs().join(id.to_string()),
            lock,
            self.history(),
        ))
    }

    /// All runs with their settings and endings.
    ///
    /// # Errors
    ///
    /// If the folder of the runs can't be read, or another user could have written it; a run that can't be read is in the listing.
    pub fn list(&self) -> Result<RunListing, StoreError> {
        self.check_access()?;
        let mut listing = RunListing::default();
        let (mut folders, strangers) = self.folders()?;
        folders.sort_unstable_by_key(|folder| std::cmp::Reverse(folder.id()));
        let history = self.history();
        let recorded = OnceCell::new();
        for folder in folders {
            let read = || {
                folder.check_access()?;
                let (settings, header) = folder.settings_and_header()?;
                folder.check_checkpoint(&settings)?;
                let has_ended = |run| -> bool {
                    let recorded: &BTreeSet<RunId> = recorded.get_or_init(|| history.ended_runs());
                    recorded.contains(&run)
                };
                let ending = match folder.ending()? {
                    // A line that was added to the checkpoint says nothing.
                    Some(_) if !has_ended(folder.id()) => folder.verified_ending(&settings)?,
                    ending => ending,
                };
                Ok((settings, header.follows, ending))
            };
            match read() {
                Ok((settings, follows, ending)) => listing.runs.push(ListedRun {
                    folder,
                    settings,
                    follows,
                    ending,
                }),
                Err(error) => listing.unreadable.push(Unreadable {
                    path: folder.path().to_owned(),
                    error: Some(error),
                }),
            }
        }
        let strangers = strangers.into_iter().map(|path| Unreadable {
            error: holds_a_run(&path).then(|| StoreError::Renamed { path: path.clone() }),
            path,
        });
        listing.unreadable.extend(strangers);
        Ok(listing)
    }

    /// The only run whose id begins with `prefix`, readable or not.
    ///
    /// # Errors
    ///
    /// If there is none or more than one, if it was deleted, another user could have written it, or the folder of the runs can't be read.
    pub fn find(&self, prefix: &str) -> Result<RunFolder, StoreError> {
        self.check_access()?;
        let (mut folders, _) = self.folders()?;
        folders.retain(|folder| folder.id().to_string().starts_with(prefix));
        folders.sort_unstable_by_key(RunFolder::id);
        match folders.len() {
            0 => {
                let prefix = prefix.to_owned();
                // A history that can't be read is the matter of `status --check`.
                let deleted = self.history().deleted(&prefix).unwrap_or_default();
                Err(if deleted.is_empty() {
                    StoreError::NotFound {
                        prefix,
                        runs: self.runs(),
                    }
                } else {
                    StoreError::Deleted {
                        prefix,
                        runs: deleted,
                    }
                })
            }
            1 => {
                let folder = folders.remove(0);
                folder.check_access()?;
                Ok(folder)
            }
            _ => Err(StoreError::Ambiguous {
                prefix: prefix.to_owned(),
                found: folders.iter().map(RunFolder::id).collect(),
            }),
        }
    }

    /// The history of the runs.
    pub fn history(&self) -> History {
        History::new(self.0.clone())
    }

    /// Records that a command which was to make a run has ended without one.
    ///
    /// # Errors
    ///
    /// If the folder can't be made, another user could have written it, or the history can't be written.
    pub fn record_no_run(&self, no_run: NoRun) -> Result<(), StoreError> {
        self.ensure()?;
        self.check_access()?;
        self.history().no_run(no_run)
    }

    /// Compares the history with the runs.
    ///
    /// # Errors
    ///
    /// If another user could have written the folder, or something can't be read.
    pub fn check_history(&self) -> Result<HistoryCheck, StoreError> {
        self.check_access()?;
        self.history().check(|| Ok(self.folders()?.0))
    }

    /// Deletes the folder of a run that has ended, after that is in the history. `lock` is the run's.
    ///
    /// # Errors
    ///
    /// If the history can't be written, or the folder can't be deleted.
    pub fn prune(&self, folder: &RunFolder, lock: Lock) -> Result<(), StoreError> {
        // Under this name it is no run any more, and what is left of it is deleted with the drafts of dead processes.
        let scrap = self.runs().join(format!("{DRAFT_PREFIX}{}", folder.id()));
        // No draft has the id of a run, so what is there is in the way.
        match fs::remove_dir_all(&scrap) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed.map_err(io_error(StoreStep::Remove, &scrap))?,
        }
        self.history().pruned(folder.id())?;
        let lock = LOCKED_FOLDERS_MOVE.then_some(lock);
        // Without the lock, a process that opened a file of the run meanwhile makes this an error.
        rename_folder(folder.path(), &scrap).map_err(io_error(StoreStep::Rename, folder.path()))?;
        drop(lock);
        fs::remove_dir_all(&scrap).map_err(io_error(StoreStep::Remove, &scrap))
    }

    /// Checks that no other user could have added a run or taken one away.
    fn check_access(&self) -> Result<(), StoreError> {
        access::check_parent(&self.0)?;
        access::check_parent(&self.runs())
    }

    /// The folders of runs, and other entries, unordered. Drafts are left out.
    fn folders(&self) -> Result<(Vec<RunFolder>, Vec<PathBuf>), StoreError> {
        let mut folders = Vec::new();
        let mut strangers = Vec::new();
        for path in self.entries()? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(DRAFT_PREFIX) {
                continue;
            }
            match name.parse() {
                Ok(id) => folders.push(RunFolder::new(id, path)),
                Err(_) => strangers.push(path),
            }
        }
        Ok((folders, strangers))
    }

    fn entries(&self) -> Result<Vec<PathBuf>, StoreError> {
        let runs = self.runs();
        match fs::read_dir(&runs) {
            Ok(entries) => entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<io::Result<_>>(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
        .map_err(io_error(StoreStep::Read, runs))
    }

    /// Creates the folder with its files.
    fn ensure(&self) -> Result<(), StoreError> {
        let runs = self.runs();
        let sync = |path| private_file::sync_dir(path).map_err(io_error(StoreStep::Sync, path));
        if !runs.is_dir() {
            private_file::create_dir_all(&self.0).map_err(io_error(StoreStep::Create, &self.0))?;
            // A process that created the folder may have died before it synced its name.
            sync(private_file::parent(&self.0))?;
            let ignore = self.0.join(".gitignore");
            // Plans contain names, so the folder must not be added to a repository by accident.
            private_file::replace(&ignore, |file| file.write_all(b"*\n"))
                .map_err(io_error(StoreStep::Write, &ignore))?;
            // The runs' folder is created last: it means that everything before it exists.
            private_file::create_dir_all(&runs).map_err(io_error(StoreStep::Create, &runs))?;
        }
        // The same for the name of the runs' folder.
        sync(&self.0)
    }

    /// Deletes drafts whose lock is free: their process is gone. Only while no other process creates one.
    fn clear_drafts(&self) -> Result<(), StoreError> {
        for path in self.entries()? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let Some(id) = name
                .strip_prefix(DRAFT_PREFIX)
                .and_then(|id| id.parse().ok())
            else {
                continue;
            };
            let draft = RunFolder::new(id, path.clone());
            let free = lock::lock_if_free(&draft.lock_file());
            // Without a lock file, its process died right after it had created the folder.
            if free.is_some() || !draft.lock_file().exists() {
                match fs::remove_dir_all(&path) {
                    // Meanwhile its process has made a run of it.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    removed => removed.map_err(io_error(StoreStep::Remove, &path))?,
                }
            }
        }
        Ok(())
    }
}

/// Whether an entry with another name than a run's holds one: a renamed folder, or one in which nothing can be looked at.
fn holds_a_run(path: &Path) -> bool {
    path.is_dir()
        && ["run.json", "checkpoint.jsonl"]
            .iter()
            .any(|name| path.join(name).try_exists().unwrap_or(true))
}

#[cfg(test)]
pub(super) mod tests;
