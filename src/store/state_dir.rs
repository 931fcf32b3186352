//! The folder that holds all runs.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    draft::Draft,
    error::{Doing, StoreError, io_error},
    lock::{self, Wait},
    run_folder::RunFolder,
    run_id::RunId,
    settings::RunSettings,
};
use crate::{checkpoint::Ending, private_file};

/// How the folder of a run that is being made begins. No run id begins with a dot.
const DRAFT_PREFIX: &str = ".tmp-";

/// The state folder. Made with the first run; until then there are no runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDir(PathBuf);

/// A run with what tells it from others.
#[derive(Debug)]
pub struct Listed {
    pub folder: RunFolder,
    pub settings: RunSettings,
    /// How it came to its end; none while it can be resumed.
    pub ending: Option<Ending>,
}

/// Something among the runs that can't be read as one.
#[derive(Debug)]
pub struct Unreadable {
    pub path: PathBuf,
    /// None when its name is no run id.
    pub error: Option<StoreError>,
}

/// All runs.
#[derive(Debug, Default)]
pub struct Listing {
    /// Newest first.
    pub runs: Vec<Listed>,
    /// To be shown, so that no run is overlooked in silence.
    pub unreadable: Vec<Unreadable>,
}

impl Listing {
    /// The run that `--last` means when a run is to be gone on with.
    pub fn newest_unfinished(&self) -> Option<&Listed> {
        self.runs.iter().find(|run| run.ending.is_none())
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

    /// Begins a new run, and clears away what processes that died left of theirs.
    ///
    /// # Errors
    ///
    /// When a folder or file can't be made.
    pub fn draft(&self, id: RunId) -> Result<Draft, StoreError> {
        self.ensure()?;
        let making = lock::lock_making(&self.0.join("lock"))?;
        self.clear_drafts()?;
        let path = self.runs().join(format!("{DRAFT_PREFIX}{id}"));
        private_file::create_dir(&path).map_err(io_error(Doing::Create, &path))?;
        let folder = RunFolder::new(id, path);
        let lock = folder.lock(Wait::Refuse)?;
        drop(making);
        Ok(Draft::new(folder, self.runs().join(id.to_string()), lock))
    }

    /// All runs with their settings and endings.
    ///
    /// # Errors
    ///
    /// When the folder of the runs can't be read; that one of the runs can't is in the listing.
    pub fn list(&self) -> Result<Listing, StoreError> {
        let mut listing = Listing::default();
        let (mut folders, strangers) = self.folders()?;
        folders.sort_unstable_by_key(|folder| std::cmp::Reverse(folder.id()));
        for folder in folders {
            match folder.settings().and_then(|settings| {
                let ending = folder.ending()?;
                Ok((settings, ending))
            }) {
                Ok((settings, ending)) => listing.runs.push(Listed {
                    folder,
                    settings,
                    ending,
                }),
                Err(error) => listing.unreadable.push(Unreadable {
                    path: folder.path().to_owned(),
                    error: Some(error),
                }),
            }
        }
        let strangers = strangers
            .into_iter()
            .map(|path| Unreadable { path, error: None });
        listing.unreadable.extend(strangers);
        Ok(listing)
    }

    /// The one run whose id begins with `prefix`, readable or not.
    ///
    /// # Errors
    ///
    /// When there is none or more than one, or the folder of the runs can't be read.
    pub fn find(&self, prefix: &str) -> Result<RunFolder, StoreError> {
        let (mut folders, _) = self.folders()?;
        folders.retain(|folder| folder.id().to_string().starts_with(prefix));
        folders.sort_unstable_by_key(RunFolder::id);
        match folders.len() {
            0 => Err(StoreError::NotFound {
                prefix: prefix.to_owned(),
                runs: self.runs(),
            }),
            1 => Ok(folders.remove(0)),
            _ => Err(StoreError::Ambiguous {
                prefix: prefix.to_owned(),
                found: folders.iter().map(RunFolder::id).collect(),
            }),
        }
    }

    /// The folders of runs, and what else is there, in no order. Drafts are neither.
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
        .map_err(io_error(Doing::Read, runs))
    }

    /// Makes the folder with what belongs into it.
    fn ensure(&self) -> Result<(), StoreError> {
        let runs = self.runs();
        if runs.is_dir() {
            return Ok(());
        }
        private_file::create_dir_all(&self.0).map_err(io_error(Doing::Create, &self.0))?;
        let ignore = self.0.join(".gitignore");
        // Plans name people's work, so none is ever added to a repository by accident.
        private_file::replace(&ignore, |file| file.write_all(b"*\n"))
            .map_err(io_error(Doing::Write, &ignore))?;
        // The runs' folder comes last: it stands for all that comes before it.
        private_file::create_dir_all(&runs).map_err(io_error(Doing::Create, &runs))?;
        for path in [self.0.as_path(), private_file::parent(&self.0)] {
            private_file::sync_dir(path).map_err(io_error(Doing::Sync, path))?;
        }
        Ok(())
    }

    /// Removes drafts whose lock is free: their process is gone. Only while no other process makes one.
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
            // Without a lock's file, its process died right after it had made the folder.
            if free.is_some() || !draft.lock_file().exists() {
                fs::remove_dir_all(&path).map_err(io_error(Doing::Remove, &path))?;
            }
        }
        Ok(())
    }
}
