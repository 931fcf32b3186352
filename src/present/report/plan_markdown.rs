//! A plan as Markdown for a pull request, which fits into one comment for any size of the plan.

mod whole_values;

use std::{
    io::{self, Write},
    iter,
};

use crate::text::Untrusted;

use super::{
    change_table::{ChangeTable, few},
    limited_lines::{CHANGES, LimitedLines, MAX_PLAN_BYTES, REJECTED, cell, code, in_shares},
    plan_report::PlanReport,
    plan_words::{Listing, PlanWords},
    to_apply::ToApply,
    units::{count, thousands},
    words,
};

/// Lines of a list that are not folded.
const UNFOLDED: u64 = 20;

/// The nouns of skipped targets: one, and many.
const SKIPPED: [&str; 2] = ["skipped target", "skipped targets"];

/// Variables that are shown; a playbook has a handful.
const VARS_SHOWN: usize = 10;

impl PlanReport<'_> {
    /// Writes the plan as Markdown; `apply` is how to apply exactly this plan.
    ///
    /// # Errors
    ///
    /// The errors of `out`, or if the plan can't be read again.
    pub fn write_markdown(&self, out: &mut dyn Write, apply: &ToApply) -> io::Result<()> {
        let words = self.words();
        let head = self.head(&words, apply);
        let foot = self.foot(apply);
        let room = MAX_PLAN_BYTES.saturating_sub(head.len() + foot.len());
        // The whole values come last, since they may need any room. Irreversible changes get most.
        let [changes, irreversible, rejected, skipped, values] = in_shares(
            room,
            [
                (30, &|room| changes(self, &words, room)),
                (35, &|room| match &words.irreversible {
                    None => Ok(String::new()),
                    Some(listing) => list(listing, CHANGES, room, self, |add| {
                        self.each_irreversible(&mut |one| {
                            add(&words::change(one));
                            Ok(())
                        })
                    }),
                }),
                (13, &|room| match &words.rejected {
                    None => Ok(String::new()),
                    Some(listing) => list(listing, REJECTED, room, self, |add| {
                        self.each_rejected(&mut |one| {
                            add(&words::rejection(one));
                            Ok(())
                        })
                    }),
                }),
                (7, &|room| Ok(skipped(self, room))),
                (15, &|room| self.whole_values(room)),
            ],
        )?;
        for text in [head, changes, values, irreversible, rejected, skipped, foot] {
            out.write_all(text.as_bytes())?;
        }
        Ok(())
    }

    fn head(&self, words: &PlanWords<'_>, apply: &ToApply) -> String {
        let name = code(&self.header.playbook.name);
        let title = match self.trailer.changes {
            0 if self.summary.out_of_reach().is_some() => "no changes".to_owned(),
            0 => "nothing to do".to_owned(),
            changes => format!(
                "{} in {}",
                count(changes, "change", "changes"),
                words.executions
            ),
        };
        let refused = apply.refused().iter().flat_map(|why| {
            let cures = why
                .cures
                .iter()
                .map(|cure| format!("\n>   - {}", code(cure)));
            iter::once(format!("\n> - {}", code(&why.reason))).chain(cures)
        });
        let refused: String = refused.collect();
        let refused = (!refused.is_empty())
            .then(|| format!("> [!CAUTION]\n> This plan can't be applied:\n>{refused}\n"));
        let totals = words.totals().map(|line| match self.trailer.changes {
            // It contains names of variables from the service.
            0 => format!("- {}", code(line)),
            _ => format!("- {line}"),
        });
        let causes = words.causes.iter().map(|line| format!("- {}", code(line)));
        let notes = self.trailer.notes.iter().map(|note| {
            let note = code(note);
            format!("> [!NOTE]\n> {note}\n")
        });
        let mut paragraphs = vec![format!("### {name}: {title}\n"), self.origin(words)];
        paragraphs.extend(refused);
        paragraphs.extend(notes);
        if self.trailer.changes > 0 || self.summary.out_of_reach().is_some() {
            paragraphs.extend(totals);
            paragraphs.extend(causes);
            paragraphs.push(String::new());
        }
        paragraphs.join("\n") + "\n"
    }

    /// The paragraph about the origin of the plan.
    fn origin(&self, words: &PlanWords<'_>) -> String {
        let header = self.header;
        let mut place = vec![format!("On {}", code(&header.server))];
        place.extend(header.org.iter().map(|org| format!("org {}", code(org))));
        place.push(format!("as of {}", code(&words.as_of)));
        place.extend(words.made.iter().map(|made| format!("made {}", code(made))));
        let vars = header.vars.iter().take(VARS_SHOWN);
        let vars: Vec<String> = vars
            .map(|(name, value)| code(&format!("{name}: {value}")))
            .collect();
        let vars = match &vars[..] {
            [] => String::new(),
            vars => format!("; with {}", vars.join(", ")),
        };
        place.extend(words.follows.clone());
        format!("{}; {}{vars}.\n", place.join(", "), words.selected)
    }

    fn foot(&self, apply: &ToApply) -> String {
        let digest = format!("Plan with SHA-256 `{}`.", self.sha256);
        match apply {
            ToApply::Command(command) => format!(
                "{digest} To apply exactly this plan:\n\n```sh\n{}\n```\n",
                Untrusted(command).terminal()
            ),
            ToApply::Refused(_) | ToApply::Nothing => digest + "\n",
        }
    }
}

fn changes(report: &PlanReport<'_>, words: &PlanWords<'_>, room: usize) -> io::Result<String> {
    let several = words.several_lines;
    let table = ChangeTable {
        summary: report.summary,
        start: "",
        end: &several.map_or_else(String::new, |why| format!("\n({why})\n")),
        shows_all: report.show_each.as_deref(),
        shows_each: report.show_each.as_deref(),
    };
    table.text(room, |visit| report.each_change(visit))
}

fn skipped(report: &PlanReport<'_>, room: usize) -> String {
    let skips = report.summary.skips();
    if skips.is_empty() {
        return String::new();
    }
    let mut lines = LimitedLines::new(
        "| skipped | why | which, if few |\n|--:|---|---|\n".to_owned(),
        room,
        report.show_each.as_deref(),
    );
    for skip in &skips {
        let number = thousands(skip.count);
        let number = match skip.out_of_reach {
            Some(_) => format!("{number} {}", skip.on),
            None => number,
        };
        let line = format!("| {number} | {} | {} |\n", cell(skip.what), few(skip.few));
        lines.add(skip.count, &line);
    }
    lines.end(report.trailer.skipped, SKIPPED, "")
}

/// A titled list, folded if it is long. `each` passes on its lines, escaped for a terminal.
fn list(
    listing: &Listing<'_>,
    nouns: [&str; 2],
    room: usize,
    report: &PlanReport<'_>,
    each: impl FnOnce(&mut dyn FnMut(&str)) -> io::Result<()>,
) -> io::Result<String> {
    let total = listing.total();
    let (before, after, end) = if total > UNFOLDED {
        ("<details><summary>", "</summary>", "\n</details>\n")
    } else {
        ("**", "**", "")
    };
    let mut start = format!("{before}{}{after}\n\n", listing.title);
    if !listing.why.is_empty() {
        start += &code(&listing.why);
        start.push_str("\n\n");
    }
    let mut lines = LimitedLines::new(
        start,
        room.saturating_sub(end.len()),
        report.show_each.as_deref(),
    );
    each(&mut |line| lines.add(1, &format!("- {}\n", Untrusted(line).markdown())))?;
    Ok(lines.end(total, nouns, end))
}

#[cfg(test)]
pub(super) mod tests;
