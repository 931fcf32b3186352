//! That what is told of a change is true, in the states that kills do not reach.

mod answers;
mod doubts;

use std::{slice::from_ref, time::Duration};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::{DoubtAnswer, RunResult};
use crate::{
    api::{Id, Operation},
    event::StopReason,
    outcome::Outcome,
    plan::{Change, derived},
    testing::{
        changes::{
            close, delete, due, read_of, reassign, request_of, run_automation, run_now, skip,
        },
        simulated_service::{Deed, Fault},
        test_run::{Cut, TestRun, step_wall_clock},
    },
};

fn get(end: &RunResult, outcome: Outcome) -> u64 {
    end.counts.get(outcome)
}

/// Changes of five executions of their own.
fn five(change: impl Fn(&str) -> Change) -> Vec<Change> {
    (0..5).map(|number| change(&format!("e{number}"))).collect()
}

fn flow(id: &str) -> Id {
    Id::new(id).unwrap()
}

/// Somebody else assigns a task to himself.
fn assigns(execution: &str, task: &str) -> Deed {
    let operation = Operation::PatchTask(flow(execution), Id::new(task).unwrap());
    Deed::Request(operation, Some(json!({"assigned_to": ["9"]})))
}

#[tokio::test(start_paused = true)]
async fn a_delete_of_what_somebody_else_deleted_is_already_done_and_the_run_goes_on() {
    let changes = five(delete);
    for recheck in [false, true] {
        let mut test_run = TestRun::new(&changes);
        test_run.settings.recheck = recheck;
        test_run.service.world().executions.remove("e2");
        let end = test_run.run().await.unwrap();
        assert_eq!(end.stopped, None, "{recheck}");
        assert_eq!(get(&end, Outcome::AlreadyDone), 1, "{recheck}");
        assert_eq!(get(&end, Outcome::Applied), 4, "{recheck}");
        assert_eq!(test_run.effects(), [1, 1, 0, 1, 1], "{recheck}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_says_not_found_ends_nothing_and_the_run_stops_when_no_read_succeeds() {
    for page in [false, true] {
        let gateway = Fault::FalseGone { gone: false, page };
        for changes in [five(delete), five(|id| reassign(id, "t0"))] {
            let mut test_run = TestRun::new(&changes);
            for change in &changes {
                test_run
                    .service
                    .fault(&read_of(change.group.as_str()), gateway);
            }
            let end = test_run.run().await.unwrap();
            assert_eq!(get(&end, Outcome::NotAttempted), 5, "{end:?}");
            assert!(
                matches!(
                    end.stopped,
                    Some(StopReason::NothingGotThrough { changes: 5, .. })
                ),
                "{end:?}"
            );
            let end = test_run.resume_until_finished().await;
            assert_eq!(get(&end, Outcome::Applied), 5, "{end:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_a_gateway_answers_with_not_found_is_in_doubt_until_a_read_tells() {
    for change in [
        delete("e"),
        close("e"),
        reassign("e", "t0"),
        run_now("e", "s0"),
    ] {
        let mut test_run = TestRun::new(from_ref(&change));
        let gateway = Fault::FalseGone {
            gone: true,
            page: true,
        };
        test_run.service.fault(&request_of(&change), gateway);
        let end = test_run.run().await.unwrap();
        assert_eq!(test_run.outcomes(), [Some(Outcome::Applied)], "{end:?}");
        assert_eq!(test_run.effects(), [1]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_cannot_be_read_fails_only_where_others_can() {
    let changes = five(|id| reassign(id, "t0"));
    // Whichever is the last to be tried: one that could be read is read once more.
    for unreadable in 1..=5 {
        let mut test_run = TestRun::new(&changes);
        for change in &changes[..unreadable] {
            for _ in 0..3 {
                let read = read_of(change.group.as_str());
                test_run.service.fault(&read, Fault::FailBefore);
            }
        }
        let end = test_run.run().await.unwrap();
        let (failed, open) = if unreadable == 5 {
            (0, 5)
        } else {
            (unreadable, 0)
        };
        assert_eq!(get(&end, Outcome::Failed), failed as u64, "{unreadable}");
        assert_eq!(get(&end, Outcome::NotAttempted), open, "{unreadable}");
        assert_eq!(end.finished, unreadable < 5, "{unreadable}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_dies_near_the_end_fails_no_change() {
    let changes = five(|id| reassign(id, "t0"));
    let gateway = Fault::FalseGone {
        gone: false,
        page: true,
    };
    for fault in [
        Fault::NotSent,
        Fault::FailBefore,
        Fault::DropBefore,
        gateway,
    ] {
        for alive in 0..5 {
            let mut test_run = TestRun::new(&changes);
            test_run.settings.concurrency = 1;
            for (place, change) in changes.iter().enumerate() {
                let read = read_of(change.group.as_str());
                if place < alive {
                    test_run.service.fault(&read, Fault::None);
                }
                for _ in 0..3 {
                    test_run.service.fault(&read, fault);
                }
            }
            let end = test_run.run().await.unwrap();
            assert_eq!(get(&end, Outcome::Applied), alive as u64, "{fault:?}");
            assert_eq!(get(&end, Outcome::NotAttempted), 5 - alive as u64);
            assert!(matches!(
                end.stopped,
                Some(StopReason::NothingGotThrough { .. })
            ));
            let end = test_run.resume_until_finished().await;
            assert_eq!(get(&end, Outcome::Applied), 5);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_errors_of_a_stage_count_when_its_session_was_cut() {
    let changes = five(|id| reassign(id, "t0"));
    // The first one is refused; the session ends with each of the following requests, or with the stage.
    for kill_at in 3..=6 {
        for fault in [Fault::Refused, Fault::Throttled(Some(0))] {
            let mut test_run = TestRun::new(&changes);
            test_run.settings.concurrency = 1;
            test_run.settings.stages = vec![0..3, 3..5];
            for _ in 0..3 {
                test_run.service.fault(&request_of(&changes[0]), fault);
            }
            test_run.session(Cut::KillAt(kill_at)).await;
            if test_run.outcomes()[0].is_none() {
                continue;
            }
            test_run.service.heal();
            let end = test_run.run().await.unwrap();
            let stopped = StopReason::Stage {
                number: 1,
                errors: 1,
            };
            assert_eq!(end.stopped, Some(stopped), "{kill_at} {fault:?}");
            assert_eq!(get(&end, Outcome::NotAttempted), 2, "{kill_at} {fault:?}");
            // Whoever resumes it now has been told.
            let end = test_run.run().await.unwrap();
            assert_eq!(end.stopped, None, "{kill_at} {fault:?}");
            assert_eq!(get(&end, Outcome::Applied), 4, "{kill_at} {fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_that_a_stage_brings_after_it_was_stopped_for_others_is_told_too() {
    let changes = five(|id| run_now(id, "s0"));
    let mut test_run = TestRun::new(&changes);
    test_run.settings.concurrency = 1;
    test_run.settings.stages = vec![0..3, 3..5];
    // Two doubts that no read can settle now.
    for change in [&changes[0], &changes[2]] {
        test_run
            .service
            .fault(&request_of(change), Fault::DropBefore);
        let read = read_of(change.group.as_str());
        test_run.service.fault(&read, Fault::None);
        for _ in 0..40 {
            test_run.service.fault(&read, Fault::Refused);
        }
    }
    let end = test_run.run().await.unwrap();
    let stopped = |errors| Some(StopReason::Stage { number: 1, errors });
    assert_eq!(end.stopped, stopped(2));
    // The first one is refused, and the session is cut when the other one is sent.
    test_run.service.heal();
    test_run
        .service
        .fault(&request_of(&changes[0]), Fault::Refused);
    let sent = |test_run: &TestRun| test_run.service.world().log.len();
    let before = sent(&test_run);
    test_run.session(Cut::KillAt(7)).await;
    assert_eq!(
        test_run.outcomes()[0],
        Some(Outcome::Refused),
        "{}",
        sent(&test_run) - before
    );
    assert_eq!(test_run.outcomes()[2], None);
    let end = test_run.run().await.unwrap();
    assert_eq!(end.stopped, stopped(1));
    assert_eq!(get(&end, Outcome::NotAttempted), 2);
    let end = test_run.run().await.unwrap();
    assert_eq!(end.stopped, None);
    assert_eq!(get(&end, Outcome::Applied), 4);
}

#[tokio::test(start_paused = true)]
async fn what_our_own_step_moved_is_seen_before_the_next_status_is_written() {
    let status = |task: &str, from: &str, to: &str| {
        let mut change = skip("e", task);
        change.before = [("status".to_owned(), json!(from))].into();
        change.request.body = Some([("status".to_owned(), json!(to))].into());
        derived(change, usize::from(from == "IN_PROGRESS"))
    };
    // Skipping the first one lets the flow advance, and the second one is in progress then.
    let changes = [
        skip("e", "t0"),
        status("t1", "PENDING", "IN_PROGRESS"),
        status("t1", "IN_PROGRESS", "COMPLETED"),
    ];
    for kill_at in 1..=4 {
        let mut test_run = TestRun::new(&changes);
        test_run.session(Cut::KillAt(kill_at)).await;
        let end = test_run.resume_until_finished().await;
        assert_eq!(get(&end, Outcome::Refused), 0, "{kill_at} {end:?}");
        assert_eq!(get(&end, Outcome::NotAttempted), 0, "{kill_at} {end:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_change_that_moved_the_flow_makes_no_earlier_one_drift() {
    // The first one has to wait; the second one lets the flow advance; and a later session looks at the first.
    let changes = [reassign("e", "t1"), skip("e", "t0")];
    for fault in [Fault::Throttled(None), Fault::DropBefore] {
        let mut test_run = TestRun::new(&changes);
        for _ in 0..3 {
            test_run.service.fault(&request_of(&changes[0]), fault);
        }
        let interrupted = test_run.session(Cut::InterruptAt(4)).await;
        drop(interrupted);
        let end = test_run.resume_until_finished().await;
        assert_eq!(get(&end, Outcome::Drifted), 0, "{fault:?} {end:?}");
        assert_eq!(get(&end, Outcome::InDoubt), 0, "{fault:?} {end:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_follows_a_started_automation_on_its_task_is_no_drift_also_once_that_has_ended() {
    let start = run_automation("e", "t0");
    let changes = [start, reassign("e", "t0"), due("e", "t0"), close("e")];
    let mut test_run = TestRun::new(&changes);
    let end = test_run.run().await.unwrap();
    assert_eq!(get(&end, Outcome::Applied), 4, "{end:?}");

    let mut test_run = TestRun::new(&changes);
    test_run.settings.concurrency = 1;
    test_run.session(Cut::KillAt(3)).await;
    {
        let mut world = test_run.service.world();
        let execution = world.executions.get_mut("e").unwrap();
        execution["tasks"][0]["status"] = json!("COMPLETED");
        execution["status"] = json!("DONE");
    }
    let end = test_run.resume_until_finished().await;
    assert_eq!(get(&end, Outcome::Drifted), 0, "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn what_somebody_changed_while_the_run_rested_is_not_overwritten() {
    let change = reassign("e", "t0");
    for seconds in [6, 60, 290] {
        let mut test_run = TestRun::new(from_ref(&change));
        test_run.settings.view_lasts = super::VIEW_LASTS;
        // The answer to the re-check asks for a rest.
        test_run.service.fault(&read_of("e"), Fault::Rest(seconds));
        let service = test_run.service.clone();
        tokio::spawn(async move {
            sleep(Duration::from_millis(500)).await;
            service.meddle("e", &assigns("e", "t0"));
        });
        let end = test_run.run().await.unwrap();
        assert_eq!(get(&end, Outcome::Drifted), 1, "{seconds} {end:?}");
        assert_eq!(test_run.sends(), [0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_is_one_failure_in_a_row_however_often_it_meets_trouble() {
    let changes = five(|id| run_now(id, "s0"));
    for concurrency in [1, 5] {
        let mut test_run = TestRun::new(&changes);
        test_run.settings.concurrency = concurrency;
        test_run.settings.stop_after = 4;
        for change in &changes[..3] {
            test_run
                .service
                .fault(&request_of(change), Fault::DropAfter);
            let read = read_of(change.group.as_str());
            test_run.service.fault(&read, Fault::None);
            test_run.service.fault(&read, Fault::Refused);
        }
        let end = test_run.run().await.unwrap();
        assert_eq!(end.stopped, None, "{concurrency} {end:?}");
        assert_eq!(get(&end, Outcome::Applied), 5, "{end:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_lacks_fields_makes_no_later_change_drift() {
    let mut complete = skip("e", "s0");
    complete.before = [("status".to_owned(), json!("IN_PROGRESS"))].into();
    complete.after = [("status".to_owned(), json!("COMPLETED"))].into();
    complete.request.body = Some(complete.after.clone());
    let changes = [run_now("e", "s0"), complete];
    let mut test_run = TestRun::new(&changes);
    test_run
        .service
        .fault(&request_of(&changes[0]), Fault::Partial);
    let end = test_run.run().await.unwrap();
    assert_eq!(get(&end, Outcome::Applied), 2, "{end:?}");
    assert_eq!(test_run.reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn people_in_another_order_are_the_same_people() {
    let mut change = reassign("e", "t0");
    change
        .after
        .insert("assigned_to".to_owned(), json!(["2", "1"]));
    change.request.body = Some([("assigned_to".to_owned(), json!(["2", "1"]))].into());
    let mut test_run = TestRun::new(from_ref(&change));
    test_run
        .service
        .fault(&request_of(&change), Fault::DropBefore);
    let service = test_run.service.clone();
    // The service sorts them.
    tokio::spawn(async move {
        sleep(Duration::from_millis(10)).await;
        let mut world = service.world();
        world.executions.get_mut("e").unwrap()["tasks"][0]["assigned_to"] = json!(["1", "2"]);
    });
    for _ in 0..2 {
        test_run
            .service
            .fault(&request_of(&change), Fault::DropBefore);
    }
    let end = test_run.run().await.unwrap();
    assert_eq!(get(&end, Outcome::Applied), 1, "{end:?}");
}
