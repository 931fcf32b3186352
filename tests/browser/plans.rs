//! Plans of any size, and the pages that `show` makes of them.

use std::{
    fs::{self, File},
    io::BufWriter,
    path::{Path, PathBuf},
    process::Command,
};

use jiff::{Span, Timestamp, civil::date};
use serde_json::{Value, json};
use tempfile::TempDir;
use wf_bulk::{
    digest::sha256,
    plan::{Item, PlanWriter},
};

/// What somebody may write into a name to harm who reads it.
const HOSTILE: [&str; 10] = [
    "<img src=x onerror=\"window.canary=1;alert(1)\">",
    "</script><script>window.canary=1;alert(1)</script>",
    "<!--<script ",
    "\" onmouseover=\"window.canary=1\" x=\"",
    "</script x=",
    "a | b `code` @all #1 [x](javascript:window.canary=1) ![x](https://example.com/x.png)",
    "\u{1b}[2J\u{1b}]8;;https://example.com\u{7}link",
    "invoice\u{202e}fdp.exe \u{2066}x\u{2069} a\u{200b}b \u{2028} \\u003cb\\u003e &lt;b&gt;",
    "<style>*{display:none}</style><base href=https://example.com/>",
    "']]}>\"\\\n\t</textarea><svg onload=window.canary=1>",
];

const PLAIN: [&str; 10] = [
    "Vertragsdaten prüfen",
    "Angebot senden",
    "Zähler setzen",
    "Anmeldung an Netzbetreiber senden",
    "Schlussrechnung anstoßen",
    "Unterlagen vollständig?",
    "Tiefbau beauftragen",
    "Inbetriebnahme melden",
    "Begrüßungsschreiben senden",
    "Rückruf vereinbaren",
];

/// What the names in a plan are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    Plain,
    Hostile,
}

impl Names {
    /// A name that is the same for the same number.
    pub(crate) fn of(self, number: usize) -> String {
        match self {
            Self::Plain => PLAIN[number % 10].to_owned(),
            Self::Hostile => HOSTILE[number % 10].to_owned(),
        }
    }

    /// Text that has another meaning for who reads the plan, in front of what tells it apart.
    pub(crate) fn with(self, number: usize, rest: &str) -> String {
        match self {
            Self::Plain => rest.to_owned(),
            Self::Hostile => format!("{rest} {}", self.of(number)),
        }
    }
}

/// A page that `show` has made, in a folder of its own.
pub(crate) struct Page {
    folder: TempDir,
}

impl Page {
    /// Of a plan with this many changes, and some skipped and rejected targets beside them. Its guards refuse it.
    pub(crate) fn of(changes: usize, names: Names) -> Self {
        let guards = json!({"max_changes": changes - 1, "allow": ["run_schedule_now"], "rejected": "refuse"});
        Self::made(
            changes,
            names,
            &guards,
            "2026-12-01T08:00:00Z".parse().unwrap(),
        )
    }

    /// The same, of a plan that may be applied now.
    pub(crate) fn of_what_may_be_applied(changes: usize) -> Self {
        let guards = json!({"allow": ["run_schedule_now"], "rejected": "allow"});
        Self::made(changes, Names::Plain, &guards, Timestamp::now())
    }

    fn made(changes: usize, names: Names, guards: &Value, now: Timestamp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let header = json!({
            "wf_bulk_plan": 1,
            "playbook": {"name": names.with(0, "hand-over"), "sha256": "5e".repeat(32), "converges": true, "repeatable": false},
            "vars": {"leaver": names.with(1, "10010"), "successor": "10020"}, "server": "sandbox",
            "org": names.with(3, "4711"), "now": now, "timezone": "Europe/Berlin",
            "pace": {"rate": "8/s", "burst": 4, "concurrency": 4, "stop_after": 10},
            "guards": guards,
            "tool": names.with(4, "wf-bulk 0.1.0"),
        });
        write_plan(&folder.path().join("x.plan"), &header, changes, names);
        let page = Self { folder };
        let shown = Command::new(env!("CARGO_BIN_EXE_wf-bulk"))
            .args(["show", "x.plan", "--format", "html"])
            .current_dir(page.folder.path())
            .stdout(File::create(page.path()).unwrap())
            .status()
            .unwrap();
        assert!(shown.success());
        page
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("x.html")
    }

