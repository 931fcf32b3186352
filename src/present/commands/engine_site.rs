//! The engine of `--engine`: what a new run asks of it.

use std::sync::Once;

use super::{
    backend::SANDBOX,
    engine_access::engine_credentials,
    engine_run::failed,
    team_ledger::{entry_of, outcomes_of},
    terminal::say,
};
use crate::{
    cli::{Common, EngineAccess, EngineArgs, EngineFlags},
    engine::{EngineAddress, EngineLink, TeamListing, TeamRun, TeamStanding},
    error::Error,
    ledger::{LedgerEnd, LedgerEnding, LedgerRun, LedgerSession},
    text::{Untrusted, count},
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
        // The list is read more than once.
        static TOLD: Once = Once::new();
        let failed = |error| failed(error).hint("nothing was changed");
        let listing = self.link.team_runs().await.map_err(failed)?;
        listing.expect_read().map_err(failed)?;
        TOLD.call_once(|| {
            say_unread(
                &listing,
                ", so it is not known whether one of them has stopped and can be resumed",
            );
        });
        Ok(listing.runs.iter().map(entry).collect())
    }
}

/// Warns of the runs that this process can't read, with what follows from that.
pub(super) fn say_unread(listing: &TeamListing, consequence: &str) {
    let Some(first) = listing.unread.first() else {
        return;
    };
    let runs = count(listing.unread.len() as u64, "run", "runs");
    let reason = Untrusted(&first.reason);
    let reason = reason.terminal();
    say(|out| {
        writeln!(
            out,
            "warning: {runs} at the engine can't be read{consequence}: {reason}"
        )
    });
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
    let name = address.to_string();
    let link = EngineLink::connect(address, credentials).await;
    link.map_err(|error| {
        failed(error).hint(format!(
            "its address is {}, from --engine or WF_BULK_ENGINE",
            Untrusted(&name).terminal()
        ))
    })
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
