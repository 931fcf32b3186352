//! What is in the way of a new run is found, or waited for, before the first request.

use jiff::Timestamp;
use serde_json::json;

use super::{
    backend::Backend,
    earlier::Candidate,
    launch::{lock_server, refused, wait_for},
    planning::{Moment, origin},
    signals::aside,
    terminal::say,
};
use crate::{
    cli::{Common, Run},
    digest,
    error::Error,
    plan::{Circumstances, Header, Refusal, earlier_refusals},
    planning::header,
    playbook::Playbook,
    store::{StateDir, Wait},
    text::Untrusted,
};

/// Looks at earlier runs and at the server's lock; with `--wait`, waits for them. Both are looked at again before the first
/// write: time passes.
pub(super) async fn in_the_way(
    common: &Common,
    args: &Run,
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
    args: &Run,
    playbook: &Playbook,
    backend: &Backend,
    moment: Moment,
) -> Result<(), Error> {
    let state_dir = StateDir::new(common.state_dir.clone());
    let wait = args.pacing.lock_wait();
    let header = header(playbook, &origin(backend, moment), backend.org.clone());
    loop {
        match (refusal(&state_dir, &header, args)?, wait) {
            (None, _) => {}
            (Some(Refusal::Running { run }), Wait::UntilFree) => {
                wait_for(&state_dir, &run).await?;
                continue;
            }
            (Some(refusal), Wait::Refuse | Wait::UntilFree) => {
                return Err(refused(common, &refusal));
            }
        }
        let (server, org) = (header.server.clone(), header.org.clone());
        let is_held = lock_server(&server, org.as_deref(), Wait::Refuse).is_err();
        if is_held && wait == Wait::UntilFree {
            say(|out| {
                writeln!(
                    out,
                    "another run on this machine writes to {}; waiting for it to end",
                    Untrusted(&server).terminal()
                )
            });
        }
        drop(aside(move || lock_server(&server, org.as_deref(), wait)).await?);
        // Somebody else may have begun the same while the lock was waited for.
        if wait == Wait::Refuse || refusal(&state_dir, &header, args)?.is_none() {
            return Ok(());
        }
    }
}

fn refusal(state_dir: &StateDir, header: &Header, args: &Run) -> Result<Option<Refusal>, Error> {
    let candidate = Candidate {
        header,
        // There is no plan yet, so that no run has applied it.
        sha256: "",
        vars_sha256: &digest::sha256(json!(header.vars).to_string()),
        org: header.org.as_deref(),
        again: args.applying.again,
    };
    let here = Circumstances {
        server: header.server.clone(),
        org: header.org.clone(),
        now: Timestamp::now(),
        max_age: None,
        sha256: String::new(),
        approved: None,
        again: args.applying.again,
        earlier: candidate.earlier_runs(state_dir)?,
    };
    Ok(earlier_refusals(header, &here).into_iter().next())
}
