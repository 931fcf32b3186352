//! The changes of a run that need attention, counted by what was said of them: outcome and message.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    io::{self, Write},
    iter::Peekable,
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{
    change_walk::ChangeEnd,
    json_list::JsonList,
    units::{count, thousands},
    words,
};
use crate::{
    outcome::Outcome,
    plan::Target,
    sort::{Sorted, Sorter},
    text::shown_path,
};

/// Groups in a text: with the targets of each, they fit on a few screens.
const SHOWN: usize = 10;

/// Targets of a group that are named.
const NAMED: usize = 3;

/// Targets of a group that are named on a page, where they are folded.
const NAMED_ON_PAGES: usize = 20;

/// Groups of one outcome on a page. More reasons than that are mostly one reason with a text that differs.
const SHOWN_ON_PAGES: usize = 8;

/// The outcomes that need attention, in the order of a page.
const PAGE_ORDER: [Outcome; 6] = [
    Outcome::InDoubt,
    Outcome::Failed,
    Outcome::Refused,
    Outcome::Drifted,
    Outcome::NotAttempted,
    Outcome::Gone,
];

/// Collects the changes.
#[derive(Debug, Default)]
pub(super) struct GroupCollector(Sorter);

/// A change in its group.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
struct Member {
    target: Target,
    /// What is about this target alone: where to look, or which change it depends on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    about: Option<String>,
}

/// All changes with one outcome and one message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutcomeGroup {
    outcome: Outcome,
    message: Option<String>,
    changes: u64,
    /// The first ones, in the plan's order.
    targets: Vec<Member>,
}

/// The groups, ordered by outcome and message; each is read when it is asked for.
#[derive(Debug)]
pub struct OutcomeGroups {
    sorted: Peekable<Sorted>,
    /// Targets of a group that are named.
    named: usize,
}

/// The largest groups of one outcome.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct LargestGroups {
    pub(super) groups: Vec<OutcomeGroup>,
    /// Of all groups.
    pub(super) changes: u64,
    pub(super) left_out: u64,
    pub(super) changes_left_out: u64,
}

impl GroupCollector {
    /// Takes a change if it needs attention.
    pub(super) fn add(&mut self, end: &ChangeEnd<'_>) -> io::Result<()> {
        let Some(problem) = end.problem() else {
            return Ok(());
        };
        let place = Outcome::ALL
            .iter()
            .position(|outcome| *outcome == problem.outcome)
            .unwrap_or_default();
        // As JSON, the message has neither tabs nor line breaks.
        let message = serde_json::to_string(&end.message)?;
        let member = Member {
            target: problem.target.clone(),
            about: end.about.clone(),
        };
        self.0
            .push(format!("{place}{message}"), serde_json::to_string(&member)?)
    }

    pub(super) fn finish(self) -> io::Result<OutcomeGroups> {
        Ok(OutcomeGroups {
            sorted: self.0.finish()?.peekable(),
            named: NAMED,
        })
    }
}

impl Iterator for OutcomeGroups {
    type Item = io::Result<OutcomeGroup>;

    fn next(&mut self) -> Option<Self::Item> {
        let (key, first) = match self.sorted.next()? {
            Ok(pair) => pair,
            Err(error) => return Some(Err(error)),
        };
        Some(self.group(&key, first))
    }
}

impl OutcomeGroups {
    fn group(&mut self, key: &str, first: String) -> io::Result<OutcomeGroup> {
        let (place, message) = key.split_at(1);
        let place: usize = place.parse().map_err(io::Error::other)?;
        let mut group = OutcomeGroup {
            outcome: *Outcome::ALL.get(place).ok_or(io::ErrorKind::InvalidData)?,
            message: serde_json::from_str(message)?,
            changes: 0,
            targets: Vec::new(),
        };
        let mut member = Some(first);
        while let Some(text) = member {
            group.changes += 1;
            if group.targets.len() < self.named {
                group.targets.push(serde_json::from_str(&text)?);
            }
            let is_next = |pair: &io::Result<(String, String)>| match pair {
                Ok((other, _)) => other == key,
                Err(_) => true,
            };
            member = match self.sorted.next_if(is_next) {
                None => None,
                Some(pair) => Some(pair?.1),
            };
        }
        Ok(group)
    }

    /// The largest groups of each outcome that has some, in the order in which a page shows them: those first that nobody but a person can
    /// settle.
    pub(super) fn largest_of_each(mut self) -> io::Result<Vec<(Outcome, LargestGroups)>> {
        self.named = NAMED_ON_PAGES;
        let mut each: BTreeMap<Outcome, LargestGroups> = BTreeMap::new();
        for group in self {
            let group = group?;
            let largest = each.entry(group.outcome).or_default();
            largest.add(group, SHOWN_ON_PAGES);
        }
        let ordered = PAGE_ORDER.into_iter();
        Ok(ordered
            .filter_map(|outcome| Some((outcome, each.remove(&outcome)?)))
            .collect())
    }

