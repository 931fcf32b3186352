//! Bars with their numbers: changes by action, people before and after.
//!
//! A table is the plot, so that a reader without eyes or scripts has the same numbers; the bars are drawn by attributes,
//! since the page allows no inline style.

use std::fmt::{self, Write};

use super::numbers::{Both, Counted};
use crate::{
    report::units::thousands,
    text::{Untrusted, natural_order},
};

/// Rows of one plot; the rest is added up in one more. A dozen bars are read at a glance.
const SHOWN: usize = 12;

/// Pixels of a bar.
const HEIGHT: u32 = 9;

/// Most columns of a name beside a bar.
const NAME_COLUMNS: usize = 40;

/// Changes by action, with those that can't be undone told apart.
pub(super) fn actions(counted: &Counted) -> Result<String, fmt::Error> {
    let rows = top(counted, |both| both.before);
    let most = rows.iter().map(|(_, both)| both.before).max().unwrap_or(0);
    let finals: u64 = rows.iter().map(|(_, both)| both.after).sum();
    let mut html = String::new();
    if most == 0 {
        return Ok(html);
    }
    html.push_str("<figure class=\"plot\">\n<figcaption><h3>Changes by action</h3>");
    if finals > 0 {
        html.push_str(
            "<p class=\"key\"><span><i class=\"swatch after\"></i>other changes</span> \
             <span><i class=\"swatch final\"></i>can’t be undone</span></p>",
        );
    }
    html.push_str(
        "</figcaption>\n<table class=\"bars\"><thead class=\"unseen\"><tr><th scope=\"col\">Action</th><td></td>\
         <th scope=\"col\">Changes</th><th scope=\"col\">Can’t be undone</th></tr></thead><tbody>\n",
    );
    for (name, both) in rows {
        let can = both.before - both.after;
        write!(
            html,
            "<tr><th scope=\"row\">{}</th><td class=\"bar\">",
            name_of(&name)
        )?;
        write!(
            html,
            "<svg width=\"100%\" height=\"{HEIGHT}\" aria-hidden=\"true\">"
        )?;
        rect(&mut html, "after", (0, can, most), 0)?;
        rect(&mut html, "final", (can, both.after, most), 0)?;
        write!(
            html,
            "</svg></td><td class=\"number\">{}</td>",
            thousands(both.before)
        )?;
        if both.after > 0 {
            writeln!(
                html,
                "<td class=\"number lost\">{} final</td></tr>",
                thousands(both.after)
            )?;
        } else {
            html.push_str("<td></td></tr>\n");
        }
    }
    html.push_str("</tbody></table>\n</figure>\n");
    Ok(html)
}

/// How many targets each person loses and gains; whose number changes most comes first.
pub(super) fn assignees(counted: &Counted) -> Result<String, fmt::Error> {
    let rows = top(counted, |both| {
        (both.before.abs_diff(both.after), both.before)
    });
    let most = rows.iter().map(|(_, both)| both.before.max(both.after));
    let most = most.max().unwrap_or(0);
    let mut html = String::new();
    if most == 0 {
        return Ok(html);
    }
    html.push_str(
        "<figure class=\"plot\">\n<figcaption><h3>Assigned before and after</h3>\
         <p class=\"key\"><span><i class=\"swatch before\"></i>before only: loses</span> \
         <span><i class=\"swatch after\"></i>after only: gains</span></p></figcaption>\n\
         <table class=\"bars\"><thead class=\"unseen\"><tr><th scope=\"col\">Who</th><td></td>\
         <th scope=\"col\">Loses</th><th scope=\"col\">Gains</th></tr></thead><tbody>\n",
    );
    for (name, Both { before, after }) in rows {
        let name = name_of(&name);
        let height = 2 * HEIGHT + 2;
        write!(
            html,
            "<tr><th scope=\"row\">{name}</th><td class=\"bar\">\
             <svg width=\"100%\" height=\"{height}\" aria-hidden=\"true\">",
        )?;
        // One alone stands where the name does.
        let (above, below) = if before == 0 || after == 0 {
            (height / 4, height / 4)
        } else {
            (0, HEIGHT + 2)
        };
        rect(&mut html, "before", (0, before, most), above)?;
        rect(&mut html, "after", (0, after, most), below)?;
        writeln!(
            html,
            "</svg></td><td class=\"number lost\">{}</td><td class=\"number gained\">{}</td></tr>",
            signed("−", before),
            signed("+", after),
        )?;
    }
    html.push_str("</tbody></table>\n</figure>\n");
    Ok(html)
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
    // A single one of the rest is shown itself, in the place that its sum would take.
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

fn name_of(name: &str) -> String {
    let cut = Untrusted(name).terminal().cut(NAME_COLUMNS).to_string();
    Untrusted(&cut).html().to_string()
}

/// A bar from `start`, `length` long, of `most` in all.
fn rect(
    html: &mut String,
    class: &str,
    (start, length, most): (u64, u64, u64),
    y: u32,
) -> fmt::Result {
    if length == 0 {
        return Ok(());
    }
    write!(
        html,
        "<rect class=\"{class}\" x=\"{}%\" y=\"{y}\" width=\"{}%\" height=\"{HEIGHT}\" rx=\"2\"/>",
        percent(start, most),
        percent(length, most),
    )
}

/// `part` of `whole` in percent, with two decimals: less than a pixel of any screen.
pub(super) fn percent(part: u64, whole: u64) -> String {
    let hundredths = u128::from(part) * 10_000 / u128::from(whole.max(1));
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(rows: &[(&str, u64, u64)]) -> Counted {
        Counted {
            texts: rows
                .iter()
                .map(|&(text, before, after)| (text.to_owned(), Both { before, after }))
                .collect(),
            others: Both::default(),
        }
    }

    #[test]
    fn a_plot_without_data_is_left_out() {
        assert_eq!(actions(&Counted::default()).unwrap(), "");
        assert_eq!(assignees(&Counted::default()).unwrap(), "");
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
        let html = assignees(&counted(&[("<b>", 1_000, 0), ("x", 0, 250)])).unwrap();
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
        let html = actions(&counted(&[("delete", 4, 3), ("patch", 8, 0)])).unwrap();
        assert!(
            html.contains("<rect class=\"final\" x=\"12.50%\" y=\"0\" width=\"37.50%\""),
            "{html}"
        );
        assert!(html.contains("3 final"), "{html}");
    }
}
