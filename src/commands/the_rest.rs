//! The remaining changes of an ended run, and the command that plans them again.

use std::{env, path::Path};

use super::backend::place;
use crate::{
    cli::RunArgs,
    invocation::{Invocation, path_argument},
    outcome::{Counts, Outcome},
    store::{PlannedFrom, RunSettings},
    table::is_stdin,
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

/// The playbook and flags of `run`. None if they can't be repeated: the playbook came from standard input, or a name is not Unicode.
pub(super) fn planned_from(invocation: &Invocation, args: &RunArgs) -> Option<PlannedFrom> {
    if is_stdin(&args.playbook) {
        return None;
    }
    Some(PlannedFrom {
        folder: env::current_dir().ok()?.to_str()?.to_owned(),
        playbook: path_argument(Path::new(args.playbook.to_str()?)),
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
    /// The sentence with the command that plans the remaining changes again. None if there are none, or if the plan is not idempotent.
    pub(super) fn to_try_the_rest(&self, invocation: &Invocation) -> Option<String> {
        let planned_from = self.settings.planned_from.as_ref();
        self.sentence(invocation, planned_from.filter(|from| is_here(from)))
    }

    /// `planned_from`: the playbook's path in the current folder, if possible.
    fn sentence(
        &self,
        invocation: &Invocation,
        planned_from: Option<&PlannedFrom>,
    ) -> Option<String> {
        if !self.converges || !is_something_left(self.counts) {
            return None;
        }
        let failed = path_argument(self.failed);
        let place = place(&self.settings.server, self.settings.org.as_deref());
        let (how, playbook, flags) = match planned_from {
            Some(from) => ("", &*from.playbook, &from.flags[..]),
            None => (
                ", with the playbook and the variables of this run",
                "PLAYBOOK",
                &[][..],
            ),
        };
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let arguments = [&[playbook, "--only-file", &failed], &place[..], &flags].concat();
        let command = invocation.without(&["--only"]).command("run", &arguments);
        Some(format!("to try the rest again{how}: {command}"))
    }
}

/// Whether a relative path still refers to the same file, and the file exists.
fn is_here(from: &PlannedFrom) -> bool {
    env::current_dir().is_ok_and(|folder| folder == Path::new(&from.folder))
        && Path::new(&from.playbook).is_file()
}

/// Whether a new plan could have a change: a target that is gone can't.
fn is_something_left(counts: &Counts) -> bool {
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
            assert_eq!(sentence(&settings, outcome, false, None), None, "{outcome}");
        }
    }

    #[test]
    fn what_is_planned_with_is_said_as_far_as_it_is_known() {
        let from = PlannedFrom {
            folder: "/home/me".to_owned(),
            playbook: "p q.yaml".to_owned(),
            flags: vec!["--var".to_owned(), "a=1".to_owned()],
        };
        for (server, org, planned_from, said) in [
            (
                "https://a.example",
                Some("4711"),
                Some(&from),
                "to try the rest again: wf-bulk run 'p q.yaml' --only-file 'our runs/failed.csv' \
                 --server https://a.example --org 4711 --var 'a=1'",
            ),
            (
                "sandbox",
                Some("4711"),
                None,
                "to try the rest again, with the playbook and the variables of this run: \
                 wf-bulk run PLAYBOOK --only-file 'our runs/failed.csv' --sandbox",
            ),
        ] {
            let sentence = sentence(&settings(server, org), Outcome::Failed, true, planned_from);
            assert_eq!(sentence.as_deref(), Some(said));
        }
    }
}
