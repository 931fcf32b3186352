//! Recorded histories of the workflows are replayed: a change of a workflow that does not agree with them would fail the runs that are under
//! way when the workers are updated. `just engine-histories` records them anew.

use std::{fs, io::Read as _, path::Path};

use flate2::read::GzDecoder;
use temporalio_client::WorkflowHistory;
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};

use super::{pace_flow::PaceFlow, run_flow::RunFlow, shard_flow::ShardFlow};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/engine/histories");

/// What each of them has to have, so that something is replayed at all.
const HISTORIES: [(&str, &[&str]); 9] = [
    ("run", &["RunFlow", "EXECUTION_COMPLETED", "\"begin\""]),
    (
        "run-stopped",
        &["RunFlow", "\"stop_run\"", "EXECUTION_COMPLETED"],
    ),
    ("run-over-budget", &["RunFlow", "EXECUTION_COMPLETED"]),
    (
        "shard",
        &[
            "ShardFlow",
            "ACTIVITY_TASK_COMPLETED",
            "EXECUTION_COMPLETED",
        ],
    ),
    (
        "shard-stopped",
        &["ShardFlow", "\"stop\"", "EXECUTION_COMPLETED"],
    ),
    ("shard-over-budget", &["ShardFlow", "EXECUTION_COMPLETED"]),
    (
        "shard-taken-over",
        &["ShardFlow", "HEARTBEAT", "EXECUTION_COMPLETED"],
    ),
    (
        "pace",
        &["PaceFlow", "UPDATE_COMPLETED", "CONTINUED_AS_NEW"],
    ),
    ("pace-continued", &["PaceFlow", "continuedExecutionRunId"]),
];

fn history(name: &str) -> String {
    let file = fs::File::open(Path::new(FOLDER).join(format!("{name}.json.gz"))).unwrap();
    let mut json = String::new();
    GzDecoder::new(file).read_to_string(&mut json).unwrap();
    json
}

fn replayer() -> WorkflowReplayer {
    let options = WorkflowReplayerOptions::new()
        .register_workflow::<RunFlow>()
        .unwrap()
        .register_workflow::<ShardFlow>()
        .unwrap()
        .register_workflow::<PaceFlow>()
        .unwrap()
        .build();
    WorkflowReplayer::new(options).unwrap()
}

#[tokio::test]
async fn the_histories_of_earlier_runs_are_replayed() {
    let replayer = replayer();
    for (name, has) in HISTORIES {
        let text = history(name);
        for word in has {
            assert!(text.contains(word), "{name} has no {word}");
        }
        let history = WorkflowHistory::from_json(text.as_bytes()).unwrap();
        let replayed = replayer.replay_workflow(history).await;
        replayed.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// As if the workflow had been changed since.
#[tokio::test]
async fn a_history_of_another_workflow_is_not() {
    let replayer = replayer();
    for (name, was, is) in [
        (
            "shard",
            "\"GroupActivities::group\"",
            "\"GroupActivities::other\"",
        ),
        ("run", "\"begin\"", "\"start\""),
        (
            "pace",
            "EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW",
            "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED",
        ),
    ] {
        let text = history(name);
        let changed = text.replace(was, is);
        assert_ne!(changed, text, "{name} has no {was}");
        if let Ok(history) = WorkflowHistory::from_json(changed.as_bytes()) {
            let replayed = replayer.replay_workflow(history).await;
            assert!(replayed.is_err(), "{name} without {was} was replayed");
        }
    }
}
