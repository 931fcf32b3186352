//! Files and folders that only their owner may read, and that survive a power cut.

use std::{
    fs::{self, File, FileType, OpenOptions},
    io::{self, BufWriter, Read as _, Write},
    path::Path,
};

use crate::platform;

/// Makes a new file.
///
/// # Errors
///
/// When it exists or can't be made.
pub fn create(path: &Path) -> io::Result<File> {
    platform::open_owner_only(OpenOptions::new().write(true).create_new(true), path)
}

/// Opens a file for reading. Only a regular file: no link is followed, and nothing waits for the other end of a FIFO.
///
/// # Errors
///
/// When it can't be opened, or is something else.
pub fn open(path: &Path) -> io::Result<File> {
    regular(
        path,
        platform::only_regular(OpenOptions::new().read(true)).open(path),
    )
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

/// Opens a regular file that exists, for writing at its end, and for reading. Where the system can, it keeps the file in its place meanwhile.
///
/// # Errors
///
/// When it can't be opened, or is something else.
pub fn open_existing_to_append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let options = platform::only_regular(options.read(true).append(true));
    regular(path, platform::keep_in_place(options).open(path))
}

/// What was opened, if it is a regular file. Something else could block the process for ever (a FIFO), or lead to another file (a link).
fn regular(path: &Path, opened: io::Result<File>) -> io::Result<File> {
    match opened {
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
    } else {
        platform::kind_of_special(found)
    };
    let message = format!("it is {kind}, and must be a regular file; move it away");
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// Opens a lock file, and creates it if it does not exist. It is opened for reading, too, since network file systems require
/// this for a shared lock.
///
/// # Errors
///
/// When it can't be opened or made.
pub fn open_or_create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let options = platform::only_regular(&mut options);
    regular(path, platform::open_owner_only(options, path))
}

/// Opens a file for reading, and for writing at its end. Creates it if it does not exist.
///
/// # Errors
///
/// When it can't be opened or made.
pub fn open_to_append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let options = platform::only_regular(options.read(true).append(true).create(true));
    regular(path, platform::open_owner_only(options, path))
}

/// Sets the length of a file, and syncs it. The file is opened for this alone: Windows shortens no file that was opened to append.
///
/// # Errors
///
/// When it can't be opened or changed, or is something else.
pub fn set_length(path: &Path, length: u64) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let options = platform::only_regular(options.write(true));
    let file = regular(path, options.open(path))?;
    #[expect(clippy::disallowed_methods, reason = "it was not opened to append")]
    file.set_len(length)?;
    file.sync_all()
}

/// Makes a new folder.
///
/// # Errors
///
/// When it exists or can't be made.
pub fn create_dir(path: &Path) -> io::Result<()> {
    platform::create_owner_only_folder(path)
}

/// Makes a folder and the missing ones above it. The names of all of them are on disk afterwards.
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

/// Writes a file to `path`, replacing what was there: completely or not at all, also if the machine stops in between.
///
/// # Errors
///
/// If `write`, the disk or the rename fails; then the old file is unchanged.
pub fn replace(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    replace_with(path, create, write)?;
    sync_dir(parent(path))
}

/// As [`replace`], with the permissions that the system gives a new file: for another user to read.
///
/// # Errors
///
/// If `write`, the disk or the rename fails; then the old file is unchanged.
pub fn replace_public(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    replace_with(path, |path| File::create_new(path), write)
}

fn replace_with(
    path: &Path,
    create: impl FnMut(&Path) -> io::Result<File>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = tempfile::Builder::new().make_in(parent(path), create)?;
    let mut buffered = BufWriter::new(file.as_file_mut());
    write(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    file.as_file().sync_all()?;
    let mut file = file.into_temp_path();
    // Also where another process has the old file open, which the call of the crate can't on Windows.
    platform::rename_file(&file, path)?;
    file.disable_cleanup(true);
    Ok(())
}

/// Syncs a folder: returns when the names in it are on disk, as far as the system can tell.
///
/// # Errors
///
/// When they may not be.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    platform::sync_folder(path)
}

/// The folder that a path is in.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) | None => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_may_read() {
        let access = |path: &Path| {
            let metadata = fs::metadata(path).unwrap();
            platform::access_of_others(path, &metadata).unwrap()
        };
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/b");
        create_dir_all(&folder).unwrap();
        create(&folder.join("new")).unwrap();
        open_or_create(&folder.join("lock")).unwrap();
        replace(&folder.join("whole"), |file| file.write_all(b"x")).unwrap();
        open_to_append(&folder.join("lines")).unwrap();
        create(&home.path().join("beside")).unwrap();
        for name in [
            "a",
            "a/b",
            "a/b/new",
            "a/b/lock",
            "a/b/whole",
            "a/b/lines",
            "beside",
        ] {
            assert_eq!(access(&home.path().join(name)), None, "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_a_regular_file_is_refused_and_nothing_waits_or_is_written_through_it() {
        use std::os::unix::{fs::symlink, net::UnixListener};

        use rustix::fs::{CWD, FileType as Kind, Mode, mknodat};

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
    fn a_file_that_another_process_reads_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("report.json");
        replace(&path, |file| file.write_all(b"old")).unwrap();
        let mut reader = open(&path).unwrap();
        replace(&path, |file| file.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "old");
    }

    #[test]
    fn a_bare_name_is_in_the_present_folder() {
        assert_eq!(parent(Path::new("x")), Path::new("."));
        assert_eq!(parent(Path::new("a/x")), Path::new("a"));
    }
}
