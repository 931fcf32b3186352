//! Two machines that want the same run at the same time: what one of them has found is not true any more when it goes on.

use std::{
    fs::File,
    future::{pending, ready},
    io::BufReader,
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::runtime::Runtime;
use wf_bulk::{
    engine::{
        EngineCredentials, EngineError, EngineLink, EngineTls, FoundRun, SessionTask, Submission,
    },
    plan::{KnownFile, PlanReader},
};

use crate::{
    commands::{SLOW, fast, small},
    playground::{Playground, Setting},
    pty::Terminal,
};

/// Each start happens once, and one of them stays in doubt.
const ONCE: &str = "version: 1
name: start
pace: { rate: 100/s, burst: 10 }
select: { entities: { list: [ { id: c1, schema: contact }, { id: c2, schema: contact } ] } }
actions: [ start: { template: tpl_hausanschluss_strom } ]
guards: { allow: [start] }
";

/// The engine deletes a workflow after its answer.
const DELETED: Duration = Duration::from_secs(240);

/// This process, as another machine.
struct Machine {
    runtime: Runtime,
    engine: EngineLink,
}

impl Machine {
    fn new(playground: &Playground) -> Self {
        let runtime = Runtime::new().unwrap();
        let address = playground.engine.address().parse().unwrap();
        let credentials = EngineCredentials {
            tls: EngineTls::default(),
            api_key: None,
            keys: None,
        };
        let engine = runtime.block_on(EngineLink::connect(address, credentials));
        Self {
            engine: engine.unwrap(),
            runtime,
        }
    }

    fn find(&self, run: &str) -> Option<FoundRun> {
        let found = self.engine.find(run.parse().unwrap());
        self.runtime.block_on(found).unwrap()
    }

    fn go_on(
        &self,
        found: &FoundRun,
        interrupted: impl Future<Output = ()>,
    ) -> Result<(), EngineError> {
        let session = SessionTask {
            began_ms: found.session().began_ms + 1,
            ..found.session().clone()
        };
        let begun = self.engine.go_on(found, session, interrupted);
        self.runtime.block_on(begun).map(drop)
    }
}

/// A run that has stopped because a change is in doubt.
fn in_doubt() -> (Playground, String) {
    let playground = Playground::new(&Setting {
        executions: 40,
        faults: json!({"rules": [
            {"match": {"effect_only": true, "nth": 2}, "do": "drop_after_effect"}
        ]}),
        ..Setting::new(ONCE)
    });
    playground
        .run(&["apply", "engine.plan", "--yes", "--timeout", "2"])
        .expect_code(6);
    let run = playground.listed()[0]["run"].as_str().unwrap().to_owned();
    (playground, run)
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn of_two_machines_that_resume_a_run_the_second_one_begins_nothing() {
    let (playground, run) = in_doubt();
    let machine = Machine::new(&playground);
    let found = machine.find(&run).unwrap();
    let resume = ["resume", run.as_str(), "--in-doubt", "skip"];
    playground.run_elsewhere(&resume).expect_code(6);
    let writes = playground.writes();
    let refused = machine.go_on(&found, pending());
    assert!(matches!(refused, Err(EngineError::Resumed)), "{refused:?}");
    assert_eq!(playground.standing(), "finished");
    assert_eq!(playground.writes(), writes);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_run_that_was_abandoned_meanwhile_is_not_resumed() {
    let (playground, run) = in_doubt();
    let machine = Machine::new(&playground);
    let found = machine.find(&run).unwrap();
    playground.look(&["abandon", &run, "--yes"]).expect_code(0);
    let refused = machine.go_on(&found, pending());
    assert!(matches!(refused, Err(EngineError::Resumed)), "{refused:?}");
    assert_eq!(playground.standing(), "abandoned");
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_session_that_was_interrupted_before_it_began_blocks_no_other_one() {
    let (playground, run) = in_doubt();
    let machine = Machine::new(&playground);
    let found = machine.find(&run).unwrap();
    let interrupted = machine.go_on(&found, ready(()));
    assert!(
        matches!(interrupted, Err(EngineError::Interrupted)),
        "{interrupted:?}"
    );
    assert_eq!(playground.standing(), "stopped");
    let resume = ["resume", run.as_str(), "--in-doubt", "skip"];
    playground.run_elsewhere(&resume).expect_code(6);
    assert_eq!(playground.standing(), "finished");
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn an_interrupted_submission_ends_no_run_of_another_machine() {
    let playground = small(&SLOW.replace("20/s", "5/s"));
    let run = playground.submit("engine.plan");
    let machine = Machine::new(&playground);
    let found = machine.find(&run).unwrap();
    let plan = File::open(playground.environment.path().join("engine.plan")).unwrap();
    let mut reader = PlanReader::new(BufReader::new(&plan)).unwrap();
    while reader.next_line().unwrap().is_some() {}
    let checked = reader.checked().unwrap();
    let mut settings = found.settings().clone();
    let last = if run.ends_with('0') { "1" } else { "0" };
    settings.run = format!("{}{last}", &run[..run.len() - 1]).parse().unwrap();
    let submitted = machine.engine.submit(
        Submission {
            settings: &settings,
            plan: KnownFile {
                file: &plan,
                checked: &checked,
            },
            changes: found.changes(),
            follows: None,
            signature: None,
            session: found.session().clone(),
            stages: Vec::new(),
            again: true,
            known: &[],
        },
        ready(()),
    );
    let refused = machine.runtime.block_on(submitted);
    let is_named =
        matches!(&refused, Err(EngineError::Submitted { run: other }) if other.to_string() == run);
    assert!(is_named, "{refused:?}");
    assert_eq!(playground.standing(), "running");
    let _worker = playground.worker();
    playground.fetch(&run, 0);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_plan_that_was_applied_during_the_question_is_not_applied_again() {
    let playground = small(&fast());
    let earlier = playground.submit("engine.plan");
    // It is told to stop before the first worker comes: nothing of it was done.
    let mut abandon = playground
        .environment
        .command(&["abandon", &earlier, "--yes"]);
    abandon.args(["--engine", &playground.engine.address()]);
    let mut abandons = Terminal::start(abandon, "");
    abandons.wait_for("the run begins nothing more");
    let worker = playground.worker();
    assert_eq!(abandons.code(), Some(0), "{}", abandons.shown());
    drop(worker);
    assert_eq!(playground.writes(), 0);
    let apply = playground.command(&["apply", "engine.plan", "--state-dir", "third"]);
    let mut terminal = Terminal::start(apply, "");
    terminal.wait_for("[y/N]");
    playground
        .run_elsewhere(&["apply", "engine.plan", "--yes"])
        .expect_code(0);
    let run = playground.listed()[0]["run"].as_str().unwrap().to_owned();
    let writes = playground.writes();
    terminal.type_in("y\n");
    assert_eq!(terminal.code(), Some(1), "{}", terminal.shown());
    terminal.wait_for(&format!("run {run} has this plan"));
    terminal.wait_for("nothing was changed");
    assert_eq!(playground.listed().len(), 2);
    assert_eq!(playground.writes(), writes);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn status_says_how_far_a_run_is_while_workers_make_it() {
    let playground = small(&SLOW.replace("20/s", "5/s"));
    let run = playground.submit("engine.plan");
    playground
        .look(&["status", &run])
        .expect_code(0)
        .expect_out("no worker says how far it is");
    assert!(playground.listed()[0]["outcomes"].is_null());
    let _worker = playground.worker();
    playground.wait_for_writes(playground.planned.len() / 2);
    let applied = playground.listed()[0]["outcomes"]["applied"].as_u64();
    let said = playground.look(&["status", &run]).expect_code(0);
    assert!(applied.unwrap() > 0, "{applied:?}");
    assert!(said.stdout.contains(" applied"), "{}", said.stdout);
    playground.fetch(&run, 0);
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_run_whose_first_part_the_engine_has_forgotten_can_be_abandoned() {
    let (playground, run) = in_doubt();
    let shard = format!("wf-bulk run {run} shard 0");
    let named = ["--workflow-id", shard.as_str()];
    let delete = [&["workflow", "delete", "--yes"][..], &named].concat();
    playground.engine.ask(&delete);
    let describe = [&["workflow", "describe"][..], &named].concat();
    let start = Instant::now();
    while playground.engine.ask(&describe).contains("ShardFlow") {
        assert!(start.elapsed() < DELETED, "it is not deleted");
        thread::sleep(Duration::from_millis(100));
    }
    playground
        .look(&["status", &run])
        .expect_code(0)
        .expect_out("stopped");
    // What is missing is not taken for a plan with less in it.
    playground
        .run_elsewhere(&["resume", &run])
        .expect_code(1)
        .expect_said("a part of the plan of the run is missing");
    playground
        .look(&["abandon", &run, "--yes"])
        .expect_code(0)
        .expect_said(&format!("run {run} is abandoned"));
    assert_eq!(playground.standing(), "abandoned");
}
