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

impl<'a> LexerToken<'a> {
    /// A name that stands at `offset`, maybe inside of a quoted text.
    pub(super) const fn name(text: &'a str, offset: usize) -> Self {
        let kind = TokenKind::Name;
        Self { kind, text, offset }
    }

    pub(super) const fn end(&self) -> usize {
        self.offset + self.text.len()
    }

    pub(super) fn is(&self, kind: TokenKind, text: &str) -> bool {
        self.kind == kind && self.text == text
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.is(TokenKind::Symbol, symbol)
    }

    /// A text or a number.
    pub(super) const fn is_constant(&self) -> bool {
        matches!(self.kind, TokenKind::Text | TokenKind::Number)
    }

    /// The content of a quoted text, when it has no escapes.
    pub(super) fn content(&self) -> Option<&'a str> {
        let inner = self.text.get(1..self.text.len().checked_sub(1)?)?;
        (self.kind == TokenKind::Text && !inner.contains('\\')).then_some(inner)
    }

    pub(super) fn fault(&self, message: impl Into<String>) -> ExpressionFault {
        ExpressionFault::new(self.offset, self.text.len(), message)
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
    ("“”„", "use straight quotes: \""),
    ("‘’", "use straight quotes: '"),
    ("`", "use straight quotes: \" or '"),
    (";", "leave it out: there is one expression"),
    (
        "#",
        "an expression has no comments: write them on a line of their own, outside of it",
    ),
    ("$@", "names stand alone, like `vars.leaver`"),
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
    let mut offset = from;
    let mut depth = 0_usize;
    loop {
        let rest = text[offset..].trim_start();
        offset = text.len() - rest.len();
        let closes = until == Until::Braces && depth == 0 && rest.starts_with("}}");
        let Some(first) = rest.chars().next().filter(|_| !closes) else {
            if until == Until::Braces && !closes {
                // The caller points at the braces that stay open.
                let fault = ExpressionFault::new(offset, 0, "the `{{` is not closed");
                return Err(fault.help("add `}}`"));
            }
            let (kind, text) = (TokenKind::End, "");
            tokens.push(LexerToken { kind, text, offset });
            return Ok(tokens);
        };
        let (kind, len) = token(rest, first, offset)?;
        let text = &rest[..len];
        match (kind, text) {
            (TokenKind::Symbol, "(" | "[" | "{") => depth += 1,
            (TokenKind::Symbol, ")" | "]" | "}") => depth = depth.saturating_sub(1),
            _ => {}
        }
        tokens.push(LexerToken { kind, text, offset });
        offset += len;
    }
}

/// The kind and length of the token at the start of `rest`, which stands at `offset`.
fn token(rest: &str, first: char, offset: usize) -> Result<(TokenKind, usize), ExpressionFault> {
    let name = leading_name(rest);
    if !name.is_empty() {
        return Ok((TokenKind::Name, name.len()));
    }
    if first.is_ascii_digit() {
        return Ok((TokenKind::Number, number(rest)));
    }
    if first == '"' || first == '\'' {
        return match quoted(rest, first) {
            Some(len) => Ok((TokenKind::Text, len)),
            None => Err(
                ExpressionFault::new(offset, 1, "the text that starts here is not closed")
                    .help(format!("add {first}")),
            ),
        };
    }
    if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
        return Ok((TokenKind::Symbol, symbol.len()));
    }
    let fault = |shown: String| {
        ExpressionFault::new(
            offset,
            first.len_utf8(),
            format!("{shown} is not known here"),
        )
    };
    Err(
        match CURES.iter().find(|(wrong, _)| wrong.contains(first)) {
            Some((_, help)) => fault(format!("`{first}`")).help(*help),
            None => fault(format!("{first:?}")),
        },
    )
}

/// The name at the start of a text; empty where there is none.
pub(super) fn leading_name(text: &str) -> &str {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return "";
    }
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    &text[..end.unwrap_or(text.len())]
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
fn quoted(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    let mut chars = rest.char_indices().skip(1);
    let (end, _) = chars.find(|&(_, c)| {
        let closes = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    })?;
    Some(end + quote.len_utf8())
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
