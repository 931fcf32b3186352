use futures::executor::block_on;
use jiff::Timestamp;

use super::*;
use crate::{
    checkpoint::{Checkpoint, CheckpointHeader, Record},
    store::settings::tests::{plan_of, settings},
};

/// The id of a run that starts in this millisecond.
pub(in crate::apply::store) fn id(millis: i64) -> RunId {
    RunId::new(Timestamp::from_millisecond(millis).unwrap(), [0; 10])
}

fn empty() -> (tempfile::TempDir, StateDir) {
    let home = tempfile::tempdir().unwrap();
    let state_dir = StateDir::new(home.path().join("a").join(".wf-bulk"));
    (home, state_dir)
}

fn add(state_dir: &StateDir, millis: i64, finished: bool) -> RunFolder {
    let settings = settings(id(millis));
    let header =
        CheckpointHeader::new(settings.run.to_string(), settings.plan_sha256.clone(), 4, 2);
    let draft = state_dir.draft(settings.run).unwrap();
    draft.copy_plan(plan_of(&settings).as_bytes()).unwrap();
    let (run, _lock) = draft.commit(&settings, &header).unwrap();
    if finished {
        let mut opened = Checkpoint::open(&run.checkpoint(), &header, 0).unwrap();
        let record = Record::Finished { at: 9 };
        block_on(opened.checkpoint.append(record).unwrap()).unwrap();
    }
    run
}

fn ids(listing: &RunListing) -> Vec<RunId> {
    listing.runs.iter().map(|run| run.folder.id()).collect()
}

#[test]
fn before_the_first_run_there_are_none_and_looking_makes_nothing() {
    let (_home, state_dir) = empty();
    assert!(state_dir.list().unwrap().runs.is_empty());
    assert!(matches!(
        state_dir.find("01"),
        Err(StoreError::NotFound { .. })
    ));
    assert!(!state_dir.path().exists());
}

#[test]
fn the_folder_hides_itself_from_git() {
    let (_home, state_dir) = empty();
    add(&state_dir, 1, false);
    let ignore = fs::read_to_string(state_dir.path().join(".gitignore")).unwrap();
    assert_eq!(ignore, "*\n");
}

#[test]
fn runs_are_listed_newest_first_with_their_endings() {
    let (_home, state_dir) = empty();
    for (millis, finished) in [(2, false), (1, false), (3, true)] {
        add(&state_dir, millis, finished);
    }
    let listing = state_dir.list().unwrap();
    assert_eq!(ids(&listing), [id(3), id(2), id(1)]);
    assert_eq!(listing.runs[0].ending, Some(Ending::Finished { at: 9 }));
    for (told, expected) in [(true, id(2)), (false, id(3))] {
        let last = listing.newest_untold(|_| told, |_| false).unwrap();
        assert_eq!(last.folder.id(), expected);
    }
}

#[test]
fn what_cannot_be_read_is_reported_and_hides_nothing_else() {
    let (_home, state_dir) = empty();
    add(&state_dir, 1, false);
    let broken = add(&state_dir, 2, false);
    fs::write(broken.run_json(), "{").unwrap();
    let no_checkpoint = add(&state_dir, 3, false);
    fs::remove_file(no_checkpoint.checkpoint()).unwrap();
    let stranger = state_dir.runs().join("notes");
    fs::write(&stranger, "").unwrap();
    let renamed = add(&state_dir, 4, false);
    fs::rename(renamed.path(), state_dir.runs().join("old")).unwrap();
    let other_plan = add(&state_dir, 5, false);
    let text = fs::read_to_string(other_plan.run_json()).unwrap();
    fs::write(other_plan.run_json(), text.replace("ab12", "ab13")).unwrap();

    let listing = state_dir.list().unwrap();
    assert_eq!(ids(&listing), [id(1)]);
    let mut unreadable = listing.unreadable;
    unreadable[3..].sort_by_key(|run| run.error.is_some());
    let [changed, first, second, third, fourth] = &unreadable[..] else {
        panic!("{unreadable:?}");
    };
    assert_eq!(changed.path, other_plan.path());
    assert!(matches!(changed.error, Some(StoreError::Checkpoint(_))));
    assert_eq!(first.path, no_checkpoint.path());
    assert!(matches!(first.error, Some(StoreError::Checkpoint(_))));
    assert_eq!(second.path, broken.path());
    assert!(matches!(second.error, Some(StoreError::Settings { .. })));
    assert_eq!(third.path, stranger);
    assert!(third.error.is_none());
    assert!(matches!(fourth.error, Some(StoreError::Renamed { .. })));
}

#[test]
fn a_run_is_found_by_a_beginning_that_only_it_has() {
    let (_home, state_dir) = empty();
    for millis in [0x10, 0x11, 0x20] {
        add(&state_dir, millis, false);
    }
    let find = |prefix: &str| state_dir.find(prefix).map(|run| run.id());
    assert_eq!(find(&id(0x10).to_string()).unwrap(), id(0x10));
    assert_eq!(find("00000000-002").unwrap(), id(0x20));
    assert!(matches!(
        find("00000000-001"),
        Err(StoreError::Ambiguous { found, .. }) if found == [id(0x10), id(0x11)]
    ));
    assert!(matches!(
        find("1"),
        Err(StoreError::NotFound { prefix, .. }) if prefix == "1"
    ));
}

#[test]
fn a_draft_whose_process_died_is_cleared_away_and_a_living_one_is_not() {
    let (_home, state_dir) = empty();
    let living = state_dir.draft(id(1)).unwrap();
    let dead = state_dir.runs().join(format!("{DRAFT_PREFIX}{}", id(2)));
    let dead_at_once = state_dir.runs().join(format!("{DRAFT_PREFIX}{}", id(3)));
    fs::create_dir(&dead).unwrap();
    fs::write(dead.join("lock"), "").unwrap();
    fs::write(dead.join("plan"), "names").unwrap();
    fs::create_dir(&dead_at_once).unwrap();

    let _next = state_dir.draft(id(4)).unwrap();
    assert!(!dead.exists());
    assert!(!dead_at_once.exists());
    living.copy_plan(&b"plan"[..]).unwrap();
}

#[test]
fn an_end_that_was_only_added_to_a_checkpoint_hides_no_unfinished_run_and_a_recorded_end_is_enough()
{
    let (_home, state_dir) = empty();
    let run = add(&state_dir, 1, false);
    let ended = add(&state_dir, 2, true);
    state_dir.history().ended(&ended).unwrap();
    let append = |folder: &RunFolder, line: &str| {
        let text = fs::read_to_string(folder.checkpoint()).unwrap();
        fs::write(folder.checkpoint(), text + line).unwrap();
    };
    append(
        &run,
        "{\"seq\":999,\"record\":{\"finished\":{\"at\":1}},\"crc\":\"zzzzzzzz\"}\n",
    );
    // What the history has recorded is not read again.
    let text = fs::read_to_string(ended.checkpoint()).unwrap();
    fs::write(
        ended.checkpoint(),
        text.replacen("\"seq\":0", "\"seq\":7", 1),
    )
    .unwrap();
    let listing = state_dir.list().unwrap();
    assert_eq!(ids(&listing), [id(2)]);
    assert_eq!(listing.unreadable[0].path, run.path());
    assert!(matches!(
        listing.unreadable[0].error,
        Some(StoreError::Checkpoint(_))
    ));
}
