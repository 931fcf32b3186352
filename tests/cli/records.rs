//! A checkpoint, read as what it is on disk: lines of JSON. It shares no code with the client, whose mistakes it is to show.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use serde_json::Value;

/// What the records say of each plan line.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// Lines with an intent, and how many.
    pub(crate) started: BTreeMap<u64, usize>,
    pub(crate) ended: BTreeMap<u64, String>,
    /// Lines that the last session has started and said nothing more of.
    pub(crate) in_flight: BTreeSet<u64>,
    /// Lines of which somebody has to find out what became of them.
    pub(crate) in_doubt: BTreeSet<u64>,
    pub(crate) resumes: usize,
    pub(crate) finished: bool,
    /// All that can be read, of whatever kind.
    pub(crate) total: usize,
}

impl Records {
    /// None when there is no checkpoint.
    pub(crate) fn read(checkpoint: &Path) -> Option<Self> {
        match fs::read(checkpoint) {
            Ok(text) => Some(Self::of(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => panic!("{}: {error}", checkpoint.display()),
        }
    }

    /// A last line without its end is left out, as one that was never written.
    pub(crate) fn of(text: &[u8]) -> Self {
        let whole = text.iter().rposition(|&byte| byte == b'\n').unwrap_or(0);
        let mut records = Self::default();
        // The first line is the header.
        for line in text[..whole].split(|&byte| byte == b'\n').skip(1) {
            let line: Value = serde_json::from_slice(line).unwrap();
            let (kind, fields) = line["record"].as_object().unwrap().iter().next().unwrap();
            records.take(kind, fields);
        }
        records
    }

    fn take(&mut self, kind: &str, fields: &Value) {
        self.total += 1;
        let line = || fields["line"].as_u64().unwrap();
        match kind {
            "started" => {
                *self.started.entry(line()).or_default() += 1;
                self.in_flight.insert(line());
            }
            "throttled" | "not_sent" => {
                self.in_flight.remove(&line());
            }
            "unknown" => {
                self.in_flight.remove(&line());
                self.in_doubt.insert(line());
            }
            "not_applied" => {
                self.in_doubt.remove(&line());
            }
            "ended" => {
                self.in_flight.remove(&line());
                self.in_doubt.remove(&line());
                let outcome = fields["outcome"].as_str().unwrap().to_owned();
                let earlier = self.ended.insert(line(), outcome);
                assert_eq!(earlier, None, "line {} ends twice", line());
            }
            "resumed" => {
                self.resumes += 1;
                self.in_doubt.append(&mut self.in_flight);
            }
            // For people.
            "looked" => {}
            "finished" => self.finished = true,
            other => panic!("{other} is no record"),
        }
    }

    /// Lines that the next session has to look at before it may go on with them.
    pub(crate) fn open(&self) -> BTreeSet<u64> {
        &self.in_flight | &self.in_doubt
    }
}
