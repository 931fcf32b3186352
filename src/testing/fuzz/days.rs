//! Files of days off: each line is read as a day, or the file is refused with its line.

use jiff::civil::Date;

use super::{clean::assert_page, scratch};
use crate::{
    playbook::{self, Overrides},
    testing::samples::now,
};

/// The bytes of a file that `calendar` names.
pub fn days(data: &[u8]) {
    let file = scratch::write("days.txt", data);
    let name = file
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a name");
    let source = format!(
        "version: 1\nname: days\ncalendar: {name}\nselect: {{ executions: {{ list: {{}} }} }}\nactions: [ reassign: {{ from: \"1\", to: \"2\" }} ]\n"
    );
    let path = scratch::folder().join("playbook.yaml");
    match playbook::load(&path, source, &Overrides::default(), &[], now()) {
        Ok(playbook) => {
            let text = String::from_utf8_lossy(data);
            for line in text.trim_start_matches('\u{feff}').lines() {
                let line = line.trim();
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let word = line.split([' ', '\t', ',', ';']).next().unwrap_or_default();
                let day: Date = word.parse().expect("each line begins with a day");
                assert!(!playbook.calendar.is_business_day(day), "{day}");
            }
        }
        Err(mistakes) => {
            let shown = mistakes.render(false, None);
            assert_eq!(mistakes.list().len(), 1, "{shown}");
            assert_page(&shown);
            assert!(shown.len() < 4_000, "{} bytes", shown.len());
        }
    }
}