    /// Bytes of the page.
    pub(crate) fn len(&self) -> u64 {
        fs::metadata(self.path()).unwrap().len()
    }
}

/// Writes a plan with this many changes, and some skipped and rejected targets beside them.
pub(crate) fn write_plan(path: &Path, header: &Value, changes: usize, names: Names) {
    let header = serde_json::from_value(header.clone()).unwrap();
    let plan = File::create(path).unwrap();
    let mut writer = PlanWriter::new(BufWriter::new(plan), &header).unwrap();
    for number in 0..changes {
        writer
            .item(&Item::Change(Box::new(change(number, names))))
            .unwrap();
        if number % 3 == 2 {
            writer.item(&Item::Skipped(skip(number, names))).unwrap();
        }
        if number % 400 == 7 {
            writer
                .item(&Item::Rejected(rejection(number, names)))
                .unwrap();
        }
    }
    writer.finish(changes as u64).unwrap();
}

fn target(number: usize, names: Names) -> Value {
    json!({"kind": "task", "api": "v2", "execution": format!("e{:06}", number / 3), "id": format!("t{number}"), "name": names.of(number)})
}

fn change(number: usize, names: Names) -> wf_bulk::plan::Change {
    let resource = format!("/v2/flows/executions/e{:06}/tasks/t{number}", number / 3);
    let person = |number: usize| names.with(number, &format!("{}", 10_010 + number));
    // More for the first ones, as in life.
    let from = person((number * number) % 23 * (number % 3 + 1) % 17);
    // Around a day in the middle, as two dice fall.
    let days = number * 37 % 29 + number * number % 31;
    let due = date(2026, 11, 10)
        .checked_add(Span::new().days(i64::try_from(days).unwrap()))
        .unwrap();
    let later = due.checked_add(Span::new().days(3)).unwrap();
    let (action, method, path, before, after) = match number % 10 {
        0..=4 => (
            "reassign",
            "PATCH",
            resource,
            json!({"assigned_to": [from]}),
            json!({"assigned_to": [person(number % 4 + 20)]}),
        ),
        5..=7 => (
            "shift_due_date",
            "PATCH",
            resource,
            json!({"due_date": format!("{due}T00:00:00.000")}),
            json!({"due_date": format!("{later}T00:00:00.000")}),
        ),
        8 => (
            "patch",
            "PATCH",
            resource,
            json!({"name": names.of(number)}),
            json!({"name": names.of(number + 1)}),
        ),
        _ => (
            "run_schedule_now",
            "POST",
            format!("{resource}/schedule/run-now"),
            json!({"status": "SCHEDULED"}),
            json!({"status": "IN_PROGRESS"}),
        ),
    };
    let effects = match action {
        "reassign" => json!([{"notice": after["assigned_to"][0]}]),
        "run_schedule_now" => json!(["automation_fires", "notices_unknown"]),
        _ => json!([]),
    };
    let (request, undo, requires, repeat) = if action == "run_schedule_now" {
        (
            json!({"method": method, "path": path}),
            json!({"none": "an automation that has started can't be called back"}),
            json!({"execution.status": "STARTED", "target.automation_config.execution_id": null,
                   "target.automation_execution_id": null, "target.schedule.schedule_id": "s"}),
            "readable",
        )
    } else {
        (
            json!({"method": method, "path": path, "body": after}),
            json!({"request": {"method": method, "path": path, "body": before}}),
            json!({"execution.status": "STARTED", "target.status": "PENDING"}),
            "safe",
        )
    };
    let id = &sha256(format!("{path}\n{action}\n0"))[..12];
    serde_json::from_value(json!({
        "change": id, "group": format!("e{:06}", number / 3), "target": target(number, names), "action": [action],
        "request": request, "before": before, "after": after, "requires": requires, "repeat": repeat, "undo": undo,
        "effects": effects,
    }))
    .unwrap()
}

fn skip(number: usize, names: Names) -> wf_bulk::plan::Skip {
    let who = 10_010 + number % 2;
    let reason = names.with(number % 2, &format!("{who} is not assigned"));
    serde_json::from_value(json!({"target": target(number, names), "reason": reason})).unwrap()
}

fn rejection(number: usize, names: Names) -> wf_bulk::plan::Rejection {
    let reason = names.with(number, "no closing reason `Verzogen` is configured");
    serde_json::from_value(
        json!({"target": target(number, names), "row": number, "reason": reason}),
    )
    .unwrap()
}
