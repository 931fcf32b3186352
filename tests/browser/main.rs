//! The pages that `show --format html` and `report` make, in a browser. Needs Chromium: `just browser`.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod chromium;
mod harmless;
mod looks;
mod plans;
mod run_page;
mod runs;

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use serde_json::{Value, json};

use chromium::Chromium;
use plans::{Names, Page};
use runs::RunPage;

/// The elements of the page in their order, each with its attributes' names.
const STRUCTURE: &str = "[...document.querySelectorAll('*')].map((element) => \
    [element.localName, ...[...element.attributes].map((attribute) => attribute.name)].join(' '))";

/// What the cells of a column say, of the rows that are drawn.
fn column(chromium: &mut Chromium, number: usize) -> Vec<String> {
    let cells = format!(".lines tbody td:nth-child({number})");
    let texts = chromium.evaluate(&format!(
        "[...document.querySelectorAll({})].map((cell) => cell.textContent)",
        json!(cells)
    ));
    serde_json::from_value(texts).unwrap()
}

fn status(chromium: &mut Chromium) -> String {
    chromium.text("document.querySelector('.status').textContent")
}

/// Waits until the line above the table begins so.
fn wait_for_status(chromium: &mut Chromium, start: &str) {
    chromium.wait_for(&format!(
        "document.querySelector('.status').textContent.startsWith({})",
        json!(start)
    ));
}

#[test]
#[ignore = "needs Chromium: just browser"]
fn lines_are_searched_by_keyboard_and_every_word_must_be_found() {
    let page = Page::of(1_000, Names::Plain);
    let mut chromium = Chromium::start();
    chromium.open(&page.path());
    assert_eq!(
        status(&mut chromium),
        "1–100 of 1,000 (the plan has 1,336 lines)"
    );
    chromium.write("/");
    chromium.write("E000020 ZÄHLER");
    wait_for_status(&mut chromium, "1–1 of 1 ");
    assert_eq!(
        column(&mut chromium, 3),
        ["Zähler settask e000020/t62".replace("settask", "setzentask")]
    );
    chromium.write(" nowhere");
    wait_for_status(&mut chromium, "Nothing matches");
    assert!(column(&mut chromium, 3).is_empty());
    assert_eq!(chromium.incidents(), [""; 0]);
}

#[test]
#[ignore = "needs Chromium: just browser"]
fn lines_are_sorted_by_every_column_and_back_by_keyboard() {
    let page = Page::of(1_000, Names::Plain);
    let mut chromium = Chromium::start();
    chromium.open(&page.path());
    for (number, header) in [
        (2, "Action"),
        (3, "Target"),
        (4, "Change or reason"),
        (1, "#"),
    ] {
        chromium.tab_to(&format!(".lines th:nth-child({number}) button"));
        chromium.press("Enter");
        let sorted = |chromium: &mut Chromium| {
            let state = format!(
                "document.querySelector('.lines th:nth-child({number})').getAttribute('aria-sort')"
            );
            (chromium.text(&state), column(chromium, number))
        };
        let (direction, up) = sorted(&mut chromium);
        assert_eq!(direction, "ascending", "{header}");
        chromium.press("Enter");
        let (direction, down) = sorted(&mut chromium);
        assert_eq!(direction, "descending", "{header}");
        assert!(
            up[0] < down[0] || number == 1,
            "{header}: {} {}",
            up[0],
            down[0]
        );
        assert_eq!(
            chromium.evaluate("document.querySelectorAll('.lines [aria-sort]').length"),
            json!(1),
            "one column is said to be sorted"
        );
        // Back at the top for the next column.
        chromium
            .evaluate("document.activeElement.blur(); document.querySelector('#search').focus()");
    }
    let numbers = column(&mut chromium, 1);
    assert_eq!(
        numbers[0], "1,336",
        "numbers are no text: the last line comes first"
    );
}

