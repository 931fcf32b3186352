//! Files for readers that take a path: one folder for the process, one file of each name for each thread.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
    thread,
};

use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a folder for temporary files"));

/// The folder, with links resolved.
pub(super) fn folder() -> &'static Path {
    FOLDER.path()
}

/// Writes a file that this thread alone uses.
pub(super) fn write(name: &str, data: &[u8]) -> PathBuf {
    let thread = format!("{:?}", thread::current().id());
    let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
    let path = folder().join(format!("{thread}-{name}"));
    fs::write(&path, data).expect("a temporary file");
    path
}
