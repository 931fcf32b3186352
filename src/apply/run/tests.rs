//! What a run promises, played on a stage.

use std::{slice::from_ref, time::Duration};

use super::RunResult;
use crate::{
    event::Event,
    outcome::Outcome,
    plan::{Change, Repeat},
    testing::{
        changes::{close, due, kinds, read_of, reassign, reassign_running, request_of, run_now},
        simulated_service::{Fault, ShownInstead},
        test_run::{ATTEMPTS, SETTLE, TestRun},
    },
};

async fn played(changes: &[Change], faults: &[(String, Fault)]) -> (TestRun, RunResult) {
    let mut test_run = TestRun::new(changes);
    for (request, fault) in faults {
        test_run.service.fault(request, *fault);
    }
    let end = test_run.run().await.unwrap();
    test_run.check();
    assert_eq!(end.counts, test_run.snapshot().state.counts());
    assert_eq!(end.finished, test_run.snapshot().state.is_finished());
    (test_run, end)
}

const FAULTS: [Fault; 23] = [
    Fault::None,
    Fault::NotSent,
    Fault::DropBefore,
    Fault::DropAfter,
    Fault::Late(1),
    Fault::Late(20_000),
    Fault::Throttled(None),
    Fault::Throttled(Some(7)),
    Fault::FailBefore,
    Fault::FailAfter,
    Fault::Overloaded(7),
    Fault::Rest(7),
    Fault::Html,
    Fault::HtmlBefore,
    Fault::Partial,
    Fault::Lie {
        works: true,
        shows: ShownInstead::Old,
    },
    Fault::Lie {
        works: true,
        shows: ShownInstead::Empty,
    },
    Fault::Lie {
        works: true,
        shows: ShownInstead::Other,
    },
    Fault::Lie {
        works: false,
        shows: ShownInstead::Old,
    },
    Fault::Lie {
        works: false,
        shows: ShownInstead::Empty,
    },
    Fault::Lie {
        works: false,
        shows: ShownInstead::Other,
    },
    Fault::Refused,
    Fault::Gone,
];

