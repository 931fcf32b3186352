//! Searches that answer in pages: every page or nothing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    listed::{ListedNames, NameCollector},
    scan::ScanError,
};
use crate::{
    api::{Operation, ReadFinding},
    client::Client,
    json,
    playbook::ExecutionSearch,
    target::TargetRow,
};

/// Entities of a page: the most that the service gives.
const PAGE: usize = 1_000;

/// Where search services of this kind stop counting `hits`, unless they are told otherwise.
const COUNTED: u64 = 10_000;

/// How long the service keeps what a query found, in seconds: the most that it offers.
const STABLE_FOR: u64 = 60;

/// Finds all entities that a query fits, in the order of their ids, each page of the same snapshot.
///
/// # Errors
///
/// When one request fails, or the pages don't fit together.
pub(super) async fn entities(client: &Client, query: &str) -> Result<ListedNames, ScanError> {
    let what = "the search for entities";
    let wrong = |message: &str| ScanError::Pages {
        what: what.to_owned(),
        message: message.to_owned(),
    };
    let mut intake = NameCollector::new("entity");
    let mut body = json!({"q": query, "sort": ["_id:asc"], "size": PAGE, "stable_for": STABLE_FOR,
        "fields": ["_id", "_schema", "_title"]});
    let (mut number, mut last, mut hits) = (0, String::new(), None);
    loop {
        let page = ask(client, &Operation::SearchEntities, &body, what).await?;
        let results = page["results"]
            .as_array()
            .ok_or_else(|| wrong("without results"))?;
        for entity in results {
            let text = |name: &str| entity[name].as_str().unwrap_or_default();
            if text("_id") <= last.as_str() {
                return Err(wrong("entities that are not in the order of their ids"));
            }
            text("_id").clone_into(&mut last);
            number += 1;
            intake.entity(
                TargetRow::numbered(number),
                text("_id"),
                text("_schema"),
                text("_title"),
            )?;
        }
        let found = match &page["hits"] {
            Value::Null => hits,
            found => Some(
                found
                    .as_u64()
                    .ok_or_else(|| wrong("hits that are no whole number"))?,
            ),
        };
        if hits.is_some() && hits != found {
            return Err(wrong("another number of hits than on the page before"));
        }
        hits = found;
        if results.is_empty() {
            break;
        }
        if page["sort_end"].is_null() {
            // What follows a full page can't be asked for then, and a number of hits that stops counting can't tell.
            if results.len() >= PAGE && hits.is_none_or(|hits| hits >= COUNTED) {
                return Err(wrong("a full page without its `sort_end`"));
            }
            break;
        }
        for name in ["sort_end", "stable_query_id"] {
            if !can_be_sent_back(&page[name]) {
                return Err(wrong(&format!(
                    "a `{name}` that can't be sent back as it came"
                )));
            }
        }
        if body["search_after"] == page["sort_end"] {
            return Err(wrong("the same page again"));
        }
        body["search_after"] = page["sort_end"].clone();
        if !page["stable_query_id"].is_null() {
            body["stable_query_id"] = page["stable_query_id"].clone();
        }
    }
    // More than it counts is no mistake: it stops counting at `COUNTED`. Fewer is a page that is missing.
    if hits.is_some_and(|hits| number < hits || (number > hits && hits < COUNTED)) {
        return Err(wrong(&format!(
            "{number} entities in all pages and says that there are {}",
            hits.unwrap_or_default()
        )));
    }
    Ok(intake.finish()?)
}

/// Hands over the executions that the deprecated search of the first generation finds, page by page.
///
/// # Errors
///
/// When one request fails, a page's key comes again, and what `take` says.
pub(super) async fn executions(
    client: &Client,
    search: &ExecutionSearch,
    mut take: impl FnMut(Vec<Value>) -> Result<(), ScanError>,
) -> Result<(), ScanError> {
    let what = "the search for executions";
    let mut body = request(search);
    let mut keys = BTreeSet::new();
    loop {
        let mut page = ask(client, &Operation::SearchExecutions, &body, what).await?;
        let Value::Array(rows) = page["executions"].take() else {
            return Err(ScanError::Pages {
                what: what.to_owned(),
                message: "without executions".to_owned(),
            });
        };
        take(rows)?;
        let key = page["lastEvaluatedKey"].take();
        if key.is_null() {
            return Ok(());
        }
        if !can_be_sent_back(&key) {
            return Err(ScanError::Pages {
                what: what.to_owned(),
                message: "a `lastEvaluatedKey` that can't be sent back as it came".to_owned(),
            });
        }
        if !keys.insert(key.to_string()) {
            return Err(ScanError::Pages {
                what: what.to_owned(),
                message: "the same key twice, so its pages never end".to_owned(),
            });
        }
        body["pagination"] = key;
    }
}

/// Whether a value is what the service sent: with another one, it would go on from another place.
fn can_be_sent_back(value: &Value) -> bool {
    json::find_unreadable(value).is_none() && !json::holds_replacement(value)
}

fn request(search: &ExecutionSearch) -> Value {
    let mut body = json!({});
    let texts = [
        ("name", &search.name),
        ("status", &search.status),
        ("assignedTo", &search.assigned_to),
        ("sorting", &search.sorting),
    ];
    for (name, value) in texts {
        if let Some(value) = value {
            body[name] = json!(value);
        }
    }
    if let Some(include) = search.include_done {
        body["includeDoneWorkflows"] = json!(include);
    }
    body
}

async fn ask(
    client: &Client,
    operation: &Operation,
    body: &Value,
    what: &str,
) -> Result<Value, ScanError> {
    let body = body.to_string();
    match client.read(operation, &[], Some(body.as_bytes())).await? {
        ReadFinding::Json(answer) => Ok(answer),
        ReadFinding::Missing => Err(ScanError::Pages {
            what: what.to_owned(),
            message: "nothing at all".to_owned(),
        }),
    }
}
