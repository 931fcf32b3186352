//! The library that stands between the client and the C library, compiled once.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use tempfile::TempDir;

/// Where it is. It needs the C compiler by which `rustc` links.
pub(super) fn interposer() -> &'static Path {
    static COMPILED: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = COMPILED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("interposer.so");
        let source =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/interposer/interposer.c");
        let compiled = Command::new("cc")
            .args([
                "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o",
            ])
            .arg(&library)
            .arg(source)
            .arg("-ldl")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&compiled.stderr);
        assert!(compiled.status.success(), "{said}");
        (folder, library)
    });
    path
}
