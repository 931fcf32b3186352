//! The remaining changes of an ended run, and the command that plans them again.

use std::{
    env,
    path::{Path, PathBuf},
};

use super::{
    earlier::{are_data_gone, unfinished_like},
    lineage::Lineage,
    other_follow_ups::OtherFollowUps,
};
use crate::{
    cli::{Common, DEFAULT_TIMEOUT, MAX_TIMEOUT},
    digest,
    invocation::{Invocation, path_argument},
    outcome::{Counts, Outcome},
    plan::{FollowUp, Follows, PlanHeader},
    playbook,
    store::{ListedRun, PlannedFrom, RunId, RunListing, RunSettings, StateDir},
    table::is_stdin,
    text::count,
};

/// The playbook of `run`; none if it is standard input or not Unicode.
pub(super) fn planned_from(playbook: &Path) -> Option<PlannedFrom> {
    let is_named = !is_stdin(playbook) && playbook.to_str().is_some();
    Some(PlannedFrom {
        folder: env::current_dir().ok()?.to_str()?.to_owned(),
        playbook: is_named.then(|| path_argument(playbook)),
        flags: Vec::new(),
    })
}

/// The file of a run's playbook, seen from here; none if the run does not say.
pub(super) fn playbook_of(from: &PlannedFrom) -> Option<PathBuf> {
    let path = Path::new(&from.folder).join(from.playbook.as_deref()?);
    let here = env::current_dir().unwrap_or_default();
    Some(path.strip_prefix(&here).map(PathBuf::from).unwrap_or(path))
}

/// Whether a file is the playbook with this digest: `retry` refuses another one.
fn is_playbook(path: &Path, sha256: &str) -> bool {
    let is_readable = !is_stdin(path) && path.is_file();
    is_readable && playbook::read(path).is_ok_and(|source| digest::sha256(source) == sha256)
}

/// Flags that have selected a part: of the run's remaining changes, all are meant.
pub(super) const PART: [&str; 5] = [
    "--only",
    "--only-file",
    "--exclude",
    "--exclude-file",
    "--limit",
];

/// An ended run.
pub(super) struct EndedRun<'a> {
    /// Its `failed.csv`.
    pub(super) failed: &'a Path,
    pub(super) settings: &'a RunSettings,
    pub(super) counts: &'a Counts,
    /// Of its plan.
    pub(super) header: &'a PlanHeader,
    /// Which runs follow which.
    pub(super) lineage: &'a Lineage,
    /// All runs.
    pub(super) listing: &'a RunListing,
}

