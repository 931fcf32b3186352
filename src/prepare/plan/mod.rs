//! The plan: all changes, with absolute values, in a stable order.

mod admission;
mod blocks;
mod builder;
mod derive;
mod diff;
mod diff_header;
mod diff_left_out;
mod draft;
mod file;
mod forecast;
mod items;
mod line_rules;
mod lines;
mod look_at;
mod model;
mod readable;
mod reader;
mod recognise;
mod rederive;
mod undo;
mod verify;

pub use crate::action::{Effect, EntityWrite, Repeat};
pub use admission::{
    Circumstances, Done, EarlierRun, EarlierStanding, Refusal, RunKeeper, RunRecord, broken_guards,
    earlier_refusals, elsewhere, is_once, matters, refusals,
};
pub use blocks::CheckedBlocks;
pub use builder::{Builder, ReasonsUnread, target_of};
#[cfg(test)]
pub(crate) use derive::derived;
#[cfg(any(test, fuzzing))]
pub(crate) use derive::try_derived;
pub use diff::{Aspect, Difference, diff};
pub use diff_header::{HeaderDifference, header_differences};
pub use diff_left_out::{Fate, LeftOut, diff_left_out};
pub use file::{PlanError, PlanWriter};
pub use items::{ItemStream, KnownFile, PlanItems};
pub use model::{
    Change, Fields, FollowUp, Follows, Item, NumberedItem, PlanHeader, PlannedRequest, PlaybookRef,
    Rejection, Skip, Target, Trailer, Undo, VERSION,
};
pub use reader::PlanReader;
pub use recognise::{Recognised, recognise};
pub use undo::undo;
pub use verify::{ChangedField, Finding, reconciling, verify};
