//! The stages of a run: the first executions, then more, then all others. Pure.

use std::ops::Range;

use super::Share;

/// The executions of each stage, counted from 0 in the plan's order. Each execution is in one stage. No stage is empty, except for the one
/// stage of an empty plan.
pub(super) fn stages(shares: &[Share], executions: u64) -> Vec<Range<u64>> {
    let mut stages = Vec::new();
    let mut start = 0;
    let ends = shares.iter().map(|share| share.at_least(executions));
    for end in ends.chain([executions]) {
        let end = end.min(executions);
        if end > start {
            stages.push(start..end);
            start = end;
        }
    }
    if stages.is_empty() {
        stages.push(0..executions);
    }
    stages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_is_in_one_stage_whatever_is_written() {
        // The configured end of each stage, limited to the number of groups.
        for (written, groups, ends) in [
            (&[][..], 92, &[92][..]),
            (&["5", "100%"], 92, &[5, 92]),
            // The rest need not be written.
            (&["5"], 92, &[5, 92]),
            (&["1", "10%", "50%"], 92, &[1, 10, 46, 92]),
            // A share is rounded up: a stage of nothing would prove nothing.
            (&["1%"], 10, &[1, 10]),
            (&["5", "100%"], 3, &[3]),
            // What goes no further than the one before is no stage.
            (&["5", "2%", "100%"], 100, &[5, 100]),
            (&["5"], 0, &[0]),
        ] {
            let shares: Vec<Share> = written.iter().map(|text| text.parse().unwrap()).collect();
            let stages = stages(&shares, groups);
            let found: Vec<u64> = stages.iter().map(|stage| stage.end).collect();
            assert_eq!(found, ends, "{written:?} of {groups}");
            let starts: Vec<u64> = stages.iter().map(|stage| stage.start).collect();
            assert_eq!(starts[0], 0);
            assert_eq!(starts[1..], ends[..ends.len() - 1]);
        }
    }
}
