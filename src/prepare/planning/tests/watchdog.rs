//! Planning ends for every source, level and action, at a pace at which requests wait for each other.

use std::{collections::BTreeSet, fmt::Write as _, num::NonZeroU32, time::Duration};

use super::*;
use crate::{
    action::{self, ActionKind},
    api::{Generation, Id, Level, Operation},
    playbook as form,
};

/// More than any concurrency here, so that executions wait behind others at every stage.
const EXECUTIONS: usize = 9;

/// All sources, with the folder of their files as `DIR`.
const SOURCES: [(Generation, &str); 13] = [
    (Generation::V1, "executions: { list: {} }"),
    (Generation::V1, "executions: { search: {} }"),
    (Generation::V1, "executions: { steps: {} }"),
    (Generation::V1, "ids: { list: [IDS], api: v1 }"),
    (Generation::V1, "ids: { file: DIR/ids.csv, api: v1 }"),
    (
        Generation::V1,
        "rows: { file: DIR/ids.csv, id: id, api: v1 }",
    ),
    (Generation::V1, "entities: { query: \"*\", api: v1 }"),
    (
        Generation::V2,
        "flows: { entities: { file: DIR/entities.csv } }",
    ),
    (Generation::V2, "flows: { entities: { query: \"*\" } }"),
    (Generation::V2, "ids: [IDS]"),
    (
        Generation::V2,
        "rows: { file: DIR/ids.csv, id: id, api: v2 }",
    ),
    (
        Generation::V2,
        "entities: { file: DIR/entities.csv, api: v2 }",
    ),
    (Generation::V2, "entities: { query: \"*\", api: v2 }"),
];

/// An action that has something to do on every target.
fn action(kind: &ActionKind, generation: Generation) -> String {
    let arguments = match kind.word {
        "reassign" => "{ set: [\"7\"] }",
        "shift_due_date" => "{ by: 1 day }",
        "set_due_date" => "2027-01-02",
        "close" => "{ reason: Won }",
        "set_status" => "IN_PROGRESS",
        "add_step" => "{ name: Call, index: 0 }",
        "add_task" => "{ name: Call, after: t1, before: t2 }",
        "start" => "{ template: x }",
        "patch" => match generation {
            Generation::V1 => "{ dueDate: 2027-01-02 }",
            Generation::V2 => "{ due_date: 2027-01-02 }",
        },
        _ => "",
    };
    format!("{}: {arguments}", kind.word)
}

fn ids() -> impl Iterator<Item = String> {
    (1..=EXECUTIONS).map(|number| format!("e{number}"))
}

/// A service with all of `EXECUTIONS` in both generations, which takes its time for every answer.
fn service() -> CannedService {
    let due = "2026-12-26T00:00:00.000";
    let step = |id: &str| json!({"id": id, "type": "STEP", "name": id, "dueDate": due});
    let section = json!({"id": "s", "type": "SECTION", "name": "S", "steps": [step("a")]});
    let rows: Vec<Value> = ids()
        .map(|id| row_json(&id, &json!({"dueDate": due})))
        .collect();
    let flow = |id: &str| {
        let task = |id| {
            scheduled(
                id,
                &json!({"phase_id": "p", "due_date": due, "enabled": true}),
            )
        };
        flow_json(
            id,
            &json!({
                "due_date": due, "phases": [{"id": "p", "name": "P", "due_date": due}], "tasks": [task("t1"), task("t2")],
                "closing_reason": {"configured_reasons": [{"id": "r", "title": "Won"}]},
            }),
        )
    };
    let page = json!({"results": ids().map(|id| json!({"_id": id, "_schema": "contact"})).collect::<Vec<_>>()});
    let found = json!({"executions": rows});
    let steps: Vec<Value> = ids()
        .flat_map(|id| ["a", "b"].map(|step| json!({"id": step, "executionId": id})))
        .collect();
    let steps = json!({"hits": steps.len(), "results": steps});
    let first_steps = format!("steps {}", json!({"from": 0, "size": 100}));
    let mut service = CannedService::default()
        .lists(&rows)
        .answers("executions null", 200, &found.to_string())
        .answers(&first_steps, 200, &steps.to_string())
        .answers("entities null", 200, &page.to_string());
    for (id, row) in ids().zip(rows) {
        let own = Id::new(&id).unwrap();
        let read = |generation| format!("GET {}", Operation::read(generation, &own).path());
        let whole = crate::testing::samples::with(row, &json!({"flow": [section, step("b")]}));
        let won = json!({"reasons": [{"id": "r", "title": "Won"}]});
        service = service
            .answers(&read(Generation::V1), 200, &whole.to_string())
            .answers(&read(Generation::V2), 200, &flow(&id).to_string())
            .answers(&reasons(&id), 200, &won.to_string())
            .finds(&format!("{id}/contact"), &[flow(&id)]);
    }
    service.all_late(40)
}

