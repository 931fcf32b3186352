//! A run as one HTML page, to read without network access and without scripts: all text from outside goes through an escaper.

mod load;

use std::io::{self, Write};

use serde::Serialize;

use self::load::LoadPlot;
use super::{
    html_page::{Bar, BarPlot, Frame, HEIGHT, PlotRow, Tile, bars, render},
    outcome_groups::{LargestGroups, OutcomeGroup},
    run_numbers::ActionCounts,
    run_report::{RunReport, RunView},
    run_words::{self, Headline, SessionWords},
    runs::plain_sum,
    units::thousands,
};
use crate::{dates, outcome::Outcome};

/// Targets of a group that are shown without unfolding it.
const UNFOLDED: usize = 3;

/// Actions that are shown; a playbook has a few.
const ACTIONS: usize = 40;

impl RunReport<'_> {
    /// Writes the run as an HTML page. Its length is bounded: what it leaves out is in the run's files, and the page says so.
    ///
    /// # Errors
    ///
    /// The errors of `out`, or of the disk on which the changes were sorted.
    pub fn write_html(self, out: &mut dyn Write) -> io::Result<()> {
        let Self { findings, groups } = self;
        let view = findings.view();
        let line = &findings.run.line;
        let zone = &findings.run.zone;
        let timeline = view.timeline;
        let sections = groups.largest_of_each()?;
        let page = RunPage {
            frame: Frame::new(None),
            headline: Headline::of(&view, line.waits_for_an_answer),
            result: run_words::result(&view),
            started: dates::in_zone(view.started_at, zone),
            tiles: tiles(&view, line.is_running()),
            sections: (sections.iter())
                .map(|(outcome, groups)| ProblemSection::of(*outcome, groups))
                .collect(),
            actions: action_rows(&view.actions),
            more_actions: view.actions.len().saturating_sub(ACTIONS),
            way_back: run_words::way_back(&view.undo),
            follow_ups: run_words::follow_ups(&view),
            facts: run_words::facts(&view, zone),
            load: timeline.map(run_words::load),
            load_plot: timeline.and_then(LoadPlot::of),
            sessions: timeline.map_or_else(Vec::new, |timeline| {
                run_words::sessions(timeline, line.is_running(), zone)
            }),
            earlier_sessions: timeline.map_or(0, |timeline| timeline.earlier_sessions),
            unreadable_lines: timeline.map_or(0, |timeline| timeline.unreadable_lines),
            bars: [durations(&view), attempts(&view)]
                .into_iter()
                .flatten()
                .collect(),
            typical: run_words::typical(&view.durations),
            tool: concat!("wf-bulk ", env!("CARGO_PKG_VERSION")),
            run: &view,
        };
        let html = render("run.html", &page).map_err(io::Error::other)?;
        out.write_all(html.as_bytes())?;
        out.write_all(b"</body>\n</html>\n")
    }
}

/// The data of the template.
#[derive(Debug, Serialize)]
struct RunPage<'a> {
    frame: Frame,
    headline: Headline,
    result: String,
    started: String,
    run: &'a RunView<'a>,
    tiles: Vec<Tile>,
    sections: Vec<ProblemSection>,
    actions: Vec<ActionRow>,
    more_actions: usize,
    way_back: String,
    follow_ups: Vec<String>,
    facts: Vec<(&'static str, String)>,
    load: Option<String>,
    load_plot: Option<LoadPlot>,
    sessions: Vec<SessionWords>,
    earlier_sessions: u64,
    unreadable_lines: u64,
    bars: Vec<BarPlot>,
    typical: Option<String>,
    tool: &'static str,
}

/// The changes with one outcome that needs attention.
#[derive(Debug, Serialize)]
struct ProblemSection {
    class: &'static str,
    title: String,
    meaning: &'static str,
    groups: Vec<ProblemGroup>,
    others: Option<String>,
}

#[derive(Debug, Serialize)]
struct ProblemGroup {
    changes: u64,
    message: Option<String>,
    /// The first targets.
    first: Vec<String>,
    /// Those that are folded.
    folded: Vec<String>,
    /// How many are not named.
    more: u64,
}

impl ProblemSection {
    fn of(outcome: Outcome, groups: &LargestGroups) -> Self {
        Self {
            class: run_words::class(outcome),
            title: run_words::section_title(outcome, groups),
            meaning: run_words::meaning(outcome),
            groups: groups.groups.iter().map(ProblemGroup::of).collect(),
            others: groups.others(),
        }
    }
}

