//! What goes wrong with single requests, scripted in the sandbox, and what a run must make of it.

mod actions;
mod cells;
mod findings;
mod matrix;
mod reads;
mod table;
