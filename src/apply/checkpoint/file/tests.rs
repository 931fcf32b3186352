use std::fs;

use futures::executor::block_on;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::*;
use crate::checkpoint::{
    error::Damage,
    record::{Detail, RecordedOutcome},
};

fn header() -> CheckpointHeader {
    CheckpointHeader::new("0192".into(), "ab12".into(), 6, 4)
}

fn started(line: u64) -> Record {
    Record::Started {
        line,
        attempt: 1,
        at: 17,
    }
}

fn created() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.jsonl");
    Checkpoint::create(&path, &header()).unwrap();
    (folder, path)
}

fn open(path: &Path) -> Opened {
    Checkpoint::open(path, &header(), 100).unwrap()
}

#[test]
fn a_new_run_opens_with_nothing_recorded_and_nothing_to_resume() {
    let (_folder, path) = created();
    let Opened {
        checkpoint,
        repaired,
    } = open(&path);
    assert_eq!(repaired, Tail::None);
    assert_eq!(
        checkpoint.close().unwrap(),
        CheckpointState::new(&header()).unwrap()
    );
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
}

#[test]
fn what_a_killed_process_had_acked_is_there_and_in_doubt() {
    let (folder, path) = created();
    let mut killed = open(&path).checkpoint;
    block_on(killed.append(started(2)).unwrap()).unwrap();
    // A copy is what is left when the process ends here: no flush, no close.
    let left = folder.path().join("left");
    fs::copy(&path, &left).unwrap();

    let resumed = open(&left).checkpoint;
    assert!(resumed.state().open(2).unwrap().doubtful);
    assert_eq!(resumed.state().phase(2), crate::checkpoint::Phase::InDoubt);
    let state = resumed.close().unwrap();
    assert_eq!(Checkpoint::read(&left).unwrap().state, state);
    killed.close().unwrap();
}

#[test]
fn a_checkpoint_that_is_not_in_its_place_any_more_takes_no_record() {
    type Damage = fn(&Path) -> io::Result<()>;
    let damages: [(&str, Damage); 5] = [
        ("the file is deleted", |path| fs::remove_file(path)),
        ("the folder is deleted", |path| {
            fs::remove_dir_all(path.parent().unwrap())
        }),
        ("the folder is moved", |path| {
            let folder = path.parent().unwrap();
            fs::rename(folder, folder.with_extension("moved"))
        }),
        ("the file is moved", |path| {
            fs::rename(path, path.with_extension("moved"))
        }),
        ("another file is in its place", |path| {
            fs::copy(path, path.with_extension("copy"))?;
            fs::rename(path.with_extension("copy"), path)
        }),
    ];
    for (what, damage) in damages {
        for is_awaited in [true, false] {
            let (folder, path) = created();
            let inside = folder.path().join("run");
            fs::create_dir(&inside).unwrap();
            let path = {
                let inside = inside.join("checkpoint.jsonl");
                fs::rename(path, &inside).unwrap();
                inside
            };
            let mut checkpoint = open(&path).checkpoint;
            block_on(checkpoint.append(started(2)).unwrap()).unwrap();
            let done = damage(&path);
            if cfg!(windows) && done.is_err() {
                // The system keeps an open file in its place.
                block_on(checkpoint.append(started(3)).unwrap()).unwrap();
                checkpoint.close().unwrap();
                continue;
            }
            done.unwrap();
            if is_awaited {
                let ack = block_on(checkpoint.append(started(3)).unwrap());
                assert!(ack.is_err(), "{what}");
            } else {
                checkpoint.append_without_waiting(started(3)).unwrap();
            }
            let failure = checkpoint.close().expect_err(what);
            assert_eq!(failure.doing, CheckpointStep::Find, "{what}");
        }
    }
}

#[test]
fn a_torn_record_is_cut_off_reported_and_gone_for_good() {
    let (_folder, path) = created();
    let mut checkpoint = open(&path).checkpoint;
    block_on(checkpoint.append(started(2)).unwrap()).unwrap();
    checkpoint.close().unwrap();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [&whole[..], &b"{\"seq\":2,\"rec"[..]].concat()).unwrap();

    let torn = Tail::Torn { bytes: 13 };
    assert_eq!(Checkpoint::read(&path).unwrap().tail, torn);
    let Opened {
        mut checkpoint,
        repaired,
    } = open(&path);
    assert_eq!(repaired, torn);
    block_on(checkpoint.append(started(3)).unwrap()).unwrap();
    let state = checkpoint.close().unwrap();

    let snapshot = Checkpoint::read(&path).unwrap();
    assert_eq!((snapshot.tail, snapshot.state), (Tail::None, state));
    assert!(fs::read(&path).unwrap().starts_with(&whole));
}

