//! A differential test of selection and actions: random playbooks over random executions, planned by the planner and by
//! a model that was written from the documentation. The model shares no code with the planner.
//!
//! `WF_BULK_CASES` says how many cases there are, `WF_BULK_SEED` repeats a run. Of a case in which the two differ the
//! smallest one is shown: its playbook, what the service holds, and the difference.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod arguments;
mod compare;
mod conditions;
mod data;
mod effects;
mod forecast;
mod model;
mod outcome;
mod parts;
mod playbooks;
mod service;
mod tape;
mod time;

use std::{collections::BTreeSet, env, fs, path::Path, sync::Arc, time::Duration};

use proptest::{
    collection::vec,
    prelude::any,
    strategy::Strategy,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};
use wf_bulk::{
    action,
    api::Id,
    planning::{self, PlanOrigin},
    playbook::{self, IdList, Overrides},
};

use compare::Planned;
use data::{ExecutionTape, World};
use playbooks::{DAYS_FILE, DAYS_OFF, Playbook, ROWS};

/// As many as take a few seconds in a debug build.
const CASES: u32 = 1_500;

/// A plan that takes longer, on a clock that only moves while everybody waits, is never made.
const FOR_EVER: Duration = Duration::from_secs(3_600);

/// All bytes that a case is made of.
type Tapes = (Vec<u8>, Vec<Vec<u8>>, Vec<ExecutionTape>);

struct Case {
    playbook: Playbook,
    world: Arc<World>,
}

impl Case {
    fn new((head, actions, executions): &Tapes) -> Self {
        let playbook = Playbook::random(head, actions);
        let world = Arc::new(World::new(playbook.api, executions));
        Self { playbook, world }
    }

    /// What the planner says and the model says otherwise; and whether undo requests lead back, and nothing is left to do.
    fn check(&self, folder: &Path) -> Result<(), String> {
        let planned = self.planned(folder)?;
        let model = model::plan(&self.playbook, &self.world, service::now().as_millisecond());
        if let Some(difference) = planned.difference(&model) {
            return Err(difference);
        }
        if let Some(fault) = effects::fault_of_undo(&planned.changes, &self.world) {
            return Err(fault);
        }
        if !self.playbook.converges() {
            return Ok(());
        }
        let world = Arc::new(effects::applied(&planned.changes, &self.world));
        let again = Self {
            playbook: self.playbook.clone(),
            world,
        }
        .planned(folder)?;
        match again.changes.first() {
            Some(change) => Err(format!("planned again after the run, there is {change}")),
            None => Ok(()),
        }
    }

    fn planned(&self, folder: &Path) -> Result<Planned, String> {
        if let Some(csv) = self.playbook.csv() {
            fs::write(folder.join(ROWS), csv).unwrap();
        }
        let path = folder.join("playbook.yaml");
        let mut loaded = playbook::load(
            &path,
            self.playbook.yaml(),
            &Overrides::default(),
            &[],
            service::now(),
        )
        .map_err(|mistakes| mistakes.render(false, None))?;
        let only = self.playbook.only.iter().map(|id| Id::new(id).unwrap());
        loaded.select.only = (!self.playbook.only.is_empty()).then(|| {
            vec![IdList {
                origin: "--only".to_owned(),
                ids: only.collect(),
            }]
        });
        let client = service::client(self.playbook.api, &self.world, &loaded.pace);
        let origin = PlanOrigin {
            server: "https://example.com".to_owned(),
            now: service::now(),
            made_at: service::now(),
            org: None,
            tool: "the differential test".to_owned(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let mut file = Vec::new();
        runtime
            .block_on(async {
                let planning = planning::plan(&client, &loaded, &origin, &mut file, |_| {});
                tokio::time::timeout(FOR_EVER, planning).await
            })
            .map_err(|_| "planning never ends".to_owned())?
            .map_err(|error| format!("there is no plan: {error}"))?;
        Ok(Planned::read(&String::from_utf8(file).unwrap()))
    }

    fn show(&self) -> String {
        let playbook = &self.playbook;
        let mut parts = vec![playbook.yaml()];
        if !playbook.only.is_empty() {
            parts.push(format!("with --only {}\n", playbook.only.join(" --only ")));
        }
        if let Some(csv) = playbook.csv() {
            parts.push(format!("{ROWS}:\n{csv}"));
        }
        parts.push("the service holds:".to_owned());
        for execution in &self.world.executions {
            parts.push(execution.whole.to_string());
            if execution.listed != execution.whole {
                parts.push(format!("  in a list {}", execution.listed));
                parts.push(format!("  closing reasons {}", execution.reasons));
            }
        }
        parts.join("\n")
    }
}

fn tapes() -> impl Strategy<Value = Tapes> {
    let bytes = |length| vec(any::<u8>(), length);
    let execution = (bytes(48), vec(bytes(24), 0..5), vec(bytes(16), 0..3));
    (bytes(40), vec(bytes(24), 1..4), vec(execution, 0..5))
}

#[test]
fn the_model_has_every_action_and_no_other() {
    let mut generator = fastrand::Rng::with_seed(1);
    let mut found = BTreeSet::new();
    for _ in 0..5_000 {
        let mut bytes = [0; 40];
        generator.fill(&mut bytes);
        let actions = vec![bytes[8..32].to_vec()];
        let playbook = Playbook::random(&bytes, &actions);
        found.extend(playbook.actions.iter().map(|entry| entry.action.word()));
    }
    let all: BTreeSet<&str> = action::ALL.iter().map(|kind| kind.word).collect();
    assert_eq!(found, all);
}

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is a number, not {text}")),
    )
}

#[test]
fn the_planner_and_a_model_that_was_written_from_the_documentation_make_the_same_plans() {
    let seed = number("WF_BULK_SEED").unwrap_or_else(|| fastrand::u64(..));
    let cases = number("WF_BULK_CASES").map_or(CASES, |cases| cases.try_into().unwrap());
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(DAYS_FILE), DAYS_OFF.join("\n")).unwrap();
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 50_000,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let result = TestRunner::new_with_rng(config, rng).run(&tapes(), |tapes| {
        let checked = Case::new(&tapes).check(folder.path());
        checked.map_err(TestCaseError::fail)
    });
    match result {
        Ok(()) => {}
        Err(TestError::Abort(reason)) => panic!("{reason}"),
        Err(TestError::Fail(difference, tapes)) => panic!(
            "with WF_BULK_SEED={seed}, the smallest case:\n\n{}\n\n{difference}",
            Case::new(&tapes).show()
        ),
    }
}
