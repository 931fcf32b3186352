//! Recognises a plan that was checked before, by its digest alone.

use std::io::{self, BufRead};

use super::{
    CheckedBlocks, Item, PlanHeader, Skip, Trailer,
    lines::{EndLine, decode_item, is_end, is_skipped, parse, parse_header},
};

/// A plan that was recognised.
#[derive(Debug)]
pub struct Recognised {
    pub header: PlanHeader,
    pub trailer: Trailer,
    pub checked: CheckedBlocks,
}

/// Reads a plan that was checked by an earlier process, which has recorded its SHA-256, and passes what it skips to `skipped`. No other line
/// is decoded: a million changes take less than a second. The record may have been forged with the plan, so each line is checked when it is
/// used. None if the file has another digest, or not the lines that its last line counts, so that it must be checked as any plan.
///
/// # Errors
///
/// If it can't be read.
pub fn recognise(
    input: impl BufRead,
    sha256: &str,
    mut skipped: impl FnMut(&Skip),
) -> io::Result<Option<Recognised>> {
    let (mut first, mut last) = (String::new(), String::new());
    let blocks = CheckedBlocks::recognised(input, sha256, |line| {
        if first.is_empty() {
            line.clone_into(&mut first);
        }
        last.clear();
        if is_skipped(line) {
            if let Ok(Item::Skipped(skip)) = decode_item(line) {
                skipped(&skip);
            }
        } else if is_end(line) {
            line.clone_into(&mut last);
        }
    })?;
    // A forged plan may have any lines.
    Ok(blocks.and_then(|checked| {
        let EndLine { end } = parse(&last).ok()?;
        let others = end.skipped.checked_add(end.rejected)?.checked_add(2)?;
        let counted = (end.changes.checked_add(others)?, end.changes);
        (checked.counts() == counted).then_some(())?;
        Some(Recognised {
            header: parse_header(&first).ok()?,
            trailer: end,
            checked,
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        digest::sha256,
        plan::{PlanError, PlanReader, PlanWriter},
        testing::{changes::reassign, samples::plan_header},
    };

    fn plan() -> Vec<u8> {
        let mut writer = PlanWriter::new(Vec::new(), &plan_header()).unwrap();
        for number in 10..40 {
            let change = reassign(&format!("e{number}"), "t0");
            writer.item(&Item::Change(change.into())).unwrap();
        }
        let skip = Skip {
            target: reassign("e40", "t0").target,
            reason: "no".to_owned(),
            out_of_reach: true,
        };
        writer.item(&Item::Skipped(skip)).unwrap();
        writer.finish(31).unwrap().0
    }

    #[test]
    fn a_plan_with_the_recorded_digest_is_known_without_a_check_and_read_as_after_one() {
        let plan = plan();
        let mut skips = 0;
        let known = recognise(&*plan, &sha256(&plan), |_| skips += 1);
        let known = known.unwrap().unwrap();
        let mut checked = PlanReader::new(&*plan).unwrap();
        let mut again = PlanReader::again(&*plan, known.checked).unwrap();
        assert_eq!(&known.header, checked.header());
        loop {
            let line = checked.next_line().unwrap();
            assert_eq!(line, again.next_line().unwrap());
            if line.is_none() {
                break;
            }
        }
        assert_eq!(Some(&known.trailer), checked.end().map(|(end, _)| end));
        assert_eq!(skips, 1);
    }

    #[test]
    fn a_line_that_breaks_a_rule_is_not_used_though_the_digest_is_the_recorded_one() {
        let forged = String::from_utf8(plan()).unwrap();
        let forged = forged.replacen("\"assigned_to\":[\"2\"]", "\"assigned_to\":[\"3\"]", 1);
        let known = recognise(forged.as_bytes(), &sha256(&forged), |_| ());
        let mut reader = PlanReader::again(forged.as_bytes(), known.unwrap().unwrap().checked);
        let first = reader.as_mut().unwrap().next_line();
        assert!(
            matches!(first, Err(PlanError::Line { line: 2, .. })),
            "{first:?}"
        );
    }

    #[test]
    fn any_other_file_is_not_recognised() {
        let plan = plan();
        let recorded = sha256(&plan);
        for at in (0..plan.len()).step_by(97) {
            let mut other = plan.clone();
            other[at] ^= 1;
            let known = recognise(&*other, &recorded, |_| ()).unwrap();
            assert!(known.is_none(), "byte {at}");
            let known = recognise(&plan[..at], &recorded, |_| ()).unwrap();
            assert!(known.is_none(), "{at} bytes");
        }
        // A line that was added after the end, a count that is wrong: with the right digest, too.
        let text = String::from_utf8(plan).unwrap();
        for other in [
            format!("{text}{}\n", text.lines().last().unwrap()),
            text.replace("\"changes\":30", "\"changes\":18446744073709551615"),
            text.trim_end().to_owned() + "\n\n",
        ] {
            let known = recognise(other.as_bytes(), &sha256(&other), |_| ()).unwrap();
            assert!(known.is_none(), "{other}");
        }
        // Not a plan, whatever was recorded.
        let text = b"no plan\n";
        let known = recognise(&text[..], &sha256(text), |_| ()).unwrap();
        assert!(known.is_none());
    }
}
