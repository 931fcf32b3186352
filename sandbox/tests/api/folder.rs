//! The data folder: what survives, what is refused.

use std::{fs, io::Write as _, path::Path};

use jiff::civil::date;
use serde_json::{Value, json};
use wf_bulk_sandbox::{FolderOptions, Sandbox, SandboxError, reset};

use crate::client::{EPOCH, Served, flow_path};

fn wanted() -> FolderOptions {
    FolderOptions {
        executions: Some(120),
        automations_take: crate::client::LONG,
        ..FolderOptions::new(EPOCH)
    }
}

async fn open(folder: &Path) -> Served {
    Served::new(Sandbox::open(folder, wanted()).unwrap()).await
}

fn refused(folder: &Path, wanted: FolderOptions) -> SandboxError {
    match Sandbox::open(folder, wanted) {
        Err(error) => error,
        Ok(sandbox) => panic!("{sandbox:?} was opened"),
    }
}

#[tokio::test]
async fn effects_survive_a_restart_and_the_ledger_counts_on() {
    let folder = tempfile::tempdir().unwrap();
    let served = open(folder.path()).await;
    let flows = served.flows().await;
    let (changed, removed) = (flow_path(&flows[0]), flows[1]["id"].as_str().unwrap());
    let phase = flows[0]["phases"][0]["id"].as_str().unwrap();
    served
        .patch(&changed, &json!({"assigned_to": ["10020"]}))
        .await;
    served
        .patch(
            &format!("{changed}/phases/{phase}"),
            &json!({"name": "Neu"}),
        )
        .await;
    served
        .send("DELETE", &format!("/_sandbox/execution/{removed}"), "", "")
        .await;
    let before = served.get(&changed).await.json();
    let ledger = served.ledger().await;
    served.stop().await;

    let served = open(folder.path()).await;
    let after = served.ledger().await;
    assert_eq!(after["effects"], ledger["effects"]);
    assert_eq!(after["effects"].as_array().unwrap().len(), 3);
    assert_eq!(after["requests"], json!([]));
    assert_eq!(served.get(&changed).await.json(), before);
    assert_eq!(served.get(&flow_path(&flows[1])).await.status, 404);
    served.patch(&changed, &json!({})).await;
    let effects = served.ledger().await["effects"].clone();
    let seqs: Vec<u64> = effects
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(seqs, [1, 2, 3, 4]);
    let requests: Vec<Option<u64>> = effects
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["request"].as_u64())
        .collect();
    assert!(
        requests[3] > requests[1] && requests[2].is_none(),
        "{requests:?}"
    );
}

#[tokio::test]
async fn an_effect_is_in_the_log_when_its_answer_comes() {
    let folder = tempfile::tempdir().unwrap();
    let served = open(folder.path()).await;
    let path = flow_path(&served.flows().await[0]);
    for count in 1..=3 {
        served.patch(&path, &json!({})).await;
        let log = fs::read_to_string(folder.path().join("effects.jsonl")).unwrap();
        assert_eq!(log.lines().count(), count);
        assert!(log.ends_with('\n'));
        let line: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
        assert_eq!(line["kind"], "patch_flow");
    }
}

#[tokio::test]
async fn a_torn_last_line_is_cut_off_and_other_damage_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let served = open(folder.path()).await;
    let path = flow_path(&served.flows().await[0]);
    served.patch(&path, &json!({"assigned_to": ["1"]})).await;
    served.stop().await;
    let log = folder.path().join("effects.jsonl");
    let whole = fs::read(&log).unwrap();
    let append = |text: &[u8]| {
        fs::OpenOptions::new()
            .append(true)
            .open(&log)
            .unwrap()
            .write_all(text)
            .unwrap();
    };
    append(&whole[..whole.len() / 2]);

    let served = open(folder.path()).await;
    assert_eq!(served.effects().await, 1);
    served.patch(&path, &json!({"assigned_to": ["2"]})).await;
    served.stop().await;
    let served = open(folder.path()).await;
    assert_eq!(served.effects().await, 2);
    assert_eq!(served.get(&path).await.json()["assigned_to"], json!(["2"]));
    served.stop().await;

    append(b"{\"seq\": 3}\n");
    match refused(folder.path(), wanted()) {
        SandboxError::Damaged { line: 3, .. } => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_process_at_a_time_has_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = Sandbox::open(folder.path(), wanted()).unwrap();
    let error = refused(folder.path(), wanted());
    assert!(matches!(error, SandboxError::Locked { .. }), "{error:?}");
    assert!(
        error.to_string().contains("wait until it has ended"),
        "{error}"
    );
    assert!(matches!(
        reset(folder.path()),
        Err(SandboxError::Locked { .. })
    ));
    drop(first);
    assert!(Sandbox::open(folder.path(), wanted()).is_ok());
}

#[test]
fn a_folder_stays_with_what_it_was_made_from_until_it_is_reset() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!reset(folder.path()).unwrap(), "there is nothing yet");
    drop(Sandbox::open(folder.path(), wanted()).unwrap());
    let other = date(2027, 1, 1);
    let plain = FolderOptions::new(other);
    for (asked, what) in [
        (
            FolderOptions {
                seed: Some(1),
                ..plain.clone()
            },
            "the seed 4711, not 1",
        ),
        (
            FolderOptions {
                epoch: Some(other),
                ..plain.clone()
            },
            "the epoch 2026-12-01, not 2027-01-01",
        ),
        (
            FolderOptions {
                executions: Some(6),
                ..plain.clone()
            },
            "the number of executions 120, not 6",
        ),
    ] {
        let error = refused(folder.path(), asked).to_string();
        assert!(
            error.contains(what) && error.contains("sandbox reset"),
            "{error}"
        );
    }
    drop(Sandbox::open(folder.path(), plain.clone()).unwrap());
    assert!(reset(folder.path()).unwrap());
    assert!(!reset(folder.path()).unwrap());
    let again = FolderOptions {
        seed: Some(1),
        ..plain
    };
    assert!(Sandbox::open(folder.path(), again).is_ok());
}

#[test]
fn a_folder_of_an_earlier_version_is_refused_with_what_to_do_and_can_be_reset() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("sandbox.json");
    let earlier = r#"{"seed":4711,"epoch":"2026-12-01","executions":120}"#;
    fs::write(&settings, earlier).unwrap();
    let line = r#"{"seq":1,"request":1,"unix_ms":0,"kind":"patch_flow","execution":"e","target":"e","fields":{}}"#;
    fs::write(folder.path().join("effects.jsonl"), format!("{line}\n")).unwrap();
    let error = refused(folder.path(), wanted());
    assert!(
        matches!(error, SandboxError::OtherVersion { .. }),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("wf-bulk sandbox reset"),
        "{error}"
    );
    assert_eq!(
        fs::read_to_string(&settings).unwrap(),
        earlier,
        "it stays as it is"
    );
    assert!(reset(folder.path()).unwrap());
    assert!(Sandbox::open(folder.path(), wanted()).is_ok());
}

#[cfg(unix)]
#[test]
fn only_the_user_may_read_the_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("sandbox");
    let _sandbox = Sandbox::open(&folder, wanted()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let mut names = Vec::new();
    for file in fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        names.push(path.file_name().unwrap().to_owned());
    }
    names.sort();
    assert_eq!(names, ["effects.jsonl", "lock", "sandbox.json"]);
}
