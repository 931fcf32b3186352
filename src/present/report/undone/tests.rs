use super::*;

const U: &str = "0192f0c4-8a5e-7000-8000-0000000000c1";
const UU: &str = "0192f0c4-8a5e-7000-8000-0000000000c2";

fn undo(changes: u64, in_doubt: u64, is_undone: bool) -> Undone {
    Undone(vec![UndoRun {
        run: U.parse().unwrap(),
        changes,
        in_doubt,
        undone_by: is_undone.then(|| UU.parse().unwrap()),
    }])
}

#[test]
fn an_undo_counts_as_far_as_it_was_not_undone() {
    for (undone, sentence, aside) in [
        (Undone::default(), None, ""),
        (undo(5, 0, false), Some("It was undone by run U."), ""),
        (
            undo(2, 0, false),
            Some("It was undone in part: 2 of 5 changes, the last time by run U."),
            "",
        ),
        (
            undo(2, 0, true),
            Some(
                "It was undone in part: 2 of 5 changes, the last time by run U, and run U was undone in part by run UU.",
            ),
            ", which run UU has undone in part: 2 changes are still undone",
        ),
        (
            undo(0, 0, true),
            Some(
                "It was undone by run U, and run U was undone by run UU: its changes are in force again.",
            ),
            ", which was undone by run UU: the changes are in force again",
        ),
        (
            undo(0, 1, true),
            Some(
                "It was undone in part: 0 of 5 changes, the last time by run U, and run U was undone in part by run UU.",
            ),
            ", which run UU has undone in part: 0 changes are still undone, 1 change is in doubt",
        ),
    ] {
        let short = |text: String| text.replace(UU, "UU").replace(U, "U");
        assert_eq!(undone.sentence(5).map(short).as_deref(), sentence);
        assert_eq!(short(undone.aside(U.parse().unwrap())), aside);
        let is_again = sentence.is_some_and(|text| text.contains("in force again"));
        let is_undone = undone.in_force().is_some();
        assert_eq!(is_undone, sentence.is_some() && !is_again, "{undone:?}");
    }
}
