//! The page on a phone, in the dark, without scripts; and pictures of it.

use super::*;

#[test]
#[ignore = "needs Chromium: just browser"]
fn nothing_is_wider_than_a_phone() {
    let mut chromium = Chromium::start();
    for names in [Names::Plain, Names::Hostile] {
        let page = Page::of(1_000, names);
        for width in [320, 360, 390, 768] {
            chromium.size(width, 800);
            chromium.open(&page.path());
            for state in ["changes", "rejected", "final", "all"] {
                chromium.evaluate(&format!(
                    "document.querySelector('.states [data-key={state}]').click()"
                ));
                let wide = chromium.number("document.documentElement.scrollWidth");
                assert!(
                    wide <= f64::from(width),
                    "{names:?}, {state}: {wide} in {width}"
                );
            }
        }
    }
}

#[test]
#[ignore = "needs Chromium: just browser"]
fn text_is_read_well_in_the_light_and_in_the_dark() {
    let page = Page::of(1_000, Names::Plain);
    let mut chromium = Chromium::start();
    let mut grounds = Vec::new();
    for scheme in ["light", "dark"] {
        chromium.scheme(scheme);
        chromium.open(&page.path());
        chromium.evaluate("document.querySelector('.states [data-key=all]').click()");
        grounds.push(chromium.text("getComputedStyle(document.body).backgroundColor"));
        // 4.5 to 1: level AA of the WCAG for text of this size.
        let weak = chromium.evaluate(CONTRAST);
        assert_eq!(weak, json!([]), "{scheme}");
    }
    assert_ne!(grounds[0], grounds[1]);
}

/// Elements with text of their own whose contrast to what is behind them is below 4.5.
pub(crate) const CONTRAST: &str = "(() => {
    const parts = (color) => color.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const color = parts(getComputedStyle(at).backgroundColor);
            if (color.length === 3 || color[3] === 1) return color;
        }
        return [255, 255, 255];
    };
    return [...document.querySelectorAll('body *')]
        .filter((element) => element.checkVisibility() && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''))
        .map((element) => {
            const style = getComputedStyle(element);
            const text = light(parts(element.closest('svg') ? style.fill : style.color));
            const ground = light(behind(element));
            return [element, (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05)];
        })
        .filter(([, contrast]) => contrast < 4.5)
        .map(([element, contrast]) => `${contrast.toFixed(2)} ${element.outerHTML.slice(0, 120)}`);
})()";

#[test]
#[ignore = "needs Chromium: just browser"]
fn without_scripts_all_but_the_table_is_there_and_that_is_said() {
    let mut chromium = Chromium::start();
    chromium.scripts(false);
    let refused = Page::of(10, Names::Plain);
    chromium.open(&refused.path());
    let text = chromium.text("document.body.innerText");
    assert!(text.contains("a guard does not hold"), "{text}");
    assert!(!text.contains("wf-bulk apply"), "{text}");
    let page = Page::of_what_may_be_applied(1_000);
    chromium.open(&page.path());
    let text = chromium.text("document.body.innerText");
    for shown in [
        "hand-over",
        "can't be undone",
        "wf-bulk apply x.plan",
        "SHA-256 of the plan",
        "10010 is not assigned",
        "Changes by action",
        "Assigned before and after",
        "Due dates before and after",
        "This table is drawn by a script, and scripts are off here.",
    ] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    for nothing in ["Copy", "Search names", "First\n", "Show in the table"] {
        assert!(!text.contains(nothing), "{nothing} would do nothing");
    }
    let bars = chromium.number("[...document.querySelectorAll('svg rect')].filter((bar) => bar.getBoundingClientRect().width > 1).length");
    assert!(bars > 30.0, "{bars} bars");
}

/// For whoever changes the page: how it looks, in `target/browser/`.
#[test]
#[ignore = "needs Chromium: just browser"]
fn pictures_are_taken_of_small_and_large_plans() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
    fs::create_dir_all(&folder).unwrap();
    let mut chromium = Chromium::start();
    for changes in [10, 10_000] {
        let page = Page::of(changes, Names::Plain);
        for scheme in ["light", "dark"] {
            chromium.scheme(scheme);
            for width in [1280, 390] {
                chromium.size(width, 900);
                chromium.open(&page.path());
                let picture = chromium.picture(width, 5_000);
                save(
                    &picture,
                    &folder.join(format!("{changes}-{scheme}-{width}.png")),
                );
            }
        }
    }
}

/// Writes a picture that is base64.
pub(crate) fn save(picture: &str, path: &Path) {
    let mut decoder = Command::new("base64")
        .arg("-d")
        .stdin(Stdio::piped())
        .stdout(fs::File::create(path).unwrap())
        .spawn()
        .unwrap();
    let mut input = decoder.stdin.take().unwrap();
    input.write_all(picture.as_bytes()).unwrap();
    drop(input);
    assert!(decoder.wait().unwrap().success());
}
