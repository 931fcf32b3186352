//! The search for entities, which another service answers in truth.

use std::sync::Arc;

use axum::{Json, Router, routing::post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::Call;
use crate::{
    app::App,
    generate::SCHEMA,
    lucene::{self, Query},
    refused::Refused,
    reply::Failure,
};

/// The most that one page may hold.
const MOST: u64 = 1_000;
const STABLE_FOR: u64 = 60;

/// So many have no tag `archived`: the playbooks ask for these, so that a first look takes seconds.
const NOT_ARCHIVED: u32 = 120;

/// A query that was held stable: what it found can't change, since entities neither come nor go here.
const STABLE: &str = "stable-";

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/v1/entity:search", post(search))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the API's names")]
struct Search {
    q: String,
    sort: Option<Vec<String>>,
    size: Option<u64>,
    from: Option<u64>,
    fields: Option<Vec<String>>,
    stable_for: Option<u64>,
    stable_query_id: Option<String>,
    search_after: Option<Vec<String>>,
}

async fn search(call: Call) -> Result<Json<Value>, Failure> {
    let wanted: Search = call.body()?;
    let size = check(&wanted)?;
    let query = Query::parse(&wanted.q).map_err(Refused::Invalid)?;
    let mut found: Vec<Value> = call
        .app
        .state()
        .entities()
        .map(|(id, number)| {
            let title = format!("Vorgang {}", 100_000 + number);
            let tags: &[&str] = if number < NOT_ARCHIVED {
                &[]
            } else {
                &["archived"]
            };
            json!({"_id": id, "_schema": SCHEMA, "_title": title, "_tags": tags})
        })
        .filter(|entity| query.fits(entity))
        .collect();
    found.sort_by(|one, other| one["_id"].as_str().cmp(&other["_id"].as_str()));
    let hits = found.len();
    let after = wanted.search_after.as_ref().and_then(|after| after.first());
    let page: Vec<Value> = found
        .into_iter()
        .filter(|entity| after.is_none_or(|after| entity["_id"].as_str() > Some(after.as_str())))
        .skip(usize::try_from(wanted.from.unwrap_or(0)).unwrap_or(usize::MAX))
        .take(size)
        .map(|entity| project(entity, wanted.fields.as_deref()))
        .collect();
    let sort_end = page.last().map(|last| json!([last["_id"]]));
    let mut answer = json!({"hits": hits, "results": page});
    if let Some(sort_end) = sort_end {
        answer["sort_end"] = sort_end;
    }
    if wanted.stable_for.is_some() || wanted.stable_query_id.is_some() {
        answer["stable_query_id"] = json!(format!("{STABLE}{}", lucene::digest(&wanted.q)));
    }
    Ok(Json(answer))
}

fn check(wanted: &Search) -> Result<usize, Refused> {
    let size = wanted.size.unwrap_or(10);
    let known = format!("{STABLE}{}", lucene::digest(&wanted.q));
    let is_unknown = |id: &String| *id != known;
    let mistakes = [
        (size > MOST, "size must be at most 1000"),
        (
            wanted.from.is_some() && wanted.search_after.is_some(),
            "from and search_after exclude each other",
        ),
        (
            wanted
                .stable_for
                .is_some_and(|seconds| seconds > STABLE_FOR),
            "stable_for must be at most 60 seconds",
        ),
        (
            wanted
                .sort
                .as_ref()
                .is_some_and(|sort| sort != &["_id:asc"]),
            "only _id:asc can be sorted by here",
        ),
        (
            wanted.stable_query_id.as_ref().is_some_and(is_unknown),
            "there is no stable query of this id",
        ),
    ];
    match mistakes.into_iter().find(|(is_made, _)| *is_made) {
        Some((_, text)) => Err(Refused::invalid(text)),
        None => Ok(usize::try_from(size).unwrap_or(usize::MAX)),
    }
}

/// The fields that were asked for; the id is always there.
fn project(mut entity: Value, fields: Option<&[String]>) -> Value {
    if let (Some(object), Some(fields)) = (entity.as_object_mut(), fields) {
        object.retain(|name, _| name == "_id" || fields.contains(name));
    }
    entity
}
