//! Searches with several pages: every page is read, or the search fails.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    listed::{ListedNames, NameCollector},
    scan_error::ScanError,
};
use crate::{
    api::{Id, Operation, ReadFinding},
    client::Client,
    json,
    playbook::{ExecutionSearch, StepSearch},
    target::TargetRow,
    text::thousands,
};

/// Entities per page: the maximum of the service.
const PAGE: usize = 1_000;

/// Steps of a page.
const STEPS_PAGE: usize = 100;

/// The maximum number of pages of one search: a service that never says that a page is the last would be asked for ever. Of entities,
/// that is ten million.
const MAX_PAGES: u32 = 10_000;

/// Counts the pages of a search.
#[derive(Debug, Default)]
struct PageCount(u32);

impl PageCount {
    fn next(&mut self, what: &str) -> Result<(), ScanError> {
        self.0 += 1;
        if self.0 <= MAX_PAGES {
            return Ok(());
        }
        Err(ScanError::Pages {
            what: what.to_owned(),
            message: format!(
                "more than {} pages: narrow the search",
                thousands(u64::from(MAX_PAGES))
            ),
        })
    }
}

/// Where search services of this kind stop counting `hits` by default.
const COUNTED: u64 = 10_000;

/// How long the service keeps the result of a query, in seconds: its maximum.
const STABLE_FOR: u64 = 60;

/// Finds all entities of a query, ordered by id, with each page from the same snapshot.
///
/// # Errors
///
/// If a request fails, or the pages are inconsistent.
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
    let mut pages = PageCount::default();
    loop {
        pages.next(what)?;
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
            // Then the page after a full page can't be requested, and the number of hits is not exact.
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
    // More entities than hits are normal, since counting stops at `COUNTED`. Fewer mean that a page is missing.
    if hits.is_some_and(|hits| number < hits || (number > hits && hits < COUNTED)) {
        return Err(wrong(&format!(
            "{number} entities in all pages and says that there are {}",
            hits.unwrap_or_default()
        )));
    }
    Ok(intake.finish()?)
}

/// Passes on the executions of the deprecated first-generation search, page by page.
///
/// # Errors
///
/// If a request fails, a page's key is repeated, and the errors of `take`.
pub(super) async fn executions(
    client: &Client,
    search: &ExecutionSearch,
    mut take: impl FnMut(Vec<Value>) -> Result<(), ScanError>,
) -> Result<(), ScanError> {
    let what = "the search for executions";
    let mut body = execution_request(search);
    let mut keys = BTreeSet::new();
    let mut pages = PageCount::default();
    loop {
        pages.next(what)?;
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

/// The executions in which a search has found steps, with the ids of these steps. None if an answer has no ids of steps.
pub(super) type FoundSteps = BTreeMap<Id, Option<BTreeSet<Id>>>;

/// Finds the executions with steps that the deprecated search of the first generation finds.
///
/// # Errors
///
/// When one request fails, or the pages don't fit together: between two requests, steps can come or go.
pub(super) async fn steps(
    client: &Client,
    search: &StepSearch,
    mut asked: impl FnMut(),
) -> Result<FoundSteps, ScanError> {
    let what = "the search for steps";
    let wrong = |message: String| ScanError::Pages {
        what: what.to_owned(),
        message,
    };
    let mut body = step_request(search);
    let mut found = FoundSteps::new();
    let (mut number, mut hits) = (0, None);
    let mut pages = PageCount::default();
    loop {
        pages.next(what)?;
        body["pagination"] = json!({"from": number, "size": STEPS_PAGE});
        let mut page = ask(client, &Operation::SearchSteps, &body, what).await?;
        asked();
        // The field is optional; without it, an empty page is the end.
        let total = match &page["hits"] {
            Value::Null => hits,
            total => Some(
                total
                    .as_u64()
                    .ok_or_else(|| wrong("hits that are no whole number".to_owned()))?,
            ),
        };
        if hits.is_some() && hits != total {
            return Err(wrong(
                "another number of hits than on the page before".to_owned(),
            ));
        }
        hits = total;
        if let Some(total) = total.filter(|total| *total >= COUNTED) {
            return Err(wrong(format!(
                "{total} hits, more than can be paged: narrow the search, or use `executions: {{ list: {{}} }}`"
            )));
        }
        let Value::Array(steps) = page["results"].take() else {
            return Err(wrong("without results".to_owned()));
        };
        number += steps.len() as u64;
        for step in &steps {
            let id = |name: &str| {
                let id = step[name].as_str().map(Id::new);
                id.transpose()
                    .map_err(|error| wrong(format!("an unusable `{name}`: {error}")))
            };
            let execution = id("executionId")?
                .ok_or_else(|| wrong("a step without `executionId`".to_owned()))?;
            let steps = found
                .entry(execution)
                .or_insert_with(|| Some(BTreeSet::new()));
            match (id("id")?, steps) {
                (Some(id), Some(steps)) if steps.contains(&id) => {
                    return Err(wrong(format!("the step {id} twice")));
                }
                (Some(id), Some(steps)) => drop(steps.insert(id)),
                (_, steps) => *steps = None,
            }
        }
        match total {
            Some(total) if number == total => return Ok(found),
            Some(total) if steps.is_empty() || number > total => {
                return Err(wrong(format!(
                    "{number} steps in all pages and says that there are {total}"
                )));
            }
            None if steps.is_empty() => return Ok(found),
            Some(_) | None => {}
        }
    }
}

/// Whether a value was kept exactly: with another one, the search would continue at another place.
fn can_be_sent_back(value: &Value) -> bool {
    json::find_unreadable(value).is_none() && !json::holds_replacement(value)
}

fn execution_request(search: &ExecutionSearch) -> Value {
    with_values([
        ("name", json!(search.name)),
        ("status", json!(search.status)),
        ("assignedTo", json!(search.assigned_to)),
        ("includeDoneWorkflows", json!(search.include_done)),
        ("sorting", json!(search.sorting)),
    ])
}

fn step_request(search: &StepSearch) -> Value {
    with_values([
        ("executionName", json!(search.execution)),
        ("stepName", json!(search.name)),
        ("status", json!(search.status)),
        ("assignedTo", json!(search.assigned_to)),
        ("manuallyCreated", json!(search.manually_created)),
        ("includeDoneWorkflows", json!(search.include_done)),
        ("sorting", json!(search.sorting)),
    ])
}

/// An object of the fields that have a value.
fn with_values<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let given = fields.into_iter().filter(|(_, value)| !value.is_null());
    given
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_that_never_ends_is_an_error_after_ten_thousand_pages() {
        let mut pages = PageCount::default();
        for _ in 0..10_000 {
            pages.next("the search").unwrap();
        }
        assert_eq!(
            pages.next("the search").unwrap_err().to_string(),
            "the search answered more than 10,000 pages: narrow the search"
        );
    }
}
