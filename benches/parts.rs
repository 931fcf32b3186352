//! The parts of a plan and of a run that are repeated for each target: `just bench-parts`.
//!
//! For a look at one change of the code. What a whole process takes is measured by `just bench`.

use std::{hint::black_box, io, path::Path};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;
use wf_bulk::{
    api::{Generation, Level},
    checkpoint::Record,
    digest::sha256,
    plan::{Builder, Item, PlanHeader, PlanReader, PlanWriter, PlaybookRef, VERSION},
    playbook::{self, Overrides, Playbook},
    report::PlanSummary,
    target::{ContextVars, Execution, TargetPart, context},
};

const PLAYBOOK: &str = r#"version: 1
name: bench
select: { executions: { list: {} }, where: 'has_assignee(execution, "10010")' }
actions: [ reassign: { from: "10010", to: "10020" } ]
"#;

/// Lines of the plan that is written and read.
const LINES: u64 = 1_000;

fn playbook() -> Playbook {
    let path = Path::new("bench.yaml");
    let overrides = Overrides::default();
    let now = Timestamp::UNIX_EPOCH;
    playbook::load(path, PLAYBOOK.to_owned(), &overrides, &[], now).expect("it is checked")
}

fn execution(number: u64) -> Execution {
    let id = format!("{number:016x}");
    let step = |name: &str| json!({"id": name, "definitionId": name, "name": name, "type": "STEP", "enabled": true, "executionType": "MANUAL"});
    let data = json!({
        "id": id, "definitionId": "def_meter", "orgId": "4711", "name": format!("Zählerwechsel – Feldweg {id}"),
        "creationTime": "2026-09-01T00:11:26.300Z", "lastUpdateTime": "2026-11-06T07:02:30.300Z",
        "dueDate": "2026-12-07T00:00:00.000", "status": "STARTED", "trigger": "MANUAL", "assignedTo": ["10010"],
        "contexts": [{"id": id, "title": format!("Kunde {id}"), "schema": "contact"}],
        "flow": [{"id": "s1", "definitionId": "section1", "name": "Aufnahme", "type": "SECTION", "steps": [step("a"), step("b"), step("c")]}],
    });
    Execution::new(Generation::V1, data).expect("it has an id")
}

fn header(playbook: &Playbook) -> PlanHeader {
    PlanHeader {
        wf_bulk_plan: VERSION,
        playbook: PlaybookRef {
            name: playbook.name.clone(),
            sha256: playbook.sha256.clone(),
            converges: true,
            repeatable: false,
        },
        vars: playbook.vars.clone().into_iter().collect(),
        server: "http://127.0.0.1:1".to_owned(),
        org: Some("4711".to_owned()),
        now: Timestamp::UNIX_EPOCH,
        made_at: None,
        timezone: "UTC".to_owned(),
        pace: playbook.pace.clone(),
        guards: playbook.guards.clone(),
        follows: None,
        tool: "bench".to_owned(),
    }
}

fn written(header: &PlanHeader, items: &[Item]) -> Vec<u8> {
    let mut writer = PlanWriter::new(Vec::new(), header).expect("memory takes it");
    for item in items {
        writer.item(item).expect("memory takes it");
    }
    let (plan, ..) = writer.finish(LINES).expect("memory takes it");
    plan
}

/// What is made for each target of a selection.
fn planning(criterion: &mut Criterion) {
    let playbook = playbook();
    let builder = Builder::new(&playbook);
    let part = TargetPart::of(Level::Execution, None);
    let target = execution(1);
    let vars = ContextVars::new(&playbook.vars);
    let filter = playbook.select.filter.as_ref().expect("it has one");
    criterion.bench_function("expression of a target", |bencher| {
        bencher.iter(|| filter.test(&context(black_box(&target), &part, &vars)));
    });
    criterion.bench_function("changes of a target", |bencher| {
        bencher.iter(|| builder.group(black_box(&target), std::slice::from_ref(&part)));
    });
}

/// The file of a plan, and what is shown of it.
fn plan(criterion: &mut Criterion) {
    let playbook = playbook();
    let builder = Builder::new(&playbook);
    let part = TargetPart::of(Level::Execution, None);
    let items: Vec<Item> = (0..LINES)
        .flat_map(|number| builder.group(&execution(number), std::slice::from_ref(&part)))
        .flatten()
        .collect();
    let header = header(&playbook);
    let plan = written(&header, &items);
    let mut group = criterion.benchmark_group("plan");
    group.throughput(Throughput::Elements(LINES));
    group.bench_function("written", |bencher| {
        bencher.iter(|| written(&header, black_box(&items)));
    });
    group.bench_function("read and checked", |bencher| {
        bencher.iter(|| {
            let mut reader = PlanReader::new(io::Cursor::new(black_box(&plan))).expect("a plan");
            while let Some(line) = reader.next_line().expect("a line") {
                black_box(line);
            }
        });
    });
    group.bench_function("differences of fields", |bencher| {
        bencher.iter(|| {
            let mut summary = PlanSummary::new(TimeZone::UTC);
            for item in &items {
                summary.add(black_box(item));
            }
            summary
        });
    });
    group.finish();
    let mut group = criterion.benchmark_group("digest");
    let bytes = u64::try_from(plan.len()).expect("it is small");
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function("of a plan", |bencher| {
        bencher.iter(|| sha256(black_box(&plan)));
    });
    group.finish();
}

/// What is written for each change of a run.
fn checkpoint(criterion: &mut Criterion) {
    let record = Record::Started {
        line: 123_456,
        attempt: 1,
        at: 1_796_115_600_000,
    };
    let mut line = Vec::new();
    criterion.bench_function("record of a checkpoint", |bencher| {
        bencher.iter(|| {
            line.clear();
            serde_json::to_writer(&mut line, black_box(&record))
        });
    });
}

criterion_group!(parts, planning, plan, checkpoint);
criterion_main!(parts);
