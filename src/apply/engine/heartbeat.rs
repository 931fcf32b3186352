//! The medium of a group's checkpoint: the heartbeats of its activity, which the engine acknowledges and keeps for the next attempt.

use std::{
    fmt,
    io::{self, Write},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
    time::{Instant, sleep, timeout_at},
};

use crate::{checkpoint::Disk, run::Lease};

/// Without a heartbeat for this time, the engine gives the group to another worker. Long enough for a busy engine, and short enough that a
/// dead worker's groups do not wait for long.
pub(super) const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long before that a request must have left: it is on its way for a moment, and clocks run at different speeds.
const MARGIN: Duration = Duration::from_secs(1);

/// The time between two heartbeats if there is nothing to tell.
const INTERVAL: Duration = Duration::from_millis(1500);

/// Bytes of a group's records at most. The engine takes two megabytes, also of their JSON, and answers a longer heartbeat as if it had kept it.
const MAX_RECORDS: usize = 1024 * 1024;

/// The time between two attempts to tell something to an engine that can't be reached.
const AGAIN: Duration = Duration::from_millis(100);

/// Sends one heartbeat with these details.
pub(super) type SendHeartbeat = Box<
    dyn Fn(String) -> BoxFuture<'static, Result<HeartbeatAnswer, HeartbeatError>> + Send + Sync,
>;

/// The answer of the engine to a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeartbeatAnswer {
    GoOn,
    /// The run is to stop.
    Stop,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HeartbeatError {
    /// The engine has not got it, and will not get it later: it may be sent again.
    Unreachable,
    /// The group is not this attempt's any more, or that can't be known.
    Lost(String),
}

/// The checkpoint of a group on its way to the engine. One heartbeat at a time, each with all records: a late one could replace a newer one
/// otherwise. After one without an answer there is none any more.
pub(super) struct Heartbeats {
    send: SendHeartbeat,
    turn: tokio::sync::Mutex<()>,
    records: Mutex<HeldRecords>,
    lease: watch::Sender<Instant>,
    lost: OnceLock<String>,
    interrupt: mpsc::UnboundedSender<()>,
}

#[derive(Debug, Default)]
struct HeldRecords {
    bytes: Vec<u8>,
    /// How many of them the engine has.
    kept: usize,
}

/// The writing side, for the thread of the checkpoint.
#[derive(Debug)]
pub(super) struct HeartbeatDisk {
    heartbeats: Arc<Heartbeats>,
    runtime: Handle,
}

impl Heartbeats {
    /// For an attempt that begins now, with these records. The first heartbeat has them, too: none may take a record from the engine.
    /// `interrupt` stops the attempt's run.
    pub(super) fn new(
        records: &str,
        send: SendHeartbeat,
        interrupt: mpsc::UnboundedSender<()>,
    ) -> Self {
        Self {
            send,
            turn: tokio::sync::Mutex::default(),
            records: Mutex::new(HeldRecords {
                bytes: records.as_bytes().to_vec(),
                kept: records.len(),
            }),
            lease: watch::Sender::new(Instant::now() + HEARTBEAT_TIMEOUT - MARGIN),
            lost: OnceLock::new(),
            interrupt,
        }
    }

    /// The right to send: it lasts until shortly before another worker may have the group.
    pub(super) fn lease(&self) -> Lease {
        Lease::renewed(self.lease.subscribe())
    }

    /// The medium, which has these bytes at first.
    pub(super) fn disk(self: &Arc<Self>, bytes: Vec<u8>) -> HeartbeatDisk {
        self.records().bytes = bytes;
        HeartbeatDisk {
            heartbeats: Arc::clone(self),
            runtime: Handle::current(),
        }
    }

    /// All records so far.
    pub(super) fn journal(&self) -> String {
        String::from_utf8_lossy(&self.records().bytes).into_owned()
    }

    /// Why the group is not this attempt's any more.
    pub(super) fn lost(&self) -> Option<&str> {
        self.lost.get().map(String::as_str)
    }

    /// Keeps the group while there is nothing to tell. Ends when it is lost.
    pub(super) async fn keep(&self) {
        while self.beat().await.is_ok() {
            sleep(INTERVAL).await;
        }
    }

    /// Returns once the engine has all records that were written before.
    pub(super) async fn beat(&self) -> io::Result<()> {
        let _turn = self.turn.lock().await;
        loop {
            if let Some(reason) = self.lost() {
                return Err(io::Error::other(reason.to_owned()));
            }
            let (began, until) = (Instant::now(), *self.lease.borrow());
            let records = self.records_to_send()?;
            let length = records.len();
            let answer = timeout_at(until, (self.send)(records)).await;
            match answer {
                Ok(Ok(answer)) => {
                    self.records().kept = length;
                    self.lease.send_replace(began + HEARTBEAT_TIMEOUT - MARGIN);
                    if answer == HeartbeatAnswer::Stop {
                        self.interrupt();
                    }
                    return Ok(());
                }
                Ok(Err(HeartbeatError::Unreachable)) if Instant::now() + AGAIN < until => {
                    sleep(AGAIN).await;
                }
                Ok(Err(HeartbeatError::Unreachable)) | Err(_) => {
                    self.lose("the engine did not answer in time".to_owned());
                }
                Ok(Err(HeartbeatError::Lost(reason))) => self.lose(reason),
            }
        }
    }

    /// Stops the run of this attempt.
    pub(super) fn interrupt(&self) {
        // If the run has ended, nothing is to be stopped.
        let _ = self.interrupt.send(());
    }

