//! The faults file.

use serde::{Deserialize, Serialize};

/// What goes wrong, and when: `{"rules": [{"match": {…}, "do": …}], "limit": {…}}`.
///
/// ```json
/// {
///   "rules": [
///     {"match": {"method": "PATCH", "nth": 3}, "do": "drop_after_effect"},
///     {"match": {"path_contains": "/tasks/", "every": 10}, "do": {"status": {"code": 503, "message": "try later"}}},
///     {"match": {"from": 1, "to": 5}, "do": {"latency_ms": 200}}
///   ],
///   "limit": {"rate": 20, "burst": 5}
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Faults {
    /// The first rule that applies to a request is taken; all rules count it.
    #[serde(default)]
    pub rules: Vec<FaultRule>,
    pub limit: Option<Limit>,
}

/// A fault and the requests that meet it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    #[serde(default, rename = "match")]
    pub matching: Match,
    #[serde(rename = "do")]
    pub fault: RequestFault,
}

/// Which requests a rule means. Conditions on the request come first; the numbers count the requests
/// that meet them, from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Match {
    /// `GET`, `PATCH`, `POST`
    pub method: Option<String>,
    pub path_contains: Option<String>,
    /// Operations that write: not GET, not a search.
    pub effect_only: bool,
    /// This one alone.
    pub nth: Option<u64>,
    /// The first that is meant.
    pub from: Option<u64>,
    /// The last that is meant.
    pub to: Option<u64>,
    /// Each so many-th, beginning with `from`, or with this number.
    pub every: Option<u64>,
    /// A method and path that has met the fault does not meet it again.
    pub once_per_url: bool,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestFault {
    /// An answer that the service did not mean.
    Status(ScriptedStatus),
    /// Milliseconds until the request is looked at.
    LatencyMs(u64),
    /// The connection is closed without an answer; nothing is done.
    DropBeforeEffect,
    /// It is done, then the connection is closed without an answer.
    DropAfterEffect,
    /// It is done; half of the answer's body comes, then the connection is closed.
    CutBody,
    /// It is done; the second half of the answer's body comes this many milliseconds after the first.
    SlowBodyMs(u64),
    /// The connection is closed without an answer, and this many milliseconds later it is done.
    LateEffectMs(u64),
    /// It is done; the answer says that it is compressed in this way, whatever was asked for. `gzip` it is, anything else not.
    ContentEncoding(String),
    /// 200 with a page of HTML, as a proxy's login page; nothing is done.
    Html,
    /// 200 with the object as it is, `{}` where one would be made; nothing is done.
    StaleBody,
    /// 200 with `{}`; nothing is done.
    EmptyObject,
    /// 200 without a body; nothing is done.
    EmptyBody,
}

/// A scripted answer; nothing is done unless `after_effect` says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedStatus {
    pub code: u16,
    /// The answer's `message`; the code's own words without it.
    pub message: Option<String>,
    /// The whole body, instead of `{"message": …}`.
    pub body: Option<String>,
    /// `Retry-After` in seconds.
    pub retry_after: Option<u64>,
    /// `Retry-After` as the HTTP date that many seconds from now.
    pub retry_after_date: Option<u64>,
    /// The request is done all the same.
    #[serde(default)]
    pub after_effect: bool,
}

/// A token bucket over all requests to the API: 429 with `Retry-After` when it is empty.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Requests a second.
    pub rate: f64,
    /// Requests at once.
    pub burst: u32,
}

/// Why a faults file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FaultsError {
    #[error("the faults are not valid: {0}")]
    Json(#[from] serde_json::Error),
    #[error("rule {0}: nth stands alone, without from, to and every")]
    NthAndRange(usize),
    #[error("rule {0}: numbers count from 1")]
    Zero(usize),
    #[error("rule {rule}: {code} is no status of a final answer; use 200 to 599")]
    Code { rule: usize, code: u16 },
    #[error("limit: the rate must be a number above 0, and the burst at least 1")]
    Limit,
}

