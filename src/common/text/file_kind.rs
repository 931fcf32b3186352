//! Recognises files that are not text of the expected kind, by their first bytes.

use std::fmt;

/// A file that is not a playbook, list or table, recognised by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A plan: its first field is the format in the header.
    Plan,
    /// A ZIP archive, which spreadsheets have been since 2007.
    Zip,
    /// The format of Excel before 2007.
    OldExcel,
    Gzip,
    /// By bzip2, xz or Zstandard.
    Compressed,
    Pdf,
    /// An HTML page in place of a downloaded file, often a login page.
    Html,
    Binary,
}

impl FileKind {
    /// Bytes that are enough to recognise a file.
    pub const HEAD: usize = 512;

    /// None if it may be text. UTF-16 and UTF-32, which have zero bytes, are detected before.
    pub fn of_start(head: &[u8]) -> Option<Self> {
        let is_page = |start: &[u8]| {
            let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
            text.trim_ascii_start()
                .get(..start.len())
                .is_some_and(|text| text.eq_ignore_ascii_case(start))
        };
        match head {
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Self::Zip),
            [0xd0, 0xcf, 0x11, 0xe0, ..] => Some(Self::OldExcel),
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', b'Y', ..]
            | [0xfd, b'7', b'z', b'X', b'Z', 0, ..]
            | [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Compressed),
            _ if head.starts_with(b"{\"wf_bulk_plan\":") => Some(Self::Plan),
            _ if head.starts_with(b"%PDF-") => Some(Self::Pdf),
            _ if is_page(b"<!doctype html") || is_page(b"<html") => Some(Self::Html),
            _ if head.contains(&0) => Some(Self::Binary),
            _ => None,
        }
    }

    /// What to do if text is expected.
    pub const fn cure(self) -> &'static str {
        match self {
            Self::Plan => "name a file of rows or of ids",
            Self::Zip | Self::OldExcel => {
                "open it in Excel and save it as “CSV UTF-8”, or unpack the archive"
            }
            Self::Gzip => "unpack it first: gunzip",
            Self::Compressed => "unpack it first",
            Self::Pdf => "export the data as CSV or JSON",
            Self::Html => "look at it in a browser; it may ask for a login or be an error",
            Self::Binary => "export the data as CSV or JSON, in UTF-8",
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plan => "a plan",
            Self::Zip => "an Excel workbook or another ZIP archive",
            Self::OldExcel => "an Excel workbook or another old Office document",
            Self::Gzip => "a gzip file",
            Self::Compressed => "a compressed file",
            Self::Pdf => "a PDF",
            Self::Html => "a web page (HTML)",
            Self::Binary => "a binary file (it has zero bytes)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_what_is_no_text() {
        for (head, kind) in [
            (&b"PK\x03\x04\x14\0"[..], Some(FileKind::Zip)),
            (
                b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
                Some(FileKind::OldExcel),
            ),
            (b"\x1f\x8b\x08\0", Some(FileKind::Gzip)),
            (b"BZh91AY&SY", Some(FileKind::Compressed)),
            (b"\xfd7zXZ\0", Some(FileKind::Compressed)),
            (b"\x28\xb5\x2f\xfd", Some(FileKind::Compressed)),
            (b"{\"wf_bulk_plan\":1,", Some(FileKind::Plan)),
            (b"%PDF-1.7\n", Some(FileKind::Pdf)),
            (b"\n<!DOCTYPE html>", Some(FileKind::Html)),
            (b"\xef\xbb\xbf<HTML lang=de>", Some(FileKind::Html)),
            (b"\x89PNG\r\n\x1a\n\0", Some(FileKind::Binary)),
            // An id may begin like another file does.
            (b"PK\n", None),
            (b"PK12,x\n", None),
            (b"BZh9\n", None),
            (b"id\n", None),
            (b"{\"id\":1}", None),
            (b"\xfc\n", None),
            (b"", None),
        ] {
            assert_eq!(FileKind::of_start(head), kind, "{head:?}");
        }
    }
}
