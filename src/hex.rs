//! Digests as text.

use std::fmt::Write;

/// Two lower-case digits a byte, as `sha256sum` prints them.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_two_digits() {
        assert_eq!(encode(&[0x00, 0x0a, 0xff]), "000aff");
    }
}
