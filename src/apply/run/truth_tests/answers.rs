//! That a person's answers about single changes in doubt are followed, each once.

use super::*;
use crate::{
    checkpoint::{PersonAnswer, Record},
    run::GivenAnswer,
};

/// The changes stand in the plan's lines from the second on.
const fn given(place: u64, attempt: u32, answer: PersonAnswer) -> GivenAnswer {
    GivenAnswer {
        line: place + 2,
        attempt,
        answer,
    }
}

/// One automation each of four executions, of which no answer arrived, and one that depends on the first one.
async fn four_in_doubt() -> TestRun {
    let mut changes: Vec<Change> = ["a", "b", "c", "d"]
        .map(|execution| run_automation(execution, "t0"))
        .into();
    changes.insert(1, close("a"));
    let mut test_run = TestRun::new(&changes);
    for change in &changes {
        if change.action != ["close"] {
            test_run
                .service
                .fault(&request_of(change), Fault::DropBefore);
        }
    }
    let end = test_run.run().await.unwrap();
    assert_eq!(get(&end, Outcome::InDoubt), 4, "{end:?}");
    test_run
}

#[tokio::test(start_paused = true)]
async fn each_change_in_doubt_gets_its_own_answer_and_what_waited_for_it_goes_on() {
    let mut test_run = four_in_doubt().await;
    test_run.settings.answers = vec![
        given(0, 1, PersonAnswer::Applied),
        given(2, 1, PersonAnswer::Retry),
        given(3, 1, PersonAnswer::Skip),
    ];
    let end = test_run.run().await.unwrap();
    assert_eq!(test_run.sends(), [1, 1, 2, 1, 1]);
    let outcomes = [
        Some(Outcome::Applied),
        Some(Outcome::Applied),
        Some(Outcome::Applied),
        Some(Outcome::InDoubt),
        None,
    ];
    assert_eq!(test_run.outcomes(), outcomes, "{end:?}");
    assert!(!end.finished && end.stopped.is_none(), "{end:?}");
    // It can be told which of them the service has confirmed.
    let by_answer = |record: &Record| match record {
        Record::Ended {
            line,
            is_answer: true,
            ..
        } => Some(*line),
        _ => None,
    };
    let records = test_run.records();
    assert_eq!(
        records.iter().filter_map(by_answer).collect::<Vec<_>>(),
        [2]
    );
    // The answer about all is about the one that has none of its own.
    test_run.settings.answers.clear();
    test_run.settings.doubts = Some(DoubtAnswer::Skip);
    let end = test_run.run().await.unwrap();
    assert!(end.finished, "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_a_session_that_was_killed_is_followed_by_the_next_one_once() {
    let mut kills = 0;
    for kill_at in 1.. {
        let mut test_run = four_in_doubt().await;
        test_run.settings.answers = vec![
            given(0, 1, PersonAnswer::Applied),
            given(2, 1, PersonAnswer::Retry),
            given(3, 1, PersonAnswer::Skip),
            given(4, 1, PersonAnswer::Skip),
        ];
        if test_run.session(Cut::KillAt(kill_at)).await.is_some() {
            break;
        }
        kills += 1;
        test_run.settings.answers.clear();
        let end = test_run.run().await.unwrap();
        let sends = test_run.sends();
        assert!(sends[2] <= 2, "killed at {kill_at}: {sends:?}");
        assert_eq!((sends[0], sends[3], sends[4]), (1, 1, 1), "{kill_at}");
        let outcomes = test_run.outcomes();
        assert_eq!(outcomes[0], Some(Outcome::Applied), "{kill_at}: {end:?}");
        assert_eq!(outcomes[1], Some(Outcome::Applied), "{kill_at}: {end:?}");
        assert_eq!(outcomes[3], Some(Outcome::InDoubt), "{kill_at}: {end:?}");
        assert_eq!(outcomes[4], Some(Outcome::InDoubt), "{kill_at}: {end:?}");
    }
    // At the reads and at the writes.
    assert!(kills >= 4, "{kills}");
}

#[tokio::test(start_paused = true)]
async fn a_read_that_can_tell_goes_before_a_person_s_answer() {
    let change = run_now("e", "s0");
    for (fault, answer, outcome) in [
        (Fault::DropAfter, PersonAnswer::Skip, Outcome::Applied),
        (Fault::DropAfter, PersonAnswer::Applied, Outcome::Applied),
        (Fault::DropBefore, PersonAnswer::Applied, Outcome::Applied),
    ] {
        let mut test_run = TestRun::new(from_ref(&change));
        test_run.service.fault(&request_of(&change), fault);
        test_run.session(Cut::KillAt(2)).await;
        test_run.settings.answers = vec![given(0, 1, answer)];
        let end = test_run.run().await.unwrap();
        assert_eq!(test_run.outcomes(), [Some(outcome)], "{end:?}");
        // Where the read proves that it had no effect, it is made.
        assert_eq!(test_run.effects(), [1], "{fault:?} {answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_applied_by_an_answer_gives_its_place_in_the_error_budget_back() {
    let changes = [run_automation("a", "t0"), reassign("b", "t0")];
    let mut test_run = TestRun::new(&changes);
    test_run.settings.concurrency = 1;
    test_run.settings.max_errors = Some(1);
    test_run
        .service
        .fault(&request_of(&changes[0]), Fault::DropAfter);
    let end = test_run.run().await.unwrap();
    assert!(matches!(end.stopped, Some(StopReason::ErrorBudget { .. })));
    test_run.settings.answers = vec![given(0, 1, PersonAnswer::Applied)];
    let end = test_run.run().await.unwrap();
    assert_eq!(test_run.outcomes(), [Some(Outcome::Applied); 2], "{end:?}");
    assert!(end.finished, "{end:?}");
}
