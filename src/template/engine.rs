//! Compiling expressions and templates, and evaluating them.

use std::{fmt, sync::Arc};

use jiff::{Timestamp, tz::TimeZone};
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value};
use serde_json::Value as Json;

use super::{
    Context, EvalError, Fault, Scope,
    checker::{self, Checked},
    filters, helpers,
    lexer::{self, Until},
    ops,
    scope::Type,
    value::{is_none, to_json, to_text, word},
};

/// The longest expression, in bytes. A chain of about 1,000 operators overflows the stack of minijinja's compiler;
/// 1 KiB holds half of that at most, and more than anyone reviews.
const MAX_EXPRESSION: usize = 1024;

/// The longest template, in bytes: a closing description of some pages.
const MAX_TEMPLATE: usize = 16 * 1024;

/// Steps of one evaluation; minijinja charges one for an instruction and half of one for an item that a filter
/// visits. The longest expression takes some 500 and leaves room for filters over thousands of tasks, while
/// 64 bytes of text a step keep a runaway `"x" * n` below 7 MB.
const FUEL: u64 = 100_000;

/// The names inside of an environment, which holds one expression each.
const EXPRESSION: &str = "expression";
const RESULT: &str = "result";

/// Compiles expressions and templates; knows the zone and the moment that its date helpers use.
#[derive(Debug)]
pub struct Engine {
    environment: Environment<'static>,
}

/// A compiled condition. Cheap to clone, `Send`, `Sync`, `'static`.
#[derive(Clone, Debug)]
pub struct Expression {
    code: Code,
}

/// A compiled text. Cheap to clone, `Send`, `Sync`, `'static`.
#[derive(Clone, Debug)]
pub struct Template {
    text: Arc<str>,
    parts: Arc<[Part]>,
}

#[derive(Debug)]
enum Part {
    Literal(String),
    Code(Code),
}

/// An expression inside of an environment of its own: minijinja's expressions borrow theirs.
#[derive(Clone)]
struct Code {
    text: Arc<str>,
    environment: Arc<Environment<'static>>,
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Code").field(&self.text).finish()
    }
}

impl Engine {
    /// `now` is what `now` gives; `zone` is the playbook's, of all its dates.
    pub fn new(now: Timestamp, zone: TimeZone) -> Self {
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        // It would copy the data into each error.
        environment.set_debug(false);
        ops::register(&mut environment);
        filters::register(&mut environment);
        helpers::register(&mut environment, &now.to_zoned_datetime(zone));
        Self { environment }
    }

    /// Compiles a bare expression (`where`, `where_each`, `when`).
    ///
    /// # Errors
    ///
    /// Every fault that can be found without data.
    pub fn expression(&self, text: &str, scope: &Scope) -> Result<Expression, Vec<Fault>> {
        limit(text, MAX_EXPRESSION, "an expression")?;
        if let Some(fault) = in_braces(text) {
            return Err(vec![fault]);
        }
        let tokens = lexer::lex(text, 0, Until::End).map_err(|fault| vec![fault])?;
        let checked = checker::check(text, &tokens, scope)?;
        condition(&checked)?;
        self.compile(text, &checked).map(|code| Expression { code })
    }

    /// Compiles a text with `{{ }}` in it.
    ///
    /// # Errors
    ///
    /// Every fault that can be found without data.
    pub fn template(&self, text: &str, scope: &Scope) -> Result<Template, Vec<Fault>> {
        limit(text, MAX_TEMPLATE, "a text")?;
        let mut parts = Vec::new();
        let mut faults = Vec::new();
        let mut at = 0;
        while let Some(found) = text[at..].find("{{") {
            let open = at + found;
            literal(&text[at..open], at, &mut parts, &mut faults);
            match lexer::lex(text, open + 2, Until::Braces) {
                Ok(tokens) => {
                    // The end token stands at the closing braces.
                    let close = tokens.last().map_or(text.len(), |end| end.offset);
                    let part = limit_at(&text[open + 2..close], open + 2)
                        .and_then(|()| checker::check(text, &tokens, scope))
                        .and_then(|checked| self.compile(text, &checked));
                    match part {
                        Ok(code) => parts.push(Part::Code(code)),
                        Err(more) => faults.extend(more),
                    }
                    at = close + 2;
                }
                Err(fault) => {
                    // Where the expression ends can't be told any more.
                    let open_end = fault.offset == text.len() && fault.len == 0;
                    faults.push(if open_end {
                        Fault {
                            offset: open,
                            len: 2,
                            ..fault
                        }
                    } else {
                        fault
                    });
                    at = text.len();
                }
            }
        }
        literal(&text[at..], at, &mut parts, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Template {
            text: text.into(),
            parts: parts.into(),
        })
    }

    fn compile(&self, text: &str, checked: &Checked) -> Result<Code, Vec<Fault>> {
        let mut environment = self.environment.clone();
        let code = format!("{{% set {RESULT} = ({}) %}}", checked.code);
        environment
            .add_template_owned(EXPRESSION, code)
            .map_err(|error| {
                // The checker knows the grammar; what is left is a limit of minijinja's.
                let message = error.detail().unwrap_or("this is no expression").to_owned();
                vec![Fault::new(checked.offset, checked.len, message)]
            })?;
        Ok(Code {
            text: text.into(),
            environment: Arc::new(environment),
        })
    }
}

