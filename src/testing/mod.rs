//! What several tests share: doubles, and data that are made up. Compiled for tests and fuzzing alone; what one
//! file of tests uses stays beside it.

#[cfg(test)]
pub(crate) mod changes;
#[cfg_attr(not(test), expect(dead_code, reason = "fuzzing uses a part of it"))]
pub(crate) mod expressions;
pub mod fuzz;
#[cfg(test)]
pub(crate) mod lockstep;
#[cfg(test)]
pub(crate) mod played_transport;
#[cfg_attr(not(test), expect(dead_code, reason = "fuzzing uses a part of it"))]
pub(crate) mod samples;
#[cfg(test)]
pub(crate) mod simulated_service;
#[cfg(test)]
pub(crate) mod test_run;
