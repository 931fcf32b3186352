//! Runs the steps of a documented GitHub workflow as GitHub would, with what they need of GitHub on files.

use std::{
    collections::BTreeMap,
    env, fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::environment::{BINARY, Ended, Environment, SandboxProcess, copy_folder};

/// Of a pull request, as the workflows see it.
pub(crate) const HEAD: &str = "1111111111111111111111111111111111111111";
const BRANCH: &str = "ann-leaves";

pub(crate) fn documented(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// One of the documented workflows.
pub(crate) fn workflow(name: &str) -> Value {
    let text = documented(&format!("ci/github/workflows/wf-bulk-{name}.yml"));
    serde_yaml::from_str(&text).unwrap()
}

/// Whether the programs are there that GitHub's machines have. Without them there is nothing to run the steps with.
pub(crate) fn has_programs() -> bool {
    ["bash", "git", "jq"].iter().all(|program| {
        let version = Command::new(program).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    })
}

/// A repository with playbooks, a machine to run jobs on, and the sandbox as the service that the profile leads to.
pub(crate) struct Desk {
    pub(crate) environment: Environment,
    pub(crate) sandbox: SandboxProcess,
}

impl Desk {
    pub(crate) fn new(pace: &str) -> Self {
        let sandbox = SandboxProcess::start(&[]);
        let environment = Environment::new().with_playbooks_at(pace);
        let profiles =
            json!({"active": "ci", "profiles": {"ci": {"name": "ci", "server": sandbox.url()}}});
        let file = environment.file(".config/epilot/profiles.json", &profiles.to_string());
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
        let gh = environment.file("bin/gh", include_str!("gh.sh"));
        fs::set_permissions(gh, fs::Permissions::from_mode(0o755)).unwrap();
        symlink(BINARY, environment.path().join("bin/wf-bulk")).unwrap();
        let pull = json!({
            "number": 7, "merged": true, "base": {"ref": "main"}, "html_url": "https://localhost/o/r/pull/7",
            "head": {"sha": HEAD, "repo": {"full_name": "o/r"}},
        });
        environment.file("gh/pull.json", &pull.to_string());
        // The ledger of the workflow is the repository itself.
        let ledger = environment.path().join("ledger.git");
        let init = Command::new("git")
            .args(["init", "--quiet", "--bare"])
            .arg(&ledger)
            .status();
        drop(init);
        let instead = format!(
            "[url \"file://{}\"]\n\tinsteadOf = https://localhost/o/r\n",
            ledger.display()
        );
        environment.file(".gitconfig", &instead);
        for name in ["comments", "reviews"] {
            environment.file(&format!("gh/{name}.json"), "[]");
        }
        for (login, permission) in [("bo", "write"), ("ann", "admin"), ("guest", "read")] {
            let answer = json!({"permission": permission}).to_string();
            environment.file(&format!("gh/permission-{login}.json"), &answer);
        }
        environment.file(
            "gh/run-41.json",
            &run_of("wf-bulk-plan.yml", HEAD).to_string(),
        );
        environment.file(
            "gh/run-42.json",
            &run_of("wf-bulk-apply.yml", HEAD).to_string(),
        );
        Self {
            environment,
            sandbox,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.environment.path()
    }

    /// Makes the folder a repository whose last commit changes nothing but these files.
    pub(crate) fn commit(&self, changed: &[&str]) {
        let git = |arguments: &[&str]| self.git(arguments);
        drop(fs::remove_dir_all(self.path().join(".git")));
        git(&["init", "--quiet"]);
        git(&["add", "playbooks"]);
        for file in changed {
            git(&["rm", "--quiet", "--cached", "--ignore-unmatch", file]);
        }
        git(&["commit", "--quiet", "--allow-empty", "--message", "base"]);
        git(&["add", "playbooks"]);
        git(&["commit", "--quiet", "--allow-empty", "--message", "change"]);
    }

    /// Makes the folder a repository whose last commit does what `alter` does to its files.
    pub(crate) fn commit_change(&self, alter: impl FnOnce(&Path)) {
        self.commit(&[]);
        alter(self.path());
        let add = ["add", "--all", "playbooks"];
        let commit = ["commit", "--quiet", "--allow-empty", "--message", "change"];
        for arguments in [&add[..], &commit] {
            self.git(arguments);
        }
    }

    fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@localhost"];
        let mut command = self.program("git");
        let output = command.args(identity).args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
    }

    /// A program in the folder, with the documented commands in its PATH and a cleared environment.
    pub(crate) fn program(&self, program: &str) -> Command {
        let path = env::var("PATH").unwrap();
        let mut command = Command::new(program);
        command
            .current_dir(self.path())
            .env_clear()
            .env("PATH", format!("{}/bin:{path}", self.path().display()))
            .env("HOME", self.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::null());
        command
    }

    /// The comments of the pull request.
    pub(crate) fn comments(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path().join("gh/comments.json")).unwrap();
        let comments: Vec<Value> = serde_json::from_str(&text).unwrap();
        let body = |comment: &Value| comment["body"].as_str().unwrap().to_owned();
        comments.iter().map(body).collect()
    }

    /// Leaves the reviews that these are.
    pub(crate) fn reviews(&self, reviews: &Value) {
        self.environment
            .file("gh/reviews.json", &reviews.to_string());
    }

    /// The folder of an artifact.
    pub(crate) fn artifact(&self, run: &str, name: &str) -> PathBuf {
        self.path().join("gh/artifacts").join(run).join(name)
    }
}

/// What GitHub says about a run of a workflow on a pull request.
pub(crate) fn run_of(file: &str, head: &str) -> Value {
    json!({
        "head_sha": head, "event": "pull_request", "path": format!(".github/workflows/{file}"),
        "head_branch": BRANCH, "head_repository": {"full_name": "o/r"},
    })
}

/// A job that is under way: what its steps have said so far.
pub(crate) struct Job<'a> {
    desk: &'a Desk,
    definition: Value,
    run: &'a str,
    attempt: u32,
    /// The values of expressions.
    pub(crate) values: BTreeMap<String, String>,
}

