//! The flags for runs that an engine makes. A build without the feature has none of them.

use clap::Args;

#[cfg(feature = "temporal")]
use super::flags::EngineAccess;

/// Which engine has the runs.
#[derive(Clone, Debug, Default, Args)]
pub struct EngineArgs {
    /// Use an engine, like temporal://HOST:PORT/NAMESPACE
    ///
    /// The workers of a team make its runs, and every machine knows them. `--engine ''`: no engine
    #[cfg(feature = "temporal")]
    #[arg(
        long,
        value_name = "URL",
        env = "WF_BULK_ENGINE",
        help_heading = "Engine"
    )]
    engine: Option<String>,
    #[cfg(feature = "temporal")]
    #[command(flatten)]
    pub access: EngineAccess,
}

/// Where a run is made, if not by this process alone.
#[derive(Clone, Debug, Default, Args)]
pub struct EngineFlags {
    #[command(flatten)]
    pub place: EngineArgs,
    /// With --engine: only upload the plan, and leave the run to the workers
    ///
    /// `wf-bulk resume RUN` waits for its end, and shows the result
    #[cfg(feature = "temporal")]
    #[arg(long, help_heading = "Engine")]
    pub detach: bool,
}

#[cfg(feature = "temporal")]
mod checks {
    use super::{
        super::{Cli, Command, Integration},
        EngineArgs,
    };

    impl EngineArgs {
        /// The address of the engine. An empty one is none, so that a flag can unset the default of the environment.
        pub fn address(&self) -> Option<&str> {
            self.engine.as_deref().filter(|address| !address.is_empty())
        }
    }

    impl Cli {
        /// Why the flags of an engine and the others don't go together.
        pub(in super::super) fn engine_objection(&self) -> Option<String> {
            if let Command::Status(status) = &self.command {
                let local = [
                    ("--last", status.last),
                    ("--watch", status.watch),
                    ("--check", status.check),
                    ("--ledger", status.ledger.is_some()),
                ];
                let (flag, _) = local.into_iter().find(|(_, given)| *given)?;
                return (status.at.address().is_some() && self.common.engine_is_typed)
                    .then(|| format!("{flag} is not about the runs of an engine; leave it out, or leave --engine out"));
            }
            let (args, detach) = self.at()?;
            let makes_no_changes = self.session_flags().and_then(|(_, other)| other);
            if detach {
                if let Some(other) = makes_no_changes {
                    return Some(format!(
                        "nothing is changed with {other}, so --detach has no effect; leave it out"
                    ));
                }
                if args.address().is_none() {
                    return Some(
                        "--detach leaves a run to the workers of an engine; add --engine, or leave --detach out"
                            .to_owned(),
                    );
                }
                if let Some(flag) = self.integration().and_then(first_observer) {
                    return Some(format!(
                        "with --detach, this process does not see the end of the run, so {flag} has no effect; leave it out, and give it \
                         to `wf-bulk resume`, which waits for the end"
                    ));
                }
            }
            let is_recorded = makes_no_changes.is_none() && self.ledger().is_some();
            (args.address().is_some() && is_recorded).then(|| {
                "the engine keeps the runs of the team itself, so they are not recorded in a ledger; leave --ledger out, or go without \
                 the engine: --engine ''"
                    .to_owned()
            })
        }
    }

    impl Cli {
        /// The engine that makes the runs of the command, and whether it is left to it.
        fn at(&self) -> Option<(&EngineArgs, bool)> {
            let flags = match &self.command {
                Command::Run(run) => &run.at,
                Command::Apply(apply) => &apply.at,
                Command::Resume(resume) => &resume.at,
                Command::Undo(undo) => &undo.at,
                Command::Retry(retry) => &retry.follow_up.at,
                Command::Abandon(abandon) => return Some((&abandon.at, false)),
                Command::Init(_)
                | Command::Validate(_)
                | Command::Plan(_)
                | Command::Show(_)
                | Command::Diff(_)
                | Command::Verify(_)
                | Command::Status(_)
                | Command::Report(_)
                | Command::History(_)
                | Command::Prune(_)
                | Command::Worker(_)
                | Command::Sandbox(_)
                | Command::Schema
                | Command::Completions(_)
                | Command::Man(_)
                | Command::Help(_) => return None,
            };
            Some((&flags.place, flags.detach))
        }
    }

