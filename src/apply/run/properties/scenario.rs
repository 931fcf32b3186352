//! Random scenarios: a plan over some executions, faults of requests, edits by other users, and the sessions.

mod flows;
mod playbooks;

use std::time::Duration;

use proptest::{prelude::*, sample::select};

use crate::{
    run::DoubtAnswer,
    testing::{
        simulated_service::{Fault, ShownInstead},
        test_run::{Breaks, Cut},
    },
};
pub(super) use playbooks::{Group, PlannedGroup};

/// A whole run, and the world around it.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) groups: Vec<Group>,
    /// On which of the requests, counted round, which fault, and how often in a row.
    pub(super) faults: Vec<(usize, Fault, usize)>,
    pub(super) plots: Vec<PlotLine>,
    /// The sessions before those in which all is well.
    pub(super) sessions: Vec<SessionLine>,
    pub(super) concurrency: usize,
    pub(super) stop_after: u32,
    pub(super) max_errors: Option<u64>,
    /// Executions of the first stage; the second one has the others.
    pub(super) stage: Option<u64>,
    /// "Not found" is said with an empty body.
    pub(super) silent: bool,
    /// How many reads fail after a write that is answered so.
    pub(super) blind: usize,
}

/// Something that somebody else does.
#[derive(Clone, Debug)]
pub(super) struct PlotLine {
    /// Counted round.
    pub(super) group: usize,
    /// With which request on this execution; 0: before the first session.
    pub(super) nth: usize,
    pub(super) after: u64,
    pub(super) deed: Prank,
}

/// What somebody else does; tasks are counted round.
#[derive(Clone, Copy, Debug)]
pub(super) enum Prank {
    Assign(usize),
    Date(usize),
    Begin(usize),
    Complete(usize),
    Skip(usize),
    RunNow(usize),
    Cancel(usize),
    RunAutomation(usize),
    AutomationEnds(usize, bool),
    Remove(usize),
    AddTask,
    AssignFlow,
    Close,
    Delete,
    /// What one of the planned changes would do.
    Planned(usize),
}

/// One session. Times are in milliseconds.
#[derive(Clone, Debug)]
pub(super) struct SessionLine {
    /// Before it.
    pub(super) pause: u64,
    /// How far the wall clock is stepped before it.
    pub(super) step: i64,
    /// After so long, how far the wall clock is stepped.
    pub(super) steps: Vec<(u64, i64)>,
    pub(super) cut: Cut,
    pub(super) breaks: Option<Breaks>,
    /// Which syncs take how long.
    pub(super) stalls: Vec<(u32, u64)>,
    pub(super) answer: Option<DoubtAnswer>,
    pub(super) recheck: bool,
    /// From which of its requests on, from 1, none gets through, and what becomes of them.
    pub(super) outage: Option<(usize, Fault)>,
}

pub(super) fn any_scenario() -> impl Strategy<Value = Scenario> {
    (
        (
            prop::collection::vec(playbooks::any_group(), 1..=4),
            prop::collection::vec((any::<usize>(), any_fault(), any_run()), 0..8),
            prop::collection::vec(any_plot(), 0..4),
            prop::collection::vec(any_session(), 1..4),
        ),
        1..=4_usize,
        prop_oneof![2 => Just(1_000_u32), 1 => 1..5_u32],
        prop::option::weighted(0.3, 1..4_u64),
        prop::option::weighted(0.3, 1..4_u64),
        any::<bool>(),
        prop_oneof![2 => Just(0_usize), 1 => 1..12_usize],
    )
        .prop_map(
            |(
                (groups, faults, plots, sessions),
                concurrency,
                stop_after,
                max_errors,
                stage,
                silent,
                blind,
            )| {
                Scenario {
                    groups,
                    faults,
                    plots,
                    sessions,
                    concurrency,
                    stop_after,
                    max_errors,
                    stage,
                    silent,
                    blind,
                }
            },
        )
}

/// How often in a row a fault comes; as often as a change has attempts, now and then.
fn any_run() -> impl Strategy<Value = usize> {
    prop_oneof![3 => Just(1_usize), 1 => 2..=4_usize]
}

