//! A run that is being created: it gets its name when it is complete.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{
    RunId,
    error::{StoreError, StoreStep, io_error},
    history::History,
    lock::{Lock, Wait, lock_making, lock_run},
    run_folder::RunFolder,
    settings::RunSettings,
};
use crate::{
    checkpoint::{Checkpoint, CheckpointHeader},
    platform::{LOCKED_FOLDERS_MOVE, rename_folder},
    private_file,
};

/// A run's folder under its temporary name, locked. It is deleted if it is dropped before it is committed.
#[derive(Debug)]
pub struct RunDraft {
    folder: RunFolder,
    /// The final name.
    target: PathBuf,
    lock: Lock,
    history: History,
    scrap: Scrap,
}

/// Deletes a folder on drop, unless it has become a run's.
#[derive(Debug)]
struct Scrap(Option<PathBuf>);

impl Drop for Scrap {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // Remaining files are deleted when the next run is created.
            let _ = fs::remove_dir_all(path);
        }
    }
}

impl RunDraft {
    /// Takes the folder under its temporary name, in which `lock` is held.
    pub(super) fn new(folder: RunFolder, target: PathBuf, lock: Lock, history: History) -> Self {
        let scrap = Scrap(Some(folder.path().to_owned()));
        Self {
            folder,
            target,
            lock,
            history,
            scrap,
        }
    }

    /// The id that the run will have.
    pub const fn id(&self) -> RunId {
        self.folder.id()
    }

    /// Copies the plan into the folder, and returns where it is. The caller must check the copy, not the source: the source may change
    /// at any time.
    ///
    /// # Errors
    ///
    /// If the source can't be read, the copy can't be written, or exists already.
    pub fn copy_plan(&self, mut source: impl Read) -> Result<PathBuf, StoreError> {
        let path = self.folder.plan();
        let mut copy = || {
            let mut file = private_file::create(&path)?;
            io::copy(&mut source, &mut file)?;
            file.sync_all()
        };
        copy().map_err(io_error(StoreStep::Copy, &path))?;
        Ok(path)
    }

    /// Completes the folder and gives it its name: from here on the run exists, also after a power cut. Then it is in the history. Its lock
    /// stays held. The caller has no file of the folder open.
    ///
    /// # Errors
    ///
    /// If a file can't be written, or a run with this id exists.
    pub fn commit(
        self,
        settings: &RunSettings,
        header: &CheckpointHeader,
    ) -> Result<(RunFolder, Lock), StoreError> {
        Checkpoint::create(&self.folder.checkpoint(), header)?;
        self.complete(settings)
    }

    /// Where the plan is, once it was copied.
    pub fn plan(&self) -> PathBuf {
        self.folder.plan()
    }

    /// Where the checkpoint will be, for a run whose records exist before its folder.
    pub fn checkpoint(&self) -> PathBuf {
        self.folder.checkpoint()
    }

    /// As [`Self::commit`], with a checkpoint that is written already.
    ///
    /// # Errors
    ///
    /// As [`Self::commit`].
    pub fn complete(self, settings: &RunSettings) -> Result<(RunFolder, Lock), StoreError> {
        let Self {
            folder,
            target,
            lock,
            history,
            mut scrap,
        } = self;
        let temporary = folder.path();
        let run_json = folder.run_json();
        private_file::replace(&run_json, |file| {
            serde_json::to_writer_pretty(&mut *file, settings)?;
            file.write_all(b"\n")
        })
        .map_err(io_error(StoreStep::Write, &run_json))?;
        private_file::sync_dir(temporary).map_err(io_error(StoreStep::Sync, temporary))?;

        let runs = private_file::parent(&target);
        // Fails if the name exists: a run's folder is never empty.
        let rename =
            || rename_folder(temporary, &target).map_err(io_error(StoreStep::Rename, &target));
        let lock = if LOCKED_FOLDERS_MOVE {
            rename()?;
            lock
        } else {
            rename_unlocked(
                rename,
                lock,
                runs,
                &RunFolder::new(folder.id(), target.clone()),
            )?
        };
        scrap.0 = None;
        private_file::sync_dir(runs).map_err(io_error(StoreStep::Sync, runs))?;
        let folder = RunFolder::new(folder.id(), target);
        history.first_created(&folder, settings)?;
        Ok((folder, lock))
    }
}

