//! Reads a JSON list with one item in memory at a time.

use std::{fmt, io::Read};

use serde::{
    Deserializer,
    de::{Error as _, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// Why a list was not read to its end.
#[derive(Debug)]
pub enum ItemsError<E> {
    /// It is not JSON, or not a list.
    Json(serde_json::Error),
    /// The error of the consumer.
    Taker(E),
}

/// Passes the items of a JSON list to `take` one by one, as written.
///
/// # Errors
///
/// If it is not a list or not complete, and the errors of `take`, which end the reading.
pub fn each_item<E>(
    list: impl Read,
    take: impl FnMut(&RawValue) -> Result<(), E>,
) -> Result<(), ItemsError<E>> {
    struct JsonItems<'a, T, E> {
        take: T,
        failed: &'a mut Option<E>,
    }

    impl<'de, T: FnMut(&RawValue) -> Result<(), E>, E> Visitor<'de> for JsonItems<'_, T, E> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
            while let Some(item) = items.next_element::<Box<RawValue>>()? {
                if let Err(error) = (self.take)(&item) {
                    *self.failed = Some(error);
                    return Err(A::Error::custom("stopped"));
                }
            }
            Ok(())
        }
    }

    let mut failed = None;
    let mut json = serde_json::Deserializer::from_reader(list);
    let items = JsonItems {
        take,
        failed: &mut failed,
    };
    let read = json.deserialize_seq(items).and_then(|()| json.end());
    match (failed, read) {
        (Some(error), _) => Err(ItemsError::Taker(error)),
        (None, Err(error)) => Err(ItemsError::Json(error)),
        (None, Ok(())) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        io::{self, BufReader},
        rc::Rc,
    };

    use super::*;

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
        let stopped = each_item(BufReader::new(endless), |value| {
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
            let read = each_item(text.as_bytes(), |_| Ok::<_, ()>(()));
            assert!(matches!(read, Err(ItemsError::Json(_))), "{text}");
        }
        for (text, count) in [("[]", 0), (" [1, 2]\n", 2)] {
            let mut taken = 0;
            let read = each_item(text.as_bytes(), |_| {
                taken += 1;
                Ok::<_, ()>(())
            });
            assert!(read.is_ok() && taken == count, "{text}");
        }
    }
}
