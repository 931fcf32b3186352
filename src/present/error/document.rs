//! An error as the JSON document of `--json`.

use std::io::{self, Write};

use serde::Serialize;

use super::Error;
use crate::text;

/// A place in a file; counted from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FilePlace {
    pub file: Option<String>,
    pub line: Option<u64>,
    /// In characters.
    pub column: Option<u64>,
}

/// One mistake of several in files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Located {
    #[serde(flatten)]
    pub place: FilePlace,
    pub message: String,
    /// The causes; each is the cause of the one before it.
    pub causes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

/// Scripts depend on its names.
#[derive(Debug, Serialize)]
struct ErrorDocument<'a> {
    errors: &'a [Located],
    exit_code: u8,
}

impl Error {
    /// Writes the error as one JSON document on one line: its mistakes in files, or itself.
    ///
    /// # Errors
    ///
    /// The errors of `out`.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let alone;
        let errors = if self.mistakes.is_empty() {
            alone = [self.located()];
            &alone[..]
        } else {
            &self.mistakes
        };
        write_errors(errors, self.exit_code().code(), out)
    }

    /// The mistakes in files that the error is about, or itself.
    pub fn into_mistakes(self) -> Vec<Located> {
        if self.mistakes.is_empty() {
            vec![self.located()]
        } else {
            self.mistakes
        }
    }

    fn located(&self) -> Located {
        Located {
            place: self.place.as_deref().cloned().unwrap_or_default(),
            message: self.message.clone(),
            causes: self.causes(),
            help: (!self.hints.is_empty()).then(|| self.hints.join("\n")),
        }
    }
}

/// Writes the document of errors; without errors, that of a successful check.
///
/// # Errors
///
/// The errors of `out`.
pub fn write_errors(errors: &[Located], exit_code: u8, out: &mut dyn Write) -> io::Result<()> {
    text::json::to_writer(&mut *out, &ErrorDocument { errors, exit_code })?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(error: &Error) -> String {
        let mut out = Vec::new();
        error.write_json(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_error_is_a_document_with_its_place_its_causes_and_what_to_do() {
        let error = Error::usage("x.plan is no plan")
            .at("x.plan", Some(3))
            .caused_by(io::Error::other("no \u{1b} JSON"))
            .hint("make a new one")
            .hint("or look at it");
        insta::assert_snapshot!(document(&error), @r#"{"errors":[{"file":"x.plan","line":3,"column":null,"message":"x.plan is no plan","causes":["no \u001b JSON"],"help":"make a new one\nor look at it"}],"exit_code":64}"#);
        let error = Error::failed("there is no token");
        insta::assert_snapshot!(document(&error), @r#"{"errors":[{"file":null,"line":null,"column":null,"message":"there is no token","causes":[],"help":null}],"exit_code":1}"#);
    }

    #[test]
    fn mistakes_in_files_stand_for_the_error() {
        let mistake = |line| Located {
            place: FilePlace {
                file: Some("p.yaml".to_owned()),
                line: Some(line),
                column: Some(1),
            },
            message: "unknown key `nam`".to_owned(),
            causes: Vec::new(),
            help: Some("did you mean `name`?".to_owned()),
        };
        let mut error = Error::failed("p.yaml has 2 mistakes");
        error.mistakes = vec![mistake(2), mistake(3)];
        insta::assert_snapshot!(document(&error), @r#"{"errors":[{"file":"p.yaml","line":2,"column":1,"message":"unknown key `nam`","causes":[],"help":"did you mean `name`?"},{"file":"p.yaml","line":3,"column":1,"message":"unknown key `nam`","causes":[],"help":"did you mean `name`?"}],"exit_code":1}"#);
    }
}
