//! Text from outside can do nothing to the page.

use super::*;

#[test]
#[ignore = "needs Chromium: just browser"]
fn names_that_would_act_change_nothing_but_the_text_of_the_page() {
    let mut chromium = Chromium::start();
    let mut structures: Vec<Value> = Vec::new();
    for names in [Names::Plain, Names::Hostile] {
        let page = Page::of(10_000, names);
        chromium.open(&page.path());
        let mut structure = vec![chromium.evaluate(STRUCTURE)];
        // All states, so that skips and rejections are drawn as well, and the last page.
        for step in [
            "document.querySelector('[data-key=all]').click()",
            "document.querySelector('[data-page=last]').click()",
            "document.querySelector('[data-key=rejected]').click()",
            "document.querySelector('[data-key=final]').click()",
            "document.querySelector('[data-group=\"0\"] button').click()",
        ] {
            chromium.evaluate(step);
            structure.push(chromium.evaluate(STRUCTURE));
        }
        assert_eq!(
            chromium.evaluate("typeof window.canary"),
            json!("undefined"),
            "{names:?}"
        );
        assert_eq!(chromium.incidents(), [""; 0], "{names:?}");
        let elements = structure[0].as_array().unwrap().len();
        assert!(elements > 1_000, "{elements} elements");
        structures.push(structure.into());
    }
    assert!(
        structures[0] == structures[1],
        "other elements or attributes"
    );
}

#[test]
#[ignore = "needs Chromium: just browser"]
fn what_is_hidden_in_a_name_is_seen_in_the_page() {
    let page = Page::of(100, Names::Hostile);
    let mut chromium = Chromium::start();
    chromium.open(&page.path());
    let text = chromium.text("document.body.innerText");
    for shown in [
        "<img src=x onerror=\"window.canary=1;alert(1)\">",
        "</script><script>window.canary=1;alert(1)</script>",
        "\\u{1b}[2J",
        "invoice\\u{202e}fdp.exe \\u{2066}x\\u{2069} a\\u{200b}b \\u{2028} \\u003cb\\u003e &lt;b&gt;",
        "a | b `code` @all",
    ] {
        assert!(text.contains(shown), "{shown}");
    }
}

#[test]
#[ignore = "needs Chromium: just browser"]
fn the_policy_stops_what_the_page_does_not_hold_itself() {
    let page = Page::of(10, Names::Plain);
    let mut chromium = Chromium::start();
    for (attack, said) in [
        (
            "document.body.append(Object.assign(document.createElement('img'), {src: 'https://example.com/x.png'}))",
            "img-src",
        ),
        ("document.body.innerHTML = '<b>x</b>'", "TrustedHTML"),
        (
            "document.body.append(Object.assign(document.createElement('style'), {textContent: '*{color:red}'}))",
            "style-src",
        ),
        (
            "document.body.setAttribute('onclick', 'window.canary = 1')",
            "TrustedScript",
        ),
        ("fetch('https://example.com/')", "connect-src"),
    ] {
        chromium.open(&page.path());
        let quiet = format!("(async () => {{ try {{ await ({attack}) }} catch {{}} }})()");
        chromium.evaluate(&quiet);
        chromium.evaluate("document.body.click()");
        let incidents = chromium.incidents().join("\n");
        assert!(incidents.contains(said), "{attack}: {incidents}");
        assert_eq!(
            chromium.evaluate("typeof window.canary"),
            json!("undefined")
        );
    }
}
