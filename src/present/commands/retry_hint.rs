//! The remaining changes of an ended run, and the command that plans them again.

use std::{env, mem, path::Path};

use super::{backend::place, earlier::are_data_gone};
use crate::{
    cli::Common,
    invocation::{Invocation, path_argument},
    outcome::{Counts, Outcome},
    store::{PlannedFrom, RunSettings, StateDir},
    table::{STDIN, is_stdin},
};

/// Flags that are not stored with a run: the command contains its own targets, and server and token are given again.
const SAID_ANEW: [&str; 10] = [
    "--only",
    "--only-file",
    "--state-dir",
    "--profile",
    "--token-file",
    "--token-command",
    "--server",
    "--sandbox",
    "--org",
    "--wait",
];

/// What stands in the place of the command that would plan the remaining changes again.
const NOT_IDEMPOTENT: &str = "this plan is not idempotent, so the same playbook could change the remaining targets twice: \
                              check each target in failed.csv before you plan again";

/// The one flag that is stored with a run and whose value is a path.
const EXCLUDE_FILE: &str = "--exclude-file";

/// The flags of `run` or `apply`, and the `playbook` unless it is standard input. None if the current folder is not Unicode.
pub(super) fn planned_from(
    invocation: &Invocation,
    playbook: Option<&Path>,
) -> Option<PlannedFrom> {
    let playbook = playbook.filter(|path| !is_stdin(path) && path.to_str().is_some());
    Some(PlannedFrom {
        folder: env::current_dir().ok()?.to_str()?.to_owned(),
        playbook: playbook.map(path_argument),
        flags: invocation.without(&SAID_ANEW).words_for("run"),
    })
}

/// An ended run.
pub(super) struct EndedRun<'a> {
    /// Its `failed.csv`.
    pub(super) failed: &'a Path,
    pub(super) settings: &'a RunSettings,
    pub(super) counts: &'a Counts,
    /// Whether its plan is idempotent.
    pub(super) converges: bool,
}

impl EndedRun<'_> {
    /// The sentence with the command that plans the remaining changes again, or why there is no such command. None if no
    /// changes are left, or if the data were deleted.
    pub(super) fn to_try_the_rest(&self, common: &Common) -> Option<String> {
        if are_data_gone(&StateDir::new(common.state_dir.clone()), self.settings) {
            return None;
        }
        let planned_from = self.settings.planned_from.as_ref().and_then(|from| {
            let here = env::current_dir().ok()?;
            let from = named_from(from, &here)?;
            let is_there = |playbook: &String| here.join(playbook).is_file();
            Some(PlannedFrom {
                playbook: from.playbook.filter(is_there),
                ..from
            })
        });
        self.sentence(&common.invocation, planned_from.as_ref())
    }

    /// `planned_from`: the playbook's path in the current folder, if possible.
    fn sentence(
        &self,
        invocation: &Invocation,
        planned_from: Option<&PlannedFrom>,
    ) -> Option<String> {
        if !is_something_left(self.counts) {
            return None;
        }
        if !self.converges {
            return Some(NOT_IDEMPOTENT.to_owned());
        }
        let failed = path_argument(self.failed);
        let place = place(&self.settings.server, self.settings.org.as_deref());
        let (how, playbook) = match planned_from.and_then(|from| from.playbook.as_deref()) {
            Some(playbook) => ("", playbook),
            None => (
                ", with the playbook and the variables of this run",
                "PLAYBOOK",
            ),
        };
        let flags = planned_from.map_or(&[][..], |from| &from.flags);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let arguments = [&[playbook, "--only-file", &failed], &place[..], &flags].concat();
        let command = invocation.without(&["--only"]).command("run", &arguments);
        Some(format!(
            "to plan the remaining changes again{how}: {command}"
        ))
    }
}

/// The same playbook and flags for a command in the folder `here`: in another folder, paths are absolute. None if one is not
/// Unicode.
fn named_from(from: &PlannedFrom, here: &Path) -> Option<PlannedFrom> {
    let folder = Path::new(&from.folder);
    if folder == here {
        return Some(from.clone());
    }
    let absolute = |name: &str| Some(folder.join(name).to_str()?.to_owned());
    let mut names_file = false;
    let flags = from.flags.iter().map(|word| {
        let is_name = mem::replace(&mut names_file, word == EXCLUDE_FILE);
        match word.split_once('=') {
            // Standard input has no folder.
            _ if is_name && word != STDIN => absolute(word),
            Some((EXCLUDE_FILE, name)) if !is_name => {
                Some(format!("{EXCLUDE_FILE}={}", absolute(name)?))
            }
            Some(_) | None => Some(word.clone()),
        }
    });
    Some(PlannedFrom {
        folder: here.to_str()?.to_owned(),
        playbook: from.playbook.as_deref().and_then(absolute),
        flags: flags.collect::<Option<_>>()?,
    })
}

