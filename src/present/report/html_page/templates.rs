//! The templates of all pages, and the escaper through which all their output goes.

use minijinja::{
    Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value, value::Serde,
};
use serde::Serialize;

use crate::{
    report::units::{count, thousands},
    text::Untrusted,
};

const TEMPLATES: [(&str, &str); 8] = [
    ("base.html", include_str!("base.html")),
    ("patterns.html", include_str!("patterns.html")),
    ("bars.html", include_str!("bars.html")),
    ("plan.html", include_str!("../plan_html/page.html")),
    ("table.html", include_str!("../plan_html/table.html")),
    ("days.html", include_str!("../plan_html/days.html")),
    ("run.html", include_str!("../run_html/page.html")),
    ("load.html", include_str!("../run_html/load.html")),
];

/// # Errors
///
/// If the template is wrong: it uses a name that `context` does not have.
pub(in crate::present::report) fn render(
    name: &str,
    context: &impl Serialize,
) -> Result<String, Error> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_formatter(escaped);
    templates.add_filter("thousands", thousands);
    templates.add_filter("count", count);
    for (name, source) in TEMPLATES {
        templates.add_template(name, source)?;
    }
    templates
        .get_template(name)?
        .render(Value::from(Serde(context)))
}

/// Prints texts and numbers. A text that is already escaped for a terminal looks the same.
fn escaped(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.as_str() {
        Some(text) if value.is_safe() => out.write_str(text)?,
        Some(text) => write!(out, "{}", Untrusted(text).html())?,
        None if value.is_number() => write!(out, "{value}")?,
        None => {
            let kind = format!("the page has no place for {}", value.kind());
            return Err(Error::new(ErrorKind::BadSerialization, kind));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    fn printed(value: &Value) -> Result<String, Error> {
        let mut templates = Environment::new();
        templates.set_formatter(escaped);
        templates.add_template("page.html", "{{ value }}")?;
        templates
            .get_template("page.html")?
            .render(context! { value })
    }

    #[test]
    fn whatever_a_template_prints_is_escaped_or_no_text() {
        for (text, shown) in [
            ("<b>&\"'", "&lt;b&gt;&amp;&quot;&#39;"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{202e}", "\\u{202e}"),
        ] {
            assert_eq!(printed(&Value::from(text)).unwrap(), shown);
        }
        assert_eq!(printed(&Value::from(1_000)).unwrap(), "1000");
        for value in [Value::UNDEFINED, Value::from(()), Value::from(vec!["<"])] {
            assert!(printed(&value).is_err(), "{value:?}");
        }
    }
}
