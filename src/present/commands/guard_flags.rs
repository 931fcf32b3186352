//! A flag may tighten a reviewed guard, but never loosen it.

use crate::{
    cli::{Applying, Pacing},
    error::{Error, ErrorKind},
    pace::Pace,
    playbook::Guards,
};

/// Refuses a flag that permits more than the playbook, and so the plan. `changes` are those of the plan, once it exists.
pub(super) fn refuse_loosened(
    guards: &Guards,
    pace: &Pace,
    pacing: &Pacing,
    applying: &Applying,
    changes: Option<u64>,
) -> Result<(), Error> {
    let loosened = match (applying.max_changes, guards.max_changes) {
        (Some(flag), Some(most)) if flag > most => Some(format!(
            "--max-changes {flag} is looser than max_changes: {most}"
        )),
        (Some(_) | None, _) => match (pacing.max_errors, pace.max_errors) {
            (Some(flag), Some(most)) if flag.is_looser_than(most, changes) => Some(format!(
                "--max-errors {flag} is looser than max_errors: {most}"
            )),
            (Some(_) | None, _) => None,
        },
    };
    match loosened {
        None => Ok(()),
        Some(loosened) => Err(
            Error::new(ErrorKind::Guard, format!("{loosened} of the playbook"))
                .hint(
                    "a flag can only tighten a guard: leave it out, or edit the playbook and plan again",
                )
                .hint("nothing was changed"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cli::{Cli, Command, RunArgs},
        playbook::Guards,
    };

    fn run(flags: &str) -> RunArgs {
        let line = format!("wf-bulk run p.yaml {flags}");
        let cli = Cli::read(line.split_whitespace().map(Into::into)).unwrap();
        match cli.command {
            Command::Run(run) => run,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_guard_of_the_playbook_is_tightened_or_kept_and_where_there_is_none_a_flag_sets_it() {
        for (max_changes, max_errors, flags, changes, is_loosened) in [
            (Some(5), None, "--max-changes 5", None, false),
            (Some(5), None, "--max-changes 4", None, false),
            (Some(5), None, "--max-changes 6", None, true),
            (None, None, "--max-changes 6 --max-errors 9", Some(7), false),
            (None, Some("3"), "--max-errors 3", None, false),
            (None, Some("3"), "--max-errors 4", None, true),
            (None, Some("2%"), "--max-errors 1%", None, false),
            (None, Some("2%"), "--max-errors 3%", None, true),
            // A number and a share are compared once it is known of how many.
            (None, Some("2%"), "--max-errors 3", None, false),
            (None, Some("2%"), "--max-errors 2", Some(100), false),
            (None, Some("2%"), "--max-errors 3", Some(100), true),
            (None, Some("2"), "--max-errors 2%", Some(100), false),
            (None, Some("2"), "--max-errors 3%", Some(100), true),
            (Some(5), Some("3"), "", None, false),
        ] {
            let guards = Guards {
                max_changes,
                ..Guards::default()
            };
            let pace = Pace {
                max_errors: max_errors.map(|share: &str| share.parse().unwrap()),
                ..Pace::default()
            };
            let run = run(flags);
            let judged = refuse_loosened(&guards, &pace, &run.pacing, &run.applying, changes);
            assert_eq!(judged.is_err(), is_loosened, "{flags} {judged:?}");
        }
    }
}