impl Faults {
    /// Reads and checks a faults file.
    ///
    /// # Errors
    ///
    /// When it is not JSON of this form, or a rule could never be what it says. Rules count from 1.
    pub fn from_json(text: &str) -> Result<Self, FaultsError> {
        let faults: Self = serde_json::from_str(text)?;
        for (index, rule) in faults.rules.iter().enumerate() {
            check(index + 1, rule)?;
        }
        match faults.limit {
            Some(limit) if !(limit.rate.is_finite() && limit.rate > 0.0 && limit.burst > 0) => {
                Err(FaultsError::Limit)
            }
            Some(_) | None => Ok(faults),
        }
    }
}

fn check(number: usize, rule: &FaultRule) -> Result<(), FaultsError> {
    let Match {
        nth,
        from,
        to,
        every,
        ..
    } = rule.matching;
    if nth.is_some() && (from.is_some() || to.is_some() || every.is_some()) {
        return Err(FaultsError::NthAndRange(number));
    }
    if [nth, from, to, every].contains(&Some(0)) {
        return Err(FaultsError::Zero(number));
    }
    if let RequestFault::Status(status) = &rule.fault
        && !(200..600).contains(&status.code)
    {
        return Err(FaultsError::Code {
            rule: number,
            code: status.code,
        });
    }
    Ok(())
}

impl RequestFault {
    /// The name that the ledger shows.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Status(_) => "status",
            Self::LatencyMs(_) => "latency_ms",
            Self::DropBeforeEffect => "drop_before_effect",
            Self::DropAfterEffect => "drop_after_effect",
            Self::CutBody => "cut_body",
            Self::SlowBodyMs(_) => "slow_body_ms",
            Self::LateEffectMs(_) => "late_effect_ms",
            Self::ContentEncoding(_) => "content_encoding",
            Self::Html => "html",
            Self::StaleBody => "stale_body",
            Self::EmptyObject => "empty_object",
            Self::EmptyBody => "empty_body",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_spelling() {
        let text = r#"{"rules": [
            {"do": {"status": {"code": 429, "retry_after": 3}}},
            {"do": {"latency_ms": 1}}, {"do": "drop_before_effect"}, {"do": "drop_after_effect"}, {"do": "cut_body"},
            {"do": {"slow_body_ms": 1}}, {"do": {"late_effect_ms": 1}}, {"do": {"content_encoding": "br"}},
            {"match": {"method": "GET", "path_contains": "x", "effect_only": true, "from": 2, "to": 8, "every": 3, "once_per_url": true}, "do": "html"}],
            "limit": {"rate": 2.5, "burst": 1}}"#;
        let faults = Faults::from_json(text).unwrap();
        let names: Vec<&str> = faults.rules.iter().map(|rule| rule.fault.name()).collect();
        assert_eq!(
            names,
            [
                "status",
                "latency_ms",
                "drop_before_effect",
                "drop_after_effect",
                "cut_body",
                "slow_body_ms",
                "late_effect_ms",
                "content_encoding",
                "html"
            ]
        );
        let again = serde_json::to_string(&faults).unwrap();
        assert_eq!(Faults::from_json(&again).unwrap(), faults);
    }

    #[test]
    fn a_file_that_could_not_do_what_it_says_is_refused() {
        for (text, reason) in [
            ("{", "not valid"),
            (r#"{"rule": []}"#, "unknown field"),
            (r#"{"rules": [{"do": "explode"}]}"#, "unknown variant"),
            (
                r#"{"rules": [{"match": {"nth": 1, "to": 2}, "do": "html"}]}"#,
                "rule 1: nth stands alone",
            ),
            (
                r#"{"rules": [{"do": "html"}, {"match": {"every": 0}, "do": "html"}]}"#,
                "rule 2: numbers count from 1",
            ),
            (
                r#"{"rules": [{"do": {"status": {"code": 99}}}]}"#,
                "99 is no status",
            ),
            (r#"{"limit": {"rate": 0, "burst": 1}}"#, "limit"),
            (r#"{"limit": {"rate": 1, "burst": 0}}"#, "limit"),
        ] {
            let error = Faults::from_json(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
