//! `reassign`: other assignees; variable assignees stay.

use serde_json::{Value, json};

use super::{Edit, FieldWrite, Planned, Subject, field_write::are_same};
use crate::{
    api::{Generation, types},
    json,
    template::Template,
};

#[derive(Clone, Debug)]
pub enum Reassign {
    /// Where `from` is assigned, `to` takes its place.
    FromTo { from: Template, to: Template },
    /// Exactly these.
    Set(Vec<Template>),
    /// These more, those less.
    Change {
        add: Vec<Template>,
        remove: Vec<Template>,
    },
}

/// Who is assigned, by field.
struct Assigned {
    /// `assigned_to`, `assignedTo`: ids as texts, or variables.
    listed: Vec<Value>,
    /// The first generation's deprecated `userIds`: ids as numbers.
    numbered: Vec<Value>,
}

/// The deprecated field of the first generation.
const NUMBERED: &str = "userIds";

impl Reassign {
    pub(super) fn plan(&self, subject: &Subject<'_>) -> Planned {
        self.edit(subject).unwrap_or_else(Planned::Reject)
    }

    fn edit(&self, subject: &Subject<'_>) -> Result<Planned, String> {
        let listed = match subject.generation {
            Generation::V1 => "assignedTo",
            Generation::V2 => "assigned_to",
        };
        let before = Assigned {
            listed: list(subject, listed)?,
            numbered: match subject.generation {
                Generation::V1 => list(subject, NUMBERED)?,
                Generation::V2 => Vec::new(),
            },
        };
        let after = match self.after(subject, &before)? {
            Err(nothing) => return Ok(Planned::Nothing(nothing)),
            Ok(after) if are_same(&after.everybody(), &before.everybody()) => {
                return Ok(Planned::Nothing("is assigned like that already".to_owned()));
            }
            Ok(after) => after,
        };
        let numbered = FieldWrite::new(subject.data, NUMBERED, Value::Array(after.numbered));
        let is_writable = types::update(subject.generation, subject.level)
            .is_some_and(|request| request.field(NUMBERED).is_some());
        if numbered.changes() && !is_writable {
            let before = &numbered.before;
            return Err(format!(
                "has {NUMBERED} {before}, which no request of an {} changes",
                subject.level
            ));
        }
        let listed = FieldWrite::new(subject.data, listed, Value::Array(after.listed));
        let mut writes = vec![listed, numbered];
        writes.retain(FieldWrite::changes);
        Ok(Planned::Edit(Edit::fields(subject, writes)))
    }

    /// The new lists, who stays at their places; or (inner error) why nothing changes, or (outer error) why it can't be
    /// planned.
    fn after(
        &self,
        subject: &Subject<'_>,
        before: &Assigned,
    ) -> Result<Result<Assigned, String>, String> {
        match self {
            Self::FromTo { from, to } => {
                let (from, to) = (subject.id_of(from)?, subject.id_of(to)?);
                if !before.has(&from) {
                    return Ok(Err(before.why_not(&from)));
                }
                let mut listed = replaced(&before.listed, &from, Some(json!(to)));
                add(&mut listed, &to);
                Ok(Ok(Assigned {
                    listed,
                    numbered: replaced(&before.numbered, &from, number(&to)),
                }))
            }
            Self::Set(templates) => {
                let users = subject.ids_of(templates)?;
                // An empty cell of a spreadsheet must not take everybody away.
                if users.is_empty() && !templates.is_empty() {
                    return Err(
                        "`set` gives nobody; to take everybody away write `set: []`".to_owned()
                    );
                }
                let stays = |assignee: &Value| assignee.is_object() || is_one_of(assignee, &users);
                Ok(Ok(before.with(stays, &users)))
            }
            Self::Change { add, remove } => {
                let (add, remove) = (subject.ids_of(add)?, subject.ids_of(remove)?);
                // Who is in both stays, or is added.
                let stays =
                    |assignee: &Value| is_one_of(assignee, &add) || !is_one_of(assignee, &remove);
                let after = before.with(stays, &add);
                let is_held = |user: &&String| !add.contains(user) && before.is_by_variable(user);
                match remove.iter().find(is_held) {
                    Some(user) if are_same(&after.everybody(), &before.everybody()) => {
                        Ok(Err(before.why_not(user)))
                    }
                    Some(_) | None => Ok(Ok(after)),
                }
            }
        }
    }
}