fn limit(text: &str, most: usize, what: &str) -> Result<(), Vec<Fault>> {
    match text.len() {
        len if len > most => Err(vec![Fault::new(
            0,
            len,
            format!("{what} has at most {most} bytes, this one has {len}"),
        )]),
        _ => Ok(()),
    }
}

fn limit_at(expression: &str, offset: usize) -> Result<(), Vec<Fault>> {
    limit(expression, MAX_EXPRESSION, "an expression").map_err(|faults| {
        let moved = faults.into_iter().map(|fault| Fault { offset, ..fault });
        moved.collect()
    })
}

/// A condition that was written like a template.
fn in_braces(text: &str) -> Option<Fault> {
    let trimmed = text.trim();
    let offset = text.len() - text.trim_start().len();
    let inner = trimmed.strip_prefix("{{")?.strip_suffix("}}")?;
    let fault = Fault::new(offset, trimmed.len(), "a condition stands without `{{ }}`");
    Some(fault.help(format!("write `{}`", inner.trim())))
}

/// Whether the expression can say true or false.
fn condition(checked: &Checked) -> Result<(), Vec<Fault>> {
    let help = match &checked.of {
        Type::Bool | Type::Any | Type::None => return Ok(()),
        Type::List(_) => "write `… | length > 0`, or `x in …`",
        Type::Record { .. } => "write `… is not none`",
        Type::Number | Type::Text | Type::Date | Type::Instant | Type::Span | Type::Keys(_) => {
            "compare it, like `… == \"x\"`, or write `… is not none`"
        }
    };
    let message = format!("this gives {}, not true or false", checked.of.word());
    Err(vec![
        Fault::new(checked.offset, checked.len, message).help(help),
    ])
}

/// Text between expressions; what would be a statement or comment of minijinja's is a fault.
fn literal(text: &str, offset: usize, parts: &mut Vec<Part>, faults: &mut Vec<Fault>) {
    for mark in ["{%", "{#"] {
        for (at, _) in text.match_indices(mark) {
            let message = format!("`{mark}` is not available");
            let help = "only `{{ }}` is: for a choice write `{{ a if condition else b }}`";
            faults.push(Fault::new(offset + at, mark.len(), message).help(help));
        }
    }
    if !text.is_empty() {
        parts.push(Part::Literal(text.to_owned()));
    }
}

impl Code {
    fn run(&self, context: &Context) -> Result<Value, EvalError> {
        let evaluate = || {
            let template = self.environment.get_template(EXPRESSION)?;
            let captured = template.render_captured(context.root())?;
            Ok(captured.state().lookup(RESULT).unwrap_or_default())
        };
        let value = evaluate().map_err(|error: minijinja::Error| self.error(message(&error)))?;
        if value.is_undefined() {
            Err(self.error("the value is undefined: the data have no such key"))
        } else {
            Ok(value)
        }
    }

    fn error(&self, message: impl Into<String>) -> EvalError {
        EvalError {
            text: self.text.to_string(),
            message: message.into(),
        }
    }
}

fn message(error: &minijinja::Error) -> String {
    match error.kind() {
        ErrorKind::OutOfFuel => "this takes too many steps: simplify it".to_owned(),
        ErrorKind::UndefinedError => "a value is undefined: the data have no such key".to_owned(),
        kind => error
            .detail()
            .map_or_else(|| kind.to_string(), str::to_owned),
    }
}

impl Expression {
    /// Evaluates to true or false; none counts as false; anything else is an error.
    ///
    /// # Errors
    ///
    /// When the expression fails on this data, uses up its fuel or gives no truth value.
    pub fn test(&self, context: &Context) -> Result<bool, EvalError> {
        let value = self.code.run(context)?;
        if is_none(&value) {
            return Ok(false);
        }
        bool::try_from(value.clone())
            .ok()
            .filter(|_| value.kind() == minijinja::value::ValueKind::Bool)
            .ok_or_else(|| {
                let word = word(&value);
                self.code.error(format!(
                    "a condition gives true or false, this gives {word}"
                ))
            })
    }
}

impl Template {
    /// The text itself when there is no `{{ }}` in it.
    pub fn literal(&self) -> Option<&str> {
        let literal = |part: &Part| matches!(part, Part::Literal(_));
        self.parts.iter().all(literal).then_some(&*self.text)
    }

    /// The value: of the expression's own type when the whole text is one `{{ expression }}`, else text.
    ///
    /// Inside of a text, booleans and numbers are written as in JSON.
    ///
    /// # Errors
    ///
    /// When an expression fails on this data, uses up its fuel or is undefined, or when none, a list or an object
    /// stands inside of a text.
    pub fn value(&self, context: &Context) -> Result<Json, EvalError> {
        if let [Part::Code(code)] = &*self.parts {
            return to_json(&code.run(context)?).map_err(|message| code.error(message));
        }
        let mut text = String::with_capacity(self.text.len());
        for part in &*self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Code(code) => {
                    let value = code.run(context)?;
                    text.push_str(&to_text(&value).map_err(|message| code.error(message))?);
                }
            }
        }
        Ok(Json::String(text))
    }
}
