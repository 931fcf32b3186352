//! Tests of the plan as Markdown.

use comrak::{Arena, Options, nodes::NodeValue, parse_document};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    plan::{Item, Rejection, Skip},
    report::{
        WhyNot,
        plan_report::tests::PlanSample,
        plan_summary::tests::{change, run_now},
        words::tests::task,
    },
};

pub(super) fn markdown(sample: &PlanSample) -> String {
    let mut out = Vec::new();
    sample
        .report(|report| {
            let refused = report.broken_guards.iter().map(|guard| WhyNot {
                reason: format!("a guard does not hold: {guard}"),
                cures: vec!["select less".to_owned()],
            });
            let apply = ToApply::new(refused.collect(), report.trailer.changes, || {
                "wf-bulk apply x.plan --sandbox".to_owned()
            });
            report.write_markdown(&mut out, &apply)
        })
        .unwrap();
    String::from_utf8(out).unwrap()
}

/// What a reader like GitHub's makes of it: the kinds of nodes by depth, and the text of the code spans.
pub(in crate::present::report) fn structure(markdown: &str) -> (Vec<String>, Vec<String>) {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.math_dollars = true;
    options.extension.math_code = true;
    options.extension.alerts = true;
    let arena = Arena::new();
    let mut kinds = Vec::new();
    let mut codes = Vec::new();
    for node in parse_document(&arena, markdown, &options).descendants() {
        let value = &node.data().value;
        let kind = format!("{value:?}");
        let kind = kind.split(['(', ' ', '{']).next().unwrap();
        kinds.push(format!("{} {kind}", node.ancestors().count()));
        match value {
            NodeValue::Code(code) => codes.push(code.literal.clone()),
            NodeValue::Link(_) | NodeValue::Image(_) | NodeValue::Math(_) => {
                panic!("{value:?} in {markdown}")
            }
            NodeValue::HtmlBlock(html) => assert!(
                html.literal.starts_with("<details><summary>")
                    || html.literal == "<!-- report of wf-bulk -->\n"
                    || html.literal.starts_with("</details>"),
                "{html:?}"
            ),
            NodeValue::HtmlInline(html) => assert_eq!(html, "<br>"),
            _ => {}
        }
    }
    (kinds, codes)
}

pub(in crate::present::report) const HOSTILE: [&str; 12] = [
    "a|b",
    r"a\|b\\|c\",
    "`` ` ``` x`",
    "@all @octocat mail@example.org",
    "<img src=x onerror=alert(1)>",
    "</details><script>alert(1)</script>",
    "\u{1b}[2J\u{202e}evil\u{2066}",
    "[x](javascript:alert(1)) ![y](http://127.0.0.1) www.example.org",
    "line\n\n# heading\n- item\n```",
    "$`x`$ $$y$$ #1 GH-1 :tada: &lt; &#64;",
    " leading and trailing ",
    "**bold** ~~gone~~ <!-- x --> ---",
];

/// A change of each kind, a skip and a rejection, under that name.
fn named(number: usize, name: &str) -> Vec<Item> {
    let target = |part: &str| task(&format!("e{number}"), part, name);
    vec![
        change(
            target("a"),
            &format!("patch {name}"),
            name,
            json!(name),
            json!([name, number]),
        ),
        run_now(target("b")),
        Item::Skipped(Skip {
            target: target("c"),
            reason: name.to_owned(),
            out_of_reach: false,
        }),
        Item::Rejected(Rejection {
            target: Some(target("d")),
            row: Some(7),
            reason: name.to_owned(),
        }),
    ]
}

#[test]
fn hostile_names_leave_the_structure_as_it_is_with_plain_ones() {
    for name in HOSTILE {
        let hostile = PlanSample {
            broken_guards: vec![name.to_owned()],
            ..named(1, name).into()
        };
        let shown = Untrusted(name).terminal().to_string();
        // As long, so that as much is cut.
        let plain = "p".repeat(shown.chars().count());
        let plain = PlanSample {
            broken_guards: vec![plain.clone()],
            ..named(1, &plain).into()
        };
        let (hostile, codes) = structure(&markdown(&hostile));
        assert_eq!(hostile, structure(&markdown(&plain)).0, "{name:?}");
        assert!(
            codes.iter().any(|code| code.trim().ends_with(shown.trim())),
            "{name:?} is not among {codes:?}"
        );
    }
}

#[test]
fn a_plan_of_any_size_fits_and_says_what_does_not() {
    let items: Vec<Item> = (0..4_000)
        .flat_map(|number| named(number, HOSTILE[number % HOSTILE.len()]))
        .chain((0..100_000).map(|n| run_now(task(&format!("f{n:06}"), "t", "x"))))
        .collect();
    let text = markdown(&items.into());
    assert!(text.len() <= MAX_PLAN_BYTES, "{}", text.len());
    assert!(text.len() > MAX_PLAN_BYTES / 2, "the room is used");
    let (_, codes) = structure(&text);
    let listed = codes
        .iter()
        .filter(|code| code.starts_with("run_schedule_now  task"))
        .count();
    let more = thousands(104_000 - listed as u64);
    assert!(
        text.contains(&format!("… and {more} more changes, which don't fit here")),
        "{listed}"
    );
    assert!(
        text.ends_with("```sh\nwf-bulk apply x.plan --sandbox\n```\n"),
        "the command is never cut off"
    );
}

