//! What is found in runs that were changed, and what is done with them.

use super::*;
use crate::store::Wait;

#[test]
fn a_run_with_records_that_is_in_no_history_is_found_whatever_its_settings_say_and_stays_so() {
    let home = tempfile::tempdir().unwrap();
    let state_dir = StateDir::new(home.path().join(".wf-bulk"));
    let (run, _lock) = create(&state_dir, 1);
    put_back(&state_dir, &[None, None]);
    let outside = [HistoryNote::NotInHistory { run: run.id() }];
    assert_eq!(notes(&state_dir), outside);
    record(&run, started());
    let settings = fs::read_to_string(run.run_json()).unwrap();
    let edited = settings.replace("\"in_history\": true", "\"in_history\": false");
    fs::write(run.run_json(), edited).unwrap();
    let missing = format!(
        "run {}: it is missing in the history, which was removed or written again, unless the run is of a version without a history",
        run.id()
    );
    assert_eq!(findings(&state_dir), std::slice::from_ref(&missing));
    // A session that goes on with it says nothing of what was before.
    let settings = run.settings().unwrap();
    state_dir.history().created(&run, &settings).unwrap();
    state_dir.history().ended(&run).unwrap();
    assert_eq!(findings(&state_dir), [missing]);
}

fn started() -> Record {
    Record::Started {
        line: 2,
        attempt: 1,
        at: 1,
    }
}

fn replaced(bytes: &[u8]) -> Vec<u8> {
    let text = str::from_utf8(bytes).unwrap();
    text.replacen("started", "Started", 1).into_bytes()
}

#[test]
fn the_checkpoint_of_a_run_that_has_not_ended_must_be_there_whole_and_of_this_run() {
    let home = tempfile::tempdir().unwrap();
    let state_dir = StateDir::new(home.path().join(".wf-bulk"));
    let (run, _lock) = create(&state_dir, 1);
    let (other, _other_lock) = create(&state_dir, 2);
    record(&run, started());
    assert_eq!(notes(&state_dir), []);
    let path = run.checkpoint();
    let whole = fs::read(&path).unwrap();
    let forged_end = br#"{"seq":999,"record":{"finished":{"at":1}},"crc":"zzzzzzzz"}"#;
    let harms: [(Option<Vec<u8>>, &str); 4] = [
        (None, "checkpoint.jsonl is missing"),
        (
            Some([&whole[..], forged_end, b"\n"].concat()),
            "checkpoint.jsonl can't be used",
        ),
        (Some(replaced(&whole)), "checkpoint.jsonl can't be used"),
        (
            Some(fs::read(other.checkpoint()).unwrap()),
            "checkpoint.jsonl was changed",
        ),
    ];
    for (bytes, expected) in harms {
        match bytes {
            None => fs::remove_file(&path).unwrap(),
            Some(bytes) => fs::write(&path, bytes).unwrap(),
        }
        let found = findings(&state_dir);
        assert_eq!(found.len(), 1, "{expected}: {found:?}");
        let expected = format!("run {}: {expected}", run.id());
        assert!(found[0].starts_with(&expected), "{found:?}");
    }
    fs::write(&path, whole).unwrap();
    assert_eq!(notes(&state_dir), []);
}

#[test]
fn a_signature_that_was_added_is_found() {
    let (_home, state_dir, runs) = three();
    fs::write(runs[0].path().join(SIGNATURE), "x").unwrap();
    let added = format!(
        "run {}: plan.sig was added after the run was created",
        runs[0].id()
    );
    assert_eq!(findings(&state_dir), [added]);
}

#[test]
fn what_is_no_file_or_no_folder_any_more_is_found_beside_all_else() {
    let (_home, state_dir, runs) = three();
    fs::remove_file(runs[0].plan()).unwrap();
    fs::create_dir(runs[0].plan()).unwrap();
    fs::remove_dir_all(runs[1].path()).unwrap();
    fs::write(runs[1].path(), "").unwrap();
    fs::remove_file(runs[2].checkpoint()).unwrap();
    let found = findings(&state_dir);
    let expected = [
        (&runs[0], "plan can't be used: "),
        (&runs[1], "its folder is missing"),
        (&runs[2], "checkpoint.jsonl is missing"),
    ];
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, (run, what)) in found.iter().zip(expected) {
        let expected = format!("run {}: {what}", run.id());
        assert!(found.starts_with(&expected), "{found}");
    }
}

