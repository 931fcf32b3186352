//! Reads a JSON list with one item in memory at a time.

use std::{cell::Cell, fmt, io::Read};

use serde::{
    Deserializer,
    de::{Error as _, IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::list_ahead::{ListAhead, NextItem};

/// Why a list was not read to its end.
#[derive(Debug)]
pub enum ItemsError<E> {
    /// It is not JSON, or not a list.
    Json(serde_json::Error),
    /// The error of the consumer.
    Taker(E),
}

/// Passes the items of a JSON list to `take` one by one, each as `decode` reads it from its text. An item has at most `most` bytes, with
/// what is between it and the one before.
///
/// `decode` must refuse what is not JSON.
///
/// # Errors
///
/// If it is not a list or not complete, the errors of `decode`, and those of `take`, which end the reading.
pub fn each_item<T, E>(
    list: impl Read,
    most: usize,
    mut decode: impl FnMut(&str) -> serde_json::Result<T>,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), ItemsError<E>> {
    let mut ahead = ListAhead::new(list, most);
    loop {
        let text = match ahead.next_item() {
            Ok(NextItem::Text(text)) => text,
            Ok(NextItem::End) => return Ok(()),
            Ok(NextItem::Unusual) => break,
            Err(error) => return Err(ItemsError::Json(serde_json::Error::io(error))),
        };
        let Ok(item) = decode(text) else {
            break;
        };
        take(item).map_err(ItemsError::Taker)?;
        ahead.pass_item();
    }
    // `serde_json` finds what is wrong, and says where.
    rest(ahead, most, |text| {
        take(decode(text).map_err(ItemsError::Json)?).map_err(ItemsError::Taker)
    })
}

/// Passes on the items that `serde_json` finds in what is left of a list.
fn rest<E>(
    ahead: ListAhead<impl Read>,
    most: usize,
    take: impl FnMut(&str) -> Result<(), ItemsError<E>>,
) -> Result<(), ItemsError<E>> {
    struct JsonItems<'a, T, E> {
        skip: bool,
        take: T,
        failed: &'a mut Option<ItemsError<E>>,
        left: &'a Cell<usize>,
        most: usize,
    }

    impl<'de, T: FnMut(&str) -> Result<(), ItemsError<E>>, E> Visitor<'de> for JsonItems<'_, T, E> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
            if self.skip {
                items.next_element::<IgnoredAny>()?;
            }
            while let Some(item) = items.next_element::<Box<RawValue>>()? {
                self.left.set(self.most);
                if let Err(error) = (self.take)(item.get()) {
                    *self.failed = Some(error);
                    return Err(A::Error::custom("stopped"));
                }
            }
            Ok(())
        }
    }

    let mut failed = None;
    let left = Cell::new(ahead.left);
    let skip = ahead.place.is_behind_an_item();
    let mut json = serde_json::Deserializer::from_reader(ahead.remaining(&left));
    let items = JsonItems {
        skip,
        take,
        failed: &mut failed,
        left: &left,
        most,
    };
    let read = json.deserialize_seq(items).and_then(|()| json.end());
    match (failed, read) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(ItemsError::Json(error)),
        (None, Ok(())) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, BufReader},
        rc::Rc,
    };

    use super::*;

    fn raw(text: &str) -> serde_json::Result<Box<RawValue>> {
        serde_json::from_str(text)
    }

    /// A long list that notes how much of it was read.
    struct Endless {
        item: &'static [u8],
        at: usize,
        read: Rc<Cell<usize>>,
    }

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let start: &[u8] = if self.read.get() == 0 { b"[" } else { b"" };
            buffer[..start.len()].copy_from_slice(start);
            for byte in &mut buffer[start.len()..] {
                *byte = self.item[self.at];
                self.at = (self.at + 1) % self.item.len();
            }
            self.read.set(self.read.get() + buffer.len());
            assert!(self.read.get() < 64 << 20, "nothing is handed over");
            Ok(buffer.len())
        }
    }

    #[test]
    fn a_list_is_handed_over_item_by_item_while_it_is_read() {
        let item = br#"{"id":"e","name":"some text"},"#;
        let read = Rc::new(Cell::new(0));
        let endless = Endless {
            item,
            at: 0,
            read: Rc::clone(&read),
        };
        // Never more of the list in memory than one item and the reader's buffer.
        let slack = item.len() + 8 * 1024 + 1;
        let mut taken = 0;
        let stopped = each_item(BufReader::new(endless), 1_000, raw, |value| {
            assert_eq!(value.get(), r#"{"id":"e","name":"some text"}"#);
            taken += 1;
            assert!(
                read.get() <= taken * item.len() + slack,
                "{taken} items, {} bytes",
                read.get()
            );
            if taken < 100_000 {
                Ok(())
            } else {
                Err("enough")
            }
        });
        assert!(matches!(stopped, Err(ItemsError::Taker("enough"))));
        assert_eq!(taken, 100_000);
    }

    #[test]
    fn only_a_whole_list_is_one() {
        for text in [
            "",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "{}",
            "null",
            "[1] 2",
            "{\"results\":[]}",
            "[1}",
        ] {
            let read = each_item(text.as_bytes(), 100, raw, |_| Ok::<_, ()>(()));
            assert!(matches!(read, Err(ItemsError::Json(_))), "{text}");
        }
        for (text, count) in [("[]", 0), (" [1, 2]\n", 2)] {
            let mut taken = 0;
            let read = each_item(text.as_bytes(), 100, raw, |_| {
                taken += 1;
                Ok::<_, ()>(())
            });
            assert!(read.is_ok() && taken == count, "{text}");
        }
    }

    #[test]
    fn an_item_that_is_longer_than_the_bound_is_not_kept_and_many_short_ones_are_read() {
        let list = format!("[{}1]", "\"short\",".repeat(1_000));
        let mut taken = 0;
        let read = each_item(list.as_bytes(), 100, raw, |_| {
            taken += 1;
            Ok::<_, ()>(())
        });
        assert!(read.is_ok() && taken == 1_001);
        let read = Rc::new(Cell::new(0));
        let endless = Endless {
            item: b"[",
            at: 0,
            read: Rc::clone(&read),
        };
        let list = Read::chain(&b"[\""[..], BufReader::new(endless));
        let stopped = each_item(list, 1_000, raw, |_| Ok::<_, ()>(()));
        assert!(matches!(stopped, Err(ItemsError::Json(error)) if error.is_io()));
        assert!(read.get() <= 16 * 1024, "{} bytes", read.get());
    }

    #[test]
    fn what_is_wrong_with_a_list_is_said_as_if_it_was_read_from_its_beginning() {
        for text in [
            "[1 2]",
            "[1,\n2,\n]",
            "[\n  {\"a\": 1},\n  {\"a\": ]}\n]",
            "[{\"a\":\"b\"},{\"a\" 1}]",
            "[{\"a\":\"b\"},{\"a\":1}",
            "[{\"a\":\"\\",
            "[\"a\"]\n\n x",
            "[true,\nfalsch]",
            "[[1},2]",
            "\n{}",
            "\u{e4}[]",
            "[{\"a\":\"b\"},\"\u{e4}\u{1}\"]",
        ] {
            let read = each_item(text.as_bytes(), 100, raw, |_| Ok::<_, ()>(()));
            let Err(ItemsError::Json(error)) = read else {
                panic!("{text}: {read:?}")
            };
            let whole = serde_json::from_reader::<_, Vec<Box<RawValue>>>(text.as_bytes());
            let expected = whole.unwrap_err().to_string();
            assert_eq!(
                error.to_string(),
                expected.replace("a sequence", "a list"),
                "{text}"
            );
        }
    }

    #[test]
    fn quotes_and_brackets_inside_of_a_text_end_nothing() {
        let items = [
            r#""a]\\""#,
            r#"{"a": "}\",", "[": [{"b": "\\"}]}"#,
            "[[], {}]",
            "-1.5e3",
            "null",
            "\"\u{e4}\"",
        ];
        for between in [",", " ,\n\t", ",\r\n  "] {
            let list = format!(" [ {}\n] ", items.join(between));
            let mut found = Vec::new();
            let read = each_item(list.as_bytes(), 1_000, raw, |item| {
                found.push(item.get().to_owned());
                Ok::<_, ()>(())
            });
            assert!(read.is_ok() && found == items, "{list}: {found:?}");
        }
    }
}
