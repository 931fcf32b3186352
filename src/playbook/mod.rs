//! The playbook: from YAML to checked data, every mistake reported at once.

mod model;

pub use model::{Allow, Entities, EntityRef, Expect, Guards, Playbook, Rejected, Select, Source};
