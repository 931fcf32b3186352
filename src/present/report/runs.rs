//! The runs of a state folder, one line each.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use jiff::{Timestamp, tz::TimeZone};
use owo_colors::{OwoColorize as _, Style};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    no_runs, outcome_groups::OutcomeGroups, summary_text::sum, undone::Undone, units::thousands,
};
use crate::{
    checkpoint::Ending,
    dates,
    invocation::Invocation,
    outcome::{Counts, Outcome},
    plan::{FollowUp, Follows},
    store::{NoRun, Operator, RunId, RunSettings, in_doubt_in},
    styles::Styles,
    text::{self, Untrusted},
};

/// Digits of a commit: unique in most repositories, as git shows it.
const COMMIT_DIGITS: usize = 12;

/// One run in a list.
#[derive(Clone, Debug)]
pub struct RunLine {
    pub settings: RunSettings,
    pub counts: Counts,
    /// None if it can be resumed.
    pub ending: Option<Ending>,
    /// The run that it undoes, retries or corrects.
    pub follows: Option<Follows>,
    /// The runs that undo, retry or correct it, newest first.
    pub followed_by: Vec<(RunId, FollowUp)>,
    /// What the runs that undo it have left of their effect.
    pub undone: Undone,
    /// A process is working on it.
    pub is_worked_on: bool,
    /// What is left of it is in doubt, and no read can decide it.
    pub waits_for_an_answer: bool,
    /// Its sandbox data were thrown away, so that it can't be resumed.
    pub is_without_data: bool,
    /// The sentence that says how to try again what it has left undone, if it has ended.
    pub to_try_the_rest: Option<String>,
    /// The flags that `resume` needs, with their values: they are not the run's folder's to decide.
    pub flags_to_resume: Vec<String>,
    pub folder: PathBuf,
}

/// A run that can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableRun {
    pub folder: PathBuf,
    pub reason: String,
}

impl RunLine {
    /// Whether a process is on its way to the end.
    pub const fn is_running(&self) -> bool {
        self.is_worked_on && self.ending.is_none()
    }

    /// Why `resume` refuses it, although it has not ended.
    fn why_not_resumed(&self) -> Option<&'static str> {
        if self.ending.is_some() {
            None
        } else if self.is_without_data {
            Some("`sandbox reset` has deleted its data, so it can't be resumed")
        } else if self.undone.in_force().is_some() {
            Some("it was undone, so its remaining changes are not made")
        } else {
            None
        }
    }

    /// Which run it follows, and which runs follow it.
    pub(super) fn lineage(&self) -> Vec<String> {
        let follows = self.follows.iter().map(|Follows { run, by }| {
            let what = match by {
                FollowUp::Undo => "undoes run",
                FollowUp::Retry => "retries run",
                FollowUp::Reconcile => "corrects tasks of run",
            };
            format!("{what} {run}")
        });
        let followed_by = self.followed_by.iter().map(|(id, by)| {
            let what = match by {
                FollowUp::Undo => "its undo",
                FollowUp::Retry => "its retry",
                FollowUp::Reconcile => "its correction of tasks",
            };
            format!("{what}: run {id}{}", self.undone.aside(*id))
        });
        follows.chain(followed_by).collect()
    }

    /// What a person can do next, or why nothing can be done now.
    pub(super) fn next_steps(&self, invocation: &Invocation) -> Vec<NextStep> {
        let id = self.settings.run.to_string();
        if self.is_running() {
            let text = "is running now; requests in flight count as in_doubt";
            return vec![NextStep::new(text, None)];
        }
        if let Some(sentence) = &self.to_try_the_rest {
            let step = match sentence.split_once(": ") {
                Some((text, command)) => NextStep::new(format!("{text}:"), Some(command.into())),
                None => NextStep::new(sentence, None),
            };
            return vec![step];
        }
        if let Some(reason) = self.why_not_resumed() {
            let abandon = invocation.command("abandon", &[&id]);
            let text = format!("{reason}; to abandon it:");
            return vec![NextStep::new(text, Some(abandon))];
        }
        let mut steps = Vec::new();
        if self.ending.is_some() {
            return steps;
        }
        let go_on = |more: &[&str]| {
            let flags: Vec<_> = self.flags_to_resume.iter().map(String::as_str).collect();
            let words = [&[id.as_str()], more, &flags].concat();
            Some(invocation.command("resume", &words))
        };
        if !self.waits_for_an_answer {
            steps.push(NextStep::new("continue:", go_on(&[])));
        }
        if self.counts.get(Outcome::InDoubt) > 0 {
            let when = if self.waits_for_an_answer {
                "the changes in doubt need your answer:"
            } else {
                "if changes stay in doubt,"
            };
            steps.push(NextStep::new(
                format!("{when} look at them (in a terminal, `resume` asks about each)"),
                None,
            ));
            let list = in_doubt_in(&self.folder);
            if list.exists() {
                let text = "write applied, retry or skip into the rows of in_doubt.csv; then:";
                let command = go_on(&["--in-doubt", &list.to_string_lossy()]);
                steps.push(NextStep::new(text, command));
            }
            for (label, answer) in [
                ("send all of them again:", "retry"),
                ("leave all of them:", "skip"),
            ] {
                steps.push(NextStep::new(label, go_on(&["--in-doubt", answer])));
            }
        }
        steps
    }

    pub const fn standing(&self) -> &'static str {
        match &self.ending {
            None if self.is_running() => "running",
            None => "unfinished",
            Some(Ending::Finished { .. }) => "finished",
            Some(Ending::Abandoned { .. }) => "abandoned",
        }
    }
}

/// What a person can do next: what it is for, and the command if there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct NextStep {
    pub(super) text: String,
    pub(super) command: Option<String>,
}

