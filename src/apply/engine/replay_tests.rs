//! Recorded histories of the workflows are replayed: a change of a workflow that does not agree with them would fail the runs that are under
//! way when the workers are updated. `just engine-histories` records them anew.

use std::{fs, io::Read as _, path::Path};

use flate2::read::GzDecoder;
use temporalio_client::WorkflowHistory;
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};

use super::{pace_flow::PaceFlow, run_flow::RunFlow, shard_flow::ShardFlow};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/engine/histories");

/// Each of them, with what it has to have, so that something is replayed at all.
const HISTORIES: [(&str, &[&str]); 9] = [
    ("run", &["\"RunFlow\"", "\"begin\"", COMPLETED]),
    ("run-stopped", &["\"RunFlow\"", "\"stop_run\"", COMPLETED]),
    ("run-over-budget", &["\"RunFlow\"", COMPLETED]),
    (
        "shard",
        &["\"ShardFlow\"", "ActivityTaskCompleted", COMPLETED],
    ),
    ("shard-stopped", &["\"ShardFlow\"", "\"stop\"", COMPLETED]),
    ("shard-over-budget", &["\"ShardFlow\"", COMPLETED]),
    (
        "shard-taken-over",
        &["\"ShardFlow\"", "timeout_type: Heartbeat", COMPLETED],
    ),
    (
        "pace",
        &[
            "\"PaceFlow\"",
            "WorkflowExecutionUpdateCompleted",
            CONTINUED,
        ],
    ),
    (
        "pace-continued",
        &["\"PaceFlow\"", "WorkflowExecutionUpdateCompleted"],
    ),
];

const COMPLETED: &str = "event_type: WorkflowExecutionCompleted";
const CONTINUED: &str = "event_type: WorkflowExecutionContinuedAsNew";

fn recorded(name: &str) -> String {
    let file = fs::File::open(Path::new(FOLDER).join(format!("{name}.json.gz"))).unwrap();
    let mut json = String::new();
    GzDecoder::new(file).read_to_string(&mut json).unwrap();
    json
}

fn history(json: &str) -> WorkflowHistory {
    WorkflowHistory::from_json(json.as_bytes()).unwrap()
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
    let workflows = replayer();
    for (name, has) in HISTORIES {
        let json = recorded(name);
        let events = history(&json).into_events().await.unwrap();
        let events = format!("{events:?}");
        for word in has {
            assert!(events.contains(word), "{name} has no {word}");
        }
        let replayed = workflows.replay_workflow(history(&json)).await;
        replayed.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// As if the workflow had been changed since.
#[tokio::test]
async fn a_history_of_another_workflow_is_not() {
    let workflows = replayer();
    for (name, was, is) in [
        (
            "run",
            r#""signal_name":"settled""#,
            r#""signal_name":"other""#,
        ),
        (
            "shard",
            r#""GroupActivities::group""#,
            r#""GroupActivities::other""#,
        ),
    ] {
        let json = recorded(name);
        let changed = json.replace(was, is);
        assert!(changed != json, "{name} has no {was}");
        let replayed = workflows.replay_workflow(history(&changed)).await;
        assert!(replayed.is_err(), "{name} with {is} was replayed");
    }
}
