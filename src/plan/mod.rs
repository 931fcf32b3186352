//! The plan: what would be changed, absolute and stable.

mod model;

pub use model::{
    Change, Effect, Fields, Header, Item, Line, PlaybookRef, Rejection, Repeat, Request, Skip,
    Target, Trailer, Undo, VERSION,
};
