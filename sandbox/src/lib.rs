//! The epilot Workflow Executions API on loopback, to try bulk jobs on and to test them against.
//!
//! It shares no type with the client: what both would misread in the same way, a test could not see.
//!
//! ```text
//! server       ledger -> limit -> fault -> authorisation -> handler
//! handlers     take requests apart, put answers together
//! transition   what a permitted request does to an execution (pure); machine: which statuses may follow which
//! state        the data: what the generator makes, and what was changed since
//! caused       what a change causes elsewhere: attributes of entities, notices to people
//! effect, log  each change and the execution after it, on disk before the answer
//! ```
//!
//! Served are all operations of both generations, the deprecated searches for v1 executions and steps, and the search for entities of another
//! service. Automations that have started end when a read looks at them after their time: most with success, some with a failure,
//! some never, and of some the task misses the end until a read heals it or it is reconciled. Beside the API, without a token:
//!
//! - `GET /_sandbox/ledger[?since=SEQ]`: every request and every effect, with the attributes of entities that its flow's rules wrote (`entity_writes`) and the
//!   people who were told of an assignment (`notices`).
//! - `POST /_sandbox/edit/{id}`: a JSON merge patch of an execution, or `{"task": id, "set": {…}}` (`phase`, `step`) of a
//!   part, as if somebody else had changed it.
//! - `DELETE /_sandbox/execution/{id}`: an execution is gone.

mod app;
mod auth;
mod caused;
mod compress;
mod effect;
mod error;
mod execution;
mod faults;
mod folder;
mod generate;
mod handlers;
mod large;
mod ledger;
mod log;
mod lucene;
mod machine;
mod options;
mod payloads;
mod refused;
mod reply;
mod server;
mod state;
mod transition;
mod wire;

use std::{io, path::Path, sync::Arc, time::SystemTime};

use tokio::net::TcpListener;

use crate::{
    app::App,
    folder::Folder,
    generate::{DataOrigin, Sizes},
    ledger::Ledger,
    log::EffectLog,
    state::SandboxState,
};
pub use crate::{
    error::SandboxError,
    faults::{FaultRule, Faults, FaultsError, Limit, Match, RequestFault, ScriptedStatus},
    ledger::body_hash,
    options::{FolderOptions, Options},
};

/// An entity that flows belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityRow {
    pub entity_id: String,
    pub entity_schema: String,
}

/// The API with its data.
#[derive(Debug)]
pub struct Sandbox {
    app: Arc<App>,
}

impl Sandbox {
    /// Opens the data folder at `dir`, or creates it.
    ///
    /// # Errors
    ///
    /// When another process uses the folder, when what is asked for differs from what its data were made with,
    /// and when a file can't be used.
    pub fn open(dir: &Path, wanted: FolderOptions) -> Result<Self, SandboxError> {
        let folder = Folder::open(dir, &wanted)?;
        let origin = DataOrigin {
            seed: folder.settings.seed,
            epoch: folder.settings.epoch,
        };
        let mut state = SandboxState::new(origin, folder.settings.executions);
        let last = folder.effects.iter().filter_map(|effect| effect.request);
        let mut ledger = Ledger::new(last.max().unwrap_or(0) + 1);
        for mut effect in folder.effects {
            state.restore(effect.seq, &effect.execution, effect.after.take());
            if let Ok(text) = serde_json::value::to_raw_value(&effect) {
                ledger.effect(effect.request, text);
            }
        }
        let log = EffectLog::new(folder.log, folder.lock).map_err(|source| SandboxError::File {
            action: "start the thread that writes",
            path: folder.log_path,
            source,
        })?;
        let app = App::new(
            state,
            ledger,
            Some(log),
            wanted.token,
            &wanted.faults,
            wanted.automations_take,
        );
        Ok(Self { app: Arc::new(app) })
    }

    /// A sandbox whose data are gone with it.
    pub fn in_memory(options: Options) -> Self {
        let origin = DataOrigin {
            seed: options.seed,
            epoch: options.epoch,
        };
        let state = SandboxState::new(origin, options.executions);
        let app = App::new(
            state,
            Ledger::new(1),
            None,
            options.token,
            &options.faults,
            options.automations_take,
        );
        Self { app: Arc::new(app) }
    }

    /// The API as a router, for serving inside the process. The ledger shows no remote addresses then.
    pub fn router(&self) -> axum::Router {
        server::router(Arc::clone(&self.app))
    }

    /// Serves the API until the future is dropped; all connections are closed then, and the data folder is
    /// freed when requests that have arrived have taken their course.
    ///
    /// # Errors
    ///
    /// When the listener can't accept connections any more.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        server::serve(self.app, listener).await
    }
}

/// When a folder's data were made; none when there are none, as after a [`reset`].
pub fn made_at(dir: &Path) -> Option<SystemTime> {
    folder::made_at(dir)
}

/// Removes a folder's data; false when there were none.
///
/// # Errors
///
/// When another process uses the folder, or a file can't be removed.
pub fn reset(dir: &Path) -> Result<bool, SandboxError> {
    folder::reset(dir)
}

/// The ids of a sandbox's v1 executions, in a stable order: those of a smaller sandbox come first.
pub fn legacy_executions(seed: u64, executions: u32) -> Vec<String> {
    (0..Sizes::new(executions).legacy)
        .map(|number| generate::legacy_id(seed, number))
        .collect()
}

/// The entities of a sandbox, in a stable order: those of a smaller sandbox come first.
pub fn entities(seed: u64, executions: u32) -> Vec<EntityRow> {
    (0..Sizes::new(executions).entities)
        .map(|number| EntityRow {
            entity_id: generate::entity_id(seed, number),
            entity_schema: generate::SCHEMA.to_owned(),
        })
        .collect()
}
