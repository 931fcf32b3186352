//! A JSON array whose entries are written as they come, one a line, so that none has to be kept.

use std::io::{self, Write};

use serde::Serialize;

use crate::text;

/// An array in an object.
pub(super) struct JsonList<'a> {
    out: &'a mut dyn Write,
    separator: &'static str,
}

impl<'a> JsonList<'a> {
    /// Writes the key.
    ///
    /// # Errors
    ///
    /// The errors of `out`.
    pub(super) fn new(out: &'a mut dyn Write, key: &str) -> io::Result<Self> {
        write!(out, "\"{key}\":[")?;
        Ok(Self {
            out,
            separator: "\n",
        })
    }

    /// # Errors
    ///
    /// The errors of the writer.
    pub(super) fn add(&mut self, entry: &impl Serialize) -> io::Result<()> {
        self.out.write_all(self.separator.as_bytes())?;
        self.separator = ",\n";
        text::json::to_writer(&mut *self.out, entry)?;
        Ok(())
    }

    /// Without this, the document is not valid JSON.
    ///
    /// # Errors
    ///
    /// The errors of the writer.
    pub(super) fn finish(self) -> io::Result<()> {
        self.out.write_all(b"\n]")
    }
}
