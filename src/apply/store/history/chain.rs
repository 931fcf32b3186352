//! The lines of the history and the digest in `history.head`, read as one chain.

use std::fmt;

use super::record::{DIGITS, HistoryEvent, HistoryRecord};

/// What does not fit in the history itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainFault {
    /// A line has other bytes than those that were written.
    Changed { line: u64 },
    /// The record before a line is another one than the line names.
    Broken { line: u64 },
    /// There are bytes after the last record that no process of ours began to write.
    Tail,
    /// `history.head` is missing.
    NoHead,
    /// `history.head` is not the digest of a record.
    HeadChanged,
    /// `history.head` names another record than the last one.
    EndMissing,
    /// So many further lines that are changed or broken.
    More { faults: u64 },
}

/// Faults of lines that are named one by one: enough to see where the damage is.
const NAMED_FAULTS: usize = 100;

impl fmt::Display for ChainFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { line } => write!(f, "history.jsonl: line {line} was changed"),
            Self::Broken { line } => write!(
                f,
                "history.jsonl: the record before line {line} is missing or was changed"
            ),
            Self::Tail => f.write_str("history.jsonl: there is something after the last record"),
            Self::NoHead => f.write_str("history.head: it is missing"),
            Self::HeadChanged => f.write_str("history.head: it was changed"),
            Self::EndMissing => f.write_str(
                "history.jsonl: the last record is missing, or history.head was changed: it names another one",
            ),
            Self::More { faults } => write!(f, "history.jsonl: {faults} more faults like these"),
        }
    }
}

/// The history as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HistoryChain {
    /// The records that are as they were written.
    pub(super) records: Vec<HistoryRecord>,
    /// The digest of the last one of them.
    pub(super) last: Option<String>,
    /// Lines that end with a line break.
    pub(super) lines: u64,
    /// All digests.
    pub(super) digests: Vec<String>,
    pub(super) faults: Vec<ChainFault>,
    /// Bytes of the lines that end with a line break.
    pub(super) whole: u64,
    /// The beginning of a record after them, whose process died.
    pub(super) is_torn: bool,
    /// `history.head` names the last record but one: a process died between its two writes.
    pub(super) is_head_behind: bool,
}

impl HistoryChain {
    /// Whether it has such a record.
    pub(super) fn has(&self, is_it: impl Fn(&HistoryEvent) -> bool) -> bool {
        self.records.iter().any(|record| is_it(&record.event))
    }
}

/// Reads the bytes of both files; a file that does not exist is none.
///
/// A process appends to `history.jsonl` first and replaces `history.head` after that. So one that dies leaves the beginning of a line, or a
/// head that is one record behind; both are no faults.
pub(super) fn read_chain(history: &[u8], head: Option<&[u8]>) -> HistoryChain {
    let mut chain = HistoryChain::default();
    let mut is_last_whole = true;
    let mut before = None;
    let mut more = 0_u64;
    let whole = history
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    for (line, number) in history[..whole]
        .split_inclusive(|byte| *byte == b'\n')
        .zip(1..)
    {
        chain.lines = number;
        let mut fault = |fault| {
            if chain.faults.len() < NAMED_FAULTS {
                chain.faults.push(fault);
            } else {
                more += 1;
            }
        };
        let is_after_changed = !is_last_whole;
        let opened = HistoryRecord::open(&line[..line.len() - 1]);
        is_last_whole = opened.is_some();
        let Some((record, digest)) = opened else {
            fault(ChainFault::Changed { line: number });
            continue;
        };
        // After a line that was changed, the next one still names its digest.
        let follows = is_after_changed || (record.before == chain.last && record.record == number);
        if !follows {
            fault(ChainFault::Broken { line: number });
        }
        before.clone_from(&record.before);
        chain.records.push(record);
        chain.digests.push(digest.clone());
        chain.last = Some(digest);
    }
    if more > 0 {
        chain.faults.push(ChainFault::More { faults: more });
    }
    chain.whole = whole as u64;
    let named = head.map(digest_in);
    match &named {
        None if whole == 0 => {}
        None if chain.records.len() == 1 && chain.faults.is_empty() => chain.is_head_behind = true,
        None => chain.faults.push(ChainFault::NoHead),
        Some(None) => chain.faults.push(ChainFault::HeadChanged),
        // Said already.
        Some(Some(_)) if !is_last_whole => {}
        Some(named) if *named == chain.last => {}
        Some(named) if *named == before && whole > 0 => chain.is_head_behind = true,
        Some(Some(_)) => chain.faults.push(ChainFault::EndMissing),
    }
    let tail = &history[whole..];
    if !tail.is_empty() {
        let beginning =
            HistoryRecord::beginning(chain.records.len() as u64 + 1, chain.last.as_deref());
        let beginning = beginning.as_bytes();
        let begins = tail.starts_with(beginning) || beginning.starts_with(tail);
        if begins && chain.faults.is_empty() && !chain.is_head_behind {
            chain.is_torn = true;
        } else {
            chain.faults.push(ChainFault::Tail);
        }
    }
    chain
}

/// The digest that `history.head` holds, with its line break.
pub(super) fn digest_in(head: &[u8]) -> Option<String> {
    let digest = str::from_utf8(head).ok()?.strip_suffix('\n')?;
    let is_digest = digest.len() == DIGITS
        && digest
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    is_digest.then(|| digest.to_owned())
}
