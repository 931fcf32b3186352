use super::*;
use crate::checkpoint::record::RecordedOutcome;

fn state() -> CheckpointState {
    CheckpointState::new(&CheckpointHeader::new("r".into(), "d".into(), 6, 3)).unwrap()
}

fn after(records: &[Record]) -> CheckpointState {
    let mut state = state();
    for record in records {
        state.next(record).unwrap();
    }
    state
}

fn started(line: u64, attempt: u32, at: i64) -> Record {
    Record::Started { line, attempt, at }
}

fn unknown(line: u64, attempt: u32) -> Record {
    let reason = Detail::new("timeout");
    Record::Unknown {
        line,
        attempt,
        at: 0,
        reason,
    }
}

fn ended(line: u64, outcome: RecordedOutcome) -> Record {
    Record::Ended {
        line,
        outcome,
        detail: None,
        is_answer: false,
    }
}

#[test]
fn a_permitted_retry_is_used_up_by_its_start_also_if_the_request_never_left() {
    let send_again = |attempt| Record::SendAgain { line: 2, attempt };
    let never_left = Record::NoEffect {
        line: 2,
        attempt: 2,
        reason: Detail::new("the run stopped before the request left"),
        never_left: true,
    };
    let records = [started(2, 1, 17), unknown(2, 1), send_again(1)];
    let mut state = after(&records);
    assert_eq!(state.phase(2), Phase::MayRepeat);
    state.next(&started(2, 2, 18)).unwrap();
    state.next(&never_left).unwrap();
    assert_eq!(state.phase(2), Phase::InDoubt);
    // A person can permit it again.
    state.next(&send_again(2)).unwrap();
    assert_eq!(state.phase(2), Phase::MayRepeat);
}

#[test]
fn a_change_that_was_started_and_has_no_end_is_doubtful() {
    let state = after(&[started(2, 1, 17)]);
    let open = Open {
        attempts: 1,
        doubtful: true,
    };
    assert_eq!(state.open(2), Some(open));
    assert_eq!(state.outcome(2), None);
}

#[test]
fn a_throttled_attempt_leaves_a_doubt_of_an_earlier_one_standing() {
    let throttled = |attempt| Record::Throttled { line: 2, attempt };
    let clear = after(&[started(2, 1, 17), throttled(1)]);
    assert!(!clear.open(2).unwrap().doubtful);
    let still = after(&[
        started(2, 1, 17),
        unknown(2, 1),
        started(2, 2, 18),
        throttled(2),
    ]);
    assert!(still.open(2).unwrap().doubtful);
    let cleared = after(&[
        started(2, 1, 17),
        unknown(2, 1),
        Record::NotApplied {
            line: 2,
            attempt: 1,
        },
    ]);
    assert!(!cleared.open(2).unwrap().doubtful);
}

#[test]
fn what_the_last_attempt_met_is_never_what_an_earlier_one_met() {
    let not_sent = Record::NoEffect {
        line: 2,
        attempt: 1,
        reason: Detail::new("no connection"),
        never_left: false,
    };
    let throttled = Record::Throttled {
        line: 2,
        attempt: 2,
    };
    let mut state = after(&[started(2, 1, 17), not_sent]);
    assert_eq!(state.last_answer(2), Some("no connection"));
    state.next(&started(2, 2, 18)).unwrap();
    assert_eq!(state.last_answer(2), None);
    let mut died = state.clone();
    died.next(&Record::Resumed { at: 19 }).unwrap();
    assert_eq!(died.last_answer(2), None);
    let mut never_left = state.clone();
    let stopped = Record::NoEffect {
        line: 2,
        attempt: 2,
        reason: Detail::new("the run stopped before it was sent"),
        never_left: true,
    };
    never_left.next(&stopped).unwrap();
    assert_eq!(never_left.last_answer(2), Some("no connection"));
    state.next(&throttled).unwrap();
    assert_eq!(state.last_answer(2), Some("429"));
}

