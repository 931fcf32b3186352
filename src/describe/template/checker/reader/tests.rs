use crate::testing::expressions::{faults, shown};

fn assert_last(text: &str, offset: usize, len: usize, message: &str) {
    let found = faults(text);
    let fault = found.last().unwrap();
    let place = (fault.offset, fault.len, fault.message.as_str());
    assert_eq!(place, (offset, len, message), "{text}");
}

#[test]
fn a_fault_of_syntax_says_where_and_what_is_missing() {
    for (text, offset, len, message) in [
        ("", 0, 0, "an expression is missing here"),
        ("  ", 2, 0, "an expression is missing here"),
        (
            "task.",
            5,
            0,
            "the expression ends where the name of a field is missing",
        ),
        (
            "task.enabled and",
            16,
            0,
            "the expression ends where a value is missing",
        ),
        (
            "(task.enabled",
            13,
            0,
            "the expression ends where `)` is missing",
        ),
        (
            "task.enabled)",
            12,
            1,
            "`)` stands where an operator or the end is missing",
        ),
        (
            "task task",
            5,
            4,
            "`task` stands where an operator is missing",
        ),
        ("task.status = 'FAILED'", 12, 1, "`=` is not known here"),
        (
            "task.status == == 'x'",
            15,
            2,
            "`==` stands where a value is missing",
        ),
        (
            "and task.enabled",
            0,
            3,
            "`and` stands where a value is missing",
        ),
    ] {
        assert_last(text, offset, len, message);
    }
}

#[test]
fn what_minijinja_has_and_this_has_not_is_a_fault() {
    for (text, offset, len, message) in [
        (
            "task.status not 'x'",
            16,
            3,
            "`'x'` stands where `in` is missing",
        ),
        (
            "now if true",
            11,
            0,
            "the expression ends where `else` with another value is missing",
        ),
        (
            "due_before(task 'now')",
            16,
            5,
            "`'now'` stands where `)` is missing",
        ),
        (
            "task.name | 'x'",
            12,
            3,
            "`'x'` stands where the name of a filter is missing",
        ),
        (
            "task.name is 3",
            13,
            1,
            "`3` stands where the name of a test is missing",
        ),
        ("()", 0, 2, "a value is missing here"),
        (
            "task.name.lower()",
            0,
            17,
            "`task.name` is text and has no `lower`",
        ),
        (
            "execution.tasks | first.name",
            0,
            23,
            "a filter has no fields",
        ),
        (
            "execution.tasks[0:1]",
            17,
            1,
            "slices of lists are not available",
        ),
        (
            "task.0",
            5,
            1,
            "`0` stands where the name of a field is missing",
        ),
        ("1 < 2 < 3", 0, 9, "comparisons can't be chained"),
        (
            "3days == 1",
            1,
            4,
            "`days` stands where an operator is missing",
        ),
        ("{'a': 1}", 0, 1, "`{` stands where a value is missing"),
    ] {
        assert_last(text, offset, len, message);
    }
}

#[test]
fn nesting_ends_before_the_stack_does() {
    let deep = format!("{}true{}", "(".repeat(60), ")".repeat(60));
    assert_eq!(shown(&deep)[0].1, "this nests too deep");
}
