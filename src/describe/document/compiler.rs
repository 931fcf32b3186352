//! Compiles expressions and templates for the levels on which they are used, and maps errors back to the file.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use serde_json::{Map, Value as Json};

use crate::{
    api::{
        Generation, Level,
        types::{SourceLimits, record},
    },
    template::{Engine, Expression, ExpressionFault, Known, Scope, Template},
    text::cut,
};

use super::{
    cut_expression::{after_key, cutting_comment, property_before},
    mistake::Mistake,
    node::{Node, Value},
    reader::{DocumentReader, FieldNode, expression_cure},
    scalar::locate,
    span::Span,
};

/// The known names in `row`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RowColumns {
    /// There is no `row`.
    None,
    Unknown,
    Known(Vec<String>),
}

/// Compiles a playbook's expressions and templates, and checks their names.
#[derive(Clone, Debug)]
pub(crate) struct Compiler {
    engine: Engine,
    /// None if the source is wrong: then the names are unknown, and nothing is compiled.
    generation: Option<Generation>,
    vars: Rc<Map<String, Json>>,
    /// The variables whose values come from the command line.
    given: Rc<BTreeSet<String>>,
    /// Whether the values of variables are used, and not only their names.
    has_values: bool,
    /// The names that the compiled expressions compare.
    names: Rc<RefCell<BTreeSet<(Level, String)>>>,
    columns: Rc<RowColumns>,
    /// The names at each level. One is made of all variables, which may be many, and used by many expressions.
    scopes: Rc<RefCell<BTreeMap<ScopeKey, Rc<Scope>>>>,
    /// Whether one of them may read the parts of an execution.
    reads_parts: Rc<Cell<bool>>,
    /// How many expressions were compiled.
    expressions: Rc<Cell<usize>>,
    /// The values of a field that the source can return, if not all.
    found: Option<&'static SourceLimits>,
}

/// What a scope is made for: the level, whether the values of variables are used, and whether [`Compiler::found`] is.
type ScopeKey = (Level, bool, bool);

/// The maximum number of expressions in a playbook: more than anyone reviews. Each may be compared with long lists of variables, and is
/// kept with an environment of about 12 KB.
const MAX_EXPRESSIONS: usize = 200;

impl Compiler {
    pub(crate) fn new(
        engine: Engine,
        generation: Option<Generation>,
        vars: &Map<String, Json>,
        given: BTreeSet<String>,
        columns: RowColumns,
    ) -> Self {
        Self {
            engine,
            generation,
            vars: Rc::new(vars.clone()),
            given: Rc::new(given),
            has_values: true,
            names: Rc::default(),
            columns: Rc::new(columns),
            scopes: Rc::default(),
            reads_parts: Rc::default(),
            expressions: Rc::default(),
            found: None,
        }
    }

    /// For code that is never evaluated with these variables, so that their values cause no error.
    pub(crate) fn without_values(&self) -> Self {
        Self {
            has_values: false,
            ..self.clone()
        }
    }

    /// For conditions on the result of a source, before any action has changed it.
    pub(crate) fn with_found(&self, found: Option<&'static SourceLimits>) -> Self {
        Self {
            found,
            ..self.clone()
        }
    }

    pub(crate) const fn generation(&self) -> Option<Generation> {
        self.generation
    }

    /// A condition that is valid on each of `levels`.
    pub(crate) fn expression(
        &self,
        reader: &mut DocumentReader<'_>,
        field: FieldNode<'_>,
        levels: &[Level],
    ) -> Option<Expression> {
        let text = expression_text(reader, field)?;
        self.take_share(reader, field.node, 1)?;
        let mut compiled = self.compile(reader, field.node, text, levels, |engine, scope| {
            engine.expression(text, scope)
        })?;
        self.names.borrow_mut().extend(compiled.take_names());
        self.reads_parts
            .set(self.reads_parts.get() || compiled.reads_parts());
        Some(compiled)
    }

    /// A value with `{{ }}` in it that is valid on each of `levels`.
    pub(crate) fn template(
        &self,
        reader: &mut DocumentReader<'_>,
        field: FieldNode<'_>,
        expected: &str,
        levels: &[Level],
    ) -> Option<Template> {
        let text = reader.text_or_number(field, expected)?;
        self.take_share(reader, field.node, text.matches("{{").count())?;
        let mut compiled = self.compile(reader, field.node, text, levels, |engine, scope| {
            engine.template(text, scope)
        })?;
        self.names.borrow_mut().extend(compiled.take_names());
        self.reads_parts
            .set(self.reads_parts.get() || compiled.reads_parts());
        Some(compiled)
    }

    /// Counts expressions; none after a note, once, that there are too many.
    fn take_share(
        &self,
        reader: &mut DocumentReader<'_>,
        node: &Node,
        number: usize,
    ) -> Option<()> {
        let before = self.expressions.get();
        self.expressions.set(before + number);
        if before + number <= MAX_EXPRESSIONS || number == 0 {
            return Some(());
        }
        if before <= MAX_EXPRESSIONS {
            let most = MAX_EXPRESSIONS;
            let message =
                format!("a playbook has at most {most} expressions, and here is one more");
            reader.wrong(
                node.span,
                message,
                "put what differs into a file of rows, and use `row`",
            );
        }
        None
    }

    /// Takes the names of parts that all compiled expressions compare, by their level.
    pub(crate) fn take_names(&self) -> BTreeSet<(Level, String)> {
        self.names.take()
    }

    /// Whether a compiled expression may read the parts of an execution.
    pub(crate) fn reads_parts(&self) -> bool {
        self.reads_parts.get()
    }

