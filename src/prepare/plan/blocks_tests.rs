//! Tests of reading a plan again.

use std::io::{Cursor, Write as _};

use super::*;
use crate::{
    plan::{Item, KnownFile, PlanItems as _, PlanReader, PlanWriter, Rejection},
    testing::{changes::reassign, samples::plan_header as header},
};

/// A plan of so many lines that it has several blocks.
const LINES: u64 = 400;

/// A plan in which the line of this row has this reason.
fn plan(row: u64, reason: &str) -> Vec<u8> {
    let mut writer = PlanWriter::new(Vec::new(), &header()).unwrap();
    for number in 1..=LINES {
        let other = format!("{:>200}", "no");
        let rejection = Rejection {
            target: None,
            row: Some(number),
            reason: if number == row {
                reason.to_owned()
            } else {
                other
            },
        };
        writer.item(&Item::Rejected(rejection)).unwrap();
    }
    writer.finish(1).unwrap().0
}

fn checked(plan: &[u8]) -> CheckedBlocks {
    let mut reader = PlanReader::new(plan).unwrap();
    assert!(reader.checked().is_none(), "not read yet");
    while reader.next_line().unwrap().is_some() {}
    reader.checked().unwrap()
}

/// The lines that are read again, and the error after them.
fn again(plan: &[u8], checked: &CheckedBlocks) -> (u64, Option<String>) {
    let mut lines = 0;
    let mut reader = match PlanReader::again(plan, checked.clone()) {
        Ok(reader) => reader,
        Err(error) => return (lines, Some(error.to_string())),
    };
    loop {
        match reader.next_line() {
            Ok(Some(_)) => lines += 1,
            Ok(None) => return (lines, None),
            Err(error) => return (lines, Some(error.to_string())),
        }
    }
}

const CHANGED: &str = "the plan was changed while it was read";

#[test]
fn a_checked_plan_is_read_again_as_it_was_read_before() {
    let plan = plan(1, "first");
    let blocks = checked(&plan);
    assert!(blocks.blocks.len() > 2);
    assert_eq!(again(&plan, &blocks), (LINES, None));
    let mut one = PlanReader::new(&*plan).unwrap();
    let mut other = PlanReader::again(&*plan, blocks.clone()).unwrap();
    assert_eq!(one.header(), other.header());
    loop {
        let line = one.next_line().unwrap();
        assert_eq!(line, other.next_line().unwrap());
        if line.is_none() {
            break;
        }
    }
    assert_eq!(one.end(), other.end());
    assert_eq!(other.checked().unwrap().sha256(), blocks.sha256());
    assert!(blocks.are_of(&*plan).unwrap());
}

#[test]
fn no_line_of_a_block_is_used_that_was_changed_since_the_check_even_if_the_plan_is_right_in_itself()
{
    let blocks = checked(&plan(300, "before"));
    let before = blocks.blocks.iter().scan(0, |end, block| {
        *end += block.bytes;
        Some(*end)
    });
    let changed = plan(300, "after_");
    let first_change = changed
        .windows(6)
        .position(|bytes| bytes == b"after_")
        .unwrap();
    // The end of the last block before the change.
    let end = before
        .take_while(|end| *end <= first_change)
        .last()
        .unwrap();
    let lines = changed[..end].split(|byte| *byte == b'\n').count() as u64 - 1;
    assert!(lines > 100);
    assert_eq!(
        checked(&changed).blocks.len(),
        blocks.blocks.len(),
        "it is a plan"
    );
    // The first line is the header.
    assert_eq!(
        again(&changed, &blocks),
        (lines - 1, Some(CHANGED.to_owned()))
    );
    assert!(!blocks.are_of(&*changed).unwrap());
}

