//! A command line to its types: what clap can't say by itself is checked here.

use std::{ffi::OsString, io};

use clap::{
    FromArgMatches as _,
    builder::StyledStr,
    error::{ContextKind, ContextValue},
    parser::ValueSource,
};
use terminal_size::{Width, terminal_size_of};

use super::{
    Cli, Command, DiffFormat, ExportFormat, Format, NAME, PlaybookFlags, ReportFormat, Var,
    foreign_words::with_suggestion, help, kept, one_dash, unused::definition, version,
};

/// The command with examples in its help that fit a terminal on standard output.
fn for_screen(command: clap::Command) -> clap::Command {
    /// In columns; no layout fits less.
    const NARROWEST: u16 = 30;
    let size = terminal_size_of(io::stdout());
    let Some((Width(width), _)) = size.filter(|(Width(width), _)| *width >= NARROWEST) else {
        return command;
    };
    let fitted = |command: clap::Command| match command.get_after_help() {
        Some(help) => {
            let help = help::within(&help.to_string(), usize::from(width));
            command.after_help(help)
        }
        None => command,
    };
    fitted(command).mut_subcommands(fitted)
}

/// The same error with the usage of its command as `--help` shows it: clap's own has the arguments of this line, also those that it refuses.
fn with_usage(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) else {
        return error;
    };
    let usage = usage.to_string();
    let mut definition = definition();
    definition.build();
    let mut words = usage.split_whitespace().skip_while(|word| *word != NAME);
    words.next();
    let usage = usage_of(&mut definition, &mut words);
    error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
    error
}

/// The usage of the subcommand that these words begin with; else of the command itself.
fn usage_of(command: &mut clap::Command, words: &mut dyn Iterator<Item = &str>) -> StyledStr {
    match words
        .next()
        .and_then(|word| command.find_subcommand_mut(word))
    {
        Some(subcommand) => usage_of(subcommand, words),
        None => command.render_usage(),
    }
}

/// The help of a command as its `--help` shows it; none if there is no such command.
pub fn help_of(words: &[String]) -> Option<StyledStr> {
    let mut definition = for_screen(definition());
    definition.build();
    let mut command = &mut definition;
    for word in words {
        command = command.find_subcommand_mut(word)?;
    }
    Some(command.render_long_help())
}

impl Cli {
    /// Parses a command line, and notes the flags that printed commands must repeat.
    ///
    /// # Errors
    ///
    /// If it can't be parsed, or a flag has no effect on the command; also for `--help`.
    pub fn read(line: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let line: Vec<OsString> = line.into_iter().collect();
        one_dash::refuse(&line)?;
        let mut command = version::told(for_screen(definition()), &line);
        let matches = command
            .try_get_matches_from_mut(&line)
            .map_err(|error| with_usage(with_suggestion(error, line)))?;
        let mut cli =
            Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
        cli.common.invocation = kept::given(&command, &matches);
        let (name, given) = matches
            .subcommand()
            .unwrap_or((Default::default(), &matches));
        let is_typed = |flag| {
            given.try_contains_id(flag).is_ok()
                && given.value_source(flag) == Some(ValueSource::CommandLine)
        };
        cli.common.engine_is_typed = is_typed("engine");
        cli.without_unused(name, is_typed("ledger"))
    }

    /// Whether the result is to be JSON, and an error with it.
    pub fn wants_json(&self) -> bool {
        let format = match &self.command {
            Command::Show(show) => show.format,
            Command::History(history) if history.format == ExportFormat::Json => Format::Json,
            Command::Report(report) if report.format == ReportFormat::Json => Format::Json,
            Command::Diff(diff) if diff.format == DiffFormat::Json => Format::Json,
            Command::Init(_)
            | Command::Validate(_)
            | Command::Plan(_)
            | Command::Diff(_)
            | Command::Run(_)
            | Command::Apply(_)
            | Command::Resume(_)
            | Command::Undo(_)
            | Command::Retry(_)
            | Command::Verify(_)
            | Command::Status(_)
            | Command::Report(_)
            | Command::History(_)
            | Command::Abandon(_)
            | Command::Prune(_)
            | Command::Sandbox(_)
            | Command::Schema
            | Command::Completions(_)
            | Command::Man(_)
            | Command::Help(_) => Format::Text,
            #[cfg(feature = "temporal")]
            Command::Worker(_) => Format::Text,
        };
        self.common.json || format == Format::Json
    }
}

impl PlaybookFlags {
    /// What is wrong with two values for one variable, since only one of them would count; none if there are no such two.
    pub(super) fn repeated(&self) -> Option<String> {
        let mut vars = self.vars.iter().enumerate();
        vars.find_map(|(place, Var { name, value })| {
            let earlier = self.vars[..place].iter().find(|var| var.name == *name)?;
            Some(format!(
                "--var {name}={} and --var {name}={value}: a variable has one value; leave one out",
                earlier.value
            ))
        })
    }
}
