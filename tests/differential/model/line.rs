//! A change, as a line of the plan.

use serde_json::{Map, Value, json};

use super::put;
use crate::compare::in_any_order;
use crate::outcome::{Edit, Repeat};

/// A line of the plan, without what the documentation says nothing of.
pub(super) fn change(
    group: &str,
    target: &Value,
    edit: Edit,
    labels: &[String],
    caused: &[Value],
) -> Value {
    let own = edit.effects.iter().map(|word| json!(word));
    let effects: Vec<Value> = own.chain(caused.iter().cloned()).collect();
    let mut body = Value::Object(edit.sends);
    let mut undo = json!({});
    let (mut before, mut after) = (Map::new(), Map::new());
    let mut is_final = edit.is_final;
    for write in edit.writes {
        put(&mut body, write.path, write.after.clone());
        match write.undo {
            Some(value) => put(&mut undo, write.path, value),
            None => is_final = true,
        }
        before.insert(write.path.to_owned(), write.before);
        after.insert(write.path.to_owned(), write.after);
    }
    if let Some(status) = edit.becomes {
        before.insert("status".to_owned(), json!("SCHEDULED"));
        after.insert("status".to_owned(), json!(status));
    }
    let request = |body: Value| {
        let mut request = json!({"method": edit.method, "path": edit.path});
        if body != json!({}) {
            request["body"] = body;
        }
        request
    };
    let mut change = json!({
        "group": group, "target": target, "action": labels, "request": request(body), "effects": in_any_order(effects),
        "repeat": match edit.repeat {
            Repeat::Safe => "safe",
            Repeat::Readable => "readable",
            Repeat::Once => "once",
        },
        "undo": if is_final { json!("none") } else { request(undo) },
    });
    if edit.method == "PATCH" || edit.becomes.is_some() {
        change["before"] = Value::Object(before);
        change["after"] = Value::Object(after);
    }
    change
}
