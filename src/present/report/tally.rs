//! Counts of equal lines, and samples of unequal ones, in bounded memory.

use std::{
    cmp::{Reverse, max, min},
    collections::BTreeMap,
};

use jiff::civil::Date;

use crate::text::natural_order;

/// Distinct texts that are counted: enough to include the most frequent ones if a plan has a few hundred values, and few enough to need
/// little memory if every value differs.
const KEPT: usize = 500;

/// Distinct texts that are shown, of the frequent ones and of the rare ones: with the few targets of each, they fit on a screen.
const SHOWN: usize = 10;

/// If no more texts than this remain, they are shown, too: a line with their count would save nothing.
const SMALL_REST: usize = 3;

/// The number of additions up to which a text also lists them: few additions are worth a check.
const FEW: usize = 3;

/// How often each text was added.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    rows: BTreeMap<String, TallyRow>,
    /// Additions whose texts came after the first [`KEPT`] texts.
    overflow: u64,
}

/// One text's count, and details of the additions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TallyRow {
    pub(super) count: u64,
    /// The range of the dates that were added with it.
    pub(super) dates: Option<(Date, Date)>,
    /// The second sort key among texts of the same count; the third is the text itself.
    size: i64,
    /// The additions, if there are few.
    pub(super) few: Vec<String>,
}

impl Tally {
    /// `what` describes the addition, and is only called while there are few. Equal texts have equal sizes.
    pub(super) fn add(
        &mut self,
        text: String,
        dated: Option<(Date, i64)>,
        what: impl FnOnce() -> Option<String>,
    ) {
        if self.rows.len() >= KEPT && !self.rows.contains_key(&text) {
            self.overflow += 1;
            return;
        }
        let row = self.rows.entry(text).or_default();
        row.count += 1;
        if let Some((date, size)) = dated {
            row.size = size;
            let (first, last) = row.dates.unwrap_or((date, date));
            row.dates = Some((min(first, date), max(last, date)));
        }
        if row.count <= FEW as u64 {
            row.few.extend(what());
        } else {
            row.few = Vec::new();
        }
    }

    /// Distinct texts; each text that is not kept counts.
    pub(super) fn distinct(&self) -> u64 {
        self.rows.len() as u64 + self.overflow
    }

    pub(super) fn total(&self) -> u64 {
        self.rows.values().map(|row| row.count).sum::<u64>() + self.overflow
    }

    /// The texts to show, the most frequent first, and the number of other additions. Rare texts are always among them, since they are
    /// often mistakes.
    pub(super) fn top(&self) -> (Vec<(&str, &TallyRow)>, u64) {
        let rows = self.rows.iter().map(|(text, row)| (text.as_str(), row));
        let (frequent, rare): (Vec<_>, Vec<_>) = rows.partition(|(_, row)| row.count > FEW as u64);
        let shown: Vec<_> = [frequent, rare].map(most_frequent).concat();
        let counted: u64 = shown.iter().map(|(_, row)| row.count).sum();
        (shown, self.total() - counted)
    }
}

fn most_frequent<'a>(mut rows: Vec<(&'a str, &'a TallyRow)>) -> Vec<(&'a str, &'a TallyRow)> {
    rows.sort_by(|(one, row), (other, beside)| {
        let order = |row: &TallyRow| (Reverse(row.count), row.size);
        let order = order(row).cmp(&order(beside));
        order.then_with(|| natural_order(one, other))
    });
    if rows.len() > SHOWN + SMALL_REST {
        rows.truncate(SHOWN);
    }
    rows
}

/// The first few items, and the total number.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    limit: usize,
    first: Vec<String>,
    total: u64,
}

impl Sample {
    pub(super) const fn first(limit: usize) -> Self {
        Self {
            limit,
            first: Vec::new(),
            total: 0,
        }
    }

    /// `line` is only called if there is room for it.
    pub(super) fn add(&mut self, line: impl FnOnce() -> String) {
        self.total += 1;
        if self.first.len() < self.limit {
            self.first.push(line());
        }
    }

