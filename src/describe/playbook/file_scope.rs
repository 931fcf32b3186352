//! Decides which files a playbook may name: its author may be another person than the one who runs it.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use crate::table;

/// Folders of the operating system, with files about the process itself. The folder `/` does not include them.
const SYSTEM: [&str; 3] = ["/dev", "/proc", "/sys"];

/// The folders whose files a playbook may read.
#[derive(Debug)]
pub(super) struct FileScope {
    /// The playbook's folder, as named: relative names start here.
    folder: PathBuf,
    /// This folder and the allowed ones, with links resolved.
    within: Vec<PathBuf>,
}

/// Why a playbook can't read a file.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileFault {
    #[error("there is no such file")]
    Missing,
    #[error("it is a folder")]
    Folder,
    #[error("it is a device, pipe or socket, and a playbook reads regular files only")]
    NotRegular,
    #[error("it is outside of the playbook's folder")]
    Outside,
    #[error("{0}")]
    Io(io::Error),
}

impl FileFault {
    /// What to do about it.
    pub(super) const fn cure(&self) -> &'static str {
        match self {
            Self::Missing | Self::Folder | Self::Io(_) => {
                "files are found relative to the playbook's folder"
            }
            Self::NotRegular => "write `-` for standard input, or name a regular file",
            Self::Outside => {
                "move the file into the playbook's folder, or allow its folder with the flag `--allow-files DIR`; links are followed first"
            }
        }
    }
}

impl FileScope {
    /// The scope of a playbook. The folder of standard input is the current one.
    pub(super) fn new(playbook: &Path, allowed: &[PathBuf]) -> Self {
        let folder = playbook
            .parent()
            .filter(|_| !table::is_stdin(playbook))
            .unwrap_or(Path::new(""));
        let within = std::iter::once(folder)
            .chain(allowed.iter().map(PathBuf::as_path))
            // A folder that does not exist has no files.
            .filter_map(|folder| resolved(folder).ok())
            .collect();
        Self {
            folder: folder.to_owned(),
            within,
        }
    }

    /// The path of a file that the playbook may read. Nothing is opened.
    ///
    /// # Errors
    ///
    /// If it is no regular file, or outside of the scope. What exists outside is not told.
    pub(super) fn find(&self, name: &str) -> Result<PathBuf, FileFault> {
        if cfg!(windows) && is_of_another_machine(name) && !self.is_on_another_machine() {
            // Also to look for it would log in there.
            return Err(FileFault::Outside);
        }
        let path = self.folder.join(name);
        let real = match resolved(&path) {
            Ok(real) => real,
            Err(error) => {
                return Err(match resolved(&self.folder) {
                    Ok(folder) if !self.includes(&destination(&folder, name)) => FileFault::Outside,
                    Ok(_) | Err(_) if error.kind() == io::ErrorKind::NotFound => FileFault::Missing,
                    Ok(_) | Err(_) => FileFault::Io(error),
                });
            }
        };
        if !self.includes(&real) {
            return Err(FileFault::Outside);
        }
        let metadata = real.metadata().map_err(FileFault::Io)?;
        if metadata.is_dir() {
            Err(FileFault::Folder)
        } else if metadata.is_file() {
            Ok(path)
        } else {
            Err(FileFault::NotRegular)
        }
    }

    /// Windows: whether files of another machine are allowed.
    fn is_on_another_machine(&self) -> bool {
        let mut within = self.within.iter();
        within.any(|folder| folder.to_string_lossy().starts_with(r"\\?\UNC\"))
    }

    fn includes(&self, real: &Path) -> bool {
        self.within.iter().any(|folder| is_within(real, folder))
    }
}

/// Windows: whether the name begins as that of a file on another machine, or of a device.
fn is_of_another_machine(name: &str) -> bool {
    let mut letters = name.chars();
    matches!(
        (letters.next(), letters.next()),
        (Some('\\' | '/'), Some('\\' | '/' | '?'))
    )
}

/// Links that are followed, as by the operating system.
const MAX_LINKS: usize = 40;

/// Where a name in a folder leads once its links are followed, whether or not there is anything.
fn destination(folder: &Path, name: &str) -> PathBuf {
    let names = |path: &Path| {
        let components = path.components().rev();
        components
            .map(|component| component.as_os_str().to_owned())
            .collect::<Vec<OsString>>()
    };
    let mut place = folder.to_owned();
    // The next one is the last.
    let mut left = names(Path::new(name));
    let mut links = 0;
    while let Some(next) = left.pop() {
        if next == ".." {
            place.pop();
            continue;
        }
        // An absolute name or link begins anew.
        let inner = place.join(next);
        match inner.read_link() {
            Ok(target) if links < MAX_LINKS => {
                links += 1;
                left.extend(names(&target));
            }
            Ok(_) | Err(_) => place = inner,
        }
    }
    place
}

/// Whether a path is a folder or below it; both with links resolved.
fn is_within(path: &Path, folder: &Path) -> bool {
    path.starts_with(folder)
        && SYSTEM
            .iter()
            .all(|system| !path.starts_with(system) || folder.starts_with(system))
}

/// The absolute path with links resolved; an empty path is the current folder.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    if path.as_os_str().is_empty() {
        Path::new(".").canonicalize()
    } else {
        path.canonicalize()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::symlink, process::Command};

