//! What several tests share: doubles, and data that are made up. Compiled for tests alone; what one file of tests uses
//! stays beside it.

pub(crate) mod changes;
pub(crate) mod expressions;
pub(crate) mod lockstep;
pub(crate) mod played_transport;
pub(crate) mod samples;
pub(crate) mod simulated_service;
pub(crate) mod test_run;
