//! Tests a run's guarantees with random plans, faults, edits by other users, interrupts and crashes.
//!
//! `WF_BULK_CASES` says how many cases are tried; `WF_BULK_RULE` names one rule to look at, and no other.

mod oracle;
mod scenario;

use std::{env, fmt, time::Duration};

use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed},
};
use serde_json::{Value, json};
use tokio::time::sleep;

use self::{
    oracle::{RunRule, Violation},
    scenario::{Group, PlannedGroup, Prank, Scenario, any_scenario, milliseconds},
};
use crate::{
    api::{Generation, Id, Operation},
    plan::Change,
    run::{DoubtAnswer, VIEW_LASTS},
    testing::{
        changes::{read_of, request_of},
        lockstep::{Lockstep, in_lockstep},
        simulated_service::{Deed, Plot},
        test_run::{Cut, TestRun, step_wall_clock},
    },
};

/// Enough for each kind of thing to have happened, in a few seconds.
const CASES: u32 = 256;

pub(super) fn config() -> Config {
    let cases = env::var("WF_BULK_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    Config {
        cases: cases.unwrap_or(CASES),
        // The short run, of every change, tries the same cases each time; a long one looks for new ones.
        rng_seed: if cases.is_some() {
            RngSeed::Random
        } else {
            RngSeed::Fixed(7)
        },
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    }
}

/// Whether something that scenarios hold is left out: `WF_BULK_WITHOUT` names faults, pranks, acts, or `Clock`, by commas.
pub(super) fn is_left_out(what: &impl fmt::Debug) -> bool {
    let Ok(without) = env::var("WF_BULK_WITHOUT") else {
        return false;
    };
    let what = format!("{what:?}");
    without.split(',').any(|name| {
        what.strip_prefix(name)
            .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    })
}

/// The wall clock is stepped.
#[derive(Debug)]
struct Clock;

struct Play<'a> {
    scenario: &'a Scenario,
    test_run: TestRun,
}