    use super::*;

    #[test]
    fn on_windows_the_name_of_a_file_on_another_machine_is_told_from_a_path() {
        for name in [
            r"\\server\share\x.csv",
            "//server/share/x.csv",
            r"\\?\C:\x",
            r"\??\UNC\s\x",
        ] {
            assert!(is_of_another_machine(name), "{name}");
        }
        for name in [
            "x.csv",
            "a/x.csv",
            r"a\x.csv",
            r"\x.csv",
            "/x.csv",
            r"C:\x.csv",
            "",
        ] {
            assert!(!is_of_another_machine(name), "{name}");
        }
    }

    #[test]
    fn a_playbook_reads_regular_files_of_its_folder_and_of_allowed_ones_alone() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        for folder in ["books/below", "common", "books.old"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for file in [
            "books/a",
            "books/below/b",
            "common/c",
            "secret",
            "books.old/d",
        ] {
            fs::write(at(file), "x").unwrap();
        }
        for (target, link) in [
            ("a", "books/inside"),
            ("../secret", "books/out"),
            ("..", "books/up"),
            ("/dev/null", "books/null"),
            ("../common", "books/common"),
            ("loop", "books/loop"),
            ("../secret_none", "books/dangling"),
            ("../common/none", "books/nothing"),
            ("below/none", "books/within"),
        ] {
            symlink(target, at(link)).unwrap();
        }
        let made = Command::new("mkfifo").arg(at("books/pipe")).status();
        assert!(made.unwrap().success());
        let absolute = at("books/a").display().to_string();
        let outside = at("secret").display().to_string();
        for (name, alone, with_common) in [
            ("a", "", ""),
            ("./below/../a", "", ""),
            ("below/b", "", ""),
            ("inside", "", ""),
            (&absolute, "", ""),
            ("none", "Missing", "Missing"),
            ("none/../../secret", "Outside", "Outside"),
            ("below", "Folder", "Folder"),
            ("pipe", "NotRegular", "NotRegular"),
            ("out", "Outside", "Outside"),
            ("dangling", "Outside", "Outside"),
            ("dangling/x", "Outside", "Outside"),
            ("nothing", "Outside", "Missing"),
            ("within", "Missing", "Missing"),
            ("up/secret", "Outside", "Outside"),
            ("up/none", "Outside", "Outside"),
            ("../secret", "Outside", "Outside"),
            ("../none", "Outside", "Outside"),
            ("../books.old/d", "Outside", "Outside"),
            (&outside, "Outside", "Outside"),
            ("null", "Outside", "Outside"),
            ("/dev/stdin", "Outside", "Outside"),
            ("/proc/self/environ", "Outside", "Outside"),
            ("/etc/none", "Outside", "Outside"),
            ("common/c", "Outside", ""),
            ("../common/c", "Outside", ""),
            ("../common", "Outside", "Folder"),
            ("../common/none", "Outside", "Missing"),
            ("loop", "Io", "Io"),
        ] {
            for (allowed, expected) in [(vec![], alone), (vec![at("common")], with_common)] {
                let scope = FileScope::new(&at("books/p.yaml"), &allowed);
                let found = match scope.find(name) {
                    Ok(path) => {
                        assert_eq!(path, at("books").join(name));
                        String::new()
                    }
                    Err(fault) => format!("{fault:?}"),
                };
                let kind = found.split('(').next().unwrap_or_default();
                assert_eq!(kind, expected, "{name} {allowed:?}");
            }
        }
    }

    #[test]
    fn the_root_does_not_include_the_files_of_the_operating_system() {
        for (path, folder, is) in [
            ("/proc/self/environ", "/", false),
            ("/dev/shm/p/a", "/", false),
            ("/dev/shm/p/a", "/dev/shm/p", true),
            ("/development/a", "/", true),
            ("/srv/a", "/srv/b", false),
        ] {
            assert_eq!(is_within(Path::new(path), Path::new(folder)), is, "{path}");
        }
    }

    #[test]
    fn the_folder_of_standard_input_is_the_current_one() {
        for playbook in ["-", "/dev/stdin", "p.yaml"] {
            let scope = FileScope::new(Path::new(playbook), &[]);
            assert_eq!(scope.find("Cargo.toml").unwrap(), Path::new("Cargo.toml"));
            assert!(matches!(scope.find("/etc/passwd"), Err(FileFault::Outside)));
        }
    }
}
