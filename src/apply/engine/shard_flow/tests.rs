use serde_json::json;

use super::*;
use crate::pace::Pace;

#[test]
fn a_group_gets_the_answers_about_its_own_changes() {
    let group = |lines: &[u64]| json!({"lines": lines, "execution": null, "journal": "", "errors": 0, "doubtful": true, "open": true});
    let task = json!({
        "run_flow": "flow", "number": 0, "header": "", "first_line": 2, "text": "a\nb\nc\n",
        "groups": [group(&[2, 4]), group(&[3])],
    });
    let answer = |line: u64| json!({"line": line, "attempt": 1, "answer": "applied"});
    let start = json!({"errors": 0, "in_a_row": 0, "session": {
        "run": "run", "server": "s", "org": null, "pace": Pace::default(), "max_errors": null, "recheck": true,
        "settle_ms": 1, "answers": [answer(2), answer(3), answer(4)], "doubts": null, "began_ms": 0,
    }});
    let flow = ShardFlow {
        task: serde_json::from_value(task).unwrap(),
        start: Some(serde_json::from_value(start).unwrap()),
        progress: ShardProgress::default(),
        stopping: false,
    };
    let answered = |group| {
        let task = flow.group_task(group, None, None).unwrap();
        let lines = task.session.answers.iter().map(|given| given.line);
        lines.collect::<Vec<_>>()
    };
    assert_eq!(answered(0), [2, 4]);
    assert_eq!(answered(1), [3]);
}
