//! What the checker advises can be pasted: in place of what the caret stands under, it is accepted.

use super::{ExpressionFault, Scope};
use crate::{
    api::{Generation, types::RUNNING_FLOWS},
    testing::expressions::{engine, scope},
};
use serde_json::json;

/// Conditions with mistakes for which the advice is to be pasted.
const BAD: &[&str] = &[
    // Words of other languages.
    "task.enabled AND task.status == 'PENDING'",
    "task.enabled And task.status == 'PENDING'",
    "task.enabled OR task.status == 'PENDING'",
    "NOT task.enabled",
    "task.enabled and NOT (task.enabled OR true)",
    "!task.enabled",
    "task.enabled && task.enabled",
    "task.enabled || task.enabled",
    "task.status = 'PENDING'",
    "(task.status = 'PENDING')",
    "task.status === 'PENDING'",
    "task.status !== 'PENDING'",
    "task.status <> 'PENDING'",
    "task.name eq 'x'",
    "task.name ne 'x'",
    "task.name | length gt 3",
    "task.name equals 'x'",
    "task.status IN ['PENDING']",
    "task.status NOT IN ['PENDING']",
    "task.status not IN ['PENDING']",
    "task.due_date is null",
    "task.due_date is NULL",
    "task.due_date is nil",
    "task.due_date is None",
    "task.due_date is not null",
    "task.due_date IS NOT NULL",
    "task.enabled is true",
    "task.enabled is True",
    "task.enabled is false",
    "task.enabled is not true",
    "task.status is 'PENDING'",
    "task.status is not 'PENDING'",
    "task.status is PENDING",
    "task.status == PENDING",
    "task.name is empty",
    "task.assigned_to is not empty",
    "task.name is equal 'x'",
    "task.name is startswith('x')",
    "task.name contains 'x'",
    "task.name not contains 'x'",
    "task.assigned_to contains '10010'",
    "task.name like 'x%'",
    "task.name not like '%x%'",
    "task.name LIKE '%x'",
    "task.name matches '^x'",
    "task.name =~ 'x'",
    "task.name !~ 'x$'",
    "task.name startswith 'x'",
    "task.name exists",
    "due(task) < now()",
    "due(task) < NOW()",
    "due(task) < getdate()",
    "due(task) < GETDATE",
    "due(task) < NOW",
    "due(task) < today()",
    "due(task) < today",
    "due(task) < tomorrow",
    "task.due_date == null",
    "task.due_date == NULL",
    "task.due_date == nil",
    "task.due_date != undefined",
    "task.enabled == TRUE",
    "task.enabled ? true : false",
    "(task.enabled ? 1 : 2) == 1",
    "task.name ?? 'x' == 'x'",
    "task?.name == 'x'",
    "task?.name?.lower() == 'x'",
    "task.name.length > 3",
    "task.name.length() > 3",
    "execution.tasks.length > 3",
    "execution.tasks.size() > 3",
    "execution.tasks.count > 3",
    "task.name.lower() == 'x'",
    "task.name.toLowerCase() == 'x'",
    "task.name.trim().lower() == 'x'",
    "task.name.trim().startswith('x')",
    "task.name.startswith('x')",
    "task.name.contains('x')",
    "task.name.contains('x') == true",
    "task.assigned_to.includes('10010')",
    "vars.leaver.lower() == 'x'",
    "task.get('name') == 'x'",
    "lower(task.name) == 'x'",
    "lower(task.name ~ 'x') == 'x'",
    "len(execution.tasks) > 0",
    "str(task.name) == 'x'",
    "isnull(task.name)",
    "coalesce(task.name, 'x') == 'x'",
    "contains(task.name, 'x')",
    "task.name | contains('x')",
    "task.name | size > 3",
    "task.name | lowercase == 'x'",
    "task | due < now",
    "1 < 2 < 3",
    "{{ task.enabled }}",
    "task.name == {{ vars.text }}",
    "task.name == '{{ vars.text }}'",
    // Names.
    "step.enabled",
    "section.name == 'x'",
    "flow.status == 'STARTED'",
    "status == 'PENDING'",
    "leaver == '10010'",
    "tsk.enabled",
    "vars.leavr == 'x'",
    "task.dueDate is none",
    "execution.creationTime is none",
    "execution.closingReasonDescription is none",
    "task.schedule.reference.od is none",
    "task['staus'] == 'FAILED'",
    "due_befor(task, now)",
    "task.name | lowr == 'x'",
    "task.name is nome",
    "execution.tasks | selectattr('staus', 'eq', 'FAILED') | length > 0",
    "execution.tasks | selectattr('name', 'equals', 'x') | length > 0",
    "execution.tasks | first.name == 'x'",
    // Words of the API.
    "task.status == 'PENDNG'",
    "'PENDNG' == task.status",
    "task.status in ['PENDNG', 'FAILED']",
    "task.status is eq('PENDNG')",
    "task.status == 'PEND' ~ 'NG'",
    "task.status | lower == 'PENDING'",
    "task.status | upper in ['pending']",
    "'pending' == task.status | upper",
    "task.name | lower == 'Call'",
    "'call' in task.name | upper",
    "'PENDNG' in execution.tasks | map(attribute='status')",
    "execution.tasks | selectattr('status', 'eq', 'PENDNG') | length > 0",
    "execution.tasks | rejectattr('status', 'in', ['PENDNG']) | length > 0",
    "(execution.tasks | map(attribute='status') | select('eq', 'PENDNG') | length) > 0",
    "task.status in 'PENDING'",
    "task.status in vars.text",
    "task.status in task.name ~ ','",
    // Types.
    "task.enabled == 1",
    "task.enabled != 'true'",
    "0 == task.enabled",
    "assignees(task) == 10010",
    "assignees(task) == '10010'",
    "assignees(task) != vars.leaver",
    "10010 in assignees(task)",
    "task.assigned_to == '10010'",
    "task.phase_id == 3",
    "task.phase_id in [3, 4]",
    "task.name | length == '3'",
    "task.name | length > '3'",
    "3 == task.phase_id",
    "task.name == task.name | length",
    "task.due_date < now",
    "task.due_date <= '2026-12-01'",
    "vars.day != task.due_date",
    "task.created_at > '2026-01-01'",
    "execution.tasks[0].due_date < now",
    "now < '2026-12-01'",
    "now == '2026-12-01'",
    "now + 3 < due(task)",
    "now - '3 days' > due(task)",
    "task.name",
    "task.name ~ 'x'",
    "execution.tasks",
    "task.phase",
    "task.name | length",
    "has_assignee(task, id='x')",
];

