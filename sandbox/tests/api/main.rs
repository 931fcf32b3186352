//! The sandbox over the wire, as a client sees it.

mod client;
mod tasks;
mod v2;
