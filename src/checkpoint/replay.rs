//! Reading a checkpoint from its first byte, line by line, into its state.

use std::io::{self, BufRead, Read};

use super::{
    error::Damage,
    record::{Header, Record},
    seal::{Chain, MAX_LINE},
    state::State,
};

/// A checkpoint as read.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) header: Header,
    pub(super) state: State,
    pub(super) chain: Chain,
    /// Bytes up to the end of the last whole record.
    pub(super) good: u64,
    /// Bytes after that: a torn record, or 0.
    pub(super) torn: u64,
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
enum Line {
    /// It ends in a newline, and the buffer holds the rest.
    Whole,
    /// The file ends in it, or it is longer than any line that is written.
    Broken,
    /// The file has no more.
    None,
}

/// Reads all of `reader`. The last record is torn when its line does not end or its checksum does
/// not fit: the disk had not taken all of it when the process or the machine died, so nobody
/// was told that it is there. The header is never torn, because it is synced before the run
/// folder gets its name.
pub(super) fn replay(reader: impl BufRead) -> Result<Replay, ReplayError> {
    visit(reader, |_| ())
}

/// As [`replay`], and shows each record on the way.
pub(super) fn visit(
    mut reader: impl BufRead,
    mut seen: impl FnMut(&Record),
) -> Result<Replay, ReplayError> {
    let mut chain = Chain::default();
    let mut buffer = Vec::with_capacity(MAX_LINE);
    let mut number = 1;

    let (first, mut good) = read_line(&mut reader, &mut buffer)?;
    let header = match first {
        Line::Whole => chain.open_header(&buffer),
        Line::Broken | Line::None => Err(Damage::Checksum),
    };
    let at = |line| move |damage| ReplayError::Damaged { line, damage };
    let header = header.map_err(at(number))?;
    let mut state = State::new(&header).map_err(|illegal| at(number)(illegal.into()))?;

    loop {
        number += 1;
        let (line, bytes) = read_line(&mut reader, &mut buffer)?;
        let record = match line {
            Line::None => break,
            Line::Whole => chain.open_record(&buffer),
            Line::Broken => Err(Damage::Checksum),
        };
        match record {
            Ok(record) => {
                state
                    .next(&record)
                    .map_err(|illegal| at(number)(illegal.into()))?;
                seen(&record);
            }
            Err(Damage::Checksum) if reader.fill_buf().map_err(ReplayError::Io)?.is_empty() => {
                return Ok(Replay {
                    header,
                    state,
                    chain,
                    good,
                    torn: bytes,
                });
            }
            Err(damage) => return Err(at(number)(damage)),
        }
        good += bytes;
    }
    Ok(Replay {
        header,
        state,
        chain,
        good,
        torn: 0,
    })
}

/// Reads one line into `buffer`, without its newline, and says how many bytes it took. Keeps no
/// more than the longest line, however long the file goes on without a newline.
fn read_line(reader: &mut impl BufRead, buffer: &mut Vec<u8>) -> Result<(Line, u64), ReplayError> {
    buffer.clear();
    let limit = MAX_LINE as u64;
    let read = reader
        .by_ref()
        .take(limit)
        .read_until(b'\n', buffer)
        .map_err(ReplayError::Io)? as u64;
    if read == 0 {
        return Ok((Line::None, 0));
    }
    if buffer.pop_if(|last| *last == b'\n').is_some() {
        return Ok((Line::Whole, read));
    }
    let rest = reader.skip_until(b'\n').map_err(ReplayError::Io)? as u64;
    Ok((Line::Broken, read + rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{
        error::Illegal,
        record::{Detail, End, Record},
    };

    fn header() -> Header {
        Header::new("0192".into(), "ab12".into(), 6, 4)
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
                outcome: End::Drifted,
                detail: Some(Detail::new("größer")),
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
    fn written() -> (Vec<u8>, Vec<(usize, State)>) {
        let mut chain = Chain::default();
        let mut bytes = Vec::new();
        chain.seal_header(&header(), &mut bytes).unwrap();
        let mut state = State::new(&header()).unwrap();
        let mut ends = vec![(bytes.len(), state.clone())];
        for record in history() {
            chain.seal_record(&record, &mut bytes).unwrap();
            state.next(&record).unwrap();
            ends.push((bytes.len(), state.clone()));
        }
        (bytes, ends)
    }

    /// Asserts that a replay gives exactly the first lines, and calls the rest torn.
    fn assert_prefix(replay: &Replay, bytes: &[u8], ends: &[(usize, State)]) {
        let (_, state) = ends
            .iter()
            .find(|(end, _)| *end as u64 == replay.good)
            .expect("the good bytes end with a line");
        assert_eq!(&replay.state, state);
        assert_eq!(replay.good + replay.torn, bytes.len() as u64);
    }

    #[test]
    fn a_whole_file_gives_its_state_and_the_place_to_go_on() {
        let (bytes, ends) = written();
        let replay = replay(&bytes[..]).unwrap();
        assert_eq!(replay.header, header());
        assert_eq!(replay.torn, 0);
        assert_eq!(replay.chain.records(), 5);
        assert_prefix(&replay, &bytes, &ends);
    }

    #[test]
    fn cut_at_any_length_it_loses_the_torn_record_only_and_without_its_header_it_is_refused() {
        let (bytes, ends) = written();
        for length in 0..bytes.len() {
            let cut = &bytes[..length];
            let whole_lines = ends.iter().filter(|(end, _)| *end <= length).count();
            match replay(cut) {
                Ok(replay) => {
                    assert!(whole_lines > 0, "{length}: no header, no checkpoint");
                    assert_prefix(&replay, cut, &ends);
                    assert_eq!(replay.good, ends[whole_lines - 1].0 as u64, "{length}");
                }
                Err(ReplayError::Damaged { line, .. }) => {
                    assert_eq!((whole_lines, line), (0, 1), "{length}");
                }
                Err(error) => panic!("{length}: {error:?}"),
            }
        }
    }

    #[test]
    fn any_flipped_bit_is_refused_with_its_line_or_cut_off_with_the_last_record() {
        let (bytes, ends) = written();
        // From here on, a broken newline included, it is the last line that is broken.
        let last_line = ends[ends.len() - 2].0 - 1;
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut bytes = bytes.clone();
                bytes[at] ^= 1 << bit;
                let touched = 1 + ends.iter().filter(|(end, _)| *end <= at).count() as u64;
                match replay(&bytes[..]) {
                    Ok(replay) => {
                        assert!(at >= last_line, "byte {at}, bit {bit} goes unnoticed");
                        assert!(replay.torn > 0, "byte {at}, bit {bit} goes unnoticed");
                        assert_prefix(&replay, &bytes, &ends);
                    }
                    Err(ReplayError::Damaged { line, .. }) => {
                        assert_eq!(line, touched, "byte {at}, bit {bit}");
                    }
                    Err(error) => panic!("byte {at}, bit {bit}: {error:?}"),
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
            assert_eq!(replay.torn, zeros as u64);
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
