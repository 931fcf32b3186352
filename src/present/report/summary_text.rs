//! A run's result as text: the counts, and how to continue.

use std::{
    io::{self, Write},
    path::Path,
};

use owo_colors::{OwoColorize as _, Style};

use crate::{
    event::StopReason,
    invocation::Invocation,
    outcome::{Counts, Outcome},
    store::in_doubt_in,
    styles::Styles,
    text::{Untrusted, shown_path},
};

use super::{
    problem_list::ProblemList,
    summary::{Session, Summary},
    units::{count, rough, thousands},
    words,
};

impl Summary {
    /// Writes the counts, the `list` of changes that need attention, requests and time, why the run stopped, and how to continue.
    /// Without `list`, the files with the result could not be written, and none is named.
    ///
    /// # Errors
    ///
    /// The errors of `out`.
    pub fn write_text(
        &self,
        list: Option<&ProblemList>,
        invocation: &Invocation,
        out: &mut dyn Write,
        styles: Styles,
    ) -> io::Result<()> {
        self.write_sum(out, styles)?;
        if let Some(list) = list {
            // The folder that it is in stands below.
            let results = self.folder.as_ref().map(|_| Path::new("results.csv"));
            list.write(out, results)?;
        }
        if let Some(run) = &self.run {
            // It took some time, unless the time is unknown.
            if self.session != Session::default() {
                let which = if self.is_resumed {
                    "last session: "
                } else {
                    ""
                };
                write!(
                    out,
                    "{which}{} in {}, {} of them retries     ",
                    count(self.session.requests, "request", "requests"),
                    rough(self.session.elapsed),
                    thousands(self.session.retries)
                )?;
            }
            let folder = self.folder.as_deref().map(shown_path);
            writeln!(out, "{}", folder.unwrap_or_default())?;
            self.write_next(
                list.is_some(),
                &|flags| invocation.command("resume", &[&[run.as_str()], flags].concat()),
                out,
                styles,
            )?;
        }
        Ok(())
    }

    fn write_sum(&self, out: &mut dyn Write, styles: Styles) -> io::Result<()> {
        let planned = thousands(self.planned);
        write!(out, "{} planned", planned.style(styles.strong))?;
        let sum = sum(&self.outcomes, |outcome| outcome_style(outcome, styles));
        if !sum.is_empty() {
            write!(out, " = {sum}")?;
        }
        if self.planned == 0 {
            write!(out, ": there was nothing to do")?;
        }
        writeln!(out)
    }

    /// Why the run stopped, if it did: the middle of a sentence.
    pub fn why_stopped(&self) -> Option<String> {
        self.stopped.as_ref().map(words::stop)
    }

    /// `resume` returns the command that resumes the run, with these flags.
    fn write_next(
        &self,
        has_files: bool,
        resume: &dyn Fn(&[&str]) -> String,
        out: &mut dyn Write,
        styles: Styles,
    ) -> io::Result<()> {
        let say = |out: &mut dyn Write, label: &str, style, text: &str| {
            writeln!(out, "{} {text}", label.style(style))
        };
        let get = |outcome| self.outcomes.get(outcome);
        let in_doubt = get(Outcome::InDoubt);
        // A run that was stopped has not read back everything that it could.
        let has_ended = self.finished || self.abandoned.is_some();
        let is_for_a_person = self.stopped.is_none() || has_ended;
        if in_doubt > 0 {
            let text = format!(
                "it is unknown whether {} took effect: {}",
                count(in_doubt, "change", "changes"),
                if has_ended {
                    "look at the service"
                } else if is_for_a_person {
                    "look at the service (in a terminal, `resume` asks about each)"
                } else {
                    "`resume` reads it again where a read can tell"
                }
            );
            say(out, "in doubt:", styles.error, &text)?;
        }
        if in_doubt > 0 && is_for_a_person && !has_ended {
            if let (Some(folder), true) = (&self.folder, has_files) {
                let list = in_doubt_in(folder);
                let command = resume(&["--in-doubt", &list.to_string_lossy()]);
                writeln!(
                    out,
                    "when you know, write applied, retry or skip into the rows of in_doubt.csv; then: {}",
                    Untrusted(&command).terminal()
                )?;
            }
            for (answer, what) in [
                ("retry", "send all of them again"),
                ("skip", "leave all of them"),
            ] {
                let command = resume(&["--in-doubt", answer]);
                writeln!(out, "to {what}: {}", Untrusted(&command).terminal())?;
            }
        }
        let unlike = get(Outcome::Drifted) + get(Outcome::Gone);
        if unlike > 0 {
            let text = format!(
                "{} changed or deleted since the plan, and left alone: plan again to see the current state",
                count(unlike, "target was", "targets were")
            );
            say(out, "hint:", styles.hint, &text)?;
        }
        let problems = in_doubt
            + unlike
            + get(Outcome::Refused)
            + get(Outcome::Failed)
            + get(Outcome::NotAttempted);
        if problems > 0 && has_files && self.folder.is_some() {
            let text = "results.csv in this folder lists each one, failed.csv has their ids";
            say(out, "hint:", styles.hint, text)?;
        }
        if let Some(reason) = &self.abandoned {
            say(out, "abandoned:", styles.error, &words::detail(reason))?;
        }
        if let Some(drain) = &self.stopped {
            say(out, "stopped:", styles.error, &words::stop(drain))?;
            let (when, flags) = how_to_resume(drain);
            let command = resume(&flags.iter().map(String::as_str).collect::<Vec<_>>());
            writeln!(out, "to continue{when}: {}", Untrusted(&command).terminal())?;
        }
        if let Some(sentence) = &self.to_try_the_rest
            && has_files
        {
            writeln!(out, "{}", Untrusted(sentence).terminal())?;
        }
        Ok(())
    }
}

