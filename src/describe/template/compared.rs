//! The names that an expression compares with those of the data: `task.name == "Call"`. Where nothing has such a name, the
//! expression is quietly never true.

use super::{checker::CheckedPart, ops};
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

/// What a comparison of two parts of a text looks for.
pub(super) fn compared(
    function: &str,
    text: &str,
    [left, right]: [&CheckedPart; 2],
) -> Vec<Compared> {
    let is_list = matches!(function, ops::IN | ops::NOT_IN);
    let is_equality = matches!(function, ops::EQUAL | ops::NOT_EQUAL);
    let [left_level, right_level] = [left, right].map(|part| level(part.slice(text)));
    match (left_level, right_level) {
        (Some(level), None) if is_equality => wanted(level, text, right, false),
        (None, Some(level)) if is_equality => wanted(level, text, left, false),
        (Some(level), _) if is_list => wanted(level, text, right, true),
        _ => Vec::new(),
    }
}

/// What a filter of a list by name looks for: `execution.tasks | selectattr("name", "eq", "Call")`.
pub(super) fn filtered(list: &str, test: &str, whole: &str, value: &CheckedPart) -> Vec<Compared> {
    let list = list.split('|').next().unwrap_or(list).trim();
    let level = match list.rsplit('.').next() {
        Some("tasks") => Level::Task,
        Some("phases") => Level::Phase,
        _ => return Vec::new(),
    };
    match test {
        "eq" | "ne" => wanted(level, whole, value, false),
        "in" => wanted(level, whole, value, true),
        _ => Vec::new(),
    }
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

/// The texts in a literal, or the variable that has them; `is_list`: what the value is to be. Only what is a literal as a
/// whole says what is looked for, and a text in a text is a part of it.
fn wanted(level: Level, text: &str, value: &CheckedPart, is_list: bool) -> Vec<Compared> {
    let is_name = |name: &&str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let var = value.slice(text).strip_prefix("vars.").filter(is_name);
    let found = match var.map(str::to_owned) {
        Some(name) if is_list => Some(vec![Wanted::ItemOf(name)]),
        Some(name) => Some(vec![Wanted::Variable(name)]),
        None => {
            let texts = if is_list {
                &value.items[..]
            } else {
                std::slice::from_ref(value)
            };
            let literals = texts
                .iter()
                .map(|item| item.literal.clone().map(Wanted::Text));
            literals.collect()
        }
    };
    let found = found.into_iter().flatten();
    found.map(|wanted| Compared { level, wanted }).collect()
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
