//! A list that may be long: the first few items, and the number of the others.

use super::{cut, thousands};

/// Characters of a name that are shown. A file that is not a table may have a column of a whole page.
const MAX_NAME: usize = 60;

/// The first few items, and the total number.
#[derive(Clone, Debug)]
pub struct Few {
    most: usize,
    first: Vec<String>,
    count: u64,
}

impl Few {
    /// Shows at most this number.
    pub const fn new(most: usize) -> Self {
        Self {
            most,
            first: Vec::new(),
            count: 0,
        }
    }

    pub fn of<'a>(most: usize, names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut few = Self::new(most);
        names.into_iter().for_each(|name| few.add(name));
        few
    }

    pub fn add(&mut self, name: &str) {
        if self.first.len() < self.most {
            self.first.push(cut(name, MAX_NAME));
        }
        self.count += 1;
    }

    pub const fn count(&self) -> u64 {
        self.count
    }

    /// `a, b and 1,000 more`
    pub fn list(&self) -> String {
        let list = self.first.join(", ");
        match self.count - self.first.len() as u64 {
            0 => list,
            more => format!("{list} and {} more", thousands(more)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_a_few_names_and_a_number_and_a_long_name_is_cut() {
        let long = "x".repeat(70);
        let many = vec!["a"; 1_003];
        for (names, list) in [
            (&[][..], String::new()),
            (&["a", "b"], "a, b".to_owned()),
            (&many, "a, a, a and 1,000 more".to_owned()),
            (&[&long], format!("{}…", "x".repeat(MAX_NAME))),
        ] {
            let few = Few::of(3, names.iter().copied());
            assert_eq!(few.list(), list);
            assert_eq!(few.count(), names.len() as u64);
        }
    }
}