impl EndedRun<'_> {
    /// The sentence with the command that tries the remaining changes again, also those of the runs that it retries. None if nothing is
    /// left, if the data were deleted, or if the run was undone. While another run would refuse the plan, that one is named.
    pub(super) fn to_try_the_rest(&self, common: &Common) -> Option<String> {
        let state_dir = StateDir::new(common.state_dir.clone());
        let sentence = self.offer(common, &state_dir)?;
        let Some(first) = unfinished_like(&state_dir, self.listing, self.header, self.settings)
        else {
            return Some(sentence);
        };
        let invocation = common.invocation.without(&PART);
        let status = invocation.command("status", &[&first.to_string()]);
        Some(format!(
            "run {first} must end before the remaining changes are planned: {status}"
        ))
    }

    /// The same, whatever other runs are unfinished.
    fn offer(&self, common: &Common, state_dir: &StateDir) -> Option<String> {
        let run = self.settings.run;
        let is_undone = |run| self.lineage.undone_by(run).is_some();
        let parents = self.lineage.retried_by(run);
        let is_retried = self.lineage.newest(run, FollowUp::Retry).is_some();
        if is_undone(run) {
            return None;
        }
        let is_alone = parents.is_empty() && !is_retried;
        if is_alone && !is_something_left(self.counts) || are_data_gone(state_dir, self.settings) {
            return None;
        }
        let from = self.settings.planned_from.as_ref();
        let is_there = from
            .and_then(playbook_of)
            .is_some_and(|path| is_playbook(&path, &self.header.playbook.sha256));
        if let Some(follows) = self.header.follows
            && follows.by != FollowUp::Retry
        {
            let is_to_make = self.is_left_by_siblings(follows)?;
            return (self.sentence(&common.invocation, is_there)).filter(|_| is_to_make);
        }
        if is_alone {
            return self.sentence(&common.invocation, is_there);
        }
        for tried in parents
            .into_iter()
            .chain([run])
            .filter(|run| !is_undone(*run))
        {
            let Some(listed) = self.listed(tried) else {
                continue;
            };
            let others = OtherFollowUps::retries(self.listing, self.lineage, tried).ok()?;
            let left = others.left_of(&listed.folder).ok()?;
            let has_retry = self.lineage.newest(tried, FollowUp::Retry).is_some();
            if has_retry && left.not_retried > 0 {
                let command = self.retry(
                    &common.invocation,
                    &[&tried.to_string(), "--again"],
                    is_there,
                );
                let targets = count(left.not_retried, "target", "targets");
                let are = if left.not_retried == 1 { "is" } else { "are" };
                return Some(format!(
                    "{targets} of run {tried} {are} not retried yet: {command}"
                ));
            }
            if tried == run && !has_retry && left.is_any_to_make {
                return self.sentence(&common.invocation, is_there);
            }
        }
        None
    }

    fn listed(&self, run: RunId) -> Option<&ListedRun> {
        let mut runs = self.listing.runs.iter();
        runs.find(|listed| listed.folder.id() == run)
    }

    /// Of an undo or a correction: whether there is something that no other one of the same run has made. None if that run is not there any
    /// more, or a file can't be read.
    fn is_left_by_siblings(&self, follows: Follows) -> Option<bool> {
        self.listed(follows.run)?;
        let run = self.settings.run;
        let others = OtherFollowUps::siblings(self.listing, self.lineage, run, follows).ok()?;
        let left = others.left_of(&self.listed(run)?.folder).ok()?;
        Some(left.is_any_to_make)
    }

    /// The command that retries a run, with the playbook of this one.
    fn retry(&self, invocation: &Invocation, words: &[&str], is_there: bool) -> String {
        let playbook: &[&str] = if is_there {
            &[]
        } else {
            &["--playbook", "PLAYBOOK"]
        };
        let invocation = invocation.without(&PART).without(&["--again"]);
        let more = flags_to_say_again(self.header, self.settings);
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        invocation.command("retry", &[words, playbook, &more].concat())
    }

    /// `is_there`: whether the run says where its playbook is, and it is there unchanged.
    fn sentence(&self, invocation: &Invocation, is_there: bool) -> Option<String> {
        if !is_something_left(self.counts) {
            return None;
        }
        let run = self.settings.run.to_string();
        let without = invocation.without(&PART);
        let more = flags_to_say_again(self.header, self.settings);
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        let command = |name: &str, words: &[&str]| without.command(name, &[words, &more].concat());
        let (verb, command) = match &self.header.follows {
            Some(follows) if follows.by == FollowUp::Undo => {
                let failed = path_argument(self.failed);
                let parent = follows.run.to_string();
                ("undo", command("undo", &[&parent, "--only-file", &failed]))
            }
            Some(follows) if follows.by == FollowUp::Reconcile => {
                let parent = follows.run.to_string();
                ("plan", command("verify", &[&parent, "--reconcile", "FILE"]))
            }
            Some(_) | None => ("retry", self.retry(invocation, &[&run], is_there)),
        };
        Some(format!("to {verb} the remaining changes: {command}"))
    }
}

/// What a command that goes on with a run, or follows it, has to be told, since the run's folder does not decide it: the organisation, if
/// the plan has none; and the time limit of a request, if the run needed more than the default.
pub(super) fn flags_to_say_again(header: &PlanHeader, settings: &RunSettings) -> Vec<String> {
    let mut flags = Vec::new();
    if let (None, Some(org)) = (&header.org, &settings.org) {
        flags.extend(["--org".to_owned(), org.clone()]);
    }
    let seconds = settings.timeout_ms.div_ceil(1000).min(MAX_TIMEOUT);
    if seconds > DEFAULT_TIMEOUT {
        flags.extend(["--timeout".to_owned(), seconds.to_string()]);
    }
    flags
}

