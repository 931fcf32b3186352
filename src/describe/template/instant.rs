//! Instants and spans as values of expressions.

use std::{cmp::Ordering, fmt, sync::Arc};

use jiff::{ZonedDateTime, fmt::temporal::DateTimePrinter};
use minijinja::value::{DynObject, Object, ObjectRepr, Value};

use crate::dates::Distance;

/// A moment, shown in the playbook's zone as ISO 8601 with the zone's offset: `2026-12-01T09:00:00+01:00`.
#[derive(Debug)]
pub(super) struct Instant(pub(super) ZonedDateTime);

/// A distance on the calendar, shown as `3 days`.
#[derive(Debug)]
pub(super) struct CalendarSpan(pub(super) Distance);

impl Instant {
    /// As people read it: without the fraction of a second.
    pub(super) fn in_whole_seconds(&self) -> String {
        self.written(&DateTimePrinter::new().precision(Some(0)))
    }

    fn written(&self, printer: &DateTimePrinter) -> String {
        printer.timestamp_with_offset_to_string(&self.0.timestamp(), self.0.offset())
    }
}

impl From<Instant> for Value {
    fn from(instant: Instant) -> Self {
        Self::from_object(instant)
    }
}

impl From<CalendarSpan> for Value {
    fn from(span: CalendarSpan) -> Self {
        Self::from_object(span)
    }
}

impl Object for Instant {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let other = other.downcast_ref::<Self>()?;
        Some(self.0.timestamp().cmp(&other.0.timestamp()))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written(&DateTimePrinter::new()))
    }
}

impl Object for CalendarSpan {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
