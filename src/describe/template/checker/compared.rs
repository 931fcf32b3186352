//! The names that an expression compares with those of the data: `task.name == "Call"`. Where nothing has such a name, the
//! expression is quietly never true.

use super::{
    reader::{CheckedPart, Checker},
    words::Comparison,
};
use crate::api::Level;

impl Checker<'_> {
    /// Notes the texts that are looked for where one side is a name.
    pub(super) fn note_compared(
        &mut self,
        left: &CheckedPart,
        comparison: Comparison,
        right: &CheckedPart,
    ) {
        let [left_level, right_level] = [left, right].map(|part| level_of_name(self.slice(part)));
        match (left_level, right_level) {
            (Some(level), _) => self.note_names(level, comparison, right),
            (None, Some(level)) if !comparison.is_containment() => {
                self.note_names(level, comparison, left);
            }
            (None, _) => {}
        }
    }

    /// As `note_compared`, in a filter by name: `execution.tasks | selectattr("name", "eq", "Call")`.
    pub(super) fn note_selected(
        &mut self,
        list: &CheckedPart,
        comparison: Comparison,
        with: &CheckedPart,
    ) {
        let written = self.slice(list).split('|').next().unwrap_or_default();
        match written.trim().rsplit('.').next() {
            Some("tasks") => self.note_names(Level::Task, comparison, with),
            Some("phases") => self.note_names(Level::Phase, comparison, with),
            _ => {}
        }
    }

    fn note_names(&mut self, level: Level, comparison: Comparison, with: &CheckedPart) {
        let (texts, is_all) = self.texts(with, comparison);
        if is_all {
            let names = texts.into_iter().map(|(text, _)| (level, text));
            self.names.extend(names);
        }
    }
}

/// The level of what `task.phase.name` is the name of; a section counts as a phase.
fn level_of_name(text: &str) -> Option<Level> {
    let owner = text.strip_suffix(".name")?;
    match owner.rsplit('.').next()? {
        "task" => Some(Level::Task),
        "step" => Some(Level::Step),
        "phase" | "section" => Some(Level::Phase),
        "execution" => Some(Level::Execution),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        api::Generation,
        testing::expressions::{engine, scope},
    };

    #[test]
    fn names_that_are_compared_are_found_and_nothing_else_is() {
        let vars = serde_json::json!({"text": "x", "list": ["a", "b"], "unknown": null});
        let scope = scope(Generation::V2).with_values("vars", vars.as_object().unwrap());
        for (text, expected) in [
            ("task.name == 'A'", &["task A"][..]),
            ("'A' != task.phase.name", &["phase A"]),
            (
                "task.execution.name == \"A\" or execution.name == 'B'",
                &["execution A", "execution B"],
            ),
            ("not (task.name in ['A', \"B\"])", &["task A", "task B"]),
            ("task.name not in ('A', 'B')", &["task A", "task B"]),
            ("task.name == vars.text", &["task x"]),
            ("task.name in vars.list", &["task a", "task b"]),
            ("task.name in vars.text", &[]),
            ("task.name == vars.unknown", &[]),
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
            ("task.name == 'A' ~ 'B'", &["task AB"]),
            ("task.name in ['A', vars.text]", &["task A", "task x"]),
            ("task.name in ['A', vars.unknown]", &[]),
            ("task.name is eq('A')", &["task A"]),
            ("task.name | lower == 'a'", &[]),
            ("task.name == 'it\\'s'", &["task it's"]),
            (
                "task.status == 'PENDING' or task.name == task.phase.name",
                &[],
            ),
            (
                "execution.tasks | selectattr('status', 'eq', 'PENDING') | length == 1",
                &[],
            ),
        ] {
            let mut expression = engine().expression(text, &scope).unwrap();
            let names = expression.take_names().into_iter();
            let mut found: Vec<String> = names
                .map(|(level, name)| format!("{level} {name}"))
                .collect();
            found.sort();
            assert_eq!(found, expected, "{text}");
        }
        let mut template = engine().template("a {{ 'x' if task.name == 'A' else 'y' }}", &scope);
        assert_eq!(template.as_mut().unwrap().take_names().len(), 1);
    }
}
