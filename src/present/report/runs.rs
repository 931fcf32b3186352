//! The runs of a state folder, one line each.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use jiff::tz::TimeZone;
use owo_colors::{OwoColorize as _, Style};
use serde_json::{Value, json};

use super::{outcome_groups::OutcomeGroups, summary_text::sum, units::thousands};
use crate::{
    checkpoint::Ending,
    dates,
    invocation::Invocation,
    outcome::{Counts, Outcome},
    store::{Operator, RunSettings},
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

    pub const fn standing(&self) -> &'static str {
        match &self.ending {
            None if self.is_running() => "running",
            None => "unfinished",
            Some(Ending::Finished { .. }) => "finished",
            Some(Ending::Abandoned { .. }) => "abandoned",
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
            sum(&run.counts, |_| Style::new())
        )?;
        if let Some(reason) = &settings.reason {
            writeln!(out, "    reason: {}", Untrusted(reason).terminal())?;
        }
        if let Some(by) = &settings.by {
            writeln!(out, "    {}", Untrusted(&who(by)).terminal())?;
        }
        if run.is_running() {
            writeln!(
                out,
                "    is running now; requests in flight count as in_doubt"
            )?;
        } else if let Some(sentence) = &run.to_try_the_rest {
            writeln!(out, "    {}", Untrusted(sentence).terminal())?;
        } else if run.ending.is_none() && run.is_without_data {
            let id = settings.run.to_string();
            let abandon = invocation.command("abandon", &[&id]);
            writeln!(
                out,
                "    `sandbox reset` has deleted its data, so it can't be resumed; to abandon it: {}",
                Untrusted(&abandon).terminal()
            )?;
        } else if run.ending.is_none() {
            let id = settings.run.to_string();
            let go_on = |more: &[&str]| {
                let flags: Vec<_> = run.flags_to_resume.iter().map(String::as_str).collect();
                let words = [&[id.as_str()], more, &flags].concat();
                invocation.command("resume", &words)
            };
            if !run.waits_for_an_answer {
                writeln!(out, "    continue: {}", Untrusted(&go_on(&[])).terminal())?;
            }
            if run.counts.get(Outcome::InDoubt) > 0 {
                let when = if run.waits_for_an_answer {
                    "no read can decide the changes in doubt:"
                } else {
                    "if changes stay in doubt,"
                };
                writeln!(
                    out,
                    "    {when} look at them; one answer is for all of them"
                )?;
                for (label, answer) in [("send them again:", "retry"), ("leave them:", "skip")] {
                    let command = go_on(&["--in-doubt", answer]);
                    writeln!(out, "    {label} {}", Untrusted(&command).terminal())?;
                }
            }
        }
    }
    Ok(())
}

/// Who started a run, and what of.
fn who(by: &Operator) -> String {
    let mut parts = vec![format!("by {} on {}", by.user, by.host)];
    if let Some(git) = &by.git {
        let commit: String = git.commit.chars().take(COMMIT_DIGITS).collect();
        let state = if git.dirty {
            ", with changes that are in no commit"
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
    parts.join("; ")
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
        sum(&run.counts, |_| Style::new())
    )
}

/// A run as a document of its own. Scripts depend on its names.
fn document(run: &RunLine) -> Value {
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
        "planned": run.counts.total(),
        "outcomes": run.counts,
        "folder": run.folder,
    })
}

