//! How a run stops, and goes on.

use std::time::Duration;

use crate::{
    event::{Event, StopReason},
    outcome::Outcome,
    plan::Change,
    testing::{
        changes::{
            close, due, key_of, kinds, read_of, reassign, reassign_running, request_of, run_now,
        },
        simulated_service::Fault,
        test_run::{ATTEMPTS, Breaks, Cut, TestRun},
    },
};

#[tokio::test(start_paused = true)]
async fn a_refused_token_and_a_long_rest_stop_the_run_and_fail_nothing() {
    for change in kinds() {
        let other = due("f", "t0");
        for (fault, drains) in [
            (
                Fault::Unauthorized,
                (|drain| matches!(drain, StopReason::Unauthorized { .. }))
                    as fn(&StopReason) -> bool,
            ),
            (Fault::Throttled(Some(3_600)), |drain| {
                matches!(drain, StopReason::LongPause { .. })
            }),
        ] {
            for request in [request_of(&change), read_of("e")] {
                let mut test_run = TestRun::new(&[change.clone(), other.clone()]);
                test_run.settings.concurrency = 1;
                // More sessions than a change has attempts.
                for _ in 0..=ATTEMPTS {
                    test_run.service.fault(&request, fault);
                    let end = test_run.run().await.unwrap();
                    assert!(drains(end.stopped.as_ref().unwrap()), "{end:?}");
                    assert!(!end.finished);
                    assert_eq!(
                        end.counts.get(Outcome::NotAttempted),
                        2,
                        "{request} {fault:?}"
                    );
                }
                let end = test_run.resume_until_finished().await;
                assert_eq!(end.counts.get(Outcome::Applied), 2);
                assert_eq!(test_run.effects(), [1, 1]);
                test_run.check();
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn another_organisation_stops_the_run_before_anything_is_sent() {
    let mut test_run = TestRun::new(&kinds());
    test_run.settings.org = Some("4712".to_owned());
    let end = test_run.run().await.unwrap();
    assert!(matches!(
        end.stopped,
        Some(StopReason::OtherOrganisation { .. })
    ));
    assert_eq!(test_run.sends(), [0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_stop_the_run_and_a_success_starts_the_count_anew() {
    let changes: Vec<Change> = (0..9)
        .map(|number| reassign(&format!("e{number}"), "t0"))
        .collect();
    let run = async |failing: &[usize]| {
        let mut test_run = TestRun::new(&changes);
        test_run.settings.concurrency = 1;
        test_run.settings.stop_after = 3;
        for place in failing {
            test_run
                .service
                .fault(&request_of(&changes[*place]), Fault::Refused);
        }
        let end = test_run.run().await.unwrap();
        (test_run, end)
    };
    let (test_run, end) = run(&[1, 2, 3]).await;
    assert!(matches!(
        end.stopped,
        Some(StopReason::FailuresInARow { failures: 3, .. })
    ));
    assert_eq!(test_run.sends().iter().sum::<usize>(), 4);
    let (_, end) = run(&[1, 2, 4, 5, 7, 8]).await;
    assert_eq!(end.stopped, None);
}

#[tokio::test(start_paused = true)]
async fn failures_that_stop_the_run_are_no_end_of_the_changes_and_are_tried_again() {
    let changes: Vec<Change> = (0..9)
        .map(|number| reassign(&format!("e{number}"), "t0"))
        .collect();
    let mut test_run = TestRun::new(&changes);
    test_run.settings.concurrency = 1;
    test_run.settings.stop_after = 3;
    // One that fails alone, and then a server that is not there any more.
    for place in [1, 4, 5, 6, 7, 8] {
        for _ in 0..3 {
            test_run
                .service
                .fault(&request_of(&changes[place]), Fault::NotSent);
        }
    }
    let end = test_run.run().await.unwrap();
    assert!(matches!(
        end.stopped,
        Some(StopReason::FailuresInARow { failures: 3, .. })
    ));
    let count = |outcome| end.counts.get(outcome);
    let counts = [Outcome::Applied, Outcome::Failed, Outcome::NotAttempted].map(count);
    assert_eq!(counts, [3, 1, 5]);
    test_run.check();
    let end = test_run.resume_until_finished().await;
    assert_eq!(end.counts.get(Outcome::Applied), 8);
    test_run.check();
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_panics_stops_the_run_and_takes_no_change_with_it() {
    let changes = [reassign("a", "t0"), run_now("b", "s0"), close("c")];
    for failing in &changes {
        let mut test_run = TestRun::new(&changes);
        test_run.service.fault(&request_of(failing), Fault::Panic);
        let end = test_run.run().await.unwrap();
        assert!(matches!(end.stopped, Some(StopReason::Bug { .. })));
        assert_eq!(end.counts.get(Outcome::InDoubt), 1);
        test_run.check();
        test_run.resume_until_finished().await;
        test_run.check();
        assert_eq!(test_run.effects(), [1, 1, 1]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_at_any_request_drains_and_a_second_session_does_the_rest() {
    let changes = [
        reassign("a", "t0"),
        due("a", "t0"),
        run_now("b", "s0"),
        reassign_running("b", "s0"),
        close("c"),
    ];
    for nth in 1..=8 {
        for fault in [
            Fault::None,
            Fault::DropBefore,
            Fault::Late(5_000),
            Fault::Throttled(Some(60)),
        ] {
            let mut test_run = TestRun::new(&changes);
            for change in &changes {
                test_run.service.fault(&request_of(change), fault);
            }
            let end = test_run
                .session(Cut::InterruptAt(nth))
                .await
                .unwrap()
                .unwrap();
            assert_eq!(end.counts.total(), 5);
            test_run.check();
            if !end.finished {
                let requests = test_run.service.world().log.len();
                assert!(
                    requests <= nth + 2,
                    "{requests} requests, interrupted at {nth}"
                );
                test_run.resume_until_finished().await;
            }
            test_run.check();
            assert_eq!(
                test_run.outcomes(),
                [Some(Outcome::Applied); 5],
                "{nth} {fault:?}"
            );
        }
    }
}

/// A change, the fault that makes the run wait for it, and the event by which the wait is known.
type Wait<'a> = (&'a Change, Fault, fn(&Event) -> bool);

#[tokio::test(start_paused = true)]
async fn an_interrupt_ends_the_wait_for_a_rest_a_retry_and_the_settling() {
    let (first, second) = (reassign("a", "t0"), run_now("b", "s0"));
    let cases: [Wait<'_>; 4] = [
        (&first, Fault::Throttled(Some(240)), |event| {
            matches!(event, Event::Throttled { .. })
        }),
        (&first, Fault::Throttled(Some(240)), |event| {
            matches!(event, Event::Retried { .. })
        }),
        (&first, Fault::FailAfter, |event| {
            matches!(event, Event::Retried { .. })
        }),
        (&second, Fault::DropBefore, |event| {
            matches!(event, Event::Settling { .. })
        }),
    ];
    for (change, fault, event) in cases {
        let mut test_run = TestRun::new(&[first.clone(), second.clone()]);
        test_run.service.fault(&request_of(change), fault);
        let end = test_run.session(Cut::InterruptOn(event)).await;
        let end = end.unwrap().unwrap();
        assert_eq!(end.stopped, Some(StopReason::Interrupted));
        test_run.check();
        test_run.resume_until_finished().await;
        test_run.check();
        assert_eq!(
            test_run.outcomes(),
            [Some(Outcome::Applied); 2],
            "{fault:?}"
        );
        assert_eq!(test_run.effects()[1], 1, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_at_any_moment_a_second_session_does_the_rest_and_nothing_twice() {
    let changes = [
        reassign("a", "t0"),
        due("a", "t0"),
        run_now("b", "s0"),
        reassign_running("b", "s0"),
        close("b"),
        close("c"),
    ];
    for fault in [Fault::None, Fault::DropAfter, Fault::Late(5_000)] {
        for power_cut in [false, true] {
            let mut killed = 0;
            for polls in 1..60 {
                let cut = if power_cut {
                    Cut::PowerCutAtPoll(polls)
                } else {
                    Cut::KillAtPoll(polls)
                };
                let mut test_run = TestRun::new(&changes);
                for change in &changes {
                    test_run.service.fault(&request_of(change), fault);
                }
                killed += usize::from(test_run.session(cut).await.is_none());
                if !test_run.snapshot().state.is_finished() {
                    let end = test_run.resume_until_finished().await;
                    assert_eq!(end.counts.total(), 6);
                }
                test_run.check();
                let done = |outcome: &Option<Outcome>| {
                    matches!(outcome, Some(Outcome::Applied | Outcome::AlreadyDone))
                };
                assert!(
                    test_run.outcomes().iter().all(done),
                    "{fault:?} {polls}: {:?}",
                    test_run.outcomes()
                );
            }
            // How often a run is polled depends on how fast the thread of the checkpoint is.
            assert!(killed > 2, "{killed} crashes only");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_once_the_checkpoint_cannot_be_written() {
    let changes = [
        reassign("a", "t0"),
        due("a", "t0"),
        run_now("b", "s0"),
        reassign_running("b", "s0"),
        close("c"),
    ];
    for nth in 1..=5 {
        for breaks in [Breaks::Write(nth), Breaks::Sync(nth)] {
            let mut test_run = TestRun::new(&changes);
            test_run.settings.concurrency = 1;
            test_run.breaks = Some(breaks);
            // That each send has its intent on disk is what the service looks at.
            let end = test_run.run().await.unwrap();
            assert!(
                matches!(end.stopped, Some(StopReason::Checkpoint { .. })) && !end.finished,
                "{end:?}"
            );
            // Whatever was sent had its answer; what could not be written down was not attempted.
            assert_eq!(end.counts.get(Outcome::InDoubt), 0, "{breaks:?} {end:?}");
            let sends: usize = test_run.sends().iter().sum();
            assert!(sends < nth as usize + 1, "{sends} sends with {breaks:?}");
            let drains = |event: &Event| {
                matches!(
                    event,
                    Event::Draining {
                        reason: StopReason::Checkpoint { .. }
                    }
                )
            };
            assert!(test_run.events.iter().any(drains), "{breaks:?}");
            test_run.breaks = None;
            test_run.resume_until_finished().await;
            test_run.check();
            assert_eq!(test_run.effects(), [1; 5]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_cannot_be_read_is_one_failure_however_many_changes_it_has() {
    let tasks = ["t0", "t1", "t2", "t3"];
    let mut changes: Vec<Change> = tasks.iter().map(|task| reassign("e", task)).collect();
    changes.push(reassign("f", "t0"));
    let mut test_run = TestRun::new(&changes);
    test_run.settings.stop_after = 2;
    for _ in 0..3 {
        test_run.service.fault(&read_of("e"), Fault::FailBefore);
    }
    let end = test_run.run().await.unwrap();
    assert_eq!(end.stopped, None);
    assert_eq!(end.counts.get(Outcome::Failed), 4);
    assert_eq!(end.counts.get(Outcome::Applied), 1);
}

/// A request is held back by the service's rest between its intent and its send, and its effect comes late.
fn held_back(seconds: u64) -> TestRun {
    let (first, second) = (reassign("a", "t0"), run_now("b", "s0"));
    let mut test_run = TestRun::new(&[first.clone(), second.clone()]);
    let service = &test_run.service;
    service.fault(&request_of(&first), Fault::Throttled(Some(seconds)));
    service.delay(&request_of(&first), Duration::from_millis(500));
    service.queue(&read_of("b"), key_of(&first));
    service.fault(&request_of(&second), Fault::Late(20_000));
    // The first is the other request's intent.
    test_run.hold_sync = Some(2);
    test_run
}

#[tokio::test(start_paused = true)]
async fn a_late_effect_is_waited_for_from_the_send_on_and_not_from_the_intent() {
    for seconds in [1, 60, 290] {
        let mut test_run = held_back(seconds);
        test_run.run().await.unwrap();
        test_run.check();
        assert_eq!(test_run.outcomes(), [Some(Outcome::Applied); 2]);
        assert_eq!(test_run.sends(), [2, 1]);
        assert_eq!(test_run.effects(), [1, 1]);
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_it_is_waited_for_from_the_next_session_on() {
    // Two reads, a throttled write, and after the rest these two in either order.
    for nth in [4, 5] {
        let mut test_run = held_back(60);
        assert!(test_run.session(Cut::KillAt(nth)).await.is_none());
        test_run.resume_until_finished().await;
        test_run.check();
        assert_eq!(test_run.effects()[1], 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_while_a_request_is_held_back_keeps_it_from_being_sent() {
    let mut test_run = held_back(290);
    let throttled = |event: &Event| matches!(event, Event::Throttled { .. });
    let end = test_run.session(Cut::InterruptOn(throttled)).await;
    assert_eq!(end.unwrap().unwrap().counts.get(Outcome::NotAttempted), 2);
    assert_eq!(test_run.sends(), [1, 0]);
    test_run.resume_until_finished().await;
    test_run.check();
    assert_eq!(test_run.effects(), [1, 1]);
}
