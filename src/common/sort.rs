//! External sorting: a bounded buffer, sorted runs on disk, and merges.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Seek, Write},
    mem,
};

/// Bytes that are held before a run is written: small for a process, but large enough that a usual selection needs no disk.
const BOUND: usize = 16 * 1024 * 1024;

/// Runs that are merged into one of the next generation. Each has an open file, of which a process has 1,024 by default, and one pair in
/// memory. Four generations hold 1 TiB with 60 open files; each pair is written four times at most.
const FAN_IN: usize = 16;

/// The overhead of a pair: two strings in a vector that grows by doubling, and two allocations.
const PAIR: usize = 4 * size_of::<String>() + 2 * 16;

/// Collects pairs of key and payload, and returns them sorted by key; pairs with equal keys stay in their order of arrival.
///
/// A payload must not contain a line break, a key neither a line break nor a tab: keys are ids, payloads one line of JSON.
#[derive(Debug)]
pub struct Sorter {
    bound: usize,
    held: Vec<(String, String)>,
    bytes: usize,
    /// Runs by generation, the merged ones last, each in the order of arrival and fewer than `FAN_IN`.
    generations: Vec<Vec<File>>,
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
            generations: Vec::new(),
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
        // A string that was built up has spare capacity, which would be kept a hundred thousand times.
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
        // Merged runs arrived first, and the buffer last, so equal keys come in this order.
        let runs = self.generations.into_iter().rev().flatten();
        Sorted::merged(runs, self.held, self.len)
    }

    fn spill(&mut self) -> io::Result<()> {
        self.held.sort_by(|a, b| a.0.cmp(&b.0));
        let mut run = written(self.held.drain(..).map(Ok))?;
        self.bytes = 0;
        for generation in 0.. {
            if generation == self.generations.len() {
                self.generations.push(Vec::new());
            }
            let runs = &mut self.generations[generation];
            runs.push(run);
            if runs.len() < FAN_IN {
                break;
            }
            run = written(Sorted::merged(mem::take(runs), Vec::new(), 0)?)?;
        }
        Ok(())
    }
}

/// A run of sorted pairs on disk; the file has no name and ends with the process.
fn written(pairs: impl Iterator<Item = io::Result<(String, String)>>) -> io::Result<File> {
    let mut run = BufWriter::new(tempfile::tempfile()?);
    for pair in pairs {
        let (key, payload) = pair?;
        writeln!(run, "{key}\t{payload}")?;
    }
    run.into_inner().map_err(io::IntoInnerError::into_error)
}

#[derive(Debug)]
enum SortedRun {
    File(BufReader<File>),
    Memory(std::vec::IntoIter<(String, String)>),
}

impl SortedRun {
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
    sources: Vec<SortedRun>,
    heads: BinaryHeap<Reverse<(String, usize, String)>>,
    len: u64,
}

impl Sorted {
    /// Runs in the order of arrival, and what is held behind them.
    fn merged(
        runs: impl IntoIterator<Item = File>,
        held: Vec<(String, String)>,
        len: u64,
    ) -> io::Result<Self> {
        let mut sources = Vec::new();
        for mut file in runs {
            file.rewind()?;
            sources.push(SortedRun::File(BufReader::new(file)));
        }
        sources.push(SortedRun::Memory(held.into_iter()));
        let mut heads = BinaryHeap::with_capacity(sources.len());
        for (number, source) in sources.iter_mut().enumerate() {
            if let Some((key, payload)) = source.next()? {
                heads.push(Reverse((key, number, payload)));
            }
        }
        Ok(Self {
            sources,
            heads,
            len,
        })
    }

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
            keys in proptest::collection::vec("[a-d]{0,3}", 0..300), bound in 0_usize..200,
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
        assert!(sorter.generations.len() > 1, "it was spilled often");
    }

    #[test]
    fn what_is_spilled_often_keeps_few_files_open_and_its_order() {
        // Every pair is a run, as a bound of nothing holds none.
        let (mut sorter, count) = (Sorter::with_bound(0), 5_000);
        let open_files = |sorter: &Sorter| sorter.generations.iter().map(Vec::len).sum::<usize>();
        for number in 0..count {
            sorter
                .push(format!("{}", number % 7), number.to_string())
                .unwrap();
            assert!(open_files(&sorter) < 4 * FAN_IN);
        }
        assert_eq!(sorter.generations.len(), 4, "runs of runs were merged, too");
        let pairs = sorter.finish().unwrap();
        assert_eq!(pairs.len(), count);
        let found: Vec<(String, String)> = pairs.collect::<io::Result<_>>().unwrap();
        let expected: Vec<(String, String)> = (0..7)
            .flat_map(|key| {
                (key..count)
                    .step_by(7)
                    .map(move |number| (key.to_string(), number.to_string()))
            })
            .collect();
        assert_eq!(found, expected);
    }
}
