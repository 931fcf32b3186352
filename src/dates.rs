//! Due dates as the API stores them, and arithmetic on them that keeps their form.

use jiff::tz::TimeZone;

/// A distance in calendar units, like `3 days`, `-2 weeks` or `1 month`.
#[derive(Clone, Debug, PartialEq)]
pub struct Distance {}

/// Why a text is no distance or no due date, or can't be moved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DateError {}

impl Distance {
    /// # Errors
    ///
    /// When `text` is not a number and a calendar unit.
    pub fn parse(_text: &str) -> Result<Self, DateError> {
        todo!()
    }
}

/// Moves a due date by a distance, on the wall clock of `zone`; the form (zone suffix, digits) stays.
///
/// # Errors
///
/// When `due` is none of the API's forms or leaves the calendar's range.
pub fn shift(_due: &str, _by: &Distance, _zone: &TimeZone) -> Result<String, DateError> {
    todo!()
}
