//! The small part of Lucene's query language that the entities here can be asked in.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

/// A query over the fields `_id`, `_schema`, `_title` and `_tags`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Query {
    All,
    /// A field (none: any) and a word, which may end with `*`.
    Term(Option<String>, String),
    Not(Box<Query>),
    And(Box<Query>, Box<Query>),
    Or(Box<Query>, Box<Query>),
}

/// Names a query's text.
pub(crate) fn digest(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

impl Query {
    /// # Errors
    ///
    /// What is not understood.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokens(text)?;
        let mut parser = Parser {
            tokens: &tokens,
            depth: 0,
        };
        let query = parser.or(None)?;
        match parser.tokens.first() {
            None => Ok(query),
            Some(token) => Err(format!("q: {token:?} is not expected there")),
        }
    }

    pub(crate) fn fits(&self, entity: &Value) -> bool {
        match self {
            Self::All => true,
            Self::Not(query) => !query.fits(entity),
            Self::And(one, other) => one.fits(entity) && other.fits(entity),
            Self::Or(one, other) => one.fits(entity) || other.fits(entity),
            Self::Term(Some(field), word) => is_like(&entity[field.as_str()], word),
            Self::Term(None, word) => entity
                .as_object()
                .is_some_and(|fields| fields.values().any(|value| is_like(value, word))),
        }
    }
}

fn is_like(value: &Value, word: &str) -> bool {
    let text = match value {
        Value::String(text) => text,
        Value::Array(items) => return items.iter().any(|item| is_like(item, word)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return false,
    };
    match word.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => text == word,
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum QueryToken {
    Open,
    Close,
    Colon,
    And,
    Or,
    Not,
    Word(String),
}

fn tokens(text: &str) -> Result<Vec<QueryToken>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (QueryToken::Open, 1),
            ')' => (QueryToken::Close, 1),
            ':' => (QueryToken::Colon, 1),
            '"' => {
                let quoted = rest[1..].split('"').next().unwrap_or_default();
                let length = rest.len().min(quoted.len() + 2);
                (QueryToken::Word(quoted.to_owned()), length)
            }
            '[' | ']' | '{' | '}' | '~' | '^' | '?' | '/' | '\\' => {
                return Err(format!("q: {first} is not understood here"));
            }
            _ => {
                let ends = |c: char| c.is_whitespace() || "():\"".contains(c);
                let word = rest.split(ends).next().unwrap_or_default();
                let token = match word {
                    "AND" | "&&" => QueryToken::And,
                    "OR" | "||" => QueryToken::Or,
                    "NOT" | "!" => QueryToken::Not,
                    _ => QueryToken::Word(word.to_owned()),
                };
                (token, word.len())
            }
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

struct Parser<'t> {
    tokens: &'t [QueryToken],
    depth: u32,
}

impl Parser<'_> {
    fn take(&mut self, wanted: &QueryToken) -> bool {
        let is_next = self.tokens.first() == Some(wanted);
        if is_next {
            self.tokens = &self.tokens[1..];
        }
        is_next
    }

    fn or(&mut self, field: Option<&str>) -> Result<Query, String> {
        let mut query = self.and(field)?;
        // Words beside each other are alternatives, as Lucene has it.
        while self.take(&QueryToken::Or)
            || matches!(
                self.tokens.first(),
                Some(QueryToken::Word(_) | QueryToken::Open)
            )
        {
            query = Query::Or(Box::new(query), Box::new(self.and(field)?));
        }
        Ok(query)
    }

    fn and(&mut self, field: Option<&str>) -> Result<Query, String> {
        let mut query = self.one(field)?;
        while self.take(&QueryToken::And) {
            query = Query::And(Box::new(query), Box::new(self.one(field)?));
        }
        Ok(query)
    }

    fn one(&mut self, field: Option<&str>) -> Result<Query, String> {
        if self.take(&QueryToken::Not) {
            return self.one(field).map(|query| Query::Not(Box::new(query)));
        }
        if self.take(&QueryToken::Open) {
            self.depth += 1;
            if self.depth > 20 {
                return Err("q: too deep".to_owned());
            }
            let query = self.or(field)?;
            self.depth -= 1;
            return if self.take(&QueryToken::Close) {
                Ok(query)
            } else {
                Err("q: a parenthesis is not closed".to_owned())
            };
        }
        let Some((QueryToken::Word(word), rest)) = self.tokens.split_first() else {
            return Err("q: a term is missing".to_owned());
        };
        self.tokens = rest;
        if field.is_none() && self.take(&QueryToken::Colon) {
            return self.one(Some(word));
        }
        Ok(match (field, word.as_str()) {
            (None, "*") => Query::All,
            (field, word) => Query::Term(field.map(ToOwned::to_owned), word.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_query_finds_what_it_says() {
        let entity = json!({"_id": "a1", "_schema": "opportunity", "_title": "Vorgang 7", "_tags": ["a", "b"]});
        for (query, fits) in [
            ("*", true),
            ("_schema:opportunity", true),
            ("_schema:contact", false),
            ("_id:(a1 OR b2)", true),
            ("_id:(b1 b2)", false),
            ("_schema:opportunity AND _title:\"Vorgang 7\"", true),
            ("_schema:opportunity AND NOT _id:a1", false),
            ("_title:Vor*", true),
            ("_tags:b", true),
            ("_tags:a AND NOT _tags:archived", true),
            ("_tags:archived OR _none:b", false),
            ("a1", true),
            ("_schema:contact OR (_id:a* AND _schema:opportunity)", true),
        ] {
            assert_eq!(Query::parse(query).unwrap().fits(&entity), fits, "{query}");
        }
        for query in ["", "(", "_id:", "_created:[a TO b]", "a AND", "x)"] {
            assert!(Query::parse(query).is_err(), "{query}");
        }
    }
}
