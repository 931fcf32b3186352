use serde_json::json;

use super::*;
use crate::{
    digest::sha256_base64,
    plan::{Item, Rejection, Skip},
    report::{
        html_page::STYLE,
        plan_report::tests::PlanSample as Plan,
        plan_summary::tests::{change, run_now},
        to_apply::WhyNot,
        words::tests::task,
    },
    text::Untrusted,
};

fn html(text: &str) -> String {
    Untrusted(text).html().to_string()
}

const APPLY: &str = "wf-bulk apply x.plan --approved 5e5e";

fn page(plan: &Plan) -> String {
    page_of(plan, &ToApply::Command(APPLY.to_owned()))
}

fn page_of(plan: &Plan, apply: &ToApply) -> String {
    plan.report(|report| {
        let mut out = Vec::new();
        report.write_html(&mut out, apply).unwrap();
        String::from_utf8(out).unwrap()
    })
}

/// What the script gets.
fn data(page: &str) -> Value {
    let (_, data) = page
        .split_once("<script type=\"application/json\" id=\"data\">")
        .unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    serde_json::from_str(data).unwrap()
}

fn items() -> Vec<Item> {
    let closed = json!({"selected_reasons": [{"id": "r", "title": "Lost"}]});
    let mut inner = task("e1", "t1", "Call <b>");
    inner.within = vec!["Moving".to_owned(), "Contract".to_owned()];
    vec![
        change(
            inner,
            "reassign",
            "assigned_to",
            json!(["7", "10010"]),
            json!(["7", "10020"]),
        ),
        change(
            task("e1", "t2", "Due"),
            "shift_due_date",
            "due_date",
            json!("2026-12-01"),
            json!("2026-12-04"),
        ),
        change(
            task("e2", "t1", "End"),
            "close",
            "closing_reason",
            json!(null),
            closed,
        ),
        run_now(task("e2", "t2", "Start")),
        Item::Skipped(Skip {
            target: task("e3", "t1", ""),
            reason: "done already".to_owned(),
            out_of_reach: false,
        }),
        Item::Rejected(Rejection {
            target: None,
            row: Some(12),
            reason: "no such id".to_owned(),
        }),
    ]
}

#[test]
fn every_line_of_the_plan_is_in_the_data_of_the_page() {
    assert_eq!(
        data(&page(&items().into())),
        json!([
            [
                0,
                [1],
                "reassign",
                ["task", "Call <b>", "e1/t1", "Moving › Contract"],
                [["assigned_to", "7, 10010", "7, 10020", "", "", ""]],
                "",
                []
            ],
            [
                0,
                [3],
                "shift_due_date",
                ["task", "Due", "e1/t2", ""],
                [["due_date", "2026-12-01", "2026-12-04", "+3 days", "", ""]],
                "",
                []
            ],
            [
                0,
                [0],
                "close",
                ["task", "End", "e2/t1", ""],
                [[
                    "closing_reason",
                    "none",
                    "Lost",
                    "",
                    "",
                    "{\"selected_reasons\":[{\"id\":\"r\",\"title\":\"Lost\"}]}"
                ]],
                "",
                []
            ],
            [
                0,
                [2],
                "run_schedule_now",
                ["task", "Start", "e2/t2", ""],
                [[
                    "",
                    null,
                    "POST /v2/flows/executions/e/tasks/t/schedule/run-now"
                ]],
                "an automation that has started can't be called back",
                ["automation fires"]
            ],
            [1, [4], "skipped", ["task", "", "e3/t1", ""], "done already"],
            [2, [], "rejected", ["row 12", "", "", ""], "no such id"],
        ])
    );
}

#[test]
fn a_plan_without_lines_is_a_page_as_well() {
    let page = page(&Vec::new().into());
    assert_eq!(data(&page), json!([]));
    assert!(page.contains("no changes: there is nothing to do"));
    assert!(!page.contains("<figure"), "there is nothing to plot");
}

#[test]
fn why_a_plan_is_refused_is_said_in_one_block_with_what_to_do() {
    let guard = "5 changes are planned, max_changes is <4>";
    let mut plan = Plan::from(items());
    plan.broken_guards = vec![guard.to_owned()];
    let why = |reason: &str, cure: &str| WhyNot {
        reason: reason.to_owned(),
        cures: vec![cure.to_owned()],
    };
    let rejected = why("1 item could not be planned", "look at the rejected items");
    let told = why(
        &format!("a guard does not hold: {guard}"),
        "change the guard in the playbook",
    );
    let unread = why("the run in x can't be read", "add --again");
    for refused in [vec![rejected, told.clone()], vec![told, unread]] {
        let page = page_of(&plan, &ToApply::Refused(refused.clone()));
        let (_, block) = page
            .split_once("<h2>This plan can't be applied</h2>")
            .unwrap();
        let (block, rest) = block.split_once("</section>").unwrap();
        for why in &refused {
            assert!(block.contains(&html(&why.reason)), "{block}");
            assert!(block.contains(&html(&why.cures[0])), "{block}");
        }
        assert!(block.contains("<li>row 12: no such id</li>"), "{block}");
        let (rest, _) = rest.split_once("<script").unwrap();
        for once in [html(guard), "row 12".to_owned()] {
            assert_eq!(block.matches(&once).count(), 1, "{once}: {block}");
            assert!(!rest.contains(&once), "{once}: {rest}");
        }
        assert!(!rest.contains("can't be applied"), "{rest}");
    }
}

#[test]
fn what_is_final_out_of_reach_and_rejected_stands_out() {
    let mut items = items();
    items.push(Item::Skipped(Skip {
        target: task("e3", "t2", ""),
        reason: "through a variable".to_owned(),
        out_of_reach: true,
    }));
    let page = page(&items.into());
    for part in [
        "<dt>skipped</dt><dd>1</dd>",
        "<dt>out of reach</dt><dd>1</dd>",
        "<h2>1 change can&#39;t be undone</h2><p>an automation that has started can&#39;t be called back</p>",
        "<h2>1 rejected: they can&#39;t be planned, so the plan is refused</h2>",
        "<li>row 12: no such id</li>",
        APPLY,
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn the_policy_names_the_digests_of_the_style_and_of_the_script() {
    let page = page(&items().into());
    let between = |start: &str, end: &str| {
        let (_, rest) = page.rsplit_once(start).unwrap();
        sha256_base64(rest.split_once(end).unwrap().0)
    };
    for (directive, digest) in [
        ("style", between("<style>", "</style>")),
        ("script", between("<script>", "</script>")),
    ] {
        let policy = format!("{directive}-src 'sha256-{digest}';");
        assert!(page.contains(&policy), "{policy}");
    }
    assert!(
        !STYLE.contains('\r') && !SCRIPT.contains('\r'),
        "a browser would hash other bytes"
    );
}

#[test]
fn a_page_of_our_own_words_uses_nothing_that_the_policy_forbids() {
    for word in [
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
    ] {
        assert!(!SCRIPT.contains(word), "{word}");
    }
    let page = page(&items().into());
    for word in [" style=", " onclick=", "http:", "https:", " src="] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn a_value_of_any_length_is_whole() {
    let long = "long ".repeat(20_000) + "end";
    let item = change(
        task("e1", "t1", "Call"),
        "patch",
        "description",
        json!(""),
        json!(long),
    );
    let rows = data(&page(&vec![item].into()));
    assert_eq!(rows[0][4][0][2], long);
}
