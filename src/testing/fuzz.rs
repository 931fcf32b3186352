//! What must hold for every input, however it was made: a function for each reader of what somebody else has written, and for the escapers.
//!
//! Each takes any bytes and panics if a property does not hold. `cargo test` runs them on the kept inputs in `fuzz/corpus/` and on mutations
//! of these (`src/testing/fuzz/replay.rs`), libFuzzer as the targets of `fuzz/` (`just fuzz`).

mod clean;
mod days;
mod escape;
mod execution;
mod expression;
mod id;
#[cfg(test)]
mod mutator;
mod plan;
mod playbook;
#[cfg(test)]
mod replay;
mod reply;
mod retry_after;
mod rows;
mod scratch;
mod signature;

pub use self::{
    days::days, escape::escape, execution::execution, expression::expression, id::id, plan::plan,
    playbook::playbook, reply::reply, retry_after::retry_after, rows::rows, signature::signature,
};
pub use crate::checkpoint::fuzz::checkpoint;

/// Takes any input; panics if a property does not hold.
pub type Check = fn(&[u8]);

/// All of them, by the name of their folder in `fuzz/corpus/` and of their file in `fuzz/fuzz_targets/`.
pub const TARGETS: [(&str, Check); 12] = [
    ("checkpoint", checkpoint),
    ("days", days),
    ("escape", escape),
    ("execution", execution),
    ("expression", expression),
    ("id", id),
    ("plan", plan),
    ("playbook", playbook),
    ("reply", reply),
    ("retry_after", retry_after),
    ("rows", rows),
    ("signature", signature),
];

/// The number of lines, where each of these bytes ends one.
pub(crate) fn lines(data: &[u8], breaks: &[u8]) -> u64 {
    let pieces = data.split(|byte| breaks.contains(byte));
    pieces.count() as u64
}

/// Input as text.
fn text(data: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(data)
}
