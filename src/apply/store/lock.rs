//! Locks between processes. The kernel releases them when their process ends, in any way.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use sha2::{Digest, Sha256};

use super::{
    RunId,
    error::{StoreError, StoreStep, io_error},
};
use crate::{digest::hex, private_file, server_name::lock_name};

/// Bytes of the digest in a lock file's name: two servers have the same one by chance once in 2^64, and then only wait for each other.
const NAME_BYTES: usize = 8;

/// `status` takes a lock for a moment to test it. A lock counts as held only if it is still held after this many tries.
const LOOKS: u32 = 3;

/// The time between two of these tries.
const LOOK: Duration = Duration::from_millis(10);

/// What to do if another process holds the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Return an error.
    Refuse,
    /// Block until it is released (`--wait`).
    UntilFree,
}

/// A lock that is held until this is dropped.
#[must_use = "the lock is free as soon as this is dropped"]
#[derive(Debug)]
pub struct Lock {
    _files: Vec<File>,
}

impl Lock {
    fn of(file: File) -> Self {
        Self { _files: vec![file] }
    }
}

/// Who may hold a lock at the same time.
#[derive(Clone, Copy, Debug)]
enum Mode {
    /// One process.
    Exclusive,
    /// All processes that request it as shared.
    Shared,
}

/// The folder of the locks of servers: `$XDG_STATE_HOME/wf-bulk/locks`, else `~/.local/state/wf-bulk/locks`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockHome(PathBuf);

impl LockHome {
    /// Determines the folder from the values of `XDG_STATE_HOME` and [`HOME`](crate::platform::HOME). The XDG base directory specification ignores relative paths.
    ///
    /// # Errors
    ///
    /// If neither is an absolute path.
    pub fn from_environment(
        xdg_state_home: Option<PathBuf>,
        home: Option<PathBuf>,
    ) -> Result<Self, StoreError> {
        let absolute = |path: &PathBuf| path.is_absolute();
        xdg_state_home
            .filter(absolute)
            .or_else(|| {
                home.filter(absolute)
                    .map(|home| home.join(".local").join("state"))
            })
            .map(|state| Self(state.join("wf-bulk").join("locks")))
            .ok_or(StoreError::NoLockHome)
    }

    /// Takes the lock of an organisation on a server: no other process on this machine writes there, so that two runs together do not
    /// exceed the rate. An unknown organisation may be any one, so then the whole server is locked. `wait` says whether to block.
    ///
    /// # Errors
    ///
    /// If another process holds the lock and `wait` refuses, or its file can't be created.
    pub fn lock_server(
        &self,
        server: &str,
        org: Option<&str>,
        wait: Wait,
    ) -> Result<Lock, StoreError> {
        private_file::create_dir_all(&self.0).map_err(io_error(StoreStep::Create, &self.0))?;
        let path = |org| self.0.join(file_name(server, org));
        let held = |org: Option<&str>| {
            let (server, org) = (server.to_owned(), org.map(str::to_owned));
            move || StoreError::ServerLocked { server, org }
        };
        let Some(org) = org else {
            return lock(&path(None), Mode::Exclusive, wait, held(None)).map(Lock::of);
        };
        // The same order everywhere, so that no two processes block each other.
        Ok(Lock {
            _files: vec![
                lock(&path(None), Mode::Shared, wait, held(None))?,
                lock(&path(Some(org)), Mode::Exclusive, wait, held(Some(org)))?,
            ],
        })
    }
}

/// Takes the lock of a run.
pub(super) fn lock_run(path: &Path, run: RunId, wait: Wait) -> Result<Lock, StoreError> {
    let held = || StoreError::RunLocked { run };
    lock(path, Mode::Exclusive, wait, held).map(Lock::of)
}

/// Takes the lock for creating runs in a state folder and for writing its history.
pub(super) fn lock_making(path: &Path) -> Result<Lock, StoreError> {
    let file = private_file::open_or_create(path).map_err(io_error(StoreStep::Lock, path))?;
    file.lock().map_err(io_error(StoreStep::Lock, path))?;
    Ok(Lock::of(file))
}

