//! What a playbook can say: documents, expressions, dates, actions, and the checks of them all.

pub mod action;
pub mod dates;
pub mod document;
pub mod playbook;
pub mod template;
