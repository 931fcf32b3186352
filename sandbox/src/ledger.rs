//! The ledger: every request, and every effect on the data.

use std::{
    collections::{HashMap, VecDeque},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    net::SocketAddr,
};

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

/// Requests that are kept, the newest; about 20 MB.
///
/// They stay in memory and are gone with the process: they are no part of the data, and syncing them would make
/// every read as slow as a write. The effects are kept all, and on disk when there is a folder.
const REQUESTS: usize = 100_000;

/// What was asked, and what became of it.
#[derive(Debug)]
pub(crate) struct Ledger {
    started: Instant,
    next: u64,
    requests: VecDeque<LedgerRequest>,
    forgotten: u64,
    /// How often each request (by a hash over method, path, query and body) was seen.
    attempts: HashMap<u64, u32>,
    effects: Vec<LedgerEntry>,
}

#[derive(Debug)]
struct LedgerEntry {
    request: Option<u64>,
    text: Box<RawValue>,
}

/// One request, as `GET /_sandbox/ledger` shows it.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct LedgerRequest {
    /// The ledger sets this field, `ms` and `attempt`.
    pub(crate) seq: u64,
    /// Milliseconds since the sandbox started, by the monotonic clock.
    pub(crate) ms: u64,
    pub(crate) unix_ms: i64,
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<String>,
    /// [`body_hash`] of its body: which of several requests to one path it is. The body itself would take too much room.
    pub(crate) body: u64,
    #[serde(flatten)]
    pub(crate) end: RequestEnd,
    /// 1 for the first request of this method, path, query and body, 2 for the second.
    pub(crate) attempt: u32,
    /// Where it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remote: Option<SocketAddr>,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct RequestEnd {
    /// None while the request is worked on, and when the connection was closed without an answer.
    pub(crate) status: Option<u16>,
    /// The sandbox's own limit answered it.
    pub(crate) throttled: bool,
    /// The scripted fault that it met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<&'static str>,
}

/// The answer of `GET /_sandbox/ledger`.
#[derive(Debug, Serialize)]
pub(crate) struct LedgerPage {
    requests: Vec<LedgerRequest>,
    effects: Vec<Box<RawValue>>,
    /// Requests that are older than those that are kept.
    requests_forgotten: u64,
}

/// What the ledger keeps of a request's body. The same bytes give the same number in all programs of one build.
pub fn body_hash(body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    hasher.finish()
}

impl Ledger {
    /// A ledger whose requests count from `next`.
    pub(crate) fn new(next: u64) -> Self {
        Self {
            started: Instant::now(),
            next,
            requests: VecDeque::new(),
            forgotten: 0,
            attempts: HashMap::new(),
            effects: Vec::new(),
        }
    }

    /// Notes a request; gives its sequence number. `hash` is over method, path, query and body.
    pub(crate) fn arrived(&mut self, request: LedgerRequest, hash: u64) -> u64 {
        let seq = self.next;
        self.next += 1;
        let attempt = self.attempts.entry(hash).or_insert(0);
        *attempt += 1;
        if self.requests.len() == REQUESTS {
            self.requests.pop_front();
            self.forgotten += 1;
        }
        self.requests.push_back(LedgerRequest {
            seq,
            ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            attempt: *attempt,
            ..request
        });
        seq
    }

    /// Notes how a request ended.
    pub(crate) fn ended(&mut self, seq: u64, end: RequestEnd) {
        let Some(first) = self.requests.front().map(|request| request.seq) else {
            return;
        };
        let place = seq
            .checked_sub(first)
            .and_then(|place| usize::try_from(place).ok());
        if let Some(request) = place.and_then(|place| self.requests.get_mut(place)) {
            request.end = end;
        }
    }

    /// Notes an effect, given as the log's line.
    pub(crate) fn effect(&mut self, request: Option<u64>, text: Box<RawValue>) {
        self.effects.push(LedgerEntry { request, text });
    }

    /// The requests after number `since` and their effects; effects without a request always.
    pub(crate) fn page(&self, since: u64) -> LedgerPage {
        LedgerPage {
            requests: self
                .requests
                .iter()
                .filter(|request| request.seq > since)
                .cloned()
                .collect(),
            effects: self
                .effects
                .iter()
                .filter(|entry| entry.request.is_none_or(|request| request > since))
                .map(|entry| entry.text.clone())
                .collect(),
            requests_forgotten: self.forgotten,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_the_newest_requests_are_kept_and_the_others_are_counted() {
        let mut ledger = Ledger::new(5);
        for _ in 0..=REQUESTS {
            ledger.arrived(LedgerRequest::default(), 1);
        }
        let end = RequestEnd {
            status: Some(200),
            ..RequestEnd::default()
        };
        // The first is forgotten already; the second is the first that is kept.
        ledger.ended(5, end);
        ledger.ended(6, end);
        let page = ledger.page(0);
        assert_eq!(page.requests_forgotten, 1);
        assert_eq!(page.requests.len(), REQUESTS);
        assert_eq!(page.requests[0].seq, 6);
        assert_eq!(page.requests[0].end.status, Some(200));
        assert_eq!(page.requests[1].end.status, None);
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_count_equal_requests_and_since_leaves_earlier_ones_out() {
        let mut ledger = Ledger::new(1);
        let seqs: Vec<u64> = [7, 8, 7]
            .map(|hash| ledger.arrived(LedgerRequest::default(), hash))
            .to_vec();
        assert_eq!(seqs, [1, 2, 3]);
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        ledger.effect(Some(1), raw("1"));
        ledger.effect(Some(3), raw("2"));
        ledger.effect(None, raw("3"));
        let attempts: Vec<u32> = ledger.page(0).requests.iter().map(|r| r.attempt).collect();
        assert_eq!(attempts, [1, 1, 2]);
        let later = ledger.page(2);
        assert_eq!(later.requests.len(), 1);
        let effects: Vec<&str> = later.effects.iter().map(|effect| effect.get()).collect();
        assert_eq!(effects, ["2", "3"]);
    }
}
