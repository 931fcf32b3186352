//! Checks an expression against its scope and writes it for minijinja.
//!
//! The grammar is minijinja's for expressions, read by descent. Each rule gives the code it stands for and what is
//! known of its type; a name that is not known is reported and goes on as a value of any type, so that all faults
//! of a text come out at once. Only a fault of syntax ends the reading.

mod call;
mod rules;

use super::{
    Fault, Scope,
    lexer::{Kind, Token},
    names::Name,
    scope::Type,
};

/// How deep brackets, calls and signs may nest. minijinja gives up at 150 of its own levels, of which one here may
/// take four; nobody reads twenty.
const MAX_DEPTH: usize = 24;

/// An expression that has been checked.
#[derive(Debug)]
pub(super) struct Checked {
    /// For minijinja.
    pub(super) code: String,
    pub(super) of: Type,
    pub(super) offset: usize,
    pub(super) len: usize,
}

/// A part of the expression that has been read.
#[derive(Debug)]
struct Piece {
    code: String,
    of: Type,
    /// The bytes of the text that it stands for.
    from: usize,
    to: usize,
    /// The content, when it is a quoted text that can be checked.
    literal: Option<String>,
    /// It stands in brackets, so a filter may have found nothing.
    may_be_none: bool,
}

/// The reading can't go on; the fault is noted.
#[derive(Debug)]
struct Stop;

type Read = Result<Piece, Stop>;

struct Checker<'a> {
    text: &'a str,
    tokens: &'a [Token<'a>],
    at: usize,
    scope: &'a Scope,
    faults: Vec<Fault>,
    depth: usize,
}

/// Checks the expression that `tokens` of `text` are; they end with an end token.
pub(super) fn check(
    text: &str,
    tokens: &[Token<'_>],
    scope: &Scope,
) -> Result<Checked, Vec<Fault>> {
    let mut checker = Checker {
        text,
        tokens,
        at: 0,
        scope,
        faults: Vec::new(),
        depth: 0,
    };
    let piece = checker.whole();
    match piece {
        Ok(piece) if checker.faults.is_empty() => Ok(Checked {
            code: piece.code,
            of: piece.of,
            offset: piece.from,
            len: piece.to - piece.from,
        }),
        Ok(_) | Err(Stop) => Err(checker.faults),
    }
}

impl<'a> Checker<'a> {
    fn whole(&mut self) -> Read {
        if self.peek().kind == Kind::End {
            let offset = self.peek().offset;
            return self.stop(Fault::new(offset, 0, "an expression is missing here"));
        }
        let piece = self.expression()?;
        let token = self.peek();
        match token.kind {
            Kind::End => Ok(piece),
            Kind::Symbol if token.text == "=" => self.stop(
                Fault::new(token.offset, 1, "`=` is not known here").help("compare with `==`"),
            ),
            Kind::Name | Kind::Text | Kind::Number => self.unexpected("an operator"),
            Kind::Symbol => self.unexpected("an operator or the end"),
        }
    }

    fn peek(&self) -> Token<'a> {
        // The end token is never passed.
        self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn next(&mut self) -> Token<'a> {
        let token = self.peek();
        if token.kind != Kind::End {
            self.at += 1;
        }
        token
    }

    fn take(&mut self, kind: Kind, text: &str) -> Option<Token<'a>> {
        self.peek().is(kind, text).then(|| self.next())
    }

    fn word(&mut self, word: &str) -> Option<Token<'a>> {
        self.take(Kind::Name, word)
    }

    fn symbol(&mut self, symbol: &str) -> Option<Token<'a>> {
        self.take(Kind::Symbol, symbol)
    }

    fn expect(&mut self, symbol: &'static str) -> Result<Token<'a>, Stop> {
        match self.symbol(symbol) {
            Some(token) => Ok(token),
            None => self.unexpected(&format!("`{symbol}`")),
        }
    }

    /// The end of the last token that was read.
    fn last_end(&self) -> usize {
        self.at
            .checked_sub(1)
            .map_or(0, |last| self.tokens[last].end())
    }

    fn slice(&self, piece: &Piece) -> &'a str {
        &self.text[piece.from..piece.to]
    }

    fn note(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    fn note_at(&mut self, piece: &Piece, message: impl Into<String>, help: impl Into<String>) {
        let fault = Fault::new(piece.from, piece.to - piece.from, message);
        self.note(fault.help(help));
    }

    fn stop<T>(&mut self, fault: Fault) -> Result<T, Stop> {
        self.note(fault);
        Err(Stop)
    }

    fn unexpected<T>(&mut self, wanted: &str) -> Result<T, Stop> {
        let token = self.peek();
        let fault = match token.kind {
            Kind::End => Fault::new(
                token.offset,
                0,
                format!("the expression ends where {wanted} is missing"),
            ),
            Kind::Name | Kind::Text | Kind::Number | Kind::Symbol => Fault::new(
                token.offset,
                token.text.len(),
                format!("`{}` stands where {wanted} is missing", token.text),
            ),
        };
        self.stop(fault)
    }

    /// The type that was found; a fault is noted and counts as any type.
    fn known(&mut self, of: Result<Type, Fault>) -> Type {
        of.unwrap_or_else(|fault| {
            self.note(fault);
            Type::Any
        })
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        if self.depth == MAX_DEPTH {
            let token = self.peek();
            return self.stop(
                Fault::new(token.offset, token.text.len(), "this nests too deep")
                    .help("simplify the expression"),
            );
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }
}

fn name<'a>(token: Token<'a>) -> Name<'a> {
    Name {
        text: token.text,
        offset: token.offset,
    }
}

/// The content of a quoted text, when it has no escapes.
fn content(token: Token<'_>) -> Option<String> {
    let inner = token.text.get(1..token.text.len().checked_sub(1)?)?;
    (token.kind == Kind::Text && !inner.contains('\\')).then(|| inner.to_owned())
}
