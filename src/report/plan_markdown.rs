//! A plan for a pull request: Markdown that fits into one comment, whatever the plan's size.

use std::io::{self, Write};

use crate::text::Untrusted;

use super::{
    plan_report::PlanReport,
    plan_summary::Group,
    units::{count, thousands},
};

/// Bytes at most. GitHub takes comments of 65,536 characters, of which none has less than a byte; the rest is for what
/// a workflow adds: a marker to find the comment again, a link to the whole plan.
const MAX_BYTES: usize = 64_000;

/// Makes a section that takes so many bytes at most.
type Section<'a> = &'a dyn Fn(usize) -> io::Result<String>;

/// Lines of a list that are not folded away.
const UNFOLDED: u64 = 20;

/// Bytes of the line that says how much was cut off.
const CUT_BYTES: usize = 160;

/// Variables that are shown; a playbook has a handful.
const VARS_SHOWN: usize = 10;

/// Bytes of a text in the head: some sentences.
const SPAN_BYTES: usize = 600;

impl PlanReport<'_> {
    /// Writes the plan as Markdown; `apply` is the command that applies exactly this plan.
    ///
    /// # Errors
    ///
    /// What `out` says, or when the plan can't be read again.
    pub fn write_markdown(&self, out: &mut dyn Write, apply: &str) -> io::Result<()> {
        let head = self.head();
        let foot = self.foot(apply);
        out.write_all(head.as_bytes())?;
        let room = MAX_BYTES.saturating_sub(head.len() + foot.len());
        let mut spare = 0;
        // Percentages of the room; what a section leaves over is for the next. What can't be undone gets most.
        let sections: [(usize, Section<'_>); 4] = [
            (30, &|room| Ok(changes(self, room))),
            (45, &|room| irreversible(self, room)),
            (17, &|room| rejected(self, room)),
            (8, &|room| Ok(skipped(self, room))),
        ];
        for (percent, section) in sections {
            spare += room * percent / 100;
            let text = section(spare)?;
            spare = spare.saturating_sub(text.len());
            out.write_all(text.as_bytes())?;
        }
        out.write_all(foot.as_bytes())
    }

    fn head(&self) -> String {
        let name = code(&self.header.playbook.name);
        let title = match self.trailer.changes {
            0 => "nothing to do".to_owned(),
            changes => format!(
                "{} in {}",
                count(changes, "change", "changes"),
                self.summary.executions(self.trailer.groups)
            ),
        };
        let guards = self.broken_guards.iter().map(|guard| {
            let guard = code(guard);
            format!("> [!CAUTION]\n> Guard broken, so this plan is refused: {guard}\n")
        });
        let totals = self.totals().into_iter().map(|line| format!("- {line}"));
        let mut paragraphs = vec![format!("### {name}: {title}\n"), self.origin()];
        paragraphs.extend(guards);
        if self.trailer.changes > 0 {
            paragraphs.extend(totals);
            paragraphs.push(String::new());
        }
        paragraphs.join("\n") + "\n"
    }

    /// The paragraph that says from where, when and what the plan was made.
    fn origin(&self) -> String {
        let header = self.header;
        let org = header
            .org
            .as_deref()
            .map(|org| format!("org {}", code(org)));
        let (now, zone) = self.moment();
        let parts = [
            Some(format!("On {}", code(&header.server))),
            org,
            Some(format!("as of {now} {}", code(zone))),
        ];
        let vars: Vec<String> = header
            .vars
            .iter()
            .take(VARS_SHOWN)
            .map(|(name, value)| code(&format!("{name}: {value}")))
            .collect();
        let vars = if vars.is_empty() {
            String::new()
        } else {
            format!("; with {}", vars.join(", "))
        };
        let place: Vec<String> = parts.into_iter().flatten().collect();
        format!("{}; {}{vars}.\n", place.join(", "), self.selected())
    }

    fn foot(&self, apply: &str) -> String {
        if self.trailer.changes == 0 {
            return format!("Plan with SHA-256 `{}`.\n", self.sha256);
        }
        format!(
            "Plan with SHA-256 `{}`. To apply exactly this plan:\n\n```sh\n{}\n```\n",
            self.sha256,
            Untrusted(apply).terminal()
        )
    }
}

