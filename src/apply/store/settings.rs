//! The settings with which a run was started, for later sessions.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RunId;
use crate::{pace::Pace, plan::PlanHeader};

/// The version of `run.json` that is written and read.
pub const VERSION: u32 = 1;

/// `run.json`: written once, when the run is created. Contains no token; `resume` gets its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSettings {
    pub wf_bulk_run: u32,
    pub run: RunId,
    pub started_at: Timestamp,
    /// The playbook's name.
    pub playbook: String,
    /// SHA-256 in hex of the variables: identifies the run, together with playbook and server.
    pub vars_sha256: String,
    /// The SHA-256 of the plan.
    pub plan_sha256: String,
    /// The origin of the server, or `sandbox`.
    pub server: String,
    pub org: Option<String>,
    pub pace: Pace,
    /// Whether each execution is re-checked.
    pub recheck: bool,
    /// The time limit of one request, in milliseconds.
    pub timeout_ms: u64,
    /// How long after an attempt was given up a read-back can prove that it had no effect, in milliseconds.
    pub settle_ms: u64,
    /// The text of `--reason`.
    pub reason: Option<String>,
    /// None in runs of earlier versions, and if a word is not Unicode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_from: Option<PlannedFrom>,
    /// None in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Operator>,
    /// Whether the run was written to a history when it was created. It can be edited, so that only the words of a message depend on it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_history: bool,
    /// The ledger in which the run was recorded when it was created. It can be edited; it makes a session more careful.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<String>,
    /// The engine that runs it, as `--engine` names it; none if this machine does. The folder then shows the run as it was when it was fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
}

/// Who started a run, where, and what of, as the machine and the flags say: for people, no decision uses it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// The user's name, or else the number.
    pub user: String,
    pub host: String,
    /// The text of `--actor`: the person for whom the machine's user works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The text of `--approved-by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<String>,
    /// The address of the pull request or ticket: the text of `--link`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Of the playbook's folder; none if that is in no work tree, or not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<GitState>,
}

/// The state of a git work tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitState {
    pub commit: String,
    /// Whether the folder has changes that are in no commit, or files that git does not know.
    pub dirty: bool,
}

/// The playbook of `run`, for a command that plans the same again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedFrom {
    /// The folder in which the command was run: paths are relative to it.
    pub folder: String,
    /// The playbook's file, as an argument; none if it is unknown: a plan file does not contain it, and standard input has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playbook: Option<String>,
    /// Flags that earlier versions have stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
}

/// What the history keeps of a run's settings: it is known after the run's folder was deleted, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunOrigin {
    pub started_at: Timestamp,
    pub playbook: String,
    pub server: String,
    pub org: Option<String>,
    pub reason: Option<String>,
    pub by: Option<Operator>,
}

impl RunSettings {
    /// What is known of it after its folder was deleted.
    pub fn origin(&self) -> RunOrigin {
        RunOrigin {
            started_at: self.started_at,
            playbook: self.playbook.clone(),
            server: self.server.clone(),
            org: self.org.clone(),
            reason: self.reason.clone(),
            by: self.by.clone(),
        }
    }

    /// The time limit of one request.
    pub const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// How long after an attempt was given up a read-back can prove that it had no effect.
    pub const fn settle(&self) -> Duration {
        Duration::from_millis(self.settle_ms)
    }
}

/// Where settings and plan differ, with both values. A plan without an organisation is applied in the requested one.
pub(super) fn difference(
    settings: &RunSettings,
    header: &PlanHeader,
) -> Option<(&'static str, String, String)> {
    let org = |org: &Option<String>| org.clone().unwrap_or_else(|| "none".to_owned());
    let planned_org = header.org.as_ref().or(settings.org.as_ref()).cloned();
    [
        ("server", settings.server.clone(), header.server.clone()),
        ("organisation", org(&settings.org), org(&planned_org)),
        (
            "playbook",
            settings.playbook.clone(),
            header.playbook.name.clone(),
        ),
        (
            "vars_sha256",
            settings.vars_sha256.clone(),
            header.vars_sha256(),
        ),
    ]
    .into_iter()
    .find(|(_, found, planned)| found != planned)
}

#[cfg(test)]
pub(super) mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn the_settings_of_a_run_that_says_nothing_of_its_playbook_are_read() {
        let mut settings = settings(RunId::new(Timestamp::UNIX_EPOCH, [1; 10]));
        let written = serde_json::to_value(&settings).unwrap();
        assert_eq!(written.get("planned_from"), None);
        assert_eq!(
            serde_json::from_value::<RunSettings>(written).unwrap(),
            settings
        );
        // Of a version without the flags for a person, a pull request and who approved.
        let by = r#"{"user":"ops","host":"laptop"}"#;
        settings.by = Some(serde_json::from_str(by).unwrap());
        let written = serde_json::to_value(&settings).unwrap();
        assert_eq!(
            written["by"].to_string(),
            r#"{"host":"laptop","user":"ops"}"#
        );
        settings.planned_from = Some(PlannedFrom {
            folder: "/home/me".into(),
            playbook: Some("p.yaml".into()),
            flags: vec!["--var".into(), "a=1".into()],
        });
        let written = serde_json::to_value(&settings).unwrap();
        assert_eq!(
            serde_json::from_value::<RunSettings>(written).unwrap(),
            settings
        );
    }

    /// The first line of the plan of these settings.
    pub(in crate::apply::store) fn plan_of(settings: &RunSettings) -> String {
        let header = serde_json::json!({
            "wf_bulk_plan": 1,
            "playbook": {"name": settings.playbook, "sha256": "ef", "converges": true, "repeatable": false},
            "vars": {}, "server": settings.server, "org": settings.org, "now": "2026-12-01T09:00:00Z",
            "timezone": "UTC", "pace": settings.pace, "guards": {"allow": [], "rejected": "refuse"}, "tool": "wf-bulk",
        });
        let header: PlanHeader = serde_json::from_value(header).unwrap();
        serde_json::to_string(&header).unwrap() + "\n"
    }

    pub(in crate::apply::store) fn settings(run: RunId) -> RunSettings {
        let four = NonZeroU32::new(4).unwrap();
        RunSettings {
            wf_bulk_run: VERSION,
            run,
            started_at: "2026-12-01T09:00:00Z".parse().unwrap(),
            playbook: "reassign-leaver".into(),
            // Of no variables.
            vars_sha256: "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a".into(),
            plan_sha256: "ab12".into(),
            server: "sandbox".into(),
            org: None,
            pace: Pace {
                rate: "8/s".parse().unwrap(),
                burst: four,
                concurrency: four,
                stop_after: four,
                max_errors: None,
                stages: Vec::new(),
            },
            recheck: true,
            timeout_ms: 30_000,
            settle_ms: 30_000,
            reason: None,
            planned_from: None,
            by: None,
            in_history: false,
            ledger: None,
            engine: None,
        }
    }
}
