use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn text_that_is_no_unicode_gets_the_replacement_character_and_the_rest_stays() {
    for (bytes, value) in [
        (&br#""\ud83d""#[..], "\u{fffd}"),
        (br#""a\ud83db""#, "a\u{fffd}b"),
        (br#""\ude00""#, "\u{fffd}"),
        (br#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
        (br#""\ud83d\u0041""#, "\u{fffd}A"),
        (br#""\ud83d\n""#, "\u{fffd}\n"),
        (br#""\ud83d\\u\"x\u00e4""#, "\u{fffd}\\u\"x\u{e4}"),
        // A backslash that was escaped begins no escape.
        (br#""\\ud83d""#, "\\ud83d"),
        (b"\"a\xffb\xe2\x82\"", "a\u{fffd}b\u{fffd}"),
        (br#""\u0000""#, "\0"),
    ] {
        let decoded = decode(bytes).unwrap();
        assert_eq!(decoded, value, "{}", bytes.escape_ascii());
        assert_eq!(
            holds_replacement(&json!([{"a": decoded}])),
            value.contains('\u{fffd}')
        );
    }
    assert_eq!(
        decode(br#"{"\ud83d": 1, "b": "\ud83d"}"#).unwrap(),
        json!({"\u{fffd}": 1, "b": "\u{fffd}"})
    );
}

#[test]
fn a_number_keeps_its_digits_or_says_that_it_can_not() {
    for number in [
        "0",
        "-0",
        "7",
        "18446744073709551615",
        "-9223372036854775808",
        "0.1",
        "-2.50",
        "1e2",
        "1E+2",
        "1e-7",
        "100.0",
        "0.30000000000000004",
        "1.7976931348623157e308",
        "5e-324",
        "0e999999999999999999999",
        "0.000",
    ] {
        let decoded = decode(number.as_bytes()).unwrap();
        assert_eq!(
            decoded,
            serde_json::from_str::<Value>(number).unwrap(),
            "{number}"
        );
        assert_eq!(unreadable(&decoded), None, "{number}");
    }
    for number in [
        "18446744073709551616",
        "-9223372036854775809",
        "123456789012345678901234",
        "1e999",
        "-1e999",
        "1e-999",
        "0.12345678901234567890",
        "1e99999999999999999999",
    ] {
        let decoded = decode(format!("{{\"a\": [{number}], \"b\": 1}}").as_bytes()).unwrap();
        let (path, why) = find_unreadable(&decoded).unwrap();
        assert_eq!(path, "a.0");
        assert!(why.contains(number), "{why}");
        assert_eq!(decoded["b"], 1);
    }
    let long = decode("9".repeat(1_000).as_bytes()).unwrap();
    assert!(unreadable(&long).unwrap().len() < 200);
}

#[test]
fn what_is_nested_too_deeply_is_left_out_and_its_form_still_counts() {
    let nested = |levels: usize, inside: &str| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!("{{\"a\": {open}{inside}{close}, \"b\": 1}}")
    };
    let fits = decode(nested(DEPTH - 1, "7").as_bytes()).unwrap();
    assert_eq!(find_unreadable(&fits), None);
    for levels in [DEPTH, 127, 128, 200_000] {
        let decoded = decode(nested(levels, "7").as_bytes()).unwrap();
        assert_eq!(decoded["b"], 1, "{levels}");
        let (_, why) = find_unreadable(&decoded).unwrap();
        assert!(why.contains("nested"), "{why}");
        for inside in ["x", "1,", "{\"a\"}", "\"\n\""] {
            assert!(
                decode(nested(levels, inside).as_bytes()).is_err(),
                "{inside}"
            );
        }
    }
    // What was decoded can be written, and read as a part of something.
    let text = json!({"b": {"c": decode(nested(500, "").as_bytes()).unwrap()}}).to_string();
    assert!(serde_json::from_str::<Value>(&text).is_ok());
}

#[test]
fn of_a_key_that_stands_twice_the_last_value_counts() {
    for text in [r#"{"a": 1, "a": 2}"#, r#"{"a": 1, "b": "\ud83d", "a": 2}"#] {
        assert_eq!(decode(text.as_bytes()).unwrap()["a"], 2, "{text}");
    }
}

#[test]
fn what_is_no_json_is_an_error() {
    for text in [
        "",
        " ",
        "<html>",
        "{",
        "[1",
        "[1,]",
        "{\"a\":\"\\ud83d\"",
        "\"\\ud83\"",
        "\"\\x\"",
        "01",
        "1e",
        "nul",
        "{\"a\":1}x",
        "{\"\\ud83d\"}",
        "[\u{fffd}]",
        "\"a\nb\"",
        "\"a\0b\"",
    ] {
        assert!(decode(text.as_bytes()).is_err(), "{text:?}");
    }
    assert!(decode(b"[\xff]").is_err());
}

#[test]
fn only_the_note_itself_says_that_a_value_could_not_be_kept() {
    let marked = decode(b"1e999").unwrap();
    assert!(unreadable(&marked).is_some());
    for value in [
        json!(null),
        json!({}),
        json!({UNREADABLE: 1}),
        json!({UNREADABLE: "x", "b": 1}),
        json!("x"),
    ] {
        assert_eq!(unreadable(&value), None, "{value}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..8)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// JSON that most often has something odd about it.
fn odd_json() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"\\ud83d\"",
        "\"\\ud83d\\ude00\"",
        "1",
        "1e999",
        "-",
        "0.1",
        "null",
        "true",
        " ",
        "\"",
        "\\",
        "\\u",
        "99999999999999999999",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn valid_json_is_the_value_that_serde_json_reads(value in any_json(), pretty: bool) {
        let text = if pretty { format!("{value:#}") } else { value.to_string() };
        prop_assert_eq!(&serde_json::from_str::<Value>(&text).unwrap(), &value);
        prop_assert_eq!(&decode(text.as_bytes()).unwrap(), &value);
        // The slow way finds the same.
        let raw: &RawValue = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&tree(raw, 0).unwrap(), &value);
    }

    #[test]
    fn what_is_decoded_has_the_form_of_json_and_can_be_written_and_read(text in odd_json()) {
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        let decoded = decode(text.as_bytes());
        prop_assert_eq!(decoded.is_ok(), is_json, "{}", text);
        if let Ok(decoded) = decoded {
            let again: Value = serde_json::from_str(&decoded.to_string()).unwrap();
            prop_assert_eq!(again, decoded);
        }
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(bytes: Vec<u8>, inside: bool) {
        if inside {
            let text: Vec<u8> = bytes.iter().copied().filter(|byte| !matches!(byte, 0..=31 | b'"' | b'\\')).collect();
            let quoted = [b"\"", text.as_slice(), b"\""].concat();
            prop_assert_eq!(decode(&quoted).unwrap(), String::from_utf8_lossy(&text).into_owned());
        } else {
            let _ = decode(&bytes);
        }
    }
}
