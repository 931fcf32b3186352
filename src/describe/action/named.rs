//! Finds parts of an execution by id or name.

use serde_json::Value;

/// The id of the only item whose id, template id or name is `wanted`; `kind` is the word for such an item.
///
/// # Errors
///
/// If there is none, or several have the name.
pub(super) fn one(kind: &str, items: &[&Value], wanted: &str) -> Result<String, String> {
    for key in ["id", "template_id", "definitionId", "name"] {
        let mut fitting = items
            .iter()
            .filter(|item| item[key].as_str() == Some(wanted))
            .filter_map(|item| item["id"].as_str());
        match (fitting.next(), fitting.next()) {
            (None, _) => {}
            (Some(id), None) => return Ok(id.to_owned()),
            (Some(_), Some(_)) => {
                return Err(format!(
                    "has several {kind}s `{wanted}`: name one by its id"
                ));
            }
        }
    }
    Err(format!("has no {kind} `{wanted}`"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_goes_before_a_name_and_a_name_must_be_the_only_one() {
        let items = [
            json!({"id": "a", "template_id": "t1", "name": "Plan"}),
            json!({"id": "b", "template_id": "t2", "name": "a"}),
            json!({"id": "c", "template_id": "t3", "name": "Plan"}),
        ];
        let items: Vec<&Value> = items.iter().collect();
        for (wanted, found) in [
            ("a", Ok("a")),
            ("t2", Ok("b")),
            ("Plan", Err("has several tasks `Plan`: name one by its id")),
            ("x", Err("has no task `x`")),
        ] {
            let found = found.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(one("task", &items, wanted), found);
        }
    }
}
