//! What a row of the file of `resume --in-doubt FILE` means: pure.

use crate::{
    checkpoint::{Open, PersonAnswer},
    outcome::Outcome,
    plan::Target,
    run::GivenAnswer,
    table::{self, Cells},
    text::{cut, meant},
};

/// Characters of a wrong cell that a message shows.
const MAX_SHOWN: usize = 40;

/// One row of the file.
#[derive(Clone, Debug)]
pub(super) struct AnswerRow {
    /// As a spreadsheet counts.
    pub(super) number: u64,
    /// In the file; none in a JSON array.
    pub(super) line: Option<u64>,
    pub(super) cells: Cells,
}

impl AnswerRow {
    fn cell(&self, column: &str) -> Option<&str> {
        let cells = self.cells.as_ref().ok()?;
        Some(cells.get(column)?.trim())
    }

    /// The line of the plan that it is about, if it has one.
    pub(super) fn plan_line(&self) -> Option<u64> {
        self.cell("line")?.parse().ok()
    }

    /// `line 3`, or the number of a row that has no line of its own.
    pub(super) fn place(&self) -> String {
        match self.line {
            Some(line) => format!("line {line}"),
            None => format!("row {}", self.number),
        }
    }
}

/// What is known of the line of the plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) number: u64,
    /// None if it is no change.
    pub(super) target: Option<&'a Target>,
    /// If the change is in doubt.
    pub(super) open: Option<Open>,
    pub(super) outcome: Option<Outcome>,
    /// The last answer of a person, and the number of attempts that it is about.
    pub(super) answered: Option<(u32, PersonAnswer)>,
}

/// A row that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    NoAnswer,
    Given(GivenAnswer),
    /// It was recorded and followed before, as after a session that was killed.
    Spent(u64),
}

impl Judged {
    /// The line of the plan that has an answer.
    pub(super) const fn line(self) -> Option<u64> {
        match self {
            Self::NoAnswer => None,
            Self::Given(given) => Some(given.line),
            Self::Spent(line) => Some(line),
        }
    }
}

/// Decides what a row means for a run.
///
/// # Errors
///
/// What is wrong with the row, and what to write.
pub(super) fn judge(row: &AnswerRow, run: &str, line: Option<Line<'_>>) -> Result<Judged, String> {
    row.cells.as_ref().map_err(Clone::clone)?;
    match row.cell("run") {
        Some(found) if found == run => {}
        Some(found) => {
            return Err(format!(
                "it is of run {:?}, not of run {run}: use the in_doubt.csv of this run",
                cut(found, MAX_SHOWN)
            ));
        }
        None => return Err("the column run is empty: use the in_doubt.csv of this run".to_owned()),
    }
    let Some(text) = row.cell("answer") else {
        return Ok(Judged::NoAnswer);
    };
    let answer = answer_in(text)?;
    let Some(line) = line else {
        return Err(format!(
            "the column line has {:?}, which is not the number of a line of the plan",
            cut(row.cell("line").unwrap_or_default(), MAX_SHOWN)
        ));
    };
    let Some(attempt) = row
        .cell("attempts")
        .and_then(|text| text.parse::<u32>().ok())
    else {
        return Err(format!(
            "the column attempts has {:?}, which is not a number of attempts",
            cut(row.cell("attempts").unwrap_or_default(), MAX_SHOWN)
        ));
    };
    let number = line.number;
    let Some(target) = line.target else {
        return Err(format!("line {number} of the plan is not a change"));
    };
    same_target(row, number, target)?;
    match line.open {
        Some(open) if open.attempts == attempt => Ok(Judged::Given(GivenAnswer {
            line: number,
            attempt,
            answer,
        })),
        _ if line.answered == Some((attempt, answer)) => Ok(Judged::Spent(number)),
        Some(_) => Err(
            "the change was sent again after this list was written: look at it again, and use the new in_doubt.csv"
                .to_owned(),
        ),
        None => Err(match line.outcome {
            Some(outcome) => {
                format!("the change is not in doubt, it is {outcome}: leave the answer empty")
            }
            None => {
                "the change is not in doubt: no attempt of it may have taken effect".to_owned()
            }
        }),
    }
}

/// A spreadsheet may have begun it with a capital letter.
fn answer_in(text: &str) -> Result<PersonAnswer, String> {
    let word = text.to_lowercase();
    let answers = PersonAnswer::ALL.into_iter();
    answers
        .clone()
        .find(|answer| answer.word() == word)
        .ok_or_else(|| {
            let meant = meant(&word, PersonAnswer::ALL.map(PersonAnswer::word));
            let meant = meant.map_or_else(String::new, |meant| format!(" ({meant})"));
            format!(
                "{:?} is not an answer{meant}: write applied, retry or skip, or leave it empty",
                cut(text, MAX_SHOWN)
            )
        })
}