/// Conditions for which the advice is a sentence: it says what to do, and shows by example how.
const SAID: &[&str] = &[
    "due(task) < datetime.now()",
    "task.name == 'x';",
    "task.name == \u{201c}x\u{201d}",
    "task.name == `x`",
    "task.name == 'x' # why",
    "$task.name == 'x'",
    "if task.enabled",
    "task.enabled then",
    "task.name between 'a' and 'b'",
    "task.enabled xor true",
    "any(t.name == 'x' for t in execution.tasks)",
    "execution.tasks.some(t => t.status == 'FAILED')",
    "execution.tasks.filter(x) == 1",
    "task.name matches '[a-z]+'",
    "task.name like 'a_b'",
    "task.name[0:3] == 'abc'",
    "execution.tasks.name == 'x'",
    "execution.phases == 'x'",
    "now",
    "now.year == 2026",
    "vars",
    "days(1) < days(2)",
    "now - now == days(1)",
    "task.due_date == 'soon'",
    "due_before(task)",
    "due_before('x', now)",
    "older_than(phase, '1 day')",
    "older_than(task, 90)",
    "due_before(task, 3)",
    "has_assignee(task)",
    "start_of(1) < now",
    "row.name == 'x'",
    "entity.id == 'x'",
    "colour == 'x'",
    "task.colour == 'x'",
    "vars.zzzzz == 'x'",
    "colour(task)",
    "task.name | colour == 'x'",
    "task.name is colour",
    "task.phase.status == 'PENDING'",
    "task.status is startingwith('pend')",
    "task.enabled < 3",
    "task.name in []",
    "task.name | length < 0",
    "task.name == 'a' and task.name == 'b'",
    "'x' in task",
];

