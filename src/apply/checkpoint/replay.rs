//! Reads a checkpoint from its first byte, line by line, into its state.

use std::io::{self, BufRead, Read};

use super::{
    error::Damage,
    record::{CheckpointHeader, Record},
    seal::{Chain, MAX_LINE},
    state::CheckpointState,
};

/// A checkpoint as read.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) header: CheckpointHeader,
    pub(super) state: CheckpointState,
    pub(super) chain: Chain,
    /// Bytes up to the end of the last complete record.
    pub(super) good: u64,
    pub(super) tail: Tail,
}

/// The bytes after the last complete record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tail {
    /// Nothing.
    #[default]
    None,
    /// The beginning of a record; its length in bytes.
    Torn { bytes: u64 },
    /// The last record is complete except for its newline, which is missing or replaced by one other byte.
    Unended { bytes: u64 },
}

impl Tail {
    /// How many bytes have to be cut off.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Torn { bytes } | Self::Unended { bytes } => bytes,
        }
    }
}

#[derive(Debug)]
pub(super) enum ReplayError {
    Io(io::Error),
    /// `line` is 1-based.
    Damaged {
        line: u64,
        damage: Damage,
    },
}

/// One line of the file.
enum CheckpointLine {
    /// It ends with a newline, and the buffer holds all of it.
    Whole,
    /// It ends with a newline, and is longer than any valid line.
    Overlong,
    /// The file ends in it, without a newline. The buffer holds its beginning.
    Unended,
    /// The end of the file.
    None,
}

/// Reads all of `reader`.
///
/// The last record is incomplete if its line has no newline and its checksum does not fit: the process or the machine died before the disk
/// had it, so it was never acknowledged, and no request left for it. If the checksum fits, only the newline is missing, and the record
/// counts. A line with a newline was written completely. If its checksum is wrong it is damaged, also the last one, because a request may
/// have followed it. The header is never incomplete, because it is synced before the run folder gets its name.
pub(super) fn replay(reader: impl BufRead) -> Result<Replay, ReplayError> {
    visit(reader, |_| ())
}

/// As [`replay`], and passes each record.
pub(super) fn visit(
    mut reader: impl BufRead,
    mut seen: impl FnMut(&Record),
) -> Result<Replay, ReplayError> {
    let mut chain = Chain::default();
    let mut buffer = Vec::with_capacity(MAX_LINE);
    let mut number = 1;

    let (header, mut good) = read_header(&mut reader, &mut chain, &mut buffer)?;
    let at = |line| move |damage| ReplayError::Damaged { line, damage };
    let mut state = CheckpointState::new(&header).map_err(|illegal| at(number)(illegal.into()))?;

    let mut tail = Tail::None;
    while tail == Tail::None {
        number += 1;
        let (line, bytes) = read_line(&mut reader, &mut buffer)?;
        let record = match line {
            CheckpointLine::None => break,
            CheckpointLine::Whole => chain.open_record(&buffer).map_err(at(number))?,
            CheckpointLine::Overlong => return Err(at(number)(Damage::Checksum)),
            CheckpointLine::Unended => {
                let Some((record, in_its_place)) = unended(&mut chain, &buffer) else {
                    tail = Tail::Torn { bytes };
                    break;
                };
                tail = Tail::Unended {
                    bytes: in_its_place,
                };
                record
            }
        };
        state
            .next(&record)
            .map_err(|illegal| at(number)(illegal.into()))?;
        seen(&record);
        good += bytes - tail.bytes();
    }
    Ok(Replay {
        header,
        state,
        chain,
        good,
        tail,
    })
}

/// The header alone.
pub(super) fn header_of(mut reader: impl BufRead) -> Result<CheckpointHeader, ReplayError> {
    let mut buffer = Vec::new();
    read_header(&mut reader, &mut Chain::default(), &mut buffer).map(|(header, _)| header)
}

/// Reads the first line, and returns the header and the length of the line in bytes.
fn read_header(
    reader: &mut impl BufRead,
    chain: &mut Chain,
    buffer: &mut Vec<u8>,
) -> Result<(CheckpointHeader, u64), ReplayError> {
    let (first, bytes) = read_line(reader, buffer)?;
    match first {
        CheckpointLine::Whole => chain.open_header(buffer),
        CheckpointLine::Overlong | CheckpointLine::Unended | CheckpointLine::None => {
            Err(Damage::Checksum)
        }
    }
    .map(|header| (header, bytes))
    .map_err(|damage| ReplayError::Damaged { line: 1, damage })
}

