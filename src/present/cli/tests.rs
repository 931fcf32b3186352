//! Tests of the command line.

use clap::CommandFactory as _;

use super::*;
use crate::error::ExitCode;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::read(line.split(' ').map(Into::into))
}

#[test]
fn clap_accepts_the_definition() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_teaches_with_an_example() {
    for command in Cli::command().get_subcommands() {
        let help = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let call = format!("wf-bulk {}", command.get_name());
        assert!(help.contains(&call), "{}", command.get_name());
    }
}

/// Rows with columns break badly where a terminal is too narrow; sentences are wrapped by clap.
#[test]
fn examples_in_help_fit_into_a_terminal_and_sentences_have_no_breaks_of_their_own() {
    let mut command = Cli::command();
    let main = command.get_after_help().map(ToString::to_string);
    let helps = command
        .get_subcommands_mut()
        .filter_map(|command| command.get_after_help().map(ToString::to_string));
    for help in main.into_iter().chain(helps) {
        let mut before = "";
        for line in help.lines() {
            let is_row = line.starts_with("  ");
            assert!(!is_row || line.chars().count() <= 80, "{line}");
            let goes_on = !is_row && !line.is_empty() && !before.is_empty();
            assert!(!goes_on, "{before}\n{line}");
            before = line;
        }
    }
}

#[test]
fn on_a_narrow_terminal_an_explanation_stands_below_its_example() {
    let help = "Examples:\n  wf-bulk undo 0192f0c4 --dry-run        show what would be brought back\n  2    changes are pending, with --detailed-exitcode\n  wf-bulk undo --last   show it";
    assert_eq!(help::within(help, 80), help);
    let narrow = [
        "Examples:",
        "  wf-bulk undo 0192f0c4 --dry-run",
        "      show what would be brought back",
        "  2    changes are pending, with",
        "       --detailed-exitcode",
        "  wf-bulk undo --last   show it",
    ];
    assert_eq!(help::within(help, 40), narrow.join("\n"));
}

#[test]
fn the_main_help_lists_every_exit_code() {
    let help = Cli::command().render_long_help().to_string();
    for code in ExitCode::ALL {
        let listed = help
            .lines()
            .any(|line| line.trim_start().split(' ').next() == Some(&code.code().to_string()));
        assert!(listed, "{code:?}");
    }
}

#[test]
fn the_short_help_leaves_out_what_few_need() {
    let mut command = Cli::command();
    assert!(command.render_long_help().to_string().contains("--timeout"));
    assert!(!command.render_help().to_string().contains("--timeout"));
}

#[test]
fn common_flags_work_before_and_after_the_command() {
    for line in [
        "wf-bulk --sandbox --json run p.yaml",
        "wf-bulk run p.yaml --sandbox --json",
        "wf-bulk run --json p.yaml --sandbox",
    ] {
        let cli = parse(line).unwrap();
        assert!(cli.common.sandbox && cli.common.json, "{line}");
    }
}

#[test]
fn wrong_usage_ends_with_64_and_help_with_0() {
    for (line, code) in [
        ("wf-bulk --help", 0),
        ("wf-bulk run -h", 0),
        ("wf-bulk --version", 0),
        ("wf-bulk --version --verbose", 0),
        ("wf-bulk", 64),
        ("wf-bulk frobnicate", 64),
        ("wf-bulk plan p.yaml", 64),
        ("wf-bulk run p.yaml --var leaver", 64),
        ("wf-bulk run p.yaml --var =1", 64),
        ("wf-bulk run p.yaml --var a=1 --var b=1 --var a=2", 64),
        ("wf-bulk run p.yaml --limit 0", 64),
        ("wf-bulk run p.yaml --max-changes 0", 64),
        ("wf-bulk run p.yaml --exclude ../x", 64),
        ("wf-bulk run p.yaml --timeout 0", 64),
        ("wf-bulk run p.yaml --concurrency 0", 64),
        ("wf-bulk run p.yaml --concurrency 1001", 64),
        ("wf-bulk resume 0192 --concurrency 1001", 64),
        ("wf-bulk run p.yaml -q -v", 64),
        ("wf-bulk run p.yaml --sandbox -s http://127.0.0.1:1", 64),
        ("wf-bulk run p.yaml --sandbox --profile work", 64),
        ("wf-bulk run p.yaml --token a --token-command b", 64),
        ("wf-bulk run p.yaml --token-file a --token-command b", 64),
        ("wf-bulk run p.yaml --now yesterday", 64),
        ("wf-bulk apply p.plan --max-age soon", 64),
        ("wf-bulk apply p.plan --max-age PT0S", 64),
        ("wf-bulk apply p.plan --max-age 6m", 64),
        ("wf-bulk apply p.plan --max-age 6months", 64),
        ("wf-bulk apply p.plan --max-age -P1D", 64),
        ("wf-bulk apply p.plan --approved 5e5e", 64),
        ("wf-bulk resume 0192 --last", 64),
        ("wf-bulk status 0192 --last", 64),
        ("wf-bulk abandon 0192 --last", 64),
        ("wf-bulk abandon", 64),
        ("wf-bulk prune", 64),
        ("wf-bulk prune --keep 3m", 64),
        ("wf-bulk status 0192 --check", 64),
        ("wf-bulk status --expect 5e5e", 64),
        ("wf-bulk status --watch --json", 64),
        ("wf-bulk sandbox --port 1 reset", 64),
        ("wf-bulk show p.plan --json --format html", 64),
    ] {
        let error = parse(line).expect_err(line);
        assert_eq!(ExitCode::from(&error).code(), code, "{line}");
    }
}