#[tokio::test(start_paused = true)]
async fn each_fault_of_a_first_attempt_ends_as_it_must_with_the_effect_once_or_not_at_all() {
    for change in kinds() {
        for fault in FAULTS {
            let what = format!("{} after {fault:?}", request_of(&change));
            let (test_run, end) = played(from_ref(&change), &[(request_of(&change), fault)]).await;
            let (outcome, effects) = match fault {
                // Not found, says the service, and a read shows that it is there.
                Fault::Refused | Fault::Gone => (Outcome::Refused, 0),
                Fault::None
                | Fault::NotSent
                | Fault::DropBefore
                | Fault::DropAfter
                | Fault::Late(_)
                | Fault::Throttled(_)
                | Fault::FailBefore
                | Fault::FailAfter
                | Fault::Overloaded(_)
                | Fault::Rest(_)
                | Fault::Html
                | Fault::HtmlBefore
                | Fault::Partial
                | Fault::Lie { .. } => (Outcome::Applied, 1),
                Fault::GoneAfter | Fault::Unauthorized | Fault::Panic | Fault::FalseGone { .. } => {
                    panic!("it is not in the list")
                }
            };
            assert_eq!(test_run.outcomes(), [Some(outcome)], "{what}");
            // A safe request that is repeated may take effect more often, to the same end.
            if change.repeat == Repeat::Readable || !fault.leaves_doubt() {
                assert_eq!(test_run.effects(), [effects], "{what}");
            }
            assert!(end.finished && end.stopped.is_none(), "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_no_attempt_gets_through_has_failed_after_the_last() {
    for change in kinds() {
        for fault in [Fault::DropBefore, Fault::FailBefore, Fault::Throttled(None)] {
            let faults = vec![(request_of(&change), fault); 10];
            let (test_run, end) = played(from_ref(&change), &faults).await;
            assert_eq!(test_run.outcomes(), [Some(Outcome::Failed)], "{fault:?}");
            assert_eq!(test_run.sends(), [ATTEMPTS as usize], "{fault:?}");
            assert!(end.finished);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_read_when_applying_and_one_more_for_a_doubt_that_it_resolves() {
    for change in kinds() {
        let (test_run, _) = played(from_ref(&change), &[]).await;
        assert_eq!(test_run.reads(), 1);
    }
    for change in [close("e"), run_now("e", "s0")] {
        for (fault, reads) in [
            (Fault::DropAfter, 2),
            // At once, and when it can prove that nothing happened.
            (Fault::DropBefore, 3),
        ] {
            let (test_run, _) = played(from_ref(&change), &[(request_of(&change), fault)]).await;
            assert_eq!(test_run.reads(), reads, "{fault:?}");
        }
    }
    let many = [due("e", "t0"), due("e", "t1"), due("e", "t2"), close("e")];
    assert_eq!(played(&many, &[]).await.0.reads(), 1);
    let mut unread = TestRun::new(&many);
    unread.settings.recheck = false;
    unread.run().await.unwrap();
    assert_eq!(unread.reads(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_did_meanwhile_is_seen_before_anything_is_sent() {
    type Meddle = fn(&mut serde_json::Value);
    let change = reassign("e", "t0");
    let cases: [(Meddle, Outcome); 4] = [
        (
            |execution| execution["tasks"][0]["assigned_to"] = serde_json::json!(["2"]),
            Outcome::AlreadyDone,
        ),
        (
            |execution| execution["tasks"][0]["assigned_to"] = serde_json::json!(["3"]),
            Outcome::Drifted,
        ),
        (
            |execution| execution["status"] = serde_json::json!("CLOSED"),
            Outcome::Drifted,
        ),
        (
            |execution| execution["tasks"] = serde_json::json!([]),
            Outcome::Gone,
        ),
    ];
    for (meddle, outcome) in cases {
        let mut test_run = TestRun::new(from_ref(&change));
        meddle(test_run.service.world().executions.get_mut("e").unwrap());
        test_run.run().await.unwrap();
        assert_eq!(test_run.outcomes(), [Some(outcome)]);
        assert_eq!(test_run.sends(), [0]);
    }
    let mut test_run = TestRun::new(&[change]);
    test_run.service.world().executions.clear();
    test_run.run().await.unwrap();
    assert_eq!(test_run.outcomes(), [Some(Outcome::Gone)]);
}

#[tokio::test(start_paused = true)]
async fn own_effects_are_no_drift() {
    let changes = [
        run_now("e", "s0"),
        reassign_running("e", "s0"),
        reassign("e", "t0"),
        due("e", "t0"),
        close("e"),
    ];
    let (test_run, _) = played(&changes, &[]).await;
    assert_eq!(test_run.outcomes(), [Some(Outcome::Applied); 5]);
    assert_eq!(test_run.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_depends_on_a_change_that_did_not_succeed_is_not_attempted_and_other_targets_go_on() {
    let changes = [
        run_now("e", "s0"),
        reassign_running("e", "s0"),
        reassign("e", "t0"),
        close("e"),
    ];
    for (fault, outcome) in [
        (Fault::Refused, Outcome::Refused),
        (Fault::Gone, Outcome::Refused),
    ] {
        let (test_run, end) = played(&changes, &[(request_of(&changes[0]), fault)]).await;
        let expected = [Some(outcome), None, Some(Outcome::Applied), None];
        assert_eq!(test_run.outcomes(), expected);
        assert_eq!(test_run.sends(), [1, 0, 1, 0]);
        assert_eq!(end.counts.get(Outcome::NotAttempted), 2);
        // There is nothing that a resumed run could do.
        assert!(end.finished);
    }
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_cannot_be_read_fails_what_could_have_been_sent() {
    let changes = [
        reassign("e", "t0"),
        due("e", "t0"),
        reassign("e", "t1"),
        due("f", "t0"),
    ];
    let faults = vec![(read_of("e"), Fault::FailBefore); 3];
    let (test_run, _) = played(&changes, &faults).await;
    let failed = Some(Outcome::Failed);
    assert_eq!(
        test_run.outcomes(),
        [failed, None, failed, Some(Outcome::Applied)]
    );
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_doubt_is_not_failed_by_a_read_that_fails() {
    let changes = [run_now("e", "s0"), reassign_running("e", "s0")];
    let (test_run, end) = played(
        &changes,
        &[
            (request_of(&changes[0]), Fault::DropAfter),
            (read_of("e"), Fault::None),
            (read_of("e"), Fault::FailBefore),
            (read_of("e"), Fault::FailBefore),
            (read_of("e"), Fault::FailBefore),
        ],
    )
    .await;
    assert_eq!(test_run.outcomes(), [Some(Outcome::Applied); 2]);
    assert!(end.finished);
}

#[tokio::test(start_paused = true)]
async fn a_chain_of_doubts_is_followed_to_its_end() {
    let changes = [run_now("e", "s0"), reassign_running("e", "s0"), close("e")];
    let mut faults = Vec::new();
    for change in &changes {
        faults.extend(vec![(request_of(change), Fault::DropBefore); 2]);
    }
    let (test_run, end) = played(&changes, &faults).await;
    assert_eq!(test_run.outcomes(), [Some(Outcome::Applied); 3]);
    assert!(end.finished);
}

#[tokio::test(start_paused = true)]
async fn a_doubt_that_no_read_can_settle_stays_in_doubt_and_the_run_ends() {
    let change = run_now("e", "s0");
    let mut test_run = TestRun::new(from_ref(&change));
    test_run
        .service
        .fault(&request_of(&change), Fault::DropBefore);
    for _ in 0..3 {
        test_run.service.fault(&read_of("e"), Fault::None);
    }
    test_run.service.world().executions.get_mut("e").unwrap()["tasks"][4]["status"] =
        serde_json::json!("SCHEDULED");
    // Somebody cancels the schedule while the request is under way.
    let service = test_run.service.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(10)).await;
        service.world().executions.get_mut("e").unwrap()["tasks"][4]["status"] =
            serde_json::json!("SKIPPED");
    });
    let end = test_run.run().await.unwrap();
    assert_eq!(end.counts.get(Outcome::InDoubt), 1);
    assert!(!end.finished && end.stopped.is_none());
    assert!(test_run.reads() <= 4, "{} reads", test_run.reads());
    let told = test_run.events.iter().any(
        |event| matches!(event, Event::Ended { outcome: Outcome::InDoubt, detail: Some(detail), .. } if detail.contains("automation has started")),
    );
    assert!(told, "{:?}", test_run.events);
}

#[tokio::test(start_paused = true)]
async fn groups_go_together_up_to_the_concurrency_and_writes_of_one_never_overlap() {
    let changes: Vec<Change> = (0..8)
        .flat_map(|number| {
            let execution = format!("e{number}");
            ["t0", "t1", "t2"].map(|task| reassign(&execution, task))
        })
        .collect();
    for concurrency in [1, 3, 5] {
        let mut test_run = TestRun::new(&changes);
        test_run.settings.concurrency = concurrency;
        test_run.run().await.unwrap();
        assert_eq!(test_run.service.world().most_at_once, concurrency);
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_did_nothing_says_nothing_of_an_earlier_one_in_doubt() {
    let change = reassign("e", "t0");
    for later in [Fault::Throttled(None), Fault::NotSent, Fault::Refused] {
        let faults = [Fault::DropAfter, later, later].map(|fault| (request_of(&change), fault));
        let (test_run, end) = played(from_ref(&change), &faults).await;
        assert_eq!(test_run.outcomes(), [Some(Outcome::Applied)], "{later:?}");
        assert!(end.finished && end.stopped.is_none(), "{end:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_after_a_proof_that_came_too_early_is_read_back_before_it_is_believed() {
    // The first request is done ten hours later, the second one comes after that. A test's hours go by while the
    // checkpoint's thread works, so there have to be some.
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    for read_fails in [false, true] {
        let change = run_now("e", "s0");
        let mut test_run = TestRun::new(from_ref(&change));
        let late = u64::try_from(hours(10).as_millis()).unwrap();
        let request = request_of(&change);
        test_run.service.fault(&request, Fault::Late(late));
        test_run.service.delay(&request, Duration::ZERO);
        test_run.service.delay(&request, hours(20));
        // The re-check, the look at the doubt, and the proof; then the one that the refusal asks for.
        let reads = [Fault::None; 3].into_iter();
        for fault in reads.chain(vec![Fault::FailBefore; if read_fails { 3 } else { 0 }]) {
            test_run.service.fault(&read_of("e"), fault);
        }
        let end = test_run.run().await.unwrap();
        assert_eq!(test_run.outcomes(), [Some(Outcome::Applied)], "{end:?}");
        assert!(end.finished);
        assert_eq!(test_run.effects(), [1]);
        assert_eq!(test_run.sends(), [2]);
        test_run.check();
    }
}

#[tokio::test(start_paused = true)]
async fn a_doubt_settles_from_the_moment_it_was_given_up_and_not_from_its_send() {
    let change = run_now("e", "s0");
    let mut test_run = TestRun::new(from_ref(&change));
    test_run
        .service
        .fault(&request_of(&change), Fault::DropBefore);
    // So long nothing comes back. A test's hours go by while the checkpoint's thread works, so there have to be some.
    let hours = Duration::from_secs(36_000);
    test_run.service.delay(&request_of(&change), hours);
    test_run.run().await.unwrap();
    let world = test_run.service.world();
    let writes: Vec<_> = world
        .log
        .iter()
        .filter(|sent| sent.write.is_some())
        .collect();
    let [first, second] = writes[..] else {
        panic!("{} writes", writes.len())
    };
    assert!(second.at - first.at >= hours + SETTLE);
}