impl<'a> Job<'a> {
    pub(crate) fn start(desk: &'a Desk, file: &str, job: &str, run: &'a str, attempt: u32) -> Self {
        let definition = workflow(file)["jobs"][job].clone();
        assert!(definition.is_object(), "{file} has no job {job}");
        let values = [
            ("github.token", "gh-token"),
            ("github.event_name", "pull_request"),
            ("github.actor", "max"),
            ("inputs.pull_request", ""),
            ("inputs.sha256", ""),
            ("inputs.in_doubt", ""),
            ("inputs.again", ""),
            ("vars.WF_BULK_NIGHT_LEDGER", ""),
            ("github.repository", "o/r"),
            ("github.server_url", "https://localhost"),
            ("github.event.pull_request.number", "7"),
            ("github.event.pull_request.head.sha", HEAD),
            ("github.event.pull_request.head.repo.full_name", "o/r"),
            ("github.event_name", "pull_request"),
            ("github.head_ref", BRANCH),
            ("github.event.pull_request.merged_by.login", "max"),
            (
                "github.event.pull_request.html_url",
                "https://localhost/o/r/pull/7",
            ),
            ("github.event.pull_request.title", "Ann leaves ` @all"),
            (
                "github.event.pull_request.body",
                "As agreed.\r\nTicket: OPS-4711\r\n",
            ),
            ("github.event.pull_request.user.login", "ann"),
            ("secrets.EPILOT_TOKEN", "sandbox"),
            ("github.run_id", run),
        ];
        let mut values: BTreeMap<String, String> = values
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        values.insert("github.run_attempt".to_owned(), attempt.to_string());
        Self {
            desk,
            definition,
            run,
            attempt,
            values,
        }
    }

    fn step(&self, name: &str) -> &Value {
        let steps = self.definition["steps"].as_array().unwrap();
        let step = steps.iter().find(|step| step["name"] == name);
        step.unwrap_or_else(|| panic!("there is no step {name:?}"))
    }

    /// A text with its expressions replaced. An expression that nobody has a value for is a mistake of the workflow.
    fn evaluated(&self, text: &str) -> String {
        let mut parts = text.split("${{");
        let mut evaluated = parts.next().unwrap().to_owned();
        for part in parts {
            let (expression, rest) = part.split_once("}}").unwrap();
            let values = expression.split("||").map(|name| self.value(name.trim()));
            let value = values.fold(
                "",
                |value, next| if value.is_empty() { next } else { value },
            );
            evaluated.push_str(value);
            evaluated.push_str(rest);
        }
        evaluated
    }

