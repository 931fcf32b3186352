//! Files and folders that only their owner may read, and that survive a power cut.

use std::{
    fs::{self, DirBuilder, File, FileType, OpenOptions},
    io::{self, BufWriter, Read as _, Write},
    os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _},
    path::Path,
};

use rustix::fs::OFlags;
use tempfile::NamedTempFile;

/// Makes a new file, mode 0600.
///
/// # Errors
///
/// When it exists or can't be made.
pub fn create(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().write(true).create_new(true)).open(path)
}

/// Opens a file for reading. Only a regular file: no link is followed, and nothing waits for the other end of a FIFO.
///
/// # Errors
///
/// When it can't be opened, or is something else.
pub fn open(path: &Path) -> io::Result<File> {
    open_regular(OpenOptions::new().read(true), path)
}

/// The bytes of a regular file, of which at most `most` are read.
///
/// # Errors
///
/// When it can't be opened or read, is something else, or is longer.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = open(path)?.take(most.saturating_add(1));
    file.read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let message = format!("it is longer than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// Opens a regular file that exists, for writing at its end, and for reading.
///
/// # Errors
///
/// When it can't be opened, or is something else.
pub fn open_existing_to_append(path: &Path) -> io::Result<File> {
    open_regular(OpenOptions::new().read(true).append(true), path)
}

/// Opens a file if it is a regular one. Something else could block the process for ever (a FIFO), or lead to another file (a link).
fn open_regular(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.custom_flags(flags.bits().cast_signed());
    match options.open(path) {
        Ok(file) if file.metadata()?.is_file() => Ok(file),
        Ok(file) => Err(not_regular(file.metadata()?.file_type())),
        Err(error) => match fs::symlink_metadata(path) {
            Ok(found) if !found.is_file() => Err(not_regular(found.file_type())),
            Ok(_) | Err(_) => Err(error),
        },
    }
}

/// What is wrong with something that is not a regular file.
pub fn not_regular(found: FileType) -> io::Error {
    let kind = if found.is_symlink() {
        "a link"
    } else if found.is_dir() {
        "a folder"
    } else if found.is_fifo() {
        "a FIFO"
    } else if found.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    let message = format!("it is {kind}, and must be a regular file; move it away");
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// Opens a lock file, and creates it with mode 0600 if it does not exist. It is opened for reading, too, since network file systems require
/// this for a shared lock.
///
/// # Errors
///
/// When it can't be opened or made.
pub fn open_or_create(path: &Path) -> io::Result<File> {
    open_regular(
        private(
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false),
        ),
        path,
    )
}

/// Opens a file for reading, and for writing at its end. Creates it with mode 0600 if it does not exist.
///
/// # Errors
///
/// When it can't be opened or made.
pub fn open_to_append(path: &Path) -> io::Result<File> {
    open_regular(
        private(OpenOptions::new().read(true).append(true).create(true)),
        path,
    )
}

/// Makes a new folder, mode 0700.
///
/// # Errors
///
/// When it exists or can't be made.
pub fn create_dir(path: &Path) -> io::Result<()> {
    private_dir().create(path)
}

/// Makes a folder and the missing ones above it, mode 0700. The names of all of them are on disk afterwards.
///
/// # Errors
///
/// When one of them can't be made, or its name may not be on disk.
pub fn create_dir_all(path: &Path) -> io::Result<()> {
    create_dir_all_with(path, sync_dir)
}

/// As [`create_dir_all`]; `sync` syncs the folder that holds the name of a new one, before the next one is made.
fn create_dir_all_with(
    path: &Path,
    mut sync: impl FnMut(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.is_dir();
    let missing: Vec<&Path> = path.ancestors().take_while(is_missing).collect();
    for folder in missing.into_iter().rev() {
        match create_dir(folder) {
            // Another process may create the same folders concurrently.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
            made => made?,
        }
        sync(parent(folder))?;
    }
    Ok(())
}

/// Writes a file (mode 0600) to `path`, replacing what was there: completely or not at all, also if the machine stops in between.
///
/// # Errors
///
/// If `write`, the disk or the rename fails; then the old file is unchanged.
pub fn replace(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let folder = parent(path);
    let mut file = NamedTempFile::new_in(folder)?;
    let mut buffered = BufWriter::new(file.as_file_mut());
    write(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_dir(folder)
}

/// Syncs a folder: returns when the names in it are on disk.
///
/// # Errors
///
/// When they may not be.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// The folder that a path is in.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) | None => Path::new("."),
    }
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

#[cfg(unix)]
fn private_dir() -> DirBuilder {
    let mut builder = DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

#[cfg(test)]
mod tests {
    use std::os::unix::{
        fs::{PermissionsExt, symlink},
        net::UnixListener,
    };

    use rustix::fs::{CWD, FileType as Kind, Mode, mknodat};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn only_the_owner_may_read() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/b");
        create_dir_all(&folder).unwrap();
        create(&folder.join("new")).unwrap();
        open_or_create(&folder.join("lock")).unwrap();
        replace(&folder.join("whole"), |file| file.write_all(b"x")).unwrap();
        assert_eq!(mode(&home.path().join("a")), 0o700);
        assert_eq!(mode(&folder), 0o700);
        for name in ["new", "lock", "whole"] {
            assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
        }
    }

    #[test]
    fn what_is_not_a_regular_file_is_refused_and_nothing_waits_or_is_written_through_it() {
        let home = tempfile::tempdir().unwrap();
        let inside = |name: &str| home.path().join(name);
        fs::write(inside("file"), "12345").unwrap();
        fs::create_dir(inside("folder")).unwrap();
        symlink("file", inside("link")).unwrap();
        symlink("new", inside("dangling")).unwrap();
        mknodat(CWD, inside("fifo"), Kind::Fifo, Mode::RWXU, 0).unwrap();
        let _socket = UnixListener::bind(inside("socket")).unwrap();
        for (name, kind) in [
            ("folder", "a folder"),
            ("link", "a link"),
            ("dangling", "a link"),
            ("fifo", "a FIFO"),
            ("socket", "a socket"),
        ] {
            for opened in [
                open(&inside(name)),
                open_or_create(&inside(name)),
                open_to_append(&inside(name)),
                open_existing_to_append(&inside(name)),
            ] {
                let said = opened.unwrap_err().to_string();
                assert!(said.contains(&format!("it is {kind}, ")), "{name}: {said}");
            }
        }
        assert!(!inside("new").exists());
        assert_eq!(read(&inside("file"), 5).unwrap(), b"12345");
        let long = read(&inside("file"), 4).unwrap_err();
        assert_eq!(long.kind(), io::ErrorKind::FileTooLarge);
        let missing = open(&inside("none")).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn the_name_of_every_folder_that_is_made_is_synced_before_the_next_one_is_made() {
        let home = tempfile::tempdir().unwrap();
        let inside = |path: &str| home.path().join(path);
        fs::create_dir(inside("old")).unwrap();
        for (path, names) in [
            ("a/b/c/d", &["", "a", "a/b", "a/b/c"][..]),
            ("a/b/c/d", &[]),
            ("a/b/x", &["a/b"]),
            ("old/new/", &["old"]),
        ] {
            let mut synced = Vec::new();
            create_dir_all_with(&inside(path), |folder| {
                let made = fs::read_dir(folder)?.count();
                assert!(made > 0, "{path}: {} holds nothing yet", folder.display());
                synced.push(folder.canonicalize()?);
                Ok(())
            })
            .unwrap();
            let expected: Vec<_> = names
                .iter()
                .map(|name| inside(name).canonicalize().unwrap())
                .collect();
            assert_eq!(synced, expected, "{path}");
            assert!(inside(path).is_dir());
        }
        let failed = create_dir_all_with(&inside("f/g"), |_| Err(io::Error::other("no disk")));
        assert_eq!(failed.unwrap_err().to_string(), "no disk");
        assert!(
            !inside("f/g").exists(),
            "nothing is built on what may be lost"
        );
    }

    #[test]
    fn a_new_file_never_takes_the_place_of_another() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("x");
        fs::write(&path, "old").unwrap();
        assert_eq!(
            create(&path).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        drop(open_or_create(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    }

    #[test]
    fn a_replacement_that_fails_leaves_the_old_file_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("report.json");
        fs::write(&path, "old").unwrap();
        let failed = replace(&path, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("full"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "full");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
        replace(&path, |file| file.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn a_bare_name_is_in_the_present_folder() {
        assert_eq!(parent(Path::new("x")), Path::new("."));
        assert_eq!(parent(Path::new("a/x")), Path::new("a"));
    }
}
