//! From a playbook and a scripted service to the bytes of a plan.

mod canned_service;
mod fail_closed;
mod header;
mod misfits;
mod notes;
mod pages;
mod watchdog;

use serde_json::{Value, json};

use self::canned_service::{CannedService, reasons, search};
use super::*;
use crate::{
    pace::Pacer,
    plan::{CheckedBlocks, PlanReader},
    testing::samples::{
        flow_json, id_list, over_executions, over_flows, playbook, row_json, scheduled, short,
    },
};

const C1: &str = "c1/contact";
const C2: &str = "c2/contact";

/// Over the flows of `c1` and `c2`.
fn over_two(select: &str, rest: &str) -> Playbook {
    playbook(&format!(
        "select: {{ flows: {{ entities: [ {{ id: c2, schema: contact }}, {{ id: c1, schema: contact }} ] }}, {select} }}\n{rest}"
    ))
}

async fn plan_of(
    service: &CannedService,
    playbook: &Playbook,
) -> (Result<(Trailer, CheckedBlocks), PlanningError>, Vec<u8>) {
    plan_for(service, playbook, None).await
}

/// As [`plan_of`], asked for an organisation.
async fn plan_for(
    service: &CannedService,
    playbook: &Playbook,
    org: Option<&str>,
) -> (Result<(Trailer, CheckedBlocks), PlanningError>, Vec<u8>) {
    let mut bytes = Vec::new();
    let planned = plan(
        &service.client(),
        playbook,
        &origin(org),
        &mut bytes,
        |_| {},
    )
    .await;
    (planned, bytes)
}

fn origin(org: Option<&str>) -> PlanOrigin {
    PlanOrigin {
        server: "https://example.com".to_owned(),
        org: org.map(str::to_owned),
        now: crate::testing::samples::now(),
        made_at: crate::testing::samples::now(),
        tool: "wf-bulk test".to_owned(),
    }
}

/// The plan's trailer and bytes; it must read back as what it says it is.
async fn planned(service: &CannedService, playbook: &Playbook) -> (Trailer, Vec<u8>) {
    let (result, bytes) = plan_of(service, playbook).await;
    let (trailer, written) = result.unwrap();
    let mut reader = PlanReader::new(bytes.as_slice()).unwrap();
    while reader.next_line().unwrap().is_some() {}
    assert_eq!(reader.end(), Some(&(trailer.clone(), written.sha256())));
    (trailer, bytes)
}

/// The plan's items in short.
async fn said(service: &CannedService, playbook: &Playbook) -> Vec<String> {
    let (_, bytes) = planned(service, playbook).await;
    let mut reader = PlanReader::new(bytes.as_slice()).unwrap();
    let mut said = Vec::new();
    while let Some(line) = reader.next_line().unwrap() {
        said.push(short(&line.item));
    }
    said
}

fn task(id: &str, fields: &Value) -> Value {
    crate::testing::samples::with(
        json!({"id": id, "name": "Call", "status": "PENDING"}),
        fields,
    )
}

/// Assigned to `1`.
fn assigned(id: &str) -> Value {
    flow_json(id, &json!({"assigned_to": ["1"]}))
}

const REASSIGN: &str = "actions: [ reassign: { from: \"1\", to: \"2\" } ]";

