//! Reading a checkpoint from its first byte, line by line, into its state.

use std::io::{self, BufRead, Read};

use super::{
    error::Damage,
    record::Header,
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
pub(super) fn replay(mut reader: impl BufRead) -> Result<Replay, ReplayError> {
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
            Ok(record) => state
                .next(&record)
                .map_err(|illegal| at(number)(illegal.into()))?,
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
