//! Cuts a plan's file into shards: consecutive lines, small enough for the engine.

use std::io::BufRead;

use serde::Deserialize;

use super::{
    error::EngineError,
    task::{ChangeSums, ShardGroup},
};
use crate::{
    api::{Generation, Id, Level},
    plan::{PlanError, Rejection, Skip, Target},
};

/// Groups of a shard at most: its history stays short.
const MAX_GROUPS: usize = 200;

/// Bytes of a shard's lines, from which on the next group begins another shard. The engine takes two megabytes; what became of the changes
/// comes on top.
const FULL: usize = 400 * 1024;

/// Bytes of a shard's lines at most.
const MAX_BYTES: usize = 1_500 * 1024;

/// Lines of a plan, and the groups in them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PlanSlice {
    /// The number of its first line.
    pub(super) first_line: u64,
    pub(super) text: String,
    pub(super) groups: Vec<ShardGroup>,
    /// Groups of the plan before it.
    pub(super) groups_before: u64,
}

/// Reads the lines of a plan that was checked before, without its header.
#[derive(Debug)]
pub(super) struct PlanSlices<R> {
    lines: R,
    number: u64,
    /// Groups so far.
    groups: u64,
    group: Option<Id>,
    /// The execution of the last line.
    execution: Option<Id>,
    /// The line that begins the next slice.
    next: Option<String>,
    /// The first groups of the stages.
    stages: Vec<u64>,
}

/// What of a line says to which group it belongs.
#[derive(Debug, Deserialize)]
struct LineGroup {
    /// Of a change alone.
    #[serde(default)]
    group: Option<Id>,
    #[serde(default)]
    target: Option<Target>,
    #[serde(default)]
    skipped: Option<Skip>,
    #[serde(default)]
    rejected: Option<Rejection>,
}

impl LineGroup {
    fn of(line: &str, number: u64) -> Result<Self, EngineError> {
        serde_json::from_str(line).map_err(|error| {
            EngineError::from(PlanError::Line {
                line: number,
                message: error.to_string(),
            })
        })
    }

    /// The execution that it is about; none of a rejected row, and of the last line.
    fn execution(&self) -> Option<&Id> {
        let left_out = || {
            let skipped = self.skipped.as_ref().map(|skip| &skip.target);
            skipped.or_else(|| self.rejected.as_ref()?.target.as_ref())
        };
        let target = self.target.as_ref().or_else(left_out);
        target.map(|target| &target.execution)
    }

    /// The execution of a change that is there to be read.
    fn readable(&self) -> Option<(Generation, Id)> {
        let target = self.target.as_ref()?;
        (target.kind != Level::Entity).then(|| (target.api, target.execution.clone()))
    }
}

impl<R: BufRead> PlanSlices<R> {
    /// `lines` begins with the plan's second line. A stage begins a slice, too.
    pub(super) const fn new(lines: R, stages: Vec<u64>) -> Self {
        Self {
            lines,
            number: 1,
            groups: 0,
            group: None,
            execution: None,
            next: None,
            stages,
        }
    }

