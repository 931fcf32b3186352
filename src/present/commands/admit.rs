//! Waits for runs that conflict with a new run, or refuses it.

use std::{env, path::PathBuf};

use super::{
    backend::{SANDBOX, Server, lock_label},
    runs::store_error,
    signals::aside,
    terminal::say,
};
use crate::{
    cli::Common,
    error::{Error, ErrorKind},
    plan::{PlanHeader, Refusal, elsewhere},
    platform::HOME,
    store::{Lock, LockHome, RunFolder, StateDir, StoreError, Wait},
    text::Untrusted,
};

/// Whether a new run may begin.
#[derive(Debug)]
pub(super) struct Admission<'a, J> {
    pub(super) common: &'a Common,
    pub(super) state_dir: &'a StateDir,
    pub(super) wait: Wait,
    /// Returns why the run may not begin now, if there is a reason.
    pub(super) judge: J,
}

impl<J: Fn() -> Result<Option<Refusal>, Error>> Admission<'_, J> {
    /// Returns when only the lock of the server may still be held. With `--wait`, waits for a run of the same plan or playbook.
    pub(super) async fn granted(&self) -> Result<(), Error> {
        loop {
            match ((self.judge)()?, self.wait) {
                (None, _) => return Ok(()),
                (Some(Refusal::Running { run }), Wait::UntilFree) => self.wait_for(&run).await?,
                (Some(refusal), Wait::Refuse | Wait::UntilFree) => {
                    return Err(refused(self.common, &refusal));
                }
            }
        }
    }

    /// As [`granted`](Self::granted), with the lock of the server.
    pub(super) async fn locked(&self, server: &str, org: Option<&str>) -> Result<Lock, Error> {
        loop {
            self.granted().await?;
            let lock = lock_server(self.common, server, org, self.wait).await?;
            // Another process may have started the same run while this one waited for the lock.
            match (self.judge)()? {
                None => return Ok(lock),
                // A resume of that run waits for this lock.
                Some(Refusal::Running { .. }) if self.wait == Wait::UntilFree => drop(lock),
                Some(refusal) => return Err(refused(self.common, &refusal)),
            }
        }
    }

    /// Waits until no process works on a run.
    async fn wait_for(&self, run: &str) -> Result<(), Error> {
        say(|out| {
            writeln!(
                out,
                "run {run} of the same playbook and variables is running now; waiting for it to end"
            )
        });
        let folder = self.state_dir.find(run).map_err(store_error)?;
        aside(move || folder.wait_until_free().map_err(store_error)).await
    }
}

/// Waits for a run on the same sandbox data, or returns an error: only one process can open them.
pub(super) async fn wait_for_sandbox(
    common: &Common,
    server: &Server,
    wait: Wait,
) -> Result<(), Error> {
    match server {
        Server::At(_) => Ok(()),
        Server::Sandbox => lock_server(common, SANDBOX, None, wait).await.map(drop),
    }
}

/// Takes the lock of the server and organisation: no other process on this machine writes there. Prints a message before it waits.
pub(super) async fn lock_server(
    common: &Common,
    server: &str,
    org: Option<&str>,
    wait: Wait,
) -> Result<Lock, Error> {
    let variable = |name| env::var_os(name).map(PathBuf::from);
    let home = LockHome::from_environment(variable("XDG_STATE_HOME"), variable(HOME))
        .map_err(store_error)?;
    let server = lock_label(common, server);
    match home.lock_server(&server, org, Wait::Refuse) {
        Err(StoreError::ServerLocked { .. }) if wait == Wait::UntilFree => {}
        locked => return locked.map_err(store_error),
    }
    say(|out| {
        writeln!(
            out,
            "another run on this machine writes to {}; waiting for it to end",
            Untrusted(&server).terminal()
        )
    });
    let org = org.map(str::to_owned);
    let locks = move || home.lock_server(&server, org.as_deref(), wait);
    aside(move || locks().map_err(store_error)).await
}

/// Takes the lock of a run: no other process works on it. Prints a message before it waits.
pub(super) async fn lock_run(folder: &RunFolder, wait: Wait) -> Result<Lock, Error> {
    match folder.lock(Wait::Refuse) {
        Err(StoreError::RunLocked { run }) if wait == Wait::UntilFree => say(|out| {
            writeln!(
                out,
                "another process works on run {run}; waiting for it to end"
            )
        }),
        Err(error @ StoreError::RunLocked { .. }) => {
            return Err(store_error(error).hint("or wait here with --wait"));
        }
        locked => return locked.map_err(store_error),
    }
    let folder = folder.clone();
    aside(move || folder.lock(wait).map_err(store_error)).await
}

/// Refuses a plan for another server before a token is looked for: a plan for the sandbox needs none.
pub(super) fn refuse_elsewhere(
    common: &Common,
    header: &PlanHeader,
    server: &Server,
) -> Result<(), Error> {
    match elsewhere(header, &server.label()) {
        Some(refusal) => Err(refused(common, &refusal)),
        None => Ok(()),
    }
}

/// The error of a command that may not go on.
pub(super) fn refused(common: &Common, refusal: &Refusal) -> Error {
    let kind = match refusal {
        Refusal::NotApproved { .. }
        | Refusal::Server { .. }
        | Refusal::Organisation { .. }
        | Refusal::Running { .. }
        | Refusal::Unfinished { .. }
        | Refusal::Applied { .. }
        | Refusal::Repeated { .. } => ErrorKind::Failed,
        Refusal::Stale { .. } | Refusal::FromTheFuture { .. } => ErrorKind::Stale,
        Refusal::Rejected { .. } => ErrorKind::Rejected,
        Refusal::Guard { .. } | Refusal::MaxChanges { .. } => ErrorKind::Guard,
    };
    refusal
        .cures(&common.invocation)
        .into_iter()
        .fold(Error::new(kind, refusal.to_string()), Error::hint)
        .hint("nothing was changed")
}
