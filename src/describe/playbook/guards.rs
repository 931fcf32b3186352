//! The guards that a plan breaks: pure.

use super::{Expect, Guards, LeastScanned};

/// The numbers of a plan that guards check.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Requests that would be sent.
    pub changes: u64,
    /// Executions that would be changed.
    pub groups: u64,
    /// Executions that were scanned.
    pub scanned: u64,
}

impl Guards {
    /// One sentence for each guard that does not hold.
    pub fn broken(&self, size: Size) -> Vec<String> {
        let Size {
            changes,
            groups,
            scanned,
        } = size;
        let mut broken = Vec::new();
        if let Some(most) = self.max_changes.filter(|&most| changes > most) {
            broken.push(format!(
                "{changes} changes are planned, max_changes is {most}"
            ));
        }
        if let Some(most) = self
            .max_percent
            .filter(|most| most.is_exceeded_by(groups, scanned))
        {
            broken.push(format!(
                "{groups} of {scanned} executions would be changed, max_percent is {most}"
            ));
        }
        if let Some(Expect { min, max }) = self.expect {
            if let Some(least) = min.filter(|&least| changes < least) {
                broken.push(format!(
                    "{changes} changes are planned, expect.min is {least}"
                ));
            }
            if let Some(most) = max.filter(|&most| changes > most) {
                broken.push(format!(
                    "{changes} changes are planned, expect.max is {most}"
                ));
            }
        }
        if let Some(LeastScanned { min }) = self.scanned.filter(|least| scanned < least.min) {
            broken.push(format!(
                "{scanned} executions were scanned, scanned.min is {min}"
            ));
        }
        broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_breaks_just_beyond_its_bound() {
        let size = |changes, groups, scanned| Size {
            changes,
            groups,
            scanned,
        };
        let expect = |min, max| Guards {
            expect: Some(Expect { min, max }),
            ..Guards::default()
        };
        let most = |max_changes| Guards {
            max_changes: Some(max_changes),
            ..Guards::default()
        };
        let percent = |max_percent: &str| Guards {
            max_percent: Some(max_percent.parse().unwrap()),
            ..Guards::default()
        };
        let scanned = |min| Guards {
            scanned: Some(LeastScanned { min }),
            ..Guards::default()
        };
        for (guards, holds, breaks) in [
            (scanned(9), size(0, 0, 9), size(5, 5, 8)),
            (most(5), size(5, 1, 9), size(6, 1, 9)),
            (percent("25"), size(9, 2, 8), size(9, 3, 8)),
            (percent("0.5"), size(1, 1, 200), size(1, 1, 199)),
            // In binary fractions the first would be too much.
            (percent("0.57"), size(1, 57, 10_000), size(1, 58, 10_000)),
            (expect(Some(1), None), size(1, 1, 1), size(0, 0, 1)),
            (expect(None, Some(3)), size(3, 1, 1), size(4, 1, 1)),
        ] {
            assert_eq!(guards.broken(holds), Vec::<String>::new(), "{guards:?}");
            assert_eq!(guards.broken(breaks).len(), 1, "{guards:?}");
        }
        assert!(Guards::default().broken(size(9, 9, 9)).is_empty());
        assert!(
            percent("1").broken(size(0, 0, 0)).is_empty(),
            "nothing of nothing is not too much"
        );
    }
}
