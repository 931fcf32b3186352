//! The sandbox's own paths, for tests: the ledger, changes that go past the API, large payloads. They need no token.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::call::Call;
use crate::{
    app::App,
    auth::ORG_HEADER,
    effect::{self, EffectKind},
    ledger::LedgerPage,
    refused::Refused,
    reply::{self, Failure},
    state::DataWrite,
};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/_sandbox/ledger", get(ledger))
        .route("/_sandbox/edit/{id}", post(edit))
        .route("/_sandbox/execution/{id}", delete(remove))
        .route("/_sandbox/payload/{number}", get(payload))
}

#[derive(Debug, Deserialize)]
struct Since {
    /// Only requests after this number, and their effects.
    #[serde(default)]
    since: u64,
}

/// `{"requests": […], "effects": […], "requests_forgotten": n}`
async fn ledger(call: Call) -> Result<Json<LedgerPage>, Failure> {
    let Since { since } = call.query()?;
    Ok(Json(call.app.ledger().page(since)))
}

/// Changes fields as somebody else would: a JSON merge patch (RFC 7396) of the execution, or of one of its parts as
/// `{"task": id, "set": {…}}`, with `phase` and `step` alike. Answers with the execution.
///
/// No rule of the API holds but the types. Stamps don't move by themselves, and parts neither come nor go.
async fn edit(call: Call) -> Result<Json<Value>, Failure> {
    let (part, patch) = address(call.object()?)?;
    let fixed = |name: &String| name == "id" || effect::is_container(name);
    if patch.keys().any(fixed) {
        let text = "ids stay, and parts are edited one by one: send {\"task\": id, \"set\": {…}}";
        return Err(Refused::invalid(text).into());
    }
    let write = DataWrite {
        target: part.unwrap_or_else(|| call.id.clone()),
        ..call.write(EffectKind::Edit)
    };
    let (id, target) = (call.id.clone(), write.target.clone());
    call.app
        .write(write, |execution, _| {
            let mut json = execution.to_json();
            let part = effect::part_mut(&mut json, &target)
                .ok_or_else(|| Refused::Missing(format!("{id} has no part {target}")))?;
            merge(part, Value::Object(patch));
            let read = execution.read(json.clone());
            *execution = read.map_err(|error| Refused::Invalid(error.to_string()))?;
            Ok(Json(json))
        })
        .await
}

/// The part that an edit addresses, and what to merge into it.
fn address(mut sent: Map<String, Value>) -> Result<(Option<String>, Map<String, Value>), Refused> {
    let Some(merged) = sent.remove("set") else {
        return Ok((None, sent));
    };
    let mut fields = sent.into_iter();
    match (merged, fields.next(), fields.next()) {
        (Value::Object(patch), Some((kind, Value::String(id))), None)
            if matches!(kind.as_str(), "task" | "phase" | "step") =>
        {
            Ok((Some(id), patch))
        }
        _ => Err(Refused::invalid(
            "beside set, an object, stands one of task, phase and step with an id",
        )),
    }
}

/// A JSON merge patch: null removes, objects are merged, all else replaces.
fn merge(into: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *into = patch;
        return;
    };
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    if let Value::Object(object) = into {
        for (name, field) in patch {
            if field.is_null() {
                object.remove(&name);
            } else {
                merge(object.entry(name).or_insert(Value::Null), field);
            }
        }
    }
}

/// Deletes an execution of either generation for good.
async fn remove(call: Call) -> Result<StatusCode, Failure> {
    call.remove(EffectKind::Remove).await
}

/// A large answer. As a presigned address does, it refuses requests that bring their own authorisation.
async fn payload(
    State(app): State<Arc<App>>,
    Path(number): Path<u64>,
    headers: HeaderMap,
) -> Response {
    if headers.contains_key(header::AUTHORIZATION) || headers.contains_key(ORG_HEADER) {
        return reply::message(
            StatusCode::BAD_REQUEST,
            "the address is presigned: send neither Authorization nor the organisation",
        );
    }
    match app.payloads().get(number) {
        Some(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        None => reply::message(StatusCode::NOT_FOUND, "the payload has expired"),
    }
}
