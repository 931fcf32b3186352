//! What a file of Rust imports, names and declares.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::{GROUPS, types_of};

/// What the text of one file names, outside of code for tests.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Modules at the top of this crate.
    pub(super) modules: BTreeSet<String>,
    /// First names of other paths, crates among them.
    pub(super) crates: BTreeSet<String>,
    /// `mod name;`
    pub(super) children: Vec<String>,
}

impl Scan {
    /// `depth` is how many modules the text is inside of.
    pub(super) fn of(text: &str, depth: usize) -> Self {
        let mut scan = Self::default();
        scan.stream(text.parse().expect("the file is Rust"), depth);
        scan
    }

    fn stream(&mut self, stream: TokenStream, depth: usize) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            let rest = &tokens[at..];
            at += match rest {
                [
                    TokenTree::Punct(hash),
                    TokenTree::Group(attribute),
                    item @ ..,
                ] if hash.as_char() == '#' && is_for_tests(attribute) => 2 + length_of_item(item),
                [
                    TokenTree::Ident(word),
                    TokenTree::Ident(name),
                    TokenTree::Punct(end),
                    ..,
                ] if word == "mod" && end.as_char() == ';' => {
                    self.children.push(name.to_string());
                    3
                }
                [
                    TokenTree::Ident(word),
                    TokenTree::Ident(_),
                    TokenTree::Group(body),
                    ..,
                ] if word == "mod" => {
                    self.stream(body.stream(), depth + 1);
                    3
                }
                [TokenTree::Ident(_), TokenTree::Punct(colon), ..] if colon.as_char() == ':' => {
                    self.path(rest, depth)
                }
                [TokenTree::Group(group), ..] => {
                    self.stream(group.stream(), depth);
                    1
                }
                [_, ..] => 1,
                [] => unreachable!("`at` is inside of the tokens"),
            };
        }
    }

    /// Notes where a path goes; gives the number of tokens that it takes, braces left out.
    fn path(&mut self, tokens: &[TokenTree], depth: usize) -> usize {
        let mut words = Vec::new();
        let mut rest = tokens;
        while let [
            TokenTree::Ident(word),
            TokenTree::Punct(one),
            TokenTree::Punct(two),
            after @ ..,
        ] = rest
            && (one.as_char(), two.as_char()) == (':', ':')
        {
            words.push(word.to_string());
            rest = after;
        }
        let taken = (tokens.len() - rest.len()).max(1);
        let supers = words.iter().take_while(|word| *word == "super").count();
        let is_here = match words.first().map(String::as_str) {
            None => return taken,
            Some("crate" | "wf_bulk") => Some(1),
            Some("super") => (supers == depth).then_some(supers),
            Some("self") => None,
            Some(name) => {
                self.crates.insert(name.to_owned());
                None
            }
        };
        // A visibility names the group as well.
        let is_group = |word: &String| GROUPS.iter().any(|(group, _)| group == word);
        let is_here =
            is_here.map(|start| start + usize::from(words.get(start).is_some_and(is_group)));
        if let Some(module) = is_here.and_then(|start| words.get(start)) {
            self.modules.insert(module.clone());
        } else if is_here == Some(words.len()) {
            self.modules.extend(heads(rest.first()));
        }
        taken
    }
}

/// The first words of what stands behind `crate::`, be it one name or a group in braces.
fn heads(token: Option<&TokenTree>) -> Vec<String> {
    match token {
        Some(TokenTree::Ident(name)) => vec![name.to_string()],
        Some(TokenTree::Group(group)) => {
            let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
            tokens
                .split(|token| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ','))
                .filter_map(|item| item.first().map(ToString::to_string))
                .collect()
        }
        other => panic!("an import of everything can't be checked: {other:?}"),
    }
}

/// `#[cfg(test)]`, also with more conditions.
fn is_for_tests(attribute: &Group) -> bool {
    let text = attribute.stream().to_string();
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    words.first() == Some(&"cfg") && words.contains(&"test") && !words.contains(&"not")
}

/// Tokens up to the end of an item: its semicolon or its body.
fn length_of_item(tokens: &[TokenTree]) -> usize {
    let end = tokens.iter().position(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    });
    end.map_or(tokens.len(), |end| end + 1)
}

#[test]
fn imports_are_seen_in_every_form_and_nothing_else_is() {
    let found = |text: &str, depth| Vec::from_iter(Scan::of(text, depth).modules);
    for (text, depth, expected) in [
        ("use crate::plan;", 1, vec!["plan"]),
        ("use crate::plan::{Change, Item};", 1, vec!["plan"]),
        (
            "use crate::{plan::{self, Change}, run, text as t};",
            1,
            vec!["plan", "run", "text"],
        ),
        ("fn f() { g(crate::plan::VERSION) }", 1, vec!["plan"]),
        (
            "fn f() -> String { format!(\"{}\", crate::plan::VERSION) }",
            1,
            vec!["plan"],
        ),
        (
            "pub(in crate::plan) use crate::run;",
            2,
            vec!["plan", "run"],
        ),
        ("pub(crate) fn f() {}", 1, vec![]),
        ("use super::plan;", 1, vec!["plan"]),
        ("use super::model;", 2, vec![]),
        ("use super::super::plan;", 2, vec!["plan"]),
        (
            "mod inside { use super::super::plan; use super::near; }",
            1,
            vec!["plan"],
        ),
        ("use super::{plan, run::Group};", 1, vec!["plan", "run"]),
        (
            "/// See [`crate::plan`].\n//! crate::run\nfn f() {} // crate::run",
            1,
            vec![],
        ),
        (
            "const A: &str = \"crate::plan\"; const B: &str = r#\"crate::plan\"#;",
            1,
            vec![],
        ),
        ("#[cfg(test)] mod tests { use crate::plan; }", 1, vec![]),
        (
            "#[cfg(test)] use crate::plan; use crate::run;",
            1,
            vec!["run"],
        ),
        (
            "#[cfg(all(test, unix))] #[path = \"x.rs\"] mod tests; use crate::run;",
            1,
            vec!["run"],
        ),
        ("#[cfg(not(test))] use crate::plan;", 1, vec!["plan"]),
        ("use std::{fmt, io}; use self::near::x;", 1, vec![]),
    ] {
        assert_eq!(found(text, depth), expected, "{text}");
    }
}

#[test]
fn declarations_and_crates_are_seen() {
    let scan = Scan::of(
        "mod a; pub mod b; #[cfg(test)] mod c; use clap::Args; type T = std::io::Result<u8>;",
        1,
    );
    assert_eq!(scan.children, ["a", "b"]);
    assert_eq!(Vec::from_iter(scan.crates), ["clap", "std"]);
    let types = types_of(
        "struct A; pub enum B { C } mod d { trait E {} } #[cfg(test)] struct F;"
            .parse()
            .unwrap(),
    );
    assert_eq!(types, ["A", "B", "F", "E"]);
}
