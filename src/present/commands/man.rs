//! `man`: writes a man page for the program and for each command, from the same definition as `--help`.

use std::{fs, io, path::Path};

use clap_mangen::{
    Man,
    roff::{Roff, roman},
};

use super::{
    output::{Output, OutputContent},
    terminal::say,
};
use crate::{
    cli::{ManArgs, definition},
    error::{Error, ExitCode},
    table::STDIN,
    text::{count, shown_path},
};

/// What each page is a page of.
const SOURCE: &str = concat!("wf-bulk ", env!("CARGO_PKG_VERSION"));

pub(super) fn man_pages(args: &ManArgs) -> Result<ExitCode, Error> {
    let folder = &args.dir;
    if folder == Path::new(STDIN) {
        return Err(Error::usage(
            "`man` writes several files into a folder, and `-` is not a folder",
        ));
    }
    fs::create_dir_all(folder).map_err(|error| {
        Error::failed(format!("the folder {} can't be made", shown_path(folder))).caused_by(error)
    })?;
    let pages = pages(definition()).map_err(|error| Error::failed("no page").caused_by(error))?;
    for (name, page) in &pages {
        let path = folder.join(name);
        let unwritten = || Error::failed(format!("{} can't be written", shown_path(&path)));
        let Output::File(target) = Output::at(&path, OutputContent::ManPage)? else {
            return Err(
                unwritten().hint("it is no regular file; delete it, or name another folder")
            );
        };
        fs::write(target, page).map_err(|error| unwritten().caused_by(error))?;
    }
    let pages = count(pages.len() as u64, "man page", "man pages");
    say(|out| writeln!(out, "wrote {pages} to {}", shown_path(folder)));
    Ok(ExitCode::Done)
}

/// The file name and the text of each page: the program's, then those of its commands and of theirs.
fn pages(definition: clap::Command) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut definition = definition.disable_help_subcommand(true);
    definition.build();
    let mut pages = Vec::new();
    let mut waiting = vec![definition];
    while let Some(command) = waiting.pop() {
        waiting.extend(command.get_subcommands().cloned());
        let examples = command.get_after_help().map(ToString::to_string);
        let has_commands = command.has_subcommands();
        // An empty date would not be written, and what follows it would take its place.
        let man = Man::new(command).date(" ").source(SOURCE).manual("wf-bulk");
        let mut page = Vec::new();
        man.render_title(&mut page)?;
        man.render_name_section(&mut page)?;
        man.render_synopsis_section(&mut page)?;
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
        if has_commands {
            man.render_subcommands_section(&mut page)?;
        }
        if let Some(examples) = examples {
            write_examples(&examples, &mut page)?;
        }
        pages.push((man.get_filename(), page));
    }
    Ok(pages)
}

/// The examples as they stand in `--help`: what is indented there keeps its lines.
fn write_examples(examples: &str, page: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = Roff::new();
    roff.control("SH", ["EXAMPLES"]);
    let mut is_filled = true;
    for line in examples.lines() {
        let fills = !line.starts_with("  ");
        if fills != is_filled {
            roff.control(if fills { "fi" } else { "nf" }, []);
            is_filled = fills;
        }
        if line.is_empty() {
            roff.control("PP", []);
        } else if line != "Examples:" {
            roff.text([roman(line)]);
        }
    }
    if !is_filled {
        roff.control("fi", []);
    }
    roff.to_writer(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(name: &str) -> String {
        let pages = pages(definition()).unwrap();
        let (_, page) = pages.into_iter().find(|(page, _)| page == name).unwrap();
        String::from_utf8(page).unwrap()
    }

    #[test]
    fn each_command_has_a_page_with_its_flags_and_its_examples() {
        let pages = pages(definition()).unwrap();
        for command in definition().get_subcommands() {
            let name = format!("wf-bulk-{}.1", command.get_name());
            let (_, page) = pages.iter().find(|(page, _)| *page == name).expect(&name);
            let page = String::from_utf8_lossy(page).replace('\\', "");
            assert!(page.contains("\n.SH EXAMPLES\n"), "{name}");
            for flag in command.get_arguments().filter(|flag| !flag.is_hide_set()) {
                if let Some(long) = flag.get_long() {
                    assert!(page.contains(&format!("--{long}")), "{name}: {long}");
                }
            }
        }
        assert!(pages.iter().any(|(name, _)| name == "wf-bulk.1"));
        assert!(
            pages
                .iter()
                .any(|(name, _)| name == "wf-bulk-sandbox-reset.1")
        );
    }

    #[test]
    fn an_example_keeps_its_line_and_a_sentence_is_filled() {
        let page = page("wf-bulk-man.1");
        let examples = page.split(".SH EXAMPLES\n").nth(1).unwrap();
        assert_eq!(
            examples,
            ".nf\n  wf\\-bulk man ~/.local/share/man/man1   for this user\n  sudo wf\\-bulk man /usr/local/share/man/man1\n  \
             man wf\\-bulk\\-run\n.fi\n.PP\nOnly man pages of wf\\-bulk are replaced.\n"
        );
    }

    #[test]
    fn each_page_says_which_version_it_is_of() {
        let page = page("wf-bulk-run.1");
        let title = format!(".TH wf-bulk-run 1 \" \" \"{SOURCE}\" wf-bulk");
        assert!(page.lines().any(|line| line == title), "{page}");
    }

    #[test]
    fn a_flag_without_effect_on_a_command_is_not_on_its_page() {
        assert!(page("wf-bulk-run.1").contains("token"));
        assert!(!page("wf-bulk-show.1").contains("token\\-file"));
    }
}
