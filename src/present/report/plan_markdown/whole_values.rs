//! The values that the table of a plan shortens, in full.

use std::{collections::HashMap, fmt::Write as _, io};

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::{
    plan::Change,
    report::{
        delta::{Delta, describe, is_nested},
        limited_lines::code,
        manner::{Manner, unshown},
        plan_report::PlanReport,
        units::{count, thousands},
        words,
    },
    text::Untrusted,
};

/// Bytes of the entries that are not folded: about a screen.
const UNFOLDED: usize = 2_000;

/// Bytes for the title, the tags that fold, and the sentences about what is not here, without the command that shows it.
const FRAME_BYTES: usize = 400;

/// Bytes for the number of further changes with the same values.
const COUNT_BYTES: usize = 60;

/// Characters at the start and the end of two values that are the same: from this number on a reader would look for the difference, and is
/// told where it is.
const LONG: usize = 40;

/// A change with values that are shortened, and how many others have the same ones.
#[derive(Debug)]
struct WholeChange {
    name: String,
    values: String,
    others: u64,
}

/// The changes whose values are shortened, those with equal values once, as far as there is room.
#[derive(Debug)]
struct WholeValues {
    changes: Vec<WholeChange>,
    /// Their places by what the table shows of them.
    places: HashMap<String, usize>,
    room: usize,
    /// Changes whose whole values are not here.
    too_long: u64,
    /// Changes with the place or the id of a new task.
    placed: u64,
}

impl PlanReport<'_> {
    /// The values that [`Delta`] and [`Manner`] shorten, in at most `room` bytes; empty if there are none.
    pub(super) fn whole_values(&self, room: usize) -> io::Result<String> {
        if self.summary.not_shown.changes == 0 {
            return Ok(String::new());
        }
        let each = self.show_each.as_deref().map_or_else(String::new, |each| {
            format!("; {} shows all", Untrusted(each).markdown())
        });
        let mut values = WholeValues {
            changes: Vec::new(),
            places: HashMap::new(),
            room: room.saturating_sub(FRAME_BYTES + 2 * each.len()),
            too_long: 0,
            placed: 0,
        };
        self.each_change(&mut |change| {
            values.add(change, self.summary.zone());
            Ok(())
        })?;
        Ok(values.section(&each))
    }
}

impl WholeValues {
    fn add(&mut self, change: &Change, zone: &TimeZone) {
        self.placed += u64::from(unshown(change) > 0);
        let shortened: Vec<_> = change
            .writes()
            .map(|(field, before, after)| {
                let delta = Delta::of(&field, before, after, zone);
                (field, before, after, delta)
            })
            .filter(|(.., delta)| delta.is_cut())
            .collect();
        let manner = Manner::of(change).filter(|manner| manner.cut.is_some());
        if shortened.is_empty() && manner.is_none() {
            return;
        }
        let mut key = format!("{}\n{}", change.target.kind, words::actions(&change.action));
        for (field, .., delta) in &shortened {
            let _ = write!(key, "\n{field}\n{}", delta.key());
        }
        if let Some(Manner { text, cut }) = &manner {
            let _ = write!(key, "\n{text}\n{cut:?}");
        }
        if let Some(place) = self.places.get(&key) {
            self.changes[*place].others += 1;
            return;
        }
        let name = format!(
            "{}  {}",
            words::actions(&change.action),
            words::target(&change.target)
        );
        let name = format!("- {}", code(&name));
        let mut values = String::new();
        for (field, before, after, _) in shortened {
            values += &whole(&field, before, after);
        }
        if manner.is_some() {
            let sent = Manner::whole(change);
            let _ = writeln!(values, "  - with {}", Untrusted(&sent).markdown());
        }
        match self
            .room
            .checked_sub(name.len() + values.len() + COUNT_BYTES)
        {
            None => self.too_long += 1,
            Some(room) => {
                self.room = room;
                self.places.insert(key, self.changes.len());
                self.changes.push(WholeChange {
                    name,
                    values,
                    others: 0,
                });
            }
        }
    }

    fn section(self, each: &str) -> String {
        let mut entries = String::new();
        let mut shown = 0;
        for WholeChange {
            name,
            values,
            others,
        } in &self.changes
        {
            shown += 1 + others;
            entries += name;
            if *others > 0 {
                let _ = write!(
                    entries,
                    " and {}",
                    count(*others, "more change", "more changes")
                );
            }
            entries.push_str(":\n");
            entries += values;
        }
        let mut text = String::new();
        if shown > 0 {
            let title = format!(
                "Values of {} that are shortened above, in full",
                count(shown, "change", "changes")
            );
            text = if entries.len() > UNFOLDED {
                format!("<details><summary>{title}</summary>\n\n{entries}\n</details>\n\n")
            } else {
                format!("**{title}**\n\n{entries}\n")
            };
        }
        if self.too_long > 0 {
            let changes = count(self.too_long, "change", "changes");
            let _ = writeln!(
                text,
                "Shortened, and too long to be in full here: values of {changes}{each}.\n"
            );
        }
        if self.placed > 0 {
            let changes = count(self.placed, "change", "changes");
            let _ = writeln!(
                text,
                "Left out: the place or the id of a new task in {changes}{each}.\n"
            );
        }
        text
    }
}

/// A field with both values, and where they differ if they are long.
fn whole(field: &str, before: &Value, after: &Value) -> String {
    let [one, other] = texts(before, after).map(|text| Untrusted(&text).terminal().to_string());
    let mut text = format!("  - {}: ", code(field));
    let (start, end) = shared(&one, &other);
    if start + end >= LONG {
        let same: Vec<String> = [("first", start), ("last", end)]
            .into_iter()
            .filter(|(_, number)| *number > 0)
            .map(|(place, number)| format!("the {place} {}", thousands(number as u64)))
            .collect();
        let _ = write!(text, "{} characters are the same", same.join(" and "));
    }
    let [one, other] = [one, other].map(|text| Untrusted(&text).markdown());
    let _ = write!(text, "\n    - before: {one}\n    - after: {other}\n");
    text
}

/// Two values that differ, as texts that differ and leave out nothing.
fn texts(one: &Value, other: &Value) -> [String; 2] {
    let said = [one, other].map(describe);
    if said[0] == said[1] || is_nested(one) || is_nested(other) {
        [one.to_string(), other.to_string()]
    } else {
        said
    }
}

/// How many characters two texts share at their start, and behind these at their end.
fn shared(one: &str, other: &str) -> (usize, usize) {
    let same = |(one, other): &(char, char)| one == other;
    let start = one.chars().zip(other.chars()).take_while(same).count();
    let rest = |text: &str| text.chars().skip(start).collect::<Vec<_>>();
    let (one, other) = (rest(one), rest(other));
    let ends = one.into_iter().rev().zip(other.into_iter().rev());
    (start, ends.take_while(same).count())
}

#[cfg(test)]
mod tests;
