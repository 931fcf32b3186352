//! Any plan, any faults, any interrupts and crashes: what a run promises holds all the same.

use proptest::prelude::*;

use super::{
    fake_service::Fault,
    sample::{
        close, due, read_of, reassign, reassign_running, request_of, run_automation, run_now,
    },
    stage::{Breaks, Cut, Stage},
};
use crate::{event::Drain, plan::Change};

#[derive(Clone, Debug)]
struct Scenario {
    /// For each execution, which of the changes that can be made to it are planned.
    groups: Vec<[bool; 6]>,
    /// On which of the requests, counted round, which fault.
    faults: Vec<(usize, Fault)>,
    /// How the sessions before the last ones end.
    cuts: Vec<(Cut, Option<Breaks>)>,
    concurrency: usize,
    recheck: bool,
    max_errors: Option<u64>,
    /// Executions in the first stage.
    stage: Option<u64>,
}

fn any_fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        2 => Just(Fault::None),
        1 => Just(Fault::NotSent),
        3 => Just(Fault::DropBefore),
        3 => Just(Fault::DropAfter),
        3 => (1..25_000_u64).prop_map(Fault::Late),
        1 => prop::option::of(1..400_u64).prop_map(Fault::Throttled),
        1 => Just(Fault::FailBefore),
        1 => Just(Fault::FailAfter),
        1 => Just(Fault::Html),
        1 => Just(Fault::Refused),
        1 => Just(Fault::Unauthorized),
        1 => Just(Fault::Gone),
        1 => Just(Fault::Panic),
    ]
}

fn any_cut() -> impl Strategy<Value = (Cut, Option<Breaks>)> {
    let cut = prop_oneof![
        1 => Just(Cut::Never),
        2 => (1..40_usize).prop_map(Cut::InterruptAt),
        3 => (1..150_usize).prop_map(Cut::KillAtPoll),
        3 => (1..150_usize).prop_map(Cut::PowerCutAtPoll),
    ];
    let breaks = prop_oneof![
        4 => Just(None),
        1 => (1..20_u32).prop_map(|nth| Some(Breaks::Write(nth))),
        1 => (1..20_u32).prop_map(|nth| Some(Breaks::Sync(nth))),
    ];
    (cut, breaks)
}

fn any_scenario() -> impl Strategy<Value = Scenario> {
    (
        prop::collection::vec(any::<[bool; 6]>(), 1..=6),
        prop::collection::vec((any::<usize>(), any_fault()), 0..12),
        prop::collection::vec(any_cut(), 0..4),
        1..=4_usize,
        prop::bool::weighted(0.8),
        prop::option::weighted(0.3, 1..4_u64),
        prop::option::weighted(0.3, 1..4_u64),
    )
        .prop_map(
            |(groups, faults, cuts, concurrency, recheck, max_errors, stage)| Scenario {
                groups,
                faults,
                cuts,
                concurrency,
                recheck,
                max_errors,
                stage,
            },
        )
}

/// One change of each group at least; what runs after a schedule only together with it.
fn changes(groups: &[[bool; 6]]) -> Vec<Change> {
    let mut changes = Vec::new();
    for (number, &[reassigned, dated, run, handed_on, automated, closed]) in
        groups.iter().enumerate()
    {
        let id = format!("e{number}");
        let wanted = [
            (reassigned, reassign(&id, "t0")),
            (dated, due(&id, "t0")),
            (run, run_now(&id, "s0")),
            (run && handed_on, reassign_running(&id, "s0")),
            (automated, run_automation(&id, "t1")),
            (
                closed || !(reassigned || dated || run || automated),
                close(&id),
            ),
        ];
        changes.extend(
            wanted
                .into_iter()
                .filter_map(|(wanted, change)| wanted.then_some(change)),
        );
    }
    changes
}

async fn play(scenario: &Scenario) {
    let changes = changes(&scenario.groups);
    let mut stage = Stage::new(&changes);
    stage.settings.concurrency = scenario.concurrency;
    stage.settings.recheck = scenario.recheck;
    stage.settings.max_errors = scenario.max_errors;
    let groups = scenario.groups.len() as u64;
    let first = scenario.stage.unwrap_or(groups).min(groups);
    stage.settings.stages = vec![0..first, first..groups];
    let requests: Vec<String> = changes
        .iter()
        .flat_map(|change| {
            [
                request_of(change),
                request_of(change),
                read_of(change.group.as_str()),
            ]
        })
        .collect();
    for (place, fault) in &scenario.faults {
        stage
            .service
            .fault(&requests[place % requests.len()], *fault);
    }
    for (cut, breaks) in &scenario.cuts {
        stage.breaks = *breaks;
        if let Some(Ok(end)) = stage.session(*cut).await {
            // What a broken disk did not take is known to this session only.
            if !matches!(end.stopped, Some(Drain::Checkpoint { .. })) {
                assert_eq!(end.counts, stage.snapshot().state.counts());
            }
            assert_eq!(end.counts.total(), changes.len() as u64);
        }
        stage.check();
        if stage.snapshot().state.is_finished() {
            return;
        }
    }
    stage.breaks = None;
    // With the faults that are left, then without any.
    let end = stage.run().await.unwrap();
    assert_eq!(end.counts, stage.snapshot().state.counts());
    if !end.finished {
        let end = stage.resume_until_finished().await;
        assert_eq!(end.counts.total(), changes.len() as u64);
    }
    stage.check();
}

proptest! {
    #[test]
    fn nothing_is_lost_doubled_or_told_wrong(scenario in any_scenario()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(play(&scenario));
    }
}
