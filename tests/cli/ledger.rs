//! What the sandbox says that it was asked and what it did.

use std::collections::BTreeMap;

use serde_json::Value;

/// Fields that move with each write, whatever it says.
const STAMPS: [&str; 4] = ["updated_at", "lastUpdated", "lastUpdateTime", "analytics"];

/// Whether the target is another after an effect than before: a value that is written once more changes nothing.
pub(crate) fn is_a_change(effect: &Value) -> bool {
    let fields = effect["fields"].as_object().unwrap();
    let comes_or_goes = effect["kind"].as_str().unwrap().contains("delete")
        || effect["kind"].as_str().unwrap().contains("add");
    comes_or_goes || fields.keys().any(|field| !STAMPS.contains(&field.as_str()))
}

pub(crate) struct Ledger(pub(crate) Value);

impl Ledger {
    pub(crate) fn requests(&self) -> &[Value] {
        self.0["requests"].as_array().unwrap()
    }

    /// All requests but the first so many, one a line, for what a failing test says.
    pub(crate) fn told_from(&self, first: usize) -> String {
        let lines: Vec<String> = self.requests()[first..]
            .iter()
            .map(Value::to_string)
            .collect();
        lines.join("\n")
    }

    /// What requests changed; automations that end by themselves are none of ours.
    pub(crate) fn effects(&self) -> Vec<&Value> {
        let effects = self.0["effects"].as_array().unwrap();
        effects
            .iter()
            .filter(|effect| !effect["request"].is_null())
            .collect()
    }

    /// Requests that would change something, whatever became of them.
    pub(crate) fn writes(&self) -> usize {
        let reads = |request: &Value| {
            request["method"] == "GET" || request["path"].as_str().unwrap().ends_with(":search")
        };
        self.requests()
            .iter()
            .filter(|request| !reads(request))
            .count()
    }

    /// How often each path was read with GET.
    pub(crate) fn reads_by_path(&self) -> BTreeMap<&str, usize> {
        let mut reads = BTreeMap::new();
        for request in self
            .requests()
            .iter()
            .filter(|request| request["method"] == "GET")
        {
            *reads.entry(request["path"].as_str().unwrap()).or_default() += 1;
        }
        reads
    }

    /// How often each target was changed.
    pub(crate) fn effects_by_target(&self) -> BTreeMap<String, usize> {
        let mut effects = BTreeMap::new();
        for effect in self.effects() {
            let target = format!("{}/{}", effect["execution"], effect["target"]);
            *effects.entry(target).or_default() += 1;
        }
        effects
    }

    /// When each request of the API arrived, in Unix milliseconds, in order.
    pub(crate) fn arrivals(&self) -> Vec<i64> {
        let of_the_api =
            |request: &&Value| !request["path"].as_str().unwrap().starts_with("/_sandbox");
        let at = |request: &Value| request["unix_ms"].as_i64().unwrap();
        let mut arrivals: Vec<i64> = self.requests().iter().filter(of_the_api).map(at).collect();
        arrivals.sort_unstable();
        arrivals
    }
}
