//! The plan: what would be changed, absolute and stable.

mod admission;
mod builder;
mod diff;
mod file;
mod items;
mod look_at;
mod model;

pub use crate::action::{Effect, Repeat};
pub use admission::{Circumstances, EarlierRun, EarlierStanding, Refusal, refusals};
pub use builder::{Builder, ReasonsUnread, target_of};
pub use diff::{Aspect, Difference, HeaderDifference, decides, diff, header_differences};
pub use file::{PlanError, Reader, Writer};
pub use items::{Items, KnownFile};
pub use model::{
    Change, Fields, Header, Item, Line, PlaybookRef, Rejection, Request, Skip, Target, Trailer,
    Undo, VERSION,
};
