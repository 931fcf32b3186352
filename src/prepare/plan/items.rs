//! The items of a plan, which can be read several times.

use std::{
    fmt,
    fs::File,
    io::{self, BufReader, Seek},
    iter,
};

use super::{Item, PlanReader};

/// Items one after the other. The first error is the last one.
pub type ItemStream<'a> = Box<dyn Iterator<Item = io::Result<Item>> + 'a>;

/// The items of a plan of any size: they are read again each time instead of being kept.
pub trait PlanItems: fmt::Debug {
    /// All items, in the plan's order. The plan was valid only if there was no error.
    ///
    /// # Errors
    ///
    /// When the plan can't be read any more.
    fn stream(&self) -> io::Result<ItemStream<'_>>;

    /// Visits all items, in the plan's order.
    ///
    /// # Errors
    ///
    /// If the plan can't be read any more, and the errors of `visit`, which end the visit.
    fn each(&self, visit: &mut dyn FnMut(&Item) -> io::Result<()>) -> io::Result<()> {
        self.stream()?.try_for_each(|item| visit(&item?))
    }
}

/// An opened plan file that was read completely before.
#[derive(Clone, Copy, Debug)]
pub struct KnownFile<'a> {
    pub file: &'a File,
    /// Its SHA-256.
    pub sha256: &'a str,
}

impl PlanItems for KnownFile<'_> {
    /// Whether the file is still the same is known only at its end, where its digest is.
    fn stream(&self) -> io::Result<ItemStream<'_>> {
        let mut file = self.file;
        file.rewind()?;
        let mut reader = PlanReader::new(BufReader::new(file))?;
        let mut is_over = false;
        Ok(Box::new(iter::from_fn(move || {
            if is_over {
                return None;
            }
            let next = reader.next_line();
            is_over = !matches!(next, Ok(Some(_)));
            match next {
                Ok(Some(line)) => Some(Ok(line.item)),
                Err(error) => Some(Err(error.into())),
                Ok(None) => match reader.end() {
                    Some((_, sha256)) if sha256 == self.sha256 => None,
                    Some(_) | None => Some(Err(io::Error::other(
                        "the plan was changed while it was read",
                    ))),
                },
            }
        })))
    }
}

#[cfg(any(test, fuzzing))]
impl PlanItems for Vec<Item> {
    fn stream(&self) -> io::Result<ItemStream<'_>> {
        Ok(Box::new(self.iter().cloned().map(Ok)))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::{
        plan::{PlanWriter, Rejection},
        testing::samples::plan_header as header,
    };

    #[test]
    fn a_file_that_is_another_plan_by_now_is_no_plan_at_its_end() {
        let plan = |row| {
            let mut writer = PlanWriter::new(Vec::new(), &header()).unwrap();
            let rejection = Rejection {
                target: None,
                row: Some(row),
                reason: "no".to_owned(),
            };
            writer.item(&Item::Rejected(rejection)).unwrap();
            let (bytes, _, sha256) = writer.finish(1).unwrap();
            (bytes, sha256)
        };
        let (bytes, sha256) = plan(7);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let items = || {
            let known = KnownFile {
                file: &file,
                sha256: &sha256,
            };
            known.stream().unwrap().collect::<io::Result<Vec<_>>>()
        };
        assert_eq!(items().unwrap().len(), 1);

        // Written over in place, by a plan that is right in itself.
        (&file).rewind().unwrap();
        (&file).write_all(&plan(8).0).unwrap();
        let error = items().unwrap_err().to_string();
        assert_eq!(error, "the plan was changed while it was read");
    }
}
