//! Whether an expression may read the parts of an execution. Pure.

use crate::{
    api::{Generation, part},
    template::{
        lexer::{LexerToken, TokenKind},
        signature,
    },
};

/// False only if nothing in the expression leads to a list of parts: each `execution` is followed by the name of another field, or goes
/// to a helper, and a helper reads no parts.
pub(super) fn reads_parts(tokens: &[LexerToken<'_>]) -> bool {
    let at = |index: usize| tokens.get(index);
    let is_symbol = |index, symbols: &[&str]| {
        at(index).is_some_and(|token| symbols.iter().any(|symbol| token.is_symbol(symbol)))
    };
    (0..).zip(tokens).any(|(index, token): (usize, _)| {
        if token.kind != TokenKind::Name {
            return false;
        }
        if token.text != "execution" {
            let lists = [Generation::V1, Generation::V2].map(part::lists);
            return lists.concat().contains(&token.text);
        }
        let is_owner = is_symbol(index + 1, &["."])
            && at(index + 2).is_some_and(|field| field.kind == TokenKind::Name);
        let called = index.checked_sub(2).and_then(at);
        let is_argument = is_symbol(index.wrapping_sub(1), &["("])
            && is_symbol(index + 1, &[",", ")"])
            && called.is_some_and(|name| {
                name.kind == TokenKind::Name && signature::helper(name.text).is_some()
            });
        !is_owner && !is_argument
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::lexer::{Until, lex};

    #[test]
    fn only_what_names_another_field_or_goes_to_a_helper_reads_no_parts() {
        for (text, expected) in [
            ("execution.name == \"flow\"", false),
            ("has_assignee(execution, \"10010\")", false),
            (
                "due(execution) is none and older_than(execution, \"3 days\")",
                false,
            ),
            ("vars.tasks_of == row.x", false),
            ("execution.flow | length > 1", true),
            ("execution.tasks", true),
            ("execution . phases[0].name", true),
            ("execution[\"flow\"]", true),
            ("execution", true),
            ("[execution]", true),
            ("(execution).flow", true),
            ("(execution)[vars.x]", true),
            ("execution | length", true),
            ("other(execution)", true),
            (
                "has_assignee(execution if true else execution, \"1\")",
                true,
            ),
            ("task.execution.name == \"x\"", false),
            ("task.execution in vars.x", true),
        ] {
            let tokens = lex(text, 0, Until::End).unwrap();
            assert_eq!(reads_parts(&tokens), expected, "{text}");
        }
    }
}