/// Whether a new plan could have a change: a target that is gone can't.
pub(super) fn is_something_left(counts: &Counts) -> bool {
    Outcome::ALL.into_iter().any(|outcome| {
        let is_left = match outcome {
            Outcome::Applied | Outcome::AlreadyDone | Outcome::Gone => false,
            Outcome::Drifted
            | Outcome::Refused
            | Outcome::Failed
            | Outcome::InDoubt
            | Outcome::NotAttempted => true,
        };
        is_left && counts.get(outcome) > 0
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(server: &str, org: Option<&str>) -> RunSettings {
        let settings = json!({
            "wf_bulk_run": 1, "run": "0192f0c4-8a5e-7000-8000-0000000000c4", "started_at": "2026-12-01T09:00:00Z",
            "playbook": "p", "vars_sha256": "cd", "plan_sha256": "ab", "server": server, "org": org,
            "pace": {"rate": "8/s", "burst": 4, "concurrency": 4, "stop_after": 10},
            "recheck": true, "timeout_ms": 1, "settle_ms": 1, "reason": null,
        });
        serde_json::from_value(settings).unwrap()
    }

    fn sentence(
        settings: &RunSettings,
        outcome: Outcome,
        converges: bool,
        planned_from: Option<&PlannedFrom>,
    ) -> Option<String> {
        let mut counts = Counts::default();
        counts.add(Outcome::Applied, 4);
        counts.add(outcome, 1);
        let run = EndedRun {
            failed: Path::new("our runs/failed.csv"),
            settings,
            counts: &counts,
            converges,
        };
        run.sentence(&Invocation::default(), planned_from)
    }

    #[test]
    fn the_rest_is_tried_again_where_a_new_plan_could_find_some_and_repeats_nothing() {
        let settings = settings("https://a.example", Some("4711"));
        for outcome in Outcome::ALL {
            let nothing_is_left =
                [Outcome::Applied, Outcome::AlreadyDone, Outcome::Gone].contains(&outcome);
            let offered = sentence(&settings, outcome, true, None).is_some();
            assert_eq!(offered, !nothing_is_left, "{outcome}");
            let why = sentence(&settings, outcome, false, None);
            let why_not = (!nothing_is_left).then_some(NOT_IDEMPOTENT);
            assert_eq!(why.as_deref(), why_not, "{outcome}");
        }
    }

    #[test]
    fn in_another_folder_each_file_is_named_with_its_own() {
        let from = |folder: &str, playbook: &str, flags: &str| PlannedFrom {
            folder: folder.to_owned(),
            playbook: Some(playbook.to_owned()),
            flags: flags.split_whitespace().map(str::to_owned).collect(),
        };
        let typed = from(
            "/home/me",
            "p.yaml",
            "--var a=x.csv --exclude-file x.csv --exclude-file=-y.csv --exclude-file - --rate 4/s",
        );
        let elsewhere = from(
            "/tmp",
            "/home/me/p.yaml",
            "--var a=x.csv --exclude-file /home/me/x.csv --exclude-file=/home/me/-y.csv --exclude-file - --rate 4/s",
        );
        assert_eq!(
            named_from(&typed, Path::new("/home/me")),
            Some(typed.clone())
        );
        assert_eq!(named_from(&typed, Path::new("/tmp")), Some(elsewhere));
        let absolute = from("/home/me", "/srv/p.yaml", "--exclude-file /srv/x.csv");
        let same = from("/tmp", "/srv/p.yaml", "--exclude-file /srv/x.csv");
        assert_eq!(named_from(&absolute, Path::new("/tmp")), Some(same));
    }

    #[test]
    fn what_is_planned_with_is_said_as_far_as_it_is_known() {
        let from = PlannedFrom {
            folder: "/home/me".to_owned(),
            playbook: Some("p q.yaml".to_owned()),
            flags: vec!["--var".to_owned(), "a=1".to_owned()],
        };
        let of_a_plan = PlannedFrom {
            folder: "/home/me".to_owned(),
            playbook: None,
            flags: vec!["--settle".to_owned(), "5".to_owned()],
        };
        for (server, org, planned_from, said) in [
            (
                "https://a.example",
                Some("4711"),
                Some(&from),
                "to plan the remaining changes again: wf-bulk run 'p q.yaml' --only-file 'our runs/failed.csv' \
                 --server https://a.example --org 4711 --var 'a=1'",
            ),
            (
                "sandbox",
                Some("4711"),
                None,
                "to plan the remaining changes again, with the playbook and the variables of this run: \
                 wf-bulk run PLAYBOOK --only-file 'our runs/failed.csv' --sandbox",
            ),
            (
                "sandbox",
                None,
                Some(&of_a_plan),
                "to plan the remaining changes again, with the playbook and the variables of this run: \
                 wf-bulk run PLAYBOOK --only-file 'our runs/failed.csv' --sandbox --settle 5",
            ),
        ] {
            let sentence = sentence(&settings(server, org), Outcome::Failed, true, planned_from);
            assert_eq!(sentence.as_deref(), Some(said));
        }
    }
}
