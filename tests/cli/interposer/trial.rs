//! Fail points in a row: a plan is applied with the first, the run is resumed with the others and at last without any, and
//! the ledger tells what came of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    library::interposer,
    point::{Point, What},
};
use crate::{
    environment::{Ended, Environment, SandboxProcess},
    judge::{Planned, judge, planned, writes},
    records::Records,
    torture::run_folder,
};

/// Nine changes in five groups, with this sandbox's data: fields alone, statuses, schedules that are run, a task with a
/// key of its own, deletes; and two that no read can tell, one of which a delete waits for.
const PLAYBOOK: &str = r#"
version: 1
name: points
select:
  flows: { entities: { query: "_schema:opportunity" } }
  where: execution.status == "STARTED"
  each: task
  where_each: >-
    task.enabled and (task.status == "SCHEDULED"
    or (task.status == "IN_PROGRESS" and task.task_type == "AUTOMATION")
    or (task.status == "PENDING" and task.task_type == "MANUAL" and task.due_date is none))
  limit: 5
actions:
  - run_automation:
    when: task.status == "IN_PROGRESS"
  - reassign: { set: "77777" }
    when: task.status in ["SCHEDULED", "PENDING"]
  - set_status: IN_PROGRESS
    when: task.status == "PENDING"
  - run_schedule_now:
    when: task.status == "SCHEDULED"
  - add_task: { name: Rückfrage, after: Netzkapazität prüfen, key: points, assigned_to: [10020] }
    on: execution
    when: execution.flow_template_id == "tpl_hausanschluss_strom"
  - delete:
    on: execution
    when: has_assignee(execution, "10010")
guards: { allow: [ run_schedule_now, run_automation, delete ], rejected: allow }
pace: { rate: 2000/s, burst: 100 }
"#;

const SANDBOX: [&str; 8] = [
    "--executions",
    "30",
    "--seed",
    "14",
    "--epoch",
    "2026-01-01",
    "--automations-take",
    "3000000000",
];

/// One write takes its effect late: after the next session's first look, if the program dies behind it.
const FAULTS: &str =
    r#"{"rules": [{"match": {"effect_only": true, "nth": 5}, "do": {"latency_ms": 500}}]}"#;

/// As `--timeout 1` says.
const SETTLE_MS: i64 = 1000;

/// How a trial went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trial {
    /// There are not so many calls.
    NotReached,
    /// All is applied.
    Applied,
    /// Something stays in doubt, and it is such that no read can tell.
    InDoubt,
}

/// Applies the plan with one fail point after the other and at last without any, and looks whether all that was promised
/// was kept.
pub(super) fn try_at(points: &[Point], concurrency: usize) -> Trial {
    let environment = Environment::new();
    environment.file("points.yaml", PLAYBOOK);
    let faults = environment.file("faults.json", FAULTS);
    let faults = ["--faults", faults.to_str().unwrap()];
    let sandbox = SandboxProcess::start(&[&SANDBOX[..], &faults].concat());
    environment
        .run_on(
            &sandbox,
            &["plan", "points.yaml", "-o", "points.plan", "-q"],
        )
        .expect_code(0);
    let plan = planned(&environment.path().join("points.plan"));
    expect_mixed(&plan);

    let mut unknowable = BTreeSet::new();
    for &point in points {
        let reached = environment.path().join("reached");
        let output = session(&environment, &sandbox, concurrency)
            .env("LD_PRELOAD", interposer())
            .env("WF_BULK_POINT", point.to_string())
            .env("WF_BULK_POINT_REACHED", &reached)
            .output()
            .unwrap();
        let signal = output.status.signal();
        let ended = Ended::from(output);
        let Ok(synced) = fs::read_to_string(&reached) else {
            return Trial::NotReached;
        };
        fs::remove_file(&reached).unwrap();
        if point.what.kills() {
            assert_eq!(signal, Some(9), "{point}: {ended:?}");
        } else if point.call.is_of_checkpoint() {
            assert_eq!(ended.code, 1, "{point}: {ended:?}");
        }
        // A session that goes on after its point syncs more.
        let is_over = point.what.kills() || point.call.is_of_checkpoint();
        // Negative, which is no number here, when the session had not touched the checkpoint.
        let synced = synced.parse().ok().filter(|_| is_over);
        let on_disk = run_folder(&environment).map(|run| checkpoint_on_disk(&run, synced));
        expect_intents(point, &plan, &sandbox, on_disk.as_deref());
        if let (Some(run), What::PowerCut) = (run_folder(&environment), point.what) {
            fs::write(run.join("checkpoint.jsonl"), on_disk.unwrap()).unwrap();
        }
        unknowable.extend(once_open(&plan, &records(&environment)));
        expect_no_finding(&environment, points);
    }
    let last = session(&environment, &sandbox, concurrency).output();
    let last = Ended::from(last.unwrap());
    expect_no_finding(&environment, points);
    let records = records(&environment);
    let in_doubt = expect_told(points, &plan, &records, &last);
    assert!(
        unknowable.is_subset(&in_doubt),
        "{points:?}: {unknowable:?} can't be known, and only {in_doubt:?} are in doubt"
    );
    let verdict = judge(&plan, &sandbox.ledger(), SETTLE_MS, &in_doubt);
    verdict.expect_innocent(format!("{points:?}\n{}", last.stderr));
    if in_doubt.is_empty() {
        let check = environment.run(&["status", "--check"]).stdout;
        assert!(!check.contains("note: "), "{points:?}: {check}");
        Trial::Applied
    } else {
        Trial::InDoubt
    }
}

