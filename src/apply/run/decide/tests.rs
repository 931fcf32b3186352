//! Each standing and reading, and the step that follows.
//!
//! One file because it is one table of decisions.

use std::{collections::BTreeMap, slice::from_ref};

use super::*;
use crate::{
    api::{Generation, Id, Level, Method, Operation},
    plan::{Change, PlannedRequest, Target, Undo},
};

/// So many attempts, all of this session.
fn tried(made: u32) -> Attempts {
    Attempts {
        made,
        ..Attempts::default()
    }
}

fn not_sent(attempts: Attempts) -> ChangeState {
    ChangeState::Waiting {
        attempts,
        disproved: false,
    }
}

const LIMITS: Limits = Limits {
    attempts: 3,
    settle: Duration::from_secs(30),
};

fn planned(task: Option<&str>, repeat: Repeat) -> PlannedChange {
    let execution = Id::new("e").unwrap();
    let id = task.map(|task| Id::new(task).unwrap());
    let operation = match &id {
        Some(task) => Operation::PatchTask(execution.clone(), task.clone()),
        None => Operation::PatchFlow(execution.clone()),
    };
    let kind = if id.is_some() {
        Level::Task
    } else {
        Level::Execution
    };
    let change = Change {
        change: "0".repeat(12),
        group: execution.clone(),
        target: Target {
            kind,
            api: Generation::V2,
            execution,
            id,
            name: String::new(),
            within: Vec::new(),
        },
        action: Vec::new(),
        request: PlannedRequest {
            method: Method::Patch,
            path: operation.path(),
            body: None,
        },
        before: BTreeMap::new(),
        after: BTreeMap::from([("name".to_owned(), "n".into())]),
        requires: BTreeMap::new(),
        repeat,
        undo: Undo::None(String::new()),
        effects: Vec::new(),
    };
    PlannedChange {
        line: 2,
        change,
        operation,
    }
}

fn alone(repeat: Repeat, standing: ChangeState, reading: Option<Reading>) -> NextMove {
    decide(
        &[planned(Some("t"), repeat)],
        &[standing],
        0,
        reading,
        LIMITS,
    )
}

#[test]
fn a_change_that_was_not_sent_goes_by_what_was_read() {
    let waiting = || not_sent(tried(1));
    let drifted = || Reading::Drifted("x".to_owned());
    for repeat in [Repeat::Safe, Repeat::Readable] {
        for (reading, step) in [
            (
                Some(Reading::AsPlanned),
                NextMove::Send {
                    attempts: tried(1),
                    disproved: false,
                },
            ),
            (
                None,
                NextMove::Send {
                    attempts: tried(1),
                    disproved: false,
                },
            ),
            (
                Some(Reading::Done),
                NextMove::End(RecordedOutcome::AlreadyDone, None),
            ),
            (
                Some(drifted()),
                NextMove::End(RecordedOutcome::Drifted, Some("x".to_owned())),
            ),
            (
                Some(Reading::Gone),
                NextMove::End(RecordedOutcome::Gone, None),
            ),
        ] {
            assert_eq!(alone(repeat, waiting(), reading), step);
        }
        let used_up = not_sent(tried(3));
        assert_eq!(
            alone(repeat, used_up, Some(Reading::AsPlanned)),
            NextMove::Send {
                attempts: tried(3),
                disproved: false
            }
        );
    }
}

#[test]
fn after_a_proof_that_came_too_early_an_effect_is_still_our_own() {
    let disproved = || ChangeState::Waiting {
        attempts: tried(1),
        disproved: true,
    };
    for (reading, step) in [
        (
            Some(Reading::Done),
            NextMove::End(RecordedOutcome::Applied, None),
        ),
        (
            Some(Reading::AsPlanned),
            NextMove::Send {
                attempts: tried(1),
                disproved: true,
            },
        ),
    ] {
        assert_eq!(alone(Repeat::Readable, disproved(), reading), step);
    }
}