    fn compile<T>(
        &self,
        reader: &mut DocumentReader<'_>,
        node: &Node,
        text: &str,
        levels: &[Level],
        compile: impl Fn(&Engine, &Scope) -> Result<T, Vec<ExpressionFault>>,
    ) -> Option<T> {
        let generation = self.generation?;
        let mut compiled = None;
        let mut is_right = true;
        for level in levels {
            match compile(&self.engine, &self.scope(generation, *level)) {
                Ok(done) => compiled = Some(done),
                Err(faults) => {
                    is_right = false;
                    for ExpressionFault {
                        offset,
                        len,
                        message,
                        help,
                        vars,
                    } in &faults
                    {
                        let place = locate(reader.source, node.span, text, *offset, *len);
                        let span = place.unwrap_or(node.span);
                        self.note_wrong(reader, span, message, help.as_deref(), vars);
                    }
                }
            }
        }
        compiled.filter(|_| is_right)
    }

    fn scope(&self, generation: Generation, level: Level) -> Rc<Scope> {
        let key = (level, self.has_values, self.found.is_some());
        let mut scopes = self.scopes.borrow_mut();
        let made = || Rc::new(self.new_scope(generation, level));
        Rc::clone(scopes.entry(key).or_insert_with(made))
    }

    fn new_scope(&self, generation: Generation, level: Level) -> Scope {
        let scope = Scope::default().with_instant("now").with_found(self.found);
        let scope = if self.has_values {
            scope.with_values("vars", &self.vars)
        } else {
            scope.with_keys("vars", self.vars.keys().cloned())
        };
        let scope = match &*self.columns {
            RowColumns::None => scope,
            RowColumns::Unknown => scope.with_any("row"),
            RowColumns::Known(columns) => scope.with_keys("row", columns.iter().cloned()),
        };
        let scope = scope.with_record(level.word(), record(generation, level));
        match level {
            Level::Entity | Level::Execution => scope,
            Level::Step | Level::Phase | Level::Task => {
                scope.with_record("execution", record(generation, Level::Execution))
            }
        }
    }

    /// Notes an error in a value that does not depend on data.
    pub(crate) fn wrong_value(
        &self,
        reader: &mut DocumentReader<'_>,
        span: Span,
        known: &Known,
        message: impl AsRef<str>,
        help: &str,
    ) {
        let help = Some(help).filter(|help| !help.is_empty());
        self.note_wrong(reader, span, message, help, &known.vars);
    }

    /// Notes a mistake with its help, and with the values of the variables that cause it.
    fn note_wrong(
        &self,
        reader: &mut DocumentReader<'_>,
        span: Span,
        message: impl AsRef<str>,
        help: Option<&str>,
        vars: &[String],
    ) {
        if reader.is_only_counted() {
            return;
        }
        let help = help.into_iter().map(str::to_owned);
        let help: Vec<String> = help.chain(self.origins(vars)).collect();
        let mistake = Mistake::new(span, message);
        reader.note(if help.is_empty() {
            mistake
        } else {
            mistake.help(help.join("\n"))
        });
    }

    /// The values of the variables, and their origin.
    fn origins(&self, vars: &[String]) -> impl Iterator<Item = String> {
        vars.iter().filter_map(|name| {
            let value = self.vars.get(name)?;
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let text = match text.as_str() {
                "" => "empty".to_owned(),
                text => format!("`{}`", cut(text, MAX_SHOWN)),
            };
            Some(if self.given.contains(name) {
                format!("`vars.{name}` is {text}, from --var {name}")
            } else {
                format!("`vars.{name}` is {text}, its default")
            })
        })
    }
}

/// Characters of a variable's value that a message shows.
const MAX_SHOWN: usize = 60;

/// The text of a bare expression, unless YAML has parsed it as something else.
fn expression_text<'n>(reader: &mut DocumentReader<'_>, field: FieldNode<'n>) -> Option<&'n str> {
    let FieldNode { name, node, at } = field;
    let (source, is_full) = (reader.source, reader.is_full());
    let cure = || {
        if is_full {
            return String::new();
        }
        expression_cure(name, after_key(source, at))
    };
    let template = || {
        let help = "leave out the braces and quotes: this is an expression already".to_owned();
        (node.span, format!("`{name}` can't be a template"), help)
    };
    let (place, message, help) = match &node.value {
        Value::Text(text) => {
            if let Some(property) = property_before(reader.source, node.span) {
                let message = format!("YAML reads the start of `{name}` as a tag or an anchor");
                (property, message, cure())
            } else if let Some(comment) = cutting_comment(reader.source, node.span, text) {
                let message = format!("YAML reads ` #` as a comment: `{name}` ends before it");
                (comment, message, cure())
            } else if text.trim_start().starts_with("{{") {
                template()
            } else {
                return reader.text(field, "an expression");
            }
        }
        Value::CollectionKey if reader.unquoted_braces(node).is_some() => template(),
        Value::Null if property_before(reader.source, node.span).is_none() => {
            let help = cure();
            reader.mismatch(field, "an expression", &help);
            return None;
        }
        Value::Null => {
            let message = format!("YAML reads `{name}` as a tag or an anchor");
            (at, message, cure())
        }
        Value::Bool(_)
        | Value::Number(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::CollectionKey => {
            let kind = node.value.kind();
            let message = format!("`{name}` must be an expression, and YAML reads {kind} here");
            (node.span, message, cure())
        }
    };
    reader.wrong(place, message, help);
    None
}

#[cfg(test)]
mod tests;
