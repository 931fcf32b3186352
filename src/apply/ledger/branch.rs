//! The branch of a ledger: read whole, and changed by commits that are pushed without force.

use std::time::Duration;

use tempfile::TempDir;
use tokio::time::sleep;

use super::{
    LedgerError, LedgerRemote, LedgerRun,
    git::{GitEnded, git, is_object},
};

/// Each rejected push means that another machine has written its own entry, so that many at once need as many attempts.
const ATTEMPTS: u32 = 20;

/// Where the branch is kept in the temporary repository.
const FETCHED: &str = "refs/wf-bulk/ledger";

/// What `git ls-remote --exit-code` ends with if there is no such branch.
const NO_MATCH: i32 = 2;

/// A ledger, and a temporary repository for what is read and written.
#[derive(Debug)]
pub struct LedgerBranch {
    remote: LedgerRemote,
    scratch: TempDir,
}

/// The branch at a moment.
#[derive(Debug, Default)]
struct BranchState {
    /// The last commit; none if there is no such branch.
    tip: Option<String>,
    files: Vec<TreeFile>,
    runs: Vec<LedgerRun>,
}

/// A line of a tree, as git lists and takes it.
#[derive(Clone, Debug)]
struct TreeFile {
    mode: String,
    object: String,
    name: String,
}

impl LedgerBranch {
    /// Prepares the temporary repository. The ledger is not contacted.
    ///
    /// # Errors
    ///
    /// If there is no git, or no folder can be made.
    pub async fn open(remote: LedgerRemote) -> Result<Self, LedgerError> {
        let scratch = tempfile::Builder::new()
            .prefix("wf-bulk-ledger-")
            .tempdir()
            .map_err(LedgerError::Folder)?;
        let branch = Self { remote, scratch };
        let init = ["init", "--quiet", "--bare", "--template="];
        branch.git(&init, b"").await?.output()?;
        Ok(branch)
    }

    pub const fn remote(&self) -> &LedgerRemote {
        &self.remote
    }

    /// All runs, oldest first.
    ///
    /// # Errors
    ///
    /// If the ledger can't be read completely.
    pub async fn runs(&self) -> Result<Vec<LedgerRun>, LedgerError> {
        let mut runs = self.read().await?.runs;
        runs.sort_by_key(|run| run.run);
        Ok(runs)
    }

    /// Writes the file of the run that `decide` makes of all runs; none leaves the ledger as it is. If somebody else writes meanwhile, it
    /// decides again.
    ///
    /// # Errors
    ///
    /// The error of `decide`, with nothing written; and if the ledger can't be read or written.
    pub async fn update<E: From<LedgerError>>(
        &self,
        mut decide: impl FnMut(&[LedgerRun]) -> Result<Option<LedgerRun>, E>,
    ) -> Result<(), E> {
        let mut state = self.read().await?;
        for _ in 0..ATTEMPTS {
            let Some(run) = decide(&state.runs)? else {
                return Ok(());
            };
            let pushed = self.push(&state, &run).await?;
            if pushed.status.success() {
                return Ok(());
            }
            let found = self.read().await?;
            // No other machine was faster: the push is refused, and will be.
            if found.tip == state.tip {
                return Err(pushed.into_error().into());
            }
            state = found;
            // Those that were rejected together don't try together again.
            sleep(Duration::from_millis(fastrand::u64(0..500))).await;
        }
        Err(LedgerError::Busy(ATTEMPTS).into())
    }

    async fn git(&self, arguments: &[&str], input: &[u8]) -> Result<GitEnded, LedgerError> {
        git(
            self.scratch.path(),
            self.remote.protocols(),
            arguments,
            input,
        )
        .await
    }

    async fn read(&self) -> Result<BranchState, LedgerError> {
        let reference = self.remote.reference();
        let address = self.remote.address();
        let listed = ["ls-remote", "--exit-code", "--", address, &reference];
        let listed = self.git(&listed, b"").await?;
        if listed.status.code() == Some(NO_MATCH) {
            return Ok(BranchState::default());
        }
        listed.output()?;
        let refspec = format!("+{reference}:{FETCHED}");
        let fetch = [
            "fetch",
            "--quiet",
            "--depth=1",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--",
            address,
            &refspec,
        ];
        self.git(&fetch, b"").await?.output()?;
        let commit = format!("{FETCHED}^{{commit}}");
        let tip = ["rev-parse", "--verify", "--quiet", &commit];
        let tip = self.git(&tip, b"").await?.object()?;
        let files = self.git(&["ls-tree", "-z", &tip], b"").await?.output()?;
        let files = tree_files(&files)?;
        let runs = self.runs_in(&files).await?;
        Ok(BranchState {
            tip: Some(tip),
            files,
            runs,
        })
    }

