//! Tells the program what it is built from, for `--version --verbose`.
//!
//! The commit is the one in the variable `WF_BULK_COMMIT`, or the one that `cargo package` has noted, or that of the checkout. A debug build
//! does not ask for the last, since it would then be built again after each commit.

use std::{env, fs, path::Path, process::Command};

/// What `cargo package` writes into a package.
const PACKAGED: &str = ".cargo_vcs_info.json";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=WF_BULK_COMMIT");
    let commit = env::var("WF_BULK_COMMIT")
        .ok()
        .or_else(packaged)
        .or_else(checked_out)
        .unwrap_or_else(|| "unknown".to_owned());
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let rustc = said(&rustc, &["--version"]).unwrap_or_else(|| "unknown".to_owned());
    let target = env::var("TARGET").unwrap_or_else(|_| "unknown".to_owned());
    for (name, value) in [
        ("BUILT_FROM_COMMIT", &commit),
        ("BUILT_FOR_TARGET", &target),
        ("BUILT_WITH_FEATURES", &features()),
        ("BUILT_BY_RUSTC", &rustc),
    ] {
        let line = value.lines().next().unwrap_or_default();
        println!("cargo::rustc-env={name}={line}");
    }
}

fn features() -> String {
    let mut features: Vec<String> = env::vars()
        .filter_map(|(name, _)| Some(name.strip_prefix("CARGO_FEATURE_")?.to_lowercase()))
        .collect();
    features.sort();
    if features.is_empty() {
        "none".to_owned()
    } else {
        features.join(" ")
    }
}

/// The commit from which `cargo package` has made the package.
fn packaged() -> Option<String> {
    let text = fs::read_to_string(PACKAGED).ok()?;
    println!("cargo::rerun-if-changed={PACKAGED}");
    let commit = text.split("\"sha1\": \"").nth(1)?.split('"').next()?;
    Some(with_changes(commit, text.contains("\"dirty\": true")))
}

/// The commit of the checkout, if this package is the root of one.
fn checked_out() -> Option<String> {
    if env::var("PROFILE").ok()? != "release" {
        return None;
    }
    let root = said("git", &["rev-parse", "--show-toplevel"])?;
    let own = fs::canonicalize(env::var_os("CARGO_MANIFEST_DIR")?).ok()?;
    if fs::canonicalize(Path::new(&root)).ok()? != own {
        return None;
    }
    let log = said("git", &["rev-parse", "--git-path", "logs/HEAD"])?;
    for changed in ["src", "sandbox", "docs", "Cargo.toml", "Cargo.lock", &log] {
        println!("cargo::rerun-if-changed={changed}");
    }
    let commit = said("git", &["rev-parse", "HEAD"])?;
    let changes = said("git", &["status", "--porcelain", "--untracked-files=no"])?;
    Some(with_changes(&commit, !changes.is_empty()))
}

fn with_changes(commit: &str, is_changed: bool) -> String {
    let changes = if is_changed { ", with changes" } else { "" };
    format!("{commit}{changes}")
}

/// What a program prints; none if it is not there or fails.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
