use std::{collections::BTreeSet, fs};

use futures::executor::block_on;
use tempfile::TempDir;

use super::*;
use crate::{
    checkpoint::{CheckpointHeader, Detail, Record},
    digest::sha256,
    store::{
        StateDir,
        settings::tests::{plan_of, settings},
        state_dir::tests::id,
    },
};

mod altered;

/// Creates a run as `launch` does.
fn create(state_dir: &StateDir, millis: i64) -> (RunFolder, lock::Lock) {
    let mut settings = settings(id(millis));
    settings.in_history = true;
    settings.plan_sha256 = sha256(plan_of(&settings));
    let header =
        CheckpointHeader::new(settings.run.to_string(), settings.plan_sha256.clone(), 4, 2);
    let draft = state_dir.draft(settings.run).unwrap();
    draft.copy_plan(plan_of(&settings).as_bytes()).unwrap();
    draft.commit(&settings, &header).unwrap()
}

fn record(folder: &RunFolder, record: Record) {
    let snapshot = Checkpoint::read(&folder.checkpoint()).unwrap();
    let mut opened = Checkpoint::open(&folder.checkpoint(), &snapshot.header, 0).unwrap();
    block_on(opened.checkpoint.append(record).unwrap()).unwrap();
    opened.checkpoint.close().unwrap();
}

fn finish(state_dir: &StateDir, folder: &RunFolder) {
    record(folder, Record::Finished { at: 9 });
    state_dir.history().ended(folder).unwrap();
}

/// Three runs that have ended.
fn three() -> (TempDir, StateDir, Vec<RunFolder>) {
    let home = tempfile::tempdir().unwrap();
    let state_dir = StateDir::new(home.path().join(".wf-bulk"));
    let runs: Vec<RunFolder> = (1..=3).map(|millis| create(&state_dir, millis).0).collect();
    finish(&state_dir, &runs[0]);
    let reason = Detail::new("a user abandoned the run");
    record(&runs[1], Record::Abandoned { at: 10, reason });
    state_dir.history().ended(&runs[1]).unwrap();
    finish(&state_dir, &runs[2]);
    (home, state_dir, runs)
}

fn findings(state_dir: &StateDir) -> Vec<String> {
    let check = state_dir.check_history().unwrap();
    check.findings.iter().map(ToString::to_string).collect()
}

fn notes(state_dir: &StateDir) -> Vec<HistoryNote> {
    let check = state_dir.check_history().unwrap();
    assert_eq!(check.findings, []);
    check.notes
}

/// Every file that the check is about, with what a finding about it names.
fn files(state_dir: &StateDir, runs: &[RunFolder]) -> Vec<(PathBuf, String, String)> {
    let mut files: Vec<_> = ["history.jsonl", "history.head"]
        .map(|name| {
            (
                state_dir.path().join(name),
                String::new(),
                "history.".to_owned(),
            )
        })
        .into();
    for run in runs {
        for name in [PLAN, SETTINGS, CHECKPOINT] {
            files.push((run.path().join(name), run.id().to_string(), name.to_owned()));
        }
    }
    files
}

#[test]
fn every_byte_that_is_changed_removed_or_added_in_a_small_history_is_found_with_its_run_and_file() {
    let (_home, state_dir, runs) = three();
    assert_eq!(notes(&state_dir), []);
    let check = state_dir.check_history().unwrap();
    assert_eq!((check.records, check.compared), (6, 3));
    let [history, head] = kept(&state_dir).map(Option::unwrap);
    assert_eq!(read_chain(&history, Some(&head)).faults, []);
    for (whole, is_history) in [(&history, true), (&head, false)] {
        let try_it = |bytes: &[u8], what: &str| {
            let chain = if is_history {
                read_chain(bytes, Some(&head))
            } else {
                read_chain(&history, Some(bytes))
            };
            assert_ne!(chain.faults, [], "{what} {is_history}");
        };
        for place in 0..whole.len() {
            for bit in 0..8 {
                let mut changed = whole.clone();
                changed[place] ^= 1 << bit;
                try_it(&changed, &format!("change at {place}"));
            }
            let mut changed = whole.clone();
            let byte = changed.remove(place);
            try_it(&changed, &format!("removal at {place}"));
            changed.insert(place, byte);
            changed.insert(place, b'0');
            try_it(&changed, &format!("addition at {place}"));
        }
        try_it(&[&whole[..], b"x"].concat(), "addition at the end");
    }
    for (path, run, file) in files(&state_dir, &runs) {
        let whole = fs::read(&path).unwrap();
        // The history as a whole was looked at above; here it is read as the command reads it.
        let step = if run.is_empty() { 301 } else { 1 };
        for place in (0..whole.len()).step_by(step) {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            fs::write(&path, changed).unwrap();
            let found = findings(&state_dir);
            let is_named = found
                .iter()
                .any(|found| found.contains(&run) && found.contains(&file));
            assert!(is_named, "{place} of {}: {found:?}", path.display());
        }
        fs::write(&path, &whole).unwrap();
        assert_eq!(notes(&state_dir), []);
    }
}

