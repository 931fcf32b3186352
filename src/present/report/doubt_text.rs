//! A change in doubt as text, for the person who is asked about it.

use std::io::{self, Write};

use super::words;
use crate::{checkpoint::CheckpointState, plan::Change, text::Untrusted};

/// Writes what the change was, when it was sent, what a look has shown, and what to look at.
///
/// # Errors
///
/// The errors of `out`.
pub fn write_doubt(
    out: &mut dyn Write,
    change: &Change,
    line: u64,
    state: &CheckpointState,
) -> io::Result<()> {
    let action = change.action.join(" + ");
    writeln!(
        out,
        "{}  {}",
        Untrusted(&action).terminal(),
        words::target(&change.target)
    )?;
    let fields: Vec<String> = change.writes().map(|(field, _, _)| field).collect();
    if !fields.is_empty() {
        writeln!(out, "    fields: {}", words::detail(&fields.join(", ")))?;
    }
    let (first, last) = (state.first_sent_at(line), state.sent_at(line));
    let sent = match (first, last) {
        (Some(first), Some(last)) if first != last => format!("first {first}, last {last}"),
        (_, Some(last)) => last.to_string(),
        (_, None) => "at an unknown time".to_owned(),
    };
    let met = state.last_answer(line);
    let met = met.map_or_else(String::new, |met| format!("; {}", words::detail(met)));
    writeln!(out, "    sent: {sent}{met}")?;
    if let Some(found) = state.found(line) {
        writeln!(out, "    seen: {}", words::doubt(found))?;
    }
    let look_at = change.look_at(last);
    writeln!(out, "    look: {}", words::detail(&look_at))
}