impl Play<'_> {
    fn looked_at(&self, violations: &[Violation]) -> Result<(), String> {
        let only = env::var("WF_BULK_RULE").ok();
        let counts = |violation: &&Violation| {
            only.as_ref()
                .is_none_or(|only| *only == format!("{:?}", violation.rule))
        };
        let told: Vec<String> = violations
            .iter()
            .filter(counts)
            .map(ToString::to_string)
            .collect();
        if told.is_empty() {
            Ok(())
        } else {
            Err(format!(
                "{}\n{}",
                told.join("\n"),
                oracle::told(&self.test_run)
            ))
        }
    }

    /// One session, and what holds after it. True when the run is finished.
    async fn session(&mut self, cut: Cut) -> Result<bool, String> {
        if let Some(Err(error)) = self.test_run.session(cut).await {
            return Err(error.to_string());
        }
        self.looked_at(&oracle::after_session(&self.test_run))?;
        Ok(self.test_run.snapshot().state.is_finished())
    }

    async fn sessions(&mut self) -> Result<bool, String> {
        for line in &self.scenario.sessions {
            sleep(milliseconds(line.pause)).await;
            let has_clock = !is_left_out(&Clock);
            if has_clock {
                step_wall_clock(line.step);
            }
            self.test_run.settings.doubts = line.answer;
            self.test_run.settings.recheck = line.recheck;
            self.test_run.breaks = line.breaks;
            self.test_run.stalls = line
                .stalls
                .iter()
                .map(|(nth, takes)| (*nth, milliseconds(*takes)))
                .collect();
            let steps = if has_clock {
                line.steps.clone()
            } else {
                Vec::new()
            };
            let clock = tokio::spawn(async move {
                for (after, by) in steps {
                    sleep(milliseconds(after)).await;
                    step_wall_clock(by);
                }
            });
            self.test_run.service.world().outage = line
                .outage
                .filter(|(_, fault)| !is_left_out(fault))
                .map(|(nth, fault)| (nth - 1, fault));
            let finished = self.session(line.cut).await?;
            clock.abort();
            if finished {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn play(&mut self) -> Result<(), String> {
        if self.sessions().await? {
            return self.end().await;
        }
        // All is well from now on.
        self.test_run.service.heal();
        self.test_run.service.world().outage = None;
        self.test_run.service.world().plots.clear();
        self.test_run.breaks = None;
        self.test_run.stalls.clear();
        self.test_run.settings.recheck = true;
        self.test_run.settings.doubts = None;
        if self.session(Cut::Never).await? {
            return self.end().await;
        }
        self.looked_at(&oracle::after_a_good_session(&self.test_run))?;
        self.test_run.settings.max_errors = None;
        self.test_run.settings.stop_after = 1_000;
        // One for each stage, and one more because of an error in it.
        for _ in 0..4 {
            if self.session(Cut::Never).await? {
                return self.end().await;
            }
        }
        self.looked_at(&oracle::in_the_end(&self.test_run))?;
        self.test_run.settings.doubts = Some(DoubtAnswer::Skip);
        for _ in 0..3 {
            if self.session(Cut::Never).await? {
                return self.end().await;
            }
        }
        self.looked_at(&[Violation {
            rule: RunRule::Endless,
            how: "it does not finish".to_owned(),
        }])
    }

    /// The run is finished; what is late comes now.
    async fn end(&self) -> Result<(), String> {
        sleep(Duration::from_secs(180)).await;
        self.looked_at(&oracle::after_session(&self.test_run))?;
        self.looked_at(&oracle::in_the_end(&self.test_run))
    }
}

async fn play(scenario: &Scenario, lockstep: Lockstep) -> Result<(), String> {
    let planned: Vec<(String, &Group, PlannedGroup)> = (0..)
        .zip(&scenario.groups)
        .map(|(number, group): (usize, _)| {
            let id = format!("e{number}");
            let planned = group.plan(&id);
            (id, group, planned)
        })
        .collect();
    let changes: Vec<Change> = planned
        .iter()
        .flat_map(|(_, _, planned)| planned.changes.clone())
        .collect();
    if changes.is_empty() {
        return Ok(());
    }
    let mut test_run = TestRun::of(&changes);
    test_run.settings.view_lasts = VIEW_LASTS;
    for (id, group, planned) in &planned {
        let mut world = test_run.service.world();
        match group {
            Group::Flow(flow, _) => {
                let habits = flow
                    .habits()
                    .map(|(task, habit)| ((id.clone(), task), habit));
                world.habits.extend(habits);
                world.begin(id, planned.execution.clone());
            }
            Group::Legacy(..) => world.begin(id, planned.execution.clone()),
            Group::Start => {}
        }
    }
    test_run.lockstep = Some(lockstep);
    test_run.service.world().silent = scenario.silent;
    test_run.service.world().blind = scenario.blind;
    test_run.settings.concurrency = scenario.concurrency;
    test_run.settings.max_errors = scenario.max_errors;
    test_run.settings.stop_after = scenario.stop_after;
    let groups = test_run.settings.stages[0].end;
    let first = scenario.stage.unwrap_or(groups).min(groups);
    test_run.settings.stages = [0..first, first..groups]
        .into_iter()
        .filter(|stage| !stage.is_empty())
        .collect();
    let requests: Vec<String> = changes
        .iter()
        .flat_map(|change| {
            let read = match change.target.api {
                Generation::V1 => format!("Get /v1/workflows/executions/{}", change.group),
                Generation::V2 => read_of(change.group.as_str()),
            };
            [request_of(change), request_of(change), read]
        })
        .collect();
    for (place, fault, times) in &scenario.faults {
        for _ in 0..if is_left_out(fault) { 0 } else { *times } {
            test_run
                .service
                .fault(&requests[place % requests.len()], *fault);
        }
    }
    for line in &scenario.plots {
        if is_left_out(&line.deed) {
            continue;
        }
        let (id, group, planned) = &planned[line.group % planned.len()];
        let Some(deed) = deed(line.deed, id, group, &planned.changes) else {
            continue;
        };
        if line.nth == 0 {
            test_run.service.meddle(id, &deed);
        } else {
            test_run.service.world().plots.push(Plot {
                execution: id.clone(),
                nth: line.nth,
                after: milliseconds(line.after),
                deed,
            });
        }
    }
    Play { scenario, test_run }.play().await
}

fn deed(prank: Prank, id: &str, group: &Group, changes: &[Change]) -> Option<Deed> {
    let whole = Id::new(id).unwrap();
    let parts = match group {
        Group::Flow(flow, _) => flow.tasks.len(),
        Group::Legacy(steps, _) => *steps,
        Group::Start => return None,
    };
    let part = |place: usize| format!("t{}", place % parts);
    let task = |place: usize| Id::new(&part(place)).unwrap();
    let second = matches!(group, Group::Flow(..));
    let patch = |place: usize, body: Value| {
        let operation = if second {
            Operation::PatchTask(whole.clone(), task(place))
        } else {
            Operation::UpdateStep(whole.clone(), task(place))
        };
        Some(Deed::Request(operation, Some(body)))
    };
    let patch_whole = |body: Value| {
        let operation = if second {
            Operation::PatchFlow(whole.clone())
        } else {
            Operation::UpdateExecution(whole.clone())
        };
        Some(Deed::Request(operation, Some(body)))
    };
    let bare = |operation| second.then_some(Deed::Request(operation, None));
    let assigned = if second { "assigned_to" } else { "assignedTo" };
    let due = if second { "due_date" } else { "dueDate" };
    match prank {
        Prank::Assign(place) => patch(place, json!({assigned: ["9"]})),
        Prank::Date(place) => patch(place, json!({due: "2027-01-01T00:00:00.000"})),
        Prank::Begin(place) => patch(place, json!({"status": "IN_PROGRESS"})),
        Prank::Complete(place) => patch(place, json!({"status": "COMPLETED"})),
        Prank::Skip(place) => patch(place, json!({"status": "SKIPPED"})),
        Prank::RunNow(place) => bare(Operation::RunScheduleNow(whole, task(place))),
        Prank::Cancel(place) => bare(Operation::CancelSchedule(whole, task(place))),
        Prank::RunAutomation(place) => bare(Operation::RunAutomation(whole, task(place))),
        Prank::AutomationEnds(place, fails) => second.then(|| Deed::AutomationEnds {
            task: part(place),
            fails,
        }),
        Prank::Remove(place) => Some(Deed::Remove(part(place))),
        Prank::AddTask if second => Some(Deed::Request(
            Operation::AddTask(whole),
            Some(
                json!({"previous_task_id": "t0", "next_task_id": "t0", "task": {"id": "added", "name": "Added"}}),
            ),
        )),
        Prank::AddTask => None,
        Prank::AssignFlow => patch_whole(json!({assigned: ["9"]})),
        Prank::Close => patch_whole(json!({"status": "CLOSED"})),
        Prank::Delete if second => Some(Deed::Request(Operation::DeleteFlow(whole), None)),
        Prank::Delete => Some(Deed::Request(Operation::DeleteExecution(whole), None)),
        Prank::Planned(place) => {
            let change = changes.get(place % changes.len().max(1))?;
            let body = change.request.body.clone().map(Value::from_iter);
            Some(Deed::Request(change.operation().unwrap(), body))
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn nothing_is_lost_doubled_or_told_wrong(scenario in any_scenario()) {
        let told = in_lockstep(async |lockstep| play(&scenario, lockstep).await);
        prop_assert!(told.is_ok(), "{}", told.unwrap_err());
    }
}
