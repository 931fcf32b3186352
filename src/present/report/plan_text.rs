//! A plan as text for a terminal.

use std::io::{self, Write};

use owo_colors::{OwoColorize as _, Style};

use crate::{styles::Styles, text::Untrusted};

use super::{
    plan_report::PlanReport,
    plan_words::{Listing, PlanWords},
    summary_line::SummaryLine,
    table::{TextRow, write_rows},
    units::thousands,
    words,
};

/// How many items are listed one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListingDetail {
    /// All irreversible changes and rejections: for a person who reads the plan.
    Whole,
    /// The first few: for a person who is about to answer the question.
    First,
}

impl PlanReport<'_> {
    /// Writes the plan for a terminal; `closing`, what to do next, comes last.
    ///
    /// # Errors
    ///
    /// The errors of `out`, or if the plan can't be read again.
    pub fn write_text(
        &self,
        out: &mut dyn Write,
        styles: Styles,
        listing: ListingDetail,
        closing: &str,
    ) -> io::Result<()> {
        let words = self.words();
        self.write_heading(out, &words, styles)?;
        let rows: Vec<TextRow> = self
            .summary
            .groups()
            .into_iter()
            .chain(self.summary.skips())
            .map(|group| TextRow::of(&group, self.show_each.as_deref()))
            .collect();
        if !rows.is_empty() {
            writeln!(out)?;
            write_rows(out, &rows)?;
        }
        if let Some(rejected) = &words.rejected {
            write_listing(out, rejected, styles.error, listing, &|out| {
                self.each_rejected(&mut |one| writeln!(out, "  {}", words::rejection(one)))
            })?;
        }
        if let Some(irreversible) = &words.irreversible {
            write_listing(out, irreversible, styles.warning, listing, &|out| {
                self.each_irreversible(&mut |one| writeln!(out, "  {}", words::change(one)))
            })?;
        }
        writeln!(out)?;
        let more = words.several_lines.into_iter();
        let more = more.chain(words.not_shown.as_deref());
        let lines = words.totals().chain(&words.causes).map(String::as_str);
        for line in lines.chain(more) {
            writeln!(out, "{line}")?;
        }
        for line in closing.lines() {
            writeln!(out, "{}", Untrusted(line).terminal())?;
        }
        Ok(())
    }

    fn write_heading(
        &self,
        out: &mut dyn Write,
        words: &PlanWords<'_>,
        styles: Styles,
    ) -> io::Result<()> {
        let playbook = Untrusted(&self.header.playbook.name).terminal();
        let server = Untrusted(&self.header.server).terminal();
        write!(out, "{}  on {server}", playbook.style(styles.strong))?;
        if let Some(org) = &self.header.org {
            write!(out, ", org {}", Untrusted(org).terminal())?;
        }
        write!(out, ", as of {}", Untrusted(&words.as_of).terminal())?;
        if let Some(made) = &words.made {
            write!(out, ", made {}", Untrusted(made).terminal())?;
        }
        writeln!(out)?;
        for line in words.follows.iter().chain([&words.selected]) {
            writeln!(out, "{line}")?;
        }
        for note in &self.trailer.notes {
            let note = Untrusted(note).terminal();
            writeln!(out, "{} {note}", "note:".style(styles.warning))?;
        }
        Ok(())
    }
}

impl TextRow {
    pub(super) fn of(group: &SummaryLine<'_>, each: Option<&str>) -> Self {
        Self {
            cells: [
                thousands(group.count),
                group.on.to_owned(),
                group.what.to_owned(),
                group.field.to_owned(),
                group.delta_or_where(each),
            ],
            below: group.few.to_vec(),
        }
    }
}

/// `write_all` writes a line for each item.
fn write_listing(
    out: &mut dyn Write,
    listing: &Listing<'_>,
    style: Style,
    detail: ListingDetail,
    write_all: &dyn Fn(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let title = format!("{}:", listing.title);
    let heading = format!("{} {}", title.style(style), listing.why);
    writeln!(out, "\n{}", heading.trim_end())?;
    match detail {
        ListingDetail::Whole => return write_all(out),
        ListingDetail::First => {}
    }
    for line in listing.first {
        writeln!(out, "  {line}")?;
    }
    match listing.more {
        0 => Ok(()),
        more => writeln!(out, "  … and {} more", thousands(more)),
    }
}

#[cfg(test)]
mod tests;
