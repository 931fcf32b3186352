//! The walk through the changes in doubt in a terminal: `resume` asks about each, and records nothing before the last question.

use std::io::IsTerminal as _;

use super::{
    past_run::unread,
    question::{Question, Stakes, ask, line_after},
    terminal::say,
};
use crate::{
    checkpoint::{CheckpointState, PersonAnswer},
    cli::Common,
    error::Error,
    plan::KnownFile,
    report::{ended_in_doubt, write_doubt},
    run::{GivenAnswer, GroupStream, PlannedChange},
    store::RunFolder,
    text::{Untrusted, count, thousands},
};

const NOTHING: &str = "no answer was recorded, and nothing was sent";

/// What a person chooses for one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    Answer(PersonAnswer),
    /// It stays in doubt, and is asked about again.
    Later,
}

/// What a person types about one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Typed {
    Choice {
        choice: Choice,
        /// Also for all that are left of this action.
        all: bool,
    },
    /// Anything else: the question is asked again.
    Unclear,
}

impl Typed {
    /// Parses an input line. Only whole words are answers: a stray key is none.
    fn of(line: &str) -> Self {
        let line = line.to_lowercase();
        let mut words = line.split_whitespace();
        let choice = match words.next() {
            Some("later") => Choice::Later,
            Some(word) => {
                match PersonAnswer::ALL
                    .into_iter()
                    .find(|answer| answer.word() == word)
                {
                    Some(answer) => Choice::Answer(answer),
                    None => return Self::Unclear,
                }
            }
            None => return Self::Unclear,
        };
        match (words.next(), words.next()) {
            (None, _) => Self::Choice { choice, all: false },
            (Some("all"), None) => Self::Choice { choice, all: true },
            (Some(_), _) => Self::Unclear,
        }
    }
}

/// What a person has chosen for each change so far.
#[derive(Clone, Debug)]
struct DoubtWalk {
    /// The actions of each change.
    actions: Vec<Vec<String>>,
    /// None before a person is asked.
    choices: Vec<Option<Choice>>,
}

impl DoubtWalk {
    fn over(actions: Vec<Vec<String>>) -> Self {
        let choices = vec![None; actions.len()];
        Self { actions, choices }
    }

    /// The next change to ask about.
    fn next(&self) -> Option<usize> {
        self.choices.iter().position(Option::is_none)
    }

    /// How many changes are left of the action of this one, itself included.
    fn left_of_action(&self, place: usize) -> usize {
        let left = self.actions.iter().zip(&self.choices);
        left.filter(|(action, choice)| choice.is_none() && **action == self.actions[place])
            .count()
    }

    fn take(&mut self, place: usize, choice: Choice, all: bool) {
        for (other, slot) in self.choices.iter_mut().enumerate() {
            let is_meant = other == place || (all && self.actions[other] == self.actions[place]);
            if is_meant && slot.is_none() {
                *slot = Some(choice);
            }
        }
    }

    /// `1 applied, 2 skip`.
    fn sum(&self) -> String {
        let number = |answer| {
            let chosen = self.choices.iter().flatten();
            chosen
                .filter(|chosen| **chosen == Choice::Answer(answer))
                .count()
        };
        let parts: Vec<String> = PersonAnswer::ALL
            .into_iter()
            .filter(|answer| number(*answer) > 0)
            .map(|answer| format!("{} {answer}", thousands(number(answer) as u64)))
            .collect();
        parts.join(", ")
    }
}

/// Asks about the changes in doubt if a person sees it, and the last session has ended with nothing else left to do.
///
/// # Errors
///
/// If the input ends, or the last question is not answered with "yes".
pub(super) async fn walk(
    common: &Common,
    folder: &RunFolder,
    state: &CheckpointState,
    plan: &KnownFile<'_>,
) -> Result<Vec<GivenAnswer>, Error> {
    let sees_it = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let may_ask = sees_it && !common.yes && !common.no_interactive && !common.json && !common.quiet;
    if !may_ask || !ended_in_doubt(folder, &state.counts()) {
        return Ok(Vec::new());
    }
    let doubts = doubts(state, plan)?;
    if doubts.is_empty() {
        return Ok(Vec::new());
    }
    say(|out| {
        writeln!(
            out,
            "It is unknown whether {} took effect. Look at each in epilot, then answer.\nNothing is recorded before the last question; with Ctrl-C, everything stays as it is.",
            count(doubts.len() as u64, "change", "changes")
        )
    });
    let mut walk = DoubtWalk::over(
        doubts
            .iter()
            .map(|doubt| doubt.change.action.clone())
            .collect(),
    );
    while let Some(place) = walk.next() {
        let doubt = &doubts[place];
        say(|out| {
            write!(out, "\n{} of {}  ", place + 1, doubts.len())?;
            write_doubt(out, &doubt.change, doubt.line, state)
        });
        let (choice, all) = asked(&walk, place).await?;
        walk.take(place, choice, all);
    }
    let answers = given(&doubts, &walk, state);
    if answers.is_empty() {
        return Ok(answers);
    }
    let question = Question {
        text: format!(
            "Record {} ({}) and go on",
            count(answers.len() as u64, "answer", "answers"),
            walk.sum()
        ),
        stakes: Stakes::Final {
            changes: answers.len() as u64,
        },
        otherwise: NOTHING,
    };
    ask(common, &question).await?;
    Ok(answers)
}