#[test]
fn a_plan_that_is_cut_off_or_continued_was_changed_and_nothing_fits_the_blocks_of_no_file() {
    let mut plan = plan(1, "first");
    let blocks = checked(&plan);
    assert_eq!(again(&plan, &CheckedBlocks::default()).1.unwrap(), CHANGED);
    assert_eq!(again(b"", &CheckedBlocks::default()).1.unwrap(), CHANGED);
    assert!(!CheckedBlocks::default().are_of(&b""[..]).unwrap());
    for length in [0, 1, plan.len() / 2, plan.len() - 1] {
        let (_, error) = again(&plan[..length], &blocks);
        assert_eq!(error.unwrap(), CHANGED, "{length}");
    }
    plan.push(b'\n');
    assert_eq!(again(&plan, &blocks).1.unwrap(), CHANGED);
    assert!(!blocks.are_of(&*plan).unwrap());
}

#[test]
fn a_file_that_is_written_over_in_place_is_another_one() {
    let bytes = plan(7, "before");
    let checked = checked(&bytes);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes).unwrap();
    let known = KnownFile {
        file: &file,
        checked: &checked,
    };
    let items = || {
        let stream = known.stream()?;
        stream.collect::<std::io::Result<Vec<_>>>()
    };
    assert_eq!(items().unwrap().len() as u64, LINES);
    (&file).rewind().unwrap();
    (&file).write_all(&plan(7, "after_")).unwrap();
    assert_eq!(items().unwrap_err().to_string(), CHANGED);
}

/// A plan whose groups have several changes each, and the group of each of its lines.
fn grouped() -> (Vec<u8>, Vec<Option<String>>) {
    let mut writer = PlanWriter::new(Vec::new(), &header()).unwrap();
    for group in 10..30 {
        for task in 0..=group % 4 {
            let change = reassign(&format!("e{group}"), &format!("t{task}"));
            writer.item(&Item::Change(change.into())).unwrap();
        }
    }
    let plan = writer.finish(1).unwrap().0;
    let lines = str::from_utf8(&plan).unwrap().lines();
    let groups = lines.map(|line| group_of(line).map(ToOwned::to_owned));
    let groups = groups.collect();
    (plan, groups)
}

#[test]
fn a_reader_begins_with_a_whole_group_at_or_before_the_first_line_that_is_wanted() {
    let (plan, groups) = grouped();
    let blocks = checked(&plan);
    assert!(blocks.blocks.iter().any(|block| block.continues));
    let changes = groups.iter().flatten().count() as u64;
    assert_eq!(
        blocks.blocks.iter().map(|block| block.changes).sum::<u64>(),
        changes
    );
    for first in 2..groups.len() as u64 {
        let wanted = |lines: Range<u64>, _| lines.contains(&first);
        let input = Cursor::new(&plan);
        let mut reader = PlanReader::again_from(input, blocks.clone(), wanted).unwrap();
        let before = reader.groups_before();
        let mut number = reader.next_line().unwrap().unwrap().number;
        assert!(number <= first, "{number} is after {first}");
        let index = usize::try_from(number).unwrap() - 1;
        assert_ne!(
            groups[index],
            groups[index - 1],
            "{number} is within a group"
        );
        let mut earlier: Vec<_> = groups[..index].iter().flatten().collect();
        earlier.dedup();
        assert_eq!(before, earlier.len() as u64);
        while let Some(line) = reader.next_line().unwrap() {
            number += 1;
            assert_eq!(line.number, number);
        }
        assert_eq!(number + 1, groups.len() as u64);
        assert!(reader.end().is_some());
    }
}

#[test]
fn a_block_that_was_changed_is_found_also_by_a_reader_that_begins_there() {
    let (plan, groups) = grouped();
    let blocks = checked(&plan);
    let last = groups.len() as u64 - 1;
    let wanted = |lines: Range<u64>, _| lines.contains(&last);
    let changed = String::from_utf8(plan).unwrap().replace("e29", "e28");
    let input = Cursor::new(changed);
    let mut reader = PlanReader::again_from(input, blocks, wanted).unwrap();
    assert!(reader.groups_before() > 0);
    let error = loop {
        match reader.next_line() {
            Ok(line) => assert!(line.is_some()),
            Err(error) => break error,
        }
    };
    assert_eq!(error.to_string(), CHANGED);
}
