//! What came of the sessions so far: records, outcomes, effects; and what holds of them for every run.

use super::{SETTLE, TestRun};
use crate::{
    checkpoint::{Checkpoint, Record, Snapshot},
    outcome::Outcome,
    plan::Repeat,
    testing::simulated_service::{Key, LoggedRequest},
};

impl TestRun {
    /// All records, in their order.
    pub(crate) fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        Checkpoint::visit(&self.checkpoint(), |record| records.push(record.clone())).unwrap();
        records
    }

    /// The key of each change, by its line.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (u64, &Key)> {
        self.changes.iter().map(|(line, (key, _))| (*line, key))
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Checkpoint::read(&self.checkpoint()).unwrap()
    }

    /// How each change ended, in the plan's order.
    pub(crate) fn outcomes(&self) -> Vec<Option<Outcome>> {
        let state = self.snapshot().state;
        self.changes
            .keys()
            .map(|line| state.outcome(*line))
            .collect()
    }

    /// How often each change took effect, in the plan's order.
    pub(crate) fn effects(&self) -> Vec<usize> {
        let world = self.service.world();
        let count = |key: &Key| world.ledger.iter().filter(|effect| *effect == key).count();
        self.changes.values().map(|(key, _)| count(key)).collect()
    }

    /// How often each change was sent, in the plan's order.
    pub(crate) fn sends(&self) -> Vec<usize> {
        let world = self.service.world();
        let sent = |key: &Key| {
            let sends = world
                .log
                .iter()
                .filter(|sent| sent.write.as_ref() == Some(key));
            sends.count()
        };
        self.changes.values().map(|(key, _)| sent(key)).collect()
    }

    pub(crate) fn reads(&self) -> usize {
        let world = self.service.world();
        world.log.iter().filter(|sent| sent.write.is_none()).count()
    }

    /// What holds for every run, however it went.
    pub(crate) fn check(&self) {
        self.check_repetitions();
        let outcomes = self.outcomes();
        let effects = self.effects();
        for (place, (outcome, (_, repeat))) in
            outcomes.iter().zip(self.changes.values()).enumerate()
        {
            let (effects, what) = (effects[place], format!("change {place}: {outcome:?}"));
            match repeat {
                Repeat::Readable | Repeat::Once => {
                    assert!(effects <= 1, "{what}, {effects} effects");
                }
                Repeat::Safe => {}
            }
            match outcome {
                Some(Outcome::Applied) => assert!(effects >= 1, "{what} without an effect"),
                Some(
                    Outcome::AlreadyDone | Outcome::Drifted | Outcome::Refused | Outcome::Failed,
                ) => assert_eq!(effects, 0, "{what}"),
                // Of a target that is gone nobody can read whether a doubtful request had reached it.
                Some(Outcome::Gone) => assert!(effects == 0 || self.is_doubtful(place), "{what}"),
                Some(Outcome::NotAttempted) => panic!("{what} is no record"),
                // Left so by a person; or in doubt, or not attempted.
                Some(Outcome::InDoubt) | None => {}
            }
        }
        let state = self.snapshot().state;
        assert_eq!(state.counts().total(), self.settings.planned);
        if let Some(max_errors) = self.settings.max_errors {
            assert!(state.errors() <= max_errors, "{:?}", state.counts());
        }
        for (line, effects) in self.changes.keys().zip(effects) {
            if state.open(*line).is_none_or(|open| !open.doubtful) && state.outcome(*line).is_none()
            {
                assert_eq!(effects, 0, "line {line} is not attempted");
            }
        }
    }

    /// Whether a send of this change was never answered.
    fn is_doubtful(&self, place: usize) -> bool {
        let key = &self.changes.values().nth(place).unwrap().0;
        let world = self.service.world();
        let mut sends = world
            .log
            .iter()
            .filter(|sent| sent.write.as_ref() == Some(key));
        sends.any(|sent| !sent.denied)
    }

    /// A readable change is sent again only when the service denied the send before, or a late enough read
    /// disproved it.
    fn check_repetitions(&self) {
        let world = self.service.world();
        for (key, repeat) in self.changes.values() {
            if *repeat == Repeat::Safe {
                continue;
            }
            let mut before = None;
            for sent in world
                .log
                .iter()
                .filter(|sent| sent.write.as_ref() == Some(key))
            {
                if let Some(before) = before.replace(sent) {
                    let proof = |read: &&LoggedRequest| {
                        read.write.is_none()
                            && read.execution == sent.execution
                            && read.at <= sent.at
                            && read.at >= before.at + SETTLE
                    };
                    assert!(
                        before.denied || world.log.iter().any(|read| proof(&read)),
                        "{key} was sent again blindly"
                    );
                }
            }
        }
    }
}