#[test]
fn every_line_file_and_folder_that_is_removed_is_found_and_two_lines_that_change_places() {
    let (_home, state_dir, runs) = three();
    let history = state_dir.history().file();
    let whole = fs::read_to_string(&history).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let mut mutants: Vec<String> = Vec::new();
    for from in 0..lines.len() {
        for to in from + 1..=lines.len() {
            mutants.push([&lines[..from], &lines[to..]].concat().concat());
        }
        if from > 0 {
            let mut swapped = lines.clone();
            swapped.swap(from - 1, from);
            mutants.push(swapped.concat());
            let mut doubled = lines.clone();
            doubled.insert(from, lines[from]);
            mutants.push(doubled.concat());
        }
    }
    for mutant in mutants {
        fs::write(&history, &mutant).unwrap();
        assert_ne!(findings(&state_dir), [""; 0], "{mutant}");
    }
    fs::write(&history, &whole).unwrap();
    for (path, run, file) in files(&state_dir, &runs) {
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let found = findings(&state_dir);
        let is_named = found
            .iter()
            .any(|found| found.contains(&run) && found.contains(&file));
        assert!(is_named, "{}: {found:?}", path.display());
        fs::write(&path, bytes).unwrap();
    }
    for run in &runs {
        let aside = state_dir.path().join("aside");
        fs::rename(run.path(), &aside).unwrap();
        let missing = format!("run {}: its folder is missing", run.id());
        assert_eq!(findings(&state_dir), [missing]);
        fs::rename(&aside, run.path()).unwrap();
    }
    assert_eq!(notes(&state_dir), []);
}

#[test]
fn a_history_that_was_removed_or_begun_anew_is_missed_by_the_runs_that_sent_something() {
    let (_home, state_dir, runs) = three();
    let history = state_dir.history();
    let last = state_dir.check_history().unwrap().last.unwrap();
    fs::remove_file(history.file()).unwrap();
    fs::remove_file(history.head()).unwrap();
    assert_eq!(findings(&state_dir).len(), 3);
    let (fourth, _lock) = create(&state_dir, 4);
    finish(&state_dir, &fourth);
    assert_eq!(findings(&state_dir).len(), 3);
    // Who removes the runs, too, is only found by a digest that was kept elsewhere.
    for run in runs {
        fs::remove_dir_all(run.path()).unwrap();
    }
    let check = state_dir.check_history().unwrap();
    assert_eq!(check.findings, []);
    assert!(matches!(
        &check.expecting(&last).findings[..],
        [HistoryFinding::Unexpected { digest }] if *digest == last
    ));
}

