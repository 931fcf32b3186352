//! Numbers, plurals and long texts for display.

/// With thousands separators: `100,000`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 change`, `1,234 changes`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{} {noun}", thousands(number))
}

/// The first `most` characters, followed by an ellipsis if there are more.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_commas_and_its_noun() {
        for (number, counted) in [(0, "0 changes"), (1, "1 change"), (1_200, "1,200 changes")] {
            assert_eq!(count(number, "change", "changes"), counted);
        }
    }

    #[test]
    fn a_cut_is_always_marked() {
        for (text, shown) in [("", ""), ("äbc", "äbc"), ("äbcd", "äbc…")] {
            assert_eq!(cut(text, 3), shown);
        }
    }
}