/// The list at a field of the target; an absent one is empty.
fn list(subject: &Subject<'_>, path: &str) -> Result<Vec<Value>, String> {
    match json::get(subject.data, path) {
        None => Ok(Vec::new()),
        Some(Value::Array(assignees)) => Ok(assignees.clone()),
        Some(other) => Err(format!("{path} is no list but {other}")),
    }
}

impl Assigned {
    fn has(&self, user: &str) -> bool {
        let mut all = self.listed.iter().chain(&self.numbered);
        all.any(|assignee| is_user(assignee, user))
    }

    /// Whether a variable stands for this user. (Variables stay as they are.)
    fn is_by_variable(&self, user: &str) -> bool {
        self.listed.iter().any(|assignee| {
            let users = json::get(assignee, "value").and_then(Value::as_array);
            users.into_iter().flatten().any(|id| is_user(id, user))
        })
    }

    /// Why a user can't be taken away.
    fn why_not(&self, user: &str) -> String {
        if self.is_by_variable(user) {
            format!("{user} is assigned by a variable only, which stays")
        } else {
            format!("{user} is not assigned")
        }
    }

    /// Those who stay, and behind them the users who are missing.
    fn with(&self, stays: impl Fn(&Value) -> bool, users: &[String]) -> Self {
        let kept = |all: &[Value]| -> Vec<Value> {
            without_repeats(all.iter().filter(|assignee| stays(assignee)).cloned())
        };
        let (mut listed, numbered) = (kept(&self.listed), kept(&self.numbered));
        for user in users {
            add(&mut listed, user);
        }
        Self { listed, numbered }
    }

