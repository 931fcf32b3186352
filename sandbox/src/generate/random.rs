//! The generator of the data: `SplitMix64`, written out.
//!
//! A crate's generator may change with its version; the data of a seed must not.

/// A stream of numbers that depends on the seed, what is made and its number.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

/// What numbers are drawn for: streams that don't touch, so that one more draw in one place leaves the
/// others as they were.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    Entity = 1,
    Contact = 2,
    FlowId = 3,
    Flow = 4,
    LegacyId = 5,
    Legacy = 6,
    Started = 7,
    Sync = 8,
}

impl Random {
    pub(super) fn new(seed: u64, stream: Stream, number: u32) -> Self {
        let mut mixed = Self(seed);
        mixed.0 = mixed.next() ^ ((stream as u64) << 32 | u64::from(number));
        mixed.0 = mixed.next();
        mixed
    }

    /// For an execution that starts while the sandbox runs. Beyond four thousand million starts the parts of two would
    /// have the same ids.
    pub(super) fn for_started(seed: u64, number: u64) -> Self {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        Self::new(seed, Stream::Started, number)
    }

    /// Steele, Lea, Flood: "Fast splittable pseudorandom number generators" (2014).
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`. The modulo favours small numbers by less than 1 in 2⁴⁰: nobody sees it.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        u32::try_from(self.next() % u64::from(bound.max(1))).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u32::try_from(high - low + 1).unwrap_or(1);
        low + i64::from(self.below(width))
    }

    pub(super) fn percent(&mut self, chance: u32) -> bool {
        self.below(100) < chance
    }

    pub(super) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let index = self.below(u32::try_from(of.len()).unwrap_or(u32::MAX));
        &of[index as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_generator() {
        // The first outputs for the state 1234567, from the reference implementation in C.
        let mut random = Random(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
        assert_eq!(random.next(), 9_817_491_932_198_370_423);
    }

    #[test]
    fn streams_and_numbers_give_different_numbers() {
        let first = |stream, number| Random::new(1, stream, number).next();
        assert_ne!(first(Stream::Flow, 0), first(Stream::Flow, 1));
        assert_ne!(first(Stream::Flow, 0), first(Stream::FlowId, 0));
        assert_eq!(first(Stream::Flow, 7), first(Stream::Flow, 7));
    }
}