impl NextStep {
    fn new(text: impl Into<String>, command: Option<String>) -> Self {
        Self {
            text: text.into(),
            command,
        }
    }
}

/// Writes the runs as text, with times in `zone`: the playbook, the state and the outcomes of each.
///
/// # Errors
///
/// The errors of `out`.
pub fn write_runs(
    runs: &[RunLine],
    invocation: &Invocation,
    zone: &TimeZone,
    out: &mut dyn Write,
    styles: Styles,
) -> io::Result<()> {
    if runs.is_empty() {
        return writeln!(out, "there are no runs here");
    }
    for run in runs {
        let settings = &run.settings;
        let style = if run.ending.is_none() {
            styles.warning
        } else {
            styles.dim
        };
        writeln!(
            out,
            "{}  {}  {}  {} on {}",
            settings.run.style(styles.strong),
            dates::in_zone(settings.started_at, zone),
            format_args!("{:<10}", run.standing()).style(style),
            Untrusted(&settings.playbook).terminal(),
            Untrusted(&settings.server).terminal(),
        )?;
        writeln!(
            out,
            "    {} planned = {}",
            thousands(run.counts.total()),
            plain_sum(&run.counts)
        )?;
        if let Some(reason) = &settings.reason {
            writeln!(out, "    reason: {}", Untrusted(reason).terminal())?;
        }
        if let Some(by) = &settings.by {
            writeln!(out, "    {}", Untrusted(&who(by)).terminal())?;
        }
        for line in run.lineage() {
            writeln!(out, "    {line}")?;
        }
        for step in run.next_steps(invocation) {
            let command = step
                .command
                .map_or_else(String::new, |command| format!(" {command}"));
            let line = step.text + &command;
            writeln!(out, "    {}", Untrusted(&line).terminal())?;
        }
    }
    Ok(())
}

/// `134 applied + 2 already_done`: the outcomes that occurred.
pub(super) fn plain_sum(outcomes: &Counts) -> String {
    sum(outcomes, |_| Style::new())
}

/// Who started a run, and what of.
pub(super) fn who(by: &Operator) -> String {
    let mut parts = vec![started_by(by, str::to_owned)];
    if let Some(git) = &by.git {
        let commit: String = git.commit.chars().take(COMMIT_DIGITS).collect();
        let state = if git.dirty {
            ", with uncommitted changes"
        } else {
            ""
        };
        parts.push(format!("playbook of commit {commit}{state}"));
    }
    parts.extend(
        by.approver
            .iter()
            .map(|approver| format!("approved by {approver}")),
    );
    parts.extend(by.link.iter().map(|link| format!("see {link}")));
    parts.join("; ")
}

/// `by Max (runner on ci-7)`: the person, if one is named, and the machine's user. `quote` makes each word safe for its format.
pub(super) fn started_by(by: &Operator, quote: impl Fn(&str) -> String) -> String {
    let (user, host) = (quote(&by.user), quote(&by.host));
    match &by.actor {
        Some(actor) => format!("by {} ({user} on {host})", quote(actor)),
        None => format!("by {user} on {host}"),
    }
}

/// Writes how a run stands, as one line without what comes next.
///
/// # Errors
///
/// The errors of `out`.
pub fn write_run_standing(run: &RunLine, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{}  {:<10}  {} planned = {}",
        run.settings.run,
        run.standing(),
        thousands(run.counts.total()),
        plain_sum(&run.counts)
    )
}

/// A run as a document of its own. Scripts depend on its names.
fn document(run: &RunLine) -> Value {
    let followed_by: Vec<_> = (run.followed_by.iter())
        .map(|&(run, by)| Follows { run, by })
        .collect();
    json!({
        "run": run.settings.run,
        "playbook": run.settings.playbook,
        "server": run.settings.server,
        "org": run.settings.org,
        "started_at": run.settings.started_at,
        "reason": run.settings.reason,
        "by": run.settings.by,
        "plan_sha256": run.settings.plan_sha256,
        "standing": run.standing(),
        "follows": run.follows,
        "followed_by": followed_by,
        "planned": run.counts.total(),
        "outcomes": run.counts,
        "folder": run.folder,
    })
}

/// Writes the runs as one JSON document, newest first, and the newest commands that ended without one.
///
/// # Errors
///
/// The errors of `out`.
pub fn write_runs_json(
    runs: &[RunLine],
    unreadable: &[UnreadableRun],
    no_runs: &[(Timestamp, NoRun)],
    out: &mut dyn Write,
) -> io::Result<()> {
    let unreadable: Vec<_> = unreadable
        .iter()
        .map(|run| json!({"folder": run.folder, "reason": run.reason}))
        .collect();
    let runs: Vec<_> = runs.iter().map(document).collect();
    text::json::to_writer(
        &mut *out,
        &json!({
            "runs": runs,
            "unreadable": unreadable,
            "ended_without_a_run": no_runs::documents(no_runs),
        }),
    )?;
    writeln!(out)
}

/// Writes one run as the only one of such a document, with all groups of its changes.
///
/// # Errors
///
/// The errors of `out`, and of the disk on which the groups are.
pub fn write_run_json(run: &RunLine, groups: OutcomeGroups, out: &mut dyn Write) -> io::Result<()> {
    let document = text::json::to_string(&document(run))?;
    // An object with fields: the groups come before its closing brace.
    let (fields, brace) = document.split_at(document.len() - 1);
    write!(out, "{{\"runs\":[{fields},")?;
    groups.write_json(out)?;
    writeln!(out, "{brace}],\"unreadable\":[]}}")
}

#[cfg(test)]
pub(super) mod tests;
