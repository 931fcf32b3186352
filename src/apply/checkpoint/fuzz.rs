//! Checkpoints of any bytes, for `testing::fuzz`: a damaged file is refused, or read as a prefix of what was written.

use super::{
    record::Record,
    replay::{Replay, ReplayError, Tail, visit},
    seal::Chain,
    state::CheckpointState,
};
use crate::testing::fuzz::lines;

/// Where the file is damaged, and how.
#[derive(Clone, Copy, Debug)]
enum FileDamage {
    CutAt(usize),
    Flipped(usize, u8),
    Appended(u8),
}

/// Four bytes that select a damage, and the lines of a checkpoint, whose checksums are made to fit.
pub fn checkpoint(data: &[u8]) {
    let _ = replayed(data);
    let Some((&[kind, high, low, byte], lines)) = data.split_first_chunk() else {
        return;
    };
    let bytes = sealed(lines);
    let Some((replay, records)) = replayed(&bytes) else {
        return;
    };
    assert_eq!(replay.tail, Tail::None, "each line has its newline");
    sealed_again(&replay, &records);
    let at = usize::from(u16::from_be_bytes([high, low])) % bytes.len();
    let fault = match kind % 3 {
        0 => FileDamage::CutAt(at),
        1 => FileDamage::Flipped(at, byte.max(1)),
        _ => FileDamage::Appended(byte),
    };
    damaged(&bytes, &records, fault);
}

/// Reads a checkpoint; asserts what is true of all that can be read.
fn replayed(bytes: &[u8]) -> Option<(Replay, Vec<Record>)> {
    let lines = lines(bytes, b"\n");
    let mut records = Vec::new();
    let replay = match visit(bytes, |record| records.push(record.clone())) {
        Ok(replay) => replay,
        Err(ReplayError::Damaged { line, damage }) => {
            assert!((1..=lines).contains(&line), "{line}: {damage}");
            assert!(damage.to_string().len() < 1_000, "{damage}");
            return None;
        }
        Err(ReplayError::Io(error)) => panic!("{error}: it is in memory"),
    };
    assert_eq!(replay.good + replay.tail.bytes(), bytes.len() as u64);
    assert_eq!(replay.chain.records(), records.len() as u64);
    assert_eq!(replay.state, state_of(&replay, &records));
    assert_eq!(replay.state.counts().total(), replay.header.changes);
    assert!(replay.state.ended().total() + replay.state.left() == replay.header.changes);
    for (line, open) in replay.state.all_open() {
        assert!(
            open.attempts > 0 && replay.state.outcome(line).is_none(),
            "line {line}"
        );
    }
    // What is repaired needs no more repair.
    let mut repaired = bytes[..usize::try_from(replay.good).expect("a length")].to_vec();
    if matches!(replay.tail, Tail::Unended { .. }) {
        repaired.push(b'\n');
    }
    if replay.tail != Tail::None {
        let (again, again_records) = replayed(&repaired).expect("it is repaired");
        assert_eq!((again.tail, &again.state), (Tail::None, &replay.state));
        assert_eq!(again_records, records);
    }
    Some((replay, records))
}

fn state_of(replay: &Replay, records: &[Record]) -> CheckpointState {
    let mut state = CheckpointState::new(&replay.header).expect("it was replayed");
    for record in records {
        state.next(record).expect("it was replayed");
    }
    state
}

/// What was read is written and read again.
fn sealed_again(replay: &Replay, records: &[Record]) {
    let (mut chain, mut bytes) = (Chain::default(), Vec::new());
    chain
        .seal_header(&replay.header, &mut bytes)
        .expect("it is in memory");
    for record in records {
        chain
            .seal_record(record, &mut bytes)
            .expect("it is in memory");
    }
    let (again, again_records) = replayed(&bytes).expect("it was written here");
    assert_eq!(
        (&again.header, &again.state),
        (&replay.header, &replay.state)
    );
    assert_eq!(again_records, records);
}

fn damaged(bytes: &[u8], records: &[Record], fault: FileDamage) {
    let mut damaged = bytes.to_vec();
    match fault {
        FileDamage::CutAt(at) => damaged.truncate(at),
        FileDamage::Flipped(at, bits) => damaged[at] ^= bits,
        FileDamage::Appended(byte) => damaged.push(byte),
    }
    let read = replayed(&damaged);
    let header = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    match (fault, read) {
        (FileDamage::CutAt(at), Some((_, read))) => {
            assert!(at >= header && records.starts_with(&read), "{fault:?}");
            let lost = lines(&bytes[at..], b"\n") - 1;
            assert!(
                read.len() as u64 + lost >= records.len() as u64,
                "{fault:?}: more is lost than was cut"
            );
        }
        (FileDamage::CutAt(at), None) => assert!(at < header, "{fault:?}: refused"),
        (FileDamage::Flipped(at, _), Some((replay, read))) => {
            assert_eq!(at, bytes.len() - 1, "{fault:?} goes unnoticed");
            assert_eq!(replay.tail, Tail::Unended { bytes: 1 });
            assert_eq!(read, records);
        }
        (FileDamage::Flipped(at, _), None) => {
            assert!(at < bytes.len() - 1 || at < header, "{fault:?}");
        }
        (FileDamage::Appended(byte), Some((_, read))) => {
            assert!(byte != b'\n' && read == records, "{fault:?}");
        }
        (FileDamage::Appended(byte), None) => assert_eq!(byte, b'\n', "{fault:?}: refused"),
    }
}

/// The lines with checksums that fit; those that are there are replaced.
fn sealed(lines: &[u8]) -> Vec<u8> {
    let mut crc = 0;
    let mut bytes = Vec::new();
    for line in lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let crc_field = line.len().checked_sub(r#","crc":"00000000"}"#.len());
        let body = match crc_field.map(|at| line.split_at(at)) {
            Some((body, field)) if field.starts_with(br#","crc":""#) => body,
            Some(_) | None => line.strip_suffix(b"}").unwrap_or(line),
        };
        crc = crc32c::crc32c_append(crc, body);
        bytes.extend_from_slice(body);
        bytes.extend_from_slice(format!(",\"crc\":\"{crc:08x}\"}}\n").as_bytes());
    }
    bytes
}