/// Whether a new plan could have a change: a target that is gone can't, and what is in doubt is not planned again.
pub(super) fn is_something_left(counts: &Counts) -> bool {
    Outcome::ALL.into_iter().any(|outcome| {
        let is_left = match outcome {
            Outcome::Applied | Outcome::AlreadyDone | Outcome::Gone | Outcome::InDoubt => false,
            Outcome::Drifted | Outcome::Refused | Outcome::Failed | Outcome::NotAttempted => true,
        };
        is_left && counts.get(outcome) > 0
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::samples::plan_header;

    #[test]
    fn what_the_folder_of_a_run_does_not_decide_is_said_again() {
        for (org, timeout_ms, expected) in [
            (None, 30_000, ""),
            (None, 1, ""),
            (None, 60_000, "--timeout 60"),
            (None, 59_001, "--timeout 60"),
            (None, u64::MAX, "--timeout 3600"),
            (Some("4711"), 31_000, "--org 4711 --timeout 31"),
        ] {
            let settings = json!({
                "wf_bulk_run": 1, "run": RUN, "started_at": "2026-12-01T09:00:00Z",
                "playbook": "p", "vars_sha256": "cd", "plan_sha256": "ab", "server": "sandbox", "org": org,
                "pace": {"rate": "8/s", "burst": 4, "concurrency": 4, "stop_after": 10},
                "recheck": true, "timeout_ms": timeout_ms, "settle_ms": 1, "reason": null,
            });
            let mut header = plan_header();
            header.org = None;
            let settings = serde_json::from_value(settings).unwrap();
            let flags = flags_to_say_again(&header, &settings);
            assert_eq!(flags.join(" "), expected, "{org:?} {timeout_ms}");
        }
    }

    const RUN: &str = "0192f0c4-8a5e-7000-8000-0000000000c4";
    const PARENT: &str = "0192aaaa-8a5e-7000-8000-0000000000c4";

    fn sentence(
        outcome: Outcome,
        follows: Option<FollowUp>,
        orgs: [Option<&str>; 2],
        is_there: bool,
    ) -> Option<String> {
        let settings = json!({
            "wf_bulk_run": 1, "run": RUN, "started_at": "2026-12-01T09:00:00Z",
            "playbook": "p", "vars_sha256": "cd", "plan_sha256": "ab", "server": "sandbox", "org": orgs[1],
            "pace": {"rate": "8/s", "burst": 4, "concurrency": 4, "stop_after": 10},
            "recheck": true, "timeout_ms": 1, "settle_ms": 1, "reason": null,
        });
        let mut header = plan_header();
        header.org = orgs[0].map(str::to_owned);
        header.follows = follows.map(|by| Follows {
            run: PARENT.parse().unwrap(),
            by,
        });
        let mut counts = Counts::default();
        counts.add(Outcome::Applied, 4);
        counts.add(outcome, 1);
        let run = EndedRun {
            failed: Path::new("our runs/failed.csv"),
            settings: &serde_json::from_value(settings).unwrap(),
            counts: &counts,
            header: &header,
            lineage: &Lineage::default(),
            listing: &RunListing::default(),
        };
        run.sentence(&Invocation::default(), is_there)
    }

    #[test]
    fn the_rest_is_tried_again_where_a_new_plan_could_find_some() {
        for outcome in Outcome::ALL {
            let nothing_is_left = [
                Outcome::Applied,
                Outcome::AlreadyDone,
                Outcome::Gone,
                Outcome::InDoubt,
            ]
            .contains(&outcome);
            let offered = sentence(outcome, None, [None; 2], true).is_some();
            assert_eq!(offered, !nothing_is_left, "{outcome}");
        }
    }

    #[test]
    fn what_follows_a_run_is_made_again_from_that_run() {
        let org = Some("4711");
        for (follows, orgs, is_there, said) in [
            (
                None,
                [org, org],
                true,
                "retry the remaining changes: wf-bulk retry RUN",
            ),
            (
                None,
                [None, org],
                false,
                "retry the remaining changes: wf-bulk retry RUN --playbook PLAYBOOK --org 4711",
            ),
            (
                Some(FollowUp::Retry),
                [org, org],
                true,
                "retry the remaining changes: wf-bulk retry RUN",
            ),
            (
                Some(FollowUp::Undo),
                [org, org],
                false,
                "undo the remaining changes: wf-bulk undo PARENT --only-file 'our runs/failed.csv'",
            ),
            (
                Some(FollowUp::Reconcile),
                [org, org],
                false,
                "plan the remaining changes: wf-bulk verify PARENT --reconcile FILE",
            ),
        ] {
            let sentence = sentence(Outcome::Failed, follows, orgs, is_there).unwrap();
            assert_eq!(
                sentence.replace(RUN, "RUN").replace(PARENT, "PARENT"),
                format!("to {said}")
            );
        }
    }

    #[test]
    fn the_playbook_of_a_run_is_named_from_its_own_folder() {
        let here = env::current_dir().unwrap();
        let from = |folder: &Path| PlannedFrom {
            folder: folder.to_str().unwrap().to_owned(),
            playbook: Some("p.yaml".to_owned()),
            flags: Vec::new(),
        };
        assert_eq!(playbook_of(&from(&here)), Some("p.yaml".into()));
        let elsewhere = playbook_of(&from(Path::new("/srv")));
        assert_eq!(elsewhere, Some("/srv/p.yaml".into()));
    }
}
