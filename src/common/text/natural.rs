//! An order in which numbers in texts are compared as numbers.

use std::cmp::Ordering;

/// `2 days` before `10 days`, `9` before `10020`. Equal only if the texts are equal.
pub fn natural_order(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one, other);
    loop {
        let (digits, more) = (number(left), number(right));
        if !digits.is_empty() && !more.is_empty() {
            let size = |digits: &str| digits.trim_start_matches('0').len();
            let significant = |digits: &'_ str| digits.trim_start_matches('0').to_owned();
            let order = size(digits)
                .cmp(&size(more))
                .then_with(|| significant(digits).cmp(&significant(more)));
            if order.is_ne() {
                return order;
            }
            left = &left[digits.len()..];
            right = &right[more.len()..];
            continue;
        }
        let (mut rest, mut others) = (left.chars(), right.chars());
        match (rest.next(), others.next()) {
            (None, None) => return one.cmp(other),
            (one, other) if one == other => {}
            (one, other) => return one.cmp(&other),
        }
        (left, right) = (rest.as_str(), others.as_str());
    }
}

/// The digits at the start of a text.
fn number(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit());
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_within_texts_are_ordered_by_their_size() {
        for ordered in [
            ["2 days", "10 days"],
            ["9", "10020"],
            ["10010 → 9", "10010 → 10020"],
            ["row 2: x", "row 11: x"],
            ["a", "b"],
            ["", "1"],
            ["2026-12-01", "2026-12-14"],
            ["x", "x1"],
            ["01", "1"],
            ["1a", "01b"],
            ["99999999999999999999999998", "99999999999999999999999999"],
            ["ä2", "ä10"],
        ] {
            let [one, other] = ordered;
            assert_eq!(natural_order(one, other), Ordering::Less, "{ordered:?}");
            assert_eq!(natural_order(other, one), Ordering::Greater, "{ordered:?}");
        }
    }

    proptest! {
        #[test]
        fn it_is_a_total_order(mut texts in prop::collection::vec("[0-2a ]{0,4}", 3)) {
            texts.sort_by(|one, other| natural_order(one, other));
            prop_assert!(natural_order(&texts[0], &texts[2]).is_le());
            let is_equal = natural_order(&texts[0], &texts[1]).is_eq();
            prop_assert_eq!(is_equal, texts[0] == texts[1]);
        }
    }
}
