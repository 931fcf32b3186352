//! From a playbook to a plan file: drives the selection and the builder, as a stream.

use std::io::{self, Write};

use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::{
    action::Close,
    api::Generation,
    client::Client,
    json,
    plan::{
        Builder, Header, Item, PlanError, PlaybookRef, Rejection, Trailer, VERSION, Writer,
        target_of,
    },
    playbook::Playbook,
    selection::{
        Chooser, Chosen, Execution, Look, Part, ScanError, ScanProgress, Scanned,
        read_closing_reasons, scan,
    },
};

/// What a plan says of where and when it was made.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The origin of the server, or `sandbox`.
    pub server: String,
    pub now: Timestamp,
    /// The tool and its version.
    pub tool: String,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanningError {
    #[error(transparent)]
    Scan(#[from] ScanError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error("what was read can't be put aside on disk: {0}")]
    Disk(#[from] io::Error),
}

/// One execution with its targets, ready to be planned.
enum Ready {
    Planned {
        execution: Execution,
        chosen: Chosen,
    },
    Rejected {
        execution: Execution,
        reason: String,
    },
}

/// Selects, plans and writes the plan; gives its trailer and the SHA-256 of the whole file.
///
/// # Errors
///
/// When the selection can't be completed or `out` not be written; what was written then is no plan.
pub async fn plan(
    client: &Client,
    playbook: &Playbook,
    origin: &Origin,
    out: impl Write,
    progress: impl FnMut(ScanProgress),
) -> Result<(Trailer, String), PlanningError> {
    let mut scanned = scan(client, playbook, progress).await?;
    let mut writer = Writer::new(out, &header(playbook, origin, &scanned))?;
    while let Some(row) = scanned.rejected.next() {
        let (row, reason) = row?;
        let reason: String = serde_json::from_str(&reason).map_err(io::Error::from)?;
        let row = row.parse().map_err(io::Error::other)?;
        writer.item(&Item::Rejected(Rejection {
            target: None,
            row: Some(row),
            reason,
        }))?;
    }

    let builder = Builder::new(playbook);
    let mut chooser = Chooser::new(playbook);
    let needs_reasons = playbook
        .actions
        .iter()
        .any(|entry| entry.action.needs_closing_reasons());
    let concurrency = playbook.pace.concurrency.get() as usize;
    let looks = scanned
        .by_ref()
        .map(|look| Ok::<_, PlanningError>(choose(&mut chooser, look?)));
    let mut ready = stream::iter(looks)
        .map_ok(|ready| with_closing_reasons(client, needs_reasons, ready))
        .map(|ready| async { Ok::<_, PlanningError>(ready?.await?) })
        .buffered(concurrency);
    while let Some(ready) = ready.try_next().await? {
        for item in items(&builder, &ready) {
            writer.item(&item)?;
        }
    }
    drop(ready);
    let (_, trailer, sha256) = writer.finish(scanned.executions())?;
    Ok((trailer, sha256))
}

fn header(playbook: &Playbook, origin: &Origin, scanned: &Scanned) -> Header {
    Header {
        wf_bulk_plan: VERSION,
        playbook: PlaybookRef {
            name: playbook.name.clone(),
            sha256: playbook.sha256.clone(),
            converges: playbook
                .actions
                .iter()
                .all(|entry| entry.action.converges()),
            repeatable: playbook.repeatable,
        },
        vars: playbook.vars.clone().into_iter().collect(),
        server: origin.server.clone(),
        org: scanned.org.clone(),
        now: origin.now,
        timezone: playbook.zone.iana_name().unwrap_or("UTC").to_owned(),
        pace: playbook.pace,
        guards: playbook.guards.clone(),
        tool: origin.tool.clone(),
    }
}

fn choose(chooser: &mut Chooser<'_>, look: Look) -> Ready {
    match look {
        Look::Rejected { execution, reason } => Ready::Rejected { execution, reason },
        Look::Kept(execution) => Ready::Planned {
            chosen: chooser.choose(&execution),
            execution,
        },
    }
}

/// Adds the closing reasons to a v1 row that lacks them, when an action will choose among them.
async fn with_closing_reasons(
    client: &Client,
    needed: bool,
    mut ready: Ready,
) -> Result<Ready, ScanError> {
    if let Ready::Planned { execution, chosen } = &mut ready {
        let path = Close::configured_path(execution.generation);
        let lacks = json::get(&execution.data, path).is_none();
        if needed && lacks && !chosen.parts.is_empty() && execution.generation == Generation::V1 {
            let reasons = read_closing_reasons(client, execution).await?;
            execution.change(&Part::Execution, path, reasons);
        }
    }
    Ok(ready)
}

fn items(builder: &Builder<'_>, ready: &Ready) -> Vec<Item> {
    let rejection = |execution: &Execution, part: &Part, reason: &str| {
        let target = target_of(execution, part).or_else(|| target_of(execution, &Part::Execution));
        Item::Rejected(Rejection {
            target,
            row: None,
            reason: reason.to_owned(),
        })
    };
    match ready {
        Ready::Rejected { execution, reason } => {
            vec![rejection(execution, &Part::Execution, reason)]
        }
        Ready::Planned { execution, chosen } => {
            let rejected = chosen
                .rejected
                .iter()
                .map(|(part, reason)| rejection(execution, part, reason));
            let planned = if chosen.parts.is_empty() {
                Vec::new()
            } else {
                builder.group(execution, &chosen.parts)
            };
            rejected.chain(planned).collect()
        }
    }
}
