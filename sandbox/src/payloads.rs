//! Large answers, which are downloaded from another address.

use std::collections::VecDeque;

use axum::body::Bytes;

/// Payloads that are kept; a client downloads each at once, so a few are enough.
const KEPT: usize = 8;

/// The newest large answers, by number.
#[derive(Debug, Default)]
pub(crate) struct Payloads {
    next: u64,
    kept: VecDeque<(u64, Bytes)>,
}

impl Payloads {
    /// Keeps a body; gives the path of its download.
    pub(crate) fn keep(&mut self, body: Bytes) -> String {
        let number = self.next;
        self.next += 1;
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back((number, body));
        format!("/_sandbox/payload/{number}")
    }

    pub(crate) fn get(&self, number: u64) -> Option<Bytes> {
        self.kept
            .iter()
            .find(|(kept, _)| *kept == number)
            .map(|(_, body)| body.clone())
    }
}