    /// The runs in the files whose names end like those of runs. All of them can be read, or none is used.
    async fn runs_in(&self, files: &[TreeFile]) -> Result<Vec<LedgerRun>, LedgerError> {
        let files: Vec<&TreeFile> = files.iter().filter(|file| file.is_of_a_run()).collect();
        let asked: String = files
            .iter()
            .map(|file| file.object.clone() + "\n")
            .collect();
        let contents = self
            .git(&["cat-file", "--batch"], asked.as_bytes())
            .await?
            .output()?;
        let mut rest = &contents[..];
        let mut runs = Vec::new();
        for file in files {
            let (content, after) = first_blob(rest).ok_or_else(|| LedgerError::File {
                name: file.name.clone(),
                why: "git does not show it".to_owned(),
            })?;
            runs.push(LedgerRun::from_file(&file.name, content)?);
            rest = after;
        }
        Ok(runs)
    }

    /// Commits the file of a run on top of what was read, and pushes it: the branch must still be as it was read.
    async fn push(&self, state: &BranchState, run: &LedgerRun) -> Result<GitEnded, LedgerError> {
        let text = run.to_file()?;
        let object = self.git(&["hash-object", "-w", "--stdin"], &text).await?;
        let file = TreeFile {
            mode: "100644".to_owned(),
            object: object.object()?,
            name: run.file_name(),
        };
        let others = state.files.iter().filter(|other| other.name != file.name);
        let tree: Vec<u8> = others.chain([&file]).flat_map(TreeFile::line).collect();
        let tree = self.git(&["mktree", "-z"], &tree).await?.object()?;
        let how = run.end.as_ref().map_or("begun", |end| end.how.word());
        let message = format!("run {} is {how}", run.run);
        let mut commit = vec!["commit-tree", "-m", &message];
        if let Some(tip) = &state.tip {
            commit.extend(["-p", tip]);
        }
        commit.push(&tree);
        let commit = self.git(&commit, b"").await?.object()?;
        let refspec = format!("{commit}:{}", self.remote.reference());
        let push = [
            "push",
            "--quiet",
            "--no-verify",
            "--",
            self.remote.address(),
            &refspec,
        ];
        self.git(&push, b"").await
    }
}

impl TreeFile {
    fn is_of_a_run(&self) -> bool {
        self.name.strip_suffix(".json").is_some()
    }

    fn kind(&self) -> &'static str {
        match &*self.mode {
            "040000" => "tree",
            "160000" => "commit",
            _ => "blob",
        }
    }

    fn line(&self) -> Vec<u8> {
        format!(
            "{} {} {}\t{}\0",
            self.mode,
            self.kind(),
            self.object,
            self.name
        )
        .into_bytes()
    }
}

/// Reads `git ls-tree -z`.
fn tree_files(listed: &[u8]) -> Result<Vec<TreeFile>, LedgerError> {
    let file = |line: &[u8]| {
        // Another name than the one on the branch must not be written back.
        let line = str::from_utf8(line).unwrap_or_default();
        let parts = line.split_once('\t').and_then(|(before, name)| {
            let [mode, _, object] = *before.split(' ').collect::<Vec<_>>() else {
                return None;
            };
            (is_object(object) && mode.bytes().all(|byte| byte.is_ascii_digit())).then(|| {
                TreeFile {
                    mode: mode.to_owned(),
                    object: object.to_owned(),
                    name: name.to_owned(),
                }
            })
        });
        parts.ok_or_else(|| LedgerError::Answer(line.to_owned()))
    };
    let lines = listed
        .split(|&byte| byte == 0)
        .filter(|line| !line.is_empty());
    lines.map(file).collect()
}

/// The first answer of `git cat-file --batch`, and what follows it. None if it is no file.
fn first_blob(answers: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = answers.iter().position(|&byte| byte == b'\n')?;
    let first = str::from_utf8(answers.get(..end)?).ok()?;
    let [_, "blob", size] = *first.split(' ').collect::<Vec<_>>() else {
        return None;
    };
    let rest = answers.get(end + 1..)?;
    let (content, rest) = rest.split_at_checked(size.parse().ok()?)?;
    Some((content, rest.strip_prefix(b"\n")?))
}
