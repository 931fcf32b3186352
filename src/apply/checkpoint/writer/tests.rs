use std::io::{ErrorKind, Write};

use futures::{FutureExt, executor::block_on, future::join_all};

use super::*;
use crate::checkpoint::{
    fake_disk::{DiskFault, FakeDisk, Keeper},
    record::CheckpointHeader,
    replay::replay,
};

/// No test waits for it.
const NEVER: Duration = Duration::from_secs(3_600);

fn started(line: u64) -> Record {
    Record::Started {
        line,
        attempt: 1,
        at: 0,
    }
}

fn writer(disk: FakeDisk, linger: Duration) -> CheckpointWriter {
    CheckpointWriter::spawn_lingering(vec![disk], Chain::default(), Path::new("c"), linger).unwrap()
}

/// The whole records in `bytes`. The writers of most tests start behind no header.
fn records(bytes: &[u8]) -> Vec<Record> {
    let mut chain = Chain::default();
    bytes
        .split_inclusive(|&byte| byte == b'\n')
        .map_while(|line| chain.open_record(line.strip_suffix(b"\n")?).ok())
        .collect()
}

#[test]
fn a_record_is_on_disk_before_its_ack() {
    let (disk, log, keeper) = FakeDisk::gated();
    let mut writer = writer(disk, NEVER);
    let mut ack = writer.append(started(2));
    keeper.await_sync();
    assert_eq!(records(&log.lock().unwrap().written), [started(2)]);
    assert_eq!(log.lock().unwrap().durable, 0);
    assert!((&mut ack).now_or_never().is_none(), "acked before the sync");
    keeper.let_through();
    block_on(ack).unwrap();
    let log = log.lock().unwrap();
    assert_eq!(records(&log.written[..log.durable]), [started(2)]);
}

#[test]
fn what_queues_up_behind_a_sync_is_written_and_synced_together() {
    let (disk, log, keeper) = FakeDisk::gated();
    let mut writer = writer(disk, NEVER);
    let first = writer.append(started(2));
    keeper.await_sync();
    let queued: Vec<_> = (3..103).map(|line| writer.append(started(line))).collect();
    keeper.let_through();
    keeper.await_sync();
    // Opens the gate for good: whether there are more syncs is what is counted.
    drop(keeper);
    block_on(first).unwrap();
    for ack in block_on(join_all(queued)) {
        ack.unwrap();
    }
    let log = log.lock().unwrap();
    assert_eq!((log.writes, log.syncs), (2, 2));
    assert_eq!(records(&log.written).len(), 101);
}

#[test]
fn records_that_are_held_are_written_and_synced_together() {
    let (disk, log) = FakeDisk::new(None);
    let mut writer = writer(disk, NEVER);
    writer.hold();
    let (acks, answers): (Vec<_>, Vec<_>) = (3..9).map(|_| oneshot::channel()).unzip();
    writer.append_without_waiting(started(2));
    for (line, ack) in (3..).zip(acks) {
        writer.append_for(started(line), ack);
    }
    assert!(writer.holds_records());
    writer.pass_on();
    for answer in block_on(join_all(answers)) {
        answer.unwrap().unwrap();
    }
    {
        let log = log.lock().unwrap();
        let expected: Vec<_> = (2..9).map(started).collect();
        assert_eq!(records(&log.written), expected);
        assert_eq!((log.writes, log.syncs), (1, 1));
    }
    // And nothing is held any more.
    writer.hold_no_more();
    block_on(writer.append(started(9))).unwrap();
    assert_eq!(log.lock().unwrap().writes, 2);
}

#[test]
fn on_a_slow_disk_a_record_does_not_wait_for_a_sync_that_began_before_it() {
    let (one, log, first) = FakeDisk::gated();
    let (other, second) = one.again_gated();
    let mut writer = CheckpointWriter::spawn_lingering(
        vec![one, other],
        Chain::default(),
        Path::new("c"),
        NEVER,
    )
    .unwrap();
    let keepers = [&first, &second];
    let mut early = writer.append(started(2));
    let busy = keepers.into_iter().position(Keeper::is_reached).unwrap();
    let late = writer.append(started(3));
    let free = keepers[1 - busy];
    free.await_sync();
    free.let_through();
    block_on(late).unwrap();
    assert!((&mut early).now_or_never().is_none());
    drop((first, second));
    block_on(early).unwrap();
    let log = log.lock().unwrap();
    let expected: Vec<_> = (2..4).map(started).collect();
    assert_eq!(records(&log.written[..log.durable]), expected);
}

#[test]
fn records_that_nobody_waits_for_keep_their_place_and_are_synced_with_the_next_that_is() {
    let (disk, log) = FakeDisk::new(None);
    let mut writer = writer(disk, NEVER);
    for line in 2..5 {
        writer.append_without_waiting(started(line));
    }
    block_on(writer.append(started(5))).unwrap();
    let log = log.lock().unwrap();
    let expected: Vec<_> = (2..6).map(started).collect();
    assert_eq!(records(&log.written[..log.durable]), expected);
    assert_eq!(log.syncs, 1);
}