/// What a crash leaves is no finding of the history's check.
fn expect_no_finding(environment: &Environment, points: &[Point]) {
    let check = environment.run(&["status", "--check"]);
    // It may be that there is no run yet.
    let is_of_nothing =
        run_folder(environment).is_none() && check.stderr.contains("nothing was checked");
    assert!(check.code == 0 || is_of_nothing, "{points:?}: {check:?}");
}

/// Goes on with the run, or starts it when there is none.
fn session(environment: &Environment, sandbox: &SandboxProcess, concurrency: usize) -> Command {
    let concurrency = concurrency.to_string();
    let first: &[&str] = match run_folder(environment) {
        None => &["apply", "points.plan", "--yes", "--timeout", "1"],
        Some(_) => &["resume", "--last", "--timeout", "1"],
    };
    environment.command_on(sandbox, &[first, &["--concurrency", &concurrency]].concat())
}

/// The records of the run, if there is one.
fn records(environment: &Environment) -> Records {
    let read = |run: PathBuf| Records::read(&run.join("checkpoint.jsonl")).unwrap();
    run_folder(environment).map(read).unwrap_or_default()
}

/// Lines that may have had their effect, and of which no read can tell.
fn once_open(plan: &[Planned], records: &Records) -> BTreeSet<u64> {
    let once = plan.iter().filter(|planned| planned.repeat == "once");
    let once: BTreeSet<u64> = once.map(|planned| planned.line).collect();
    &once & &records.open()
}

/// The data have what the playbook was written for.
fn expect_mixed(plan: &[Planned]) {
    let mut repeats: BTreeMap<&str, usize> = BTreeMap::new();
    for planned in plan {
        *repeats.entry(&planned.repeat).or_default() += 1;
    }
    let expected = BTreeMap::from([("once", 2), ("readable", 6), ("safe", 1)]);
    assert_eq!(repeats, expected);
}

/// What a power cut would leave of the checkpoint: so many bytes, or all when they were not counted.
fn checkpoint_on_disk(run: &Path, synced: Option<usize>) -> Vec<u8> {
    let mut bytes = fs::read(run.join("checkpoint.jsonl")).unwrap();
    bytes.truncate(synced.unwrap_or(usize::MAX));
    bytes
}

/// No request has left whose intent is not on disk, synced.
fn expect_intents(
    point: Point,
    plan: &[Planned],
    sandbox: &SandboxProcess,
    checkpoint: Option<&[u8]>,
) {
    let records = Records::of(checkpoint.unwrap_or_default());
    let mut sent: BTreeMap<u64, usize> = BTreeMap::new();
    for (line, request) in writes(plan, &sandbox.ledger()) {
        let line = line.unwrap_or_else(|| panic!("{point}: nobody planned {request}"));
        *sent.entry(line).or_default() += 1;
    }
    for (line, sent) in sent {
        let intents = records.started.get(&line).copied().unwrap_or_default();
        assert!(
            sent <= intents,
            "{point}: of line {line} {sent} requests have left, with {intents} intents"
        );
    }
}

/// What the resumed run says: all is applied, or what nobody can know is named. Gives the lines that have no end.
fn expect_told(
    points: &[Point],
    plan: &[Planned],
    records: &Records,
    ended: &Ended,
) -> BTreeSet<u64> {
    let place = format!("{points:?}: {ended:?}");
    let applied = records.ended.values().all(|end| end == "applied");
    assert!(applied, "{place}\n{:?}", records.ended);
    let is_open = |planned: &&Planned| !records.ended.contains_key(&planned.line);
    let open: Vec<&Planned> = plan.iter().filter(is_open).collect();
    let doubts = records.open();
    assert_eq!(ended.code, if open.is_empty() { 0 } else { 6 }, "{place}");
    for planned in &open {
        if doubts.contains(&planned.line) {
            assert_eq!(planned.repeat, "once", "{place}");
            let named =
                |line: &str| line.starts_with("in_doubt") && line.contains(&planned.execution);
            assert!(ended.stderr.lines().any(named), "{place}");
        } else {
            // Not attempted, as it depends on what is in doubt.
            let waits_for = |other: &&Planned| {
                other.execution == planned.execution && doubts.contains(&other.line)
            };
            assert!(open.iter().any(waits_for), "{place}");
        }
    }
    open.iter().map(|planned| planned.line).collect()
}
