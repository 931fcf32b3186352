use super::*;
use crate::{
    api::{Generation, Id},
    engine::task::SessionTask,
    outcome::Outcome,
    pace::Pace,
};

fn group(name: &str) -> ShardGroup {
    ShardGroup {
        lines: vec![2],
        execution: Some((Generation::V2, Id::new(name).unwrap())),
        journal: String::new(),
        errors: 0,
        doubtful: false,
        open: true,
        sums: ChangeSums::default(),
        is_lost: false,
    }
}

fn start(max_errors: Option<u64>, stop_after: u32) -> ShardStart {
    ShardStart {
        session: SessionTask {
            run: "run".into(),
            server: "s".into(),
            org: None,
            pace: Pace {
                stop_after: stop_after.try_into().unwrap(),
                ..Pace::default()
            },
            max_errors,
            recheck: true,
            settle_ms: 1,
            answers: Vec::new(),
            doubts: None,
            began_ms: 0,
        },
        errors: 0,
        in_a_row: 0,
    }
}

fn of(groups: usize, max_errors: Option<u64>, stop_after: u32) -> ShardProgress {
    let groups: Vec<_> = (0..groups).map(|n| group(&format!("e{n}"))).collect();
    ShardProgress::new(&groups, &start(max_errors, stop_after))
}

const fn work(index: usize, max_errors: Option<u64>) -> NextGroup {
    NextGroup::Work {
        index,
        max_errors,
        witness: None,
    }
}

fn applied() -> GroupEnd {
    GroupEnd {
        succeeded: true,
        ..GroupEnd::default()
    }
}

fn refused() -> GroupEnd {
    GroupEnd {
        errors: 1,
        failure: Some("400".into()),
        ..GroupEnd::default()
    }
}

fn unreached() -> GroupEnd {
    GroupEnd {
        open: true,
        stopped: Some(StopReason::NothingGotThrough {
            changes: 1,
            last: "no answer".into(),
        }),
        ..GroupEnd::default()
    }
}

#[test]
fn every_group_is_worked_on_once_and_what_is_left_from_before_is_not() {
    let mut groups = vec![group("a"), group("b"), group("c")];
    groups[1].open = false;
    let mut progress = ShardProgress::new(&groups, &start(None, 10));
    assert_eq!(progress.next(), work(0, None));
    assert_eq!(progress.next(), work(2, None));
    // Either may come back with something left to do.
    assert_eq!(progress.next(), NextGroup::Wait);
    progress.ended(0, &applied());
    progress.ended(2, &applied());
    assert_eq!(progress.next(), NextGroup::Done);
    assert_eq!(progress.end(7).stopped, None);
}

#[test]
fn what_became_of_a_group_is_counted_once_however_often_it_is_worked_on() {
    let sums = |applied, in_doubt| {
        let mut sums = ChangeSums::default();
        sums.counts.add(Outcome::Applied, applied);
        sums.counts.add(Outcome::InDoubt, in_doubt);
        sums.undecided = in_doubt;
        sums
    };
    let end = |sums| GroupEnd {
        sums,
        ..GroupEnd::default()
    };
    let mut groups = vec![group("a"), group("b")];
    groups[0].sums = sums(1, 1);
    let mut progress = ShardProgress::new(&groups, &start(None, 10));
    progress.ended(1, &end(sums(3, 0)));
    progress.ended(0, &end(sums(1, 1)));
    progress.ended(0, &end(sums(2, 0)));
    let end = progress.end(0);
    assert_eq!(end.sums_before, sums(1, 1));
    assert_eq!(end.sums, sums(5, 0));
}

#[test]
fn the_slots_that_are_given_out_never_exceed_what_may_still_fail() {
    let mut progress = of(5, Some(2), 100);
    assert_eq!(progress.next(), work(0, Some(1)));
    assert_eq!(progress.next(), work(1, Some(1)));
    assert_eq!(progress.next(), NextGroup::Wait);
    assert!(!progress.is_decided());
    progress.ended(0, &applied());
    assert_eq!(progress.next(), work(2, Some(1)));
    progress.ended(1, &refused());
    assert_eq!(progress.next(), NextGroup::Wait);
    progress.ended(2, &refused());
    // The next lane learns that nothing may fail any more.
    assert_eq!(progress.next(), NextGroup::Done);
    let end = progress.end(0);
    assert_eq!(end.errors, 2);
    assert_eq!(end.stopped, Some(StopReason::ErrorBudget { errors: 2 }));
}

