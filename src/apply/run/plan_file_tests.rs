//! Tests of runs whose plan file breaks off or is changed.

use std::io::Cursor;

use crate::{
    plan::{Change, PlanError, PlanReader},
    testing::{
        changes::reassign,
        test_run::{Cut, TestRun, checked},
    },
};

#[tokio::test(start_paused = true)]
async fn a_plan_that_breaks_off_stops_the_run_and_hangs_nobody() {
    let changes: Vec<Change> = (0..6)
        .map(|number| reassign(&format!("e{number}"), "t0"))
        .collect();
    let mut test_run = TestRun::new(&changes);
    let ended = test_run
        .session_with(Cut::Never, |pass, _, plan| {
            let whole = plan.len();
            let kept = if pass == 0 { whole / 2 } else { whole };
            PlanReader::new(Cursor::new(plan[..kept].to_vec()))
        })
        .await
        .unwrap();
    assert!(ended.is_err(), "{ended:?}");
    test_run.resume_until_finished().await;
    test_run.check();
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_was_changed_after_its_check_stops_the_run_before_a_change_of_it_is_sent() {
    let changes = ["e0", "e1"].map(|execution| reassign(execution, "t0"));
    let mut test_run = TestRun::new(&changes);
    let ended = test_run
        .session_with(Cut::Never, |_, _, plan| {
            let other = String::from_utf8_lossy(plan).replacen("\"e1\"", "\"e2\"", 1);
            PlanReader::again(Cursor::new(other.into_bytes()), checked(plan)?)
        })
        .await
        .unwrap();
    assert!(matches!(ended, Err(PlanError::Changed)), "{ended:?}");
    assert_eq!(test_run.effects(), [0; 2]);
    test_run.resume_until_finished().await;
    test_run.check();
}
