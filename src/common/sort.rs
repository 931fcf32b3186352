//! External sorting: a bounded buffer, sorted runs on disk, and merges.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, binary_heap::PeekMut},
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read, Seek, Write},
    mem, str,
    vec::IntoIter,
};

/// Bytes that are held before a run is written: small for a process, but large enough that a usual selection needs no disk.
const BOUND: usize = 8 * 1024 * 1024;

/// Runs that are merged into one of the next generation. Each has an open file, of which a process has 256 or 1,024 by default, and one
/// pair in memory. A million executions take fewer runs than this, so each is written once; three generations hold 2 TiB with less than
/// 200 open files.
const FAN_IN: usize = 64;

/// Bytes of a run that are read or written at a time.
const CHUNK: usize = 16 * 1024;

/// Collects pairs of key and payload, and returns them sorted by key; pairs with equal keys stay in their order of arrival.
#[derive(Debug)]
pub struct Sorter {
    bound: usize,
    held: HeldPairs,
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
            held: HeldPairs::default(),
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
    pub fn push(&mut self, key: impl AsRef<str>, payload: impl AsRef<str>) -> io::Result<()> {
        self.held.push(key.as_ref(), payload.as_ref());
        self.len += 1;
        if self.held.bytes() > self.bound {
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
    pub fn finish(self) -> io::Result<Sorted> {
        // Merged runs arrived first, and the buffer last, so equal keys come in this order.
        let runs = self.generations.into_iter().rev().flatten();
        Sorted::merged(runs, self.held, self.len)
    }

    fn spill(&mut self) -> io::Result<()> {
        self.held.sort();
        let mut run = NewRun::new()?;
        for pair in &self.held.pairs {
            let (key, payload) = self.held.texts(pair);
            run.write(key, payload)?;
        }
        self.held.clear();
        let mut run = run.finish()?;
        for generation in 0.. {
            if generation == self.generations.len() {
                self.generations.push(Vec::new());
            }
            let runs = &mut self.generations[generation];
            runs.push(run);
            if runs.len() < FAN_IN {
                break;
            }
            let mut merged = NewRun::new()?;
            for pair in Sorted::merged(mem::take(runs), HeldPairs::default(), 0)? {
                let (key, payload) = pair?;
                merged.write(&key, &payload)?;
            }
            run = merged.finish()?;
        }
        Ok(())
    }
}

/// Pairs in memory: their texts one after the other, so that each takes its length and little more.
#[derive(Debug, Default)]
struct HeldPairs {
    texts: String,
    pairs: Vec<HeldPair>,
}

/// The place of a pair in the texts.
#[derive(Clone, Copy, Debug)]
struct HeldPair {
    /// The first bytes of the key, by which most keys are compared.
    head: [u8; 8],
    at: usize,
    key: usize,
    payload: usize,
}

impl HeldPairs {
    fn push(&mut self, key: &str, payload: &str) {
        let mut head = [0; 8];
        let length = key.len().min(head.len());
        head[..length].copy_from_slice(&key.as_bytes()[..length]);
        self.pairs.push(HeldPair {
            head,
            at: self.texts.len(),
            key: key.len(),
            payload: payload.len(),
        });
        self.texts.push_str(key);
        self.texts.push_str(payload);
    }

    const fn bytes(&self) -> usize {
        self.texts.len() + self.pairs.len() * size_of::<HeldPair>()
    }

    fn texts(&self, pair: &HeldPair) -> (&str, &str) {
        let end = pair.at + pair.key + pair.payload;
        self.texts[pair.at..end].split_at(pair.key)
    }

    /// Pairs that are not sorted yet stand in their order of arrival.
    fn sort(&mut self) {
        let mut pairs = mem::take(&mut self.pairs);
        let key = |pair: &HeldPair| self.texts(pair).0;
        pairs.sort_unstable_by(|one, other| {
            let heads = one.head.cmp(&other.head);
            heads
                .then_with(|| key(one).cmp(key(other)))
                .then(one.at.cmp(&other.at))
        });
        self.pairs = pairs;
    }

    fn clear(&mut self) {
        self.texts.clear();
        self.pairs.clear();
    }
}

/// A run of sorted pairs that is written to disk; the file has no name and ends with the process.
struct NewRun(BufWriter<File>);

impl NewRun {
    fn new() -> io::Result<Self> {
        let file = tempfile::tempfile()?;
        Ok(Self(BufWriter::with_capacity(CHUNK, file)))
    }

    fn write(&mut self, key: &str, payload: &str) -> io::Result<()> {
        for text in [key, payload] {
            self.0.write_all(&(text.len() as u64).to_le_bytes())?;
        }
        self.0.write_all(key.as_bytes())?;
        self.0.write_all(payload.as_bytes())
    }

    fn finish(self) -> io::Result<File> {
        self.0.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

#[derive(Debug)]
enum SortedRun {
    File(BufReader<File>),
    Memory {
        held: HeldPairs,
        order: IntoIter<HeldPair>,
    },
}

impl SortedRun {
    fn next(&mut self) -> io::Result<Option<(String, String)>> {
        match self {
            Self::Memory { held, order } => Ok(order.next().map(|pair| {
                let (key, payload) = held.texts(&pair);
                (key.to_owned(), payload.to_owned())
            })),
            Self::File(file) => {
                let Some(key) = length(file)? else {
                    return Ok(None);
                };
                let payload = length(file)?.ok_or(io::ErrorKind::UnexpectedEof)?;
                Ok(Some((text(file, key)?, text(file, payload)?)))
            }
        }
    }
}

/// The length of a text in a run; none at its end.
fn length(file: &mut BufReader<File>) -> io::Result<Option<u64>> {
    if file.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let mut bytes = [0; size_of::<u64>()];
    file.read_exact(&mut bytes)?;
    Ok(Some(u64::from_le_bytes(bytes)))
}

fn text(file: &mut BufReader<File>, length: u64) -> io::Result<String> {
    let length = usize::try_from(length).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    String::from_utf8(bytes).map_err(io::Error::other)
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
        mut held: HeldPairs,
        len: u64,
    ) -> io::Result<Self> {
        let mut sources = Vec::new();
        for mut file in runs {
            file.rewind()?;
            sources.push(SortedRun::File(BufReader::with_capacity(CHUNK, file)));
        }
        held.sort();
        sources.push(SortedRun::Memory {
            order: mem::take(&mut held.pairs).into_iter(),
            held,
        });
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
        let mut head = self.heads.peek_mut()?;
        let number = head.0.1;
        match self.sources[number].next() {
            Ok(Some((key, payload))) => {
                let Reverse((key, _, payload)) =
                    mem::replace(&mut *head, Reverse((key, number, payload)));
                Some(Ok((key, payload)))
            }
            Ok(None) => {
                let Reverse((key, _, payload)) = PeekMut::pop(head);
                Some(Ok((key, payload)))
            }
            Err(error) => {
                PeekMut::pop(head);
                Some(Err(error))
            }
        }
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
            keys in proptest::collection::vec("[a-b]{0,3}|[a-b]{7,10}|\u{0}{0,9}", 0..300), bound in 0_usize..400,
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
            assert!(sorter.held.bytes() <= 1000);
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
            assert!(open_files(&sorter) < 3 * FAN_IN);
        }
        assert_eq!(sorter.generations.len(), 3, "runs of runs were merged, too");
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
