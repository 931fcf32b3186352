//! The flags that a printed command has to repeat.

use clap::{ArgMatches, parser::ValueSource};

use crate::{
    invocation::{Invocation, KeptFlag},
    server_name::is_on_this_machine,
};

/// Whether a printed command repeats a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RepeatPolicy {
    /// It sets where or how something is done: these commands need it, too.
    By(&'static [&'static str]),
    /// As [`Self::By`]: the commands that need the name of a server on this machine, and of one elsewhere.
    Server {
        here: &'static [&'static str],
        elsewhere: &'static [&'static str],
    },
    /// It is stored in the run's folder. A session of `resume` has its own.
    InTheRun,
    /// As [`Self::InTheRun`], but `resume` does not take it from the folder, which can be edited.
    SaidAgain,
    /// It is about output, questions or answers, or is a secret: never repeated.
    Never,
}

/// The commands that know an engine, and take it from the environment. The others are about this machine, or make no run.
#[cfg(feature = "temporal")]
pub(super) const ENGINE_COMMANDS: &[&str] = &[
    "run", "apply", "resume", "undo", "retry", "status", "abandon", "worker",
];

/// Each flag of every command.
const FLAGS: &[(&str, RepeatPolicy)] = {
    use RepeatPolicy::{By, InTheRun, Never, SaidAgain, Server};
    const PLANS: RepeatPolicy = By(&["plan", "run"]);
    const PART: RepeatPolicy = By(&["plan", "run", "undo", "retry", "verify"]);
    const STARTS: RepeatPolicy = By(&["run", "apply", "undo", "retry"]);
    const APPLIES: RepeatPolicy = By(&["run", "apply", "resume", "undo", "retry"]);
    const PLACES: &[&str] = &["plan", "run", "apply"];
    const RUNS: &[&str] = &["plan", "run", "apply", "resume", "undo", "retry", "verify"];
    const SERVICE: RepeatPolicy = By(PLACES);
    const ACCESS: RepeatPolicy = By(RUNS);
    #[cfg(feature = "temporal")]
    const ENGINE: RepeatPolicy = By(ENGINE_COMMANDS);
    &[
        #[cfg(feature = "temporal")]
        ("engine", ENGINE),
        #[cfg(feature = "temporal")]
        ("engine-tls-ca", ENGINE),
        #[cfg(feature = "temporal")]
        ("engine-tls-cert", ENGINE),
        #[cfg(feature = "temporal")]
        ("engine-tls-key", ENGINE),
        #[cfg(feature = "temporal")]
        ("engine-tls-server-name", ENGINE),
        #[cfg(feature = "temporal")]
        ("engine-key-file", ENGINE),
        #[cfg(feature = "temporal")]
        ("engine-ui", Never),
        #[cfg(feature = "temporal")]
        ("detach", Never),
        (
            "state-dir",
            By(&[
                "plan", "show", "run", "apply", "resume", "undo", "retry", "verify", "status",
                "report", "history", "abandon", "prune", "sandbox",
            ]),
        ),
        ("profile", ACCESS),
        ("token-file", ACCESS),
        ("token-command", ACCESS),
        (
            "server",
            Server {
                here: PLACES,
                elsewhere: RUNS,
            },
        ),
        ("sandbox", SERVICE),
        ("entity-server", SERVICE),
        ("org", ACCESS),
        ("timeout", ACCESS),
        ("rate", InTheRun),
        ("concurrency", InTheRun),
        ("stop-after", InTheRun),
        ("max-errors", InTheRun),
        ("settle", SaidAgain),
        ("no-recheck", SaidAgain),
        ("wait", APPLIES),
        ("events", APPLIES),
        ("metrics", APPLIES),
        // It may hold the secret address of a web hook.
        ("on-finish", Never),
        ("max-changes", STARTS),
        ("reason", STARTS),
        ("actor", STARTS),
        ("approved-by", STARTS),
        ("link", STARTS),
        (
            "ledger",
            By(&["run", "apply", "resume", "undo", "retry", "abandon"]),
        ),
        ("again", By(&["run", "apply", "retry"])),
        ("max-age", By(&["apply", "resume"])),
        (
            "allowed-signers",
            By(&[
                "show", "apply", "resume", "undo", "retry", "verify", "report",
            ]),
        ),
        ("sign", By(&["plan", "undo", "retry"])),
        ("var", PLANS),
        ("allow-files", By(&["plan", "run", "retry"])),
        ("now", PLANS),
        ("limit", PART),
        ("exclude", PART),
        ("exclude-file", PART),
        ("only", PART),
        ("only-file", PART),
        ("token", Never),
        ("yes", Never),
        ("no-interactive", Never),
        ("json", Never),
        ("quiet", Never),
        ("verbose", Never),
        ("approved", Never),
        ("playbook", By(&["retry"])),
        ("after", Never),
        ("reconcile", Never),
        ("output", Never),
        ("detailed-exitcode", Never),
        ("dry-run", Never),
        ("format", Never),
        ("exit-code", Never),
        ("last", Never),
        ("watch", Never),
        ("check", Never),
        ("expect", Never),
        ("since", Never),
        ("until", Never),
        ("changes", Never),
        ("keep", Never),
        ("in-doubt", Never),
        ("port", Never),
        ("executions", Never),
        ("seed", Never),
        ("epoch", Never),
        ("faults", Never),
        ("automations-take", Never),
        ("dir", Never),
    ]
};

