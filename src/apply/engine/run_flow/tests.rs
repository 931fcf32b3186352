use super::*;
use crate::{
    engine::stages::StageProgress, outcome::Outcome, pace::Pace, run_id::RunId, store::RunSettings,
};

const BEGAN_MS: i64 = 7;

fn session() -> SessionTask {
    SessionTask {
        run: "run".into(),
        server: "s".into(),
        org: None,
        pace: Pace::default(),
        max_errors: None,
        recheck: true,
        settle_ms: 1,
        answers: Vec::new(),
        doubts: None,
        began_ms: BEGAN_MS,
    }
}

fn settings() -> RunSettings {
    RunSettings {
        wf_bulk_run: 1,
        run: RunId::new(Timestamp::UNIX_EPOCH, [0; 10]),
        started_at: Timestamp::UNIX_EPOCH,
        playbook: "p".into(),
        vars_sha256: String::new(),
        plan_sha256: String::new(),
        server: "s".into(),
        org: None,
        pace: Pace::default(),
        recheck: true,
        timeout_ms: 1,
        settle_ms: 1,
        reason: None,
        planned_from: None,
        by: None,
        in_history: false,
        ledger: None,
        engine: None,
    }
}

/// A run of two shards, of which the first one is under way.
fn flow() -> RunFlow {
    RunFlow {
        task: RunTask {
            settings: settings(),
            plan: SubmittedPlan {
                changes: 10,
                follows: None,
                signature: None,
            },
            session: session(),
            begun: Some(BegunRun {
                shards: 2,
                progress: RunProgress {
                    open: vec![0, 1],
                    stages: vec![StageProgress {
                        end: 2,
                        ..StageProgress::default()
                    }],
                    ..RunProgress::default()
                },
            }),
            before: None,
            abandoned: None,
        },
        shard: None,
        stopping: false,
    }
}

fn end() -> ShardEnd {
    ShardEnd {
        run: "run".into(),
        began_ms: BEGAN_MS,
        ..ShardEnd::default()
    }
}

#[test]
fn only_the_shard_that_is_under_way_in_this_session_comes_back() {
    let mut flow = flow();
    let others = [
        ShardEnd {
            run: "older".into(),
            ..end()
        },
        ShardEnd {
            began_ms: BEGAN_MS - 1,
            ..end()
        },
        ShardEnd { number: 1, ..end() },
    ];
    for other in others {
        flow.settle(other.clone());
        assert_eq!(flow.shard, None, "{other:?}");
    }
    flow.settle(end());
    assert_eq!(flow.shard, Some(end()));
    flow.take_shard();
    // Twice.
    flow.settle(end());
    assert_eq!(flow.shard, None);
}

#[test]
fn a_stop_that_comes_with_the_end_of_a_shard_is_known_to_a_history_that_begins_anew() {
    let mut flow = flow();
    flow.next();
    flow.settle(end());
    flow.interrupt();
    flow.take_shard();
    let mut anew = RunFlow {
        task: flow.task,
        shard: None,
        stopping: false,
    };
    assert_eq!(anew.next(), None);
    let progress = anew.task.begun.unwrap().progress;
    assert_eq!(progress.stopped, Some(StopReason::Interrupted));
    assert_eq!(progress.open, [1]);
}

#[test]
fn the_whole_plan_is_in_doubt_if_its_only_shard_is_gone() {
    let mut flow = flow();
    flow.next();
    flow.lose_shard();
    let progress = flow.task.begun.unwrap().progress;
    assert_eq!(progress.sums.counts.get(Outcome::InDoubt), 10);
}
