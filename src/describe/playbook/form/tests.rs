use super::*;
use crate::{action::Allow, pace::Pace};

fn default(keys: &[KeyForm], name: &str) -> String {
    let key = keys.iter().find(|key| key.name == name).unwrap();
    key.default.unwrap().replace('`', "")
}

#[test]
fn the_defaults_are_those_of_the_code() {
    let pace = Pace::default();
    for (name, value) in [
        ("rate", pace.rate.to_string()),
        ("burst", pace.burst.to_string()),
        ("concurrency", pace.concurrency.to_string()),
        ("stop_after", pace.stop_after.to_string()),
    ] {
        assert_eq!(default(&PACE, name), value, "{name}");
    }
    assert_eq!(default(&PLAYBOOK, "timezone"), DEFAULT_ZONE);
    let rejected = REJECTED.iter().find(|(_, is)| *is == Rejected::default());
    assert_eq!(default(&GUARDS, "rejected"), rejected.unwrap().0);
}

#[test]
fn what_is_said_about_a_key_is_true() {
    let doc = |keys: &[KeyForm], name: &str| {
        let key = keys.iter().find(|key| key.name == name);
        key.unwrap().doc.to_owned()
    };
    assert!(doc(&PLAYBOOK, "name").contains(&MAX_NAME.to_string()));
    let allow = doc(&GUARDS, "allow");
    for (word, kind) in Allow::words() {
        let may_be_needed = match kind {
            Allow::Action(kind) => kind.needs_allow,
            Allow::Revert => true,
        };
        assert_eq!(
            allow.contains(&format!("`{word}`")),
            may_be_needed,
            "{word}"
        );
    }
}
