//! Whether another user could have written what runs are read from.

use std::{
    fs::{self, Metadata},
    io,
    path::Path,
};

use super::{
    error::{StoreError, StoreStep, io_error},
    in_doubt::{IN_DOUBT, in_doubt_in},
};
use crate::{platform, private_file};

/// Refuses a folder of runs in which another user could put, rename or delete something. There may be none yet.
pub(super) fn check_parent(folder: &Path) -> Result<(), StoreError> {
    let metadata = match fs::metadata(folder) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error(StoreStep::Read, folder)(error)),
    };
    if platform::may_only_owners_rename_in(&metadata) {
        return Ok(());
    }
    refuse(folder, None, &metadata)
}

/// Whether a person edits a file in the folder of a run: the list for the answers about changes in doubt, and what a spreadsheet or an editor
/// puts beside it while it is open. Such a program gives its files a mode of its own.
fn is_edited(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.contains(IN_DOUBT)
}

/// Refuses what is not a regular file: a FIFO would block the process that opens it, and a link leads to another file. A folder stays: it is
/// no file that is opened.
fn check_kind(path: &Path, metadata: &Metadata) -> Result<(), StoreError> {
    if metadata.is_file() || metadata.is_dir() {
        return Ok(());
    }
    let source = private_file::not_regular(metadata.file_type());
    Err(io_error(StoreStep::Use, path)(source))
}

/// Refuses the folder of a run that is a link, that another user could have written, or any of whose files, or that holds a link or a FIFO.
/// What a person edits is accepted if no other user
/// can reach it.
pub(super) fn check_run(folder: &Path) -> Result<(), StoreError> {
    let failed = |path: &Path| io_error(StoreStep::Read, path.to_owned());
    let metadata = fs::symlink_metadata(folder).map_err(failed(folder))?;
    if metadata.is_symlink() {
        // `prune` would delete the link and leave the run.
        let source = io::Error::other(
            "it is a link, and must be the folder of the run itself; put that in its place",
        );
        return Err(io_error(StoreStep::Use, folder)(source));
    }
    refuse(folder, Some(folder), &metadata)?;
    let is_private = platform::access_of_others(folder, &metadata)
        .map_err(failed(folder))?
        .is_none();
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        match fs::symlink_metadata(&path) {
            // An editor may have a lock beside the list that is a link.
            Ok(metadata) if is_private && is_edited(&path) => {
                if path == in_doubt_in(folder) {
                    check_kind(&path, &metadata)?;
                }
            }
            Ok(metadata) => {
                check_kind(&path, &metadata)?;
                refuse(&path, Some(folder), &metadata)?;
            }
            // A process that works on the run replaces its files.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&path)(error)),
        }
    }
    Ok(())
}

fn refuse(path: &Path, run: Option<&Path>, metadata: &Metadata) -> Result<(), StoreError> {
    match platform::exposure(path, metadata) {
        Ok(None) => Ok(()),
        Ok(Some(exposure)) => Err(StoreError::Exposed {
            path: path.to_owned(),
            run: run.map(Path::to_owned),
            exposure,
        }),
        // A process that works on the run replaces its files.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io_error(StoreStep::Read, path)(error)),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        error::Error as _,
        os::unix::fs::{PermissionsExt as _, symlink},
    };

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn what_a_spreadsheet_saves_is_accepted_in_a_folder_that_no_other_user_can_enter() {
        let home = tempfile::tempdir().unwrap();
        let set = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        for name in ["in_doubt.csv", ".~lock.in_doubt.csv#", "in_doubt.csv~"] {
            let path = home.path().join(name);
            fs::write(&path, "").unwrap();
            set(&path, 0o664);
        }
        set(home.path(), 0o700);
        assert!(check_run(home.path()).is_ok());
        set(home.path(), 0o755);
        assert!(matches!(
            check_run(home.path()),
            Err(StoreError::Exposed { .. })
        ));
        set(home.path(), 0o700);
        let plan = home.path().join("plan");
        fs::write(&plan, "").unwrap();
        set(&plan, 0o664);
        assert!(matches!(
            check_run(home.path()),
            Err(StoreError::Exposed { .. })
        ));
    }

    #[test]
    fn a_link_or_a_fifo_in_the_folder_of_a_run_is_refused_before_it_is_opened() {
        let home = tempfile::tempdir().unwrap();
        let inside = |name: &str| home.path().join(name);
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(inside("plan"), "").unwrap();
        // As Emacs locks the list.
        symlink("me@host.1", inside(".#in_doubt.csv")).unwrap();
        fs::create_dir(inside("notes")).unwrap();
        assert!(check_run(home.path()).is_ok());
        for name in ["timeline.jsonl", "in_doubt.csv", "lock", "anything"] {
            for to in ["plan", "none"] {
                symlink(to, inside(name)).unwrap();
                let error = check_run(home.path()).unwrap_err();
                let said = format!("{error}: {}", error.source().unwrap());
                assert!(said.contains(name) && said.contains("a link"), "{said}");
                fs::remove_file(inside(name)).unwrap();
            }
            mknodat(CWD, inside(name), FileType::Fifo, Mode::RWXU, 0).unwrap();
            assert!(check_run(home.path()).is_err(), "{name}");
            fs::remove_file(inside(name)).unwrap();
        }
    }

    #[test]
    fn a_folder_for_the_temporary_files_of_all_users_can_hold_runs() {
        let home = tempfile::tempdir().unwrap();
        let set = |mode| {
            fs::set_permissions(home.path(), fs::Permissions::from_mode(mode)).unwrap();
            check_parent(home.path())
        };
        assert!(set(0o1777).is_ok());
        assert!(matches!(set(0o777), Err(StoreError::Exposed { .. })));
        assert!(check_parent(&home.path().join("none")).is_ok());
    }
}
