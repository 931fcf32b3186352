//! Who starts a run, on which machine, and from which commit: asked of the system's own tools.

use std::{env, path::Path, process::Stdio, time::Duration};

use tokio::{io::AsyncReadExt as _, process::Command, time::timeout};

use crate::{
    cli::RecordArgs,
    platform::{HOST, USER, user_id},
    store::{GitState, Operator, PlannedFrom},
};

/// Reading the work tree of a large repository takes a second or so. What takes longer is left out: a run does not wait for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// More than a thousand changed files, of which one is enough.
const MOST: u64 = 64 * 1024;

/// A program of the system, and what it needs of the environment; the token is not among that.
const ENVIRONMENT: [&str; 5] = [
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "SystemRoot",
    "USERPROFILE",
];

/// The state of a work tree, in one process that writes nothing and runs no hook.
const GIT: [&str; 9] = [
    "--no-optional-locks",
    "-c",
    "core.fsmonitor=false",
    "status",
    "--porcelain=v2",
    "--branch",
    "--untracked-files=normal",
    "--",
    ".",
];

/// Who starts a run. `from`: where its playbook is, if that is known.
pub(super) async fn operator(from: Option<&PlannedFrom>, record: &RecordArgs) -> Operator {
    let git = async {
        let from = from?;
        let playbook = Path::new(&from.folder).join(from.playbook.as_ref()?);
        let folder = playbook.parent()?;
        git_state(&said("git", &GIT, folder).await?)
    };
    let (user, host, git) = tokio::join!(said(USER.0, USER.1, Path::new("/")), host(), git);
    Operator {
        user: user.map_or_else(user_id, |user| first_line(&user)),
        host,
        actor: record.actor.clone(),
        approver: record.approved_by.clone(),
        link: record.link.clone(),
        git,
    }
}

/// The name of this machine.
pub(super) async fn host() -> String {
    let host = said(HOST.0, HOST.1, Path::new("/")).await;
    host.map_or_else(|| "an unknown host".to_owned(), |text| first_line(&text))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// What a program prints; none if there is no such program, or it fails or takes too long.
async fn said(program: &str, arguments: &[&str], folder: &Path) -> Option<String> {
    let kept = ENVIRONMENT.map(|name| Some((name, env::var_os(name)?)));
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(kept.into_iter().flatten())
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    let stdout = child.stdout.take()?;
    let read = async {
        let mut text = Vec::new();
        stdout.take(MOST).read_to_end(&mut text).await.ok()?;
        // The end of a longer text is not read, so that its program can't finish.
        if text.len() < usize::try_from(MOST).ok()? {
            child.wait().await.ok()?.success().then_some(())?;
        }
        Some(text)
    };
    let text = timeout(PATIENCE, read).await.ok()??;
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// Reads `git status --porcelain=v2 --branch`. None before the first commit.
fn git_state(text: &str) -> Option<GitState> {
    let commit = text
        .lines()
        .find_map(|line| line.strip_prefix("# branch.oid "))
        .filter(|commit| {
            commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit())
        })?;
    Some(GitState {
        commit: commit.to_owned(),
        dirty: text.lines().any(|line| !line.starts_with('#')),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_work_tree_has_a_commit_and_is_dirty_if_a_line_names_a_file() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let head = format!("# branch.oid {commit}\n# branch.head main\n");
        let state = |dirty| {
            Some(GitState {
                commit: commit.to_owned(),
                dirty,
            })
        };
        for (text, expected) in [
            (head.clone(), state(false)),
            (format!("{head}? new.yaml\n"), state(true)),
            (
                format!("{head}1 .M N... 100644 100644 100644 a b p.yaml\n"),
                state(true),
            ),
            (
                "# branch.oid (initial)\n# branch.head main\n".to_owned(),
                None,
            ),
            (String::new(), None),
        ] {
            assert_eq!(git_state(&text), expected, "{text}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_that_fails_says_nothing_and_one_that_says_too_much_is_cut() {
        let here = Path::new("/");
        assert_eq!(said("/no/such/program", &[], here).await, None);
        assert_eq!(said("sh", &["-c", "echo x; exit 1"], here).await, None);
        assert_eq!(said("echo", &["x"], here).await.as_deref(), Some("x\n"));
        let long = said(
            "sh",
            &[
                "-c",
                "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done",
            ],
            here,
        );
        assert_eq!(long.await.unwrap().len() as u64, MOST);
    }

    #[tokio::test]
    async fn whoever_starts_a_run_has_a_name_and_a_machine() {
        let record = RecordArgs {
            approved_by: Some("Eva".into()),
            ..RecordArgs::default()
        };
        let operator = operator(None, &record).await;
        assert!(!operator.user.is_empty() && !operator.host.is_empty());
        assert_eq!(
            (operator.approver.as_deref(), operator.git),
            (Some("Eva"), None)
        );
    }
}
