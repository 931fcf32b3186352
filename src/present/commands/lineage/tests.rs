use std::convert::Infallible;

use super::*;

fn id(number: u64) -> RunId {
    format!("0192f0c4-8a5e-7000-8000-{number:012}")
        .parse()
        .unwrap()
}

/// Run 0 and its undos: which run each one undoes, how many changes it applied, and how many are in doubt. The number of changes of run 0
/// that are undone now, and by which run, which was undone in part by which run.
fn told(undos: &[(u64, u64, u64)]) -> String {
    let runs = (1..).zip(undos);
    let followers = runs.map(|(number, (parent, ..))| {
        let by = FollowUp::Undo;
        (
            id(number),
            Follows {
                run: id(*parent),
                by,
            },
        )
    });
    let mut followers: Vec<_> = followers.collect();
    followers.reverse();
    let lineage = Lineage {
        followers,
        folders: Vec::new(),
    };
    let counts = |run| {
        let mut counts = Counts::default();
        for (number, (_, applied, in_doubt)) in (1..).zip(undos) {
            if id(number) == run {
                counts.add(Outcome::Applied, *applied);
                counts.add(Outcome::InDoubt, *in_doubt);
            }
        }
        Ok::<_, Infallible>(counts)
    };
    let undone = undone(&lineage, &[id(0)], &counts).unwrap();
    let number = |run: RunId| (0..9).find(|number| id(*number) == run).unwrap();
    let by = undone.in_force().map(|undo| {
        let by = undo.undone_by.map(number);
        let in_part = by.map_or_else(String::new, |by| format!(", in part undone by {by}"));
        format!(" by {}{in_part}", number(undo.run))
    });
    format!("{}{}", undone.changes(), by.unwrap_or_default())
}

#[test]
fn an_undo_counts_only_as_far_as_it_was_not_undone_itself() {
    for (undos, expected) in [
        (&[][..], "0"),
        (&[(0, 5, 0)], "5 by 1"),
        (&[(0, 2, 0), (0, 3, 0)], "5 by 2"),
        (&[(0, 5, 0), (1, 5, 0)], "0"),
        (&[(0, 5, 0), (1, 2, 0)], "3 by 1, in part undone by 2"),
        (&[(0, 5, 0), (1, 2, 0), (1, 3, 0)], "0"),
        (&[(0, 5, 0), (1, 5, 0), (2, 5, 0)], "5 by 1"),
        (
            &[(0, 5, 0), (1, 5, 0), (2, 1, 0)],
            "1 by 1, in part undone by 2",
        ),
        (&[(0, 5, 0), (1, 5, 0), (0, 4, 0)], "4 by 3"),
        (&[(0, 4, 1), (1, 4, 0)], "0 by 1, in part undone by 2"),
        // An undo that made nothing may still be resumed.
        (&[(0, 0, 0)], "0 by 1"),
        // Folders that were changed.
        (&[(1, 5, 0)], "0"),
        (&[(2, 5, 0), (1, 5, 0)], "0"),
    ] {
        assert_eq!(told(undos), expected, "{undos:?}");
    }
}
