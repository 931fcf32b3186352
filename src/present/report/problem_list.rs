//! The changes that need attention, one line each: the first ones, and the number of the others.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{problem::Problem, tally::Sample, units::thousands, words};
use crate::{outcome::Outcome, text::shown_path};

/// Lines for changes with an outcome that needs attention, in this list and during the run: one screen.
pub(super) const LOOK_AT: usize = 20;

/// Lines for changes that were not attempted, whose reasons are mostly the same: the counts below must stay on a small screen.
const NOT_ATTEMPTED: usize = 2;

/// The list in a run's result as text.
#[derive(Clone, Debug)]
pub struct ProblemList {
    look_at: Sample,
    not_attempted: Sample,
    /// Where the earlier list of answers about changes in doubt is now, if it could not be used.
    pub(super) aside: Option<PathBuf>,
}

impl Default for ProblemList {
    fn default() -> Self {
        Self {
            look_at: Sample::first(LOOK_AT),
            not_attempted: Sample::first(NOT_ATTEMPTED),
            aside: None,
        }
    }
}

impl ProblemList {
    pub(super) fn add(&mut self, problem: &Problem<'_>) {
        let sample = if problem.outcome == Outcome::NotAttempted {
            &mut self.not_attempted
        } else {
            &mut self.look_at
        };
        sample.add(|| words::problem(problem));
    }

    /// Where the earlier list of answers about changes in doubt is now, if it could not be used.
    pub fn aside(&self) -> Option<&Path> {
        self.aside.as_deref()
    }

    /// Without the lines that were shown during the run. `told`: how many the reporter has shown; if an earlier session had
    /// some, all are listed.
    #[must_use]
    pub fn without_told(mut self, told: u64) -> Self {
        if told == self.look_at.total() {
            self.look_at.forget_lines();
        }
        self
    }

    /// Writes the lines. `whole`: the file with all of them, if there is one.
    ///
    /// # Errors
    ///
    /// The errors of `out`.
    pub fn write(&self, out: &mut dyn Write, whole: Option<&Path>) -> io::Result<()> {
        for sample in [&self.look_at, &self.not_attempted] {
            for line in sample.lines() {
                writeln!(out, "  {line}")?;
            }
            match (sample.more(), whole) {
                (0, _) => {}
                (more, None) => writeln!(out, "  … and {} more", thousands(more))?,
                (more, Some(whole)) => writeln!(
                    out,
                    "  … and {} more: {}",
                    thousands(more),
                    shown_path(whole)
                )?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::words::tests::task;

    #[test]
    fn what_was_shown_as_it_ended_is_not_listed_again() {
        let listed = |refused: usize, told| {
            let mut list = ProblemList::default();
            let target = task("e", "t", "");
            for _ in 0..refused {
                list.add(&Problem::new(&target, &[], Outcome::Refused, Some("no")).unwrap());
            }
            let open = Problem::new(&target, &[], Outcome::NotAttempted, Some("it depends"));
            list.add(&open.unwrap());
            let mut out = Vec::new();
            let list = list.without_told(told);
            list.write(&mut out, Some(Path::new("report.json")))
                .unwrap();
            String::from_utf8(out).unwrap()
        };
        let (refused, open) = (
            "  refused   task e/t: no\n",
            "  not_attempted  task e/t: it depends\n",
        );
        for (number, told, expected) in [
            (2, 2, open.to_owned()),
            // Some of an earlier session, or nothing was shown.
            (2, 1, refused.repeat(2) + open),
            (2, 0, refused.repeat(2) + open),
            (23, 23, format!("  … and 3 more: report.json\n{open}")),
        ] {
            assert_eq!(listed(number, told), expected, "{number} {told}");
        }
    }

    #[test]
    fn a_long_list_is_cut_and_says_where_the_whole_is_and_hides_no_refusal_behind_what_was_not_tried()
     {
        let mut list = ProblemList::default();
        for n in 0..30 {
            let target = task(&format!("e{n}"), "t", "");
            let why = "the run stopped: interrupted";
            let problem = Problem::new(&target, &[], Outcome::NotAttempted, Some(why));
            list.add(&problem.unwrap());
        }
        let target = task("e99", "t", "");
        let problem = Problem::new(&target, &[], Outcome::Refused, Some("400: no"));
        list.add(&problem.unwrap());
        let mut out = Vec::new();
        list.write(&mut out, Some(Path::new("our runs/report.json")))
            .unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert_eq!(lines[0], "  refused   task e99/t: 400: no");
        assert_eq!(
            lines[1],
            "  not_attempted  task e0/t: the run stopped: interrupted"
        );
        assert_eq!(lines[3], "  … and 28 more: 'our runs/report.json'");
    }
}
