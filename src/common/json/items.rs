//! Reads a JSON list with one item in memory at a time.

use std::{
    cell::Cell,
    fmt,
    io::{self, Read},
};

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

/// A reader that may read this many bytes before the next item.
struct BoundedItems<'b, R> {
    input: R,
    left: &'b Cell<usize>,
}

impl<R: Read> Read for BoundedItems<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.left.get());
        if most == 0 && !buffer.is_empty() {
            return Err(io::Error::other("one item of the list is too long"));
        }
        let read = self.input.read(&mut buffer[..most])?;
        self.left.set(self.left.get() - read);
        Ok(read)
    }
}

/// Passes the items of a JSON list to `take` one by one, as written. An item has at most `most` bytes, with what is between it and the
/// one before.
///
/// # Errors
///
/// If it is not a list or not complete, and the errors of `take`, which end the reading.
pub fn each_item<E>(
    list: impl Read,
    most: usize,
    take: impl FnMut(&RawValue) -> Result<(), E>,
) -> Result<(), ItemsError<E>> {
    struct JsonItems<'a, T, E> {
        take: T,
        failed: &'a mut Option<E>,
        left: &'a Cell<usize>,
        most: usize,
    }

    impl<'de, T: FnMut(&RawValue) -> Result<(), E>, E> Visitor<'de> for JsonItems<'_, T, E> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
            while let Some(item) = items.next_element::<Box<RawValue>>()? {
                self.left.set(self.most);
                if let Err(error) = (self.take)(&item) {
                    *self.failed = Some(error);
                    return Err(A::Error::custom("stopped"));
                }
            }
            Ok(())
        }
    }

    let mut failed = None;
    let left = Cell::new(most);
    let mut json = serde_json::Deserializer::from_reader(BoundedItems {
        input: list,
        left: &left,
    });
    let items = JsonItems {
        take,
        failed: &mut failed,
        left: &left,
        most,
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
    use std::{io::BufReader, rc::Rc};

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
        let stopped = each_item(BufReader::new(endless), 1_000, |value| {
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
            let read = each_item(text.as_bytes(), 100, |_| Ok::<_, ()>(()));
            assert!(matches!(read, Err(ItemsError::Json(_))), "{text}");
        }
        for (text, count) in [("[]", 0), (" [1, 2]\n", 2)] {
            let mut taken = 0;
            let read = each_item(text.as_bytes(), 100, |_| {
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
        let read = each_item(list.as_bytes(), 100, |_| {
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
        let stopped = each_item(list, 1_000, |_| Ok::<_, ()>(()));
        assert!(matches!(stopped, Err(ItemsError::Json(error)) if error.is_io()));
        assert!(read.get() <= 16 * 1024, "{} bytes", read.get());
    }
}
