//! The errors of the YAML parser, with hints for the most frequent ones.

use serde_yaml::{Error, MessageFormatter, UserMessageFormatter, budget::BudgetBreach};

use super::{
    mistake::Mistake,
    node::{self, MAX_NODES},
    reader::expression_cure,
    span::{SourcePlaces, Span, line_at},
};
use crate::text::thousands;

/// The keys whose values are bare expressions.
pub(crate) const EXPRESSION_KEYS: [&str; 3] = ["where", "where_each", "when"];

/// For errors without a specific hint: the parser often stops after the cause.
const LOOK: &str = "look at the quotes, brackets and the indentation here and on the lines before";

/// For a list that is too long.
const MANY: &str =
    "put a long list into a file, like `ids: { file: ids.csv }` or `--only-file ids.csv`";

pub(crate) fn mistake(source: &str, error: &Error) -> Mistake {
    let span = error.location().map_or(
        Span {
            start: source.len(),
            end: source.len(),
        },
        |location| node::span(&SourcePlaces::new(source), location),
    );
    let line = line_at(source, span.start);
    let cause = match error {
        Error::AliasError { error, .. } => error,
        other => other,
    };
    let message = match cause {
        Error::Budget {
            breach: BudgetBreach::Nodes { .. },
            ..
        } => {
            let most = thousands(MAX_NODES as u64);
            let message =
                format!("a playbook has at most {most} keys and values, and this one has more");
            return Mistake::new(span, message).help(MANY);
        }
        Error::MultipleDocuments { .. } => "the file has a second YAML document".into(),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            "this is nested, repeated or aliased beyond what a playbook needs".into()
        }
        // The parser has many errors, and new versions add more.
        other => format!(
            "no valid YAML: {}",
            UserMessageFormatter.format_message(other)
        ),
    };
    let help = if matches!(error, Error::MultipleDocuments { .. }) {
        "put it into a file of its own".to_owned()
    } else {
        cure(&source[line.start..line.end]).unwrap_or_else(|| LOOK.to_owned())
    };
    Mistake::new(span, message).help(help)
}

/// What the line that the parser stopped at suggests.
fn cure(line: &str) -> Option<String> {
    let content = line.trim_start();
    if line[..line.len() - content.len()].contains('\t') {
        return Some("indent with spaces, YAML allows no tabs".into());
    }
    let (key, value) = content.trim_start_matches("- ").split_once(": ")?;
    let (key, value) = (key.trim(), value.trim());
    if EXPRESSION_KEYS.contains(&key) {
        return Some(expression_cure(key, value));
    }
    if value.starts_with("{{") {
        return Some(format!("put quotes around the template: \"{value}\""));
    }
    let special = value.starts_with(['!', '&', '*', '%', '@', '`', '|', '>']);
    if special || (value.contains(": ") && !value.starts_with(['"', '\'', '{', '['])) {
        return Some("put quotes around the text".into());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_suggests_the_cure() {
        for (line, start) in [
            ("\tname: x", Some("indent with spaces")),
            ("  \t- x", Some("indent with spaces")),
            ("  where: @x", Some("a condition can't start with")),
            ("  - when: \"a\" == b", Some("YAML reads")),
            ("  to: {{ x }}-y", Some("put quotes around the template")),
            ("name: @home", Some("put quotes around the text")),
            ("name: a: b", Some("put quotes around the text")),
            ("name: \"a: b\" c", None),
            ("name", None),
            ("", None),
        ] {
            let cure = cure(line);
            match (&cure, start) {
                (Some(cure), Some(start)) => assert!(cure.starts_with(start), "{line}: {cure}"),
                (cure, start) => assert_eq!(cure.as_deref(), start, "{line}"),
            }
        }
    }
}
