//! Text that may be printed. The list is written apart from that of `src/common/text.rs`, so that an entry that is lost there is found.

/// Asserts that nothing in a line acts or hides: no control character, no change of direction, nothing of no width but marks.
#[track_caller]
pub(super) fn assert_line(shown: &str) {
    if let Some(c) = shown.chars().find(|c| acts_or_hides(*c)) {
        panic!("{c:?} in {shown:?}");
    }
}

/// As [`assert_line`], for each line of a page.
#[track_caller]
pub(super) fn assert_page(shown: &str) {
    shown.split('\n').for_each(assert_line);
}

fn acts_or_hides(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}
