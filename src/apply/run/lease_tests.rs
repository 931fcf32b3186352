//! Runs whose groups another process may take over.

use std::time::Duration;

use tokio::{sync::watch, time::Instant};

use super::Lease;
use crate::{
    api::{Generation, Id, Operation},
    event::StopReason,
    outcome::Outcome,
    testing::{
        changes::{due, kinds, read_of, reassign},
        lockstep::in_lockstep,
        simulated_service::Fault,
        test_run::TestRun,
    },
};

fn is_taken_over(stopped: Option<&StopReason>) -> bool {
    matches!(stopped, Some(StopReason::Checkpoint { message }) if message.contains("taken over"))
}

#[tokio::test(start_paused = true)]
async fn without_the_right_to_send_nothing_is_sent_and_another_session_sends_it() {
    for change in kinds() {
        let mut test_run = TestRun::new(&[change]);
        let (_renew, until) = watch::channel(Instant::now());
        test_run.lease = Lease::renewed(until);
        let end = test_run.run().await.unwrap();
        assert!(is_taken_over(end.stopped.as_ref()), "{end:?}");
        assert_eq!(end.counts.get(Outcome::NotAttempted), 1);
        assert_eq!(test_run.sends(), [0]);

        test_run.lease = Lease::permanent();
        test_run.resume_until_finished().await;
        assert_eq!(test_run.effects(), [1]);
        test_run.check();
    }
}

#[test]
fn a_request_whose_intent_is_acknowledged_too_late_is_not_sent() {
    in_lockstep(async |lockstep| {
        let mut test_run = TestRun::new(&[reassign("e", "t0")]);
        test_run.lockstep = Some(lockstep);
        // The first sync is that of its intent.
        test_run.stalls = vec![(1, Duration::from_secs(6))];
        let (_renew, until) = watch::channel(Instant::now() + Duration::from_secs(5));
        test_run.lease = Lease::renewed(until);
        let end = test_run.run().await.unwrap();
        assert!(is_taken_over(end.stopped.as_ref()), "{end:?}");
        assert_eq!(test_run.sends(), [0]);
        test_run.check();
    });
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_can_not_be_read_fails_alone_if_another_one_can() {
    for (witness, expected) in [(None, Outcome::NotAttempted), (Some("f"), Outcome::Failed)] {
        let mut test_run = TestRun::new(&[due("e", "t0"), due("f", "t0")]);
        // Only the first execution is worked on.
        test_run.settings.stages = std::iter::once(0..1).collect();
        test_run.witness = witness.map(|id| Operation::read(Generation::V2, &Id::new(id).unwrap()));
        for _ in 0..3 {
            test_run.service.fault(&read_of("e"), Fault::FailBefore);
        }
        let end = test_run.run().await.unwrap();
        let got_nothing = matches!(end.stopped, Some(StopReason::NothingGotThrough { .. }));
        assert_eq!(got_nothing, expected == Outcome::NotAttempted, "{end:?}");
        assert_eq!(end.counts.get(expected), if got_nothing { 2 } else { 1 });
    }
}
