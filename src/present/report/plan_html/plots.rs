//! Bars with their numbers: changes by action, people before and after.

use super::numbers::{Both, Counted};
use crate::{
    report::{
        html_page::{BarPlot, HEIGHT, PlotRow, bars, name_of},
        units::thousands,
    },
    text::natural_order,
};

/// Rows of one plot; all others are added up in one more. A dozen bars are easy to compare.
const SHOWN: usize = 12;

/// Changes by action, with the irreversible ones marked. None without changes.
pub(super) fn actions(counted: &Counted) -> Option<BarPlot> {
    let rows = top(counted, |both| both.before);
    let most = rows.iter().map(|(_, both)| both.before).max()?;
    let has_finals = rows.iter().any(|(_, both)| both.after > 0);
    let key = [("after", "other changes"), ("final", "can't be undone")];
    let rows = rows.into_iter().map(|(name, both)| {
        let others = both.before - both.after;
        let finals = if both.after == 0 {
            String::new()
        } else {
            format!("{} final", thousands(both.after))
        };
        PlotRow {
            name: name_of(&name),
            bars: bars(
                most,
                [("after", 0, others, 0), ("final", others, both.after, 0)],
            ),
            numbers: [("", thousands(both.before)), ("lost", finals)],
        }
    });
    Some(BarPlot {
        title: "Changes by action",
        key: if has_finals { key.to_vec() } else { Vec::new() },
        of: "Action",
        columns: ["Changes", "Can't be undone"],
        rows: rows.collect(),
        height: HEIGHT,
    })
}

/// How many targets each person loses and gains; the largest change comes first. None if there is no change.
pub(super) fn assignees(counted: &Counted) -> Option<BarPlot> {
    let rows = top(counted, |both| {
        (both.before.abs_diff(both.after), both.before)
    });
    let most = rows
        .iter()
        .map(|(_, both)| both.before.max(both.after))
        .max()?;
    let height = 2 * HEIGHT + 2;
    let rows = rows.into_iter().map(|(name, Both { before, after })| {
        // A single bar is in the row of the name.
        let (above, below) = if before == 0 || after == 0 {
            (height / 4, height / 4)
        } else {
            (0, HEIGHT + 2)
        };
        PlotRow {
            name: name_of(&name),
            bars: bars(
                most,
                [("before", 0, before, above), ("after", 0, after, below)],
            ),
            numbers: [
                ("lost", signed("−", before)),
                ("gained", signed("+", after)),
            ],
        }
    });
    Some(BarPlot {
        title: "Assigned before and after",
        key: vec![
            ("before", "before only: loses"),
            ("after", "after only: gains"),
        ],
        of: "Who",
        columns: ["Loses", "Gains"],
        rows: rows.collect(),
        height,
    })
}

/// Nothing for nothing.
fn signed(sign: &str, number: u64) -> String {
    if number == 0 {
        String::new()
    } else {
        format!("{sign}{}", thousands(number))
    }
}

/// The rows with the largest `weight`, and the sum of the others.
fn top<W: Ord>(counted: &Counted, weight: impl Fn(&Both) -> W) -> Vec<(String, Both)> {
    let mut rows: Vec<(&String, Both)> = counted
        .texts
        .iter()
        .map(|(text, both)| (text, *both))
        .collect();
    rows.sort_by(|(one, both), (other, beside)| {
        let order = weight(beside).cmp(&weight(both));
        order.then_with(|| natural_order(one, other))
    });
    // A single remaining row is shown itself, in place of the sum.
    let shown = if rows.len() == SHOWN + 1 {
        SHOWN + 1
    } else {
        SHOWN
    };
    let rest = rows
        .iter()
        .skip(shown)
        .fold(counted.others, |sum, (_, both)| Both {
            before: sum.before + both.before,
            after: sum.after + both.after,
        });
    let mut top: Vec<(String, Both)> = rows
        .into_iter()
        .take(shown)
        .map(|(text, both)| (text.clone(), both))
        .collect();
    if rest != Both::default() {
        top.push(("others".to_owned(), rest));
    }
    top
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::report::html_page::render;

    fn counted(rows: &[(&str, u64, u64)]) -> Counted {
        Counted {
            texts: rows
                .iter()
                .map(|&(text, before, after)| (text.to_owned(), Both { before, after }))
                .collect(),
            others: Both::default(),
        }
    }

    fn drawn(plot: Option<BarPlot>) -> String {
        render("bars.html", &BTreeMap::from([("plot", plot.unwrap())])).unwrap()
    }

    #[test]
    fn a_plot_without_data_is_left_out() {
        assert!(actions(&Counted::default()).is_none());
        assert!(assignees(&Counted::default()).is_none());
    }

    #[test]
    fn who_loses_and_gains_most_comes_first_and_the_rest_is_added_up() {
        let mut rows = counted(&[("gains", 1, 90), ("loses", 100, 0), ("same", 500, 500)]);
        for number in 0..20 {
            rows.texts.insert(
                format!("p{number:02}"),
                Both {
                    before: 2,
                    after: 3,
                },
            );
        }
        rows.others = Both {
            before: 7,
            after: 0,
        };
        let top = top(&rows, |both| {
            (both.before.abs_diff(both.after), both.before)
        });
        let names: Vec<&str> = top.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names[..3], ["loses", "gains", "p00"]);
        assert_eq!(names.len(), SHOWN + 1);
        let rest = Both {
            before: 500 + 10 * 2 + 7,
            after: 500 + 10 * 3,
        };
        assert_eq!(top.last(), Some(&("others".to_owned(), rest)));
    }

    #[test]
    fn a_bar_says_its_numbers_and_a_name_is_no_markup() {
        let html = drawn(assignees(&counted(&[("<b>", 1_000, 0), ("x", 0, 250)])));
        for part in [
            "<th scope=\"row\">&lt;b&gt;</th>",
            "<rect class=\"before\" x=\"0.00%\" y=\"5\" width=\"100.00%\"",
            "<rect class=\"after\" x=\"0.00%\" y=\"5\" width=\"25.00%\"",
            "<td class=\"number lost\">−1,000</td><td class=\"number gained\"></td>",
            "<td class=\"number lost\"></td><td class=\"number gained\">+250</td>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    #[test]
    fn what_can_not_be_undone_is_a_part_of_its_bar() {
        let html = drawn(actions(&counted(&[("delete", 4, 3), ("patch", 8, 0)])));
        assert!(
            html.contains("<rect class=\"final\" x=\"12.50%\" y=\"0\" width=\"37.50%\""),
            "{html}"
        );
        assert!(html.contains("3 final"), "{html}");
    }
}
