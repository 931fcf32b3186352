//! The errors of the state folder.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use super::{DeletedRun, RunId};
use crate::{
    checkpoint::CheckpointError,
    plan::PlanError,
    platform::{Exposure, HOME, cure_of},
    text::{Untrusted, shown_path},
};

/// Why the state folder can't be used as requested.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("can't {doing} {}", shown_path(path))]
    Io {
        doing: StoreStep,
        path: PathBuf,
        source: io::Error,
    },
    #[error(
        "{} is not what wf-bulk writes; restore it, or move its folder away",
        shown_path(path)
    )]
    Settings {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error(
        "{} is of version {found}, this wf-bulk reads version {}; use the wf-bulk that started the run",
        shown_path(path),
        super::settings::VERSION
    )]
    SettingsVersion { path: PathBuf, found: u32 },
    #[error("{} is about run {found}; was the folder renamed?", shown_path(path))]
    OtherRun { path: PathBuf, found: RunId },
    #[error(
        "the plan of the run, {}, can't be used; restore it, or move its folder away",
        shown_path(path)
    )]
    Plan { path: PathBuf, source: PlanError },
    #[error(
        "{} says {what} {}, and the plan beside it says {what} {}: one of them was changed after the run had begun; restore it, or move its folder away",
        shown_path(path),
        Untrusted(found).terminal(),
        Untrusted(planned).terminal()
    )]
    Differs {
        path: PathBuf,
        /// The setting that differs.
        what: &'static str,
        found: String,
        planned: String,
    },
    #[error(
        "{} holds the files of a run, and its name is not the id of a run; give it back its name",
        shown_path(path)
    )]
    Renamed { path: PathBuf },
    #[error("{}", exposed(path, run.as_deref(), exposure))]
    Exposed {
        path: PathBuf,
        /// The folder of the run, if it is of one.
        run: Option<PathBuf>,
        exposure: Exposure,
    },
    #[error("no run in {} starts with {prefix:?}", shown_path(runs))]
    NotFound { prefix: String, runs: PathBuf },
    #[error("{}", deleted(prefix, runs))]
    Deleted {
        prefix: String,
        /// At least one.
        runs: Vec<DeletedRun>,
    },
    #[error("{prefix:?} is the beginning of {} runs: {}; give more of the id", found.len(), join(found))]
    Ambiguous { prefix: String, found: Vec<RunId> },
    #[error("another process works on run {run}; wait for it to end")]
    RunLocked { run: RunId },
    #[error(
        "another run on this machine writes to {}{}, and two runs together would exceed the rate; \
         wait for it with --wait",
        Untrusted(server).terminal(),
        of_org(org.as_deref())
    )]
    ServerLocked { server: String, org: Option<String> },
    #[error(
        "there is no place for locks: neither XDG_STATE_HOME nor {HOME} is an absolute path; set one of them"
    )]
    NoLockHome,
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// The operation that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreStep {
    Create,
    Read,
    Write,
    Sync,
    Lock,
    /// Renaming a new run's folder.
    Rename,
    /// Copying the plan into the run's folder.
    Copy,
    Remove,
    /// Anything with an entry that is not a regular file.
    Use,
}

impl fmt::Display for StoreStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Write => "write",
            Self::Sync => "sync",
            Self::Lock => "lock",
            Self::Rename => "give its name to",
            Self::Copy => "copy the plan to",
            Self::Remove => "remove",
            Self::Use => "use",
        })
    }
}

/// Describes the operation and its path.
pub(super) fn io_error(
    doing: StoreStep,
    path: impl Into<PathBuf>,
) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.into();
    move |source| StoreError::Io {
        doing,
        path,
        source,
    }
}

fn join(runs: &[RunId]) -> String {
    let texts: Vec<_> = runs.iter().map(RunId::to_string).collect();
    texts.join(", ")
}

/// Says who may have written a file, and how to make it the user's own: for a run, its folder with all that is in it. A folder of runs may
/// hold other things, too.
fn exposed(path: &Path, run: Option<&Path>, exposure: &Exposure) -> String {
    let cure = cure_of(exposure, &shown_path(run.unwrap_or(path)), run.is_some());
    let path = shown_path(path);
    let check = "check that it is as wf-bulk left it, then run";
    match exposure {
        Exposure::Owner { owner, me } => format!(
            "{path} belongs to user {owner}, not to you (user {me}), so another user can change what is done; {check}: {cure}"
        ),
        Exposure::Writers { how } => format!(
            "{path} can be written by other users ({how}), so they can change what is done; {check}: {cure}"
        ),
    }
}

fn of_org(org: Option<&str>) -> String {
    org.map(|org| format!(" (organisation {org})"))
        .unwrap_or_default()
}

fn deleted(prefix: &str, runs: &[DeletedRun]) -> String {
    let ids: Vec<RunId> = runs.iter().map(|deleted| deleted.run).collect();
    if let [run] = &ids[..] {
        format!("run {run} was deleted with `prune`")
    } else {
        format!(
            "{prefix:?} is the beginning of {} runs that were deleted with `prune`: {}; give more of the id",
            ids.len(),
            join(&ids)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint;

    #[test]
    fn a_path_in_an_error_is_one_escaped_word() {
        let path = PathBuf::from("my \u{1b}runs");
        let io = || io::Error::other("x");
        let errors = [
            io_error(StoreStep::Read, &path)(io()),
            StoreError::SettingsVersion {
                path: path.clone(),
                found: 2,
            },
            StoreError::NotFound {
                prefix: "a".to_owned(),
                runs: path.clone(),
            },
            CheckpointError::Io {
                doing: checkpoint::CheckpointStep::Read,
                path: path.clone(),
                source: io(),
            }
            .into(),
            CheckpointError::Over { path, ending: "x" }.into(),
        ];
        for error in errors {
            let said = error.to_string();
            assert!(said.contains(r"$'my \033runs'"), "{said}");
        }
    }
}