#[test]
fn a_doubtful_change_is_sent_again_only_when_that_is_safe_or_proven() {
    let doubtful = |attempts, seconds| ChangeState::Doubtful {
        attempts,
        age: Duration::from_secs(seconds),
        may_repeat: false,
    };
    let send = |attempts, disproved| NextMove::Send {
        attempts,
        disproved,
    };
    // Three attempts, of which earlier sessions made two or all.
    let [one_here, none_here] = [2, 3].map(|earlier| Attempts {
        made: 3,
        earlier,
        never_left: 0,
    });
    let five = Attempts {
        made: 5,
        earlier: 2,
        never_left: 0,
    };
    let (safe, readable) = (Repeat::Safe, Repeat::Readable);
    for (repeat, attempts, age, step) in [
        (safe, tried(1), 0, send(tried(1), false)),
        (safe, tried(1), 30, send(tried(1), true)),
        (safe, tried(3), 29, NextMove::Leave),
        (safe, tried(3), 30, NextMove::GiveUp { attempts: tried(3) }),
        (readable, tried(1), 29, NextMove::Leave),
        (readable, tried(1), 30, send(tried(1), true)),
        (readable, tried(3), 29, NextMove::Leave),
        (
            readable,
            tried(3),
            30,
            NextMove::GiveUp { attempts: tried(3) },
        ),
        // What earlier sessions made does not count.
        (safe, none_here, 0, send(none_here, false)),
        (safe, one_here, 0, send(one_here, false)),
        (safe, five, 30, NextMove::GiveUp { attempts: five }),
        (readable, none_here, 29, NextMove::Leave),
        (readable, none_here, 30, send(none_here, true)),
        (readable, one_here, 30, send(one_here, true)),
    ] {
        let standing = doubtful(attempts, age);
        assert_eq!(
            alone(repeat, standing, Some(Reading::AsPlanned)),
            step,
            "{repeat:?} {attempts:?} {age}"
        );
    }
    for repeat in [Repeat::Safe, Repeat::Readable] {
        for (reading, step) in [
            (
                Some(Reading::Done),
                NextMove::End(RecordedOutcome::Applied, None),
            ),
            (
                Some(Reading::Gone),
                NextMove::End(RecordedOutcome::Gone, None),
            ),
            (Some(Reading::Drifted("x".to_owned())), NextMove::Leave),
            (None, NextMove::Leave),
        ] {
            assert_eq!(
                alone(repeat, doubtful(tried(1), 30), reading),
                step,
                "{repeat:?}"
            );
        }
    }
}

#[test]
fn what_must_be_sent_once_stays_in_doubt_whatever_is_read() {
    for reading in [
        Some(Reading::Done),
        Some(Reading::AsPlanned),
        Some(Reading::Gone),
        Some(Reading::Drifted("x".to_owned())),
        None,
    ] {
        for age in [0, 30, 3600] {
            let doubtful = ChangeState::Doubtful {
                attempts: tried(1),
                age: Duration::from_secs(age),
                may_repeat: false,
            };
            assert_eq!(
                alone(Repeat::Once, doubtful, reading.clone()),
                NextMove::Leave,
                "{reading:?}"
            );
        }
    }
    // What is known not to have left may leave.
    let waiting = not_sent(tried(1));
    assert_eq!(
        alone(Repeat::Once, waiting, Some(Reading::AsPlanned)),
        NextMove::Send {
            attempts: tried(1),
            disproved: false
        }
    );
}

#[test]
fn a_person_permits_another_attempt_and_settles_nothing() {
    let doubtful = || ChangeState::Doubtful {
        attempts: tried(3),
        age: Duration::ZERO,
        may_repeat: true,
    };
    let send = || NextMove::Send {
        attempts: tried(3),
        disproved: false,
    };
    let drifted = || Reading::Drifted("x".to_owned());
    for (repeat, reading, step) in [
        (Repeat::Once, Some(Reading::AsPlanned), send()),
        (Repeat::Once, None, send()),
        // What was planned on is not there any more: perhaps because an attempt has worked.
        (Repeat::Once, Some(drifted()), NextMove::Leave),
        (Repeat::Once, Some(Reading::Gone), NextMove::Leave),
        (Repeat::Readable, Some(Reading::AsPlanned), send()),
        (Repeat::Readable, None, NextMove::Leave),
        (Repeat::Readable, Some(drifted()), NextMove::Leave),
        (
            Repeat::Readable,
            Some(Reading::Done),
            NextMove::End(RecordedOutcome::Applied, None),
        ),
        (
            Repeat::Readable,
            Some(Reading::Gone),
            NextMove::End(RecordedOutcome::Gone, None),
        ),
    ] {
        assert_eq!(
            alone(repeat, doubtful(), reading.clone()),
            step,
            "{repeat:?} {reading:?}"
        );
    }
}

#[test]
fn what_no_read_can_show_is_never_disproved() {
    let mut hidden = planned(Some("t"), Repeat::Safe);
    hidden.change.after.clear();
    let step = |made, seconds, reading| {
        let doubtful = ChangeState::Doubtful {
            attempts: tried(made),
            age: Duration::from_secs(seconds),
            may_repeat: false,
        };
        decide(from_ref(&hidden), &[doubtful], 0, reading, LIMITS)
    };
    for seconds in [0, 30, 3_600] {
        for reading in [Some(Reading::AsPlanned), None] {
            let send = NextMove::Send {
                attempts: tried(1),
                disproved: false,
            };
            assert_eq!(step(1, seconds, reading.clone()), send);
            assert_eq!(step(3, seconds, reading), NextMove::Leave);
        }
    }
}