fn kept(flag: &str) -> RepeatPolicy {
    FLAGS
        .iter()
        .find(|(name, _)| *name == flag)
        .map_or(RepeatPolicy::Never, |(_, kept)| *kept)
}

/// The given flags that another command may need.
pub(super) fn given(command: &clap::Command, matches: &ArgMatches) -> Invocation {
    let Some((name, matches)) = matches.subcommand() else {
        return Invocation::default();
    };
    let Some(definition) = command.find_subcommand(name) else {
        return Invocation::default();
    };
    let mut flags = Vec::new();
    for argument in definition.get_arguments() {
        let id = argument.get_id().as_str();
        let Some(long) = argument.get_long() else {
            continue;
        };
        let commands = match kept(long) {
            RepeatPolicy::By(commands) => commands.to_vec(),
            RepeatPolicy::Server { here, elsewhere } => {
                let server = matches.get_one::<String>(id);
                let is_here = server.is_some_and(|server| is_on_this_machine(server));
                if is_here { here } else { elsewhere }.to_vec()
            }
            RepeatPolicy::InTheRun | RepeatPolicy::SaidAgain if name == "resume" => vec!["resume"],
            RepeatPolicy::SaidAgain => vec!["run", "apply", "resume"],
            RepeatPolicy::InTheRun => vec!["run", "apply"],
            RepeatPolicy::Never => continue,
        };
        if matches.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        let flag = |value| KeptFlag {
            name: format!("--{long}"),
            value,
            commands: commands.clone(),
        };
        if argument.get_action().takes_values() {
            let values = matches.get_raw(id).into_iter().flatten();
            flags.extend(values.map(|value| flag(Some(value.to_string_lossy().into_owned()))));
        } else {
            flags.push(flag(None));
        }
    }
    Invocation::new(flags)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, ffi::OsString};

    use clap::CommandFactory as _;

    use super::{super::Cli, *};

    fn invocation(line: &str) -> Invocation {
        let words = line.split(' ').map(OsString::from);
        Cli::read(words).unwrap().common.invocation
    }

    #[test]
    fn it_is_decided_for_each_flag_whether_a_printed_command_repeats_it() {
        let mut command = Cli::command();
        command.build();
        let flags: BTreeSet<String> = command
            .get_subcommands()
            .flat_map(clap::Command::get_arguments)
            .filter_map(|argument| argument.get_long().map(str::to_owned))
            .filter(|long| !["help", "version"].contains(&long.as_str()))
            .collect();
        let decided: BTreeSet<String> = FLAGS.iter().map(|(long, _)| (*long).to_owned()).collect();
        assert_eq!(flags, decided);
        assert_eq!(FLAGS.len(), decided.len(), "none twice");
    }

    #[test]
    fn a_command_takes_each_flag_that_it_is_told_to_have() {
        let mut command = Cli::command();
        command.build();
        for (flag, kept) in FLAGS.iter().copied() {
            let commands = match kept {
                RepeatPolicy::By(commands)
                | RepeatPolicy::Server {
                    elsewhere: commands,
                    ..
                } => commands,
                RepeatPolicy::InTheRun | RepeatPolicy::SaidAgain => &["run", "apply", "resume"],
                RepeatPolicy::Never => &[],
            };
            for name in commands {
                let definition = command.find_subcommand(name).unwrap();
                let takes = definition
                    .get_arguments()
                    .any(|argument| argument.get_long() == Some(flag));
                assert!(takes, "{name} --{flag}");
            }
        }
    }

    #[test]
    fn each_command_that_is_printed_has_every_flag_that_it_needs() {
        let said = |line: &str| {
            let given = invocation(line);
            [
                "plan", "show", "run", "apply", "resume", "status", "abandon",
            ]
            .map(|name| given.command(name, &[]))
            .join("\n")
        };
        let run = "wf-bulk run p.yaml --state-dir d --profile a --token-file t --server http://127.0.0.1:1 \
                   --entity-server http://127.0.0.1:2 --org o --timeout 9 --rate 4/s --concurrency 2 --stop-after 3 \
                   --max-errors 4 --settle 5 --no-recheck --wait --max-changes 6 --reason why --again --var a=1 \
                   --now 2026-12-01T08:00:00Z --limit 7 --exclude x --exclude-file y --only z --only-file w";
        insta::assert_snapshot!(said(run), @r"
        wf-bulk plan --var 'a=1' --now 2026-12-01T08:00:00Z --limit 7 --exclude x --exclude-file y --only z --only-file w --server http://127.0.0.1:1 --token-file t --profile a --entity-server http://127.0.0.1:2 --org o --timeout 9 --state-dir d
        wf-bulk show --state-dir d
        wf-bulk run --var 'a=1' --now 2026-12-01T08:00:00Z --limit 7 --exclude x --exclude-file y --only z --only-file w --rate 4/s --concurrency 2 --stop-after 3 --max-errors 4 --settle 5 --no-recheck --wait --max-changes 6 --reason why --again --server http://127.0.0.1:1 --token-file t --profile a --entity-server http://127.0.0.1:2 --org o --timeout 9 --state-dir d
        wf-bulk apply --rate 4/s --concurrency 2 --stop-after 3 --max-errors 4 --settle 5 --no-recheck --wait --max-changes 6 --reason why --again --server http://127.0.0.1:1 --token-file t --profile a --entity-server http://127.0.0.1:2 --org o --timeout 9 --state-dir d
        wf-bulk resume --settle 5 --no-recheck --wait --token-file t --profile a --org o --timeout 9 --state-dir d
        wf-bulk status --state-dir d
        wf-bulk abandon --state-dir d
        ");
        insta::assert_snapshot!(said("wf-bulk run p.yaml --sandbox --yes"), @r"
        wf-bulk plan --sandbox
        wf-bulk show
        wf-bulk run --sandbox
        wf-bulk apply --sandbox
        wf-bulk resume
        wf-bulk status
        wf-bulk abandon
        ");
        insta::assert_snapshot!(said("wf-bulk apply x.plan --token-command c --max-age P2D"), @r"
        wf-bulk plan --token-command c
        wf-bulk show
        wf-bulk run --token-command c
        wf-bulk apply --max-age P2D --token-command c
        wf-bulk resume --max-age P2D --token-command c
        wf-bulk status
        wf-bulk abandon
        ");
        // Only what the caller names gets the token, except on this machine.
        assert_eq!(
            invocation("wf-bulk run p.yaml --server https://example.com")
                .command("resume", &["0192"]),
            "wf-bulk resume 0192 --server https://example.com"
        );
        // A session has its own pace, which the next one has to be told.
        let resume = "wf-bulk resume --last --wait --timeout 9 --rate 4/s --concurrency 2 --stop-after 3 --max-errors 4 \
                      --settle 5 --no-recheck";
        assert_eq!(
            invocation(resume).command("resume", &["0192"]),
            "wf-bulk resume 0192 --rate 4/s --concurrency 2 --stop-after 3 --max-errors 4 --settle 5 --no-recheck --wait --timeout 9"
        );
    }

    #[test]
    fn what_decides_what_is_done_is_repeated_and_a_token_is_not() {
        let run = "wf-bulk --state-dir d run p.yaml --dry-run --token s3cret --json --rate 4/s --var a=1 --var b=2 -q \
                   --reason why --max-changes 3 -s http://127.0.0.1:1";
        let run = invocation(run);
        let printed = run.command("run", &["p.yaml"]);
        for flag in [
            "--state-dir d",
            "--rate 4/s",
            "--var 'a=1' --var 'b=2'",
            "--reason why",
            "--max-changes 3",
            "--server http://127.0.0.1:1",
        ] {
            assert!(printed.contains(flag), "{flag} in {printed}");
        }
        for other in ["s3cret", "token", "json", "quiet", "dry-run"] {
            assert!(!printed.contains(other), "{other} in {printed}");
        }
        // The run's folder has its pace; a session of `resume` has its own, which its next one has to be told.
        assert_eq!(
            run.command("resume", &["0192"]),
            "wf-bulk resume 0192 --state-dir d"
        );
        assert_eq!(
            invocation("wf-bulk resume --last --rate 1/s --in-doubt skip")
                .command("resume", &["0192"]),
            "wf-bulk resume 0192 --rate 1/s"
        );
        assert_eq!(
            invocation("wf-bulk run p.yaml --sandbox --state-dir d").command("sandbox", &["reset"]),
            "wf-bulk sandbox reset --state-dir d"
        );
    }
}
