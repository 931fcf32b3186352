//! How far a run goes: error budget, stages, and what a person says of doubts.

use super::{DoubtAnswer, RunResult};
use crate::{
    event::{Event, StopReason},
    outcome::Outcome,
    plan::Change,
    testing::{
        changes::{close, due, reassign, request_of, run_automation, run_now, skip},
        simulated_service::Fault,
        test_run::{Cut, TestRun},
    },
};

/// A change of each of so many executions.
fn spread(executions: usize, change: fn(&str) -> Change) -> Vec<Change> {
    (0..executions)
        .map(|number| change(&format!("e{number:02}")))
        .collect()
}

fn get(end: &RunResult, outcome: Outcome) -> u64 {
    end.counts.get(outcome)
}

#[tokio::test(start_paused = true)]
async fn no_more_changes_fail_than_the_budget_allows_whatever_the_concurrency() {
    for (change, fault, outcome) in [
        (
            (|id| reassign(id, "t0")) as fn(&str) -> Change,
            Fault::Refused,
            Outcome::Refused,
        ),
        (
            |id| reassign(id, "t0"),
            Fault::Throttled(None),
            Outcome::Failed,
        ),
        (
            |id| run_automation(id, "t0"),
            Fault::DropAfter,
            Outcome::InDoubt,
        ),
    ] {
        let changes = spread(20, change);
        for concurrency in [1, 4, 16] {
            let mut test_run = TestRun::new(&changes);
            test_run.settings.concurrency = concurrency;
            test_run.settings.max_errors = Some(3);
            for change in &changes {
                for _ in 0..3 {
                    test_run.service.fault(&request_of(change), fault);
                }
            }
            let end = test_run.run().await.unwrap();
            let what = format!("{outcome}, {concurrency} at once: {end:?}");
            assert_eq!(get(&end, outcome), 3, "{what}");
            assert_eq!(get(&end, Outcome::NotAttempted), 17, "{what}");
            assert_eq!(
                end.stopped,
                Some(StopReason::ErrorBudget { errors: 3 }),
                "{what}"
            );
            assert!(!end.finished);
            let sent = test_run.sends().iter().filter(|sends| **sends > 0).count();
            assert_eq!(sent, 3, "{what}");
            test_run.check();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_cannot_be_read_spends_no_more_than_is_left() {
    let tasks = ["t0", "t1", "t2", "t3"].map(|task| reassign("e", task));
    let changes = [&[reassign("a", "t0")], tasks.as_slice()].concat();
    let mut test_run = TestRun::new(&changes);
    test_run.settings.concurrency = 1;
    test_run.settings.max_errors = Some(2);
    for _ in 0..12 {
        test_run
            .service
            .fault(&crate::testing::changes::read_of("e"), Fault::FailBefore);
    }
    let end = test_run.run().await.unwrap();
    assert_eq!(get(&end, Outcome::Failed), 2);
    assert_eq!(end.stopped, Some(StopReason::ErrorBudget { errors: 2 }));
    test_run.settings.max_errors = None;
    let end = test_run.resume_until_finished().await;
    assert_eq!(get(&end, Outcome::Applied), 3);
}

#[tokio::test(start_paused = true)]
async fn a_budget_counts_over_all_sessions_and_goes_on_with_a_larger_one() {
    let changes = spread(10, |id| reassign(id, "t0"));
    let mut test_run = TestRun::new(&changes);
    test_run.settings.max_errors = Some(2);
    for change in &changes[..3] {
        test_run.service.fault(&request_of(change), Fault::Refused);
    }
    test_run.run().await.unwrap();
    let sends = test_run.sends().iter().sum::<usize>();
    let end = test_run.run().await.unwrap();
    assert_eq!(end.stopped, Some(StopReason::ErrorBudget { errors: 2 }));
    assert_eq!(test_run.sends().iter().sum::<usize>(), sends);
    test_run.settings.max_errors = Some(4);
    let end = test_run.run().await.unwrap();
    assert!(end.finished, "{end:?}");
    assert_eq!(get(&end, Outcome::Refused), 3);
    assert_eq!(get(&end, Outcome::Applied), 7);
}

#[tokio::test(start_paused = true)]
async fn the_last_error_that_is_allowed_stops_nothing_when_nothing_is_left() {
    let changes = spread(4, |id| reassign(id, "t0"));
    let mut test_run = TestRun::new(&changes);
    test_run.settings.concurrency = 1;
    test_run.settings.max_errors = Some(1);
    test_run
        .service
        .fault(&request_of(&changes[3]), Fault::Refused);
    let end = test_run.run().await.unwrap();
    assert!(end.finished && end.stopped.is_none(), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_doubt_counts_as_an_error_until_a_read_clears_it_up() {
    // One may fail, and each of these is in doubt for a while.
    for fault in [Fault::DropAfter, Fault::DropBefore, Fault::Late(9_000)] {
        let changes = spread(6, |id| run_now(id, "s0"));
        let mut test_run = TestRun::new(&changes);
        test_run.settings.max_errors = Some(1);
        for change in &changes {
            test_run.service.fault(&request_of(change), fault);
        }
        let end = test_run.run().await.unwrap();
        assert!(end.finished && end.stopped.is_none(), "{fault:?} {end:?}");
        assert_eq!(test_run.effects(), [1; 6], "{fault:?}");
        test_run.check();
    }
}

#[tokio::test(start_paused = true)]
async fn a_stage_in_which_something_fails_is_the_last_one_until_somebody_resumes() {
    for (fault, outcome) in [
        (Fault::Refused, Outcome::Refused),
        (Fault::Throttled(None), Outcome::Failed),
        (Fault::DropAfter, Outcome::InDoubt),
    ] {
        let changes = spread(20, |id| run_automation(id, "t0"));
        let mut test_run = TestRun::new(&changes);
        test_run.settings.concurrency = 8;
        test_run.settings.stages = vec![0..2, 2..10, 10..20];
        for _ in 0..3 {
            test_run.service.fault(&request_of(&changes[1]), fault);
        }
        let end = test_run.run().await.unwrap();
        let halted = StopReason::Stage {
            number: 1,
            errors: 1,
        };
        assert_eq!(end.stopped, Some(halted), "{outcome}");
        assert_eq!(get(&end, outcome), 1);
        assert_eq!(get(&end, Outcome::Applied), 1);
        assert_eq!(get(&end, Outcome::NotAttempted), 18);

        test_run.service.heal();
        test_run
            .service
            .fault(&request_of(&changes[5]), Fault::Refused);
        let end = test_run.run().await.unwrap();
        let halted = StopReason::Stage {
            number: 2,
            errors: 1,
        };
        assert_eq!(end.stopped, Some(halted), "{outcome}");
        assert_eq!(get(&end, Outcome::NotAttempted), 10);
        let end = test_run.run().await.unwrap();
        assert_eq!(end.stopped, None);
        assert_eq!(get(&end, Outcome::NotAttempted), 0);
        test_run.check();
    }
}

#[tokio::test(start_paused = true)]
async fn a_stage_begins_when_the_one_before_is_settled() {
    let changes = spread(12, |id| run_now(id, "s0"));
    let mut test_run = TestRun::new(&changes);
    test_run.settings.concurrency = 8;
    test_run.settings.stages = vec![0..3, 3..12];
    // The doubt of the first stage takes its time.
    test_run
        .service
        .fault(&request_of(&changes[0]), Fault::DropBefore);
    let end = test_run.run().await.unwrap();
    assert!(end.finished && end.stopped.is_none(), "{end:?}");
    let world = test_run.service.world();
    let last_of_first = world
        .log
        .iter()
        .rposition(|sent| sent.execution.as_str() < "e03");
    let first_of_rest = world
        .log
        .iter()
        .position(|sent| sent.execution.as_str() >= "e03");
    assert!(last_of_first < first_of_rest);
    drop(world);
    let stages: Vec<(usize, u64)> = test_run
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Stage {
                number, executions, ..
            } => Some((*number, *executions)),
            _ => None,
        })
        .collect();
    assert_eq!(stages, [(1, 3), (2, 9)]);
}

#[tokio::test(start_paused = true)]
async fn what_no_read_can_tell_is_sent_again_or_left_when_a_person_says_so() {
    let change = run_automation("e", "t0");
    let changes = [change.clone(), due("e", "t0"), close("f")];
    for (answer, sends, outcome) in [
        (None, 1, None),
        (Some(DoubtAnswer::Retry), 2, Some(Outcome::Applied)),
        (Some(DoubtAnswer::Skip), 1, Some(Outcome::InDoubt)),
    ] {
        let mut test_run = TestRun::new(&changes);
        test_run
            .service
            .fault(&request_of(&change), Fault::DropBefore);
        let end = test_run.run().await.unwrap();
        assert_eq!(get(&end, Outcome::InDoubt), 1);
        assert!(!end.finished && end.stopped.is_none());

        test_run.settings.doubts = answer;
        let end = test_run.run().await.unwrap();
        assert_eq!(test_run.sends()[0], sends, "{answer:?}");
        assert_eq!(test_run.outcomes()[0], outcome, "{answer:?}");
        assert_eq!(end.finished, answer.is_some(), "{answer:?}");
        let in_doubt = u64::from(outcome != Some(Outcome::Applied));
        assert_eq!(get(&end, Outcome::InDoubt), in_doubt, "{answer:?}");
        // What depends on it goes on only when it was applied.
        let next = (outcome == Some(Outcome::Applied)).then_some(Outcome::Applied);
        assert_eq!(test_run.outcomes()[1], next, "{answer:?}");
        assert_eq!(end.counts, test_run.snapshot().state.counts());
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_that_can_tell_goes_before_the_answer_and_a_new_doubt_is_not_answered() {
    let (known, unknown) = (run_now("e", "s0"), run_automation("f", "t0"));
    for answer in [DoubtAnswer::Retry, DoubtAnswer::Skip] {
        let mut test_run = TestRun::new(&[known.clone(), unknown.clone()]);
        test_run.settings.concurrency = 1;
        // With the write that follows the read.
        test_run.session(Cut::KillAt(2)).await;
        test_run
            .service
            .fault(&request_of(&unknown), Fault::DropAfter);
        test_run.settings.doubts = Some(answer);
        let end = test_run.run().await.unwrap();
        assert_eq!(test_run.effects(), [1, 1], "{answer:?}");
        assert_eq!(
            test_run.outcomes(),
            [Some(Outcome::Applied), None],
            "{answer:?}"
        );
        assert!(!end.finished, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_our_own_requests_moved_is_no_drift_for_a_later_session() {
    let changes = [
        skip("e", "t0"),
        skip("e", "t1"),
        skip("e", "t2"),
        close("e"),
    ];
    // One read and four writes.
    for kill_at in 1..=5 {
        let mut test_run = TestRun::new(&changes);
        test_run.settings.concurrency = 1;
        test_run.session(Cut::KillAt(kill_at)).await;
        let end = test_run.resume_until_finished().await;
        assert_eq!(
            get(&end, Outcome::Applied),
            4,
            "killed at request {kill_at}: {end:?}"
        );
        assert_eq!(test_run.effects(), [1; 4], "killed at request {kill_at}");
        test_run.check();
    }
}
