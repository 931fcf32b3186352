//! The operations: each takes a request apart, asks the data, and puts the answer together.

mod call;
mod control;
mod entities;
mod search;
mod v1;
mod v2;

pub(crate) use call::Seq;

use std::sync::Arc;

use axum::{Router, http::StatusCode};

use crate::{app::App, reply};

/// All routes.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .merge(v1::routes())
        .merge(v2::routes())
        .merge(entities::routes())
        .merge(control::routes())
        .fallback(async || reply::message(StatusCode::NOT_FOUND, "Not Found"))
        .method_not_allowed_fallback(async || {
            reply::message(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
        })
}