    /// The next lines; none at the end of the plan.
    pub(super) fn next_slice(&mut self) -> Result<Option<PlanSlice>, EngineError> {
        let mut slice = PlanSlice {
            groups_before: self.groups,
            ..PlanSlice::default()
        };
        loop {
            let mut line = self.next.take().unwrap_or_default();
            if line.is_empty() {
                let read = self.lines.read_line(&mut line).map_err(PlanError::from)?;
                if read == 0 {
                    return Ok((!slice.text.is_empty()).then_some(slice));
                }
            }
            let number = self.number + 1;
            let of = LineGroup::of(&line, number)?;
            let begins = of.group.is_some() && of.group != self.group;
            let is_full = slice.groups.len() >= MAX_GROUPS || slice.text.len() >= FULL;
            let begins_stage =
                begins && !slice.groups.is_empty() && self.stages.contains(&self.groups);
            // Never inside of a group. What was skipped of an execution may come before its first change.
            let is_between = begins || of.execution() != self.execution.as_ref();
            let may_cut = !slice.text.is_empty() && is_between;
            if may_cut && (is_full || begins_stage) {
                self.next = Some(line);
                return Ok(Some(slice));
            }
            if slice.text.is_empty() {
                slice.first_line = number;
            }
            slice.text.push_str(&line);
            if slice.text.len() > MAX_BYTES {
                return Err(EngineError::TooLarge {
                    line: number,
                    bytes: slice.text.len(),
                });
            }
            self.number = number;
            self.execution = of.execution().cloned();
            if of.group.is_none() {
                continue;
            }
            if begins {
                self.groups += 1;
                slice.groups.push(ShardGroup {
                    lines: Vec::new(),
                    execution: of.readable(),
                    journal: String::new(),
                    errors: 0,
                    doubtful: false,
                    open: true,
                    sums: ChangeSums::default(),
                    is_lost: false,
                });
            }
            self.group = of.group;
            let Some(group) = slice.groups.last_mut() else {
                let message = "its group was begun in an earlier part of the plan".to_owned();
                return Err(PlanError::Line {
                    line: number,
                    message,
                }
                .into());
            };
            group.lines.push(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::{Change, Item, PlanWriter},
        testing::{
            changes::{due, reassign, start},
            samples::plan_header,
        },
    };

    /// The lines of a plan of these changes, without its header.
    fn lines(changes: &[Change]) -> String {
        let mut writer = PlanWriter::new(Vec::new(), &plan_header()).unwrap();
        for change in changes {
            writer
                .item(&Item::Change(Box::new(change.clone())))
                .unwrap();
        }
        let (plan, ..) = writer.finish(1).unwrap();
        let plan = String::from_utf8(plan).unwrap();
        plan.split_once('\n').unwrap().1.to_owned()
    }

    fn slices(text: &str, stages: &[u64]) -> Vec<PlanSlice> {
        let mut slices = PlanSlices::new(text.as_bytes(), stages.to_vec());
        std::iter::from_fn(|| slices.next_slice().unwrap()).collect()
    }

    #[test]
    fn the_slices_together_are_the_plan_and_no_group_is_cut() {
        let changes: Vec<Change> = (0..450)
            .flat_map(|number| {
                let execution = format!("e{number:04}");
                [reassign(&execution, "t0"), due(&execution, "t1")]
            })
            .collect();
        let text = lines(&changes);
        let slices = slices(&text, &[0]);
        assert!(slices.len() >= 3, "{}", slices.len());
        let together: String = slices.iter().map(|slice| slice.text.as_str()).collect();
        assert_eq!(together, text);
        let mut line = 2;
        for slice in &slices {
            assert_eq!(slice.first_line, line);
            line += slice.text.lines().count() as u64;
            assert!(slice.groups.len() <= MAX_GROUPS);
            for group in &slice.groups {
                let at = |number: &u64| usize::try_from(number - slice.first_line).unwrap();
                let (_, execution) = group.execution.as_ref().unwrap();
                assert_eq!(group.lines.len(), 2);
                for number in &group.lines {
                    let text = slice.text.lines().nth(at(number)).unwrap();
                    let change: Change = serde_json::from_str(text).unwrap();
                    assert_eq!(change.group, *execution);
                }
            }
        }
        let groups: usize = slices.iter().map(|slice| slice.groups.len()).sum();
        assert_eq!(groups, 450);
    }

    #[test]
    fn a_stage_begins_a_slice_also_where_something_of_its_first_execution_was_skipped() {
        let mut writer = PlanWriter::new(Vec::new(), &plan_header()).unwrap();
        for execution in ["a", "b"] {
            let change = due(execution, "t1");
            let skip = Skip {
                target: reassign(execution, "t0").target,
                reason: "as planned".to_owned(),
                out_of_reach: false,
            };
            writer.item(&Item::Skipped(skip)).unwrap();
            writer.item(&Item::Change(Box::new(change))).unwrap();
        }
        let (plan, ..) = writer.finish(1).unwrap();
        let plan = String::from_utf8(plan).unwrap();
        let (_, text) = plan.split_once('\n').unwrap();
        let slices = slices(text, &[0, 1]);
        let groups: Vec<_> = slices.iter().map(|slice| slice.groups.len()).collect();
        assert_eq!(groups, [1, 1], "{slices:?}");
        let together: String = slices.iter().map(|slice| slice.text.as_str()).collect();
        assert_eq!(together, text);
    }

    #[test]
    fn a_stage_begins_a_slice_and_a_start_has_nothing_to_read() {
        let text = lines(&[due("a", "t0"), due("b", "t0"), start("c"), due("d", "t0")]);
        let slices = slices(&text, &[0, 1, 3]);
        let groups: Vec<_> = slices.iter().map(|slice| slice.groups.len()).collect();
        assert_eq!(groups, [1, 2, 1]);
        let before: Vec<_> = slices.iter().map(|slice| slice.groups_before).collect();
        assert_eq!(before, [0, 1, 3]);
        assert_eq!(slices[1].groups[1].execution, None);
    }
}