/// Reads the last line as a record that lacks only its newline, and returns how many bytes are in place of the newline.
fn unended(chain: &mut Chain, line: &[u8]) -> Option<(Record, u64)> {
    let without_last = line.split_last().map(|(_, rest)| (rest, 1));
    let readings = [Some((line, 0)), without_last];
    readings
        .into_iter()
        .flatten()
        .find_map(|(line, in_its_place)| {
            let mut tried = *chain;
            let record = tried.open_record(line).ok()?;
            *chain = tried;
            Some((record, in_its_place))
        })
}

/// Reads one line into `buffer`, without its newline, and returns its length in the file. Keeps at most the longest valid line, also if the
/// file continues without a newline.
fn read_line(
    reader: &mut impl BufRead,
    buffer: &mut Vec<u8>,
) -> Result<(CheckpointLine, u64), ReplayError> {
    buffer.clear();
    let limit = MAX_LINE as u64;
    let read = reader
        .by_ref()
        .take(limit)
        .read_until(b'\n', buffer)
        .map_err(ReplayError::Io)? as u64;
    if read == 0 {
        return Ok((CheckpointLine::None, 0));
    }
    if buffer.pop_if(|last| *last == b'\n').is_some() {
        return Ok((CheckpointLine::Whole, read));
    }
    let (rest, ended) = skip_line(reader).map_err(ReplayError::Io)?;
    let line = if ended {
        CheckpointLine::Overlong
    } else {
        CheckpointLine::Unended
    };
    Ok((line, read + rest))
}

