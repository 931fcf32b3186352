//! Counts requests and says which of them meet a fault.

use std::collections::HashSet;

use super::{FaultRule, Faults, Match, RequestFault};

/// The rules, and what each has met.
#[derive(Debug)]
pub(crate) struct FaultRules {
    rules: Vec<(FaultRule, Met)>,
}

#[derive(Clone, Debug, Default)]
struct Met {
    /// How many requests matched.
    requests: u64,
    /// The methods and paths that have had the fault. Kept for `once_per_url` alone.
    urls: HashSet<(String, String)>,
}

impl FaultRules {
    pub(crate) fn new(faults: &Faults) -> Self {
        Self {
            rules: faults
                .rules
                .iter()
                .map(|rule| (rule.clone(), Met::default()))
                .collect(),
        }
    }

    /// Counts a request; gives the fault that it meets.
    pub(crate) fn meet(&mut self, method: &str, path: &str) -> Option<RequestFault> {
        let mut fault = None;
        for (rule, met) in &mut self.rules {
            if !rule.matching.means(method, path) {
                continue;
            }
            met.requests += 1;
            if fault.is_none()
                && rule.matching.fires(met.requests)
                && (!rule.matching.once_per_url
                    || met.urls.insert((method.to_owned(), path.to_owned())))
            {
                fault = Some(rule.fault.clone());
            }
        }
        fault
    }
}

impl Match {
    fn means(&self, method: &str, path: &str) -> bool {
        let reads = method == "GET" || path.ends_with(":search");
        self.method
            .as_ref()
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self
                .path_contains
                .as_ref()
                .is_none_or(|wanted| path.contains(wanted.as_str()))
            && !(self.effect_only && reads)
    }

    /// Whether the request with this number among those that are meant meets the fault.
    fn fires(&self, number: u64) -> bool {
        if let Some(nth) = self.nth {
            return number == nth;
        }
        let every = self.every.unwrap_or(1);
        let from = self.from.unwrap_or(every);
        let to = self.to.unwrap_or(u64::MAX);
        (from..=to).contains(&number) && (number - from).is_multiple_of(every)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_mean_these_requests_of_ten() {
        let only = Match::default();
        for (matching, fired) in [
            (only.clone(), (1..=10).collect::<Vec<u64>>()),
            (
                Match {
                    nth: Some(3),
                    ..only.clone()
                },
                vec![3],
            ),
            (
                Match {
                    from: Some(9),
                    ..only.clone()
                },
                vec![9, 10],
            ),
            (
                Match {
                    to: Some(2),
                    ..only.clone()
                },
                vec![1, 2],
            ),
            (
                Match {
                    every: Some(4),
                    ..only.clone()
                },
                vec![4, 8],
            ),
            (
                Match {
                    from: Some(2),
                    to: Some(9),
                    every: Some(3),
                    ..only
                },
                vec![2, 5, 8],
            ),
        ] {
            let numbers: Vec<u64> = (1..=10).filter(|&n| matching.fires(n)).collect();
            assert_eq!(numbers, fired, "{matching:?}");
        }
    }

    #[test]
    fn method_path_and_effect_say_which_requests_are_meant() {
        let only = Match::default();
        let patch = Match {
            method: Some("patch".to_owned()),
            ..only.clone()
        };
        let tasks = Match {
            path_contains: Some("/tasks/".to_owned()),
            ..only.clone()
        };
        let effects = Match {
            effect_only: true,
            ..only
        };
        for (method, path, meant) in [
            ("GET", "/v2/flows/executions/e", [false, false, false]),
            ("PATCH", "/v2/flows/executions/e", [true, false, true]),
            (
                "PATCH",
                "/v2/flows/executions/e/tasks/t",
                [true, true, true],
            ),
            ("POST", "/v2/flows/executions:search", [false, false, false]),
            (
                "POST",
                "/v2/flows/executions/e/tasks/t/schedule/run-now",
                [false, true, true],
            ),
        ] {
            let found = [&patch, &tasks, &effects].map(|matching| matching.means(method, path));
            assert_eq!(found, meant, "{method} {path}");
        }
    }

    #[test]
    fn the_first_rule_that_fires_is_taken_and_the_others_count_on() {
        let faults = Faults::from_json(
            r#"{"rules": [{"match": {"nth": 2}, "do": "html"}, {"match": {"every": 2}, "do": "cut_body"}]}"#,
        )
        .unwrap();
        let mut rules = FaultRules::new(&faults);
        let met: Vec<Option<&str>> = (0..4)
            .map(|_| rules.meet("GET", "/").map(|fault| fault.name()))
            .collect();
        assert_eq!(met, [None, Some("html"), None, Some("cut_body")]);
    }

    #[test]
    fn a_url_meets_a_fault_once_when_the_rule_says_so() {
        let faults = Faults::from_json(
            r#"{"rules": [{"match": {"every": 2, "once_per_url": true}, "do": "html"}]}"#,
        )
        .unwrap();
        let mut rules = FaultRules::new(&faults);
        let mut meets = |method, path| rules.meet(method, path).is_some();
        let met = [
            meets("PATCH", "/a"),
            meets("PATCH", "/a"),
            meets("PATCH", "/a"),
            meets("PATCH", "/a"),
            meets("GET", "/a"),
            meets("GET", "/a"),
        ];
        assert_eq!(met, [false, true, false, false, false, true]);
    }
}