#[test]
fn a_group_whose_slot_is_spent_goes_on_with_another_one() {
    let mut progress = of(1, Some(3), 100);
    let held_back = |errors| GroupEnd {
        open: true,
        stopped: Some(StopReason::ErrorBudget { errors }),
        ..refused()
    };
    assert_eq!(progress.next(), work(0, Some(1)));
    progress.ended(0, &held_back(1));
    assert_eq!(progress.next(), work(0, Some(2)));
    progress.ended(
        0,
        &GroupEnd {
            errors: 2,
            ..held_back(2)
        },
    );
    assert_eq!(progress.next(), work(0, Some(3)));
}

#[test]
fn a_doubt_of_an_earlier_session_needs_no_slot_and_may_return_one() {
    let mut groups = vec![group("a"), group("b")];
    groups[1].errors = 1;
    groups[1].doubtful = true;
    let start = ShardStart {
        errors: 1,
        ..start(Some(1), 100)
    };
    let mut progress = ShardProgress::new(&groups, &start);
    assert_eq!(progress.next(), work(1, Some(1)));
    assert_eq!(progress.next(), NextGroup::Wait);
    progress.ended(1, &applied());
    assert_eq!(progress.next(), work(0, Some(1)));
    let end = progress.end(0);
    assert_eq!((end.errors_before, end.errors), (1, 0));
}

#[test]
fn failures_in_a_row_stop_the_shard_and_a_success_begins_anew() {
    let mut progress = of(5, None, 2);
    for index in 0..4 {
        assert_eq!(progress.next(), work(index, None));
    }
    progress.ended(0, &refused());
    progress.ended(1, &applied());
    progress.ended(2, &refused());
    assert_eq!(progress.end(0).stopped, None);
    progress.ended(3, &refused());
    assert!(matches!(
        progress.end(0).stopped,
        Some(StopReason::FailuresInARow { failures: 2, .. })
    ));
    assert_eq!(progress.next(), NextGroup::Done);
}

#[test]
fn what_could_not_be_read_is_tried_again_once_another_execution_could() {
    let mut progress = of(2, None, 10);
    assert_eq!(progress.next(), work(0, None));
    assert_eq!(progress.next(), work(1, None));
    progress.ended(0, &unreached());
    assert_eq!(progress.next(), NextGroup::Wait);
    progress.ended(1, &applied());
    let again = NextGroup::Work {
        index: 0,
        max_errors: None,
        witness: Some(1),
    };
    assert_eq!(progress.next(), again);
    // The witness can't be read either.
    progress.ended(0, &unreached());
    assert_eq!(progress.next(), NextGroup::Done);
    assert_eq!(progress.end(0).stopped, unreached().stopped);
}

#[test]
fn if_nothing_could_be_read_the_shard_stops_and_nothing_has_failed() {
    let mut progress = of(2, None, 10);
    progress.next();
    progress.next();
    progress.ended(0, &unreached());
    progress.ended(1, &unreached());
    assert_eq!(progress.next(), NextGroup::Done);
    let end = progress.end(0);
    assert_eq!(end.errors, 0);
    assert!(matches!(
        end.stopped,
        Some(StopReason::NothingGotThrough { changes: 2, .. })
    ));
}

#[test]
fn an_error_of_the_whole_run_stops_it_at_once() {
    let mut progress = of(3, None, 10);
    progress.next();
    progress.next();
    let message = "no token".to_owned();
    progress.ended(
        0,
        &GroupEnd {
            open: true,
            stopped: Some(StopReason::Unauthorized {
                message: message.clone(),
            }),
            ..GroupEnd::default()
        },
    );
    assert_eq!(progress.next(), NextGroup::Done);
    progress.ended(1, &applied());
    assert_eq!(
        progress.end(0).stopped,
        Some(StopReason::Unauthorized { message })
    );
}