#[test]
fn values_are_read_as_they_are_meant() {
    let Command::Apply(apply) = parse("wf-bulk apply p.plan --max-age PT12H")
        .unwrap()
        .command
    else {
        panic!("another command");
    };
    assert_eq!(apply.max_age, SignedDuration::from_hours(12));
    let Command::Apply(apply) = parse("wf-bulk apply p.plan").unwrap().command else {
        panic!("another command");
    };
    assert_eq!(apply.max_age, DEFAULT_MAX_AGE);
    assert_eq!(
        "a=b=c".parse(),
        Ok(Var {
            name: "a".to_owned(),
            value: "b=c".to_owned()
        })
    );
}

#[test]
fn a_token_is_never_shown() {
    let cli = parse("wf-bulk resume --token s3cret").unwrap();
    assert!(!format!("{cli:?}").contains("s3cret"));
}

#[test]
fn a_flag_that_means_nothing_to_a_command_is_refused_and_not_ignored() {
    const SERVICE: &str = "--server http://127.0.0.1:1|--token t|--token-file f|--token-command c|--profile p|--entity-server \
                           http://127.0.0.1:1|--org 1|--sandbox|--timeout 9";
    const ANY: &str = "--state-dir d|--yes|--no-interactive|--quiet";
    let commands = [
        ("init", "", ""),
        ("validate p.yaml", "", "--json"),
        ("plan p.yaml -o p.plan", SERVICE, "--json"),
        ("show p.plan", "", "--json"),
        ("diff a.plan b.plan", "", "--json"),
        ("run p.yaml", SERVICE, "--json|--verbose"),
        ("apply p.plan", SERVICE, "--json|--verbose"),
        ("resume", SERVICE, "--json|--verbose"),
        ("undo 0192", SERVICE, "--json|--verbose"),
        ("retry 0192", SERVICE, "--json|--verbose"),
        ("verify 0192", SERVICE, "--json"),
        ("status", "", "--json"),
        ("report 0192", "", "--json"),
        ("history", "", "--json"),
        ("abandon 0192", "", ""),
        ("prune --keep 90d", "", ""),
        ("sandbox", "", ""),
        ("schema", "", ""),
        ("completions bash", "", ""),
        ("man d", "", ""),
        ("help run", "", ""),
        #[cfg(feature = "temporal")]
        ("worker --engine temporal://h:1/n", SERVICE, ""),
    ];
    assert_eq!(commands.len(), Cli::command().get_subcommands().count());
    for (command, service, output) in commands {
        for flag in [SERVICE, ANY, "--json|--verbose"]
            .iter()
            .flat_map(|flags| flags.split('|'))
        {
            let meant = [service, ANY, output]
                .iter()
                .any(|flags| flags.split('|').any(|one| one == flag));
            for line in [
                format!("wf-bulk {command} {flag}"),
                format!("wf-bulk {flag} {command}"),
            ] {
                let parsed = parse(&line);
                assert_eq!(parsed.is_ok(), meant, "{line}");
                if let Err(error) = parsed {
                    assert_eq!(ExitCode::from(&error).code(), 64, "{line}");
                    let name = flag.split(' ').next().unwrap();
                    assert!(error.to_string().contains(name), "{line}: {error}");
                }
            }
        }
    }
}

/// What has an effect is in the help, and nothing else; what is allowed everywhere is in the main help.
#[test]
fn the_help_of_a_command_shows_the_common_flags_that_have_an_effect_on_it_and_no_others() {
    const SERVICE: &[&str] = &[
        "--server",
        "--token",
        "--token-file",
        "--token-command",
        "--profile",
        "--entity-server",
        "--org",
        "--sandbox",
        "--timeout",
    ];
    const OTHERS: &[&str] = &[
        "--state-dir",
        "--yes",
        "--no-interactive",
        "--json",
        "--quiet",
        "--verbose",
    ];
    let mut definition = super::unused::definition();
    definition.build();
    let main = definition.render_long_help().to_string();
    let shows = |help: &str, flag: &str| {
        help.lines()
            .any(|line| line.split([' ', ',']).any(|word| word == flag))
    };
    for flag in SERVICE.iter().chain(OTHERS) {
        assert!(shows(&main, flag), "{flag}");
    }
    let mut checked = 0;
    for command in definition.get_subcommands_mut() {
        let (service, others): (bool, &str) = match command.get_name() {
            "run" | "apply" | "resume" | "undo" | "retry" => (
                true,
                "--state-dir --yes --no-interactive --json --quiet --verbose",
            ),
            "plan" | "verify" => (true, "--state-dir --json --quiet"),
            "show" | "status" | "report" | "history" => (false, "--state-dir --json"),
            "validate" | "diff" => (false, "--json"),
            "abandon" | "prune" => (false, "--state-dir --yes --no-interactive"),
            "worker" => (true, "--state-dir"),
            "sandbox" => (false, "--state-dir"),
            "init" | "schema" | "completions" | "man" | "help" => (false, ""),
            name => panic!("which flags matter to {name}?"),
        };
        let name = command.get_name().to_owned();
        let nested = command
            .get_subcommands_mut()
            .filter(|nested| nested.get_name() != "help");
        let nested: Vec<String> = nested
            .map(|nested| nested.render_long_help().to_string())
            .collect();
        let own = command.render_long_help().to_string();
        for help in nested.iter().chain([&own]) {
            // Examples may name flags of other commands.
            let help = help.split("Examples:").next().unwrap();
            for flag in SERVICE {
                assert_eq!(shows(help, flag), service, "{name} {flag}: {help}");
            }
            for flag in OTHERS {
                let expected = others.split(' ').any(|other| other == *flag);
                assert_eq!(shows(help, flag), expected, "{name} {flag}: {help}");
            }
            checked += 1;
        }
    }
    assert_eq!(checked, Cli::command().get_subcommands().count() + 1);
}

