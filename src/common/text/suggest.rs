//! "Did you mean": the nearest of the known words.

use super::{Few, cut};

/// Known words that are shown if none is near: more than a playbook has at any place. A spreadsheet may have more columns.
const SHOWN: usize = 30;

/// The known word that `word` probably means.
///
/// A different case, or another separator of its parts, is no distance. One edit in three letters may be a slip, and one in
/// a word of two; more is another word.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let plain = normal(word);
    known
        .into_iter()
        .map(|candidate| {
            let candidate_plain = normal(candidate);
            let distance = strsim::damerau_levenshtein(&plain, &candidate_plain);
            let longest = plain.chars().count().max(candidate_plain.chars().count());
            (distance, longest, candidate)
        })
        .filter(|&(distance, longest, _)| distance <= (longest / 3).max(1) && distance < longest)
        .min_by_key(|&(distance, ..)| distance)
        .map(|(.., candidate)| candidate)
}

/// "did you mean `x`?", if a known word is near.
pub fn meant<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    let candidate = nearest(word, known)?;
    Some(format!("did you mean `{}`?", cut(candidate, MAX_CHARS)))
}

/// "did you mean `x`?", or all known words.
pub fn did_you_mean(word: &str, known: &[&str]) -> String {
    meant(word, known.iter().copied()).unwrap_or_else(|| {
        let known = Few::of(SHOWN, known.iter().copied());
        format!("allowed: {}", known.list())
    })
}

/// Longer than any word of the playbook; keeps the distance, which takes quadratic time, small.
const MAX_CHARS: usize = 64;

fn normal(word: &str) -> String {
    word.chars()
        .take(MAX_CHARS)
        .filter(|c| !matches!(c, '-' | ' ' | '_'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_word_and_another_word_finds_nothing() {
        let known = ["where", "where_each", "each", "exclude", "limit"];
        for (word, meant) in [
            ("wher", Some("where")),
            ("where-each", Some("where_each")),
            ("Limit", Some("limit")),
            ("limti", Some("limit")),
            ("exlude", Some("exclude")),
            ("filter", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
    }

    #[test]
    fn without_a_near_word_all_are_listed() {
        assert_eq!(did_you_mean("x", &["from", "to"]), "allowed: from, to");
        assert_eq!(
            did_you_mean("form", &["from", "to"]),
            "did you mean `from`?"
        );
    }
}
