//! What has been compiled, and its evaluation.

use std::{fmt, sync::Arc};

use minijinja::{Environment, ErrorKind, Value};
use serde_json::Value as Json;

use crate::api::Level;

use super::{
    EvalContext, EvalError, ExpressionFault,
    checker::CheckedExpression,
    ops::bounded,
    value::{is_none, to_json, to_text, word},
};

/// The names inside of an environment, which holds one expression each.
const EXPRESSION: &str = "expression";
const RESULT: &str = "result";

/// A compiled condition. Cheap to clone, `Send`, `Sync`, `'static`.
#[derive(Clone, Debug)]
pub struct Expression {
    code: Code,
    known: Option<bool>,
}

/// A compiled text. Cheap to clone, `Send`, `Sync`, `'static`.
#[derive(Clone, Debug)]
pub struct Template {
    text: Arc<str>,
    parts: Arc<[ProgramPart]>,
    known: Option<Arc<Known>>,
}

/// What a text is whatever the data.
#[derive(Clone, Debug)]
pub struct Known {
    pub value: Json,
    /// The variables that it was made of.
    pub vars: Vec<String>,
}

#[derive(Debug)]
pub(super) enum ProgramPart {
    Literal(String),
    Code(Code),
}

/// An expression inside of an environment of its own: minijinja's expressions borrow theirs.
#[derive(Clone)]
pub(super) struct Code {
    text: Arc<str>,
    environment: Arc<Environment<'static>>,
    names: Vec<(Level, String)>,
    reads_parts: bool,
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Code").field(&self.text).finish()
    }
}

impl Code {
    /// `checked` was read from `text`, in whole or in part.
    pub(super) fn new(
        environment: &Environment<'static>,
        text: &str,
        checked: &CheckedExpression,
    ) -> Result<Self, Vec<ExpressionFault>> {
        let code = Self::compile(environment, text, &checked.whole.code)
            .map_err(|message| vec![checked.whole.fault(message)])?;
        Ok(Self {
            names: checked.names.clone(),
            reads_parts: checked.reads_parts,
            ..code
        })
    }

    /// The value of code that the checker has written, or why there is none.
    pub(super) fn evaluate(
        environment: &Environment<'static>,
        code: &str,
        context: &EvalContext,
    ) -> Result<Value, String> {
        Self::compile(environment, code, code)?
            .run(context)
            .map_err(|error| error.message)
    }

    fn compile(environment: &Environment<'static>, text: &str, code: &str) -> Result<Self, String> {
        let mut environment = environment.clone();
        let code = format!("{{% set {RESULT} = ({code}) %}}");
        environment
            .add_template_owned(EXPRESSION, code)
            // The checker knows the grammar; what is left is a limit of minijinja's.
            .map_err(|error| error.detail().unwrap_or("this is no expression").to_owned())?;
        Ok(Self {
            text: text.into(),
            environment: Arc::new(environment),
            names: Vec::new(),
            reads_parts: true,
        })
    }

    fn run(&self, context: &EvalContext) -> Result<Value, EvalError> {
        let evaluate = || {
            let template = self.environment.get_template(EXPRESSION)?;
            let captured = template.render_captured(context.root())?;
            Ok(captured.state().lookup(RESULT).unwrap_or_default())
        };
        let value =
            evaluate().map_err(|error: minijinja::Error| self.error(self::message(&error)))?;
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
    pub(super) fn new(code: Code) -> Self {
        Self { code, known: None }
    }

    /// The same, whose value depends on no data.
    pub(super) fn with_known(self, holds: bool) -> Self {
        Self {
            known: Some(holds),
            ..self
        }
    }

    /// Whether it holds, where that depends on no data.
    pub const fn known(&self) -> Option<bool> {
        self.known
    }

    /// Takes the names that it compares with those of parts of the data, by their level; with a long list of a variable they are many.
    pub fn take_names(&mut self) -> Vec<(Level, String)> {
        std::mem::take(&mut self.code.names)
    }

    /// Whether it may read the parts of an execution, as far as its text tells.
    pub const fn reads_parts(&self) -> bool {
        self.code.reads_parts
    }

    /// Evaluates to true or false; none counts as false; anything else is an error.
    ///
    /// # Errors
    ///
    /// When the expression fails on this data, uses up its fuel or gives no truth value.
    pub fn test(&self, context: &EvalContext) -> Result<bool, EvalError> {
        let value = self.code.run(context)?;
        if is_none(&value) {
            return Ok(false);
        }
        bool::try_from(value.clone()).map_err(|_| {
            let word = word(&value);
            self.code.error(format!(
                "a condition gives true or false, this gives {word}"
            ))
        })
    }
}

impl Template {
    pub(super) fn new(text: &str, parts: Vec<ProgramPart>) -> Self {
        Self {
            text: text.into(),
            parts: parts.into(),
            known: None,
        }
    }

    /// The same, whose value depends on no data.
    pub(super) fn with_known(self, value: Json, vars: Vec<String>) -> Self {
        Self {
            known: Some(Arc::new(Known { value, vars })),
            ..self
        }
    }

    /// The value where it depends on no data.
    pub fn known(&self) -> Option<&Known> {
        self.known.as_deref()
    }

    /// As [`Expression::take_names`], of a template that was not cloned yet.
    pub fn take_names(&mut self) -> Vec<(Level, String)> {
        let parts = Arc::get_mut(&mut self.parts).unwrap_or_default();
        let names = parts.iter_mut().map(|part| match part {
            ProgramPart::Literal(_) => Vec::new(),
            ProgramPart::Code(code) => std::mem::take(&mut code.names),
        });
        names.flatten().collect()
    }

    /// Whether it may read the parts of an execution, as far as its text tells.
    pub fn reads_parts(&self) -> bool {
        self.parts.iter().any(|part| match part {
            ProgramPart::Literal(_) => false,
            ProgramPart::Code(code) => code.reads_parts,
        })
    }

    /// The text itself when there is no `{{ }}` in it.
    pub fn literal(&self) -> Option<&str> {
        let literal = |part: &ProgramPart| matches!(part, ProgramPart::Literal(_));
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
    pub fn value(&self, context: &EvalContext) -> Result<Json, EvalError> {
        if let [ProgramPart::Code(code)] = &*self.parts {
            return to_json(&code.run(context)?).map_err(|message| code.error(message));
        }
        let mut text = String::with_capacity(self.text.len());
        for part in &*self.parts {
            match part {
                ProgramPart::Literal(literal) => text.push_str(literal),
                ProgramPart::Code(code) => {
                    let value = code.run(context)?;
                    text.push_str(&to_text(&value).map_err(|message| code.error(message))?);
                    // Each part is bounded, and a template has room for a thousand of them.
                    bounded(text.len()).map_err(|error| code.error(self::message(&error)))?;
                }
            }
        }
        Ok(Json::String(text))
    }
}

#[cfg(test)]
mod tests;
