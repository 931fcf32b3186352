use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    api::Generation,
    testing::expressions::{context, engine, scope, shown, test, value},
};

fn template_faults(text: &str) -> Vec<(usize, usize, String)> {
    let faults = engine()
        .template(text, &scope(Generation::V2))
        .expect_err(text);
    let place = |fault: ExpressionFault| (fault.offset, fault.len, fault.message);
    faults.into_iter().map(place).collect()
}

#[test]
fn a_condition_that_can_never_be_true_or_false_is_a_fault() {
    for (text, word) in [
        ("task.name", "text"),
        ("execution.tasks", "a list"),
        ("task", "an object"),
        ("now", "an instant"),
        ("vars", "a map"),
        ("task.name | length", "a number"),
    ] {
        let message = format!("this gives {word}, not true or false");
        assert_eq!(shown(text)[0].1, message, "{text}");
    }
}

#[test]
fn faults_of_a_template_stand_where_they_are_in_the_whole_text() {
    assert_eq!(
        template_faults("ä {{ vars.leavr }} and {{ tsk.name }}"),
        [
            (11, 5, "`vars` has no `leavr`".to_owned()),
            (27, 3, "`tsk` is not known here".to_owned()),
        ]
    );
    assert_eq!(
        template_faults("a {{ vars.leaver"),
        [(2, 2, "the `{{` is not closed".to_owned())]
    );
    assert_eq!(
        template_faults("a {{ }}"),
        [(5, 0, "an expression is missing here".to_owned())]
    );
    assert_eq!(
        template_faults("{% if x %}")[0],
        (0, 2, "`{%` is not available".to_owned())
    );
    assert_eq!(
        template_faults("a{# x #}")[0],
        (1, 2, "`{#` is not available".to_owned())
    );
    assert_eq!(template_faults("{{ 'a }}")[0].0, 3);
    // Minus signs next to the braces would eat white space in minijinja; here they are signs.
    assert_eq!(value("{{-1}}"), Ok(json!(-1)));
}

#[test]
fn a_condition_in_braces_gets_a_cure() {
    assert_eq!(
        shown(" {{ task.enabled }}"),
        [(
            "{{ task.enabled }}".to_owned(),
            "remove the `{{ }}`: a condition is already an expression".to_owned(),
            "write `task.enabled`".to_owned()
        )]
    );
}

#[test]
fn what_is_too_long_is_refused() {
    let long = format!("task.name == '{}'", "x".repeat(MAX_EXPRESSION));
    assert_eq!(
        shown(&long)[0].1,
        format!(
            "an expression has at most 1024 bytes, this one has {}",
            long.len()
        )
    );
    let within = format!(
        "task.name == '{}'",
        "x".repeat(MAX_EXPRESSION - "task.name == ''".len())
    );
    assert_eq!(test(&within), Ok(false));
    assert!(
        template_faults(&"x".repeat(MAX_TEMPLATE + 1))[0]
            .2
            .contains("at most 16384 bytes")
    );
    assert_eq!(
        template_faults(&format!("ab {{{{ '{}' }}}}", "x".repeat(MAX_EXPRESSION)))[0].0,
        5
    );
}

#[test]
fn what_an_expression_builds_is_bounded() {
    let long = "e".repeat(100);
    let replaced =
        |times: usize| format!("'e'{}", format!(" | replace('e', '{long}')").repeat(times));
    assert_eq!(test(&format!("{} | length > 0", replaced(2))), Ok(true));
    let list = format!("[{}]", vec!["'e'"; 100].join(","));
    let thirty = "e".repeat(30);
    let big = format!("'{thirty}' | replace('e', '{thirty}') | replace('e', '{thirty}')");
    for text in [
        replaced(4),
        format!("{list} | join('{long}' | replace('e', 'eeeeeeeeee'))"),
        format!("({big}) ~ ({big}) ~ ({big})"),
    ] {
        let error = test(&format!("task.enabled and ({text}) | length > 0")).unwrap_err();
        assert_eq!(
            error.message, "more than 64 KiB of text can't be built",
            "{text}"
        );
    }
}

#[test]
fn what_a_template_builds_is_bounded() {
    let two = |more| {
        value(&format!(
            "{{{{ 'x' * 60000 }}}}{{{{ 'y' * {} }}}}",
            5536 + more
        ))
    };
    let longest = two(0).unwrap();
    assert_eq!(longest.as_str().map(str::len), Some(64 * 1024));
    let error = two(1).unwrap_err();
    assert_eq!(error.message, "more than 64 KiB of text can't be built");
}

