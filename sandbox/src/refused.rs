//! Why a request is not done.

/// What the service answers instead of doing what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// 400, with what is wrong.
    Invalid(String),
    /// 404, with what is missing.
    Missing(String),
    /// 409, with what is there already.
    Conflict(String),
}

impl Refused {
    pub(crate) fn invalid(text: &str) -> Self {
        Self::Invalid(text.to_owned())
    }
}