/// Waits until no process creates a run or writes the history, and keeps that so. None if there is no lock file, so that no process ever
/// did.
pub(super) fn lock_reading(path: &Path) -> Result<Option<Lock>, StoreError> {
    let file = match private_file::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(StoreStep::Lock, path)(error)),
    };
    file.lock_shared()
        .map_err(io_error(StoreStep::Lock, path))?;
    Ok(Some(Lock::of(file)))
}

/// The lock, if no process holds it; none also if the file does not exist.
pub(super) fn lock_if_free(path: &Path) -> Option<Lock> {
    let file = private_file::open(path).ok()?;
    file.try_lock().ok()?;
    Some(Lock::of(file))
}

/// Whether a process holds the lock exclusively; false if the file does not exist. Processes that only test it do not block each other.
pub(super) fn is_held(path: &Path) -> Result<bool, StoreError> {
    let file = match private_file::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(io_error(StoreStep::Lock, path)(error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(source)) => Err(io_error(StoreStep::Lock, path)(source)),
    }
}

/// Blocks while a process holds the lock exclusively.
pub(super) fn wait_until_free(path: &Path) -> Result<(), StoreError> {
    let file = private_file::open(path).map_err(io_error(StoreStep::Lock, path))?;
    file.lock_shared().map_err(io_error(StoreStep::Lock, path))
}

fn lock(
    path: &Path,
    mode: Mode,
    wait: Wait,
    held: impl FnOnce() -> StoreError,
) -> Result<File, StoreError> {
    let file = private_file::open_or_create(path).map_err(io_error(StoreStep::Lock, path))?;
    for _ in 0..LOOKS {
        let locked = match (wait, mode) {
            (Wait::UntilFree, Mode::Exclusive) => file.lock().map_err(TryLockError::Error),
            (Wait::UntilFree, Mode::Shared) => file.lock_shared().map_err(TryLockError::Error),
            (Wait::Refuse, Mode::Exclusive) => file.try_lock(),
            (Wait::Refuse, Mode::Shared) => file.try_lock_shared(),
        };
        match locked {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => thread::sleep(LOOK),
            Err(TryLockError::Error(source)) => {
                return Err(io_error(StoreStep::Lock, path)(source));
            }
        }
    }
    Err(held())
}