#[test]
fn a_last_record_that_lost_its_newline_only_is_kept_and_ended() {
    let (_folder, path) = created();
    let mut checkpoint = open(&path).checkpoint;
    block_on(checkpoint.append(started(2)).unwrap()).unwrap();
    checkpoint.close().unwrap();
    let whole = fs::read(&path).unwrap();
    for (in_its_place, bytes) in [(&b""[..], 0), (b"\0", 1)] {
        let (record, _) = whole.split_at(whole.len() - 1);
        fs::write(&path, [record, in_its_place].concat()).unwrap();
        let Opened {
            checkpoint,
            repaired,
        } = open(&path);
        assert_eq!(repaired, Tail::Unended { bytes });
        assert!(checkpoint.state().open(2).unwrap().doubtful);
        checkpoint.close().unwrap();
        assert!(fs::read(&path).unwrap().starts_with(&whole));
        assert_eq!(Checkpoint::read(&path).unwrap().tail, Tail::None);
    }
}

#[test]
fn damage_is_refused_with_its_line_and_the_file_is_left_as_it_was() {
    let (_folder, path) = created();
    let mut checkpoint = open(&path).checkpoint;
    for line in [2, 3] {
        block_on(checkpoint.append(started(line)).unwrap()).unwrap();
    }
    checkpoint.close().unwrap();
    let damaged = fs::read_to_string(&path)
        .unwrap()
        .replace("\"line\":2", "\"line\":4");
    fs::write(&path, &damaged).unwrap();
    let error = Checkpoint::open(&path, &header(), 100).unwrap_err();
    assert!(matches!(
        error,
        CheckpointError::Damaged {
            line: 2,
            source: Damage::Checksum,
            ..
        }
    ));
    assert!(
        error.to_string().contains("is damaged in line 2"),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
}

#[test]
fn a_checkpoint_of_another_plan_or_run_is_refused() {
    let (_folder, path) = created();
    let refused = |change: fn(&mut CheckpointHeader)| {
        let mut expected = header();
        change(&mut expected);
        Checkpoint::open(&path, &expected, 100).unwrap_err()
    };
    assert!(matches!(
        refused(|header| header.plan_sha256 = "cd34".into()),
        CheckpointError::OtherPlan { expected, found, .. } if expected == "cd34" && found == "ab12"
    ));
    assert!(matches!(
        refused(|header| header.run = "0193".into()),
        CheckpointError::OtherRun { expected, found, .. } if expected == "0193" && found == "0192"
    ));
    assert!(matches!(
        refused(|header| header.changes = 3),
        CheckpointError::OtherSize { changes: 4, .. }
    ));
}

#[test]
fn a_run_that_came_to_its_end_cannot_be_opened_again() {
    let abandoned = Record::Abandoned {
        at: 5,
        reason: Detail::new("wrong playbook"),
    };
    for record in [Record::Finished { at: 5 }, abandoned] {
        let (_folder, path) = created();
        assert_eq!(Checkpoint::peek_ending(&path).unwrap(), None);
        let mut checkpoint = open(&path).checkpoint;
        block_on(checkpoint.append(record.clone()).unwrap()).unwrap();
        checkpoint.close().unwrap();
        assert!(matches!(
            Checkpoint::open(&path, &header(), 100),
            Err(CheckpointError::Over { ending, .. }) if ending == record.word()
        ));
        assert_eq!(Checkpoint::peek_ending(&path).unwrap(), Ending::of(&record));
    }
}

#[test]
fn the_ending_is_found_behind_more_records_than_are_looked_at() {
    let (_folder, path) = created();
    let mut checkpoint = open(&path).checkpoint;
    for at in 0..100 {
        checkpoint
            .append_without_waiting(Record::Resumed { at })
            .unwrap();
    }
    checkpoint
        .append_without_waiting(Record::Finished { at: 7 })
        .unwrap();
    checkpoint.close().unwrap();
    assert!(fs::metadata(&path).unwrap().len() > MAX_LINE as u64);
    assert_eq!(
        Checkpoint::peek_ending(&path).unwrap(),
        Some(Ending::Finished { at: 7 })
    );
}

#[test]
fn a_record_that_contradicts_the_state_is_not_written() {
    let (_folder, path) = created();
    let mut checkpoint = open(&path).checkpoint;
    let applied = Record::Ended {
        line: 2,
        outcome: RecordedOutcome::Applied,
        detail: None,
        is_answer: false,
    };
    assert!(checkpoint.append(applied.clone()).is_err());
    let (ack, answer) = oneshot::channel();
    assert!(checkpoint.append_for(applied.clone(), ack).is_err());
    assert!(block_on(answer).is_err(), "nothing was queued");
    assert!(checkpoint.append_without_waiting(applied).is_err());
    checkpoint.close().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
}

#[test]
fn a_checkpoint_is_never_made_over_another() {
    let (_folder, path) = created();
    let error = Checkpoint::create(&path, &header()).unwrap_err();
    assert!(matches!(
        error,
        CheckpointError::Io { doing: CheckpointStep::Create, source, .. }
            if source.kind() == io::ErrorKind::AlreadyExists
    ));
}
