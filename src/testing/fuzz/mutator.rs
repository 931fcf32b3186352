//! Inputs made of kept ones, from a seed: cut, joined, repeated, with changed bytes and with words that mean something.

use fastrand::Rng;

/// Words and bytes that some reader treats in a way of its own.
const WORDS: [&[u8]; 48] = [
    b"\n",
    b"\r\n",
    b"\r",
    b"\0",
    b"\t",
    b" ",
    b"\"",
    b"'",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"- ",
    b"#",
    b"{{",
    b"}}",
    b"|",
    b"`",
    b"<",
    b">",
    b"&",
    b"=",
    b"\xff",
    b"\xfe",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"\x1b[31m",
    b"\xf3\xa0\x81\x81",
    b"\\ud800",
    b"null",
    b"true",
    b"-0",
    b"1e999",
    b"18446744073709551616",
    b"99999999999999999999",
    b"0.1",
    b"..",
    b"%2E",
    b"?",
    b"/",
    b"&a ",
    b"*a",
    b"!!str ",
    b"2026-12-24",
    b"vars.x",
];

/// The longest input, in bytes: more makes a case slow and shows nothing new.
const LONGEST: usize = 64 << 10;

/// Changes `input` a few times; `others` are pieces to join it with.
pub(super) fn mutated(input: &[u8], others: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..rng.u8(1..=4) {
        change(&mut bytes, others, rng);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn change(bytes: &mut Vec<u8>, others: &[Vec<u8>], rng: &mut Rng) {
    let length = bytes.len();
    let from = rng.usize(..=length);
    let to = rng.usize(from..=length.min(from + 40));
    match rng.u8(..9) {
        0 if from < length => bytes[from] ^= 1 << rng.u8(..8),
        1 if from < length => bytes[from] = rng.u8(..),
        2 => bytes.truncate(from),
        3 => drop(bytes.drain(from..to)),
        4 => {
            let part = bytes[from..to].to_vec();
            let times = if rng.u8(..8) == 0 { 200 } else { 1 };
            bytes.splice(from..from, part.repeat(times));
        }
        5 => {
            let other = &others[rng.usize(..others.len())];
            let start = rng.usize(..=other.len());
            let end = rng.usize(start..=other.len());
            bytes.splice(from..to, other[start..end].iter().copied());
        }
        _ => {
            let word = WORDS[rng.usize(..WORDS.len())];
            bytes.splice(
                from..if rng.bool() { to } else { from },
                word.iter().copied(),
            );
        }
    }
}
