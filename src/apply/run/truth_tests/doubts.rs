//! That what is told of a change in doubt is true.

use super::*;

#[tokio::test(start_paused = true)]
async fn after_a_proof_that_came_too_early_our_own_effect_is_applied() {
    // The first attempt is disproved and takes effect later, while the second one is put off by a rest.
    let change = run_now("e", "s0");
    let mut test_run = TestRun::new(from_ref(&change));
    test_run
        .service
        .fault(&request_of(&change), Fault::DropBefore);
    test_run
        .service
        .fault(&request_of(&change), Fault::Throttled(Some(200)));
    let service = test_run.service.clone();
    test_run.settings.view_lasts = crate::run::VIEW_LASTS;
    tokio::spawn(async move {
        loop {
            sleep(Duration::from_millis(50)).await;
            let mut world = service.world();
            let throttled = |sent: &crate::testing::simulated_service::LoggedRequest| {
                matches!(sent.fault, Fault::Throttled(_))
            };
            if world.log.iter().any(throttled) {
                let task = &mut world.executions.get_mut("e").unwrap()["tasks"][4];
                task["status"] = json!("IN_PROGRESS");
                task["automation_execution_id"] = json!("late");
                return;
            }
        }
    });
    let end = test_run.run().await.unwrap();
    assert_eq!(get(&end, Outcome::Applied), 1, "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn another_attempt_that_a_person_permits_leaves_the_doubt_of_the_first() {
    let change = run_automation("e", "t0");
    for fault in [
        Fault::Throttled(None),
        Fault::Refused,
        Fault::NotSent,
        Fault::Gone,
        Fault::DropBefore,
    ] {
        let mut test_run = TestRun::new(from_ref(&change));
        // It has its effect, and the answer is lost.
        test_run
            .service
            .fault(&request_of(&change), Fault::DropAfter);
        test_run.run().await.unwrap();
        for _ in 0..3 {
            test_run.service.fault(&request_of(&change), fault);
        }
        // No field of the task tells, and it is as it was planned on.
        test_run.service.world().executions.get_mut("e").unwrap()["tasks"][0] =
            crate::testing::changes::execution("e")["tasks"][0].clone();
        test_run.settings.doubts = Some(DoubtAnswer::Retry);
        let end = test_run.run().await.unwrap();
        assert!(test_run.sends()[0] > 1, "{fault:?}");
        assert_eq!(test_run.outcomes(), [None], "{fault:?}");
        assert_eq!(get(&end, Outcome::InDoubt), 1, "{fault:?} {end:?}");
        assert!(!end.finished, "{fault:?}");
        test_run.settings.doubts = Some(DoubtAnswer::Skip);
        let end = test_run.run().await.unwrap();
        assert_eq!(get(&end, Outcome::InDoubt), 1, "{fault:?} {end:?}");
        assert!(end.finished, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_s_retry_is_not_sent_to_a_target_that_is_no_longer_as_planned() {
    let mut change = run_automation("e", "t0");
    let path = "target.automation_execution_id".to_owned();
    change.requires.insert(path, Value::Null);
    let mut test_run = TestRun::new(from_ref(&change));
    test_run
        .service
        .fault(&request_of(&change), Fault::DropBefore);
    test_run.run().await.unwrap();
    test_run.service.world().executions.get_mut("e").unwrap()["tasks"][0]["automation_execution_id"] =
        json!("another");
    test_run.settings.doubts = Some(DoubtAnswer::Retry);
    let end = test_run.run().await.unwrap();
    assert_eq!((test_run.sends(), test_run.effects()), (vec![1], vec![0]));
    assert_eq!(get(&end, Outcome::InDoubt), 1, "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn what_a_request_in_doubt_may_have_moved_waits_until_the_doubt_is_settled() {
    // Whether our own skip let the flow advance or somebody else did, only the doubt's end tells.
    let changes = [skip("e", "t0"), skip("e", "t1")];
    for ours in [false, true] {
        let mut test_run = TestRun::new(&changes);
        let lost = if ours {
            Fault::DropAfter
        } else {
            Fault::DropBefore
        };
        test_run.service.fault(&request_of(&changes[0]), lost);
        if !ours {
            let service = test_run.service.clone();
            tokio::spawn(async move {
                sleep(Duration::from_millis(1)).await;
                let mut world = service.world();
                let tasks = &mut world.executions.get_mut("e").unwrap()["tasks"];
                tasks[1]["status"] = json!("IN_PROGRESS");
            });
        }
        let end = test_run.run().await.unwrap();
        assert_eq!(get(&end, Outcome::Applied), 2, "{end:?}");
        let world = test_run.service.world();
        let sent: Vec<&str> = world
            .log
            .iter()
            .filter_map(|sent| sent.write.as_deref())
            .collect();
        let of = |place: usize| request_of(&changes[place]);
        let second = sent.iter().position(|sent| sent.starts_with(&of(1)));
        // The first one is sent again before the second one.
        assert_eq!(second, Some(if ours { 1 } else { 2 }), "{sent:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_waited_for_a_doubt_goes_on_when_a_person_leaves_it() {
    // Somebody else hides whether the first one worked, and the second one's task may have been moved by it.
    let changes = [skip("e", "t0"), skip("e", "t1")];
    let mut test_run = TestRun::new(&changes);
    test_run
        .service
        .fault(&request_of(&changes[0]), Fault::DropBefore);
    test_run.session(Cut::KillAt(2)).await;
    {
        let mut world = test_run.service.world();
        let tasks = &mut world.executions.get_mut("e").unwrap()["tasks"];
        tasks[0]["status"] = json!("ON_HOLD");
        tasks[1]["status"] = json!("IN_PROGRESS");
    }
    let end = test_run.run().await.unwrap();
    assert_eq!(test_run.outcomes(), [None, None], "{end:?}");
    assert!(!end.finished);
    test_run.settings.doubts = Some(DoubtAnswer::Skip);
    let end = test_run.run().await.unwrap();
    let applied = [Some(Outcome::InDoubt), Some(Outcome::Applied)];
    assert_eq!(test_run.outcomes(), applied, "{end:?}");
    assert!(end.finished && end.stopped.is_none(), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_step_of_the_wall_clock_proves_nothing() {
    let hour = 3_600_000;
    let change = run_now("e", "s0");
    for between_sessions in [false, true] {
        for step in [hour, -hour] {
            let mut test_run = TestRun::new(from_ref(&change));
            // It takes effect ten virtual seconds after it was sent.
            test_run
                .service
                .fault(&request_of(&change), Fault::Late(10_000));
            if between_sessions {
                test_run.session(Cut::KillAt(2)).await;
                step_wall_clock(step);
            } else {
                tokio::spawn(async move {
                    sleep(Duration::from_millis(100)).await;
                    step_wall_clock(step);
                });
            }
            let end = test_run.resume_until_finished().await;
            assert_eq!(get(&end, Outcome::Applied), 1, "{end:?}");
            assert_eq!(
                (test_run.sends(), test_run.effects()),
                (vec![1], vec![1]),
                "{step}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_no_read_can_show_is_not_said_to_have_had_no_effect() {
    let mut change = reassign("e", "t0");
    change.request.body = Some([("completed_via_journey".to_owned(), json!(true))].into());
    change.before.clear();
    change.action = vec!["patch".to_owned()];
    let change = derived(change, 0);
    for fault in [Fault::DropAfter, Fault::DropBefore] {
        let mut test_run = TestRun::new(from_ref(&change));
        for _ in 0..3 {
            test_run.service.fault(&request_of(&change), fault);
        }
        let end = test_run.run().await.unwrap();
        assert_eq!(test_run.sends(), [3]);
        assert_eq!(get(&end, Outcome::InDoubt), 1, "{fault:?} {end:?}");
        // It is safe to repeat.
        let end = test_run.run().await.unwrap();
        assert_eq!(get(&end, Outcome::Applied), 1, "{fault:?} {end:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_doubt_is_judged_although_no_change_before_it_may_fail_any_more() {
    let changes = [reassign("e", "t0"), run_now("e", "s0")];
    let mut test_run = TestRun::new(&changes);
    for _ in 0..3 {
        let throttled = Fault::Throttled(None);
        test_run.service.fault(&request_of(&changes[0]), throttled);
    }
    test_run
        .service
        .fault(&request_of(&changes[1]), Fault::DropAfter);
    // A read and three attempts of the first change, which is not said to have failed yet; killed with the second one.
    test_run.session(Cut::KillAt(5)).await;
    assert_eq!(test_run.outcomes(), [None, None]);
    // The doubt is the one error that is allowed, so that nothing may be sent before it is settled.
    test_run.settings.max_errors = Some(1);
    let end = test_run.run().await.unwrap();
    assert_eq!(test_run.outcomes(), [Some(Outcome::Applied); 2], "{end:?}");
    assert_eq!(test_run.effects(), [1, 1]);
}
