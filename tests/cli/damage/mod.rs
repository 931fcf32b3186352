//! Checkpoints that are not as they were written.

mod bytes;
mod resumed;
mod wreck;
