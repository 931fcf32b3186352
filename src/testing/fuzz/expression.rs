//! Expressions and templates: each fault has its place in the text, and the value of a text does not depend on when it is computed.

use serde_json::Value;

use super::text;
use crate::{
    api::Generation,
    template::{EvalError, ExpressionFault},
    testing::expressions::{context, engine, scope},
};

/// The longest value, as JSON, in bytes: a list of texts of 64 KiB, of which an expression of 1 KiB can name some eighty.
const LONGEST: usize = 6 << 20;

/// The text as a condition and as a template, on data of both generations.
pub fn expression(data: &[u8]) {
    let text = &text(data);
    for generation in [Generation::V1, Generation::V2] {
        let (engine, scope, context) = (engine(), scope(generation), context(generation));
        match engine.expression(text, &scope) {
            Ok(expression) => match (expression.test(&context), expression.test(&context)) {
                (Ok(one), Ok(other)) => assert_eq!(one, other, "{text}"),
                (Err(error), Err(_)) => assert_error(&error),
                (Ok(_), Err(error)) | (Err(error), Ok(_)) => panic!("{error} only once"),
            },
            Err(faults) => assert_faults(text, &faults),
        }
        match engine.template(text, &scope) {
            Ok(template) => match template.value(&context) {
                Ok(value) => {
                    assert!(size(&value) < LONGEST, "{} bytes", size(&value));
                    if let Some(known) = template.known() {
                        assert_eq!(known.value, value, "{text}");
                    }
                }
                Err(error) => assert_error(&error),
            },
            Err(faults) => assert_faults(text, &faults),
        }
    }
}

fn size(value: &Value) -> usize {
    value.to_string().len()
}

fn assert_error(error: &EvalError) {
    assert!(
        error.message.len() < 100_000,
        "{} bytes",
        error.message.len()
    );
}

fn assert_faults(text: &str, faults: &[ExpressionFault]) {
    assert!(!faults.is_empty(), "a fault without a reason: {text}");
    for fault in faults {
        let place = text.get(fault.offset..fault.offset + fault.len);
        assert!(place.is_some(), "{text}: {fault:?}");
        assert!(!fault.message.is_empty(), "{text}: {fault:?}");
    }
}
