//! `--version --verbose`: what the program was built from. `build.rs` finds it out.

use std::ffi::OsString;

/// The version, and a line for each of commit, target, features and compiler.
const DETAILS: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit:   ",
    env!("BUILT_FROM_COMMIT"),
    "\ntarget:   ",
    env!("BUILT_FOR_TARGET"),
    "\nfeatures: ",
    env!("BUILT_WITH_FEATURES"),
    "\ncompiler: ",
    env!("BUILT_BY_RUSTC"),
);

/// The definition whose `--version` tells all of it, if the line asks for that.
pub(super) fn told(definition: clap::Command, line: &[OsString]) -> clap::Command {
    let is_verbose = |word: &OsString| {
        let word = word.to_str().unwrap_or_default();
        matches!(word, "-v" | "--verbose" | "-vV" | "-Vv")
    };
    if line.iter().any(is_verbose) {
        definition.version(DETAILS)
    } else {
        definition
    }
}