/// Rows of which only some columns were sorted have the answers of other changes.
fn same_target(row: &AnswerRow, number: u64, target: &Target) -> Result<(), String> {
    let id = target.id.as_ref().unwrap_or(&target.execution);
    for (column, planned) in [("id", id), ("execution", &target.execution)] {
        let found = table::id_in(row.cell(column).unwrap_or_default());
        if found != planned.as_str() {
            return Err(format!(
                "the {column} is {:?}, but the change of this row (line {number} of the plan) has {planned}: the rows are mixed up, or the id was changed",
                cut(found, MAX_SHOWN)
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes::run_automation;

    const RUN: &str = "0192f0c4-8a5e-7000-8000-0000000000c4";

    /// A row with these cells, `column=text`.
    fn row(cells: &str) -> AnswerRow {
        let cells = cells.split(' ').filter_map(|cell| {
            let (column, text) = cell.split_once('=')?;
            Some((column.to_owned(), text.to_owned()))
        });
        AnswerRow {
            number: 2,
            line: Some(2),
            cells: Ok(cells.collect()),
        }
    }

    /// The meaning of a row about a change after so many `attempts` in doubt.
    fn judged(
        cells: &str,
        attempts: Option<u32>,
        outcome: Option<Outcome>,
        answered: Option<(u32, PersonAnswer)>,
    ) -> Result<Judged, String> {
        let change = run_automation("e1", "t1");
        let row = row(&format!("run={RUN} {cells}"));
        let line = row.plan_line().map(|number| Line {
            number,
            target: (number == 5).then_some(&change.target),
            open: attempts.map(|attempts| Open {
                attempts,
                doubtful: true,
            }),
            outcome,
            answered,
        });
        judge(&row, RUN, line)
    }

    #[test]
    fn an_answer_counts_for_a_change_in_doubt_after_the_attempts_that_a_person_knew() {
        use PersonAnswer::{Applied, Retry, Skip};
        let given = |answer| {
            Ok(Judged::Given(GivenAnswer {
                line: 5,
                attempt: 1,
                answer,
            }))
        };
        let spent = Ok(Judged::Spent(5));
        let refused = |part: &str| Err(part.to_owned());
        let cases = [
            ("Applied", Some(1), None, None, given(Applied)),
            ("retry", Some(1), None, None, given(Retry)),
            ("SKIP", Some(1), None, None, given(Skip)),
            // The last one counts.
            ("skip", Some(1), None, Some((1, Retry)), given(Skip)),
            ("retry", Some(1), None, Some((1, Retry)), given(Retry)),
            // A session followed it and was killed.
            ("retry", Some(2), None, Some((1, Retry)), spent.clone()),
            (
                "retry",
                None,
                Some(Outcome::Applied),
                Some((1, Retry)),
                spent.clone(),
            ),
            (
                "applied",
                None,
                Some(Outcome::Applied),
                Some((1, Applied)),
                spent.clone(),
            ),
            ("skip", None, Some(Outcome::InDoubt), Some((1, Skip)), spent),
            (
                "skip",
                Some(2),
                None,
                Some((1, Retry)),
                refused("sent again after this list"),
            ),
            (
                "applied",
                None,
                Some(Outcome::Applied),
                None,
                refused("not in doubt, it is applied"),
            ),
            ("applied", None, None, None, refused("not in doubt: no")),
            (
                "aplied",
                Some(1),
                None,
                None,
                refused("did you mean `applied`?"),
            ),
            ("yes", Some(1), None, None, refused("is not an answer")),
        ];
        for (answer, attempts, outcome, answered, expected) in cases {
            let cells = format!("line=5 attempts=1 id=t1 execution=e1 answer={answer}");
            let found = judged(&cells, attempts, outcome, answered);
            match (&found, &expected) {
                (Err(said), Err(part)) => assert!(said.contains(part), "{answer}: {said}"),
                _ => assert_eq!(found, expected, "{answer} {attempts:?} {answered:?}"),
            }
        }
    }

    #[test]
    fn a_row_that_is_not_of_this_run_or_of_another_change_is_refused_and_one_without_an_answer_is_none()
     {
        for (cells, part) in [
            ("line=6 attempts=1 answer=skip", "line 6 of the plan is not"),
            ("attempts=1 answer=skip", "the column line has \"\""),
            ("line=5th attempts=1 answer=skip", "\"5th\""),
            ("line=5 answer=skip", "the column attempts has \"\""),
            ("line=5 attempts=1 id=t2 answer=skip", "the id is \"t2\""),
            (
                "line=5 attempts=1 execution=e1 answer=skip",
                "the id is \"\"",
            ),
            (
                "line=5 attempts=1 id=t1 answer=skip",
                "the execution is \"\"",
            ),
            (
                "line=5 attempts=1 id=t1 execution=e2 answer=skip",
                "the execution is \"e2\"",
            ),
        ] {
            let said = judged(cells, Some(1), None, None).unwrap_err();
            assert!(said.contains(part), "{cells}: {said}");
        }
        assert_eq!(
            judged("line=6 attempts=x", Some(1), None, None),
            Ok(Judged::NoAnswer)
        );
        for other in ["run=0192", "x=1"] {
            let said = judge(&row(other), RUN, None).unwrap_err();
            assert!(said.contains("of this run"), "{said}");
        }
        let wide = AnswerRow {
            cells: Err("too wide".to_owned()),
            ..row("")
        };
        assert_eq!(judge(&wide, RUN, None), Err("too wide".to_owned()));
    }
}
