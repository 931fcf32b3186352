//! The steps of a documented job.

use std::collections::BTreeMap;

use serde_json::Value;

use super::state::Platform;
use crate::workflow::documented;

/// A step of a job: a script, or an artifact from a folder.
pub(crate) struct Step {
    pub(crate) script: String,
    pub(crate) variables: BTreeMap<String, String>,
    /// A folder, and the name of the artifact.
    pub(crate) kept: Option<(String, String)>,
    pub(crate) always: bool,
}

impl Platform {
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::GitLab => "gitlab",
            Self::Azure => "azure",
        }
    }

    /// The documented job.
    pub(crate) fn definition(self, kind: &str) -> Value {
        let file = match self {
            Self::GitLab => "ci/gitlab/wf-bulk.yml".to_owned(),
            Self::Azure => format!("ci/azure/wf-bulk-{kind}.yml"),
        };
        let document: Value = serde_yaml::from_str(&documented(&file)).unwrap();
        match self {
            Self::GitLab => document[format!("wf-bulk-{kind}")].clone(),
            Self::Azure => document,
        }
    }

    pub(crate) fn steps(self, kind: &str) -> Vec<Step> {
        let definition = self.definition(kind);
        match self {
            Self::GitLab => {
                let script = |key: &str, always| {
                    let lines = definition[key].as_array().into_iter().flatten();
                    let lines: Vec<&str> = lines.map(|line| line.as_str().unwrap()).collect();
                    Step {
                        script: lines.join("\n"),
                        variables: BTreeMap::new(),
                        kept: None,
                        always,
                    }
                };
                let folder = definition["artifacts"]["paths"][0]
                    .as_str()
                    .unwrap()
                    .to_owned();
                assert_eq!(definition["artifacts"]["when"], "always");
                let artifact = Step {
                    kept: Some((folder.clone(), folder)),
                    ..script("none", true)
                };
                vec![
                    script("script", false),
                    script("after_script", true),
                    artifact,
                ]
            }
            Self::Azure => {
                let job = &definition["jobs"][0];
                let steps = match job["steps"].as_array() {
                    Some(steps) => steps,
                    None => job["strategy"]["runOnce"]["deploy"]["steps"]
                        .as_array()
                        .unwrap(),
                };
                let is_run =
                    |step: &&Value| step["bash"].is_string() || step["publish"].is_string();
                steps.iter().filter(is_run).map(azure_step).collect()
            }
        }
    }
}

fn azure_step(step: &Value) -> Step {
    let text = |key: &str| step[key].as_str().unwrap_or_default().to_owned();
    let variables = step["env"].as_object().into_iter().flatten();
    let variables =
        variables.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
    Step {
        script: text("bash"),
        variables: variables.collect(),
        kept: step["publish"]
            .is_string()
            .then(|| (text("publish"), text("artifact"))),
        always: ["always()", "succeededOrFailed()"].contains(&text("condition").as_str()),
    }
}
