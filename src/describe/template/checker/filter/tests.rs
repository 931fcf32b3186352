use crate::testing::expressions::assert_one_fault;

#[test]
fn what_filters_and_tests_name_is_checked() {
    for (text, under, message) in [
        (
            "task.name | replace('a') == 'x'",
            "replace",
            "`replace` takes 2 arguments, not 1",
        ),
        (
            "task.name | default('x', true) == 'x'",
            "default",
            "`default` takes 1 argument, not 2",
        ),
        (
            "task.name | lower(1) == 'x'",
            "lower",
            "`lower` takes no arguments, not 1",
        ),
        (
            "task.name | join(1, 2) == 'x'",
            "join",
            "`join` takes 0 to 1 arguments, not 2",
        ),
        (
            "task.name | default(value='x') == 'x'",
            "default",
            "`default` takes no argument of this name",
        ),
        (
            "execution.tasks | selectattr('staus', 'eq', 'x') | length > 0",
            "staus",
            "`execution.tasks[…]` has no field `staus`",
        ),
        (
            "execution.tasks | selectattr('schedule.mod') | length > 0",
            "mod",
            "`execution.tasks[…].schedule` has no field `mod`",
        ),
        (
            "execution.tasks | selectattr('name', 'equals', 'x') | length > 0",
            "equals",
            "there is no test `equals`",
        ),
        (
            "execution.tasks | selectattr('name', 'eq') | length > 0",
            "eq",
            "`eq` takes 1 argument, not 0",
        ),
        (
            "task.taxonomies | select('equals', 'x') | length > 0",
            "equals",
            "there is no test `equals`",
        ),
        (
            "(execution.tasks | map(attribute='dueDate')) == []",
            "dueDate",
            "`execution.tasks[…]` has no field `dueDate`",
        ),
        (
            "(task.taxonomies | map('uper')) == []",
            "uper",
            "there is no filter `uper`",
        ),
        (
            "execution.tasks | selectattr('due_date', 'lt', '2026-12-01') | length > 0",
            "lt",
            "`lt` would compare a date as text",
        ),
        (
            "task.due_date is eq('2026-12-01')",
            "eq",
            "`eq` would compare a date as text",
        ),
        (
            "task.name is startingwith",
            "startingwith",
            "`startingwith` takes 1 argument, not 0",
        ),
        (
            "task.name is none('x')",
            "none",
            "`none` takes no arguments, not 1",
        ),
        (
            "(execution.tasks | selectattr('enabled') | first).nme == 'x'",
            "nme",
            "`(execution.tasks | selectattr('enabled') | first)` has no field `nme`",
        ),
        (
            "(task.name | default(3)) == 3 and tsk",
            "tsk",
            "`tsk` is not known here",
        ),
    ] {
        assert_one_fault(text, under, message);
    }
}
