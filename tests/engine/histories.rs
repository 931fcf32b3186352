//! Records the histories that `src/apply/engine/replay_tests.rs` replays: `just engine-histories`.

use std::{env, fs::File, io::Write as _, path::PathBuf, thread, time::Duration};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use tempfile::TempDir;
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, Url, WorkflowExecutionInfo,
    WorkflowFetchHistoryOptions,
};
use tokio::runtime::Runtime;

use crate::{
    playground::{Playground, Setting},
    runs::at,
};

/// Where they go; unless it is set, nowhere.
const FOLDER: &str = "WF_BULK_ENGINE_HISTORIES";

/// The histories of one run, and of the rate of its place.
struct Recorded {
    client: Client,
    runtime: Runtime,
    /// Which workflow it is, and its history as the engine's own tool writes it.
    flows: Vec<(WorkflowExecutionInfo, String)>,
    into: PathBuf,
    _nowhere: Option<TempDir>,
}

impl Recorded {
    fn of(playground: &Playground) -> Self {
        let ask = |arguments: &[&str]| {
            let json = [arguments, &["--output", "json"]].concat();
            playground.engine.ask(&json)
        };
        let listed = ask(&["workflow", "list", "--limit", "1000"]);
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let flows = listed.as_array().unwrap().iter().map(|flow| {
            let of = |name: &str| flow["execution"][name].as_str().unwrap().to_owned();
            let (workflow_id, run_id) = (of("workflowId"), of("runId"));
            let id = ["--workflow-id", &workflow_id, "--run-id", &run_id];
            let shown: Value =
                serde_json::from_str(&ask(&[&["workflow", "show"], &id[..]].concat())).unwrap();
            let flow = WorkflowExecutionInfo::builder()
                .namespace("default")
                .workflow_id(workflow_id)
                .run_id(run_id)
                .build();
            // In one line.
            (flow, shown.to_string())
        });
        let nowhere = env::var_os(FOLDER)
            .is_none()
            .then(|| tempfile::tempdir().unwrap());
        let runtime = Runtime::new().unwrap();
        Self {
            client: runtime.block_on(connect(playground.engine.port())),
            runtime,
            flows: flows.collect(),
            into: match &nowhere {
                Some(nowhere) => nowhere.path().to_owned(),
                None => env::var_os(FOLDER).unwrap().into(),
            },
            _nowhere: nowhere,
        }
    }

    /// Keeps the first one that has these words in it, and none of the others.
    fn keep(&self, name: &str, has: &[&str], has_not: &[&str]) {
        let is_meant = |text: &str| {
            has.iter().all(|word| text.contains(word))
                && !has_not.iter().any(|word| text.contains(word))
        };
        let found = self.flows.iter().find(|(_, text)| is_meant(text));
        let ids: Vec<&String> = (self.flows.iter().map(|(flow, _)| &flow.workflow_id)).collect();
        let (flow, _) = found.unwrap_or_else(|| panic!("no {name} among {ids:?}"));
        // The client replays only its own form of it.
        let flow = flow.clone().bind_untyped(self.client.clone());
        let history = flow.fetch_history(WorkflowFetchHistoryOptions::default());
        let text = self.runtime.block_on(history.to_json()).unwrap();
        let file = File::create(self.into.join(format!("{name}.json.gz"))).unwrap();
        let mut file = GzEncoder::new(file, Compression::best());
        file.write_all(&text).unwrap();
        file.finish().unwrap();
    }
}

async fn connect(port: u16) -> Client {
    let url = Url::parse(&format!("http://127.0.0.1:{port}")).unwrap();
    let options = ConnectionOptions::new(url).build();
    let connection = Connection::connect(options).await.unwrap();
    Client::new(connection, ClientOptions::new("default").build()).unwrap()
}

const DONE: &str = "WORKFLOW_EXECUTION_COMPLETED";

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_run_with_a_take_over_and_a_rate_that_began_anew_can_be_recorded() {
    // A small burst: each reservation is for one request.
    let playground = Playground::new(&Setting {
        own_engine: true,
        executions: 1_200,
        ..Setting::new(&at("rate: 400/s, burst: 4, concurrency: 8"))
    });
    let mut dies = playground.worker();
    let run = playground.submit("engine.plan");
    playground.wait_for_writes(40);
    dies.kill();
    let _worker = playground.worker();
    playground.fetch(&run, 0);
    let recorded = Recorded::of(&playground);
    recorded.keep("run", &["RunFlow", DONE], &[]);
    recorded.keep("shard", &["ShardFlow", DONE], &["TIMEOUT_TYPE_HEARTBEAT"]);
    recorded.keep(
        "shard-taken-over",
        &["ShardFlow", "TIMEOUT_TYPE_HEARTBEAT", DONE],
        &[],
    );
    recorded.keep("pace", &["PaceFlow", "EXECUTION_CONTINUED_AS_NEW"], &[]);
    recorded.keep(
        "pace-continued",
        &[
            "PaceFlow",
            "\"continuedExecutionRunId\":\"",
            "UPDATE_COMPLETED",
        ],
        &[],
    );
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_run_that_a_person_stops_can_be_recorded() {
    let playground = Playground::new(&Setting {
        own_engine: true,
        ..Setting::new(&at("rate: 20/s, burst: 10, concurrency: 4"))
    });
    let _worker = playground.worker();
    let run = playground.submit("engine.plan");
    playground.wait_for_writes(10);
    let flow = playground.flow("engine.plan");
    let signal = [
        "workflow",
        "signal",
        "--name",
        "stop_run",
        "--workflow-id",
        &flow,
    ];
    playground.engine.ask(&signal);
    while !flows_are_done(&playground) {
        thread::sleep(Duration::from_millis(300));
    }
    drop(run);
    let recorded = Recorded::of(&playground);
    recorded.keep("run-stopped", &["RunFlow", "\"stop_run\"", DONE], &[]);
    recorded.keep("shard-stopped", &["ShardFlow", "\"stop\"", DONE], &[]);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_run_without_an_error_left_can_be_recorded() {
    let playground = Playground::new(&Setting {
        own_engine: true,
        faults: json!({"rules": [
            {"match": {"effect_only": true}, "do": {"status": {"code": 400, "message": "no"}}}
        ]}),
        ..Setting::new(&at(
            "stop_after: 1000, max_errors: 3, rate: 40/s, burst: 20, concurrency: 4",
        ))
    });
    let _worker = playground.worker();
    playground.submit("engine.plan");
    while !flows_are_done(&playground) {
        thread::sleep(Duration::from_millis(300));
    }
    let recorded = Recorded::of(&playground);
    recorded.keep("run-over-budget", &["RunFlow", DONE], &[]);
    recorded.keep("shard-over-budget", &["ShardFlow", DONE], &[]);
}

/// Whether the run has come to its end.
fn flows_are_done(playground: &Playground) -> bool {
    let query = "WorkflowType = 'RunFlow' AND ExecutionStatus = 'Completed'";
    let listed = ["workflow", "list", "--query", query, "--output", "json"];
    let listed: Value = serde_json::from_str(&playground.engine.ask(&listed)).unwrap_or_default();
    listed.as_array().is_some_and(|flows| !flows.is_empty())
}
