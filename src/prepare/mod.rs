//! From a playbook to a plan: what is selected, what changes, the file that is reviewed.

pub mod plan;
pub mod planning;
pub mod selection;
pub mod target;