fn changes(report: &PlanReport<'_>, room: usize) -> String {
    let groups = report.summary.groups();
    if groups.is_empty() {
        return String::new();
    }
    let mut lines = Lines::new(
        "| changes | of | action | field | before → after | which, if few |\n|--:|---|---|---|---|---|\n"
            .to_owned(),
        room,
    );
    for group in &groups {
        lines.add(
            group.count,
            &format!(
                "| {} | {} | {} | {} | {} | {} |\n",
                thousands(group.count),
                group.on,
                cell(group.what),
                cell(group.field),
                cell(&group.delta),
                few(group)
            ),
        );
    }
    let total = groups.iter().map(|group| group.count).sum();
    lines.end(total, "")
}

fn irreversible(report: &PlanReport<'_>, room: usize) -> io::Result<String> {
    let total = report.summary.irreversible();
    if total == 0 {
        return Ok(String::new());
    }
    let title = format!("{} can't be undone", count(total, "change", "changes"));
    let why = code(&report.summary.why_irreversible());
    list(&title, &format!("{why}\n\n"), total, room, |visit| {
        report.each_irreversible(visit)
    })
}

fn rejected(report: &PlanReport<'_>, room: usize) -> io::Result<String> {
    let total = report.trailer.rejected;
    if total == 0 {
        return Ok(String::new());
    }
    list(&report.rejected_title(), "", total, room, |visit| {
        report.each_rejected(visit)
    })
}

fn skipped(report: &PlanReport<'_>, room: usize) -> String {
    let skips = report.summary.skips();
    if skips.is_empty() {
        return String::new();
    }
    let mut lines = Lines::new(
        "| skipped | why | which, if few |\n|--:|---|---|\n".to_owned(),
        room,
    );
    for skip in &skips {
        let number = thousands(skip.count);
        let line = format!("| {number} | {} | {} |\n", cell(skip.what), few(skip));
        lines.add(skip.count, &line);
    }
    lines.end(report.trailer.skipped, "")
}

/// The targets of a group in a cell.
fn few(group: &Group<'_>) -> String {
    let few: Vec<String> = group.few.iter().map(|target| cell(target)).collect();
    few.join("<br>")
}

/// Text from outside on a line, cut where it takes too much: a column may hold many bytes.
fn code(text: &str) -> String {
    let mut columns = SPAN_BYTES;
    loop {
        let cut = Untrusted(text).terminal().cut(columns).to_string();
        let span = Untrusted(&cut).markdown().to_string();
        if span.len() <= SPAN_BYTES {
            return span;
        }
        columns /= 2;
    }
}

/// Text that is escaped for a terminal, in a cell.
fn cell(text: &str) -> String {
    Untrusted(text).markdown_cell().to_string()
}

/// A titled list, folded when it is long. `each` visits its lines, escaped for a terminal.
fn list(
    title: &str,
    introduction: &str,
    total: u64,
    room: usize,
    each: impl FnOnce(&mut dyn FnMut(String) -> io::Result<()>) -> io::Result<()>,
) -> io::Result<String> {
    let (start, end) = if total > UNFOLDED {
        (
            format!("<details><summary>{title}</summary>\n\n{introduction}"),
            "\n</details>\n",
        )
    } else {
        (format!("**{title}**\n\n{introduction}"), "")
    };
    let mut lines = Lines::new(start, room.saturating_sub(end.len()));
    each(&mut |line| {
        lines.add(1, &format!("- {}\n", Untrusted(&line).markdown()));
        Ok(())
    })?;
    Ok(lines.end(total, end))
}

/// Lines as far as there is room.
#[derive(Debug)]
struct Lines {
    text: String,
    room: usize,
    /// What the lines stand for.
    shown: u64,
    is_cut: bool,
}

impl Lines {
    fn new(start: String, room: usize) -> Self {
        Self {
            room: room.saturating_sub(CUT_BYTES),
            text: start,
            shown: 0,
            is_cut: false,
        }
    }

    fn add(&mut self, number: u64, line: &str) {
        self.is_cut |= self.text.len() + line.len() > self.room;
        if !self.is_cut {
            self.text.push_str(line);
            self.shown += number;
        }
    }

