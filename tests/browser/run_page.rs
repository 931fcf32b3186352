//! The page of a run: harmless, on a phone, in the dark, without scripts, by keyboard; and pictures of it.

use super::*;

/// As [`STRUCTURE`], without the plots whose classes depend on how long the requests took.
const LASTING_STRUCTURE: &str = "[...document.querySelectorAll('*')]\
    .filter((element) => !element.closest('figure:not(.wide)'))\
    .map((element) => [element.localName, ...[...element.attributes].map((attribute) => attribute.name)].join(' '))";

#[test]
#[ignore = "needs Chromium: just browser"]
fn names_and_messages_that_would_act_change_nothing_but_the_text_of_the_page_of_a_run() {
    let mut chromium = Chromium::start();
    let structures = [Names::Plain, Names::Hostile].map(|names| {
        let page = RunPage::of(names);
        chromium.open(&page.path());
        assert_eq!(
            chromium.evaluate("typeof window.canary"),
            json!("undefined"),
            "{names:?}"
        );
        assert_eq!(chromium.incidents(), [""; 0], "{names:?}");
        let text = chromium.text("document.body.textContent");
        if names == Names::Hostile {
            for shown in [
                "</script><script>window.canary=1;alert(1)</script>",
                "\\u{1b}[2J",
                "a | b `code` @all",
            ] {
                assert!(text.contains(shown), "{shown}");
            }
        }
        chromium.evaluate(LASTING_STRUCTURE)
    });
    let elements = structures[0].as_array().unwrap().len();
    assert!(elements > 200, "{elements} elements");
    assert!(
        structures[0] == structures[1],
        "other elements or attributes"
    );
}

#[test]
#[ignore = "needs Chromium: just browser"]
fn the_page_of_a_run_is_no_wider_than_a_phone_also_unfolded() {
    let mut chromium = Chromium::start();
    for page in [RunPage::of(Names::Hostile), RunPage::of_a_playbook()] {
        for width in [320, 360, 390, 768] {
            chromium.size(width, 800);
            chromium.open(&page.path());
            for unfold in [
                "",
                "document.querySelectorAll('details').forEach((it) => it.open = true)",
            ] {
                chromium.evaluate(unfold);
                let wide = chromium.number("document.documentElement.scrollWidth");
                assert!(wide <= f64::from(width), "{wide} in {width}: {unfold}");
            }
        }
    }
}

#[test]
#[ignore = "needs Chromium: just browser"]
fn the_page_of_a_run_is_read_well_in_the_light_and_in_the_dark() {
    let page = RunPage::of(Names::Plain);
    let mut chromium = Chromium::start();
    let grounds = ["light", "dark"].map(|scheme| {
        chromium.scheme(scheme);
        chromium.open(&page.path());
        chromium.evaluate("document.querySelectorAll('details').forEach((it) => it.open = true)");
        assert_eq!(chromium.evaluate(looks::CONTRAST), json!([]), "{scheme}");
        chromium.text("getComputedStyle(document.body).backgroundColor")
    });
    assert_ne!(grounds[0], grounds[1]);
}

#[test]
#[ignore = "needs Chromium: just browser"]
fn the_page_of_a_run_needs_no_script_and_everything_that_acts_is_reached_by_tab() {
    let page = RunPage::of_a_playbook();
    let mut chromium = Chromium::start();
    chromium.scripts(false);
    chromium.open(&page.path());
    let text = chromium.text("document.body.innerText");
    for shown in [
        "changes need a look",
        "wf-bulk retry ",
        "400: 10020 is not in the organisation",
        "Requests and changes over time",
        "How long changes took, at most",
        "wf-bulk undo ",
        "ticket 4711",
    ] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    let bars = chromium.number("[...document.querySelectorAll('svg rect')].filter((bar) => bar.getBoundingClientRect().width > 1).length");
    assert!(bars > 20.0, "{bars} bars");
    chromium.scripts(true);
    chromium.open(&page.path());
    assert_eq!(chromium.incidents(), [""; 0]);
    chromium.press("Tab");
    assert_eq!(chromium.text("document.activeElement.className"), "skip");
    chromium.evaluate("window.seen = new Set()");
    for _ in 0..100 {
        let visible = chromium.evaluate(
            "(() => { const it = document.activeElement; seen.add(it); const style = getComputedStyle(it); \
             return it === document.body || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) })()",
        );
        assert_eq!(visible, json!(true), "the focus is seen");
        chromium.press("Tab");
    }
    let missed = chromium.evaluate(
        "[...document.querySelectorAll('a, button, summary, [tabindex=\"0\"]')]\
         .filter((element) => element.checkVisibility() && !seen.has(element)).map((element) => element.outerHTML)",
    );
    assert_eq!(missed, json!([]));
}

/// For whoever changes the page: how it looks, in `target/tmp/browser/`.
#[test]
#[ignore = "needs Chromium: just browser"]
fn pictures_are_taken_of_the_page_of_a_run() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
    fs::create_dir_all(&folder).unwrap();
    let mut chromium = Chromium::start();
    let page = RunPage::of_a_playbook();
    for scheme in ["light", "dark"] {
        chromium.scheme(scheme);
        for width in [1280, 390, 320] {
            chromium.size(width, 900);
            chromium.open(&page.path());
            let picture = chromium.picture(width, 6_000);
            looks::save(&picture, &folder.join(format!("run-{scheme}-{width}.png")));
        }
    }
}