#[test]
fn the_folder_of_a_pruned_run_is_still_compared() {
    let (_home, state_dir, runs) = three();
    state_dir.history().pruned(runs[0].id()).unwrap();
    let kept = HistoryNote::NotDeleted { run: runs[0].id() };
    assert_eq!(notes(&state_dir), [kept]);
    fs::write(runs[0].plan(), "other").unwrap();
    let changed = format!("run {}: plan was changed", runs[0].id());
    assert_eq!(findings(&state_dir), [changed]);
}

#[test]
fn something_under_the_name_of_a_deleted_run_does_not_stop_prune() {
    let (_home, state_dir, runs) = three();
    let id = runs[0].id();
    let planted = state_dir.path().join(format!("runs/.tmp-{id}"));
    fs::create_dir(&planted).unwrap();
    fs::write(planted.join("x"), "").unwrap();
    let lock = runs[0].lock(Wait::Refuse).unwrap();
    state_dir.prune(&runs[0], lock).unwrap();
    assert!(!runs[0].path().exists() && !planted.exists());
    assert_eq!(notes(&state_dir), []);
}

#[test]
fn of_many_damaged_lines_a_hundred_are_named_and_the_others_are_counted() {
    let (_home, state_dir, _runs) = three();
    let history = state_dir.history();
    let whole = fs::read(history.file()).unwrap();
    let padded = [&whole[..], &b"\n".repeat(4_000_000)].concat();
    fs::write(history.file(), padded).unwrap();
    let found = findings(&state_dir);
    assert_eq!(found.len(), 101);
    assert_eq!(
        found.last().unwrap(),
        "history.jsonl: 3999900 more faults like these"
    );
}

/// A report, as a session writes it.
fn report(folder: &RunFolder, finished: bool, stopped: &str) {
    let text = format!(r#"{{"problems":[{{"a":1}}],"finished":{finished},"stopped":{stopped}}}"#);
    fs::write(folder.report(), text).unwrap();
}

#[test]
fn a_recorded_end_that_was_removed_with_its_digest_in_the_head_is_found_by_the_report_of_the_run() {
    let (_home, state_dir, runs) = three();
    let last = &runs[2];
    let [history, head] = kept(&state_dir).map(Option::unwrap);
    let text = String::from_utf8(history.clone()).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let history_file = state_dir.path().join("history.jsonl");
    let head_file = state_dir.path().join("history.head");
    let without_last = lines[..lines.len() - 1].concat();
    let chain = read_chain(without_last.as_bytes(), None);
    let remove = || {
        fs::write(&history_file, &without_last).unwrap();
        fs::write(&head_file, format!("{}\n", chain.last.as_deref().unwrap())).unwrap();
    };
    remove();
    let run = last.id();
    let no_finding = [HistoryNote::EndNotRecorded { run }];
    // A process may have died here: there is no report, or one of an earlier session.
    assert_eq!(notes(&state_dir), no_finding);
    report(last, false, r#"{"reason":"interrupted","message":""}"#);
    assert_eq!(notes(&state_dir), no_finding);
    let found = vec![format!(
        "run {run}: its report says that it has ended, and the record of its end is missing in the history"
    )];
    for (finished, stopped) in [
        (true, "null"),
        (false, r#"{"reason":"abandoned","message":""}"#),
    ] {
        report(last, finished, stopped);
        assert_eq!(findings(&state_dir), found);
        // A new record would hide that.
        state_dir.history().ended(last).unwrap();
        assert_eq!(findings(&state_dir), found);
    }
    // The last record of the checkpoint was removed, too.
    let checkpoint = fs::read_to_string(last.checkpoint()).unwrap();
    let records: Vec<&str> = checkpoint.split_inclusive('\n').collect();
    fs::write(last.checkpoint(), records[..records.len() - 1].concat()).unwrap();
    assert_eq!(findings(&state_dir), found);

    fs::write(last.checkpoint(), checkpoint).unwrap();
    fs::write(&history_file, history).unwrap();
    fs::write(&head_file, head).unwrap();
    assert_eq!(findings(&state_dir), [""; 0]);
}
