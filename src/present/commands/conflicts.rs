//! Finds runs that conflict with a new run, or waits for them, before the first request.

use super::{
    admit::Admission,
    backend::Backend,
    earlier::{Candidate, RunsElsewhere},
    planning::{Moment, origin},
    runs::readable,
};
use crate::{
    cli::{Common, RunArgs},
    error::Error,
    plan::{RunKeeper, earlier_refusals},
    planning::header,
    playbook::Playbook,
    store::StateDir,
};

/// Checks earlier runs, also those of the team (`elsewhere`), and the server's lock; with `--wait`, waits for them. Both are checked again before the first write, since they may
/// change until then.
pub(super) async fn refuse_conflicts(
    common: &Common,
    args: &RunArgs,
    playbook: &Playbook,
    backend: &Backend,
    moment: Moment,
    elsewhere: RunsElsewhere<'_>,
) -> Result<(), Error> {
    // No flag helps where an earlier run can't be read.
    readable(&StateDir::new(common.state_dir.clone()))?;
    let looked = look(common, args, playbook, backend, moment, elsewhere).await;
    match &backend.org {
        Some(_) => looked,
        // A run without an organisation may be in this one.
        None => looked.map_err(|error| {
            error.hint("before planning, the organisation is known only from --org or a profile; if this run is for another organisation, add --org ID")
        }),
    }
}

async fn look(
    common: &Common,
    args: &RunArgs,
    playbook: &Playbook,
    backend: &Backend,
    moment: Moment,
    elsewhere: RunsElsewhere<'_>,
) -> Result<(), Error> {
    let state_dir = StateDir::new(common.state_dir.clone());
    let header = header(playbook, &origin(backend, moment), backend.org.clone());
    let candidate = Candidate {
        header: &header,
        // There is no plan yet, so no run can have applied it.
        sha256: "",
        org: header.org.as_deref(),
        again: args.applying.again,
        elsewhere,
    };
    let judge = || {
        let here = candidate.circumstances(&state_dir)?;
        Ok(earlier_refusals(&header, &here).into_iter().next())
    };
    let admission = Admission {
        common,
        state_dir: &state_dir,
        wait: args.pacing.lock_wait(),
        judge,
    };
    if elsewhere.by == RunKeeper::Engine {
        return admission.granted().await;
    }
    admission
        .locked(&header.server, header.org.as_deref())
        .await
        .map(drop)
}
