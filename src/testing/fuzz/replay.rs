//! Runs each property on the kept inputs, and on mutations of them.
//!
//! `WF_BULK_FUZZ_SECONDS` is the time for each target, else there are a few cases; `WF_BULK_FUZZ_SEED` is another seed.

use std::{
    env, fs, panic,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use fastrand::Rng;

use super::{Check, TARGETS, mutator::mutated};

/// Mutations of each target: `cargo test` stays fast.
const CASES: u64 = 40;

/// An input that takes longer is a finding. Each takes milliseconds, and the machine may be busy.
const SLOW: Duration = Duration::from_secs(10);

/// Bytes of an input that a message shows; the file has all of it.
const SHOWN: usize = 500;

/// Bytes of all kept inputs: they are in every clone.
const MOST_KEPT: usize = 300 << 10;

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is {text:?}, not a number")),
    )
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The kept inputs of a target with their files, in the order of their names.
fn kept(target: &str) -> (Vec<PathBuf>, Vec<Vec<u8>>) {
    let folder = root().join("fuzz/corpus").join(target);
    let files =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let inputs = files.iter().map(|file| fs::read(file).unwrap()).collect();
    (files, inputs)
}

/// Whether the property holds, soon enough; the words of a panic are on stderr already.
fn holds(check: Check, input: &[u8]) -> bool {
    let start = Instant::now();
    let ended = panic::catch_unwind(|| check(input));
    ended.is_ok() && start.elapsed() < SLOW
}

/// Keeps the input for a person.
fn found(target: &str, input: &[u8], from: &str) -> ! {
    let folder = root().join("target/fuzz");
    let file = folder.join(format!("{target}-{}", &crate::digest::sha256(input)[..12]));
    fs::create_dir_all(&folder).unwrap();
    fs::write(&file, input).unwrap();
    panic!(
        "{target} fails, or takes more than {SLOW:?}, on {from}.\nThe input is in {file}: {input}\nTo make it a case: mv {file} fuzz/corpus/{target}/",
        file = file.display(),
        input = input[..input.len().min(SHOWN)].escape_ascii(),
    );
}

#[expect(clippy::print_stderr, reason = "shown by `--nocapture`")]
fn run(target: &str) {
    let (_, check) = TARGETS
        .into_iter()
        .find(|(name, _)| *name == target)
        .unwrap();
    let (files, inputs) = kept(target);
    for (file, input) in files.iter().zip(&inputs) {
        if !holds(check, input) {
            found(target, input, &file.display().to_string());
        }
    }
    let seconds = number("WF_BULK_FUZZ_SECONDS");
    let seed = number("WF_BULK_FUZZ_SEED").unwrap_or(1);
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let goes_on = |case| end.map_or(case < CASES, |end| Instant::now() < end);
    let mut rng = Rng::with_seed(seed);
    let mut case = 0;
    while goes_on(case) {
        let input = &inputs[rng.usize(..inputs.len())];
        let input = mutated(input, &inputs, &mut rng);
        if !holds(check, &input) {
            found(
                target,
                &input,
                &format!("case {case} of WF_BULK_FUZZ_SEED={seed}"),
            );
        }
        case += 1;
    }
    eprintln!("{target}: {} kept inputs, {case} mutations", inputs.len());
}

#[test]
fn a_damaged_checkpoint_is_refused_or_read_as_a_prefix() {
    run("checkpoint");
}

#[test]
fn a_file_of_days_is_read_line_by_line_or_refused() {
    run("days");
}

#[test]
fn escaped_text_neither_acts_nor_hides_in_any_format() {
    run("escape");
}

#[test]
fn any_execution_is_planned_as_a_plan_that_can_be_read() {
    run("execution");
}

#[test]
fn the_faults_of_any_expression_stand_inside_of_it() {
    run("expression");
}

#[test]
fn what_is_accepted_as_an_id_stays_at_its_place_in_a_url() {
    run("id");
}

#[test]
fn an_accepted_plan_is_written_again_byte_for_byte() {
    run("plan");
}

#[test]
fn any_text_is_a_playbook_or_has_mistakes_at_its_lines() {
    run("playbook");
}

#[test]
fn an_answer_means_no_more_than_its_status_allows() {
    run("reply");
}

#[test]
fn no_header_makes_a_run_wait_longer_than_the_bounds() {
    run("retry_after");
}

#[test]
fn no_row_of_a_file_is_lost_without_a_word() {
    run("rows");
}

#[test]
fn no_signature_counts_for_other_bytes_and_each_wrong_line_of_signers_is_named() {
    run("signature");
}

#[test]
fn each_target_is_run_here_and_by_libfuzzer() {
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        assert!(include_str!("replay.rs").contains(&format!("run(\"{name}\");")));
        let file = format!("fuzz_targets/{name}.rs");
        let entry = format!("name = \"{name}\"\npath = \"{file}\"");
        assert!(manifest.contains(&entry), "{name}");
        let text = fs::read_to_string(root().join("fuzz").join(file)).unwrap();
        assert!(text.contains(&format!("::fuzz::{name}(data)")), "{name}");
    }
}

#[test]
fn the_kept_inputs_are_small() {
    let inputs = TARGETS.iter().flat_map(|(name, _)| kept(name).1);
    let bytes: usize = inputs.map(|input| input.len()).sum();
    assert!(bytes < MOST_KEPT, "{bytes} bytes in fuzz/corpus");
}