    /// Says how much of the total is not shown.
    fn end(mut self, total: u64, end: &str) -> String {
        if self.is_cut {
            let more = thousands(total.saturating_sub(self.shown));
            let cut = format!(
                "\n… and {more} more, which don't fit here; `wf-bulk show PLAN --format html` shows all.\n"
            );
            self.text.push_str(&cut);
        }
        self.text += end;
        self.text.push('\n');
        self.text
    }
}

#[cfg(test)]
mod tests {
    use comrak::{Arena, Options, nodes::NodeValue, parse_document};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{
        plan::{Item, Rejection, Skip},
        report::{
            plan_report::tests::Sample,
            plan_summary::tests::{change, run_now},
            words::tests::task,
        },
    };

    fn markdown(sample: &Sample) -> String {
        let mut out = Vec::new();
        sample
            .report(|report| report.write_markdown(&mut out, "wf-bulk apply x.plan --sandbox"))
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    /// What a reader like GitHub's makes of it: the kinds of nodes by depth, and the text of the code spans.
    fn structure(markdown: &str) -> (Vec<String>, Vec<String>) {
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
                        || html.literal.starts_with("</details>"),
                    "{html:?}"
                ),
                NodeValue::HtmlInline(html) => assert_eq!(html, "<br>"),
                _ => {}
            }
        }
        (kinds, codes)
    }

    const HOSTILE: [&str; 12] = [
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
            let hostile = Sample {
                broken_guards: vec![name.to_owned()],
                ..named(1, name).into()
            };
            let plain = Sample {
                broken_guards: vec!["plain".to_owned()],
                ..named(1, "plain").into()
            };
            let (hostile, codes) = structure(&markdown(&hostile));
            assert_eq!(hostile, structure(&markdown(&plain)).0, "{name:?}");
            let shown = Untrusted(name).terminal().to_string();
            assert!(
                codes.iter().any(|code| code.trim() == shown.trim()),
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
        assert!(text.len() <= MAX_BYTES, "{}", text.len());
        assert!(text.len() > MAX_BYTES / 2, "the room is used");
        let (_, codes) = structure(&text);
        let listed = codes
            .iter()
            .filter(|code| code.starts_with("run_schedule_now  task"))
            .count();
        let more = thousands(104_000 - listed as u64);
        assert!(
            text.contains(&format!("… and {more} more, which don't fit here")),
            "{listed}"
        );
        assert!(
            text.ends_with("```sh\nwf-bulk apply x.plan --sandbox\n```\n"),
            "the command is never cut off"
        );
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
        }));
        items.push(Item::Rejected(Rejection {
            target: None,
            row: Some(12),
            reason: "there is no such execution".to_owned(),
        }));
        let sample = Sample {
            broken_guards: vec!["414 changes are planned, max_changes is 300".to_owned()],
            ..items.into()
        };
        insta::assert_snapshot!(markdown(&sample), @r#"
        ### `reassign-leaver`: 414 changes in 140 flows

        On `sandbox`, org `4711`, as of 2026-12-01 09:00 `Europe/Berlin`; scanned 2,000 flows, selected 415 tasks in 141 flows; with `leaver: "10010"`.

        > [!CAUTION]
        > Guard broken, so this plan is refused: `414 changes are planned, max_changes is 300`

        - 414 changes in 140 flows: 414 writes, 140 re-checks, about 69 s at 8/s
        - 413 can be undone, 1 can't; 1 automation fires

        | changes | of | action | field | before → after | which, if few |
        |--:|---|---|---|---|---|
        | 412 | tasks | `reassign` | `assigned_to` | `10010 → 10020` |  |
        | 1 | tasks | `run_schedule_now` |  |  |  |
        | 1 | tasks | `shift_due_date` | `due_date` | `+2 days   (was 2026-12-30)` | `task “Meter \| reading” e900/t` |

        **1 change can't be undone**

        `an automation that has started can't be called back`

        - `run_schedule_now  task “Send offer” e901/t`

        **1 rejected: they can't be planned, so the plan is refused**

        - `row 12: there is no such execution`

        | skipped | why | which, if few |
        |--:|---|---|
        | 1 | `10020 is assigned already` | `task e902/t` |

        Plan with SHA-256 `5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e`. To apply exactly this plan:

        ```sh
        wf-bulk apply x.plan --sandbox
        ```
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
}