#[test]
fn what_may_have_found_nothing_to_do_is_never_disproved() {
    let mut reconcile = planned(Some("t"), Repeat::Safe);
    let id = |text: &str| Id::new(text).unwrap();
    reconcile.operation = Operation::ReconcileAutomation(id("e"), id("t"));
    for (made, reading, step) in [
        (3, Reading::AsPlanned, NextMove::Leave),
        (
            3,
            Reading::Done,
            NextMove::End(RecordedOutcome::Applied, None),
        ),
        (
            1,
            Reading::AsPlanned,
            NextMove::Send {
                attempts: tried(1),
                disproved: false,
            },
        ),
    ] {
        let doubtful = ChangeState::Doubtful {
            attempts: tried(made),
            age: Duration::from_secs(3_600),
            may_repeat: false,
        };
        let decided = decide(from_ref(&reconcile), &[doubtful], 0, Some(reading), LIMITS);
        assert_eq!(decided, step);
    }
}

#[test]
fn what_is_not_there_any_more_is_deleted_by_us_by_somebody_or_gone() {
    let id = |text: &str| Id::new(text).unwrap();
    let delete = Operation::DeleteFlow(id("e"));
    let step = Operation::DeleteStep(id("e"), id("s"));
    let cancel = Operation::CancelSchedule(id("e"), id("t"));
    let patch = Operation::PatchTask(id("e"), id("t"));
    for (operation, sure, doubtful) in [
        (
            delete,
            RecordedOutcome::AlreadyDone,
            RecordedOutcome::Applied,
        ),
        (step, RecordedOutcome::AlreadyDone, RecordedOutcome::Applied),
        (cancel, RecordedOutcome::Gone, RecordedOutcome::Applied),
        (patch, RecordedOutcome::Gone, RecordedOutcome::Gone),
    ] {
        assert_eq!(end_of_gone(&operation, false), sure, "{operation:?}");
        assert_eq!(end_of_gone(&operation, true), doubtful, "{operation:?}");
    }
}

#[test]
fn what_has_ended_is_left_alone() {
    for outcome in Outcome::ALL {
        assert_eq!(
            alone(
                Repeat::Safe,
                ChangeState::Ended(outcome),
                Some(Reading::AsPlanned)
            ),
            NextMove::Leave
        );
    }
}

#[test]
fn a_change_waits_for_its_own_target_and_an_execution_for_all_of_its_group() {
    let changes = [
        planned(Some("a"), Repeat::Safe),
        planned(Some("a"), Repeat::Safe),
        planned(Some("b"), Repeat::Safe),
        planned(None, Repeat::Safe),
    ];
    let waiting = || not_sent(tried(0));
    let doubtful = || ChangeState::Doubtful {
        attempts: tried(1),
        age: Duration::ZERO,
        may_repeat: false,
    };
    let send = NextMove::Send {
        attempts: tried(0),
        disproved: false,
    };
    let steps = |first: ChangeState, third: ChangeState| {
        let standings = [first, waiting(), third, waiting()];
        [1, 3].map(|place| {
            decide(
                &changes,
                &standings,
                place,
                Some(Reading::AsPlanned),
                LIMITS,
            )
        })
    };
    let good = [Outcome::Applied, Outcome::AlreadyDone];
    for outcome in Outcome::ALL {
        let broken = if good.contains(&outcome) {
            send.clone()
        } else {
            NextMove::Blocked
        };
        let ended = ChangeState::Ended(outcome);
        let applied = ChangeState::Ended(Outcome::Applied);
        // The same target, and the whole execution.
        assert_eq!(
            steps(ended.clone(), applied.clone()),
            [broken.clone(), NextMove::Later].map(|step| {
                if step == NextMove::Later && broken == NextMove::Blocked {
                    NextMove::Blocked
                } else {
                    step
                }
            })
        );
        // Another target holds back the execution only.
        assert_eq!(steps(applied, ended)[0], send);
    }
    assert_eq!(
        steps(doubtful(), waiting()),
        [NextMove::Later, NextMove::Later]
    );
    let all = |standing: &ChangeState| {
        [
            standing.clone(),
            standing.clone(),
            standing.clone(),
            waiting(),
        ]
    };
    let applied = all(&ChangeState::Ended(Outcome::Applied));
    assert_eq!(
        decide(&changes, &applied, 3, Some(Reading::AsPlanned), LIMITS),
        send
    );
    let mut one_failed = applied;
    one_failed[2] = ChangeState::Ended(Outcome::Failed);
    assert_eq!(
        decide(&changes, &one_failed, 3, Some(Reading::AsPlanned), LIMITS),
        NextMove::Blocked
    );
}