/// Every playbook of one source, one level and one action, as (generation, source, rest).
fn playbooks() -> Vec<(Generation, &'static str, String)> {
    let mut playbooks = Vec::new();
    for (generation, source) in SOURCES {
        let levels: BTreeSet<Level> = if source.starts_with("entities") {
            BTreeSet::from([Level::Entity])
        } else {
            let all = Level::ALL.into_iter();
            all.filter(|level| *level != Level::Entity && level.is_in(generation))
                .collect()
        };
        for each in levels {
            for kind in action::ALL
                .iter()
                .copied()
                .filter(|kind| kind.is_in(generation))
            {
                for on in kind.levels {
                    if on.is_in(generation) && on.is_above(each) {
                        let action = action(kind, generation);
                        let rest = format!("each: {each}, ACTION {{ {action}, on: {on} }}");
                        playbooks.push((generation, source, rest));
                    }
                }
            }
        }
    }
    playbooks
}

#[tokio::test(start_paused = true)]
async fn planning_ends_for_every_source_level_and_action_whatever_the_concurrency() {
    let folder = tempfile::tempdir().unwrap();
    let (mut files, mut entities) = ("id\n".to_owned(), "entity_id,entity_schema\n".to_owned());
    for id in ids() {
        writeln!(files, "{id}").unwrap();
        writeln!(entities, "{id},contact").unwrap();
    }
    std::fs::write(folder.path().join("ids.csv"), files).unwrap();
    std::fs::write(folder.path().join("entities.csv"), entities).unwrap();
    let allow: Vec<&str> = action::ALL
        .iter()
        .filter(|kind| kind.needs_allow)
        .map(|kind| kind.word)
        .collect();

    let mut changes = 0;
    let playbooks = playbooks();
    for (_, source, rest) in &playbooks {
        let source = source
            .replace("DIR", folder.path().to_str().unwrap())
            .replace("IDS", &ids().collect::<Vec<_>>().join(", "));
        let (select, action) = rest.split_once(", ACTION ").unwrap();
        let mut playbook = playbook(&format!(
            "select: {{ {source}, {select} }}\nactions: [ {action} ]\nguards: {{ allow: [{}] }}",
            allow.join(", ")
        ));
        let mut plans = Vec::new();
        for concurrency in [1, 2, 4] {
            playbook.pace.concurrency = NonZeroU32::new(concurrency).unwrap();
            let service = service();
            // So slow that each request waits for its permit, behind all others that do.
            let client = service.client_at(Pacer::per_second(5.0, 1));
            let mut bytes = Vec::new();
            let origin = origin(None);
            let planned = plan(&client, &playbook, &origin, &mut bytes, |_| {});
            let Ok(planned) = tokio::time::timeout(Duration::from_secs(3_600), planned).await
            else {
                panic!("planning never ends at concurrency {concurrency}: {source}, {rest}");
            };
            changes += planned.unwrap().0.changes;
            // All but the header, which holds the concurrency, and the end, which holds the header's digest.
            let text = String::from_utf8(bytes).unwrap();
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            plans.push(lines[1..lines.len() - 1].to_vec());
        }
        assert!(
            plans.iter().all(|plan| *plan == plans[0]),
            "{source}, {rest}"
        );
    }
    assert!(playbooks.len() > 150, "{}", playbooks.len());
    assert!(changes > 2_000, "{changes}");
}

#[test]
fn every_source_of_the_playbook_is_among_those_above() {
    let executions = form::EXECUTIONS.map(|key| format!("executions: {{ {}:", key.name));
    let sources = form::SOURCES.map(|source| format!("{source}:"));
    for source in sources.into_iter().chain(executions) {
        assert!(
            SOURCES.iter().any(|(_, text)| text.starts_with(&source)),
            "{source}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_reads_of_whole_executions_after_the_scan_are_counted_in_the_progress() {
    let playbook = over_executions(
        "each: step",
        "actions: [ { close: { reason: Won }, on: execution } ]",
    );
    let (service, mut seen) = (service(), Vec::new());
    let (client, origin) = (service.client(), origin(None));
    plan(&client, &playbook, &origin, Vec::new(), |progress| {
        seen.push(progress);
    })
    .await
    .unwrap();
    let last = seen.last().unwrap();
    assert_eq!(last.done, service.asked().len() as u64);
    assert_eq!(last.of, last.done);
    assert_eq!(last.executions, EXECUTIONS as u64);
}

#[tokio::test(start_paused = true)]
async fn the_limit_counts_in_the_order_of_the_plan_whichever_answer_comes_first() {
    let mut playbook = over_executions(
        "each: step, limit: 3",
        "actions: [ reassign: { set: [\"7\"] } ]",
    );
    for concurrency in [1, 2, 4] {
        playbook.pace.concurrency = NonZeroU32::new(concurrency).unwrap();
        let first = format!(
            "GET {}",
            Operation::read(Generation::V1, &Id::new("e1").unwrap()).path()
        );
        let service = service().late(&first, 5_000);
        let path = "PATCH /v1/workflows/executions";
        assert_eq!(
            said(&service, &playbook).await,
            [
                format!("{path}/e1/steps/a {{\"assignedTo\":[\"7\"]}}"),
                format!("{path}/e1/steps/b {{\"assignedTo\":[\"7\"]}}"),
                format!("{path}/e2/steps/a {{\"assignedTo\":[\"7\"]}}"),
            ]
        );
        // The list, the two that are needed, and those that were asked for before that was known.
        let reads = service.asked().len() - 1;
        assert!(
            reads <= 1 + concurrency as usize,
            "{reads} at {concurrency}"
        );
    }
}