#[test]
fn a_run_that_cannot_be_read_is_a_finding_if_the_history_does_not_know_it() {
    type Harm = fn(&RunFolder);
    let harms: [(&str, Harm); 3] = [
        ("other variables in the plan", |run| {
            let plan = fs::read_to_string(run.plan()).unwrap();
            fs::write(run.plan(), plan.replace("{}", r#"{"a":1}"#)).unwrap();
        }),
        ("no plan", |run| fs::remove_file(run.plan()).unwrap()),
        ("no settings", |run| {
            fs::remove_file(run.run_json()).unwrap();
        }),
    ];
    for (what, harm) in harms {
        let (_home, state_dir, runs) = three();
        put_back(&state_dir, &[None, None]);
        runs.iter().for_each(harm);
        let check = state_dir.check_history().unwrap();
        assert_eq!((check.findings.len(), check.compared), (3, 0), "{what}");
        for (finding, run) in check.findings.iter().zip(&runs) {
            let start = format!("run {}: not in the history, and can't be read", run.id());
            assert!(finding.to_string().starts_with(&start), "{what}: {finding}");
        }
    }
}

#[test]
fn a_digest_that_was_kept_elsewhere_is_found_again_when_the_history_has_grown() {
    let (_home, state_dir, _runs) = three();
    let last = state_dir.check_history().unwrap().last.unwrap();
    let (fourth, _lock) = create(&state_dir, 4);
    finish(&state_dir, &fourth);
    let check = state_dir.check_history().unwrap().expecting(&last);
    assert_eq!(check.findings, []);
    assert_ne!(check.last, Some(last));
}

/// Both files of the history.
fn kept(state_dir: &StateDir) -> [Option<Vec<u8>>; 2] {
    let history = state_dir.history();
    [history.file(), history.head()].map(|path| fs::read(path).ok())
}

fn put_back(state_dir: &StateDir, kept: &[Option<Vec<u8>>; 2]) {
    let history = state_dir.history();
    for (path, bytes) in [history.file(), history.head()].iter().zip(kept) {
        match bytes {
            Some(bytes) => fs::write(path, bytes).unwrap(),
            None => drop(fs::remove_file(path)),
        }
    }
}

/// For the first record and for a later one.
#[test]
fn a_process_that_dies_at_any_byte_of_a_record_is_no_finding_and_the_next_record_is_right() {
    for runs_before in [0_u32, 2] {
        let home = tempfile::tempdir().unwrap();
        let state_dir = StateDir::new(home.path().join(".wf-bulk"));
        for millis in 1..=runs_before {
            drop(create(&state_dir, i64::from(millis)));
        }
        let before = kept(&state_dir);
        let (run, _lock) = create(&state_dir, 5);
        let after = kept(&state_dir);
        let settings = run.settings().unwrap();
        let old = before[0].clone().unwrap_or_default();
        let new = after[0].clone().unwrap();
        for end in old.len()..=new.len() {
            put_back(
                &state_dir,
                &[Some(new[..end].to_owned()), before[1].clone()],
            );
            let found = notes(&state_dir);
            let is_known = end == new.len();
            let expected = HistoryNote::NotInHistory { run: run.id() };
            assert_eq!(found.contains(&expected), !is_known, "{end}");
            let is_torn = end > old.len() && !is_known;
            assert_eq!(found.contains(&HistoryNote::Torn), is_torn, "{end}");
            // Its session goes on.
            state_dir.history().created(&run, &settings).unwrap();
            assert_eq!(notes(&state_dir), [], "{end}");
            assert_eq!(
                state_dir.check_history().unwrap().compared,
                u64::from(runs_before) + 1
            );
        }
    }
}

#[test]
fn what_a_process_leaves_that_dies_between_two_writes_is_a_note_and_the_next_session_completes_it()
{
    let home = tempfile::tempdir().unwrap();
    let state_dir = StateDir::new(home.path().join(".wf-bulk"));
    let (run, lock) = create(&state_dir, 1);
    let id = run.id();
    record(&run, Record::Finished { at: 9 });
    assert_eq!(notes(&state_dir), [HistoryNote::EndNotRecorded { run: id }]);
    state_dir.history().ended(&run).unwrap();
    assert_eq!(notes(&state_dir), []);
    // Once is enough, whoever shows its result again.
    let records = kept(&state_dir);
    state_dir.history().ended(&run).unwrap();
    assert_eq!(kept(&state_dir), records);

    state_dir.history().pruned(id).unwrap();
    assert_eq!(notes(&state_dir), [HistoryNote::NotDeleted { run: id }]);
    state_dir.prune(&run, lock).unwrap();
    assert_eq!(notes(&state_dir), []);
    assert!(!run.path().exists());
    assert_eq!(state_dir.list().unwrap().runs.len(), 0);
}

#[test]
fn damage_is_no_obstacle_to_a_new_run_and_does_not_heal() {
    type Harm = fn(&History);
    let harms: [(&str, Harm); 4] = [
        ("a line", |history| {
            let text = fs::read_to_string(history.file()).unwrap();
            fs::write(history.file(), text.replacen("created", "Created", 1)).unwrap();
        }),
        ("the last line", |history| {
            let text = fs::read_to_string(history.file()).unwrap();
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            fs::write(history.file(), lines[..lines.len() - 1].concat()).unwrap();
        }),
        ("the last line break", |history| {
            let text = fs::read_to_string(history.file()).unwrap();
            fs::write(history.file(), format!("{}x", text.trim_end())).unwrap();
        }),
        ("all lines", |history| {
            fs::write(history.file(), "").unwrap();
        }),
    ];
    for (what, harm) in harms {
        let (_home, state_dir, _runs) = three();
        harm(&state_dir.history());
        assert_ne!(findings(&state_dir), [""; 0], "{what}");
        let (fourth, _lock) = create(&state_dir, 4);
        finish(&state_dir, &fourth);
        assert_ne!(findings(&state_dir), [""; 0], "{what}");
        let check = state_dir.check_history().unwrap();
        let about = format!("run {}", fourth.id());
        let of_it = check
            .findings
            .iter()
            .any(|found| found.to_string().contains(&about));
        assert!(!of_it, "{what}: {:?}", check.findings);
    }
}

#[test]
fn processes_that_write_at_the_same_time_make_one_chain() {
    let home = tempfile::tempdir().unwrap();
    let state_dir = StateDir::new(home.path().join(".wf-bulk"));
    std::thread::scope(|scope| {
        for millis in 1..=8 {
            let state_dir = &state_dir;
            scope.spawn(move || {
                let (run, _lock) = create(state_dir, millis);
                finish(state_dir, &run);
            });
        }
    });
    assert_eq!(notes(&state_dir), []);
    let check = state_dir.check_history().unwrap();
    assert_eq!((check.records, check.compared), (16, 8));
    let history = fs::read_to_string(state_dir.history().file()).unwrap();
    let distinct: BTreeSet<&str> = history.lines().collect();
    assert_eq!(distinct.len(), 16);
}