/// Writes the runs as one JSON document, newest first.
///
/// # Errors
///
/// The errors of `out`.
pub fn write_runs_json(
    runs: &[RunLine],
    unreadable: &[UnreadableRun],
    out: &mut dyn Write,
) -> io::Result<()> {
    let unreadable: Vec<_> = unreadable
        .iter()
        .map(|run| json!({"folder": run.folder, "reason": run.reason}))
        .collect();
    let runs: Vec<_> = runs.iter().map(document).collect();
    text::json::to_writer(
        &mut *out,
        &json!({ "runs": runs, "unreadable": unreadable }),
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
mod tests {
    use super::*;

    fn run(outcomes: &[(Outcome, u64)], is_worked_on: bool, ending: Option<Ending>) -> RunLine {
        let settings = json!({
            "wf_bulk_run": 1, "run": "0192f0c4-8a5e-7000-8000-0000000000c4", "started_at": "2026-12-01T09:00:00Z",
            "playbook": "p", "vars_sha256": "cd", "plan_sha256": "ab", "server": "sandbox", "org": "4711",
            "pace": {"rate": "8/s", "burst": 4, "concurrency": 4, "stop_after": 10},
            "recheck": true, "timeout_ms": 1, "settle_ms": 1, "reason": "ticket\u{1b} 7",
        });
        let mut counts = Counts::default();
        for (outcome, changes) in outcomes {
            counts.add(*outcome, *changes);
        }
        RunLine {
            settings: serde_json::from_value(settings).unwrap(),
            counts,
            ending,
            is_worked_on,
            waits_for_an_answer: false,
            is_without_data: false,
            to_try_the_rest: None,
            flags_to_resume: Vec::new(),
            folder: "runs/x".into(),
        }
    }

    fn text(runs: &[RunLine]) -> String {
        let mut out = Vec::new();
        write_runs(
            runs,
            &Invocation::default(),
            &TimeZone::UTC,
            &mut out,
            Styles::plain(),
        )
        .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_run_is_told_with_how_it_stands_and_how_it_goes_on() {
        let some = [(Outcome::Applied, 1_234), (Outcome::NotAttempted, 1)];
        let doubts = [(Outcome::Applied, 3), (Outcome::InDoubt, 2)];
        let finished = Some(Ending::Finished { at: 0 });
        let abandoned = Some(Ending::Abandoned {
            at: 0,
            reason: "x".to_owned(),
        });
        let mut silent = run(&some, false, None);
        silent.settings.reason = None;
        let runs = [
            silent,
            run(&doubts, false, None),
            run(&doubts, true, None),
            // Its process has not ended yet.
            run(&doubts, true, finished.clone()),
            run(&doubts, false, finished),
            run(&doubts, true, abandoned),
        ];
        insta::assert_snapshot!(text(&runs), @r"
        0192f0c4-8a5e-7000-8000-0000000000c4  2026-12-01 09:00 UTC  unfinished  p on sandbox
            1,235 planned = 1,234 applied + 1 not_attempted
            continue: wf-bulk resume 0192f0c4-8a5e-7000-8000-0000000000c4
        0192f0c4-8a5e-7000-8000-0000000000c4  2026-12-01 09:00 UTC  unfinished  p on sandbox
            5 planned = 3 applied + 2 in_doubt
            reason: ticket\u{1b} 7
            continue: wf-bulk resume 0192f0c4-8a5e-7000-8000-0000000000c4
            if changes stay in doubt, look at them; one answer is for all of them
            send them again: wf-bulk resume 0192f0c4-8a5e-7000-8000-0000000000c4 --in-doubt retry
            leave them: wf-bulk resume 0192f0c4-8a5e-7000-8000-0000000000c4 --in-doubt skip
        0192f0c4-8a5e-7000-8000-0000000000c4  2026-12-01 09:00 UTC  running     p on sandbox
            5 planned = 3 applied + 2 in_doubt
            reason: ticket\u{1b} 7
            is running now; requests in flight count as in_doubt
        0192f0c4-8a5e-7000-8000-0000000000c4  2026-12-01 09:00 UTC  finished    p on sandbox
            5 planned = 3 applied + 2 in_doubt
            reason: ticket\u{1b} 7
        0192f0c4-8a5e-7000-8000-0000000000c4  2026-12-01 09:00 UTC  finished    p on sandbox
            5 planned = 3 applied + 2 in_doubt
            reason: ticket\u{1b} 7
        0192f0c4-8a5e-7000-8000-0000000000c4  2026-12-01 09:00 UTC  abandoned   p on sandbox
            5 planned = 3 applied + 2 in_doubt
            reason: ticket\u{1b} 7
        ");
        insta::assert_snapshot!(text(&[]), @"there are no runs here");
    }

    #[test]
    fn the_next_step_of_a_run_is_one_that_can_be_taken() {
        let doubts = [(Outcome::Applied, 3), (Outcome::InDoubt, 2)];
        let mut gone = run(&doubts, false, None);
        gone.settings.reason = None;
        gone.is_without_data = true;
        let mut ended = run(
            &[(Outcome::Refused, 1)],
            false,
            Some(Ending::Finished { at: 0 }),
        );
        ended.settings.reason = None;
        ended.to_try_the_rest =
            Some("to try the rest again: wf-bulk run p.yaml --only-file x.csv".to_owned());
        let mut asks = run(&doubts, false, None);
        asks.settings.reason = None;
        asks.waits_for_an_answer = true;
        insta::assert_snapshot!(text(&[gone, ended, asks]), @"
        0192f0c4-8a5e-7000-8000-0000000000c4  2026-12-01 09:00 UTC  unfinished  p on sandbox
            5 planned = 3 applied + 2 in_doubt
            `sandbox reset` has deleted its data, so it can't be resumed; to abandon it: wf-bulk abandon 0192f0c4-8a5e-7000-8000-0000000000c4
        0192f0c4-8a5e-7000-8000-0000000000c4  2026-12-01 09:00 UTC  finished    p on sandbox
            1 planned = 1 refused
            to try the rest again: wf-bulk run p.yaml --only-file x.csv
        0192f0c4-8a5e-7000-8000-0000000000c4  2026-12-01 09:00 UTC  unfinished  p on sandbox
            5 planned = 3 applied + 2 in_doubt
            no read can decide the changes in doubt: look at them; one answer is for all of them
            send them again: wf-bulk resume 0192f0c4-8a5e-7000-8000-0000000000c4 --in-doubt retry
            leave them: wf-bulk resume 0192f0c4-8a5e-7000-8000-0000000000c4 --in-doubt skip
        ");
    }

    #[test]
    fn a_program_is_told_the_same_standing() {
        let ending = || Some(Ending::Finished { at: 0 });
        for (is_worked_on, ending, standing) in [
            (true, None, "running"),
            (false, None, "unfinished"),
            (true, ending(), "finished"),
            (false, ending(), "finished"),
        ] {
            let mut out = Vec::new();
            let line = run(&[(Outcome::Applied, 2)], is_worked_on, ending);
            write_runs_json(&[line], &[], &mut out).unwrap();
            let document: serde_json::Value = serde_json::from_slice(&out).unwrap();
            let found = &document["runs"][0];
            assert_eq!(
                (
                    &found["standing"],
                    &found["planned"],
                    &found["outcomes"]["applied"]
                ),
                (&json!(standing), &json!(2), &json!(2))
            );
        }
    }
}