#[test]
fn the_usage_in_an_error_is_that_of_the_command_and_none_of_the_flags_that_are_wrong_is_in_it() {
    for (line, usage) in [
        ("abandon --reason x", "abandon [OPTIONS] <RUN|--last>"),
        ("abandon", "abandon [OPTIONS] <RUN|--last>"),
        ("abandon 01 --last", "abandon [OPTIONS] <RUN|--last>"),
        (
            "run p.yaml --dry-run --events x",
            "run [OPTIONS] <PLAYBOOK>",
        ),
        ("run p.yaml --json --events -", "run [OPTIONS] <PLAYBOOK>"),
        ("run p.yaml --var a=1 --var a=2", "run [OPTIONS] <PLAYBOOK>"),
        ("run p.yaml --detailed-exitcode", "run [OPTIONS] <PLAYBOOK>"),
        (
            "undo --last --dry-run --metrics x",
            "undo [OPTIONS] <RUN|--last>",
        ),
        ("undo 01 -o x --dry-run", "undo [OPTIONS] <RUN|--last>"),
        ("retry --last 01", "retry [OPTIONS] <RUN|--last>"),
        ("resume 01 --last", "resume [OPTIONS] [RUN]"),
        ("status --json --watch", "status [OPTIONS] [RUN]"),
        ("status --server x", "status [OPTIONS] [RUN]"),
        (
            "plan p.yaml -o x --token a --token-file b",
            "plan [OPTIONS] --output <FILE> <PLAYBOOK>",
        ),
        (
            "plan p.yaml -o x --sandbox --server b",
            "plan [OPTIONS] --output <FILE> <PLAYBOOK>",
        ),
        ("show x --format json --json", "show [OPTIONS] <PLAN>"),
        ("prune", "prune [OPTIONS] --keep <AGE>"),
        ("sandbox reset --port 7", "sandbox reset [OPTIONS]"),
        ("-q -v status", "[OPTIONS] <COMMAND>"),
        ("frob", "[OPTIONS] <COMMAND>"),
    ] {
        let error = parse(&format!("wf-bulk {line}"))
            .expect_err(line)
            .to_string();
        let expected = format!("\nUsage: wf-bulk {usage}\n");
        assert!(error.contains(&expected), "{line}: {error}");
    }
}

#[test]
fn a_digest_that_is_none_is_answered_with_the_command_that_prints_one() {
    for (line, command) in [
        ("wf-bulk status --check --expect abc", "`status --check`"),
        ("wf-bulk apply x.plan --approved abc", "`sha256sum PLAN`"),
        ("wf-bulk resume 0192 --approved abc", "`sha256sum PLAN`"),
    ] {
        let error = parse(line).unwrap_err().to_string();
        assert!(error.contains(command), "{error}");
        assert_eq!(error.matches("64 hex digits").count(), 1, "{error}");
    }
}

#[test]
fn a_ledger_in_which_nothing_would_be_recorded_is_refused() {
    for line in [
        "wf-bulk run p.yaml --dry-run --ledger r",
        "wf-bulk undo 0192 -o x.plan --ledger r",
        "wf-bulk retry 0192 --dry-run --ledger r",
    ] {
        let error = parse(line).unwrap_err().to_string();
        assert!(error.contains("so --ledger has no effect"), "{error}");
    }
    for line in [
        "wf-bulk run p.yaml --ledger r",
        "wf-bulk status --ledger r",
        "wf-bulk run p.yaml --dry-run",
    ] {
        assert!(parse(line).is_ok(), "{line}");
    }
}

#[test]
fn the_help_says_that_a_session_does_not_keep_the_time_limit_of_a_request() {
    let help = Cli::command().render_long_help().to_string();
    assert!(
        help.contains("`resume` does not use the value of an earlier session"),
        "{help}"
    );
}