/// A digest, because a server's address is not a valid file name; each spelling of this machine has the same one. Neither part contains the
/// byte 0, so the separator is unambiguous.
fn file_name(server: &str, org: Option<&str>) -> String {
    let digest = Sha256::new()
        .chain_update(lock_name(server).as_bytes())
        .chain_update([0])
        .chain_update(org.unwrap_or_default())
        .finalize();
    hex(&digest[..NAME_BYTES]) + ".lock"
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, RecvTimeoutError};

    use super::*;

    fn home(folder: &Path) -> LockHome {
        LockHome::from_environment(Some(folder.to_owned()), None).unwrap()
    }

    #[test]
    fn the_place_follows_the_environment() {
        // A path of Windows is absolute only with a drive.
        let path = |text: &str| {
            let drive = if cfg!(windows) && text.starts_with('/') {
                "C:"
            } else {
                ""
            };
            Some(PathBuf::from(format!("{drive}{text}")))
        };
        let table = [
            (path("/x"), path("/h"), Some("/x/wf-bulk/locks")),
            (path("/x"), None, Some("/x/wf-bulk/locks")),
            (None, path("/h"), Some("/h/.local/state/wf-bulk/locks")),
            (path("x"), path("/h"), Some("/h/.local/state/wf-bulk/locks")),
            (path(""), path("/h"), Some("/h/.local/state/wf-bulk/locks")),
            (path("x"), path("h"), None),
            (None, None, None),
        ];
        for (xdg, home, expected) in table {
            let found = LockHome::from_environment(xdg.clone(), home.clone()).ok();
            assert_eq!(
                found.map(|found| found.0),
                expected.and_then(path),
                "{xdg:?} {home:?}"
            );
        }
    }

    #[test]
    fn two_runs_on_one_server_and_organisation_exclude_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let home = home(folder.path());
        let held = home
            .lock_server("https://a", Some("1"), Wait::Refuse)
            .unwrap();
        let refused = home.lock_server("https://a", Some("1"), Wait::Refuse);
        let Err(StoreError::ServerLocked { server, org }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!((server.as_str(), org.as_deref()), ("https://a", Some("1")));
        drop(held);
        drop(
            home.lock_server("https://a", Some("1"), Wait::Refuse)
                .unwrap(),
        );
    }

    #[test]
    fn a_run_without_an_organisation_excludes_all_others_on_its_server() {
        let folder = tempfile::tempdir().unwrap();
        let home = home(folder.path());
        for (first, second) in [(None, Some("1")), (Some("1"), None), (None, None)] {
            let held = home.lock_server("https://a", first, Wait::Refuse).unwrap();
            assert!(
                matches!(
                    home.lock_server("https://a", second, Wait::Refuse),
                    Err(StoreError::ServerLocked { org: None, .. })
                ),
                "{first:?} and {second:?}"
            );
            drop(held);
            drop(home.lock_server("https://a", second, Wait::Refuse).unwrap());
        }
    }

    #[test]
    fn two_spellings_of_this_machine_are_one_server() {
        let folder = tempfile::tempdir().unwrap();
        let home = home(folder.path());
        let held = home.lock_server("http://localhost:9", Some("1"), Wait::Refuse);
        for server in ["http://127.0.0.1:9", "http://[::1]:9"] {
            let refused = home.lock_server(server, Some("1"), Wait::Refuse);
            assert!(
                matches!(refused, Err(StoreError::ServerLocked { .. })),
                "{server}"
            );
        }
        drop(held);
    }

    #[test]
    fn other_servers_and_organisations_are_free() {
        let folder = tempfile::tempdir().unwrap();
        let home = home(folder.path());
        let places = [
            ("https://a", Some("1")),
            ("https://a", Some("2")),
            ("https://a1", None),
            ("https://b", Some("1")),
        ];
        let held: Vec<_> = places
            .into_iter()
            .map(|(server, org)| home.lock_server(server, org, Wait::Refuse).unwrap())
            .collect();
        assert_eq!(held.len(), places.len());
    }

    #[test]
    fn whether_a_lock_is_held_can_be_asked_without_taking_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        assert!(!is_held(&path).unwrap(), "there is none");
        let held = lock(&path, Mode::Exclusive, Wait::Refuse, || {
            StoreError::NoLockHome
        })
        .unwrap();
        assert!(is_held(&path).unwrap());
        drop(held);
        assert!(!is_held(&path).unwrap());
        wait_until_free(&path).unwrap();
    }

    #[test]
    fn who_only_looks_keeps_nobody_from_working() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let file = private_file::open_or_create(&path).unwrap();
        file.lock_shared().unwrap();
        let looking = thread::spawn(move || {
            thread::sleep(LOOK / 2);
            drop(file);
        });
        let taken = lock(&path, Mode::Exclusive, Wait::Refuse, || {
            StoreError::NoLockHome
        });
        assert!(taken.is_ok());
        looking.join().unwrap();
    }

    #[test]
    fn who_waits_gets_the_lock_when_it_is_free_and_not_before() {
        for (first, second) in [
            (Some("1"), Some("1")),
            (None, Some("1")),
            (Some("1"), None),
            (None, None),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let home = home(folder.path());
            let held = home.lock_server("https://a", first, Wait::Refuse).unwrap();
            let (got, is_got) = mpsc::channel();
            let waiter = thread::spawn(move || {
                let lock = home
                    .lock_server("https://a", second, Wait::UntilFree)
                    .unwrap();
                got.send(()).unwrap();
                lock
            });
            // The kernel tells nobody who waits, so this is the one place to give it real time; a
            // lock that holds passes at any speed.
            assert_eq!(
                is_got.recv_timeout(Duration::from_millis(50)),
                Err(RecvTimeoutError::Timeout)
            );
            drop(held);
            is_got.recv().unwrap();
            drop(waiter.join().unwrap());
        }
    }
}