/// `134 applied + 2 already_done`: the outcomes that occurred.
pub(super) fn sum(outcomes: &Counts, style: impl Fn(Outcome) -> Style) -> String {
    let parts: Vec<String> = Outcome::ALL
        .into_iter()
        .filter(|outcome| outcomes.get(*outcome) > 0)
        .map(|outcome| {
            let part = format!("{} {outcome}", thousands(outcomes.get(outcome)));
            part.style(style(outcome)).to_string()
        })
        .collect();
    parts.join(" + ")
}

const fn outcome_style(outcome: Outcome, styles: Styles) -> Style {
    match outcome {
        Outcome::Applied | Outcome::AlreadyDone => styles.good,
        Outcome::Drifted | Outcome::Gone | Outcome::NotAttempted => styles.warning,
        Outcome::Refused | Outcome::Failed | Outcome::InDoubt => styles.error,
    }
}

/// What must change before the run can continue, and the flags that the command then needs.
fn how_to_resume(drain: &StopReason) -> (String, Vec<String>) {
    let when = match drain {
        StopReason::Interrupted | StopReason::Bug { .. } => String::new(),
        StopReason::Unauthorized { .. } => {
            " with another token, in EPILOT_TOKEN or from --token-command".to_owned()
        }
        StopReason::FailuresInARow { .. } | StopReason::NothingGotThrough { .. } => {
            " when the cause is gone".to_owned()
        }
        StopReason::ErrorBudget { errors } => {
            // Used errors still count, so the suggested limit permits the same number again.
            let larger = errors.saturating_mul(2).to_string();
            let flags = vec!["--max-errors".to_owned(), larger];
            return (" with a larger limit, such as".to_owned(), flags);
        }
        StopReason::Stage { .. } => " with the next stage, after a look at what failed".to_owned(),
        StopReason::LongPause { pause } => format!(" after {}", rough(*pause)),
        StopReason::Checkpoint { .. } => " when its folder is there and can be written".to_owned(),
        StopReason::OtherOrganisation { .. } => {
            " with a token of the planned organisation".to_owned()
        }
    };
    (when, Vec::new())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        plan::Trailer,
        report::summary::tests::{failures_in_a_row, run},
    };

    fn text(summary: &Summary) -> String {
        let mut out = Vec::new();
        summary
            .write_text(
                Some(&ProblemList::default()),
                &Invocation::default(),
                &mut out,
                Styles::plain(),
            )
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_finished_run_is_a_sum() {
        let summary = run(
            &[(Outcome::Applied, 1_134), (Outcome::AlreadyDone, 2)],
            None,
        );
        insta::assert_snapshot!(text(&summary), @"
        1,136 planned = 1,134 applied + 2 already_done
        229 requests in 29 s, 2 of them retries     .wf-bulk/runs/0192f0c4-8a5e-7000-8000-0000000000c4
        ");
    }

    #[test]
    fn a_session_is_called_the_last_one_where_there_were_others() {
        let mut summary = run(&[(Outcome::Applied, 1)], None);
        assert!(text(&summary).contains("\n229 requests in 29 s, "));
        summary.is_resumed = true;
        assert!(text(&summary).contains("\nlast session: 229 requests in 29 s, "));
    }

    #[test]
    fn what_needs_a_look_is_said_with_where_to_look() {
        let summary = run(
            &[
                (Outcome::Applied, 130),
                (Outcome::Drifted, 1),
                (Outcome::Refused, 3),
                (Outcome::InDoubt, 2),
                (Outcome::NotAttempted, 1),
            ],
            None,
        );
        insta::assert_snapshot!(text(&summary), @"
        137 planned = 130 applied + 1 drifted + 3 refused + 2 in_doubt + 1 not_attempted
        229 requests in 29 s, 2 of them retries     .wf-bulk/runs/0192f0c4-8a5e-7000-8000-0000000000c4
        in doubt: it is unknown whether 2 changes took effect: look at the service (in a terminal, `resume` asks about each)
        when you know, write applied, retry or skip into the rows of in_doubt.csv; then: wf-bulk resume 0192f0c4-8a5e-7000-8000-0000000000c4 --in-doubt .wf-bulk/runs/0192f0c4-8a5e-7000-8000-0000000000c4/in_doubt.csv
        to send all of them again: wf-bulk resume 0192f0c4-8a5e-7000-8000-0000000000c4 --in-doubt retry
        to leave all of them: wf-bulk resume 0192f0c4-8a5e-7000-8000-0000000000c4 --in-doubt skip
        hint: 1 target was changed or deleted since the plan, and left alone: plan again to see the current state
        hint: results.csv in this folder lists each one, failed.csv has their ids
        ");
    }

    #[test]
    fn only_when_a_read_can_no_longer_tell_a_person_is_asked_to_look() {
        let doubt = [(Outcome::Applied, 1), (Outcome::InDoubt, 2)];
        let stopped = text(&run(&doubt, Some(StopReason::Interrupted)));
        assert!(stopped.contains("`resume` reads it again"), "{stopped}");
        assert!(!stopped.contains("--in-doubt"), "{stopped}");
        let over = text(&run(&doubt, None));
        assert!(over.contains("look at the service"), "{over}");
        assert!(over.contains("--in-doubt retry"), "{over}");
        // After `skip`, no session asks any more.
        let mut finished = run(&doubt, None);
        finished.finished = true;
        assert!(text(&finished).contains("look at the service\n"));
        assert!(!text(&finished).contains("resume"));
    }

    #[test]
    fn a_stopped_run_says_why_and_how_to_go_on() {
        let summary = run(
            &[(Outcome::Failed, 10), (Outcome::NotAttempted, 127)],
            Some(failures_in_a_row()),
        );
        insta::assert_snapshot!(text(&summary), @"
        137 planned = 10 failed + 127 not_attempted
        229 requests in 29 s, 2 of them retries     .wf-bulk/runs/0192f0c4-8a5e-7000-8000-0000000000c4
        hint: results.csv in this folder lists each one, failed.csv has their ids
        stopped: 10 failures in a row, the last one: connection refused
        to continue when the cause is gone: wf-bulk resume 0192f0c4-8a5e-7000-8000-0000000000c4
        ");
    }

    #[test]
    fn a_run_that_was_abandoned_says_so_and_offers_no_way_to_go_on() {
        let mut summary = run(&[(Outcome::Applied, 2), (Outcome::InDoubt, 1)], None);
        summary.abandoned = Some("a user abandoned the run".to_owned());
        // What the last session took is not known.
        summary.session = Session::default();
        insta::assert_snapshot!(text(&summary), @"
        3 planned = 2 applied + 1 in_doubt
        .wf-bulk/runs/0192f0c4-8a5e-7000-8000-0000000000c4
        in doubt: it is unknown whether 1 change took effect: look at the service
        hint: results.csv in this folder lists each one, failed.csv has their ids
        abandoned: a user abandoned the run
        ");
    }

    #[test]
    fn each_stop_says_when_to_go_on() {
        for (drain, line) in [
            (StopReason::Interrupted, "to continue: wf-bulk resume"),
            (
                StopReason::Unauthorized {
                    message: String::new(),
                },
                "to continue with another token, in EPILOT_TOKEN or from --token-command: wf-bulk resume",
            ),
            (
                failures_in_a_row(),
                "to continue when the cause is gone: wf-bulk resume",
            ),
            (
                StopReason::ErrorBudget { errors: 20 },
                "to continue with a larger limit, such as: wf-bulk resume",
            ),
            (
                StopReason::Stage {
                    number: 1,
                    errors: 1,
                },
                "to continue with the next stage, after a look at what failed: wf-bulk resume",
            ),
            (
                StopReason::LongPause {
                    pause: Duration::from_secs(600),
                },
                "to continue after 10 min: wf-bulk resume",
            ),
            (
                StopReason::Checkpoint {
                    message: String::new(),
                },
                "to continue when its folder is there and can be written: wf-bulk resume",
            ),
            (
                StopReason::OtherOrganisation {
                    planned: String::new(),
                    found: String::new(),
                },
                "to continue with a token of the planned organisation: wf-bulk resume",
            ),
        ] {
            let text = text(&run(&[(Outcome::NotAttempted, 1)], Some(drain)));
            let command = format!("{line} 0192f0c4-8a5e-7000-8000-0000000000c4");
            let last = text.lines().last().unwrap();
            let more = last
                .strip_prefix(&command)
                .unwrap_or_else(|| panic!("{text}"));
            assert!(["", " --max-errors 40"].contains(&more), "{text}");
        }
    }

    #[test]
    fn a_dry_run_and_an_empty_run_are_said_out_loud() {
        let trailer = Trailer {
            changes: 137,
            ..Trailer::default()
        };
        let dry_run = Summary::of_plan(String::new(), &trailer, 0).dry_run(Session::default());
        assert_eq!(text(&dry_run), "137 planned = 137 not_attempted\n");
        assert!(text(&run(&[], None)).starts_with("0 planned: there was nothing to do"));
    }
}