#[test]
#[ignore = "needs Chromium: just browser"]
fn lines_are_filtered_by_state_action_and_group_by_keyboard() {
    let page = Page::of(1_000, Names::Plain);
    let mut chromium = Chromium::start();
    chromium.open(&page.path());
    for (state, first) in [
        ("final", "1–100 of 100 "),
        ("skipped", "1–100 of 333 "),
        ("rejected", "1–3 of 3 "),
        ("all", "1–100 of 1,336"),
    ] {
        chromium.evaluate("document.querySelector('#search').focus()");
        chromium.tab_to(&format!(".states [data-key={state}]"));
        chromium.press("Space");
        wait_for_status(&mut chromium, first);
        let pressed = "document.querySelector('.states [aria-pressed=true]').dataset.key";
        assert_eq!(chromium.text(pressed), state);
    }
    chromium.tab_to("#action");
    chromium.write("shift");
    wait_for_status(&mut chromium, "1–100 of 300 ");
    assert!(
        column(&mut chromium, 2)
            .iter()
            .all(|action| action == "shift_due_date")
    );
    // A group is shown as a whole, whatever was looked for before.
    chromium.evaluate("document.querySelector('.skip').focus()");
    chromium.tab_to("[data-group='0'] button");
    let counted =
        chromium.text("document.querySelector('[data-group=\"0\"] .number b').textContent");
    chromium.press("Enter");
    wait_for_status(&mut chromium, &format!("1–{counted} of {counted} "));
    chromium.tab_to("#unfilter");
    chromium.press("Enter");
    wait_for_status(&mut chromium, "1–100 of 1,336");
    assert_eq!(chromium.incidents(), [""; 0]);
}

#[test]
#[ignore = "needs Chromium: just browser"]
fn each_group_shows_as_many_lines_as_it_counts() {
    let page = Page::of(1_000, Names::Hostile);
    let mut chromium = Chromium::start();
    chromium.open(&page.path());
    let groups = chromium.number("document.querySelectorAll('[data-group]').length");
    assert!(groups > 10.0, "{groups} groups");
    let wrong = chromium.evaluate(
        "[...document.querySelectorAll('[data-group]')].flatMap((line) => {
            line.querySelector('button').click();
            const said = document.querySelector('.status').textContent;
            const count = line.querySelector('.number b').textContent;
            return said.includes(`of ${count} (`) ? [] : [`${count}: ${said}`];
        })",
    );
    assert_eq!(wrong, json!([]));
}