    /// All who are assigned, whichever field says so.
    fn everybody(&self) -> Vec<Value> {
        let all = self.listed.iter().chain(&self.numbered);
        all.map(|assignee| match assignee {
            Value::Number(id) => Value::String(id.to_string()),
            Value::Null
            | Value::Bool(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => assignee.clone(),
        })
        .collect()
    }
}

/// Whether an entry is this user itself; a variable that resolves to the user is not.
fn is_user(assignee: &Value, user: &str) -> bool {
    match assignee {
        Value::String(id) => id == user,
        Value::Number(id) => id.to_string() == user,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

fn is_one_of(assignee: &Value, users: &[String]) -> bool {
    users.iter().any(|user| is_user(assignee, user))
}

/// The id as `userIds` holds it; none for an id that is no number.
fn number(user: &str) -> Option<Value> {
    let number = json!(user.parse::<u64>().ok()?);
    is_user(&number, user).then_some(number)
}

/// The list with `to` in the place of a user; without the user where there is no `to`.
fn replaced(assignees: &[Value], from: &str, to: Option<Value>) -> Vec<Value> {
    without_repeats(assignees.iter().filter_map(|assignee| {
        if is_user(assignee, from) {
            to.clone()
        } else {
            Some(assignee.clone())
        }
    }))
}

fn add(assignees: &mut Vec<Value>, user: &str) {
    if !assignees.iter().any(|assignee| is_user(assignee, user)) {
        assignees.push(json!(user));
    }
}

fn without_repeats(assignees: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut seen = Vec::new();
    for assignee in assignees {
        if !seen.contains(&assignee) {
            seen.push(assignee);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture::{changes, flow, legacy, over_executions, over_flows, row, said},
        plan::Undo,
    };

    /// What `reassign` says of an execution that has these assignees, in both generations; a change as its new list.
    fn reassigned(arguments: &str, before: &Value) -> String {
        let actions = format!(
            "vars: {{ from: 10010, blank: \" \", two: [a, b], lines: \"5\\n6\", escape: \"1\\e[2J\" }}\nactions: [ reassign: {arguments} ]"
        );
        let v2 = said(
            &over_flows("", &actions),
            &flow("e", &json!({"assigned_to": before})),
        );
        let v1 = said(
            &over_executions("", &actions),
            &row("e", &json!({"assignedTo": before})),
        );
        let in_words = |lines: Vec<String>, start: &str| {
            let [line] = lines.as_slice() else {
                panic!("{lines:?}")
            };
            let list = line
                .strip_prefix(start)
                .and_then(|rest| rest.strip_suffix('}'));
            list.map_or_else(|| line.replace("assignedTo", "assigned_to"), str::to_owned)
        };
        let v2 = in_words(v2, r#"PATCH /v2/flows/executions/e {"assigned_to":"#);
        let v1 = in_words(v1, r#"PATCH /v1/workflows/executions/e {"assignedTo":"#);
        assert_eq!(v2, v1);
        v2
    }

    #[test]
    fn each_form_gives_the_list_that_it_says_or_why_nothing_changes() {
        const ALREADY: &str = "skipped e: is assigned like that already";
        for (arguments, before, after) in [
            // From one to another: the place stays, nobody stands twice.
            (r#"{ from: "1", to: "2" }"#, json!(["1"]), r#"["2"]"#),
            (
                r#"{ from: "1", to: "2" }"#,
                json!(["3", "1", "4"]),
                r#"["3","2","4"]"#,
            ),
            (
                r#"{ from: "1", to: "2" }"#,
                json!(["2", "3", "1"]),
                r#"["2","3"]"#,
            ),
            (r#"{ from: "1", to: "2" }"#, json!(["1", "1"]), r#"["2"]"#),
            (
                r#"{ from: "1", to: "2" }"#,
                json!(["2"]),
                "skipped e: 1 is not assigned",
            ),
            (
                r#"{ from: "1", to: "2" }"#,
                json!([]),
                "skipped e: 1 is not assigned",
            ),
            (
                r#"{ from: "1", to: "2" }"#,
                Value::Null,
                "skipped e: 1 is not assigned",
            ),
            (
                r#"{ from: "{{ vars.from }}", to: "2" }"#,
                json!(["10010"]),
                r#"["2"]"#,
            ),
            (
                r#"{ from: "{{ vars.from }}", to: "{{ vars.from }}" }"#,
                json!(["10010"]),
                ALREADY,
            ),
            // Exactly these.
            (r#"{ set: ["2"] }"#, Value::Null, r#"["2"]"#),
            (r#"{ set: ["2", "3"] }"#, json!(["1", "3"]), r#"["3","2"]"#),
            (r#"{ set: ["2", "3"] }"#, json!(["3", "2"]), ALREADY),
            ("{ set: [] }", json!(["1"]), "[]"),
            ("{ set: [] }", Value::Null, ALREADY),
            // Some more, some less; who is in both is added.
            (r#"{ add: ["2"] }"#, Value::Null, r#"["2"]"#),
            (r#"{ add: ["2"] }"#, json!(["1"]), r#"["1","2"]"#),
            (r#"{ add: ["2", "1"] }"#, json!(["1", "2"]), ALREADY),
            (r#"{ remove: ["1"] }"#, json!(["1", "2"]), r#"["2"]"#),
            (r#"{ remove: ["1"] }"#, json!(["2", "2"]), ALREADY),
            (
                r#"{ add: ["2"], remove: ["1"] }"#,
                json!(["1", "3"]),
                r#"["3","2"]"#,
            ),
            (r#"{ add: ["1"], remove: ["1"] }"#, json!(["1"]), ALREADY),
            (r#"{ add: ["1"], remove: ["1"] }"#, json!([]), r#"["1"]"#),
            // An id in both is added where it was not, and keeps its place where it was.
            (
                r#"{ add: ["1", "3"], remove: ["1", "2"] }"#,
                json!(["1", "2"]),
                r#"["1","3"]"#,
            ),
            // The order and repetitions mean nothing, also those of the arguments.
            (r#"{ set: ["2", "3", "2"] }"#, json!(["1"]), r#"["2","3"]"#),
            (r#"{ set: ["2", "3"] }"#, json!(["3", "2", "3"]), ALREADY),
            // What can't be a user.
            (
                r#"{ from: "1", to: "{{ vars.lines }}" }"#,
                json!(["1"]),
                r#"rejected e: "5\n6" is no id: an id may hold letters, digits, and . _ ~ : - after the first character, not '\n'"#,
            ),
            (
                r#"{ from: "{{ vars.lines }}", to: "1" }"#,
                json!(["1"]),
                r#"rejected e: "5\n6" is no id: an id may hold letters, digits, and . _ ~ : - after the first character, not '\n'"#,
            ),
            (
                r#"{ set: ["1", "{{ vars.lines }}"] }"#,
                json!(["1"]),
                r#"rejected e: "5\n6" is no id: an id may hold letters, digits, and . _ ~ : - after the first character, not '\n'"#,
            ),
            (
                r#"{ add: "{{ vars.escape }}" }"#,
                json!(["1"]),
                r#"rejected e: "1\u{1b}[2J" is no id: an id may hold letters, digits, and . _ ~ : - after the first character, not '\u{1b}'"#,
            ),
            (
                r#"{ from: "1", to: "{{ vars.blank }}" }"#,
                json!(["1"]),
                "rejected e: a text is needed here, and it is empty",
            ),
            (
                r#"{ from: "1", to: "{{ vars.two }}" }"#,
                json!(["1"]),
                "rejected e: a single text is needed here, not 2",
            ),
            (
                r#"{ from: "1", to: "2" }"#,
                json!("1"),
                r#"rejected e: assigned_to is no list but "1""#,
            ),
        ] {
            assert_eq!(
                reassigned(arguments, &before),
                after,
                "{arguments} of {before}"
            );
        }
    }

    #[test]
    fn a_variable_assignee_survives_even_when_it_resolves_to_the_user() {
        let variable = json!({"variable": "{{Manager}}", "value": ["1"]});
        for (arguments, before, after) in [
            (
                r#"{ from: "1", to: "2" }"#,
                json!([variable, "1"]),
                json!([variable, "2"]),
            ),
            (
                r#"{ set: ["2"] }"#,
                json!(["1", variable]),
                json!([variable, "2"]),
            ),
            ("{ set: [] }", json!([variable, "1"]), json!([variable])),
            (
                r#"{ add: ["1"] }"#,
                json!([variable]),
                json!([variable, "1"]),
            ),
            (
                r#"{ remove: ["1"] }"#,
                json!([variable, "1"]),
                json!([variable]),
            ),
        ] {
            assert_eq!(
                reassigned(arguments, &before),
                after.to_string(),
                "{arguments}"
            );
        }
        for arguments in [r#"{ from: "1", to: "2" }"#, r#"{ remove: ["1"] }"#] {
            assert_eq!(
                reassigned(arguments, &json!([variable])),
                "skipped e: 1 is assigned by a variable only, which stays",
                "{arguments}"
            );
        }
    }

    /// What `reassign` writes into the two fields of a step, or why nothing.
    fn of_step(arguments: &str, listed: &Value, numbered: &Value) -> String {
        let playbook =
            over_executions("each: step", &format!("actions: [ reassign: {arguments} ]"));
        let step = json!({"id": "s", "assignedTo": listed, "userIds": numbered});
        said(&playbook, &legacy("e", &[step]))
            .join("")
            .replace("PATCH /v1/workflows/executions/e/steps/s ", "")
    }

    #[test]
    fn who_stands_in_the_deprecated_numbers_of_a_step_is_reassigned_too() {
        const ALREADY: &str = "skipped s: is assigned like that already";
        let move_on = r#"{ from: "10", to: "20" }"#;
        for (arguments, listed, numbered, line) in [
            // In both fields, in one of them, in none.
            (
                move_on,
                json!(["10", "1"]),
                json!([10]),
                r#"{"assignedTo":["20","1"],"userIds":[20]}"#,
            ),
            (
                move_on,
                json!(null),
                json!([1, 10]),
                r#"{"assignedTo":["20"],"userIds":[1,20]}"#,
            ),
            (move_on, json!(["20"]), json!([10]), r#"{"userIds":[20]}"#),
            (
                move_on,
                json!(["10"]),
                json!([1]),
                r#"{"assignedTo":["20"]}"#,
            ),
            (
                move_on,
                json!(["1"]),
                json!([1]),
                "skipped s: 10 is not assigned",
            ),
            // An id that is no number stands in the list only.
            (
                r#"{ from: "10", to: "abc" }"#,
                json!(["10"]),
                json!([10]),
                r#"{"assignedTo":["abc"],"userIds":[]}"#,
            ),
            (
                r#"{ from: "10", to: "007" }"#,
                json!(["10"]),
                json!([10, 7]),
                r#"{"assignedTo":["007"],"userIds":[7]}"#,
            ),
            (
                r#"{ set: ["20", "1"] }"#,
                json!(["10"]),
                json!([10, 1]),
                r#"{"assignedTo":["20","1"],"userIds":[1]}"#,
            ),
            (r#"{ set: ["10"] }"#, json!(null), json!([10]), ALREADY),
            ("{ set: [] }", json!(null), json!([10]), r#"{"userIds":[]}"#),
            (
                r#"{ remove: ["10"] }"#,
                json!(["1"]),
                json!([10]),
                r#"{"userIds":[]}"#,
            ),
            (r#"{ add: ["10"] }"#, json!(["1"]), json!([10]), ALREADY),
            (
                r#"{ add: ["20"], remove: ["10"] }"#,
                json!(["10"]),
                json!([10]),
                r#"{"assignedTo":["20"],"userIds":[]}"#,
            ),
            (
                move_on,
                json!([]),
                json!("10"),
                r#"rejected s: userIds is no list but "10""#,
            ),
        ] {
            assert_eq!(
                of_step(arguments, &listed, &numbered),
                line,
                "{arguments} of {listed} and {numbered}"
            );
        }
    }

    #[test]
    fn both_fields_of_a_step_go_back() {
        let playbook = over_executions(
            "each: step",
            r#"actions: [ reassign: { from: "10", to: "20" } ]"#,
        );
        let step = json!({"id": "s", "userIds": [10]});
        let change = &changes(&playbook, &legacy("e", &[step]))[0];
        let Undo::Request(undo) = &change.undo else {
            panic!("{:?}", change.undo)
        };
        assert_eq!(json!(undo.body), json!({"assignedTo": [], "userIds": [10]}));
        assert_eq!(
            json!(change.before),
            json!({"assignedTo": null, "userIds": [10]})
        );
    }

    #[test]
    fn numbers_that_no_request_changes_are_named() {
        let playbook = over_executions("", r#"actions: [ reassign: { from: "10", to: "20" } ]"#);
        let said = |ids: Value| {
            said(
                &playbook,
                &row("e", &json!({"assignedTo": ["10"], "userIds": ids})),
            )
        };
        assert_eq!(
            said(json!([10])),
            ["rejected e: has userIds [10], which no request of an execution changes"]
        );
        assert_eq!(
            said(json!([1])),
            [r#"PATCH /v1/workflows/executions/e {"assignedTo":["20"]}"#]
        );
    }
}
