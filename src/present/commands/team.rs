//! What a team shares: the ledger of its runs (`--ledger`), or the engine that makes them (`--engine`).

#[cfg(feature = "temporal")]
use super::engine_site::EngineSite;
use super::{earlier::RunsElsewhere, team_ledger::TeamLedger};
use crate::{
    cli::{Common, EngineFlags},
    error::Error,
    ledger::LedgerRun,
    plan::RunKeeper,
};

/// Who else has to know of a new run. There is a ledger or an engine, or neither.
#[derive(Debug)]
pub(super) struct Team {
    pub(super) ledger: Option<TeamLedger>,
    #[cfg(feature = "temporal")]
    pub(super) engine: Option<EngineSite>,
}

/// The runs of a team.
#[derive(Debug)]
pub(super) struct TeamsRuns {
    by: RunKeeper,
    runs: Vec<LedgerRun>,
}

impl Team {
    /// Nobody else.
    pub(super) const NONE: Self = Self {
        ledger: None,
        #[cfg(feature = "temporal")]
        engine: None,
    };

    /// That of a run on a server.
    pub(super) async fn open(
        common: &Common,
        ledger: Option<&str>,
        at: &EngineFlags,
        server: &str,
    ) -> Result<Self, Error> {
        #[cfg(not(feature = "temporal"))]
        let _ = (common, at);
        Ok(Self {
            #[cfg(feature = "temporal")]
            engine: Box::pin(EngineSite::open(common, at, server)).await?,
            ledger: TeamLedger::open(ledger, server).await?,
        })
    }

    /// Whether an engine keeps the rate of the organisation for all its runs. Then this machine need not keep them apart.
    #[cfg_attr(
        not(feature = "temporal"),
        expect(clippy::unused_self, reason = "only an engine keeps a rate")
    )]
    pub(super) const fn shares_rate(&self) -> bool {
        #[cfg(feature = "temporal")]
        return self.engine.is_some();
        #[cfg(not(feature = "temporal"))]
        false
    }

    /// Its runs, oldest first.
    pub(super) async fn runs(&self) -> Result<TeamsRuns, Error> {
        #[cfg(feature = "temporal")]
        if let Some(engine) = &self.engine {
            return Ok(TeamsRuns {
                by: RunKeeper::Engine,
                runs: Box::pin(engine.runs()).await?,
            });
        }
        let runs = match &self.ledger {
            Some(ledger) => ledger.runs().await?,
            None => Vec::new(),
        };
        Ok(TeamsRuns {
            by: RunKeeper::Ledger,
            runs,
        })
    }
}

impl TeamsRuns {
    /// The last sessions of those that have the plan.
    #[cfg(feature = "temporal")]
    pub(super) fn sessions_of(&self, sha256: &str) -> Vec<String> {
        let runs = self.runs.iter().filter(|run| run.plan_sha256 == sha256);
        runs.map(|run| run.session.id.clone()).collect()
    }

    pub(super) fn elsewhere(&self) -> RunsElsewhere<'_> {
        RunsElsewhere {
            by: self.by,
            runs: &self.runs,
        }
    }
}
