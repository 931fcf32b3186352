//! The data folder: `sandbox.json`, `effects.jsonl` and `lock`.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    effect::LoggedEffect,
    error::SandboxError,
    options::{DEFAULT_EXECUTIONS, DEFAULT_SEED, FolderOptions},
};

const SETTINGS: &str = "sandbox.json";
const EFFECTS: &str = "effects.jsonl";
const LOCK: &str = "lock";

/// The version of the log's format: 2 has the whole execution in each effect.
const VERSION: u32 = 2;

/// What a folder's data are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FolderSettings {
    /// The first version has none.
    #[serde(default)]
    version: u32,
    pub(crate) seed: u64,
    pub(crate) epoch: Date,
    pub(crate) executions: u32,
}

/// A folder that this process has locked.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) settings: FolderSettings,
    /// What was done to the data, in order.
    pub(crate) effects: Vec<LoggedEffect>,
    /// Open at its end.
    pub(crate) log: File,
    pub(crate) log_path: PathBuf,
    /// Holds the lock as long as it lives.
    pub(crate) lock: File,
}

impl Folder {
    /// Opens the folder, or makes it with what is wanted.
    pub(crate) fn open(path: &Path, wanted: &FolderOptions) -> Result<Self, SandboxError> {
        create_folder(path)?;
        let lock = lock(path)?;
        let settings_path = path.join(SETTINGS);
        let log_path = path.join(EFFECTS);
        let settings = match fs::read(&settings_path) {
            Ok(bytes) => {
                let kept =
                    serde_json::from_slice(&bytes).map_err(|error| SandboxError::Damaged {
                        path: settings_path,
                        line: error.line(),
                        reason: error.to_string(),
                    })?;
                compare(path, kept, wanted)?;
                kept
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(path, wanted)?,
            Err(source) => return Err(file("read", &settings_path, source)),
        };
        let mut log = private(OpenOptions::new().create(true).read(true).append(true))
            .open(&log_path)
            .map_err(|source| file("open", &log_path, source))?;
        let effects = read_effects(&mut log, &log_path)?;
        Ok(Self {
            settings,
            effects,
            log,
            log_path,
            lock,
        })
    }
}

/// When a folder's data were made; none when there are none.
pub(crate) fn made_at(path: &Path) -> Option<SystemTime> {
    // Written once, when the data are made.
    fs::metadata(path.join(SETTINGS)).ok()?.modified().ok()
}

/// Removes a folder's data; false when there were none.
///
/// The lock file stays: removing it would let two processes lock two files of one name.
pub(crate) fn reset(path: &Path) -> Result<bool, SandboxError> {
    let settings = path.join(SETTINGS);
    if !settings
        .try_exists()
        .map_err(|source| file("look for", &settings, source))?
    {
        return Ok(false);
    }
    let _lock = lock(path)?;
    // The settings go last: what is left of a reset that was cut short is still data, which a next one removes.
    for name in [EFFECTS, SETTINGS] {
        let one = path.join(name);
        match fs::remove_file(&one) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(file("remove", &one, source)),
        }
    }
    Ok(true)
}

fn create_folder(path: &Path) -> Result<(), SandboxError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder
        .create(path)
        .map_err(|source| file("create the folder", path, source))
}

/// Only the user may read what the sandbox writes, as with all that the tool keeps.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

fn lock(path: &Path) -> Result<File, SandboxError> {
    let lock_path = path.join(LOCK);
    let lock = private(OpenOptions::new().create(true).truncate(false).write(true))
        .open(&lock_path)
        .map_err(|source| file("open", &lock_path, source))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(SandboxError::Locked {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(file("lock", &lock_path, source)),
    }
}

fn create(path: &Path, wanted: &FolderOptions) -> Result<FolderSettings, SandboxError> {
    let settings = FolderSettings {
        version: VERSION,
        seed: wanted.seed.unwrap_or(DEFAULT_SEED),
        epoch: wanted.epoch.unwrap_or(wanted.today),
        executions: wanted.executions.unwrap_or(DEFAULT_EXECUTIONS),
    };
    let new = path.join(format!("{SETTINGS}.new"));
    let whole = path.join(SETTINGS);
    // By rename, so that a folder has its settings whole or not at all.
    let written = private(OpenOptions::new().create(true).truncate(true).write(true))
        .open(&new)
        .and_then(|mut to| {
            serde_json::to_writer(&mut to, &settings)?;
            to.write_all(b"\n")?;
            to.sync_all()
        })
        .and_then(|()| fs::rename(&new, &whole))
        .and_then(|()| sync_folder(path));
    written.map_err(|source| file("write", &whole, source))?;
    Ok(settings)
}

/// Returns when the names in a folder are on disk. Windows has no call for that.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(windows) {
        return Ok(());
    }
    File::open(path)?.sync_all()
}

fn compare(path: &Path, kept: FolderSettings, wanted: &FolderOptions) -> Result<(), SandboxError> {
    if kept.version != VERSION {
        return Err(SandboxError::OtherVersion {
            path: path.to_owned(),
        });
    }
    let seed = wanted.seed.map(|seed| seed.to_string());
    let epoch = wanted.epoch.map(|epoch| epoch.to_string());
    let executions = wanted.executions.map(|executions| executions.to_string());
    for (what, kept, wanted) in [
        ("the seed", kept.seed.to_string(), seed),
        ("the epoch", kept.epoch.to_string(), epoch),
        (
            "the number of executions",
            kept.executions.to_string(),
            executions,
        ),
    ] {
        if let Some(wanted) = wanted
            && wanted != kept
        {
            return Err(SandboxError::Differs {
                path: path.to_owned(),
                what,
                kept,
                wanted,
            });
        }
    }
    Ok(())
}

/// Shortens the log, which is opened for this alone: Windows shortens no file that was opened to append.
fn cut(path: &Path, length: u64) -> io::Result<()> {
    let log = OpenOptions::new().write(true).open(path)?;
    #[expect(clippy::disallowed_methods, reason = "it was not opened to append")]
    log.set_len(length)?;
    log.sync_data()
}

/// Reads the log. A last line without its end was never answered: it is cut off.
fn read_effects(log: &mut File, path: &Path) -> Result<Vec<LoggedEffect>, SandboxError> {
    let mut bytes = Vec::new();
    log.read_to_end(&mut bytes)
        .map_err(|source| file("read", path, source))?;
    let whole = bytes
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |end| end + 1);
    if whole < bytes.len() {
        cut(path, whole as u64).map_err(|source| file("shorten", path, source))?;
    }
    bytes[..whole]
        .split_inclusive(|&byte| byte == b'\n')
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_slice(line).map_err(|error| SandboxError::Damaged {
                path: path.to_owned(),
                line: index + 1,
                reason: error.to_string(),
            })
        })
        .collect()
}

fn file(action: &'static str, path: &Path, source: io::Error) -> SandboxError {
    SandboxError::File {
        action,
        path: path.to_owned(),
        source,
    }
}
