//! `help`: the help of a command, a chapter of the guide, or a list of both.

use super::{
    pager,
    terminal::{STYLES, print, print_text, width_of_stdout},
};
use crate::{
    cli::{Common, HelpArgs, definition, help_of},
    error::{Error, ExitCode},
    guide::{CHAPTERS, Chapter, render},
    text::meant,
};

/// Without a terminal, in columns; as man pages have it.
const WIDTH: usize = 80;

/// Longer lines are hard to read, in columns.
const WIDEST: usize = 100;

pub(super) fn help(common: &Common, args: &HelpArgs) -> Result<ExitCode, Error> {
    let words = &args.words;
    if words.is_empty() {
        list()?;
    } else if let Some(help) = help_of(words) {
        print(|out| write!(out, "{}", help.ansi()))?;
    } else if let [name] = &words[..]
        && let Some(chapter) = Chapter::named(name)
    {
        show(chapter)?;
    } else {
        return Err(unknown(common, &words.join(" ")));
    }
    Ok(ExitCode::Done)
}

fn show(chapter: &Chapter) -> Result<(), Error> {
    let width = width_of_stdout().map_or(WIDTH, |width| width.min(WIDEST));
    let mut text = Vec::new();
    render(chapter, width, STYLES, &mut text)
        .map_err(|error| Error::failed("the chapter can't be shown").caused_by(error))?;
    pager::page(&text)
}

fn list() -> Result<(), Error> {
    let definition = definition();
    print_text(|out| {
        writeln!(out, "Commands; `wf-bulk help COMMAND` shows one:")?;
        for command in definition.get_subcommands() {
            let about = command.get_about().map(ToString::to_string);
            let about = about.unwrap_or_default();
            writeln!(out, "  {:<12}  {about}", command.get_name())?;
        }
        writeln!(
            out,
            "\nChapters of the guide; `wf-bulk help TOPIC` shows one:"
        )?;
        for chapter in CHAPTERS {
            writeln!(out, "  {:<12}  {}", chapter.name, chapter.title())?;
        }
        Ok(())
    })
}

fn unknown(common: &Common, words: &str) -> Error {
    let definition = definition();
    let commands = definition.get_subcommands().map(clap::Command::get_name);
    let chapters = CHAPTERS.iter().map(|chapter| chapter.name);
    let error = Error::usage(format!("there is no command and no chapter `{words}`"));
    let error = match meant(words, commands.chain(chapters)) {
        Some(meant) => error.hint(meant),
        None => error,
    };
    error.hint(format!(
        "for all of them: {}",
        common.invocation.command("help", &[])
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_chapter_has_the_name_of_a_command() {
        for chapter in CHAPTERS {
            let command = definition().find_subcommand(chapter.name).is_some();
            assert!(!command, "{}", chapter.name);
        }
    }
}
