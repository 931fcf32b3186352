//! One run's folder.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{
    error::{StoreError, StoreStep, io_error},
    lock::{self, Lock, Wait},
    run_id::RunId,
    settings::{RunSettings, VERSION},
};
use crate::{
    checkpoint::{Checkpoint, Ending},
    private_file,
};

/// A run's folder and the paths in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    id: RunId,
    path: PathBuf,
}

/// Only the version; the other fields of `run.json` are ignored.
#[derive(Deserialize)]
struct SettingsVersion {
    wf_bulk_run: u32,
}

impl RunFolder {
    pub(super) const fn new(id: RunId, path: PathBuf) -> Self {
        Self { id, path }
    }

    pub const fn id(&self) -> RunId {
        self.id
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The copy of the plan that this run applies.
    pub fn plan(&self) -> PathBuf {
        self.path.join("plan")
    }

    pub fn checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint.jsonl")
    }

    pub fn report(&self) -> PathBuf {
        self.path.join("report.json")
    }

    /// The ids of the changes that need attention, for `--only-file`.
    pub fn failed(&self) -> PathBuf {
        self.path.join("failed.csv")
    }

    pub(super) fn run_json(&self) -> PathBuf {
        self.path.join("run.json")
    }

    pub(super) fn lock_file(&self) -> PathBuf {
        self.path.join("lock")
    }

    /// Takes the lock of the run. `wait` says whether to block.
    ///
    /// # Errors
    ///
    /// If another process holds it and `wait` refuses, or the lock file can't be opened.
    pub fn lock(&self, wait: Wait) -> Result<Lock, StoreError> {
        lock::lock_run(&self.lock_file(), self.id, wait)
    }

    /// Whether a process is working on the run.
    ///
    /// # Errors
    ///
    /// When the lock's file can't be opened.
    pub fn is_worked_on(&self) -> Result<bool, StoreError> {
        lock::is_held(&self.lock_file())
    }

    /// Blocks while a process works on the run.
    ///
    /// # Errors
    ///
    /// When the lock's file can't be opened.
    pub fn wait_until_free(&self) -> Result<(), StoreError> {
        lock::wait_until_free(&self.lock_file())
    }

    /// The settings with which the run was started.
    ///
    /// # Errors
    ///
    /// If `run.json` can't be read, has another version, or belongs to another run.
    pub fn settings(&self) -> Result<RunSettings, StoreError> {
        let path = self.run_json();
        let bytes = fs::read(&path).map_err(io_error(StoreStep::Read, &path))?;
        let malformed = |source| StoreError::Settings {
            path: path.clone(),
            source,
        };
        let SettingsVersion { wf_bulk_run: found } =
            serde_json::from_slice(&bytes).map_err(malformed)?;
        if found != VERSION {
            return Err(StoreError::SettingsVersion { path, found });
        }
        let settings: RunSettings = serde_json::from_slice(&bytes).map_err(malformed)?;
        if settings.run != self.id {
            return Err(StoreError::OtherRun {
                path,
                found: settings.run,
            });
        }
        Ok(settings)
    }

    /// How the run ended, none if it can be resumed; from the last record alone, so that a list of many runs is fast.
    ///
    /// # Errors
    ///
    /// When the checkpoint can't be read.
    pub fn ending(&self) -> Result<Option<Ending>, StoreError> {
        Ok(Checkpoint::peek_ending(&self.checkpoint())?)
    }

    /// Writes `report.json`, completely or not at all.
    ///
    /// # Errors
    ///
    /// If `fill` or the disk fails.
    pub fn write_report(
        &self,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        write(&self.report(), fill)
    }

    /// Writes `failed.csv`, completely or not at all.
    ///
    /// # Errors
    ///
    /// If `fill` or the disk fails.
    pub fn write_failed(
        &self,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        write(&self.failed(), fill)
    }
}

fn write(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), StoreError> {
    private_file::replace(path, fill).map_err(io_error(StoreStep::Write, path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{settings::tests::settings, state_dir::tests::id};

    fn folder(run_json: &str) -> (tempfile::TempDir, RunFolder) {
        let home = tempfile::tempdir().unwrap();
        let folder = RunFolder::new(id(1), home.path().to_owned());
        fs::write(folder.run_json(), run_json).unwrap();
        (home, folder)
    }

    #[test]
    fn settings_that_are_not_of_this_run_or_version_are_refused() {
        let json = serde_json::to_string(&settings(id(1))).unwrap();
        let (_home, whole) = folder(&json);
        assert_eq!(whole.settings().unwrap(), settings(id(1)));
        let (_home, newer) = folder(r#"{"wf_bulk_run":2,"anything":1}"#);
        assert!(matches!(
            newer.settings(),
            Err(StoreError::SettingsVersion { found: 2, .. })
        ));
        let (_home, half) = folder(&json[..json.len() / 2]);
        assert!(matches!(half.settings(), Err(StoreError::Settings { .. })));
        let other = serde_json::to_string(&settings(id(2))).unwrap();
        let (_home, other) = folder(&other);
        assert!(matches!(
            other.settings(),
            Err(StoreError::OtherRun { found, .. }) if found == id(2)
        ));
        fs::remove_file(whole.run_json()).unwrap();
        assert!(matches!(
            whole.settings(),
            Err(StoreError::Io {
                doing: StoreStep::Read,
                ..
            })
        ));
    }

    #[test]
    fn a_report_that_fails_half_way_leaves_the_one_before() {
        let (_home, folder) = folder("{}");
        folder
            .write_report(|file| file.write_all(b"first"))
            .unwrap();
        folder
            .write_report(|file| {
                file.write_all(b"sec")?;
                Err(io::Error::other("full"))
            })
            .unwrap_err();
        folder.write_failed(|file| file.write_all(b"id\n")).unwrap();
        assert_eq!(fs::read(folder.report()).unwrap(), b"first");
        assert_eq!(fs::read(folder.failed()).unwrap(), b"id\n");
    }
}
