use clap::Command;

use super::*;

fn names(command: &Command) -> Vec<String> {
    command
        .get_arguments()
        .filter_map(|argument| argument.get_long())
        .map(|long| format!("--{long}"))
        .collect()
}

#[test]
fn each_command_of_a_tip_can_be_typed() {
    let tips = COMMANDS.map(|(_, tip)| tip);
    let tips = tips.into_iter().chain(FLAGS.map(|(.., tip)| tip));
    for tip in tips {
        assert!(!tip.contains("wf-bulk "), "not made by `filled`: {tip}");
        for command in tip.split('{').skip(1) {
            let (command, _) = command.split_once('}').expect(tip);
            let line = filled(&format!("{{{command}}}"));
            let read = Cli::read(line.split(' ').map(OsString::from));
            match read.map_err(|error| error.kind()) {
                Ok(_) | Err(ErrorKind::DisplayVersion) => {}
                Err(kind) => panic!("{line}: {kind:?}"),
            }
        }
    }
}

#[test]
fn what_is_suggested_is_there_and_what_it_replaces_is_not() {
    let cli = Cli::command();
    let words = |text: &str| -> Vec<String> {
        text.split([' ', ':', ';', ',', '`', '|', '(', ')'])
            .map(str::to_owned)
            .collect()
    };
    let all: Vec<&str> = cli.get_subcommands().map(Command::get_name).collect();
    for (word, _) in COMMANDS {
        assert!(word.iter().all(|word| !all.contains(word)), "{word:?}");
    }
    for (flags, commands, tip) in FLAGS {
        let commands = if commands == "*" {
            all.clone()
        } else {
            commands.split(' ').collect()
        };
        for name in commands {
            let command = cli.find_subcommand(name).unwrap();
            let known = [names(command), names(&cli)].concat();
            for flag in flags {
                // `-f` and others may be in the table for some commands alone.
                let replaced = !known.contains(&(*flag).to_owned())
                    || for_flag(name, flag) != Some(filled(tip));
                assert!(
                    replaced
                        || flag.len() == 2
                        || *flag == "--output"
                        || *flag == "--format"
                        || *flag == "--dry-run",
                    "{name} has {flag}"
                );
            }
            let own = words(tip.split('{').next().unwrap());
            // What `apply` refuses is said to be for `plan`.
            let known = match name {
                "apply" if tip.contains("{plan ") => names(cli.find_subcommand("plan").unwrap()),
                _ => known,
            };
            for flag in own.iter().filter(|word| word.starts_with("--")) {
                assert!(known.contains(flag), "{name} has no {flag}: {tip}");
            }
        }
    }
}

fn said(line: &str) -> String {
    let arguments = || line.split(' ').map(OsString::from);
    let error = <Cli as clap::Parser>::try_parse_from(arguments()).unwrap_err();
    with_suggestion(error, arguments()).to_string()
}

#[test]
fn what_other_tools_call_it_is_answered_with_what_it_is_called_here() {
    for (line, tip) in [
        ("wf-bulk rollback", "wf-bulk undo RUN"),
        ("wf-bulk destroy p.yaml", "wf-bulk abandon RUN"),
        ("wf-bulk runs", "wf-bulk status"),
        ("wf-bulk list", "wf-bulk status"),
        ("wf-bulk cancel x", "wf-bulk abandon RUN"),
        ("wf-bulk rerun x", "wf-bulk retry RUN"),
        ("wf-bulk check x", "wf-bulk validate PLAYBOOK"),
        ("wf-bulk run p.yaml --check", "--dry-run shows the plan"),
        ("wf-bulk run p.yaml --check=1", "--dry-run shows the plan"),
        ("wf-bulk run p.yaml --auto-approve", "--yes makes changes"),
        ("wf-bulk apply x.plan --force", "--yes answers the question"),
        ("wf-bulk apply x.plan --dry-run", "wf-bulk show PLAN"),
        ("wf-bulk show x.plan -o json", "--format json|markdown|html"),
        ("wf-bulk status -o json", "--json prints the result"),
        ("wf-bulk --sandbox run p.yaml -e a=1", "--var NAME=VALUE"),
        // clap's own guesses stay where the table knows nothing.
        ("wf-bulk plan p.yaml --outptu x", "'--output'"),
        ("wf-bulk vlidate p.yaml", "'validate'"),
    ] {
        let said = said(line);
        assert!(said.contains(tip), "{line}: {said}");
    }
    assert!(!said("wf-bulk run p.yaml --frobnicate").contains("as a value"));
}

#[test]
fn a_flag_that_the_command_would_refuse_is_not_suggested() {
    for line in [
        "wf-bulk abandon --reason x",
        "wf-bulk init --serve x",
        "wf-bulk diff a b --verbos",
    ] {
        let said = said(line);
        assert!(!said.contains("tip:"), "{line}: {said}");
    }
    assert!(said("wf-bulk abandon 1 --qiet").contains("'--quiet'"));
}

#[test]
fn json_is_wanted_before_the_end_of_the_flags_only() {
    let wanted = |line: &str| json_is_wanted(line.split(' ').map(OsString::from));
    assert!(wanted("wf-bulk run --json --frobnicate"));
    assert!(!wanted("wf-bulk run -- --json"));
}