    /// Writes the largest groups as text. `whole`: the file with all changes, if there is one.
    ///
    /// # Errors
    ///
    /// The errors of `out`, and of the disk on which the changes were sorted.
    pub fn write_text(self, out: &mut dyn Write, whole: Option<&Path>) -> io::Result<()> {
        let mut largest = LargestGroups::default();
        for group in self {
            largest.add(group?, SHOWN);
        }
        let file = whole.map_or_else(String::new, |whole| format!(": {}", shown_path(whole)));
        for group in &largest.groups {
            group.write_text(out, &file)?;
        }
        if let Some(others) = largest.others() {
            writeln!(out, "  … and {others}{file}")?;
        }
        Ok(())
    }

    /// Writes all groups as a field of a JSON object.
    pub(super) fn write_json(self, out: &mut dyn Write) -> io::Result<()> {
        let mut list = JsonList::new(out, "groups")?;
        for group in self {
            list.add(&group?)?;
        }
        list.finish()
    }
}

impl LargestGroups {
    fn add(&mut self, group: OutcomeGroup, most: usize) {
        self.changes += group.changes;
        self.groups.push(group);
        // Stable: of equal ones, the first stays the first.
        self.groups.sort_by_key(|group| Reverse(group.changes));
        if self.groups.len() > most {
            let smallest = self.groups.pop();
            self.left_out += 1;
            self.changes_left_out += smallest.map_or(0, |group| group.changes);
        }
    }

    /// What is not shown; none if all is.
    pub(super) fn others(&self) -> Option<String> {
        let reasons = count(self.left_out, "other reason", "other reasons");
        let of = count(self.changes_left_out, "change", "changes");
        (self.left_out > 0).then(|| format!("{reasons}, of {of}"))
    }
}

impl OutcomeGroup {
    pub(super) const fn changes(&self) -> u64 {
        self.changes
    }

    /// What was said, escaped.
    pub(super) fn message(&self) -> Option<String> {
        self.message.as_deref().map(words::detail)
    }

    /// The named targets, a line each, escaped.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |member: &Member| {
            let about = member.about.as_deref();
            let about =
                about.map_or_else(String::new, |about| format!(": {}", words::doubt(about)));
            format!("{}{about}", words::target(&member.target))
        };
        self.targets.iter().map(line).collect()
    }

    /// `whole`: where the others are, as the end of a line.
    fn write_text(&self, out: &mut dyn Write, whole: &str) -> io::Result<()> {
        let said = (self.message()).map_or_else(String::new, |said| format!(": {said}"));
        writeln!(out, "  {} {}{said}", thousands(self.changes), self.outcome)?;
        for line in self.lines() {
            writeln!(out, "      {line}")?;
        }
        match self.changes - self.targets.len() as u64 {
            0 => Ok(()),
            more => writeln!(out, "      … and {} more{whole}", thousands(more)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{report::change_facts::AttemptTimes, testing::changes::reassign};

    fn groups(ends: &[(Outcome, &str, Option<&str>)]) -> OutcomeGroups {
        let mut collector = GroupCollector::default();
        for (number, (outcome, message, about)) in ends.iter().enumerate() {
            let mut change = reassign(&format!("e{number}"), "t");
            change.target.name = "Call".to_owned();
            let end = ChangeEnd {
                change: &change,
                outcome: *outcome,
                detail: None,
                message: Some((*message).to_owned()),
                about: about.map(str::to_owned),
                attempts: AttemptTimes::default(),
                line: 2,
                doubt: None,
            };
            collector.add(&end).unwrap();
        }
        collector.finish().unwrap()
    }

    #[test]
    fn equal_messages_are_counted_and_the_first_targets_named_the_largest_group_first() {
        let mut ends = vec![
            (Outcome::Applied, "", None),
            (Outcome::Drifted, "the status\tis \u{1b}another", None),
            (Outcome::InDoubt, "500", Some("look at its status")),
        ];
        ends.extend([(Outcome::Refused, "400: no such user", None); 5]);
        ends.push((Outcome::Failed, "400: no such user", None));
        let mut out = Vec::new();
        groups(&ends)
            .write_text(&mut out, Some(Path::new("runs/1/results.csv")))
            .unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r"
          5 refused: 400: no such user
              task “Call” e3/t
              task “Call” e4/t
              task “Call” e5/t
              … and 2 more: runs/1/results.csv
          1 drifted: the status\tis \u{1b}another
              task “Call” e1/t
          1 failed: 400: no such user
              task “Call” e8/t
          1 in_doubt: 500
              task “Call” e2/t: look at its status
        ");
    }

    #[test]
    fn of_many_messages_the_frequent_ones_are_shown_the_rest_is_counted_and_a_program_gets_all() {
        let texts: Vec<String> = (0..15).map(|n| format!("message {n}")).collect();
        let mut ends: Vec<_> = texts
            .iter()
            .map(|text| (Outcome::Refused, text.as_str(), None))
            .collect();
        ends.extend([(Outcome::Refused, "often", None); 2]);
        let mut out = Vec::new();
        groups(&ends).write_text(&mut out, None).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("  2 refused: often\n"), "{text}");
        assert!(
            text.ends_with("  … and 6 other reasons, of 6 changes\n"),
            "{text}"
        );
        let mut out = b"{".to_vec();
        groups(&ends).write_json(&mut out).unwrap();
        out.push(b'}');
        let document: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let groups = document["groups"].as_array().unwrap();
        assert_eq!(groups.len(), 16);
        let total: u64 = groups
            .iter()
            .map(|group| group["changes"].as_u64().unwrap())
            .sum();
        assert_eq!(total, 17);
    }
}
