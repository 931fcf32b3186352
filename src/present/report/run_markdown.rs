//! A run as Markdown for a ticket or a pull request, which fits into one comment for any size of the run.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use jiff::tz::TimeZone;

use super::{
    limited_lines::{CHANGES, LimitedLines, MAX_BYTES, cell, code},
    outcome_groups::LargestGroups,
    run_report::{RunReport, RunView},
    run_words::{self, Headline},
    runs::{plain_sum, started_by},
    units::{count, thousands},
};
use crate::{dates, outcome::Outcome, text::Untrusted};

/// The first line: it is not shown, and a workflow finds its comment by it again.
const MARK: &str = "<!-- report of wf-bulk -->";

/// Actions that are shown; a playbook has a few.
const ACTIONS: usize = 20;

/// Sessions that are shown, the last ones.
const SESSIONS: usize = 10;

/// Targets of a group that are named.
const NAMED: usize = 3;

impl RunReport<'_> {
    /// Writes the run as Markdown. What it leaves out is in the run's files, and it says so.
    ///
    /// # Errors
    ///
    /// The errors of `out`, or of the disk on which the changes were sorted.
    pub fn write_markdown(self, out: &mut dyn Write) -> io::Result<()> {
        let Self { findings, groups } = self;
        let view = findings.view();
        let line = &findings.run.line;
        let zone = &findings.run.zone;
        let headline = Headline::of(&view, line.waits_for_an_answer);
        let mut head = format!(
            "{MARK}\n### {}: {}\n\n",
            code(view.playbook),
            run_words::result(&view)
        );
        head += &origin(&view, &dates::in_zone(view.started_at, zone));
        head += &standing(&view, &headline);
        let mut foot = plan_and_outcome(&view);
        foot += &load(&view, line.is_running(), zone);
        foot += &way_back(&view);
        out.write_all(head.as_bytes())?;
        let room = MAX_BYTES.saturating_sub(head.len() + foot.len());
        let sections = groups.largest_of_each()?;
        // Each outcome has its share; what one leaves is for the next.
        let part = room / sections.len().max(1);
        let mut spare = 0;
        for (outcome, groups) in &sections {
            spare += part;
            let text = section(*outcome, groups, spare, view.results.as_deref());
            spare = spare.saturating_sub(text.len());
            out.write_all(text.as_bytes())?;
        }
        out.write_all(foot.as_bytes())
    }
}

/// The paragraph about where, when and by whom the run was made.
fn origin(run: &RunView<'_>, started: &str) -> String {
    let mut parts = vec![format!("On {}", code(run.server))];
    parts.extend(run.org.map(|org| format!("org {}", code(org))));
    parts.push(format!("run `{}`", run.run));
    parts.push(format!("started {}", code(started)));
    if let Some(by) = run.by {
        parts.push(started_by(by, code));
        let approver = by.approver.as_ref();
        parts.extend(approver.map(|approver| format!("approved by {}", code(approver))));
        parts.extend(by.link.as_ref().map(|link| format!("see {}", code(link))));
    }
    parts.extend(run.reason.map(|reason| format!("reason {}", code(reason))));
    let mut text = parts.join(", ") + ".\n";
    for line in run_words::follow_ups(run) {
        text += &line;
        text.push('\n');
    }
    text.push('\n');
    text
}

/// How the run stands, and what can be done next.
fn standing(run: &RunView<'_>, headline: &Headline) -> String {
    let kind = match headline.class {
        "broken" => "CAUTION",
        "final" => "WARNING",
        _ => "NOTE",
    };
    let why = headline
        .why
        .as_deref()
        .map(|why| format!(": {}", code(why)));
    let mut text = format!(
        "> [!{kind}]\n> {}{}.\n",
        headline.title,
        why.unwrap_or_default()
    );
    for step in &run.next_steps {
        let command = step.command.as_deref().map(code).unwrap_or_default();
        let _ = writeln!(text, ">\n> {}", format!("{} {command}", step.text).trim());
    }
    text.push('\n');
    text
}

fn section(outcome: Outcome, groups: &LargestGroups, room: usize, whole: Option<&str>) -> String {
    let start = format!(
        "**{}.** {}\n\n",
        run_words::section_title(outcome, groups),
        run_words::meaning(outcome)
    );
    let mut lines = LimitedLines::new(start, room, whole);
    for group in &groups.groups {
        let message = group
            .message()
            .map(|message| format!(": {}", code(&message)));
        let mut text = format!(
            "- {}{}\n",
            thousands(group.changes()),
            message.unwrap_or_default()
        );
        let named = group.lines();
        for line in named.iter().take(NAMED) {
            let _ = writeln!(text, "  - {}", code(line));
        }
        match group.changes() - named.len().min(NAMED) as u64 {
            0 => {}
            more => {
                let _ = writeln!(text, "  - … and {} more", thousands(more));
            }
        }
        lines.add(group.changes(), &text);
    }
    if let Some(others) = groups.others() {
        lines.add(groups.changes_left_out, &format!("- … and {others}\n"));
    }
    lines.end(groups.changes, CHANGES, "")
}

fn plan_and_outcome(run: &RunView<'_>) -> String {
    let mut text = String::new();
    if !run.actions.is_empty() {
        text += "| action | planned | outcome |\n|---|--:|---|\n";
    }
    for action in run.actions.iter().take(ACTIONS) {
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            cell(&action.action),
            thousands(action.planned),
            plain_sum(&action.outcomes)
        );
    }
    if let Some(more @ 1..) = run.actions.len().checked_sub(ACTIONS) {
        let more = count(more as u64, "other action", "other actions");
        let _ = writeln!(text, "\n… and {more}");
    }
    text.push('\n');
    text
}

fn load(run: &RunView<'_>, is_running: bool, zone: &TimeZone) -> String {
    let Some(timeline) = run.timeline else {
        return String::new();
    };
    let mut text = run_words::load(timeline) + "\n\n";
    let sessions = run_words::sessions(timeline, is_running, zone);
    // One session says the same as all.
    if sessions.len() > 1 {
        for session in &sessions[sessions.len().saturating_sub(SESSIONS)..] {
            let stopped = session.stopped.as_deref();
            let stopped = stopped.map(|why| format!(": {}", code(why)));
            let _ = writeln!(text, "- {}{}", session.text, stopped.unwrap_or_default());
        }
        text.push('\n');
    }
    if let Some(typical) = run_words::typical(&run.durations) {
        text += &typical;
        text += "\n\n";
    }
    text
}

fn way_back(run: &RunView<'_>) -> String {
    let mut text = run_words::way_back(&run.undo);
    if let Some(command) = &run.undo.command {
        let _ = write!(text, "\n\n```sh\n{}\n```", Untrusted(command).terminal());
    }
    let _ = write!(text, "\n\nPlan with SHA-256 `{}`.", run.plan_sha256);
    if let Some(results) = &run.results {
        let _ = write!(text, " Every change is in {}.", code(results));
    }
    if let Some(command) = &run.to_write_results {
        let command = code(command);
        let _ = write!(text, " {command} writes the file with every change.");
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
