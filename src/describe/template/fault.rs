//! What can be wrong with an expression, before and while it is evaluated.

/// What is wrong with an expression or template, and where: `offset` and `len` count bytes of its text.
///
/// `len` may be 0: something is missing at `offset`, which may be the end of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionFault {
    pub offset: usize,
    pub len: usize,
    pub message: String,
    /// What to do, when that can be told.
    pub help: Option<String>,
    /// The variables whose values are the trouble; none where it is what the expression says.
    pub vars: Vec<String>,
}

impl ExpressionFault {
    pub(super) fn new(offset: usize, len: usize, message: impl Into<String>) -> Self {
        Self {
            offset,
            len,
            message: message.into(),
            help: None,
            vars: Vec::new(),
        }
    }

    pub(super) fn with_vars(mut self, vars: Vec<String>) -> Self {
        self.vars = vars;
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Why an expression could not be evaluated on some data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} in `{text}`")]
pub struct EvalError {
    pub text: String,
    pub message: String,
}
