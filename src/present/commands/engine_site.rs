//! The engine of `--engine`: what a new run asks of it.

use super::{
    backend::SANDBOX,
    engine_access::engine_credentials,
    engine_run::failed,
    team_ledger::{entry_of, outcomes_of},
    terminal::say,
};
use crate::{
    cli::{Common, EngineAccess, EngineArgs, EngineFlags},
    engine::{EngineAddress, EngineLink, TeamRun, TeamStanding},
    error::Error,
    ledger::{LedgerEnd, LedgerEnding, LedgerRun, LedgerSession},
};

/// An engine that was reached, for the runs of one server.
#[derive(Debug)]
pub(super) struct EngineSite {
    pub(super) link: EngineLink,
    /// Whether this process only uploads.
    pub(super) detach: bool,
}

impl EngineSite {
    /// The engine for a run on a server; none without `--engine`. The default of the environment is not meant for the sandbox, whose data no
    /// other process has.
    pub(super) async fn open(
        common: &Common,
        at: &EngineFlags,
        server: &str,
    ) -> Result<Option<Self>, Error> {
        if at.place.address().is_none() {
            return Ok(None);
        }
        if server == SANDBOX && !common.engine_is_typed && !at.detach {
            say(|out| {
                writeln!(
                    out,
                    "runs on the built-in sandbox are made here, and not at the engine"
                )
            });
            return Ok(None);
        }
        let link = connect(&at.place, server).await?;
        Ok(link.map(|link| Self {
            link,
            detach: at.detach,
        }))
    }

    /// The runs that it has, oldest first.
    pub(super) async fn runs(&self) -> Result<Vec<LedgerRun>, Error> {
        let runs = self.link.team_runs().await;
        let runs = runs.map_err(|error| failed(error).hint("nothing was changed"))?;
        Ok(runs.iter().map(entry).collect())
    }
}

/// Connects to the engine that the flags or the environment name; none if they name none.
pub(super) async fn connect(place: &EngineArgs, server: &str) -> Result<Option<EngineLink>, Error> {
    match place.address() {
        None => Ok(None),
        Some(address) => connect_at(address, &place.access, server).await.map(Some),
    }
}

/// Connects to the engine at an address, for the runs on a server.
pub(super) async fn connect_at(
    address: &str,
    access: &EngineAccess,
    server: &str,
) -> Result<EngineLink, Error> {
    if server == SANDBOX {
        return Err(Error::usage(
            "the built-in sandbox is in this process alone, so no other worker can reach it",
        )
        .hint("serve one with `wf-bulk sandbox`, and use it with --server")
        .hint("or make the run here: leave --engine out"));
    }
    let address = address.parse::<EngineAddress>();
    let address =
        address.map_err(|error| Error::usage("the engine can't be used").caused_by(error))?;
    let credentials = engine_credentials(access)?;
    let link = EngineLink::connect(address, credentials).await;
    link.map_err(failed)
}

/// What the ledger would have of a run.
fn entry(run: &TeamRun) -> LedgerRun {
    let (how, at, host) = match &run.standing {
        TeamStanding::Running | TeamStanding::Stopped(_) | TeamStanding::Cut => (None, None, None),
        TeamStanding::Finished { at } => (Some(LedgerEnding::Finished), Some(*at), None),
        TeamStanding::Abandoned(abandoned) => (
            Some(LedgerEnding::Abandoned),
            Some(abandoned.at),
            Some(abandoned.host.clone()),
        ),
    };
    let end = how.zip(at).map(|(how, at)| LedgerEnd {
        how,
        at,
        host: host.unwrap_or_default(),
        outcomes: outcomes_of(&run.counts),
        exit_code: None,
    });
    let session = LedgerSession {
        id: run.execution.clone(),
        host: String::new(),
        at: run.settings.started_at,
    };
    entry_of(&run.settings, (run.follows, run.changes), session, end)
}
