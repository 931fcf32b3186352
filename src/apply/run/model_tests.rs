//! The run loop against a small model of it: whatever answers come, a change is sent as often, takes effect as often and
//! ends as the rules say, read one after the other.

use proptest::prelude::*;

use crate::{
    outcome::Outcome,
    plan::{Change, Repeat},
    testing::{
        changes::{reassign, request_of, run_automation, run_now},
        simulated_service::Fault,
        test_run::{ATTEMPTS, TestRun},
    },
};

/// What becomes of one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Course {
    /// None while it is in doubt.
    outcome: Option<Outcome>,
    sends: usize,
    effects: usize,
}

/// The rules: what the answers to a change's attempts make of it. After the last answer of the script all goes well.
/// None when it was never sent: what that means depends on what else succeeds.
fn course(repeat: Repeat, script: &[Fault]) -> Option<Course> {
    let mut answers = script.iter().copied();
    let (mut sends, mut effects) = (0, 0);
    let (mut in_doubt, mut looked) = (false, false);
    let outcome = 'sending: loop {
        sends += 1;
        let left = sends < ATTEMPTS as usize;
        match answers.next().unwrap_or(Fault::None) {
            Fault::None => {
                effects += 1;
                break Some(Outcome::Applied);
            }
            Fault::Refused if !in_doubt => break Some(Outcome::Refused),
            Fault::NotSent | Fault::Throttled(_) if left => continue,
            Fault::NotSent if !in_doubt => return None,
            Fault::Throttled(_) if !in_doubt => break Some(Outcome::Failed),
            // It did nothing, but an earlier one may have.
            Fault::Refused | Fault::NotSent | Fault::Throttled(_) => {}
            lost => {
                effects += usize::from(matches!(
                    lost,
                    Fault::DropAfter | Fault::FailAfter | Fault::Html
                ));
                in_doubt = true;
                match repeat {
                    Repeat::Once => break None,
                    Repeat::Safe if left => continue,
                    Repeat::Safe | Repeat::Readable => {}
                }
            }
        }
        // The first look comes at once, every later one is a proof.
        loop {
            let is_proof = std::mem::replace(&mut looked, true);
            if effects > 0 {
                break 'sending Some(Outcome::Applied);
            }
            in_doubt &= !is_proof;
            if left && (is_proof || repeat == Repeat::Safe) {
                break;
            }
            if is_proof {
                break 'sending Some(Outcome::Failed);
            }
        }
    };
    Some(Course {
        outcome,
        sends,
        effects,
    })
}

fn any_fault() -> impl Strategy<Value = Fault> {
    prop::sample::select(vec![
        Fault::None,
        Fault::NotSent,
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::FailBefore,
        Fault::FailAfter,
        Fault::Html,
        Fault::Throttled(None),
        Fault::Throttled(Some(3)),
        Fault::Refused,
    ])
}

/// A change of the execution that it is given, and the answers to it.
type Scripted = (fn(&str) -> Change, Vec<Fault>);

fn any_change() -> impl Strategy<Value = Scripted> {
    let change = prop::sample::select(vec![
        (|id| reassign(id, "t0")) as fn(&str) -> Change,
        |id| run_now(id, "s0"),
        |id| run_automation(id, "t0"),
    ]);
    (change, prop::collection::vec(any_fault(), 0..5))
}

async fn play(changes: &[Scripted], concurrency: usize) -> Vec<Course> {
    let planned: Vec<Change> = (0..)
        .zip(changes)
        .map(|(number, (change, _)): (u32, _)| change(&format!("e{number}")))
        .collect();
    let mut test_run = TestRun::new(&planned);
    test_run.settings.concurrency = concurrency;
    for (change, (_, faults)) in planned.iter().zip(changes) {
        for fault in faults {
            test_run.service.fault(&request_of(change), *fault);
        }
    }
    test_run.run().await.unwrap();
    test_run.check();
    let courses = test_run.outcomes().into_iter().zip(test_run.sends());
    courses
        .zip(test_run.effects())
        .map(|((outcome, sends), effects)| Course {
            outcome,
            sends,
            effects,
        })
        .collect()
}

proptest! {
    #[test]
    fn the_run_loop_does_what_the_rules_say_whatever_answers_come(
        // So few that the budget for repetitions is not used up.
        changes in prop::collection::vec(any_change(), 1..=4),
        concurrency in 1..=3_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let expected: Option<Vec<Course>> = changes
            .iter()
            .map(|(change, faults)| course(change("e").repeat, faults))
            .collect();
        prop_assume!(expected.is_some());
        let played = runtime.block_on(play(&changes, concurrency));
        prop_assert_eq!(Some(played), expected);
    }
}