#[test]
fn a_record_that_nobody_waits_for_is_written_at_once_and_synced_after_a_while() {
    let (disk, log, keeper) = FakeDisk::gated();
    let mut writer = writer(disk, Duration::ZERO);
    writer.append_without_waiting(started(2));
    // Reached by the passing of time alone.
    keeper.await_sync();
    assert_eq!(records(&log.lock().unwrap().written), [started(2)]);
    keeper.let_through();
    writer.close().unwrap();
    assert_eq!(log.lock().unwrap().syncs, 1);
}

#[test]
fn closing_and_dropping_sync_what_is_left() {
    for close in [true, false] {
        let (disk, log) = FakeDisk::new(None);
        let mut writer = writer(disk, NEVER);
        writer.hold();
        writer.append_without_waiting(started(2));
        if close {
            writer.close().unwrap();
        } else {
            drop(writer);
        }
        let log = log.lock().unwrap();
        assert_eq!(records(&log.written[..log.durable]), [started(2)]);
    }
}

#[test]
fn after_an_error_no_ack_is_ok_and_the_disk_is_left_alone() {
    const APPENDS: usize = 6;
    let faults = (1..=APPENDS).flat_map(|nth| {
        [
            (
                DiskFault::Write { nth },
                nth,
                CheckpointStep::Write,
                ErrorKind::StorageFull,
            ),
            (
                DiskFault::Sync { nth },
                nth,
                CheckpointStep::Sync,
                io::Error::from_raw_os_error(5).kind(),
            ),
        ]
    });
    for (fault, nth, doing, kind) in faults {
        let (disk, log) = FakeDisk::new(Some(fault));
        let mut writer = writer(disk, NEVER);
        // One after another, so that each is a batch of its own.
        let acks: Vec<_> = (0..APPENDS)
            .map(|i| block_on(writer.append(started(2 + i as u64))))
            .collect();
        for (i, ack) in acks.iter().enumerate() {
            match ack {
                Ok(()) => assert!(i + 1 < nth, "{fault:?}: record {i} is acked"),
                Err(failed) => {
                    assert!(i + 1 >= nth, "{fault:?}: record {i} failed");
                    assert_eq!((failed.doing, failed.cause.kind()), (doing, kind));
                }
            }
        }
        let kept = writer.failure().expect("the failure is kept").clone();
        let closed = writer.close().expect_err("closing tells it too");
        assert!(Arc::ptr_eq(&closed.cause, &kept.cause));

        let log = log.lock().unwrap();
        let syncs = match fault {
            DiskFault::Write { .. } => nth - 1,
            DiskFault::Sync { .. } => nth,
        };
        assert_eq!(
            (log.writes, log.syncs),
            (nth, syncs),
            "{fault:?}: tried again"
        );
        let durable = records(&log.written[..log.durable]);
        let acked = acks.iter().filter(|ack| ack.is_ok()).count();
        assert_eq!(durable.len(), acked, "{fault:?}");
    }
}

#[test]
fn an_error_under_a_record_that_nobody_waits_for_reaches_the_next_ack() {
    for fault in [DiskFault::Write { nth: 1 }, DiskFault::Sync { nth: 1 }] {
        let (disk, _log) = FakeDisk::new(Some(fault));
        let mut writer = writer(disk, NEVER);
        writer.append_without_waiting(started(2));
        assert!(block_on(writer.append(started(3))).is_err(), "{fault:?}");
        assert!(block_on(writer.append(started(4))).is_err(), "{fault:?}");
    }
}

#[test]
fn what_a_full_disk_tore_is_a_torn_tail_for_the_reader() {
    let mut chain = Chain::default();
    let mut bytes = Vec::new();
    let header = CheckpointHeader::new("r".into(), "d".into(), 9, 7);
    chain.seal_header(&header, &mut bytes).unwrap();
    let (disk, log) = FakeDisk::new(Some(DiskFault::Write { nth: 2 }));
    let mut writer =
        CheckpointWriter::spawn_lingering(vec![disk], chain, Path::new("c"), NEVER).unwrap();
    block_on(writer.append(started(2))).unwrap();
    block_on(writer.append(started(3))).unwrap_err();
    bytes.extend_from_slice(&log.lock().unwrap().written);
    let replay = replay(&bytes[..]).unwrap();
    assert!(replay.tail.bytes() > 0);
    assert!(replay.state.open(2).is_some());
    assert_eq!(replay.state.open(3), None);
}

#[test]
fn a_thread_that_died_answers_nobody_and_says_so() {
    #[derive(Debug)]
    struct Bomb;
    impl Write for Bomb {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            panic!("a bug in the disk's layer")
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl Disk for Bomb {
        fn sync_data(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut writer = CheckpointWriter::spawn(vec![Bomb], Chain::default(), Path::new("c")).unwrap();
    for line in [2, 3] {
        let failed = block_on(writer.append(started(line))).unwrap_err();
        assert_eq!(failed.cause.to_string(), "its writer thread has stopped");
    }
    assert!(writer.close().is_err());
}

#[test]
fn who_waits_for_a_record_is_answered_also_if_it_is_dropped_unwritten() {
    let (sender, answer) = oneshot::channel();
    drop(PendingAck {
        sender: Some(sender),
        path: Path::new("c").into(),
    });
    assert!(block_on(answer).unwrap().is_err());
}
