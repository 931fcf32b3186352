//! Answers of the service: whatever a body holds, an answer means no more than its status allows, and what is told of it is short.

use std::collections::BTreeMap;

use serde_json::{Value, json, value::RawValue};

use crate::{
    action::{Expected, contradiction, read_back},
    api::{
        Absence, Id, Operation, OperationKind, ReadFinding, ReadTrouble, Reply, Verdict,
        read_outcome, verdict,
    },
    json::{self, ItemsError, LossyReader, each_item},
};

/// The longest text that is told of an answer, in bytes: 300 characters and the words around them.
const LONGEST: usize = 1_500;

const STATUSES: [u16; 16] = [
    200, 201, 204, 299, 302, 400, 401, 403, 404, 408, 410, 422, 429, 500, 503, 599,
];

/// The first byte selects a status, the others are the body.
pub fn reply(data: &[u8]) {
    let (first, body) = data.split_first().unwrap_or((&0, &[]));
    let reply = Reply {
        status: STATUSES[usize::from(*first) % STATUSES.len()],
        retry_after: None,
        content_type: (first & 16 > 0).then(|| "application/json".to_owned()),
        body: body.to_vec(),
    };
    assert!(reply.message().chars().count() <= 300);
    write(&reply);
    for operation in operations() {
        if let OperationKind::Read(absence) = operation.kind() {
            read(&reply, &operation, absence);
        }
    }
    decoded(body);
}

fn operations() -> Vec<Operation> {
    let id = |text| Id::new(text).expect("an id");
    vec![
        Operation::SearchExecutions,
        Operation::SearchFlows,
        Operation::GetExecution(id("e")),
        Operation::GetFlow(id("e")),
        Operation::UpdateExecution(id("e")),
        Operation::PatchFlow(id("e")),
        Operation::PatchPhase(id("e"), id("p")),
        Operation::PatchTask(id("e"), id("t")),
        Operation::UpdateStep(id("e"), id("s")),
        Operation::CreateStep(id("e")),
        Operation::AddTask(id("e")),
        Operation::DeleteFlow(id("e")),
        Operation::StartFlow,
        Operation::CreateExecution,
        Operation::RunScheduleNow(id("e"), id("t")),
        Operation::CancelSchedule(id("e"), id("t")),
        Operation::ReconcileAutomation(id("e"), id("t")),
    ]
}

fn write(reply: &Reply) {
    let is_success = (200..300).contains(&reply.status);
    match verdict(&Ok(reply.clone())) {
        Verdict::Applied(None) => {
            assert!(
                is_success && reply.body.trim_ascii().is_empty(),
                "{reply:?}"
            );
        }
        Verdict::Applied(Some(answer)) => {
            assert!(is_success && answer.object.is_object(), "{reply:?}");
            compared(&answer.object);
        }
        Verdict::Refused { status, message } => {
            assert!((300..500).contains(&status) && ![401, 404, 408, 410, 429].contains(&status));
            assert!(message.len() < LONGEST);
        }
        Verdict::Gone { status, message } => {
            assert!([404, 410].contains(&status) && message.len() < LONGEST);
        }
        Verdict::Unauthorized { message } => {
            assert!(reply.status == 401 && message.len() < LONGEST);
        }
        Verdict::Throttled { message, .. } => {
            assert!(reply.status == 429 && message.len() < LONGEST);
        }
        Verdict::NotSent { reason } => panic!("{reason}: an answer is the proof that it was sent"),
        Verdict::Unknown { reason, .. } => assert!(reason.len() < LONGEST, "{reason}"),
    }
}

/// The object of an answer, as the answer to each operation and as an execution that is read back.
fn compared(object: &Value) {
    let map = |fields: &[(&str, Value)]| -> BTreeMap<String, Value> {
        let fields = fields.iter().cloned();
        fields
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    };
    let before = map(&[("assigned_to", json!(["1"])), ("status", json!("PENDING"))]);
    let requires = map(&[("execution.status", json!("STARTED"))]);
    for after in [
        map(&[
            ("assigned_to", json!(["2"])),
            ("status", json!("COMPLETED")),
        ]),
        map(&[("due_date", json!("2026-12-24T00:00:00.000Z"))]),
        map(&[("task", json!({"id": "t9", "name": "New"}))]),
        map(&[("step", json!({"name": "New"}))]),
        map(&[("started", json!("f1"))]),
        map(&[]),
    ] {
        let expected = Expected {
            before: &before,
            after: &after,
            requires: &requires,
        };
        for operation in operations() {
            if let Some(difference) = contradiction(&operation, expected, object) {
                assert!(difference.len() < LONGEST, "{difference}");
            }
            read_back(&operation, expected, Some(object));
        }
    }
}

fn read(reply: &Reply, operation: &Operation, absence: Absence) {
    let is_success = (200..300).contains(&reply.status);
    let trouble = match read_outcome(operation, Ok(reply.clone())) {
        Ok(ReadFinding::Json(_)) => return assert!(is_success, "{reply:?}"),
        Ok(ReadFinding::Missing) => {
            let is_empty = absence == Absence::EmptyBody && reply.body.is_empty() && is_success;
            let is_not_found = absence != Absence::Never && [404, 410].contains(&reply.status);
            return assert!(is_empty || is_not_found, "{reply:?}");
        }
        Err(trouble) => trouble,
    };
    assert!(trouble.to_string().len() < LONGEST, "{trouble}");
    match trouble {
        ReadTrouble::Unauthorized { .. } => assert_eq!(reply.status, 401),
        ReadTrouble::Throttled { .. } => assert_eq!(reply.status, 429),
        ReadTrouble::Refused { .. } => assert!((300..500).contains(&reply.status)),
        ReadTrouble::Failing { .. } => assert!(reply.status == 408 || reply.status >= 500),
        ReadTrouble::NotJson { .. } => assert!(is_success || [404, 410].contains(&reply.status)),
        ReadTrouble::Unreachable { .. } | ReadTrouble::TooLarge { .. } => {
            panic!("{trouble}: it answered")
        }
    }
}

/// What is decoded can be kept: written and read again, it is the same. And a list that is read item by item has the same items.
fn decoded(body: &[u8]) {
    let mut whole = String::new();
    let lossy = std::io::Read::read_to_string(&mut LossyReader::new(body), &mut whole);
    assert!(lossy.is_ok() && whole == String::from_utf8_lossy(body));
    let value = json::decode(body);
    let is_json = serde_json::from_str::<&RawValue>(&whole).is_ok();
    assert_eq!(value.is_ok(), is_json, "{whole:?}");
    let Ok(value) = value else {
        return;
    };
    let written = value.to_string();
    assert_eq!(
        json::decode(written.as_bytes()).ok().as_ref(),
        Some(&value),
        "{written}"
    );
    assert_eq!(
        serde_json::from_str::<Value>(&written).ok().as_ref(),
        Some(&value),
        "{written}"
    );
    if let Value::Array(items) = &value {
        let mut found = Vec::new();
        let decode = |item: &str| json::decode(item.as_bytes());
        let read = each_item(LossyReader::new(body), 1 << 20, decode, |item| {
            found.push(item);
            Ok::<_, std::convert::Infallible>(())
        });
        match read {
            Ok(()) => {}
            Err(ItemsError::Json(error)) => panic!("{error}: {whole}"),
        }
        // An item alone may be nested one level deeper than in the list.
        if json::find_unreadable(&value).is_none() {
            assert_eq!(&found, items);
        }
    }
}