    fn first_observer(flags: &Integration) -> Option<&'static str> {
        let Integration {
            events,
            on_finish,
            metrics,
        } = flags;
        let given = [
            ("--events", events.is_some()),
            ("--on-finish", on_finish.is_some()),
            ("--metrics", metrics.is_some()),
        ];
        let given = given.into_iter().find(|(_, is_given)| *is_given);
        given.map(|(flag, _)| flag)
    }
}

#[cfg(all(test, feature = "temporal"))]
mod tests {
    use std::ffi::OsString;

    use clap::CommandFactory as _;

    use super::super::{Cli, kept};

    const ENGINE: &str = "--engine temporal://localhost:7233/default";

    fn read(line: &str) -> Result<Cli, String> {
        let line = line.replace("ENGINE", ENGINE);
        let words = line
            .split(' ')
            .map(|word| OsString::from(word.trim_matches('\'')));
        Cli::read(words).map_err(|error| error.to_string())
    }

    #[test]
    fn the_environment_sets_the_engine_of_exactly_the_commands_that_are_told_to_have_one() {
        let mut command = Cli::command();
        command.build();
        for definition in command.get_subcommands() {
            let engine = definition
                .get_arguments()
                .find(|argument| argument.get_long() == Some("engine"));
            let variable = engine.and_then(|engine| engine.get_env());
            let name = definition.get_name();
            let expected = kept::ENGINE_COMMANDS.contains(&name);
            assert_eq!(engine.is_some(), expected, "{name}");
            assert_eq!(
                variable.is_some_and(|name| name == "WF_BULK_ENGINE"),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn flags_that_would_have_no_effect_with_an_engine_are_refused_and_say_what_to_do() {
        for (line, says) in [
            ("wf-bulk apply x.plan --detach", "add --engine"),
            ("wf-bulk apply x.plan --engine '' --detach", "add --engine"),
            (
                "wf-bulk run p.yaml ENGINE --detach --dry-run",
                "leave it out",
            ),
            (
                "wf-bulk undo 0192 ENGINE --detach -o x.plan",
                "leave it out",
            ),
            (
                "wf-bulk apply x.plan ENGINE --detach --events e.jsonl",
                "`wf-bulk resume`",
            ),
            (
                "wf-bulk run p.yaml ENGINE --detach --on-finish true",
                "`wf-bulk resume`",
            ),
            (
                "wf-bulk resume 0192 ENGINE --detach --metrics m.prom",
                "`wf-bulk resume`",
            ),
            ("wf-bulk apply x.plan ENGINE --ledger r", "--engine ''"),
            ("wf-bulk abandon 0192 ENGINE --ledger r", "--engine ''"),
            ("wf-bulk status ENGINE --last", "leave --engine out"),
            ("wf-bulk status ENGINE --watch", "leave --engine out"),
            ("wf-bulk status ENGINE --check", "leave --engine out"),
            ("wf-bulk status ENGINE --ledger r", "leave --engine out"),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.contains(says), "{line}: {error}");
        }
        for line in [
            "wf-bulk apply x.plan ENGINE --events e.jsonl --on-finish true --metrics m.prom",
            "wf-bulk run p.yaml ENGINE --detach",
            "wf-bulk run p.yaml ENGINE --dry-run",
            "wf-bulk retry 0192 ENGINE",
            "wf-bulk apply x.plan --engine '' --ledger r",
            "wf-bulk status 0192 ENGINE",
            "wf-bulk abandon 0192 ENGINE",
        ] {
            assert!(read(line).is_ok(), "{line}");
        }
    }
}
