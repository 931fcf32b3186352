//! A repository on a platform, and its jobs, which run as their YAML says.

use std::{
    fs::{self, File},
    os::unix::{
        fs::{PermissionsExt as _, symlink},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};

use super::{
    azure::default_votes,
    server::serve,
    state::{BO, MERGE, Platform, PlatformState, Remark, SeenJob, TOKEN},
    steps::Step,
};
use crate::{
    environment::{BINARY, Ended, copy_folder},
    workflow::Desk,
};

pub(crate) struct Hosted {
    pub(crate) platform: Platform,
    pub(crate) desk: Desk,
    state: Arc<Mutex<PlatformState>>,
}

/// Puts a script into the PATH of the jobs, in the place of a program.
pub(crate) fn program(desk: &Desk, name: &str, script: &str) {
    let file = desk.environment.file(&format!("bin/{name}"), script);
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

impl Hosted {
    pub(crate) fn new(platform: Platform, pace: &str) -> Self {
        let desk = Desk::new(pace);
        for folder in ["shared", platform.folder()] {
            let source = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("docs/ci")
                .join(folder);
            copy_folder(&source, &desk.path().join("wf-bulk"));
        }
        // The cache has it.
        fs::create_dir_all(desk.path().join(".wf-bulk-program/bin")).unwrap();
        symlink(BINARY, desk.path().join(".wf-bulk-program/bin/wf-bulk")).unwrap();
        // Nobody waits.
        program(&desk, "sleep", "#!/bin/sh\n");
        let state = Arc::new(Mutex::new(PlatformState {
            platform,
            url: String::new(),
            store: String::new(),
            artifacts: desk.path().join("artifacts"),
            title: "Ann leaves ` @all".to_owned(),
            remarks: Vec::new(),
            head: String::new(),
            is_fork: false,
            is_squashed: false,
            late: 0,
            votes: default_votes(),
            jobs: Vec::new(),
            has_token: true,
            requests: Vec::new(),
            elsewhere: None,
            failing: None,
            rival: None,
            merged_results: None,
            other_pipelines: 0,
            ledger: None,
        }));
        serve(&state);
        Self {
            platform,
            desk,
            state,
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, PlatformState> {
        self.state.lock().unwrap()
    }

    /// Pushes a request whose commit changes nothing but these files.
    pub(crate) fn push(&self, changed: &[&str]) {
        let git = |arguments: &[&str]| {
            let identity = ["-c", "user.name=a", "-c", "user.email=a@localhost"];
            let output = self
                .desk
                .program("git")
                .args(identity)
                .args(arguments)
                .output()
                .unwrap();
            assert!(output.status.success(), "git {arguments:?}: {output:?}");
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        drop(fs::remove_dir_all(self.desk.path().join(".git")));
        git(&["init", "--quiet"]);
        git(&["add", "playbooks", "wf-bulk"]);
        for file in changed {
            git(&["rm", "--quiet", "--cached", "--ignore-unmatch", file]);
        }
        git(&["commit", "--quiet", "--allow-empty", "--message", "base"]);
        git(&["add", "playbooks", "wf-bulk"]);
        git(&["commit", "--quiet", "--allow-empty", "--message", "change"]);
        self.state().head = git(&["rev-parse", "HEAD"]);
    }

    pub(super) fn commit(&self, name: &str) -> String {
        let output = self
            .desk
            .program("git")
            .args(["rev-parse", name])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The bodies of the comments.
    pub(crate) fn comments(&self) -> Vec<String> {
        self.state()
            .remarks
            .iter()
            .map(|remark| remark.body.clone())
            .collect()
    }

    pub(crate) fn say(&self, person: u64, body: &str) {
        let remark = Remark {
            person,
            body: body.to_owned(),
            edited: false,
            by_platform: false,
        };
        self.state().remarks.push(remark);
    }

    /// Plans what was pushed; gives the digest that the comment asks for, or what stands in its place.
    pub(crate) fn plan(&self, number: u32) -> (Ended, String) {
        let ended = self.run("plan", number, false);
        let comments = self.comments();
        let comment = comments
            .iter()
            .find(|comment| comment.starts_with("<!-- wf-bulk-plan "));
        let first = comment.map_or("", |comment| comment.lines().next().unwrap());
        let digest = first.split("sha256=").nth(1).unwrap_or_default();
        (ended, digest.trim_end_matches(" -->").to_owned())
    }

    /// Plans, and has BO approve the plan.
    pub(crate) fn plan_and_approve(&self) -> String {
        let (ended, digest) = self.plan(1);
        ended.expect_code(0);
        self.say(BO, &format!("wf-bulk: apply {digest}\r\n\r\nFine.\r\n"));
        digest
    }

    pub(crate) fn apply(&self, attempt: u32) -> Ended {
        self.run("apply", attempt, false)
    }

    /// The id of the job, as the platform has it.
    pub(crate) fn id(&self, kind: &str, number: u32) -> String {
        match (self.platform, kind) {
            (Platform::GitLab, "plan") => (30 + number).to_string(),
            (Platform::GitLab, "apply") => (40 + number).to_string(),
            (Platform::GitLab, _) => (50 + number).to_string(),
            (Platform::Azure, "plan") => format!("{}.1", 30 + number),
            (Platform::Azure, "apply") => format!("42.{number}"),
            (Platform::Azure, _) => format!("{}.1", 50 + number),
        }
    }

    /// What an attempt has left, where the platform keeps it.
    pub(crate) fn kept(&self, kind: &str, number: u32) -> PathBuf {
        let id = self.id(kind, number);
        let (build, attempt) = id.split_once('.').unwrap_or((&id, ""));
        let name = match (self.platform, kind) {
            (Platform::GitLab, "plan") => "review".to_owned(),
            (Platform::GitLab, _) => "kept".to_owned(),
            (Platform::Azure, "plan") => format!("wf-bulk-plan-{attempt}"),
            (Platform::Azure, _) => format!("wf-bulk-run-{attempt}"),
        };
        self.desk.path().join("artifacts").join(build).join(name)
    }

    /// Runs a job on a machine that is new; `interrupted` in the middle of its writes, if so. What wf-bulk came to is the
    /// result, or what ended the job before.
    pub(crate) fn run(&self, kind: &'static str, number: u32, interrupted: bool) -> Ended {
        for name in ["kept", "plan", "review", "earlier", ".local"] {
            drop(fs::remove_dir_all(self.desk.path().join(name)));
        }
        let commit = if kind == "plan" {
            self.commit("HEAD")
        } else {
            MERGE.to_owned()
        };
        let id = self.id(kind, number);
        self.state().jobs.push(SeenJob {
            id: id.clone(),
            kind,
            commit,
            began: true,
        });
        let mut result: Option<Ended> = None;
        for step in self.platform.steps(kind) {
            let failed = result.as_ref().is_some_and(|ended| ended.code != 0);
            if failed && !step.always {
                continue;
            }
            if let Some((from, name)) = &step.kept {
                let attempt = id.split('.').nth(1).unwrap_or_default();
                let name = name.replace("$(System.JobAttempt)", attempt);
                let build = id.split('.').next().unwrap();
                let from = self.desk.path().join(from);
                // GitLab warns of what is missing.
                if self.platform == Platform::Azure || from.is_dir() {
                    copy_folder(
                        &from,
                        &self.desk.path().join("artifacts").join(build).join(name),
                    );
                }
                continue;
            }
            let ended = self.step(&step, kind, &id, interrupted);
            if step.always {
                // What comes after the script decides nothing; here it must succeed all the same.
                ended.expect_code(0);
            } else {
                let before = result.map_or(String::new(), |ended| ended.stderr);
                result = Some(Ended {
                    stderr: before + &ended.stderr,
                    ..ended
                });
            }
        }
        result.unwrap()
    }

    fn step(&self, step: &Step, kind: &str, id: &str, interrupted: bool) -> Ended {
        let script = match self.platform {
            // So does the runner.
            Platform::GitLab => format!("trap 'exit 1' TERM\n{}", step.script),
            Platform::Azure => step.script.clone(),
        };
        let file = self.desk.environment.file("runner/step.sh", &script);
        let [out, err] = ["out", "err"].map(|name| self.desk.path().join("runner").join(name));
        let mut command = self.desk.program("bash");
        if self.platform == Platform::GitLab {
            command.args(["-eo", "pipefail"]);
        }
        command
            .arg(file)
            .envs(self.variables(kind, id))
            .envs(
                step.variables
                    .iter()
                    .map(|(name, secret)| (name, self.secret(secret))),
            )
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(&err).unwrap())
            .process_group(0);
        let is_long = ["apply.sh", "night.sh"]
            .iter()
            .any(|name| step.script.contains(name));
        let before = self.desk.sandbox.ledger().writes();
        let mut child = command.spawn().unwrap();
        if interrupted && is_long {
            let start = Instant::now();
            while self.desk.sandbox.ledger().writes() < before + 10 {
                assert!(
                    start.elapsed() < Duration::from_secs(180),
                    "{}",
                    fs::read_to_string(&err).unwrap()
                );
                thread::sleep(Duration::from_millis(5));
            }
            // GitLab's runner signals all processes of the job, Azure's agent only the one that it has started.
            let whom = match self.platform {
                Platform::GitLab => format!("-{}", child.id()),
                Platform::Azure => child.id().to_string(),
            };
            let status = Command::new("kill")
                .args(["-TERM", "--", &whom])
                .stdin(Stdio::null())
                .status();
            assert!(status.unwrap().success());
        }
        let code = child.wait().unwrap().code().unwrap_or(-1);
        let [stdout, stderr] = [out, err].map(|file| fs::read_to_string(file).unwrap());
        Ended {
            code,
            stdout,
            stderr,
        }
    }

    /// Azure: what a step's `env` makes of a secret. The name of a variable that does not exist stays.
    fn secret(&self, expression: &str) -> String {
        match expression {
            "$(System.AccessToken)" => TOKEN.to_owned(),
            "$(EPILOT_TOKEN)" if self.state().has_token => "sandbox".to_owned(),
            "$(EPILOT_TOKEN)" | "$(WF_BULK_LEDGER_TOKEN)" => expression.to_owned(),
            other => panic!("{other} has no value"),
        }
    }
}