#[test]
#[ignore = "needs Chromium: just browser"]
fn the_command_is_copied_as_it_is_shown() {
    let page = Page::of_what_may_be_applied(10);
    let mut chromium = Chromium::start();
    chromium.open(&page.path());
    chromium.call(
        "Browser.grantPermissions",
        &json!({"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}),
    );
    chromium.tab_to("#copy");
    chromium.press("Enter");
    chromium.wait_for("document.querySelector('#copy').textContent === 'Copied'");
    let shown = chromium.text("document.querySelector('#apply').textContent");
    assert!(shown.starts_with("wf-bulk apply x.plan "), "{shown}");
    assert_eq!(chromium.text("navigator.clipboard.readText()"), shown);
}

#[test]
#[ignore = "needs Chromium: just browser"]
fn pages_are_turned_by_keyboard_without_losing_the_focus() {
    let page = Page::of(1_000, Names::Plain);
    let mut chromium = Chromium::start();
    chromium.open(&page.path());
    for (button, first) in [
        ("next", "101–200 of 1,000 "),
        ("last", "901–1,000 of 1,000 "),
        ("previous", "801–900 of 1,000 "),
        ("first", "1–100 of 1,000 "),
    ] {
        chromium.evaluate("document.querySelector('.lines thead button').focus()");
        chromium.tab_to(&format!("[data-page={button}]"));
        chromium.press("Enter");
        wait_for_status(&mut chromium, first);
        let focus = chromium.text("document.activeElement.dataset.page");
        assert_eq!(
            focus, button,
            "also where there is nothing more in that direction"
        );
    }
    chromium.tab_to("#page");
    chromium.press("Delete");
    chromium.evaluate("document.activeElement.select()");
    chromium.write("7");
    chromium.press("Enter");
    wait_for_status(&mut chromium, "601–700 of 1,000 ");
    assert_eq!(column(&mut chromium, 1).len(), 100);
}

#[test]
#[ignore = "needs Chromium: just browser"]
fn everything_that_acts_is_reached_by_tab_and_shows_the_focus() {
    let page = Page::of(1_000, Names::Plain);
    let mut chromium = Chromium::start();
    chromium.open(&page.path());
    chromium.press("Tab");
    assert_eq!(
        chromium.text("document.activeElement.className"),
        "skip",
        "it comes first"
    );
    let mut reached = 0;
    let acts = "[...document.querySelectorAll('a, button, input, select, summary')]\
        .filter((element) => element.checkVisibility())";
    let all = chromium.number(&format!("{acts}.length"));
    chromium.evaluate("window.seen = new Set()");
    for _ in 0..400 {
        let visible = chromium.evaluate(
            "(() => { const it = document.activeElement; seen.add(it); const style = getComputedStyle(it); \
             return it === document.body || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) })()",
        );
        assert_eq!(
            visible,
            json!(true),
            "the focus on {}",
            chromium.text("document.activeElement.outerHTML")
        );
        chromium.press("Tab");
        reached += 1;
        if chromium.evaluate("document.activeElement.className === 'skip'") == json!(true) {
            break;
        }
    }
    let missed = chromium.evaluate(&format!(
        "{acts}.filter((element) => !seen.has(element)).map((element) => element.outerHTML)"
    ));
    assert_eq!(missed, json!([]), "{reached} of {all}");
}

#[test]
#[ignore = "needs Chromium: just browser"]
#[expect(
    clippy::print_stderr,
    reason = "the numbers are what it is run for by hand"
)]
fn a_plan_of_50_000_changes_stays_usable() {
    let page = Page::of(50_000, Names::Plain);
    let mut chromium = Chromium::start();
    let start = Instant::now();
    chromium.open(&page.path());
    let opened = start.elapsed().as_secs_f64() * 1_000.0;
    let measured = |chromium: &mut Chromium, name: &str| {
        chromium.number(&format!(
            "performance.getEntriesByName({}).at(-1).duration",
            json!(name)
        ))
    };
    let parse = measured(&mut chromium, "parse");
    let first = measured(&mut chromium, "first");
    chromium.write("/");
    let mut searches = Vec::new();
    for (letters, start) in [
        ("zä", "1–100 of 5,000 "),
        ("hler e0001", "1–"),
        (" t4", "1–"),
    ] {
        let before = chromium.number("performance.getEntriesByName('update').length");
        chromium.write(letters);
        chromium.wait_for(&format!(
            "performance.getEntriesByName('update').length > {before}"
        ));
        wait_for_status(&mut chromium, start);
        searches.push(measured(&mut chromium, "update").round());
    }
    let mut sorts = Vec::new();
    for column in 2..=5 {
        chromium.evaluate(&format!(
            "document.querySelector('.lines th:nth-child({column}) button').click()"
        ));
        sorts.push(measured(&mut chromium, "update").round());
    }
    eprintln!(
        "{} bytes, opened in {opened:.0} ms, of which parsed in {parse:.0} ms, parsed and first drawn in {first:.0} ms; \
         searches {searches:?} ms, sorts {sorts:?} ms",
        page.len(),
    );
    assert!(
        opened < 10_000.0 && first < 5_000.0,
        "{opened} ms, {first} ms"
    );
    assert!(searches.iter().chain(&sorts).all(|took| *took < 2_000.0));
    assert!(chromium.number("document.querySelectorAll('.lines tbody tr').length") <= 100.0);
}
