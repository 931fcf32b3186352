//! The numbers of a run's events (`--events`): each one is used once, over all sessions of the run.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    RunFolder,
    error::{StoreError, StoreStep, io_error},
};
use crate::private_file;

/// How many numbers one sync reserves. After a crash, the next session skips those that were not used.
const RESERVED: u64 = 10_000;

/// A number has at most 20 digits.
const MAX_BYTES: u64 = 64;

/// The numbers of a session. The run's lock must be held.
#[derive(Debug)]
pub struct EventNumbers {
    path: PathBuf,
    next: u64,
    /// The first number that is not reserved; the file holds it.
    end: u64,
}

impl EventNumbers {
    /// Those that no earlier session has used, from 1.
    ///
    /// # Errors
    ///
    /// If the file can't be read, or holds no number.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        let next = match private_file::read(&path, MAX_BYTES) {
            Ok(bytes) => first_unused(&String::from_utf8_lossy(&bytes))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 1,
            Err(error) => return Err(error),
        };
        Ok(Self {
            path,
            next,
            end: next,
        })
    }

    /// The next number.
    ///
    /// # Errors
    ///
    /// If it can't be reserved on disk.
    pub fn take(&mut self) -> io::Result<u64> {
        if self.next == self.end {
            let end = self.next.checked_add(RESERVED).ok_or_else(damaged)?;
            write(&self.path, end)?;
            self.end = end;
        }
        let number = self.next;
        self.next += 1;
        Ok(number)
    }

    /// Gives back the numbers that were not used.
    ///
    /// # Errors
    ///
    /// If the disk fails; the next session skips them then.
    pub fn close(&mut self) -> io::Result<()> {
        if self.next < self.end {
            write(&self.path, self.next)?;
            self.end = self.next;
        }
        Ok(())
    }
}

impl RunFolder {
    /// The numbers for the events of a session that holds the run's lock.
    ///
    /// # Errors
    ///
    /// If those of the earlier sessions can't be read.
    pub fn event_numbers(&self) -> Result<EventNumbers, StoreError> {
        let path = self.path().join("events.next");
        EventNumbers::open(path.clone()).map_err(io_error(StoreStep::Read, &path))
    }
}

fn write(path: &Path, first_unused: u64) -> io::Result<()> {
    private_file::replace(path, |file| writeln!(file, "{first_unused}"))
}

fn first_unused(text: &str) -> io::Result<u64> {
    let number = text.trim_end().parse().ok();
    number.filter(|number| *number > 0).ok_or_else(damaged)
}

fn damaged() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "it does not hold the number of the next event; write a number into it that is larger than those of all events of this run",
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn open(folder: &tempfile::TempDir) -> io::Result<EventNumbers> {
        EventNumbers::open(folder.path().join("events.next"))
    }

    #[test]
    fn each_number_is_used_once_and_only_a_crash_leaves_a_gap() {
        let folder = tempfile::tempdir().unwrap();
        let mut numbers = open(&folder).unwrap();
        for number in 1..=RESERVED + 2 {
            assert_eq!(numbers.take().unwrap(), number);
        }
        numbers.close().unwrap();
        let mut numbers = open(&folder).unwrap();
        assert_eq!(numbers.take().unwrap(), RESERVED + 3);
        // Its process dies.
        drop(numbers);
        let mut numbers = open(&folder).unwrap();
        assert_eq!(numbers.take().unwrap(), 2 * RESERVED + 3);
    }

    #[test]
    fn a_number_that_can_not_be_reserved_is_not_given() {
        let folder = tempfile::tempdir().unwrap();
        let mut numbers = open(&folder).unwrap();
        fs::remove_dir_all(folder.path()).unwrap();
        assert!(numbers.take().is_err());
        for text in ["", "0", "x", "-1", "18446744073709551616"] {
            let said = first_unused(text).unwrap_err().to_string();
            // Without the file, the numbers would begin again, and be used twice.
            assert!(!said.contains("delete"), "{text}: {said}");
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("events.next"), u64::MAX.to_string()).unwrap();
        assert!(open(&folder).unwrap().take().is_err());
    }
}