    fn value(&self, name: &str) -> &str {
        match (self.values.get(name), name.split('.').nth(1)) {
            (Some(value), _) => value.as_str(),
            // A step that was not run, or did not say it.
            (None, Some(id)) if name.starts_with("steps.") && self.has(id) => "",
            (None, _) => panic!("{name} has no value"),
        }
    }

    fn has(&self, id: &str) -> bool {
        let steps = self.definition["steps"].as_array().unwrap();
        steps.iter().any(|step| step["id"] == id)
    }

    /// The script of a step, ready to be started.
    pub(crate) fn command(&self, name: &str) -> Command {
        let step = self.step(name);
        let script = step["run"].as_str().unwrap();
        assert!(!script.contains("${{"), "text from outside is no code");
        let file = self.desk.environment.file("runner/step.sh", script);
        let mut command = self.desk.program("bash");
        command
            .args(["--noprofile", "--norc", "-eo", "pipefail"])
            .arg(file);
        let runner = |name: &str| self.desk.environment.file(&format!("runner/{name}"), "");
        command
            .env("GITHUB_OUTPUT", runner("output"))
            .env("GITHUB_STEP_SUMMARY", runner("summary"))
            .env("GITHUB_REPOSITORY", "o/r")
            .env("GITHUB_EVENT_NAME", &self.values["github.event_name"])
            .env("GITHUB_RUN_ID", self.run)
            .env("GITHUB_ACTOR", "max")
            .env("GITHUB_SERVER_URL", "https://localhost")
            .env("GITHUB_RUN_ATTEMPT", self.attempt.to_string())
            .env("RUNNER_TEMP", self.desk.path().join("runner"))
            .env("GH_FILES", self.desk.path().join("gh"))
            .env("WORKSPACE", self.desk.path());
        for (variable, value) in step["env"].as_object().into_iter().flatten() {
            command.env(variable, self.evaluated(value.as_str().unwrap()));
        }
        command
    }

    /// Runs a step, and takes over what it said.
    pub(crate) fn run(&mut self, name: &str) -> Ended {
        let ended = Ended::from(self.command(name).output().unwrap());
        let Some(id) = self.step(name)["id"].as_str().map(ToOwned::to_owned) else {
            return ended;
        };
        let outcome = if ended.code == 0 {
            "success"
        } else {
            "failure"
        };
        self.values
            .insert(format!("steps.{id}.outcome"), outcome.to_owned());
        let output = fs::read_to_string(self.desk.path().join("runner/output")).unwrap();
        for line in output.lines() {
            let (name, value) = line.split_once('=').unwrap();
            self.values
                .insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
        }
        ended
    }

    /// What the last step wrote into the job's summary.
    pub(crate) fn summary(&self) -> String {
        fs::read_to_string(self.desk.path().join("runner/summary")).unwrap()
    }

    /// What the job hands on to those that need it.
    pub(crate) fn output(&self, name: &str) -> String {
        self.evaluated(self.definition["outputs"][name].as_str().unwrap())
    }

    /// Hands the result and all outputs on to a job that needs this one; `result` is `skipped` if it did not run.
    pub(crate) fn hand_on(&self, name: &str, result: &str, to: &mut Job<'_>) {
        to.values
            .insert(format!("needs.{name}.result"), result.to_owned());
        for output in self.definition["outputs"].as_object().unwrap().keys() {
            let value = self.output(output);
            to.values
                .insert(format!("needs.{name}.outputs.{output}"), value);
        }
    }

    /// Does what a step that uploads an artifact does: names and bytes are kept, permissions are not.
    pub(crate) fn upload(&mut self, name: &str) {
        let step = self.step(name).clone();
        let with = |key: &str| self.evaluated(step["with"][key].as_str().unwrap());
        let folder = self.desk.artifact(self.run, &with("name"));
        fs::create_dir_all(&folder).unwrap();
        for line in with("path").lines() {
            let path = self.desk.path().join(line);
            if path.is_dir() {
                assert_eq!(step["with"]["include-hidden-files"], true);
                copy_folder(&path, &folder);
                make_readable(&folder);
            } else {
                fs::copy(&path, folder.join(line))
                    .unwrap_or_else(|error| panic!("{line}: {error}"));
            }
        }
        if let Some(id) = step["id"].as_str() {
            self.values
                .insert(format!("steps.{id}.outcome"), "success".to_owned());
        }
    }
}

fn make_readable(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            make_readable(&path);
        } else {
            fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
        }
    }
}