    pub(super) fn lines(&self) -> &[String] {
        &self.first
    }

    /// Leaves no line, and as many more as before.
    pub(super) fn forget_lines(&mut self) {
        self.total -= self.first.len() as u64;
        self.first.clear();
    }

    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// The number after the first few.
    pub(super) fn more(&self) -> u64 {
        self.total - self.first.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_texts_come_first_and_the_rest_is_counted() {
        let mut tally = Tally::default();
        for number in 0..30 {
            tally.add(format!("once {number:02}"), None, || None);
        }
        for _ in 0..3 {
            tally.add("thrice".to_owned(), None, || None);
        }
        let (rows, others) = tally.top();
        assert_eq!(rows[0].0, "thrice");
        assert_eq!(rows[1].0, "once 00");
        assert_eq!((rows.len(), others, tally.total()), (SHOWN, 21, 33));
    }

    #[test]
    fn what_is_rare_is_shown_however_much_is_frequent_and_no_rest_is_small() {
        for (frequent, rare, shown, others) in [
            (10, 10, 20, 0),
            (40, 1, 11, 30 * 4),
            (13, 13, 26, 0),
            (14, 0, 10, 4 * 4),
            (0, 14, 10, 4),
            (40, 40, 20, 30 * 4 + 30),
        ] {
            let mut tally = Tally::default();
            for (texts, count) in [(0..frequent, 4), (100..100 + rare, 1)] {
                for number in texts.flat_map(|number| [number].repeat(count)) {
                    tally.add(number.to_string(), None, || Some(number.to_string()));
                }
            }
            let (rows, rest) = tally.top();
            let case = format!("{frequent} frequent, {rare} rare");
            assert_eq!((rows.len(), rest), (shown, others), "{case}");
            let named = rows.iter().filter(|(_, row)| !row.few.is_empty()).count();
            assert_eq!(
                named,
                if rare == 14 || rare == 40 { 10 } else { rare },
                "{case}"
            );
        }
    }

    #[test]
    fn memory_is_bounded_and_no_addition_is_lost() {
        let mut tally = Tally::default();
        for number in 0..10_000 {
            tally.add(number.to_string(), None, || Some("x".to_owned()));
        }
        tally.add("0".to_owned(), None, || Some("y".to_owned()));
        assert_eq!(tally.rows.len(), KEPT);
        assert_eq!(tally.total(), 10_001);
        assert_eq!(
            tally.top().0[0],
            (
                "0",
                &TallyRow {
                    count: 2,
                    dates: None,
                    size: 0,
                    few: vec!["x".to_owned(), "y".to_owned()],
                }
            )
        );
    }

    #[test]
    fn a_row_knows_the_range_of_its_dates() {
        let mut tally = Tally::default();
        for date in ["2026-12-05", "2026-12-01", "2026-12-14"] {
            let dated = Some((date.parse().unwrap(), 3));
            tally.add("+3 days".to_owned(), dated, || None);
        }
        let range = ("2026-12-01".parse().unwrap(), "2026-12-14".parse().unwrap());
        assert_eq!(tally.top().0[0].1.dates, Some(range));
    }

    #[test]
    fn what_is_few_is_known_and_what_is_many_is_not() {
        let mut tally = Tally::default();
        for number in 0..FEW {
            tally.add("few".to_owned(), None, || Some(number.to_string()));
        }
        for number in 0..=FEW {
            tally.add("many".to_owned(), None, || Some(number.to_string()));
        }
        assert_eq!(tally.rows["few"].few, ["0", "1", "2"]);
        assert_eq!(tally.rows["many"].few, [""; 0]);
    }

    #[test]
    fn a_sample_keeps_the_first_ones_and_counts_all() {
        let mut sample = Sample::first(2);
        for text in ["a", "b", "c"] {
            sample.add(|| text.to_owned());
        }
        assert_eq!(sample.lines(), ["a", "b"]);
        assert_eq!((sample.total(), sample.more()), (3, 1));
    }
}
