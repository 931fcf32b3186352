//! One run's folder.

use std::{
    fs::{self, File},
    io::{self, BufReader, Write},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{
    RunId, access,
    error::{StoreError, StoreStep, io_error},
    lock::{self, Lock, Wait},
    settings::{RunSettings, VERSION, difference},
};
use crate::{
    checkpoint::{Checkpoint, Ending},
    plan::{PlanHeader, PlanReader},
    private_file,
};

/// The bytes of the longest `run.json`: it holds a few short values and the words of the command.
const MAX_SETTINGS: u64 = 1024 * 1024;

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

    /// Where another checkpoint is written that is to take the place of this one.
    pub fn next_checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint.next")
    }

    /// Lets a complete checkpoint take the place of this one. The run's lock must be held.
    ///
    /// # Errors
    ///
    /// If it can't be renamed.
    pub fn replace_checkpoint(&self, next: &Path) -> Result<(), StoreError> {
        let path = self.checkpoint();
        fs::rename(next, &path).map_err(io_error(StoreStep::Rename, &path))?;
        private_file::sync_dir(&self.path).map_err(io_error(StoreStep::Sync, &self.path))
    }

    pub fn report(&self) -> PathBuf {
        self.path.join("report.json")
    }

    /// The ids of the changes that need attention, for `--only-file`.
    pub fn failed(&self) -> PathBuf {
        self.path.join("failed.csv")
    }

    /// Every change with its outcome, for a spreadsheet.
    pub fn results_csv(&self) -> PathBuf {
        self.path.join("results.csv")
    }

    /// The same for programs.
    pub fn results_jsonl(&self) -> PathBuf {
        self.path.join("results.jsonl")
    }

    /// What happened when, for people; it may lack lines.
    pub fn timeline(&self) -> PathBuf {
        self.path.join("timeline.jsonl")
    }

    /// One of these files, open for reading; none if it can't be opened, or is no regular file.
    pub fn open(&self, path: fn(&Self) -> PathBuf) -> Option<File> {
        private_file::open(&path(self)).ok()
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

    /// Checks that no other user could have written the run.
    ///
    /// # Errors
    ///
    /// If its folder or a file in it belongs to another user or can be written by one, or can't be looked at.
    pub(super) fn check_access(&self) -> Result<(), StoreError> {
        access::check_run(&self.path)
    }

    /// The header of the plan that this run applies. The rest of the plan is not read.
    ///
    /// # Errors
    ///
    /// If the plan can't be read, or has no header of a known format.
    pub fn plan_header(&self) -> Result<PlanHeader, StoreError> {
        let path = self.plan();
        let file = private_file::open(&path).map_err(io_error(StoreStep::Read, &path))?;
        PlanReader::new(BufReader::new(file))
            .map(|reader| reader.header().clone())
            .map_err(|source| StoreError::Plan { path, source })
    }

    /// The settings with which the run was started. What the plan decides is compared with its header.
    ///
    /// # Errors
    ///
    /// If `run.json` can't be read, has another version, belongs to another run, or is not of the plan beside it.
    pub fn settings(&self) -> Result<RunSettings, StoreError> {
        Ok(self.settings_and_header()?.0)
    }

    pub(super) fn settings_and_header(&self) -> Result<(RunSettings, PlanHeader), StoreError> {
        let path = self.run_json();
        let bytes =
            private_file::read(&path, MAX_SETTINGS).map_err(io_error(StoreStep::Read, &path))?;
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
        let header = self.plan_header()?;
        match difference(&settings, &header) {
            None => Ok((settings, header)),
            Some((what, found, planned)) => Err(StoreError::Differs {
                path,
                what,
                found,
                planned,
            }),
        }
    }

    /// Checks that the checkpoint is of this run and its plan; its records are not read.
    ///
    /// # Errors
    ///
    /// If it is not, or can't be read.
    pub(super) fn check_checkpoint(&self, settings: &RunSettings) -> Result<(), StoreError> {
        let run = settings.run.to_string();
        Ok(Checkpoint::check_header(
            &self.checkpoint(),
            &run,
            &settings.plan_sha256,
        )?)
    }

    /// How the run seems to have ended, none if it can be resumed; from the last line alone.
    ///
    /// # Errors
    ///
    /// When the checkpoint can't be read.
    pub fn ending(&self) -> Result<Option<Ending>, StoreError> {
        Ok(Checkpoint::peek_ending(&self.checkpoint())?)
    }

    /// The same from all records of the checkpoint.
    ///
    /// # Errors
    ///
    /// When it is damaged, of another run or plan, or can't be read.
    pub fn verified_ending(&self, settings: &RunSettings) -> Result<Option<Ending>, StoreError> {
        self.check_checkpoint(settings)?;
        Ok(Checkpoint::read(&self.checkpoint())?
            .state
            .ending()
            .cloned())
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

    /// Writes `failed.csv`, `results.csv` and `results.jsonl`, each completely or not at all, the last one last. `fill` gets them in this
    /// order.
    ///
    /// # Errors
    ///
    /// If `fill` or the disk fails.
    pub fn write_lists(
        &self,
        fill: impl FnOnce([&mut dyn Write; 3]) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        write(&self.results_jsonl(), |lines| {
            write(&self.results_csv(), |table| {
                write(&self.failed(), |failed| fill([failed, table, lines]))
                    .map_err(io::Error::other)
            })
            .map_err(io::Error::other)
        })
    }

    /// Whether the checkpoint has records that these files lack: the process that made them died, or was an older version.
    pub fn are_lists_behind(&self) -> bool {
        let written = |path: PathBuf| fs::metadata(path)?.modified();
        let (lists, checkpoint) = (written(self.results_jsonl()), written(self.checkpoint()));
        !matches!((lists, checkpoint), (Ok(lists), Ok(checkpoint)) if lists >= checkpoint)
    }
}

pub(super) fn write(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), StoreError> {
    private_file::replace(path, fill).map_err(io_error(StoreStep::Write, path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        settings::tests::{plan_of, settings},
        state_dir::tests::id,
    };

    fn folder(run_json: &str) -> (tempfile::TempDir, RunFolder) {
        let home = tempfile::tempdir().unwrap();
        let folder = RunFolder::new(id(1), home.path().to_owned());
        fs::write(folder.run_json(), run_json).unwrap();
        fs::write(folder.plan(), plan_of(&settings(id(1)))).unwrap();
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
    fn settings_that_are_not_of_the_plan_are_refused_with_both_values() {
        type Edit = fn(&mut RunSettings);
        let edits: [(&str, Edit, [&str; 2]); 4] = [
            (
                "server",
                |settings| settings.server = "https://example.com".into(),
                ["https://example.com", "sandbox"],
            ),
            (
                "organisation",
                |settings| settings.org = None,
                ["none", "4711"],
            ),
            (
                "playbook",
                |settings| settings.playbook = "other".into(),
                ["other", "reassign-leaver"],
            ),
            (
                "vars_sha256",
                |settings| settings.vars_sha256 = "ab".into(),
                ["ab", "44136fa"],
            ),
        ];
        let planned = RunSettings {
            org: Some("4711".into()),
            ..settings(id(1))
        };
        for (setting, edit, values) in edits {
            let mut edited = planned.clone();
            edit(&mut edited);
            let (_home, folder) = folder(&serde_json::to_string(&edited).unwrap());
            fs::write(folder.plan(), plan_of(&planned)).unwrap();
            let error = folder.settings().unwrap_err();
            assert!(matches!(&error, StoreError::Differs { what, .. } if *what == setting));
            let said = error.to_string();
            assert!(values.iter().all(|value| said.contains(value)), "{said}");
        }
        // A plan of no organisation is applied in the requested one.
        let (_home, requested) = folder(&serde_json::to_string(&planned).unwrap());
        assert_eq!(requested.settings().unwrap(), planned);
        fs::write(requested.plan(), "{}\n").unwrap();
        assert!(matches!(requested.settings(), Err(StoreError::Plan { .. })));
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
        folder
            .write_lists(|[failed, ..]| failed.write_all(b"id\n"))
            .unwrap();
        assert_eq!(fs::read(folder.report()).unwrap(), b"first");
        assert_eq!(fs::read(folder.failed()).unwrap(), b"id\n");
    }
}