#[tokio::test(start_paused = true)]
async fn a_whole_plan_of_a_small_playbook() {
    let playbook = over_flows(
        "where: execution.status == \"STARTED\", each: task, where_each: task.name != \"Other\"",
        r#"
vars: { leaver: "10010", successor: "10020" }
actions:
  - reassign: { from: "{{ vars.leaver }}", to: "{{ vars.successor }}" }
  - { shift_due_date: { by: 3 days }, when: 'due_before(task, now)', name: catch up }
  - { run_schedule_now: , when: task.status == "SCHEDULED" }
  - { reassign: { from: "{{ vars.leaver }}", to: "{{ vars.successor }}" }, on: execution }
guards: { allow: [run_schedule_now], max_changes: 10 }
"#,
    );
    let leaver = json!({"assigned_to": ["10010", {"variable": "v", "value": ["7"]}]});
    let late = json!({"assigned_to": ["10010"], "due_date": "2026-11-30T00:00:00.000"});
    let tasks = json!([
        task("t1", &late),
        scheduled("t2", &json!({"assigned_to": ["10010"], "due_date": "soon"})),
        task("t3", &json!({"name": "Other"})),
        task("t4", &json!({})),
        scheduled("t5", &json!({})),
    ]);
    let first = crate::testing::samples::with(flow_json("f1", &json!({"tasks": tasks})), &leaver);
    let service = CannedService::default().finds(
        C1,
        &[
            flow_json(
                "f2",
                &json!({"status": "DONE", "tasks": [task("t1", &late)]}),
            ),
            first,
        ],
    );
    let (_, bytes) = planned(&service, &playbook).await;
    insta::assert_snapshot!(String::from_utf8(bytes).unwrap(), @r#"
{"wf_bulk_plan":1,"playbook":{"name":"test","sha256":"89cc646cd728fa6ec36b73934edd66ecb019e3bfd4ae32f79963681bdc5708b4","converges":false,"repeatable":false},"vars":{"leaver":"10010","successor":"10020"},"server":"https://example.com","org":"4711","now":"2026-12-01T08:00:00Z","timezone":"Europe/Berlin","pace":{"rate":"8/s","burst":4,"concurrency":4,"stop_after":10},"guards":{"max_changes":10,"allow":["run_schedule_now"],"rejected":"refuse"},"tool":"wf-bulk test"}
{"change":"5a127a6d2d95","group":"f1","target":{"kind":"task","api":"v2","execution":"f1","id":"t1","name":"Call","within":["Flow f1"]},"action":["reassign","shift_due_date: catch up"],"request":{"method":"PATCH","path":"/v2/flows/executions/f1/tasks/t1","body":{"assigned_to":["10020"],"due_date":"2026-12-03T00:00:00.000"}},"before":{"assigned_to":["10010"],"due_date":"2026-11-30T00:00:00.000"},"after":{"assigned_to":["10020"],"due_date":"2026-12-03T00:00:00.000"},"requires":{"execution.status":"STARTED","target.status":"PENDING"},"repeat":"safe","undo":{"request":{"method":"PATCH","path":"/v2/flows/executions/f1/tasks/t1","body":{"assigned_to":["10010"],"due_date":"2026-11-30T00:00:00.000"}}},"effects":[{"notice":"10020"}]}
{"rejected":{"target":{"kind":"task","api":"v2","execution":"f1","id":"t2","name":"Send","within":["Flow f1"]},"reason":"`when` of shift_due_date failed: `soon` is no date: it should look like `2026-05-28`, `2026-05-28T00:00:00.000` or `2021-04-27T12:00:00.000Z` in `due_before(task, now)`"}}
{"skipped":{"target":{"kind":"task","api":"v2","execution":"f1","id":"t4","name":"Call","within":["Flow f1"]},"reason":"10010 is not assigned; `when` is false"}}
{"change":"1d08fc937622","group":"f1","target":{"kind":"task","api":"v2","execution":"f1","id":"t5","name":"Send","within":["Flow f1"]},"action":["run_schedule_now"],"request":{"method":"POST","path":"/v2/flows/executions/f1/tasks/t5/schedule/run-now"},"before":{"status":"SCHEDULED"},"after":{"status":"IN_PROGRESS"},"requires":{"execution.status":"STARTED","target.automation_config.execution_id":null,"target.automation_execution_id":null,"target.schedule.schedule_id":"s"},"repeat":"readable","undo":{"none":"an automation that has started can't be called back"},"effects":["automation_fires","notices_unknown"]}
{"change":"2ecc51b1b6dc","group":"f1","target":{"kind":"execution","api":"v2","execution":"f1","name":"Flow f1"},"action":["reassign"],"request":{"method":"PATCH","path":"/v2/flows/executions/f1","body":{"assigned_to":["10020",{"value":["7"],"variable":"v"}]}},"before":{"assigned_to":["10010",{"value":["7"],"variable":"v"}]},"after":{"assigned_to":["10020",{"value":["7"],"variable":"v"}]},"requires":{"execution.status":"STARTED"},"repeat":"safe","undo":{"request":{"method":"PATCH","path":"/v2/flows/executions/f1","body":{"assigned_to":["10010",{"value":["7"],"variable":"v"}]}}},"effects":[{"notice":"10020"}]}
{"end":{"changes":3,"groups":1,"skipped":1,"rejected":1,"scanned":2,"sha256":"1f5b3d0c6c419db7c1a6d585901ffd26f546f934245b560c86afe3c69902cd1b"}}
"#);
}

#[tokio::test(start_paused = true)]
async fn each_entity_is_searched_once_and_nothing_else_is_read() {
    let service = CannedService::default()
        .finds(C1, &[assigned("f1"), assigned("shared")])
        .finds(C2, &[assigned("shared"), assigned("f0")]);
    let (trailer, _) = planned(&service, &over_two("", REASSIGN)).await;
    assert_eq!(service.asked(), [search(C1), search(C2)]);
    // Found through both: scanned once, planned once.
    assert_eq!(
        (trailer.scanned, trailer.groups, trailer.changes),
        (3, 3, 3)
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_data_are_the_same_bytes_in_whatever_order_they_come() {
    let playbook = over_two("limit: 2", REASSIGN);
    let flows = ["b", "d", "a", "c"].map(assigned);
    let service = |first: &[Value], second: &[Value], [one, two]: [u64; 2]| {
        let service = CannedService::default().finds(C1, first).finds(C2, second);
        service.late(&search(C1), one).late(&search(C2), two)
    };
    let (_, expected) = planned(&service(&flows, &flows[..1], [0, 0]), &playbook).await;
    let backwards: Vec<Value> = flows.iter().rev().cloned().collect();
    for service in [
        service(&flows, &flows[..1], [0, 0]),
        service(&backwards, &flows[1..2], [0, 0]),
        service(&flows[..1], &backwards, [90, 1]),
        service(&flows[2..], &flows[..2], [1, 90]),
        service(&flows, &backwards, [90, 1]),
    ] {
        let (_, bytes) = planned(&service, &playbook).await;
        assert_eq!(
            String::from_utf8(bytes),
            String::from_utf8(expected.clone())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_flow_that_changed_between_two_searches_the_first_is_taken_whichever_answers_first() {
    let playbook = over_two("", REASSIGN);
    let moved = flow_json("f", &json!({"assigned_to": ["1", "3"]}));
    for late in [C1, C2] {
        let service = CannedService::default().finds(C1, &[assigned("f")]);
        let service = service
            .finds(C2, std::slice::from_ref(&moved))
            .late(&search(late), 90);
        let expected = "PATCH /v2/flows/executions/f {\"assigned_to\":[\"2\"]}";
        assert_eq!(
            said(&service, &playbook).await,
            [expected],
            "{late} is late"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_list_of_the_first_generation_is_read_once_with_its_parameters() {
    let playbook = playbook(&format!(
        "select: {{ executions: {{ list: {{ context: c 1, schema: contact }} }} }}\n{REASSIGN}"
    ));
    let rows = json!([
        row_json("b", &json!({"assignedTo": ["1"]})),
        row_json("a", &json!({}))
    ]);
    let service =
        CannedService::default().answers("list context=c 1 schema=contact", 200, &rows.to_string());
    let expected = [
        "skipped a: 1 is not assigned",
        "PATCH /v1/workflows/executions/b {\"assignedTo\":[\"2\"]}",
    ];
    assert_eq!(said(&service, &playbook).await, expected);
    assert_eq!(service.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn closing_reasons_are_read_once_for_each_row_that_will_be_closed_and_lacks_them() {
    let playbook = over_executions(
        "where: execution.name != \"left out\", exclude: [excluded], limit: 5",
        r#"
actions:
  - reassign: { add: ["2"] }
  - { close: { reason: Won }, when: 'has_assignee(execution, "2") and execution.name != "stays"' }
"#,
    );
    let won = json!([{"id": "r", "title": "Won"}]);
    let service = CannedService::default()
        .lists(&[
            row_json("a-closed", &json!({"status": "CLOSED"})),
            row_json(
                "b-has-them",
                &json!({"configuredClosingReasonSnapshot": won}),
            ),
            row_json("c-lacks-them", &json!({})),
            row_json("d-stays", &json!({"name": "stays"})),
            row_json("excluded", &json!({})),
            row_json("f-left-out", &json!({"name": "left out"})),
            row_json(
                "g-lacks-them",
                &json!({"configuredClosingReasonSnapshot": null}),
            ),
            row_json("h-beyond-the-limit", &json!({})),
        ])
        .answers(
            &reasons("c-lacks-them"),
            200,
            &json!({"reasons": won}).to_string(),
        )
        .answers(
            &reasons("g-lacks-them"),
            200,
            &json!({"reasons": won}).to_string(),
        );
    insta::assert_snapshot!(said(&service, &playbook).await.join("\n"), @r#"
PATCH /v1/workflows/executions/a-closed {"assignedTo":["2"]}
PATCH /v1/workflows/executions/b-has-them {"assignedTo":["2"],"selectedClosingReasons":[{"id":"r","title":"Won"}],"status":"CLOSED"}
PATCH /v1/workflows/executions/c-lacks-them {"assignedTo":["2"],"selectedClosingReasons":[{"id":"r","title":"Won"}],"status":"CLOSED"}
PATCH /v1/workflows/executions/d-stays {"assignedTo":["2"]}
PATCH /v1/workflows/executions/g-lacks-them {"assignedTo":["2"],"selectedClosingReasons":[{"id":"r","title":"Won"}],"status":"CLOSED"}
"#);
    let expected = ["list", &reasons("c-lacks-them"), &reasons("g-lacks-them")];
    assert_eq!(service.asked(), expected);
}

#[tokio::test(start_paused = true)]
async fn what_is_read_beyond_the_limit_decides_nothing() {
    let row = |id: &str| row_json(id, &json!({"orgId": "4711"}));
    let whole = |id: &str, step: &str| {
        let steps = json!([{"type": "STEP", "id": format!("s-{id}"), "name": step}]);
        row_json(id, &json!({"flow": steps})).to_string()
    };
    let read = |id: &str| format!("GET /v1/workflows/executions/{id}");
    let mut plans = std::collections::BTreeSet::new();
    for (concurrency, late, status) in [
        (1, None, 200),
        (4, None, 200),
        (4, Some("a"), 200),
        (4, Some("c"), 200),
        (4, Some("a"), 500),
    ] {
        let mut playbook = over_executions(
            "each: step, where_each: step.name != \"Beyond\", limit: 1",
            "actions: [ reassign: { set: [\"2\"] } ]",
        );
        playbook.pace.concurrency = std::num::NonZeroU32::new(concurrency).unwrap();
        playbook.select.exclude = vec![crate::testing::samples::id_list(
            "`exclude` of the playbook",
            "s-c x",
        )];
        let mut service = CannedService::default()
            .lists(&["a", "b", "c"].map(row))
            .answers(&read("a"), 200, &whole("a", "Call"))
            .answers(&read("b"), status, &whole("b", "Beyond"))
            .answers(&read("c"), 200, &whole("c", "Beyond"));
        if let Some(late) = late {
            service = service.late(&read(late), 5_000);
        }
        let (trailer, bytes) = planned(&service, &playbook).await;
        assert_eq!(
            trailer.notes,
            [
                "2 of 2 ids in `exclude` of the playbook matched nothing that was read: s-c, x",
                "no execution that was read has a step named \"Beyond\"",
            ],
            "{concurrency} {late:?} {status}"
        );
        // The pace is of the header, all else is what was planned.
        let text = String::from_utf8(bytes).unwrap();
        let lines = text.lines().filter(|line| line.starts_with("{\"change\""));
        plans.insert(lines.collect::<Vec<_>>().join("\n"));
    }
    assert_eq!(plans.len(), 1, "{plans:#?}");
}

#[tokio::test(start_paused = true)]
async fn without_an_action_that_closes_no_closing_reasons_are_read() {
    let service = CannedService::default().lists(&[row_json("a", &json!({"assignedTo": ["1"]}))]);
    planned(&service, &over_executions("", REASSIGN)).await;
    assert_eq!(service.asked(), ["list"]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_selection_is_a_plan_without_changes() {
    let service = CannedService::default().finds(C1, &[]);
    let (trailer, bytes) = planned(&service, &over_flows("", REASSIGN)).await;
    assert_eq!(
        (trailer.changes, trailer.groups, trailer.scanned),
        (0, 0, 0)
    );
    assert_eq!(
        *PlanReader::new(bytes.as_slice())
            .unwrap()
            .header()
            .org
            .as_ref()
            .unwrap_or(&"none".to_owned()),
        "none"
    );

    let service = CannedService::default().finds(C1, &[assigned("a")]);
    let (trailer, bytes) = planned(
        &service,
        &over_flows("where: execution.name == \"Other\"", REASSIGN),
    )
    .await;
    assert_eq!(
        (trailer.changes, trailer.skipped, trailer.scanned),
        (0, 0, 1)
    );
    // Learned from what was read, selected or not.
    assert_eq!(
        PlanReader::new(bytes.as_slice())
            .unwrap()
            .header()
            .org
            .as_deref(),
        Some("4711")
    );
}
