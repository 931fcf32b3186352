//! The names that an expression compares with those of the data: `task.name == "Call"`. Where nothing has such a name, the
//! expression is quietly never true.

use super::{
    lexer::{self, TokenKind, Until},
    ops,
};
use crate::api::Level;

/// A name that is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Compared {
    /// Of what it is to be the name; a section counts as a phase.
    pub level: Level,
    pub wanted: Wanted,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    Text(String),
    /// The value of a variable, which is a text or a list of texts.
    Variable(String),
    /// One of the items of a variable.
    ItemOf(String),
}

/// What a comparison of two pieces of text looks for.
pub(super) fn compared(function: &str, left: &str, right: &str) -> Vec<Compared> {
    let (level, value) = match function {
        ops::EQUAL | ops::NOT_EQUAL => match (level(left), level(right)) {
            (Some(level), None) => (level, right),
            (None, Some(level)) => (level, left),
            (Some(_), Some(_)) | (None, None) => return Vec::new(),
        },
        ops::IN | ops::NOT_IN => match level(left) {
            Some(level) => (level, right),
            None => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    wanted(value, matches!(function, ops::IN | ops::NOT_IN))
        .into_iter()
        .map(|wanted| Compared { level, wanted })
        .collect()
}

/// What a filter of a list by name looks for: `execution.tasks | selectattr("name", "eq", "Call")`.
pub(super) fn filtered(list: &str, test: &str, value: &str) -> Vec<Compared> {
    let list = list.split('|').next().unwrap_or(list).trim();
    let level = match list.rsplit('.').next() {
        Some("tasks") => Level::Task,
        Some("phases") => Level::Phase,
        _ => return Vec::new(),
    };
    let is_list = match test {
        "eq" | "ne" => false,
        "in" => true,
        _ => return Vec::new(),
    };
    wanted(value, is_list)
        .into_iter()
        .map(|wanted| Compared { level, wanted })
        .collect()
}

/// The level of what `task.phase.name` is the name of.
fn level(text: &str) -> Option<Level> {
    let owner = text.strip_suffix(".name")?;
    match owner.rsplit('.').next()? {
        "task" => Some(Level::Task),
        "step" => Some(Level::Step),
        "phase" | "section" => Some(Level::Phase),
        "execution" => Some(Level::Execution),
        _ => None,
    }
}

/// The texts in a literal, or the variable that has them; `is_list`: what the value is to be.
fn wanted(value: &str, is_list: bool) -> Vec<Wanted> {
    if let Some(name) = value.strip_prefix("vars.")
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        let name = name.to_owned();
        return vec![if is_list {
            Wanted::ItemOf(name)
        } else {
            Wanted::Variable(name)
        }];
    }
    let Ok(tokens) = lexer::lex(value, 0, Until::End) else {
        return Vec::new();
    };
    let mut texts = Vec::new();
    for token in &tokens {
        match (token.kind, token.text) {
            (TokenKind::Text, text) if !text.contains('\\') => {
                texts.push(Wanted::Text(text[1..text.len() - 1].to_owned()));
            }
            (TokenKind::Symbol, "[" | "]" | "(" | ")" | ",") if is_list => {}
            (TokenKind::End, _) => {}
            // Only what is a literal as a whole says what is looked for.
            (TokenKind::Text | TokenKind::Symbol | TokenKind::Name | TokenKind::Number, _) => {
                return Vec::new();
            }
        }
    }
    // A text in a text is a part of it.
    let is_text = tokens
        .first()
        .is_some_and(|token| token.kind == TokenKind::Text);
    if is_text == is_list {
        Vec::new()
    } else {
        texts
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        api::Generation,
        template::Wanted,
        testing::expressions::{engine, scope},
    };

    #[test]
    fn names_that_are_compared_are_found_and_nothing_else_is() {
        for (text, expected) in [
            ("task.name == 'A'", &["task A"][..]),
            ("'A' != task.phase.name", &["phase A"]),
            (
                "task.execution.name == \"A\" or execution.name == 'B'",
                &["execution A", "execution B"],
            ),
            ("not (task.name in ['A', \"B\"])", &["task A", "task B"]),
            ("task.name not in ('A', 'B')", &["task A", "task B"]),
            ("task.name == vars.text", &["task = text"]),
            ("task.name in vars.list", &["task in list"]),
            (
                "execution.tasks | selectattr('name', 'eq', 'A') | length == 1",
                &["task A"],
            ),
            (
                "execution.phases | rejectattr('name', 'in', ['A']) | length == 1",
                &["phase A"],
            ),
            ("task.name in 'A'", &[]),
            ("'A' in task.name", &[]),
            ("task.name == 'A' ~ 'B'", &[]),
            ("task.name in ['A', vars.text]", &[]),
            ("task.name | lower == 'a'", &[]),
            ("task.name == 'it\\'s'", &[]),
            (
                "task.status == 'PENDING' or task.name == task.phase.name",
                &[],
            ),
            (
                "execution.tasks | selectattr('status', 'eq', 'PENDING') | length == 1",
                &[],
            ),
        ] {
            let expression = engine().expression(text, &scope(Generation::V2)).unwrap();
            let mut found: Vec<String> = expression
                .names()
                .iter()
                .map(|compared| match &compared.wanted {
                    Wanted::Text(name) => format!("{} {name}", compared.level),
                    Wanted::Variable(name) => format!("{} = {name}", compared.level),
                    Wanted::ItemOf(name) => format!("{} in {name}", compared.level),
                })
                .collect();
            found.sort();
            assert_eq!(found, expected, "{text}");
        }
        let template = engine().template(
            "a {{ 'x' if task.name == 'A' else 'y' }}",
            &scope(Generation::V2),
        );
        assert_eq!(template.unwrap().names().count(), 1);
    }
}
