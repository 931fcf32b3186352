use crate::testing::expressions::{shown, test};

#[test]
fn a_comparison_that_can_only_mislead_is_a_fault() {
    for (text, message, help) in [
        (
            "task.due_date < now",
            "`<` would compare a date as text",
            "write `due(task) < now`",
        ),
        (
            "task.due_date <= '2026-12-01'",
            "`<=` would compare a date as text",
            "write `due(task) <= date('2026-12-01')`",
        ),
        (
            "now < '2026-12-01'",
            "an instant and text have no order",
            "write `now < date('2026-12-01')`",
        ),
        (
            "task.name < 3",
            "text and a number have no order",
            "write `task.name | int < 3`",
        ),
        (
            "'3' < task.name | length",
            "text and a number have no order",
            "write `3 < task.name | length`",
        ),
        (
            "task.enabled < 3",
            "true or false and a number have no order",
            "compare values of one type",
        ),
        (
            "days(1) < days(2)",
            "a span of time and a span of time have no order",
            "compare values of one type",
        ),
        (
            "task.assigned_to > 3",
            "a list and a number have no order",
            "compare values of one type",
        ),
        (
            "task.due_date == now",
            "`==` would compare a date as text",
            "write `due(task) == now`",
        ),
        (
            "vars.day != task.due_date",
            "`!=` would compare a date as text",
            "write `date(vars.day) != due(task)`",
        ),
        (
            "now == '2026-12-01'",
            "an instant is never equal to text",
            "write `now == date('2026-12-01')`",
        ),
        (
            "execution.phases == 'x'",
            "a list is never equal to text",
            "compare values of one type",
        ),
        (
            "task.phase_id == 3",
            "text is never equal to a number",
            "write `task.phase_id == \"3\"`",
        ),
        (
            "'x' in task",
            "an object holds nothing",
            "`in` needs a list, or two texts",
        ),
        (
            "'x' in now",
            "an instant holds nothing",
            "`in` needs a list, or two texts",
        ),
        (
            "now + 3 == now",
            "an instant + a number is nothing",
            "write `now + days(3)`",
        ),
        (
            "now - now == days(1)",
            "an instant - an instant is nothing",
            "move an instant by a span, like `now + days(3)`",
        ),
    ] {
        let faults = shown(text);
        assert_eq!(
            (faults[0].1.as_str(), faults[0].2.as_str()),
            (message, help),
            "{text}"
        );
    }
}

#[test]
fn operators_bind_as_in_minijinja() {
    for (text, holds) in [
        ("true or false and false", true),
        ("(true or false) and false", false),
        ("not true or true", true),
        ("not (true or true)", false),
        ("not 'a' == 'b'", true),
        ("1 + 2 * 2 == 5", true),
        ("2 * 2 ** 3 == 16", true),
        ("10 - 2 - 3 == 5", true),
        ("'a' ~ 1 + 1 == 'a2'", false),
        ("-2 ** 2 == 4", true),
        ("'A' ~ 'B' | lower == 'Ab'", true),
        ("('A' ~ 'B') | lower == 'ab'", true),
        ("false if false else true", true),
        ("true if false else false if true else true", false),
        ("1 < 2 and 2 < 3", true),
    ] {
        assert_eq!(test(text).unwrap_or_default(), holds, "{text}");
    }
}
