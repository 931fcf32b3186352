//! Flags with one dash, as in Terraform and Go. clap would parse `-out=x.plan` as `-o` with the value `ut=x.plan`, and `-target` as a
//! token.

use std::ffi::OsString;

use clap::{
    CommandFactory as _,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::{Cli, foreign_words::for_flag};

/// Refuses a word with one dash that is a flag with two dashes, here or in the table of other tools.
///
/// # Errors
///
/// The first such word.
pub(super) fn refuse(line: &[OsString]) -> Result<(), clap::Error> {
    let cli = Cli::command();
    let Some(command) = line.iter().find_map(|word| cli.find_subcommand(word)) else {
        return Ok(());
    };
    let is_flag = |word: &&OsString| *word != "--";
    for word in line
        .iter()
        .take_while(is_flag)
        .filter_map(|word| word.to_str())
    {
        let Some((name, value)) = name_and_value(word) else {
            continue;
        };
        let is_here = [command, &cli].into_iter().any(|command| {
            command
                .get_arguments()
                .any(|argument| argument.get_long() == Some(name))
        });
        let long = format!("--{name}");
        let tip = if name == "out" && command.get_name() == "plan" {
            Some(format!("write -o {}", value.unwrap_or("FILE")))
        } else if is_here {
            Some(format!("write -{word}"))
        } else {
            for_flag(command.get_name(), &long)
        };
        if let Some(tip) = tip {
            let mut error = clap::Error::new(ErrorKind::UnknownArgument).with_cmd(command);
            error.insert(
                ContextKind::InvalidArg,
                ContextValue::String(word.to_owned()),
            );
            error.insert(
                ContextKind::Suggested,
                ContextValue::StyledStrs(vec![tip.into()]),
            );
            return Err(error);
        }
    }
    Ok(())
}

/// The parts of `-out=x.plan`: `out` and `x.plan`. None for a short flag, or for one with two dashes.
fn name_and_value(word: &str) -> Option<(&str, Option<&str>)> {
    let rest = word
        .strip_prefix('-')
        .filter(|rest| !rest.starts_with('-'))?;
    let (name, value) = match rest.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (rest, None),
    };
    (name.len() > 1).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_with_one_dash_is_refused_with_what_to_write() {
        for (line, tip) in [
            ("wf-bulk plan p.yaml -out=x.plan", "write -o x.plan"),
            ("wf-bulk plan p.yaml -out x.plan", "write -o FILE"),
            (
                "wf-bulk plan p.yaml -output=x.plan",
                "write --output=x.plan",
            ),
            ("wf-bulk run p.yaml -var a=b", "write --var"),
            ("wf-bulk apply x.plan -auto-approve", "--yes makes changes"),
            ("wf-bulk run p.yaml -target=7", "--only ID selects only"),
            ("wf-bulk run p.yaml -json", "write --json"),
            (
                "wf-bulk run p.yaml -out=x",
                "to keep the plan: wf-bulk plan PLAYBOOK -o FILE",
            ),
            (
                "wf-bulk apply x.plan -limit=5",
                "--var: wf-bulk plan PLAYBOOK -o FILE",
            ),
            ("wf-bulk run p.yaml -token=x", "write --token=x"),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let error = refuse(&words).expect_err(line).to_string();
            assert!(error.contains(tip), "{line}: {error}");
        }
        for line in [
            "wf-bulk plan p.yaml -ox.plan -yq",
            "wf-bulk run p.yaml --json -t x",
            "wf-bulk show -- -out",
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert!(refuse(&words).is_ok(), "{line}");
        }
    }
}
