//! Answers that are not what was asked for: not found, and success that shows something else than what was sent.
//!
//! One file because its tests share one run with a fault in one answer.

use std::{slice::from_ref, time::Duration};

use serde_json::json;

use super::DoubtAnswer;
use crate::{
    api::{Id, Operation},
    event::{Event, StopReason},
    outcome::Outcome,
    plan::Change,
    testing::{
        changes::{
            add_task, cancel, close, delete, due, kinds, read_of, reassign, request_of,
            run_automation, run_now, start,
        },
        simulated_service::{Deed, Fault, Plot, ShownInstead},
        test_run::{ATTEMPTS, TestRun},
    },
};

const STALE: Fault = Fault::Lie {
    works: false,
    shows: ShownInstead::Old,
};

/// A run in which the requests of `met_by` meet `faults`, in turn.
async fn played(changes: &[Change], met_by: &Change, faults: &[Fault]) -> TestRun {
    let mut test_run = TestRun::new(changes);
    for fault in faults {
        test_run.service.fault(&request_of(met_by), *fault);
    }
    test_run.run().await.unwrap();
    test_run.check();
    test_run
}

/// What the last event of this change says.
fn said(test_run: &TestRun) -> String {
    let detail = |event: &Event| match event {
        Event::Ended { detail, .. } => detail.clone(),
        _ => None,
    };
    test_run
        .events
        .iter()
        .rev()
        .find_map(detail)
        .unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn what_the_service_does_not_find_is_gone_only_when_a_read_says_so_too() {
    let changes = [
        reassign("e", "t0"),
        close("e"),
        run_now("e", "s0"),
        cancel("e", "s0"),
        run_automation("e", "t0"),
        add_task("e"),
        delete("e"),
    ];
    for change in changes {
        let what = request_of(&change);
        let test_run = played(from_ref(&change), &change, &[Fault::Gone]).await;
        assert_eq!(test_run.outcomes(), [Some(Outcome::Refused)], "{what}");
        assert_eq!(said(&test_run), "404: not found", "{what}");
        assert_eq!(test_run.reads(), 2, "{what}");

        // Somebody else deletes it between the read and the write.
        let mut test_run = TestRun::new(from_ref(&change));
        let deletes = Operation::DeleteFlow(Id::new("e").unwrap());
        test_run.service.world().plots.push(Plot {
            execution: "e".to_owned(),
            nth: 2,
            after: Duration::ZERO,
            deed: Deed::Request(deletes, None),
        });
        test_run.run().await.unwrap();
        let gone = if change.operation().unwrap().removes() {
            Outcome::AlreadyDone
        } else {
            Outcome::Gone
        };
        assert_eq!(test_run.outcomes(), [Some(gone)], "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_is_not_found_is_gone_although_its_task_is_there() {
    for other in [cancel("e", "s0"), run_now("e", "s0")] {
        let change = cancel("e", "s0");
        let mut test_run = TestRun::new(from_ref(&change));
        test_run.service.fault(&request_of(&change), Fault::Gone);
        // Somebody else takes it away, or starts it, between the read and the write.
        test_run.service.world().plots.push(Plot {
            execution: "e".to_owned(),
            nth: 2,
            after: Duration::ZERO,
            deed: Deed::Request(other.operation().unwrap(), None),
        });
        test_run.run().await.unwrap();
        test_run.check();
        assert_eq!(
            test_run.outcomes(),
            [Some(Outcome::Gone)],
            "{}",
            request_of(&other)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_says_what_was_not_found() {
    for (removed, expected) in [
        (
            "e",
            "the execution was not found when it was read before the change",
        ),
        (
            "t0",
            "the task was not found when it was read before the change",
        ),
    ] {
        let mut test_run = TestRun::new(&[reassign("e", "t0")]);
        if removed == "e" {
            test_run.service.world().executions.clear();
        } else {
            let deed = Deed::Remove(removed.to_owned());
            test_run.service.meddle("e", &deed);
        }
        test_run.run().await.unwrap();
        assert_eq!(test_run.outcomes(), [Some(Outcome::Gone)], "{removed}");
        assert_eq!(said(&test_run), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_service_does_not_find_although_it_did_it_is_applied() {
    for change in [reassign("e", "t0"), close("e"), add_task("e")] {
        let what = request_of(&change);
        let test_run = played(from_ref(&change), &change, &[Fault::GoneAfter]).await;
        assert_eq!(test_run.outcomes(), [Some(Outcome::Applied)], "{what}");
        assert_eq!((test_run.sends(), test_run.reads()), (vec![1], 2), "{what}");
    }
    // Somebody else, or the schedule itself, may have begun it: then it is not there to be run now.
    let change = run_now("e", "s0");
    let mut test_run = TestRun::new(from_ref(&change));
    test_run.service.fault(&request_of(&change), Fault::Gone);
    test_run.service.world().plots.push(Plot {
        execution: "e".to_owned(),
        nth: 2,
        after: Duration::ZERO,
        deed: Deed::Request(change.operation().unwrap(), None),
    });
    test_run.run().await.unwrap();
    test_run.check();
    assert_eq!(test_run.outcomes(), [Some(Outcome::Refused)]);
}

#[tokio::test(start_paused = true)]
async fn what_the_service_does_not_find_and_no_read_can_show_is_refused_or_already_deleted() {
    for (change, outcome) in [
        (reassign("e", "t0"), Outcome::Refused),
        (run_now("e", "s0"), Outcome::Refused),
        (cancel("e", "s0"), Outcome::Refused),
        (add_task("e"), Outcome::Refused),
        (delete("e"), Outcome::AlreadyDone),
    ] {
        let what = request_of(&change);
        let mut test_run = TestRun::new(from_ref(&change));
        test_run.service.fault(&what, Fault::Gone);
        unreadable_after(&test_run, 1);
        test_run.run().await.unwrap();
        test_run.check();
        assert_eq!(test_run.outcomes(), [Some(outcome)], "{what}");
        let said = said(&test_run);
        let unread = "not found; reading the execution then failed: ";
        assert!(said.contains(unread), "{what}: {said}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_found_after_a_proof_that_came_too_early_is_read_before_it_is_believed() {
    for change in [delete("e"), cancel("e", "s0"), run_now("e", "s0")] {
        let what = request_of(&change);
        let mut test_run = TestRun::new(from_ref(&change));
        // It comes after the read that says that it took no effect, and before the second attempt is answered.
        test_run.service.fault(&what, Fault::Late(60_000));
        test_run.service.fault(&what, Fault::Gone);
        for delay in [Duration::ZERO, Duration::from_secs(120)] {
            test_run.service.delay(&what, delay);
        }
        // Before the first attempt, just after it, and the proof.
        unreadable_after(&test_run, 3);
        test_run.run().await.unwrap();
        assert_eq!(
            (test_run.sends(), test_run.effects()),
            (vec![2], vec![1]),
            "{what}"
        );
        assert_eq!(test_run.outcomes(), [None], "{what}");
        // The next session can read it.
        test_run.service.heal();
        test_run.run().await.unwrap();
        assert_eq!(test_run.sends(), [2], "{what}");
        assert_eq!(test_run.outcomes(), [Some(Outcome::Applied)], "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_found_and_done_after_a_proof_that_came_too_early_is_our_own_effect() {
    for change in [delete("e"), cancel("e", "s0"), run_now("e", "s0")] {
        let what = request_of(&change);
        let mut test_run = TestRun::new(from_ref(&change));
        test_run.service.fault(&what, Fault::Late(60_000));
        test_run.service.fault(&what, Fault::Gone);
        for delay in [Duration::ZERO, Duration::from_secs(120)] {
            test_run.service.delay(&what, delay);
        }
        test_run.run().await.unwrap();
        test_run.check();
        assert_eq!(
            (test_run.sends(), test_run.effects()),
            (vec![2], vec![1]),
            "{what}"
        );
        assert_eq!(test_run.outcomes(), [Some(Outcome::Applied)], "{what}");
    }
}

/// Only this number of reads of "e" succeeds.
fn unreadable_after(test_run: &TestRun, reads: usize) {
    let faults = [Fault::None]
        .repeat(reads)
        .into_iter()
        .chain([Fault::FailBefore; 20]);
    for fault in faults {
        test_run.service.fault(&read_of("e"), fault);
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_of_what_the_service_does_not_find_is_refused_and_stops_the_run() {
    let changes: Vec<Change> = ('a'..='t').map(|name| start(&name.to_string())).collect();
    let mut test_run = TestRun::of(&changes);
    test_run.settings.concurrency = 1;
    test_run.settings.stop_after = 5;
    for change in &changes {
        test_run.service.fault(&request_of(change), Fault::Gone);
    }
    let end = test_run.run().await.unwrap();
    assert_eq!(end.counts.get(Outcome::Refused), 5);
    assert_eq!(end.counts.get(Outcome::NotAttempted), 15);
    assert_eq!(
        end.stopped,
        Some(StopReason::FailuresInARow {
            failures: 5,
            last: "404: not found".to_owned()
        })
    );
    assert_eq!(test_run.reads(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_still_shows_the_old_value_is_no_proof_of_a_change() {
    for change in kinds() {
        let lies = [STALE; 10];
        let test_run = played(from_ref(&change), &change, &lies).await;
        assert_eq!(test_run.outcomes(), [Some(Outcome::Failed)]);
        assert_eq!(test_run.sends(), [ATTEMPTS as usize]);
        assert_eq!(test_run.effects(), [0]);
        let (field, old) = change.before.first_key_value().unwrap();
        let expected = format!(
            "did not take effect in 3 attempts; last answer or error: answered 200, but {field} is still {old}"
        );
        assert_eq!(said(&test_run), expected);
    }
    let change = run_automation("e", "t0");
    for shows in [ShownInstead::Empty, ShownInstead::Other] {
        let lie = Fault::Lie {
            works: false,
            shows,
        };
        let test_run = played(from_ref(&change), &change, &[lie]).await;
        assert_eq!(test_run.outcomes(), [None]);
        assert_eq!(test_run.sends(), [1]);
    }
    let test_run = played(&[start("e")], &start("e"), &[STALE]).await;
    assert_eq!(test_run.outcomes(), [None]);
    let doubt =
        "it is unknown whether it took effect (answered 200, but the answer has no id); look";
    let said = said(&test_run);
    assert!(said.starts_with(doubt), "{said}");
}

#[tokio::test(start_paused = true)]
async fn success_in_another_organisation_is_no_success_of_ours() {
    for change in [reassign("e", "t0"), close("e")] {
        for (works, outcome) in [(true, Outcome::Applied), (false, Outcome::Failed)] {
            let lie = Fault::Lie {
                works,
                shows: ShownInstead::OtherOrganisation,
            };
            let mut test_run = TestRun::new(from_ref(&change));
            test_run.settings.org = Some("4711".to_owned());
            for _ in 0..ATTEMPTS {
                test_run.service.fault(&request_of(&change), lie);
            }
            test_run.run().await.unwrap();
            test_run.check();
            let what = request_of(&change);
            assert_eq!(test_run.outcomes(), [Some(outcome)], "{what}");
            // Read back, whatever the answer shows otherwise.
            assert!(test_run.reads() >= 2, "{what}");
            if !works {
                let why = "answered 200 (of the organisation 4712, not of 4711), but ";
                assert!(said(&test_run).contains(why), "{}", said(&test_run));
            }
        }
    }
    // Nothing can be read back: the new execution is in doubt.
    let mut test_run = TestRun::new(&[start("e")]);
    test_run.settings.org = Some("4711".to_owned());
    let lie = Fault::Lie {
        works: true,
        shows: ShownInstead::OtherOrganisation,
    };
    test_run.service.fault(&request_of(&start("e")), lie);
    test_run.run().await.unwrap();
    assert_eq!(test_run.outcomes(), [None]);
}

#[tokio::test(start_paused = true)]
async fn every_failure_and_doubt_says_what_the_last_attempt_met() {
    let (patch, once) = (reassign("e", "t0"), run_automation("e", "t0"));
    let lie = Fault::Lie {
        works: false,
        shows: ShownInstead::Empty,
    };
    for (change, faults, expected) in [
        (&patch, &[Fault::Refused; 1][..], "400: bad"),
        (&patch, &[Fault::Throttled(None); 9], "429: slow down"),
        (&patch, &[Fault::NotSent; 9], "no connection"),
        (
            &patch,
            &[Fault::DropBefore; 9],
            "did not take effect in 3 attempts; last answer or error: the connection broke",
        ),
        (
            &patch,
            &[Fault::DropBefore, Fault::Refused, Fault::Refused],
            "did not take effect in 3 attempts; last answer or error: 400: bad",
        ),
        (
            &patch,
            &[
                Fault::FailBefore,
                Fault::Throttled(None),
                Fault::Throttled(None),
            ],
            "did not take effect in 3 attempts; last answer or error: 429: slow down",
        ),
        (
            &once,
            &[Fault::FailBefore],
            "it is unknown whether it took effect (the server answered 500: internal); look",
        ),
        (
            &once,
            &[lie],
            "it is unknown whether it took effect (answered 200, but the answer does not say what it is); look",
        ),
    ] {
        let test_run = played(from_ref(change), change, faults).await;
        let said = said(&test_run);
        let said = match said.split_once("; look") {
            Some((said, _)) => format!("{said}; look"),
            None => said,
        };
        assert_eq!(said, expected, "{faults:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_session_knows_what_the_last_attempt_met() {
    let change = run_automation("e", "t0");
    let mut test_run = played(from_ref(&change), &change, &[Fault::FailBefore]).await;
    let met = "the server answered 500: internal";
    test_run.run().await.unwrap();
    let again = said(&test_run);
    assert!(
        again.starts_with(&format!(
            "it is unknown whether it took effect ({met}); look"
        )),
        "{again}"
    );
    test_run.settings.doubts = Some(DoubtAnswer::Skip);
    test_run.run().await.unwrap();
    assert_eq!(
        said(&test_run),
        format!("left in doubt by --in-doubt skip ({met})")
    );
}

#[tokio::test(start_paused = true)]
async fn a_read_proves_at_once_what_an_answer_does_not_show() {
    let changes = [
        reassign("e", "t0"),
        close("e"),
        run_now("e", "s0"),
        add_task("e"),
    ];
    for change in changes {
        for shows in [
            ShownInstead::Old,
            ShownInstead::Empty,
            ShownInstead::Nothing,
            ShownInstead::Other,
        ] {
            let lie = Fault::Lie { works: true, shows };
            let test_run = played(from_ref(&change), &change, &[lie]).await;
            let what = format!("{} {shows:?}", request_of(&change));
            assert_eq!(test_run.outcomes(), [Some(Outcome::Applied)], "{what}");
            assert_eq!((test_run.sends()[0], test_run.reads()), (1, 2), "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn success_without_a_body_is_believed_only_where_none_is_documented() {
    let silent = |works| Fault::Lie {
        works,
        shows: ShownInstead::Nothing,
    };
    for change in [
        reassign("e", "t0"),
        due("e", "t1"),
        close("e"),
        run_now("e", "s0"),
        add_task("e"),
    ] {
        let what = request_of(&change);
        let test_run = played(from_ref(&change), &change, &[silent(false); 10]).await;
        assert_eq!(test_run.outcomes(), [Some(Outcome::Failed)], "{what}");
        assert_eq!(test_run.effects(), [0], "{what}");
        let said = said(&test_run);
        let expected =
            "did not take effect in 3 attempts; last answer or error: answered without a body";
        assert!(said.starts_with(expected), "{what}: {said}");
    }
    let test_run = played(&[start("e")], &start("e"), &[silent(false)]).await;
    assert_eq!(test_run.outcomes(), [None]);
    let said = said(&test_run);
    let doubt = "it is unknown whether it took effect (answered without a body); look";
    assert!(said.starts_with(doubt), "{said}");
    // What it answers is not documented, and no read tells.
    let change = run_automation("e", "t0");
    let test_run = played(from_ref(&change), &change, &[silent(true)]).await;
    assert_eq!(test_run.outcomes(), [Some(Outcome::Applied)]);
    assert_eq!(test_run.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_wrote_after_an_answer_that_shows_nothing_is_not_overwritten() {
    let changes = [reassign("e", "t0"), due("e", "t1")];
    let mut test_run = TestRun::new(&changes);
    test_run.service.fault(
        &request_of(&changes[0]),
        Fault::Lie {
            works: false,
            shows: ShownInstead::Empty,
        },
    );
    let task = Operation::PatchTask(Id::new("e").unwrap(), Id::new("t0").unwrap());
    test_run.service.world().plots.push(Plot {
        execution: "e".to_owned(),
        nth: 2,
        after: Duration::ZERO,
        deed: Deed::Request(task, Some(json!({"assigned_to": ["9"]}))),
    });
    test_run.run().await.unwrap();
    assert_eq!(test_run.outcomes(), [None, Some(Outcome::Applied)]);
    assert_eq!(test_run.sends(), [1, 1]);
    let world = test_run.service.world();
    assert_eq!(
        world.executions["e"]["tasks"][0]["assigned_to"],
        json!(["9"])
    );
}
