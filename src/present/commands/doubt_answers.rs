//! The file of `resume --in-doubt FILE`: a person's answers about single changes in doubt, checked before anything is sent or recorded.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::{
    doubt_rows::{AnswerRow, Judged, Line, judge},
    past_run::unread,
    terminal::say,
};
use crate::{
    checkpoint::CheckpointState,
    cli::Common,
    error::{Error, FilePlace, Located},
    plan::{Item, KnownFile, Target},
    report::{ANSWER_COLUMNS, MAX_ANSWER_FILE},
    run::GivenAnswer,
    store::RunId,
    table::{self, RequiredColumns, TableError},
    text::{Untrusted, count, shown_path, thousands},
};

/// Mistakes that are shown.
const SHOWN: usize = 20;

/// The answers in a file about changes of this run.
///
/// # Errors
///
/// If the file can't be read, or a row of it can't be used; all such rows are shown.
pub(super) fn answers_in(
    common: &Common,
    path: &Path,
    run: RunId,
    state: &CheckpointState,
    plan: &KnownFile<'_>,
) -> Result<Vec<GivenAnswer>, Error> {
    let token = common.token_file.as_deref().filter(|_| !common.sandbox);
    if table::is_stdin(path) && token.is_some_and(table::is_stdin) {
        return Err(Error::usage(
            "standard input can be one input, not --in-doubt and --token-file at the same time",
        )
        .hint("put one of them into a file"));
    }
    let rows = rows(path)?;
    let targets = targets(
        plan,
        &rows.iter().filter_map(AnswerRow::plan_line).collect(),
    )?;
    let (mut given, mut spent, mut mistakes) = (BTreeMap::new(), 0, Vec::new());
    let mut rows_of: BTreeMap<u64, u64> = BTreeMap::new();
    for row in &rows {
        let line = row.plan_line().map(|line| Line {
            number: line,
            target: targets.get(&line),
            open: state.open(line).filter(|open| open.doubtful),
            outcome: state.outcome(line),
            answered: state.answered(line),
        });
        let judged = judge(row, &run.to_string(), line).and_then(|judged| {
            let Some(line) = judged.line() else {
                return Ok(judged);
            };
            match rows_of.insert(line, row.number) {
                None => Ok(judged),
                Some(other) => Err(format!(
                    "row {other} has an answer about the same change (line {line} of the plan): leave one of them empty"
                )),
            }
        });
        match judged {
            Ok(Judged::NoAnswer) => {}
            Ok(Judged::Spent(_)) => spent += 1,
            Ok(Judged::Given(answer)) => {
                given.insert(answer.line, answer);
            }
            Err(message) => mistakes.push(located(path, row, &message)),
        }
    }
    if !mistakes.is_empty() {
        return Err(refused(path, mistakes));
    }
    if given.is_empty() && spent == 0 {
        return Err(Error::usage(format!(
            "{} has no answer: its column answer is empty",
            table::name(path)
        ))
        .hint("write applied, retry or skip into the rows that you know about"));
    }
    if spent > 0 {
        say(|out| {
            writeln!(
                out,
                "{} of {} had been followed before",
                count(spent, "answer", "answers"),
                table::name(path)
            )
        });
    }
    Ok(given.into_values().collect())
}

fn rows(path: &Path) -> Result<Vec<AnswerRow>, Error> {
    if fs::metadata(path).is_ok_and(|found| found.len() > MAX_ANSWER_FILE) {
        return Err(Error::usage(format!(
            "{} is larger than {} MiB, so it is no list of answers",
            table::name(path),
            MAX_ANSWER_FILE / 1024 / 1024
        )));
    }
    let mut rows = Vec::new();
    table::read(path, RequiredColumns::All(&ANSWER_COLUMNS), |row| {
        rows.push(AnswerRow {
            number: row.number,
            line: row.line,
            cells: row.cells,
        });
        Ok(())
    })
    .map_err(|error: TableError| {
        let line = error.line();
        Error::usage("the file of answers can't be used")
            .caused_by(error)
            .at(path.display().to_string(), line)
            .hint("a run folder has in_doubt.csv, with a column for the answers")
            .hint("to give all changes in doubt one answer: retry or skip; there is no other word for all")
    })?;
    Ok(rows)
}

/// Says where the earlier list of answers is, if a new one took its place and not all of its answers.
pub(super) fn say_aside(aside: Option<&Path>) {
    let Some(aside) = aside else { return };
    say(|out| {
        writeln!(
            out,
            "in_doubt.csv had answers that are not of the changes in doubt of this run, or could not be read; it is now {}. \
             Write your answers into the new in_doubt.csv again",
            shown_path(aside)
        )
    });
}

/// The targets of the changes on these lines of the plan.
fn targets(plan: &KnownFile<'_>, lines: &BTreeSet<u64>) -> Result<BTreeMap<u64, Target>, Error> {
    let mut targets = BTreeMap::new();
    let mut plan = plan.reader().map_err(unread)?;
    while let Some(line) = plan.next_line().map_err(unread)? {
        if let Item::Change(change) = line.item
            && lines.contains(&line.number)
        {
            targets.insert(line.number, change.target);
        }
    }
    Ok(targets)
}

fn located(path: &Path, row: &AnswerRow, message: &str) -> Located {
    Located {
        place: FilePlace {
            file: Some(path.display().to_string()),
            line: row.line,
            column: None,
        },
        message: format!("{}, {}: {message}", table::name(path), row.place()),
        causes: Vec::new(),
        help: None,
    }
}

fn refused(path: &Path, mut mistakes: Vec<Located>) -> Error {
    let number = mistakes.len();
    mistakes.truncate(SHOWN);
    say(|out| {
        for mistake in &mistakes {
            writeln!(out, "{}", Untrusted(&mistake.message).terminal())?;
        }
        match number - mistakes.len() {
            0 => Ok(()),
            more => writeln!(out, "… and {} more", thousands(more as u64)),
        }
    });
    let mut error = Error::usage(format!(
        "{} has {}; nothing was sent or recorded",
        table::name(path),
        count(number as u64, "mistake", "mistakes")
    ));
    error.mistakes = mistakes;
    error
}
