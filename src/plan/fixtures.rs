//! What the tests of plans share.

use serde_json::json;

use super::PlanHeader;

/// A header on the sandbox, without guards.
pub(super) fn header() -> PlanHeader {
    serde_json::from_value(json!({
        "wf_bulk_plan": 1,
        "playbook": {"name": "p", "sha256": "00", "converges": true, "repeatable": false},
        "vars": {"leaver": "10010"},
        "server": "sandbox", "org": "4711", "now": "2026-12-01T08:00:00Z", "timezone": "Europe/Berlin",
        "pace": {"rate": "8/s", "burst": 4, "concurrency": 4, "stop_after": 10},
        "guards": {"allow": [], "rejected": "refuse"},
        "tool": "wf-bulk 0.1.0",
    }))
    .unwrap()
}