/// Renames a folder whose lock is in it, where the system does not rename a folder with an open file: the lock is free for a moment.
/// Meanwhile no other process takes the folder for that of a dead one; a process that works on the run already makes this an error.
fn rename_unlocked(
    rename: impl FnOnce() -> Result<(), StoreError>,
    lock: Lock,
    runs: &Path,
    run: &RunFolder,
) -> Result<Lock, StoreError> {
    let _making = lock_making(&private_file::parent(runs).join("lock"))?;
    drop(lock);
    rename()?;
    lock_run(&run.lock_file(), run.id(), Wait::Refuse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::access_of_others;
    use crate::store::{
        lock::is_held,
        settings::tests::{plan_of, settings},
        state_dir::{StateDir, tests::id},
    };

    fn header(settings: &RunSettings) -> CheckpointHeader {
        CheckpointHeader::new(settings.run.to_string(), settings.plan_sha256.clone(), 4, 2)
    }

    #[test]
    fn a_run_appears_complete_private_and_locked() {
        let home = tempfile::tempdir().unwrap();
        let state_dir = StateDir::new(home.path().join(".wf-bulk"));
        let settings = settings(id(1));
        let draft = state_dir.draft(id(1)).unwrap();
        let copy = draft.copy_plan(plan_of(&settings).as_bytes()).unwrap();
        assert_eq!(copy, draft.folder.plan());
        assert!(
            state_dir.list().unwrap().runs.is_empty(),
            "not complete yet"
        );
        let (run, lock) = draft.commit(&settings, &header(&settings)).unwrap();

        assert_eq!(
            run.path(),
            state_dir.path().join("runs").join(id(1).to_string())
        );
        assert_eq!(run.settings().unwrap(), settings);
        assert_eq!(fs::read_to_string(run.plan()).unwrap(), plan_of(&settings));
        assert!(Checkpoint::read(&run.checkpoint()).is_ok());
        let mut names: Vec<_> = fs::read_dir(run.path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .inspect(|entry| {
                let metadata = entry.metadata().unwrap();
                let access = access_of_others(&entry.path(), &metadata).unwrap();
                assert_eq!(access, None, "{entry:?}");
            })
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["checkpoint.jsonl", "lock", "plan", "run.json"]);

        assert!(matches!(
            run.lock(Wait::Refuse),
            Err(StoreError::RunLocked { run }) if run == id(1)
        ));
        drop(lock);
        drop(run.lock(Wait::Refuse).unwrap());
    }

    #[test]
    fn where_the_lock_keeps_a_folder_from_its_name_it_is_taken_again_under_the_name() {
        let home = tempfile::tempdir().unwrap();
        let state_dir = StateDir::new(home.path().to_owned());
        let runs = state_dir.path().join("runs");
        let draft = state_dir.draft(id(1)).unwrap();
        let (from, run) = (
            draft.folder.path().to_owned(),
            RunFolder::new(id(1), draft.target.clone()),
        );
        let RunDraft {
            lock,
            scrap: _scrap,
            ..
        } = draft;
        let making = state_dir.path().join("lock");
        let rename = || {
            let draft = RunFolder::new(id(1), from.clone());
            assert!(!draft.is_worked_on().unwrap(), "no file in it is open");
            assert!(is_held(&making).unwrap(), "nobody clears drafts");
            fs::rename(&from, run.path()).map_err(io_error(StoreStep::Rename, &from))
        };
        let lock = rename_unlocked(rename, lock, &runs, &run).unwrap();
        assert!(run.is_worked_on().unwrap());
        drop(lock);
        assert!(!run.is_worked_on().unwrap() && !is_held(&making).unwrap());
    }

    #[test]
    fn a_draft_that_is_dropped_or_can_not_be_committed_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let state_dir = StateDir::new(home.path().to_owned());
        let runs = state_dir.path().join("runs");
        let draft = state_dir.draft(id(1)).unwrap();
        draft.copy_plan(&b"plan"[..]).unwrap();
        drop(draft);
        assert_eq!(fs::read_dir(&runs).unwrap().count(), 0);

        let settings = settings(id(1));
        let first = state_dir.draft(id(1)).unwrap();
        let (_run, _lock) = first.commit(&settings, &header(&settings)).unwrap();
        let second = state_dir.draft(id(1)).unwrap();
        assert!(matches!(
            second.commit(&settings, &header(&settings)),
            Err(StoreError::Io {
                doing: StoreStep::Rename,
                ..
            })
        ));
        assert_eq!(fs::read_dir(&runs).unwrap().count(), 1);
    }
}