    fn lose(&self, reason: String) {
        self.lost.get_or_init(|| reason);
        self.interrupt();
    }

    /// All records, unless they are too long: then those are dropped that the engine does not have, since no request waits for them.
    fn records_to_send(&self) -> io::Result<String> {
        let mut records = self.records();
        if records.bytes.len() > MAX_RECORDS {
            let kept = records.kept;
            records.bytes.truncate(kept);
            return Err(io::Error::other(
                "the records of this execution are longer than the engine keeps",
            ));
        }
        Ok(String::from_utf8_lossy(&records.bytes).into_owned())
    }

    fn records(&self) -> MutexGuard<'_, HeldRecords> {
        // Nothing panics while it is held.
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Heartbeats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heartbeats")
            .field("lost", &self.lost)
            .finish_non_exhaustive()
    }
}

impl Write for HeartbeatDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.heartbeats.records().bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Disk for HeartbeatDisk {
    fn sync_data(&mut self) -> io::Result<()> {
        self.runtime.block_on(self.heartbeats.beat())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use futures::FutureExt;

    use super::*;

    type Sent = Arc<Mutex<Vec<String>>>;

    /// Answers the nth heartbeat with the nth of these, and all later ones with the last; none never answers.
    fn heartbeats(
        answers: Vec<Option<Result<HeartbeatAnswer, HeartbeatError>>>,
    ) -> (Arc<Heartbeats>, Sent, mpsc::UnboundedReceiver<()>) {
        let (interrupt, interrupts) = mpsc::unbounded_channel();
        let details_sent = Sent::default();
        let (log, count) = (Arc::clone(&details_sent), AtomicUsize::new(0));
        let send: SendHeartbeat = Box::new(move |details| {
            log.lock().unwrap().push(details);
            let nth = count.fetch_add(1, SeqCst).min(answers.len() - 1);
            match answers[nth].clone() {
                Some(answer) => async move { answer }.boxed(),
                None => futures::future::pending().boxed(),
            }
        });
        (
            Arc::new(Heartbeats::new("kept", send, interrupt)),
            details_sent,
            interrupts,
        )
    }

    const GO_ON: Option<Result<HeartbeatAnswer, HeartbeatError>> = Some(Ok(HeartbeatAnswer::GoOn));

    #[tokio::test(start_paused = true)]
    async fn each_heartbeat_has_all_records_and_renews_the_right_to_send() {
        let (heartbeats, sent, _interrupts) = heartbeats(vec![GO_ON]);
        // Before the attempt has come to its records.
        heartbeats.beat().await.unwrap();
        let start = Instant::now();
        let mut disk = heartbeats.disk(b"a".to_vec());
        disk.write_all(b"b").unwrap();
        sleep(Duration::from_secs(2)).await;
        heartbeats.beat().await.unwrap();
        disk.write_all(b"c").unwrap();
        heartbeats.beat().await.unwrap();
        assert_eq!(*sent.lock().unwrap(), ["kept", "ab", "abc"]);
        let until = *heartbeats.lease.borrow();
        assert_eq!(until - start, Duration::from_secs(6));
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_engine_would_not_keep_is_not_sent_and_no_request_waits_for_it() {
        let (heartbeats, sent, _interrupts) = heartbeats(vec![GO_ON]);
        let mut disk = heartbeats.disk(b"a".to_vec());
        heartbeats.beat().await.unwrap();
        disk.write_all(&vec![b'b'; MAX_RECORDS]).unwrap();
        let error = heartbeats.beat().await.unwrap_err();
        assert!(error.to_string().contains("longer than the engine keeps"));
        assert_eq!(heartbeats.journal(), "a");
        // It has the group still, and can tell its end.
        assert_eq!(heartbeats.lost(), None);
        disk.write_all(b"c").unwrap();
        heartbeats.beat().await.unwrap();
        assert_eq!(*sent.lock().unwrap(), ["a", "ac"]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_can_not_be_reached_is_asked_again_until_the_right_to_send_ends() {
        let unreachable = Some(Err(HeartbeatError::Unreachable));
        let (back_soon, sent, _interrupts) =
            heartbeats(vec![unreachable.clone(), unreachable.clone(), GO_ON]);
        back_soon.beat().await.unwrap();
        assert_eq!(sent.lock().unwrap().len(), 3);

        let (away, _, mut interrupts) = heartbeats(vec![unreachable]);
        let start = Instant::now();
        assert!(away.beat().await.is_err());
        assert!(start.elapsed() + MARGIN < HEARTBEAT_TIMEOUT);
        assert!(away.lost().is_some());
        interrupts.recv().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_heartbeat_without_an_answer_there_is_none_any_more() {
        let (heartbeats, sent, _interrupts) = heartbeats(vec![None, GO_ON]);
        assert!(heartbeats.beat().await.is_err());
        assert!(heartbeats.beat().await.is_err());
        assert_eq!(sent.lock().unwrap().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_group_that_was_taken_over_is_lost_and_a_stop_interrupts_its_run() {
        let lost = HeartbeatError::Lost("taken over".to_owned());
        let (taken_over, _, mut interrupts) = heartbeats(vec![Some(Err(lost))]);
        assert!(taken_over.beat().await.is_err());
        assert_eq!(taken_over.lost(), Some("taken over"));
        interrupts.recv().await.unwrap();

        let stop = Some(Ok(HeartbeatAnswer::Stop));
        let (stopped, _, mut interrupts) = heartbeats(vec![stop]);
        stopped.beat().await.unwrap();
        assert_eq!(stopped.lost(), None);
        interrupts.recv().await.unwrap();
    }
}