#[test]
fn what_was_in_flight_may_start_again_after_a_crash_only() {
    let mut state = after(&[started(2, 1, 17)]);
    assert_eq!(
        state.next(&started(2, 2, 18)),
        Err(Illegal::Step {
            line: 2,
            phase: Phase::InFlight,
            step: Transition::Started
        })
    );
    state.next(&Record::Resumed { at: 18 }).unwrap();
    state.next(&started(2, 2, 19)).unwrap();
    assert_eq!(state.phase(2), Phase::InFlightAgain);
}

#[test]
fn the_counts_always_sum_to_the_planned_changes() {
    let mut state = state();
    let records = [
        started(2, 1, 0),
        unknown(2, 1),
        started(3, 1, 0),
        ended(3, RecordedOutcome::Applied),
        ended(4, RecordedOutcome::Drifted),
        ended(2, RecordedOutcome::Applied),
    ];
    assert_eq!(state.counts().total(), 3);
    for record in records {
        state.next(&record).unwrap();
        assert_eq!(state.counts().total(), 3, "{record:?}");
    }
    assert_eq!(state.counts().get(Outcome::Applied), 2);
    assert_eq!(state.counts().get(Outcome::Drifted), 1);
}

#[test]
fn a_doubtful_change_counts_as_in_doubt_and_a_waiting_one_as_not_attempted() {
    let state = after(&[
        started(2, 1, 0),
        started(3, 1, 0),
        Record::Throttled {
            line: 3,
            attempt: 1,
        },
    ]);
    assert_eq!(state.counts().get(Outcome::InDoubt), 1);
    assert_eq!(state.counts().get(Outcome::NotAttempted), 2);
}

#[test]
fn an_illegal_record_names_what_it_met_and_changes_nothing() {
    let table = [
        (
            ended(2, RecordedOutcome::Applied),
            "plan line 2: \"ended applied\" can't follow while the change is untouched",
        ),
        (
            started(2, 2, 0),
            "plan line 2: \"started\" is for attempt 2 instead of attempt 1",
        ),
        (
            started(1, 1, 0),
            "line 1 can't be a change in a plan of 6 lines",
        ),
        (
            started(6, 1, 0),
            "line 6 can't be a change in a plan of 6 lines",
        ),
        (
            started(0, 1, 0),
            "line 0 can't be a change in a plan of 6 lines",
        ),
        (
            started(u64::MAX, 1, 0),
            "line 18446744073709551615 can't be a change in a plan of 6 lines",
        ),
        (
            Record::Throttled {
                line: 5,
                attempt: 2,
            },
            "plan line 5: \"throttled\" is for attempt 2 instead of attempt 1",
        ),
        (
            Record::Finished { at: 0 },
            "\"finished\" is not allowed while the change on plan line 5 is in flight",
        ),
    ];
    for (record, message) in table {
        let before = after(&[started(5, 1, 0)]);
        let mut state = before.clone();
        assert_eq!(state.next(&record).unwrap_err().to_string(), message);
        assert_eq!(state, before, "{record:?}");
    }
}

#[test]
fn no_more_changes_have_records_than_were_planned() {
    let mut state = after(&[
        ended(2, RecordedOutcome::Gone),
        ended(3, RecordedOutcome::Gone),
        ended(4, RecordedOutcome::Gone),
    ]);
    assert_eq!(
        state.next(&ended(5, RecordedOutcome::Gone)),
        Err(Illegal::MoreThanPlanned {
            line: 5,
            changes: 3
        })
    );
}

#[test]
fn nothing_follows_the_end_of_the_run() {
    let abandoned = Record::Abandoned {
        at: 5,
        reason: Detail::new("wrong playbook"),
    };
    for (end, word) in [
        (Record::Finished { at: 5 }, "finished"),
        (abandoned, "abandoned"),
    ] {
        let mut state = after(&[end]);
        assert_eq!(state.ending().map(Ending::word), Some(word));
        for record in [started(2, 1, 0), Record::Resumed { at: 6 }] {
            assert!(matches!(
                state.next(&record),
                Err(Illegal::Over { ending, .. }) if ending == word
            ));
        }
    }
}

