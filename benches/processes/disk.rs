//! A disk whose syncs take a given time, on any machine: a library in front of the C library.

use std::{fs, io, path::Path, process::Command, time::Duration};

use tempfile::TempDir;

/// The library, for one process at a time.
pub(crate) struct SlowDisk {
    folder: TempDir,
    syncs: Syncs,
}

/// What a sync of data does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Syncs {
    /// It takes so much longer.
    Slower(Duration),
    /// Nothing.
    Never,
}

impl SlowDisk {
    /// It needs the C compiler by which `rustc` links.
    pub(crate) fn new(syncs: Syncs) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/processes/slow_disk.c");
        let compiled = Command::new("cc")
            .args([
                "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o",
            ])
            .args([&folder.path().join("slow_disk.so"), &source])
            .arg("-ldl")
            .status()?;
        assert!(compiled.success(), "slow_disk.c was not compiled");
        Ok(Self { folder, syncs })
    }

    /// Runs a command on it, and counts its syncs.
    pub(crate) fn counted<T>(
        &self,
        command: &mut Command,
        run: impl FnOnce(&mut Command) -> io::Result<T>,
    ) -> io::Result<(T, u64)> {
        let count = self.folder.path().join("count");
        command
            .env("LD_PRELOAD", self.folder.path().join("slow_disk.so"))
            .env("SLOW_DISK_COUNT", &count);
        match self.syncs {
            Syncs::Slower(by) => command.env("SLOW_DISK_MICROS", by.as_micros().to_string()),
            Syncs::Never => command.env("SLOW_DISK_NONE", "1"),
        };
        let ran = run(command)?;
        let syncs = fs::read_to_string(count)?;
        Ok((ran, syncs.trim().parse().unwrap_or_default()))
    }
}
