//! The tokens of an expression, with their places: minijinja's, less what the checker does not take.

use super::ExpressionFault;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Name,
    /// A text with its quotes.
    Text,
    Number,
    Symbol,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LexerToken<'a> {
    pub(super) kind: TokenKind,
    pub(super) text: &'a str,
    pub(super) offset: usize,
}

impl LexerToken<'_> {
    pub(super) fn end(&self) -> usize {
        self.offset + self.text.len()
    }

    pub(super) fn is(&self, kind: TokenKind, text: &str) -> bool {
        self.kind == kind && self.text == text
    }
}

/// Longest first, so that `**` is not read as two `*`. Operators of other languages are symbols, too: the checker says
/// what is meant by them.
const SYMBOLS: &[&str] = &[
    "===", "!==", "==", "!=", "<=", ">=", "//", "**", "<>", "=~", "~=", "!~", "=>", "&&", "||",
    "??", "?.", "+", "-", "*", "/", "%", "~", "<", ">", "=", ".", ",", ":", "(", ")", "[", "]",
    "{", "}", "|", "&", "!", "?",
];

/// What people write who come from another language, and what to write here.
const CURES: &[(&str, &str)] = &[
    ("“", "use straight quotes: \""),
    ("”", "use straight quotes: \""),
    ("„", "use straight quotes: \""),
    ("‘", "use straight quotes: '"),
    ("’", "use straight quotes: '"),
    ("`", "use straight quotes: \" or '"),
    (";", "leave it out: there is one expression"),
    (
        "#",
        "an expression has no comments: write them on a line of their own, outside of it",
    ),
    ("$", "names stand alone, like `vars.leaver`"),
    ("@", "names stand alone, like `vars.leaver`"),
];

/// Where the tokens end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    End,
    /// At the `}}` that closes a `{{`.
    Braces,
}

/// The tokens from byte `from` on, with an end token behind them, whose offset is where they end.
pub(super) fn lex(
    text: &str,
    from: usize,
    until: Until,
) -> Result<Vec<LexerToken<'_>>, ExpressionFault> {
    let mut tokens = Vec::new();
    let mut at = from;
    let mut depth = 0_usize;
    loop {
        let rest = &text[at..];
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        let closes = until == Until::Braces && depth == 0 && trimmed.starts_with("}}");
        let Some(first) = trimmed.chars().next().filter(|_| !closes) else {
            if until == Until::Braces && !closes {
                // The caller points at the braces that stay open.
                return Err(ExpressionFault::new(at, 0, "the `{{` is not closed").help("add `}}`"));
            }
            tokens.push(LexerToken {
                kind: TokenKind::End,
                text: "",
                offset: at,
            });
            return Ok(tokens);
        };
        let (kind, len) = token(trimmed, first).map_err(|fault| ExpressionFault {
            offset: at + fault.offset,
            ..fault
        })?;
        let text = &trimmed[..len];
        if kind == TokenKind::Symbol {
            match text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        tokens.push(LexerToken {
            kind,
            text,
            offset: at,
        });
        at += len;
    }
}

/// The kind and length of the token at the start of `rest`; a fault's offset counts from there.
fn token(rest: &str, first: char) -> Result<(TokenKind, usize), ExpressionFault> {
    if first.is_ascii_alphabetic() || first == '_' {
        let len = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        return Ok((TokenKind::Name, len));
    }
    if first.is_ascii_digit() {
        return Ok((TokenKind::Number, number(rest)));
    }
    if first == '"' || first == '\'' {
        return text(rest, first).map(|len| (TokenKind::Text, len));
    }
    if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
        return Ok((TokenKind::Symbol, symbol.len()));
    }
    let cure = CURES.iter().find(|(wrong, _)| rest.starts_with(wrong));
    Err(match cure {
        Some((wrong, help)) => {
            ExpressionFault::new(0, wrong.len(), format!("`{wrong}` is not known here")).help(*help)
        }
        None => ExpressionFault::new(0, first.len_utf8(), format!("{first:?} is not known here")),
    })
}

/// The length of an integer or a decimal fraction.
fn number(rest: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(rest);
    match rest[whole..].strip_prefix('.').map(digits) {
        None | Some(0) => whole,
        Some(fraction) => whole + 1 + fraction,
    }
}

/// The length of a quoted text, quotes included.
fn text(rest: &str, quote: char) -> Result<usize, ExpressionFault> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Ok(at + c.len_utf8()),
            _ => {}
        }
    }
    Err(
        ExpressionFault::new(0, 1, "the text that starts here is not closed")
            .help(format!("add {quote}")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, until: Until) -> Vec<&str> {
        lex(text, 0, until)
            .unwrap()
            .iter()
            .map(|token| token.text)
            .collect()
    }

    #[test]
    fn an_expression_falls_into_tokens() {
        assert_eq!(
            texts(
                r#"task.due_date<= now and x[0] ~ 'a\'b' == "ü" // 2.5"#,
                Until::End
            ),
            [
                "task", ".", "due_date", "<=", "now", "and", "x", "[", "0", "]", "~", r"'a\'b'",
                "==", "\"ü\"", "//", "2.5", ""
            ]
        );
        assert_eq!(texts("a.0.b", Until::End), ["a", ".", "0", ".", "b", ""]);
    }

    #[test]
    fn braces_inside_of_texts_and_maps_close_nothing() {
        let text = r#"{"a": {"b": "}}"}} }} and more"#;
        let tokens = lex(text, 0, Until::Braces).unwrap();
        assert_eq!(
            tokens.last().map(|token| token.offset),
            text.find(" }} and").map(|at| at + 1)
        );
    }

    #[test]
    fn habits_from_other_languages_get_a_cure() {
        for (text, offset, help) in [
            ("a == “x”", 5, "use straight quotes: \""),
            ("a == `x`", 5, "use straight quotes: \" or '"),
            ("a;", 1, "leave it out: there is one expression"),
            ("a == \"x", 5, "add \""),
            ("a == 'x\\'", 5, "add '"),
        ] {
            let fault = lex(text, 0, Until::End).unwrap_err();
            assert_eq!(
                (fault.offset, fault.help.as_deref()),
                (offset, Some(help)),
                "{text}"
            );
        }
        assert_eq!(lex("a § b", 0, Until::End).unwrap_err().len, "§".len());
        assert!(lex("a", 0, Until::Braces).is_err());
    }
}