#[test]
fn a_header_with_more_changes_than_lines_is_an_error() {
    let (lines, changes) = (3, 4);
    let header = CheckpointHeader::new("r".into(), "d".into(), lines, changes);
    assert_eq!(
        CheckpointState::new(&header),
        Err(Illegal::Lines { lines, changes })
    );
}

#[test]
fn a_header_that_names_billions_of_lines_takes_no_memory_for_them() {
    let lines = 1 << 40;
    let header = CheckpointHeader::new("r".into(), "d".into(), lines, lines - 2);
    let mut state = CheckpointState::new(&header).unwrap();
    state.next(&started(lines - 1, 1, 0)).unwrap();
    assert_eq!(state.counts().total(), lines - 2);
    assert_eq!(state.phase(lines - 1), Phase::InFlight);
    assert_eq!(state.phase(2), Phase::Untouched);
}

fn answered(attempt: u32, answer: PersonAnswer) -> Record {
    Record::Answered {
        line: 2,
        attempt,
        at: 20,
        answer,
    }
}

#[test]
fn an_answer_is_about_the_attempts_that_a_person_knew_and_ends_nothing_by_itself() {
    let mut state = after(&[started(2, 1, 17), unknown(2, 1)]);
    // While an attempt is in flight, or after another attempt, an answer can't be about what was seen.
    assert!(state.next(&answered(2, PersonAnswer::Applied)).is_err());
    state.next(&answered(1, PersonAnswer::Applied)).unwrap();
    assert_eq!(state.answer(2), Some(PersonAnswer::Applied));
    assert_eq!(state.outcome_so_far(2), Outcome::InDoubt);
    // The last one counts.
    state.next(&answered(1, PersonAnswer::Retry)).unwrap();
    assert_eq!(state.answer(2), Some(PersonAnswer::Retry));
    state.next(&Record::Resumed { at: 21 }).unwrap();
    assert_eq!(state.answer(2), Some(PersonAnswer::Retry));
    state.next(&started(2, 2, 22)).unwrap();
    assert!(state.next(&answered(2, PersonAnswer::Skip)).is_err());
    state.next(&unknown(2, 2)).unwrap();
    // It was about the first attempt.
    assert_eq!(state.answer(2), None);
    assert_eq!(state.answered(2), Some((1, PersonAnswer::Retry)));
}

#[test]
fn an_applied_change_by_an_answer_is_applied_and_only_a_doubt_ends_so() {
    let by_answer = Record::Ended {
        line: 2,
        outcome: RecordedOutcome::Applied,
        detail: None,
        is_answer: true,
    };
    assert!(after(&[started(2, 1, 17)]).next(&by_answer).is_err());
    let mut state = after(&[started(2, 1, 17), unknown(2, 1)]);
    state.next(&by_answer).unwrap();
    assert_eq!(state.outcome(2), Some(Outcome::Applied));
    assert_eq!(state.counts().get(Outcome::InDoubt), 0);
}

#[test]
fn what_a_look_showed_is_of_the_attempts_before_it() {
    let looked = |attempt, found| Record::Looked {
        line: 2,
        attempt,
        at: 19,
        found: Detail::new(found),
    };
    let mut state = after(&[started(2, 1, 17), unknown(2, 1), looked(1, "nothing")]);
    assert_eq!(state.found(2), Some("nothing"));
    state.next(&looked(1, "one execution")).unwrap();
    assert_eq!(state.found(2), Some("one execution"));
    let moment = Timestamp::from_millisecond(17).ok();
    assert_eq!(state.first_sent_at(2), moment);
    state.next(&started(2, 2, 22)).unwrap();
    assert_eq!(state.found(2), None);
    assert_eq!(state.first_sent_at(2), moment);
}
