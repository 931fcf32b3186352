//! Tests of the facts about each change.

use super::*;
use crate::checkpoint::{Detail, RecordedOutcome};

fn said(line: u64, reason: &str) -> (String, String) {
    let facts = ChangeFacts {
        said: Some(reason.to_owned()),
        ..ChangeFacts::default()
    };
    (key(line), facts.to_line().unwrap())
}

#[test]
fn a_disk_that_fails_is_told_and_loses_no_reason_in_silence() {
    let mut facts = vec![
        Ok(said(2, "first")),
        Ok(said(2, "last")),
        Err(io::Error::other("the disk is gone")),
        Ok(said(4, "never reached")),
    ]
    .into_iter()
    .peekable();
    assert_eq!(
        known(&mut facts, &key(2)).unwrap_err().to_string(),
        "the disk is gone"
    );
    let mut facts = [said(2, "first"), said(2, "last"), said(4, "of another")]
        .into_iter()
        .map(Ok)
        .peekable();
    let mut last = |line| known(&mut facts, &key(line)).unwrap().said;
    assert_eq!(last(2).as_deref(), Some("last"));
    assert_eq!(last(3), None);
    assert_eq!(last(4).as_deref(), Some("of another"));
}

const fn started(line: u64, attempt: u32, at: i64) -> Record {
    Record::Started { line, attempt, at }
}

const fn ended(line: u64) -> Record {
    Record::Ended {
        line,
        outcome: RecordedOutcome::Applied,
        detail: None,
        is_answer: false,
    }
}

fn held_up(line: u64, attempt: u32) -> Record {
    Record::NoEffect {
        line,
        attempt,
        reason: Detail::new("the run stopped"),
        never_left: true,
    }
}

/// What the records say of line 2: the number of attempts, the starts of the first and the last one, and how long it took at most.
fn told(records: &[Record]) -> (u32, Option<i64>, Option<i64>, Option<u64>) {
    let mut collector = Collector::default();
    for record in records {
        collector.take(record).unwrap();
    }
    let mut facts = collector.finish().unwrap().peekable();
    let AttemptTimes {
        number,
        first_started_at,
        last_started_at,
        took_at_most_ms,
    } = known(&mut facts, &key(2)).unwrap().attempts;
    let millis = |at: Option<Timestamp>| at.map(Timestamp::as_millisecond);
    (
        number,
        millis(first_started_at),
        millis(last_started_at),
        took_at_most_ms,
    )
}

#[test]
fn a_change_took_no_longer_than_until_the_next_record_with_a_time_and_otherwise_nothing_is_said() {
    let finished = Record::Finished { at: 900 };
    for (records, expected) in [
        (vec![], (0, None, None, None)),
        // The re-check ended it: no request was sent.
        (vec![ended(2), finished.clone()], (0, None, None, None)),
        (
            vec![
                started(2, 1, 100),
                ended(2),
                started(3, 1, 130),
                finished.clone(),
            ],
            (1, Some(100), Some(100), Some(30)),
        ),
        (
            vec![started(2, 1, 100), ended(2), finished.clone()],
            (1, Some(100), Some(100), Some(800)),
        ),
        // Nobody knows when the process died.
        (
            vec![
                started(2, 1, 100),
                ended(2),
                Record::Resumed { at: 800 },
                finished.clone(),
            ],
            (1, Some(100), Some(100), None),
        ),
        // The clock was set back.
        (
            vec![started(2, 1, 100), ended(2), started(3, 1, 90)],
            (1, Some(100), Some(100), None),
        ),
        (
            vec![
                started(2, 1, 100),
                Record::Throttled {
                    line: 2,
                    attempt: 1,
                },
                started(2, 2, 200),
                ended(2),
                finished.clone(),
            ],
            (2, Some(100), Some(200), Some(800)),
        ),
        // An intent without a request is no attempt.
        (
            vec![started(2, 1, 100), held_up(2, 1)],
            (0, None, None, None),
        ),
        (
            vec![
                started(2, 1, 100),
                held_up(2, 1),
                started(2, 2, 300),
                ended(2),
                finished,
            ],
            (1, Some(300), Some(300), Some(600)),
        ),
    ] {
        assert_eq!(told(&records), expected, "{records:?}");
    }
}