impl ProblemGroup {
    fn of(group: &OutcomeGroup) -> Self {
        let mut first = group.lines();
        let more = group.changes() - first.len() as u64;
        let folded = first.split_off(first.len().min(UNFOLDED));
        Self {
            changes: group.changes(),
            message: group.message(),
            first,
            folded,
            more,
        }
    }
}

/// What became of the changes of one action.
#[derive(Debug, Serialize)]
struct ActionRow {
    name: String,
    planned: u64,
    bars: Vec<Bar>,
    /// `130 applied + 2 refused`.
    outcomes: String,
}

fn action_rows(actions: &[ActionCounts]) -> Vec<ActionRow> {
    let row = |action: &ActionCounts| {
        let count = |class| {
            let of_class = |outcome: &Outcome| run_words::class(*outcome) == class;
            let outcomes = Outcome::ALL.into_iter().filter(of_class);
            outcomes
                .map(|outcome| action.outcomes.get(outcome))
                .sum::<u64>()
        };
        let (good, caution, broken) = (count("good"), count("final"), count("broken"));
        ActionRow {
            name: action.action.clone(),
            planned: action.planned,
            bars: bars(
                action.planned,
                [
                    ("made", 0, good, 0),
                    ("before", good, caution, 0),
                    ("lost-bar", good + caution, broken, 0),
                ],
            ),
            outcomes: plain_sum(&action.outcomes),
        }
    };
    actions.iter().take(ACTIONS).map(row).collect()
}

fn tiles(run: &RunView<'_>, is_running: bool) -> Vec<Tile> {
    let mut tiles = vec![Tile::new("", run.planned, "planned")];
    for outcome in Outcome::ALL {
        let number = run.outcomes.get(outcome);
        let word = match (outcome, is_running) {
            (Outcome::InDoubt, true) => "in flight or in doubt",
            (Outcome::NotAttempted, true) => "to do",
            (Outcome::InDoubt, false) => "in doubt",
            (Outcome::NotAttempted, false) => "not attempted",
            (Outcome::AlreadyDone, _) => "already done",
            (
                Outcome::Applied
                | Outcome::Drifted
                | Outcome::Gone
                | Outcome::Refused
                | Outcome::Failed,
                _,
            ) => outcome.word(),
        };
        let is_open = matches!(outcome, Outcome::InDoubt | Outcome::NotAttempted);
        let class = if is_running && is_open {
            ""
        } else {
            run_words::class(outcome)
        };
        if number > 0 || outcome == Outcome::Applied {
            let class = if number > 0 { class } else { "" };
            tiles.push(Tile::new(class, number, word));
        }
    }
    if let Some(timeline) = run.timeline {
        tiles.push(Tile {
            class: "",
            number: run_words::span(timeline.ms),
            words: "of work".to_owned(),
        });
        let class = if timeline.throttled > 0 { "final" } else { "" };
        tiles.push(Tile::new(class, timeline.throttled, "answers of 429"));
    }
    tiles
}

/// How long changes took. None if it is not known of any.
fn durations(run: &RunView<'_>) -> Option<BarPlot> {
    let rows = run
        .durations
        .iter()
        .map(|class| (run_words::duration_name(*class), class.changes));
    histogram("How long changes took, at most", "Time", rows)
}

fn attempts(run: &RunView<'_>) -> Option<BarPlot> {
    let rows = run
        .attempts
        .iter()
        .map(|class| (run_words::attempts_name(*class), class.changes));
    histogram("Attempts of a change", "Attempts", rows)
}

/// A row for each class. None without changes.
fn histogram(
    title: &'static str,
    of: &'static str,
    rows: impl Iterator<Item = (String, u64)> + Clone,
) -> Option<BarPlot> {
    let most = rows.clone().map(|(_, changes)| changes).max()?;
    Some(BarPlot {
        title,
        key: Vec::new(),
        of,
        columns: ["Changes", ""],
        rows: rows
            .map(|(name, changes)| PlotRow {
                name,
                bars: bars(most, [("after", 0, changes, 0)]),
                numbers: [("", thousands(changes)), ("", String::new())],
            })
            .collect(),
        height: HEIGHT,
    })
}

#[cfg(test)]
mod tests;