/// On a stack as small as a worker's, with the frames of a debug build.
#[test]
fn the_longest_chains_and_the_deepest_brackets_fit_a_workers_stack() {
    let chain = |operator: &str, operand: &str| {
        let times = MAX_EXPRESSION / (operator.len() + operand.len()) - 1;
        format!("{operand}{}", format!("{operator}{operand}").repeat(times))
    };
    let nested = |open: &str, inner: &str, close: &str| {
        let times = (MAX_EXPRESSION - inner.len()) / (open.len() + close.len());
        format!("{}{inner}{}", open.repeat(times), close.repeat(times))
    };
    let texts = [
        chain("+", "1"),
        chain("-", "1"),
        chain("*", "1"),
        chain("~", "1"),
        chain(" or ", "true"),
        chain(" and ", "true"),
        chain("|", "d(1)"),
        chain("|", "x"),
        chain("[0]", "vars"),
        chain(".x", "vars"),
        chain(" is none", "1"),
        chain("==", "1"),
        chain("**", "1"),
        chain(" if 1 else ", "1"),
        chain(" if 1 else 1", "1"),
        chain("+days(1)", "now"),
        chain(" in ", "vars"),
        chain(",", "1"),
        nested("(", "1", ")"),
        nested("[", "1", "]"),
        nested("-", "1", ""),
        nested("not ", "true", ""),
        nested("due(", "task", ")"),
        nested("(not ", "true", ")"),
        nested("1 if (", "1", ") else 1"),
        nested("((1<", "1", ")|d(1))"),
        "{".repeat(MAX_EXPRESSION),
        "(".repeat(MAX_EXPRESSION),
    ];
    let worker = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    let thread = worker.spawn(move || {
        let (engine, scope, context) = (engine(), scope(Generation::V2), context(Generation::V2));
        for text in texts {
            let braced = format!("{{{{ {text} }}}}");
            if let Ok(template) = engine.template(&braced, &scope) {
                let _ = template.value(&context);
            }
            if let Ok(expression) = engine.expression(&text, &scope) {
                let _ = expression.test(&context);
            }
        }
    });
    thread.unwrap().join().unwrap();
}

#[test]
fn a_chain_as_long_as_the_limit_and_brackets_as_deep_as_it_are_evaluated() {
    let ones = MAX_EXPRESSION / "1+".len();
    let sum = format!("{}1", "1+".repeat(ones - 1));
    assert_eq!(value(&format!("{{{{{sum}}}}}")), Ok(json!(ones)));
    // The costliest level: a bracket, a comparison, a filter's argument.
    let depth = 11;
    let brackets = format!(
        "{}true{}",
        "((true==".repeat(depth),
        ")|d(1))".repeat(depth)
    );
    assert_eq!(value(&format!("{{{{ {brackets} }}}}")), Ok(json!(true)));
}

/// Words that make sense here and there, so that a good part of the sentences is accepted.
const WORDS: &[&str] = &[
    "task",
    "execution",
    "vars",
    "now",
    "due(task)",
    "vars.deep",
    "vars.none",
    ".name",
    ".tasks",
    "[0]",
    "1",
    "2.5",
    "'a'",
    "'ü\\n'",
    "'\\q'",
    "none",
    "true",
    "==",
    "<",
    ">=",
    "+",
    "-",
    "~",
    "*",
    "**",
    "and",
    "or",
    "not",
    "in",
    "is",
    "is none",
    "if",
    "else",
    "|",
    "| default(1)",
    "| first",
    "| length",
    "(",
    ")",
    "[",
    "]",
    ",",
    "days(1)",
    "ä",
    "{{",
    "}}",
    "{%",
    "\n",
    ".schedule.reference",
    "| map('lower')",
    "assignees(task)",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn no_text_panics_and_each_fault_stands_inside_of_it(
        words in proptest::collection::vec(proptest::sample::select(WORDS), 0..12)
    ) {
        let (engine, scope, context) = (engine(), scope(Generation::V2), context(Generation::V2));
        let text = words.join(" ");
        for text in [text.clone(), format!("{{{{ {text} }}}}")] {
            let template = engine.template(&text, &scope);
            let faults = match template {
                Ok(template) => {
                    let _ = template.value(&context);
                    Vec::new()
                }
                Err(faults) => faults,
            };
            let more = match engine.expression(&text, &scope) {
                Ok(expression) => {
                    let _ = expression.test(&context);
                    Vec::new()
                }
                Err(faults) => faults,
            };
            for fault in faults.iter().chain(&more) {
                prop_assert!(text.get(fault.offset..fault.offset + fault.len).is_some(), "{text}: {fault:?}");
                // What the checker takes, minijinja takes: its own words never show but for bad escapes.
                prop_assert!(!fault.message.contains("unexpected"), "{text}: {fault:?}");
            }
        }
    }
}
