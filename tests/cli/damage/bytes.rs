//! A checkpoint that was damaged or cut off: told from a whole one, byte by byte.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    thread,
};

use wf_bulk::checkpoint::{Checkpoint, CheckpointError, CheckpointHeader, Record, Tail};

use super::wreck::Wreck;

/// A whole checkpoint, by its lines.
struct Whole {
    bytes: Vec<u8>,
    header: CheckpointHeader,
    records: Vec<Record>,
    /// Where each line ends, its newline included.
    ends: Vec<usize>,
}

/// What a reader made of a file.
#[derive(Debug)]
enum Read {
    /// So many records, the first of the whole checkpoint, and what stands behind them.
    Records(usize, Tail),
    Damaged {
        line: u64,
    },
}

impl Whole {
    fn of(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap();
        let mut records = Vec::new();
        let snapshot = Checkpoint::visit(path, |record| records.push(record.clone())).unwrap();
        assert_eq!(snapshot.tail, Tail::None);
        let ends: Vec<usize> = (1..=bytes.len())
            .filter(|&end| bytes[end - 1] == b'\n')
            .collect();
        assert_eq!(ends.len(), records.len() + 1);
        Self {
            bytes,
            header: snapshot.header,
            records,
            ends,
        }
    }

    /// The line that a byte is in, from 1.
    fn line_of(&self, at: usize) -> u64 {
        1 + self.ends.iter().filter(|&&end| end <= at).count() as u64
    }

    fn read(&self, path: &Path, what: &str) -> Read {
        let mut records = Vec::new();
        match Checkpoint::visit(path, |record| records.push(record.clone())) {
            Ok(snapshot) => {
                assert_eq!(snapshot.header, self.header, "{what}");
                let known = self.records.get(..records.len());
                assert_eq!(known, Some(&records[..]), "{what}: another content");
                Read::Records(records.len(), snapshot.tail)
            }
            Err(CheckpointError::Damaged { line, .. }) => Read::Damaged { line },
            Err(error) => panic!("{what}: {error:?}"),
        }
    }

    /// Opens a damaged copy to continue with it, and asserts that it is whole again, with all that was to be kept.
    fn open(&self, path: &Path, records: usize, what: &str) {
        let opened = Checkpoint::open(path, &self.header, 0).unwrap();
        opened.checkpoint.close().unwrap();
        let mut after = Vec::new();
        let snapshot = Checkpoint::visit(path, |record| after.push(record.clone())).unwrap();
        assert_eq!(snapshot.tail, Tail::None, "{what}");
        let (kept, added) = after.split_at(records);
        assert_eq!(kept, &self.records[..records], "{what}");
        let resumed: &[Record] = if records > 0 {
            &[Record::Resumed { at: 0 }]
        } else {
            &[]
        };
        assert_eq!(added, resumed, "{what}");
    }
}

/// A copy that is damaged at one place after another.
struct Copy {
    path: PathBuf,
    file: File,
}

impl Copy {
    fn of(whole: &Whole, folder: &Path, name: &str) -> Self {
        let path = folder.join(name);
        fs::write(&path, &whole.bytes).unwrap();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        Self { path, file }
    }
}

#[test]
fn every_damaged_byte_is_refused_with_its_line_and_a_lost_newline_is_restored() {
    const WORKERS: usize = 2;
    let wreck = Wreck::make();
    let whole = Whole::of(&wreck.checkpoint());
    assert!(whole.records.len() >= 90, "{}", whole.records.len());
    let folder = tempfile::tempdir().unwrap();
    let (whole, folder) = (&whole, folder.path());
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            scope.spawn(move || {
                let copy = Copy::of(whole, folder, &format!("copy{worker}"));
                for at in (worker..whole.bytes.len()).step_by(WORKERS) {
                    damage(whole, &copy, at);
                }
            });
        }
    });
}

/// Damages one byte in several ways.
fn damage(whole: &Whole, copy: &Copy, at: usize) {
    let was = whole.bytes[at];
    let last = at + 1 == whole.bytes.len();
    for byte in [was ^ 0x01, was ^ 0x20, b'\n', b'0'] {
        if byte == was {
            continue;
        }
        copy.file.write_all_at(&[byte], at as u64).unwrap();
        let what = format!("byte {at}, line {}, as {byte:#04x}", whole.line_of(at));
        match whole.read(&copy.path, &what) {
            Read::Damaged { line } if !last => assert_eq!(line, whole.line_of(at), "{what}"),
            // One other byte where the last newline was: the record says by its checksum that it is whole.
            Read::Records(records, Tail::Unended { bytes: 1 }) if last => {
                assert_eq!(records, whole.records.len(), "{what}");
                let opened = copy.path.with_extension("opened");
                fs::copy(&copy.path, &opened).unwrap();
                whole.open(&opened, records, &what);
            }
            read @ (Read::Damaged { .. } | Read::Records(..)) => panic!("{what}: {read:?}"),
        }
    }
    copy.file.write_all_at(&[was], at as u64).unwrap();
}

#[test]
fn a_checkpoint_that_is_cut_anywhere_holds_its_whole_records_and_goes_on_from_there() {
    let wreck = Wreck::make();
    let whole = Whole::of(&wreck.checkpoint());
    let folder = tempfile::tempdir().unwrap();
    let copy = Copy::of(&whole, folder.path(), "copy");
    for length in (0..=whole.bytes.len()).rev() {
        #[expect(clippy::disallowed_methods, reason = "it was not opened to append")]
        copy.file.set_len(length as u64).unwrap();
        let what = format!("cut to {length} bytes");
        let read = whole.read(&copy.path, &what);
        let whole_lines = whole.ends.iter().filter(|&&end| end <= length).count();
        let Some(records) = whole_lines.checked_sub(1) else {
            // The header is synced before the run has its name: it is never torn, only damaged.
            assert!(
                matches!(read, Read::Damaged { line: 1 }),
                "{what}: {read:?}"
            );
            continue;
        };
        let left = (length - whole.ends[records]) as u64;
        let lacks_its_newline = whole.ends.contains(&(length + 1));
        let (records, tail) = match left {
            0 => (records, Tail::None),
            _ if lacks_its_newline => (records + 1, Tail::Unended { bytes: 0 }),
            bytes => (records, Tail::Torn { bytes }),
        };
        assert!(
            matches!(read, Read::Records(found, end) if (found, end) == (records, tail)),
            "{what}: {read:?}, not {records} records and {tail:?}"
        );
        // To open takes a thread and several syncs, so it is done around the ends of lines and here and there.
        let near_an_end = (0..3).any(|more| whole.ends.contains(&(length + more)));
        if near_an_end || length % 97 == 0 {
            let opened = folder.path().join("opened");
            fs::copy(&copy.path, &opened).unwrap();
            whole.open(&opened, records, &what);
        }
    }
}