/// Skips to the end of a line; returns the number of bytes, and whether a newline ended it.
fn skip_line(reader: &mut impl BufRead) -> io::Result<(u64, bool)> {
    let mut skipped = 0;
    loop {
        let available = reader.fill_buf()?;
        let newline = available.iter().position(|byte| *byte == b'\n');
        let take = newline.map_or(available.len(), |place| place + 1);
        reader.consume(take);
        skipped += take as u64;
        if newline.is_some() || take == 0 {
            return Ok((skipped, newline.is_some()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{
        error::Illegal,
        record::{Detail, Record, RecordedOutcome},
    };

    fn header() -> CheckpointHeader {
        CheckpointHeader::new("0192".into(), "ab12".into(), 6, 4)
    }

    fn history() -> Vec<Record> {
        let (line, attempt) = (2, 1);
        vec![
            Record::Started {
                line,
                attempt,
                at: 17,
            },
            Record::Unknown {
                line,
                attempt,
                at: 18,
                reason: Detail::new("no answer\n"),
            },
            Record::Ended {
                line: 3,
                outcome: RecordedOutcome::Drifted,
                detail: Some(Detail::new("größer")),
                is_answer: false,
            },
            Record::NotApplied { line, attempt },
            Record::Started {
                line: 4,
                attempt: 1,
                at: 18,
            },
        ]
    }

    /// The file's bytes, where each of its lines ends, and the state at that point.
    fn written() -> (Vec<u8>, Vec<(usize, CheckpointState)>) {
        let mut chain = Chain::default();
        let mut bytes = Vec::new();
        chain.seal_header(&header(), &mut bytes).unwrap();
        let mut state = CheckpointState::new(&header()).unwrap();
        let mut ends = vec![(bytes.len(), state.clone())];
        for record in history() {
            chain.seal_record(&record, &mut bytes).unwrap();
            state.next(&record).unwrap();
            ends.push((bytes.len(), state.clone()));
        }
        (bytes, ends)
    }

    /// Asserts that a replay gives exactly the first lines, and calls the rest torn.
    fn assert_prefix(replay: &Replay, bytes: &[u8], ends: &[(usize, CheckpointState)]) {
        let missing_newline = u64::from(matches!(replay.tail, Tail::Unended { .. }));
        let whole = replay.good + missing_newline;
        let (_, state) = ends
            .iter()
            .find(|(end, _)| *end as u64 == whole)
            .expect("the good bytes end with a line");
        assert_eq!(&replay.state, state);
        assert_eq!(replay.good + replay.tail.bytes(), bytes.len() as u64);
    }

    #[test]
    fn a_whole_file_gives_its_state_and_the_place_to_go_on() {
        let (bytes, ends) = written();
        let replay = replay(&bytes[..]).unwrap();
        assert_eq!(replay.header, header());
        assert_eq!(replay.tail, Tail::None);
        assert_eq!(replay.chain.records(), 5);
        assert_prefix(&replay, &bytes, &ends);
    }

    #[test]
    fn cut_at_any_length_it_loses_the_torn_record_only_and_without_its_header_it_is_refused() {
        let (bytes, ends) = written();
        for length in 0..bytes.len() {
            let cut = &bytes[..length];
            // A line that lacks its newline only is whole.
            let is_whole = |(end, _): &&(usize, CheckpointState)| *end <= length + 1;
            let header_is_whole = ends[0].0 <= length;
            let whole_lines = if header_is_whole {
                ends.iter().filter(is_whole).count()
            } else {
                0
            };
            match replay(cut) {
                Ok(replay) => {
                    assert!(whole_lines > 0, "{length}: no header, no checkpoint");
                    assert_prefix(&replay, cut, &ends);
                    assert!(replay.good <= ends[whole_lines - 1].0 as u64, "{length}");
                    assert_eq!(replay.state, ends[whole_lines - 1].1, "{length}");
                }
                Err(ReplayError::Damaged { line, .. }) => {
                    assert_eq!((whole_lines, line), (0, 1), "{length}");
                }
                Err(error) => panic!("{length}: {error:?}"),
            }
        }
    }

    #[test]
    fn any_changed_byte_is_refused_with_its_line_or_is_the_last_newline_which_is_restored() {
        let (bytes, ends) = written();
        let last_newline = bytes.len() - 1;
        for at in 0..bytes.len() {
            let flipped = (0..8).map(|bit| bytes[at] ^ (1 << bit));
            let meaningful = [b'\n', b'\0', b'0', b'"', b'}'].into_iter();
            let others = flipped.chain(meaningful);
            for byte in others.filter(|byte| *byte != bytes[at]) {
                let mut bytes = bytes.clone();
                bytes[at] = byte;
                let touched = 1 + ends.iter().filter(|(end, _)| *end <= at).count() as u64;
                match replay(&bytes[..]) {
                    Ok(replay) => {
                        assert_eq!(at, last_newline, "byte {at} as {byte} goes unnoticed");
                        assert_eq!(replay.tail, Tail::Unended { bytes: 1 });
                        assert_prefix(&replay, &bytes, &ends);
                    }
                    Err(ReplayError::Damaged { line, .. }) => {
                        assert_eq!(line, touched, "byte {at} as {byte}");
                    }
                    Err(error) => panic!("byte {at} as {byte}: {error:?}"),
                }
            }
        }
    }

    #[test]
    fn a_record_that_contradicts_those_before_is_damage_even_at_the_end() {
        let (mut bytes, _) = written();
        let mut chain = replay(&bytes[..]).unwrap().chain;
        let record = Record::Started {
            line: 3,
            attempt: 1,
            at: 0,
        };
        chain.seal_record(&record, &mut bytes).unwrap();
        assert!(matches!(
            replay(&bytes[..]),
            Err(ReplayError::Damaged {
                line: 7,
                damage: Damage::Illegal(Illegal::Step { line: 3, .. }),
            })
        ));
    }

    #[test]
    fn a_tail_of_zeros_is_torn_however_long_it_is() {
        let (mut bytes, ends) = written();
        for zeros in [1, MAX_LINE - 1, MAX_LINE, MAX_LINE + 1, 10 * MAX_LINE] {
            bytes.truncate(ends.last().unwrap().0);
            bytes.resize(bytes.len() + zeros, 0);
            let replay = replay(&bytes[..]).unwrap();
            // One zero may stand where the newline was, of a record that has its newline already: it is torn.
            let bytes_torn = zeros as u64;
            assert_eq!(replay.tail, Tail::Torn { bytes: bytes_torn });
            assert_prefix(&replay, &bytes, &ends);
        }
    }

    #[test]
    fn an_overlong_line_before_the_end_is_damage() {
        let (mut bytes, _) = written();
        let (tail, _) = written();
        bytes.resize(bytes.len() + 2 * MAX_LINE, b'x');
        bytes.push(b'\n');
        bytes.extend_from_slice(&tail);
        assert!(matches!(
            replay(&bytes[..]),
            Err(ReplayError::Damaged {
                line: 7,
                damage: Damage::Checksum,
            })
        ));
    }
}
