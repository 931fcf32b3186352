//! Plans into a file and says how far the reading is.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    time::Instant,
};

use jiff::Timestamp;

use super::{
    backend::Backend,
    files::TOOL,
    overview::{Overview, overview},
};
use crate::{
    cli::{Common, Planning},
    error::Error,
    planning::{Origin, PlanningError, plan},
    playbook::Playbook,
    report::ScanReporter,
    selection::ScanError,
    text::shell_word,
};

/// When a plan is made, in whole seconds, so that people can write it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// What relative dates count from.
    pub(super) now: Timestamp,
    /// What the plan's age counts from.
    made_at: Timestamp,
}

impl Moment {
    /// The present one; `now` is what `--now` says.
    pub(super) fn present(now: Option<Timestamp>) -> Self {
        let whole =
            |moment: Timestamp| Timestamp::from_second(moment.as_second()).unwrap_or(moment);
        let made_at = whole(Timestamp::now());
        Self {
            now: now.map_or(made_at, whole),
            made_at,
        }
    }
}

/// Plans into `file`, which `path` names in messages, and reads the plan back.
pub(super) async fn plan_into(
    common: &Common,
    backend: &Backend,
    playbook: &Playbook,
    moment: Moment,
    path: &Path,
    file: &mut File,
) -> Result<Overview, Error> {
    let origin = Origin {
        server: backend.server.label(),
        org: backend.org.clone(),
        now: moment.now,
        made_at: moment.made_at,
        tool: TOOL.to_owned(),
    };
    let mut reporter = ScanReporter::stderr(
        common.quiet,
        playbook.pace.rate.per_second(),
        Instant::now(),
    );
    let mut out = BufWriter::new(&*file);
    let planned = plan(&backend.client, playbook, &origin, &mut out, |progress| {
        reporter.progress(Instant::now(), progress);
    })
    .await;
    reporter.finish();
    planned.map_err(explained)?;
    out.flush()
        .map_err(|error| Error::failed("the plan can't be written").caused_by(error))?;
    drop(out);
    overview(path, file)
}

fn explained(error: PlanningError) -> Error {
    let hint = match &error {
        PlanningError::Scan(ScanError::Read(_)) => {
            Some("nothing was written; an incomplete selection is none")
        }
        PlanningError::OtherOrganisation { .. } => Some(
            "it comes from --org, the profile or the stored credentials; to work in the other one, give it with --org",
        ),
        PlanningError::Scan(
            ScanError::Listed(_)
            | ScanError::Pages { .. }
            | ScanError::Undecodable { .. }
            | ScanError::Execution { .. }
            | ScanError::TwoOrganisations { .. }
            | ScanError::Disk(_),
        )
        | PlanningError::Plan(_)
        | PlanningError::Disk(_) => None,
    };
    let failed = Error::failed("planning ended without a plan").caused_by(error);
    match hint {
        Some(hint) => failed.hint(hint),
        None => failed,
    }
}

/// The flags that make another command plan the same, ready to be typed: a leading space before each.
pub(super) fn flags(common: &Common, planning: &Planning) -> String {
    let mut words: Vec<&str> = Vec::new();
    if common.sandbox {
        words.push("--sandbox");
    }
    if let Some(profile) = &common.profile {
        words.extend(["--profile", profile]);
    }
    if let Some(server) = &common.server {
        words.extend(["--server", server]);
    }
    if let Some(org) = &common.org {
        words.extend(["--org", org]);
    }
    let vars: Vec<String> = planning
        .vars
        .vars
        .iter()
        .map(|var| format!("{}={}", var.name, var.value))
        .collect();
    words.extend(vars.iter().flat_map(|var| ["--var", var]));
    let now = planning.now.map(|now| now.to_string());
    words.extend(now.iter().flat_map(|now| ["--now", now]));
    let limit = planning.limit.map(|limit| limit.to_string());
    words.extend(limit.iter().flat_map(|limit| ["--limit", limit]));
    words.extend(
        planning
            .exclude
            .iter()
            .flat_map(|id| ["--exclude", id.as_str()]),
    );
    words.extend(planning.only.iter().flat_map(|id| ["--only", id.as_str()]));
    let files = [
        ("--exclude-file", &planning.exclude_file),
        ("--only-file", &planning.only_file),
    ]
    .map(|(flag, file)| (flag, file.as_ref().map(|file| file.display().to_string())));
    for (flag, file) in &files {
        words.extend(file.iter().flat_map(|file| [*flag, file]));
    }
    words
        .into_iter()
        .fold(String::new(), |text, word| text + " " + &shell_word(word))
}
