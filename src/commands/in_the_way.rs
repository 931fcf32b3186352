//! What is in the way of a new run is found, or waited for, before the first request.

use super::{
    admit::Admission,
    backend::Backend,
    earlier::Candidate,
    planning::{Moment, origin},
};
use crate::{
    cli::{Common, RunArgs},
    error::Error,
    plan::earlier_refusals,
    planning::header,
    playbook::Playbook,
    store::StateDir,
};

/// Looks at earlier runs and at the server's lock; with `--wait`, waits for them. Both are looked at again before the first
/// write: time passes.
pub(super) async fn in_the_way(
    common: &Common,
    args: &RunArgs,
    playbook: &Playbook,
    backend: &Backend,
    moment: Moment,
) -> Result<(), Error> {
    let looked = look(common, args, playbook, backend, moment).await;
    match &backend.org {
        Some(_) => looked,
        // What names no organisation may be of this one.
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
) -> Result<(), Error> {
    let state_dir = StateDir::new(common.state_dir.clone());
    let header = header(playbook, &origin(backend, moment), backend.org.clone());
    let candidate = Candidate {
        header: &header,
        // There is no plan yet, so that no run has applied it.
        sha256: "",
        org: header.org.as_deref(),
        again: args.applying.again,
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
    admission
        .locked(&header.server, header.org.as_deref())
        .await
        .map(drop)
}
