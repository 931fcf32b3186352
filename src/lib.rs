//! Declarative bulk changes to epilot workflow executions.
//!
//! ```text
//! Playbook ──► Selection ──► Plan ──► Run ──► Report
//!  (checked)   (reads API)   (pure)   (writes API, keeps the checkpoint)
//! ```

mod apply;
mod common;
mod describe;
mod prepare;
mod present;
mod service;
#[cfg(any(test, fuzzing))]
#[expect(
    clippy::unwrap_used,
    reason = "what tests are made of fails as tests do"
)]
pub mod testing;

#[cfg(feature = "temporal")]
pub use apply::engine;
pub use apply::{checkpoint, event, ledger, outcome, results, run, store};
pub use common::{
    digest, invocation, json, platform, private_file, run_id, secrets, server_name, signature,
    sort, styles, table, text,
};
pub use describe::{action, dates, document, playbook, template};
pub use prepare::{plan, planning, selection, target};
pub use present::{cli, commands, error, guide, report};
pub use service::{api, client, credentials, http, pace, retry};