fn any_fault() -> impl Strategy<Value = Fault> {
    let rest = || prop_oneof![3 => 1..60_u64, 1 => 60..400_u64];
    prop_oneof![
        3 => Just(Fault::None),
        2 => Just(Fault::NotSent),
        3 => Just(Fault::DropBefore),
        3 => Just(Fault::DropAfter),
        3 => (1..25_000_u64).prop_map(Fault::Late),
        2 => prop::option::of(rest()).prop_map(Fault::Throttled),
        1 => rest().prop_map(Fault::Overloaded),
        3 => rest().prop_map(Fault::Rest),
        1 => Just(Fault::FailBefore),
        1 => Just(Fault::FailAfter),
        1 => Just(Fault::Html),
        1 => Just(Fault::HtmlBefore),
        2 => Just(Fault::Partial),
        3 => (any::<bool>(), select(vec![ShownInstead::Old, ShownInstead::Empty, ShownInstead::Nothing, ShownInstead::Other]))
            .prop_map(|(works, shows)| Fault::Lie { works, shows }),
        2 => Just(Fault::Refused),
        1 => Just(Fault::Unauthorized),
        2 => any::<[bool; 2]>().prop_map(|[gone, page]| Fault::FalseGone { gone, page }),
        1 => Just(Fault::Panic),
    ]
}

fn any_plot() -> impl Strategy<Value = PlotLine> {
    let task = || 0..4_usize;
    let deed = prop_oneof![
        3 => task().prop_map(Prank::Assign),
        2 => task().prop_map(Prank::Date),
        1 => task().prop_map(Prank::Begin),
        1 => task().prop_map(Prank::Complete),
        1 => task().prop_map(Prank::Skip),
        1 => task().prop_map(Prank::RunNow),
        1 => task().prop_map(Prank::Cancel),
        1 => task().prop_map(Prank::RunAutomation),
        1 => (task(), any::<bool>()).prop_map(|(task, fails)| Prank::AutomationEnds(task, fails)),
        1 => task().prop_map(Prank::Remove),
        1 => Just(Prank::AddTask),
        2 => Just(Prank::AssignFlow),
        2 => Just(Prank::Close),
        2 => Just(Prank::Delete),
        3 => task().prop_map(Prank::Planned),
    ];
    let after = select(vec![0_u64, 5, 10, 500, 2_000, 7_000, 20_000, 60_000]);
    (any::<usize>(), 0..8_usize, after, deed).prop_map(|(group, nth, after, deed)| PlotLine {
        group,
        nth,
        after,
        deed,
    })
}

fn any_step() -> impl Strategy<Value = i64> {
    // Seconds at least: what is less is slewed, not stepped.
    prop_oneof![
        2 => Just(0_i64),
        1 => -8..8_i64,
        1 => -2_160..2_160_i64,
    ]
    .prop_map(|step| step * 5_000)
}

fn any_session() -> impl Strategy<Value = SessionLine> {
    let cut = prop_oneof![
        2 => Just(Cut::Never),
        1 => (1..20_usize).prop_map(Cut::InterruptAt),
        1 => (1..20_usize).prop_map(Cut::KillAt),
        2 => (1..150_usize).prop_map(Cut::KillAtPoll),
        2 => (1..150_usize).prop_map(Cut::PowerCutAtPoll),
    ];
    let breaks = prop_oneof![
        6 => Just(None),
        1 => (1..20_u32).prop_map(|nth| Some(Breaks::Write(nth))),
        1 => (1..20_u32).prop_map(|nth| Some(Breaks::Sync(nth))),
    ];
    let stalls = prop::collection::vec((1..8_u32, 1..20_000_u64), 0..2);
    let steps = prop_oneof![
        2 => Just(Vec::new()),
        1 => prop::collection::vec((0..60_000_u64, any_step()), 1..3),
    ];
    let answer = prop_oneof![
        3 => Just(None),
        1 => Just(Some(DoubtAnswer::Retry)),
        1 => Just(Some(DoubtAnswer::Skip)),
    ];
    let gateway = Fault::FalseGone {
        gone: false,
        page: true,
    };
    let dead = select(vec![Fault::NotSent, gateway, Fault::FailBefore]);
    let outage = prop::option::weighted(0.15, (1..10_usize, dead));
    let pause = prop_oneof![1 => Just(0_u64), 1 => 0..60_000_u64];
    (
        (pause, any_step(), steps, cut),
        breaks,
        stalls,
        answer,
        prop::bool::weighted(0.8),
        outage,
    )
        .prop_map(
            |((pause, step, steps, cut), breaks, stalls, answer, recheck, outage)| SessionLine {
                pause,
                step,
                steps,
                cut,
                breaks,
                stalls,
                answer,
                recheck,
                outage,
            },
        )
}

pub(super) const fn milliseconds(number: u64) -> Duration {
    Duration::from_millis(number)
}