#[test]
fn changes_are_counted_also_where_their_lines_do_not_fit() {
    // Each writes two fields, each with a value of its own.
    let fields = |n: usize| ["", "2"].map(|end| format!("{:02}{}{end}", n % 24, "x".repeat(30)));
    let items: Vec<Item> = (0..2_000)
        .map(|n| {
            let target = task(&format!("e{n:04}"), "t", &"n".repeat(50));
            let [one, two] = fields(n);
            let item = change(target, "patch", &one, json!(null), json!(n));
            let Item::Change(mut change) = item else {
                unreachable!("a change was made")
            };
            change.after.insert(two, json!(n));
            Item::Change(change)
        })
        .collect();
    let text = markdown(&items.into());
    let table: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("| `patch` |"))
        .collect();
    assert!(table.len() > 50, "{}", table.len());
    // A line of other values comes last of its field's lines.
    let is_in_table = |field: &String, n: usize| {
        let own = format!("| `{field}` | `none → {n}` |");
        let others = format!("| `{field}` | `other values ");
        let is_shown = |line: &&str| line.contains(&own) || line.contains(&others);
        table.iter().any(is_shown)
    };
    let hidden = (0..2_000).filter(|n| !fields(*n).iter().all(|field| is_in_table(field, *n)));
    let more = format!(
        "… and {} more changes, which don't fit here",
        thousands(hidden.count() as u64)
    );
    assert!(text.contains(&more), "{more}");
    assert!(text.contains("(a change of several fields is counted in a line for each of them)"));
}

#[test]
fn a_comment_says_what_matters() {
    let mut items: Vec<Item> = (0..412)
        .map(|n| {
            change(
                task(&format!("e{:03}", n / 3), &format!("t{n}"), "Call back"),
                "reassign",
                "assigned_to",
                json!(["10010"]),
                json!(["10020"]),
            )
        })
        .collect();
    items.push(change(
        task("e900", "t", "Meter | reading"),
        "shift_due_date",
        "due_date",
        json!("2026-12-30"),
        json!("2027-01-01"),
    ));
    items.push(run_now(task("e901", "t", "Send offer")));
    items.push(Item::Skipped(Skip {
        target: task("e902", "t", ""),
        reason: "10020 is assigned already".to_owned(),
        out_of_reach: false,
    }));
    items.push(Item::Rejected(Rejection {
        target: None,
        row: Some(12),
        reason: "there is no such execution".to_owned(),
    }));
    let sample = PlanSample {
        broken_guards: vec!["414 changes are planned, max_changes is 300".to_owned()],
        ..items.into()
    };
    insta::assert_snapshot!(markdown(&sample), @r#"
    ### `reassign-leaver`: 414 changes in 140 flows

    On `sandbox`, org `4711`, as of `2026-12-01 09:00 Europe/Berlin`; scanned 2,000 flows, selected 415 tasks in 141 flows; with `leaver: "10010"`.

    > [!CAUTION]
    > This plan can't be applied:
    >
    > - `a guard does not hold: 414 changes are planned, max_changes is 300`
    >   - `select less`

    - 414 changes in 140 flows: 414 writes, 140 re-checks, about 69 s at 8/s
    - 1 can't be undone
    - `automations: 1 fires; others are unknown, since their triggers are not read`

    | changes | of | action | field | before → after | which, if few |
    |--:|---|---|---|---|---|
    | 412 | tasks | `reassign` | `assigned_to` | `10010 → 10020` |  |
    | 1 | task | `run_schedule_now` |  |  |  |
    | 1 | task | `shift_due_date` | `due_date` | `+2 days   (was 2026-12-30)` | `task “Meter \| reading” e900/t` |

    **1 change can't be undone**

    `an automation that has started can't be called back`

    - `run_schedule_now  task “Send offer” e901/t`

    **1 rejected: they can't be planned, so the plan is refused**

    - `row 12: there is no such execution`

    | skipped | why | which, if few |
    |--:|---|---|
    | 1 | `10020 is assigned already` | `task e902/t` |

    Plan with SHA-256 `5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e`.
    "#);
}

proptest! {
    #[test]
    fn any_text_is_one_span_in_a_line_and_in_a_cell(text in "\\PC{0,20}|[`|\\\\ a]{1,12}|.{0,12}") {
        let span = Untrusted(&text).markdown();
        let cell = Untrusted(&text).markdown_cell();
        let shown = Untrusted(&text).terminal().to_string();
        let page = format!("x {span} y\n\n| a | b |\n|---|---|\n| {cell} | z |\n");
        let (kinds, codes) = structure(&page);
        if shown.is_empty() {
            prop_assert_eq!(codes.len(), 0);
        } else {
            prop_assert_eq!(&codes[0], &shown);
            prop_assert_eq!(&codes[1].replace(r"\u{7c}", "|"), &shown.replace(r"\u{7c}", "|"));
            prop_assert_eq!(codes.len(), 2, "{:?}", kinds);
        }
        prop_assert_eq!(kinds.iter().filter(|kind| kind.ends_with("TableCell")).count(), 4);
    }
}