fn known() -> Scope {
    let vars = json!({"leaver": "10010", "text": "PENDING", "day": "2026-11-30"});
    scope(Generation::V2)
        .with_values("vars", vars.as_object().unwrap())
        .with_found(Some(&RUNNING_FLOWS))
}

fn faults(text: &str) -> Vec<ExpressionFault> {
    engine()
        .expression(text, &known())
        .err()
        .unwrap_or_default()
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// What one line of advice says to write in place of what the caret stands under; patterns with `…` are none.
fn pastes(line: &str) -> Vec<&str> {
    let is_advice = [
        "write ",
        "did you mean ",
        "v1 says ",
        "v2 says ",
        "it is a ",
    ]
    .iter()
    .any(|start| line.starts_with(start));
    let whole = |paste: &&str| !paste.contains('…');
    quoted(line).filter(whole).filter(|_| is_advice).collect()
}

fn paste(text: &str, fault: &ExpressionFault, paste: &str) -> String {
    let (before, rest) = text.split_at(fault.offset);
    let (under, behind) = rest.split_at(fault.len);
    // A word is advised without the quotes that the caret stands under.
    let is_text = under.starts_with(['\'', '"'])
        && under.ends_with(['\'', '"'])
        && paste.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let space = if under.starts_with(|c: char| c.is_ascii_punctuation()) && !is_text {
        " "
    } else {
        ""
    };
    if is_text {
        format!("{before}'{paste}'{behind}")
    } else {
        format!("{before}{space}{paste}{space}{behind}")
    }
}

#[test]
fn each_advice_is_accepted_where_it_is_pasted() {
    let mut wrong = Vec::new();
    for text in BAD {
        let faults = faults(text);
        if faults.is_empty() {
            wrong.push(format!("{text}\n    is accepted"));
        }
        let mut pasted = (*text).to_owned();
        let mut is_pasted = false;
        for fault in faults.iter().rev() {
            let help = fault.help.as_deref().unwrap_or_default();
            let mut lines = help.lines();
            let options = lines.next().map(pastes).unwrap_or_default();
            if faults.len() == 1 {
                for option in &options {
                    let pasted = paste(text, fault, option);
                    if !self::faults(&pasted).is_empty() {
                        let found = self::faults(&pasted).remove(0);
                        wrong.push(format!(
                            "{text}\n    {}: {help}\n    {pasted}\n    {}",
                            fault.message, found.message
                        ));
                    }
                }
            } else if let Some(option) = options.first() {
                pasted = paste(&pasted, fault, option);
            }
            is_pasted |= !options.is_empty();
            for line in lines {
                // `for a word that is new in the API, write `…``: in place of the field or of the whole list.
                for whole in quoted(line) {
                    let template = format!("{{{{ {whole} }}}}");
                    if whole.contains('…') || engine().template(&template, &known()).is_err() {
                        wrong.push(format!("{text}\n    {line}"));
                    }
                }
            }
        }
        if faults.len() > 1 && !self::faults(&pasted).is_empty() {
            wrong.push(format!(
                "{text}\n    {pasted}\n    {:?}",
                self::faults(&pasted)
            ));
        }
        if !is_pasted {
            wrong.push(format!("{text}\n    no advice to paste: {faults:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong.join("\n"));
}

#[test]
fn each_fault_has_advice_and_its_examples_are_accepted() {
    let mut wrong = Vec::new();
    for text in SAID {
        let faults = faults(text);
        let helps = || faults.iter().filter_map(|fault| fault.help.as_deref());
        if helps().next().is_none() {
            wrong.push(format!("{text}: no advice: {faults:?}"));
        }
        // Behind `like` stands an example, and a sentence that says what to write is none of these.
        for help in helps() {
            for example in help
                .split("like `")
                .skip(1)
                .filter_map(|rest| rest.split('`').next())
            {
                let template = format!("{{{{ {example} }}}}");
                if !example.contains('…') && engine().template(&template, &known()).is_err() {
                    wrong.push(format!("{text}: {help}"));
                }
            }
            if help.lines().any(|line| !pastes(line).is_empty()) {
                wrong.push(format!("{text}: this is to be pasted: {help}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong.join("\n"));
}
