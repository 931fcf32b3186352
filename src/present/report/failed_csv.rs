//! `failed.csv`: the changes that need attention, for a spreadsheet, and their ids for the next run.

use std::io::{self, Write};

use crate::text::Untrusted;

use super::problem::Problem;

pub(super) const HEADING: &str = "id,execution,kind,name,within,action,outcome,detail";

/// Writes one row; `id` is the target's own.
///
/// # Errors
///
/// The errors of `out`.
pub(super) fn write_row(out: &mut dyn Write, problem: &Problem<'_>) -> io::Result<()> {
    let target = problem.target;
    let id = target.id.as_ref().unwrap_or(&target.execution);
    writeln!(
        out,
        "{},{},{},{},{},{},{},{}",
        Untrusted(id.as_str()).csv(),
        Untrusted(target.execution.as_str()).csv(),
        target.kind,
        Untrusted(&target.name).csv(),
        Untrusted(&target.within.join(" › ")).csv(),
        Untrusted(&problem.action.join(" + ")).csv(),
        problem.outcome,
        Untrusted(problem.detail.unwrap_or_default()).csv(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{outcome::Outcome, report::words::tests::task};

    #[test]
    fn a_row_is_safe_in_a_spreadsheet() {
        let mut target = task("e1", "t1", "=HYPERLINK(\"http://x\")");
        target.within = vec!["=1".to_owned(), "Contract".to_owned()];
        let mut execution = task("e2", "t", "Umzug, Köln");
        execution.id = None;
        let actions = ["reassign".to_owned(), "shift_due_date".to_owned()];
        let mut csv = Vec::new();
        for (target, outcome, detail) in [
            (&target, Outcome::Refused, Some("400: no\nway")),
            (&execution, Outcome::Gone, None),
        ] {
            let problem = Problem::new(target, &actions, outcome, detail).unwrap();
            write_row(&mut csv, &problem).unwrap();
        }
        insta::assert_snapshot!(String::from_utf8(csv).unwrap(), @r#"
        t1,e1,task,"'=HYPERLINK(""http://x"")",'=1 › Contract,reassign + shift_due_date,refused,400: no\nway
        e2,e2,task,"Umzug, Köln",,reassign + shift_due_date,gone,
        "#);
    }
}
