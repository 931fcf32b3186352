//! Sorting more than fits into memory: a bounded buffer, sorted runs on disk, and a merge.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Seek, Write},
};

/// Bytes that are held before a run is written: small beside a process, large enough that a usual selection never
/// touches the disk.
const BOUND: usize = 16 * 1024 * 1024;

/// What a pair takes beside its texts: two strings in a vector that grows by doubling, and two allocations.
const PAIR: usize = 4 * size_of::<String>() + 2 * 16;

/// Collects pairs of key and payload, and gives them back by key, and by their order of arrival below one key.
///
/// Neither may hold a line break or, the key, a tab: keys are ids, payloads one line of JSON.
#[derive(Debug)]
pub struct Sorter {
    bound: usize,
    held: Vec<(String, String)>,
    bytes: usize,
    runs: Vec<File>,
    len: u64,
}

impl Default for Sorter {
    fn default() -> Self {
        Self::with_bound(BOUND)
    }
}

impl Sorter {
    /// A sorter that holds about `bound` bytes in memory.
    pub fn with_bound(bound: usize) -> Self {
        Self {
            bound,
            held: Vec::new(),
            bytes: 0,
            runs: Vec::new(),
            len: 0,
        }
    }

    /// How many pairs it has.
    pub const fn len(&self) -> u64 {
        self.len
    }

    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// # Errors
    ///
    /// When a run can't be written to the folder of temporary files.
    pub fn push(&mut self, mut key: String, mut payload: String) -> io::Result<()> {
        // A text that was built up has room for more, which would be held a hundred thousand times.
        key.shrink_to_fit();
        payload.shrink_to_fit();
        self.bytes += key.len() + payload.len() + PAIR;
        self.len += 1;
        self.held.push((key, payload));
        if self.bytes > self.bound {
            self.spill()
        } else {
            Ok(())
        }
    }

    /// Ends the collection.
    ///
    /// # Errors
    ///
    /// When a run can't be read back.
    pub fn finish(mut self) -> io::Result<Sorted> {
        self.held.sort_by(|a, b| a.0.cmp(&b.0));
        let mut sources: Vec<Run> = Vec::with_capacity(self.runs.len() + 1);
        for mut file in self.runs {
            file.rewind()?;
            sources.push(Run::File(BufReader::new(file)));
        }
        // What is still held arrived last, so it comes last among equal keys.
        sources.push(Run::Memory(self.held.into_iter()));
        let mut heads = BinaryHeap::with_capacity(sources.len());
        for (number, source) in sources.iter_mut().enumerate() {
            if let Some((key, payload)) = source.next()? {
                heads.push(Reverse((key, number, payload)));
            }
        }
        Ok(Sorted {
            sources,
            heads,
            len: self.len,
        })
    }

    fn spill(&mut self) -> io::Result<()> {
        self.held.sort_by(|a, b| a.0.cmp(&b.0));
        // The file has no name and ends with the process.
        let mut run = BufWriter::new(tempfile::tempfile()?);
        for (key, payload) in self.held.drain(..) {
            writeln!(run, "{key}\t{payload}")?;
        }
        self.runs
            .push(run.into_inner().map_err(io::IntoInnerError::into_error)?);
        self.bytes = 0;
        Ok(())
    }
}

#[derive(Debug)]
enum Run {
    File(BufReader<File>),
    Memory(std::vec::IntoIter<(String, String)>),
}

impl Run {
    fn next(&mut self) -> io::Result<Option<(String, String)>> {
        match self {
            Self::Memory(pairs) => Ok(pairs.next()),
            Self::File(file) => {
                let mut line = String::new();
                if file.read_line(&mut line)? == 0 {
                    return Ok(None);
                }
                let pair = line.trim_end_matches('\n').split_once('\t');
                let (key, payload) = pair.ok_or(io::ErrorKind::InvalidData)?;
                Ok(Some((key.to_owned(), payload.to_owned())))
            }
        }
    }
}

/// The pairs in order.
#[derive(Debug)]
pub struct Sorted {
    sources: Vec<Run>,
    heads: BinaryHeap<Reverse<(String, usize, String)>>,
    len: u64,
}

impl Sorted {
    /// How many pairs there were in all.
    pub const fn len(&self) -> u64 {
        self.len
    }

    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Iterator for Sorted {
    type Item = io::Result<(String, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((key, number, payload)) = self.heads.pop()?;
        match self.sources[number].next() {
            Ok(Some((key, payload))) => self.heads.push(Reverse((key, number, payload))),
            Ok(None) => {}
            Err(error) => return Some(Err(error)),
        }
        Some(Ok((key, payload)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sorted(bound: usize, pairs: &[(String, String)]) -> Vec<(String, String)> {
        let mut sorter = Sorter::with_bound(bound);
        for (key, payload) in pairs {
            sorter.push(key.clone(), payload.clone()).unwrap();
        }
        sorter.finish().unwrap().collect::<io::Result<_>>().unwrap()
    }

    proptest! {
        #[test]
        fn spilled_or_not_the_order_is_that_of_a_stable_sort(
            keys in proptest::collection::vec("[a-d]{0,3}", 0..200), bound in 0_usize..200,
        ) {
            let pairs: Vec<(String, String)> =
                keys.into_iter().enumerate().map(|(number, key)| (key, number.to_string())).collect();
            let mut expected = pairs.clone();
            expected.sort_by(|a, b| a.0.cmp(&b.0));
            prop_assert_eq!(sorted(bound, &pairs), expected.clone());
            prop_assert_eq!(sorted(usize::MAX, &pairs), expected);
        }
    }

    #[test]
    fn what_is_held_stays_below_the_bound() {
        let mut sorter = Sorter::with_bound(1000);
        for number in 0..10_000 {
            sorter.push(format!("{number:05}"), "x".repeat(20)).unwrap();
            assert!(sorter.bytes <= 1000);
        }
        assert!(sorter.runs.len() > 100);
    }
}