/// Asks until the answer is clear.
async fn asked(walk: &DoubtWalk, place: usize) -> Result<(Choice, bool), Error> {
    let left = walk.left_of_action(place);
    let all = if left > 1 {
        let action = walk.actions[place].join(" + ");
        format!(
            " (\"retry all\": all {} left of {})",
            thousands(left as u64),
            Untrusted(&action).terminal()
        )
    } else {
        String::new()
    };
    loop {
        let prompt = format!("applied, retry, skip or later?{all} ");
        let Some(line) = line_after(&prompt, NOTHING).await? else {
            return Err(Error::declined(NOTHING));
        };
        match Typed::of(&line) {
            Typed::Choice { choice, all } => return Ok((choice, all)),
            Typed::Unclear => say(|out| writeln!(out, "type applied, retry, skip or later")),
        }
    }
}

fn given(doubts: &[PlannedChange], walk: &DoubtWalk, state: &CheckpointState) -> Vec<GivenAnswer> {
    let chosen = doubts.iter().zip(&walk.choices);
    chosen
        .filter_map(|(doubt, choice)| {
            let Some(Choice::Answer(answer)) = *choice else {
                return None;
            };
            Some(GivenAnswer {
                line: doubt.line,
                attempt: state.open(doubt.line)?.attempts,
                answer,
            })
        })
        .collect()
}

/// The changes in doubt that have no answer yet.
fn doubts(state: &CheckpointState, plan: &KnownFile<'_>) -> Result<Vec<PlannedChange>, Error> {
    let mut doubts = Vec::new();
    let mut groups = GroupStream::new(plan.reader().map_err(unread)?);
    while let Some(group) = groups.next_group().map_err(unread)? {
        doubts.extend(group.changes.into_iter().filter(|planned| {
            let is_doubtful = state.open(planned.line).is_some_and(|open| open.doubtful);
            is_doubtful && state.answer(planned.line).is_none()
        }));
    }
    Ok(doubts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_word_is_an_answer() {
        let chosen = |choice, all| Typed::Choice { choice, all };
        let answer = |answer, all| chosen(Choice::Answer(answer), all);
        for (line, typed) in [
            ("applied\n", answer(PersonAnswer::Applied, false)),
            (" Retry \r\n", answer(PersonAnswer::Retry, false)),
            ("skip\n", answer(PersonAnswer::Skip, false)),
            ("SKIP ALL\n", answer(PersonAnswer::Skip, true)),
            ("later\n", chosen(Choice::Later, false)),
            ("later all\n", chosen(Choice::Later, true)),
            ("\n", Typed::Unclear),
            ("a\n", Typed::Unclear),
            ("y\n", Typed::Unclear),
            ("yes\n", Typed::Unclear),
            ("all\n", Typed::Unclear),
            ("retry retry\n", Typed::Unclear),
            ("retry all now\n", Typed::Unclear),
        ] {
            assert_eq!(Typed::of(line), typed, "{line:?}");
        }
    }

    #[test]
    fn the_same_for_all_is_for_those_left_of_the_action() {
        let [start, run] = ["start", "run_automation"].map(|action| vec![action.to_owned()]);
        let mut walk = DoubtWalk::over(vec![start.clone(), run.clone(), start.clone(), run, start]);
        assert_eq!((walk.next(), walk.left_of_action(0)), (Some(0), 3));
        walk.take(0, Choice::Answer(PersonAnswer::Applied), false);
        assert_eq!((walk.next(), walk.left_of_action(1)), (Some(1), 2));
        walk.take(1, Choice::Later, false);
        assert_eq!((walk.next(), walk.left_of_action(2)), (Some(2), 2));
        walk.take(2, Choice::Answer(PersonAnswer::Retry), true);
        assert_eq!((walk.next(), walk.left_of_action(3)), (Some(3), 1));
        walk.take(3, Choice::Answer(PersonAnswer::Skip), true);
        assert_eq!(walk.next(), None);
        assert_eq!(walk.sum(), "1 applied, 2 retry, 1 skip");
    }
}
