//! Reads a playbook from disk.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use crate::{
    table,
    text::{NotUtf8, utf8},
};

/// A playbook is written by hand; a file of over 1 MiB is a mistake (data belong into `entities.file`).
const MAX_BYTES: u64 = 1024 * 1024;

/// Why a playbook could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PlaybookFileError {
    #[error("{0}")]
    Io(io::Error),
    #[error("it is larger than 1 MiB: put data into a file that `entities: {{ file: … }}` names")]
    TooLarge,
    #[error("{0}")]
    NotUtf8(NotUtf8),
}

/// Reads the text of a playbook; `-` is standard input.
///
/// # Errors
///
/// If the file can't be read, is larger than 1 MiB, or is not UTF-8. The errors don't contain the file's name.
pub fn read(path: &Path) -> Result<String, PlaybookFileError> {
    let input: Box<dyn Read> = if table::is_stdin(path) {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(PlaybookFileError::Io)?)
    };
    let mut bytes = Vec::new();
    let read = input.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    if read.map_err(PlaybookFileError::Io)? as u64 > MAX_BYTES {
        return Err(PlaybookFileError::TooLarge);
    }
    utf8(bytes).map_err(PlaybookFileError::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_bytes(bytes: &[u8]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.yaml");
        std::fs::write(&path, bytes).unwrap();
        read(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn a_text_is_read_as_it_is() {
        assert_eq!(
            read_bytes("\u{feff}a: ä\r\n".as_bytes()),
            Ok("\u{feff}a: ä\r\n".into())
        );
    }

    #[test]
    fn another_encoding_is_refused_with_its_line_and_its_name() {
        for (bytes, why) in [
            (
                &b"a: 1\nb: \xe4\n"[..],
                "line 2 is Windows-1252 or a similar encoding",
            ),
            (b"\xff\xfea\0:\0", "line 1 is UTF-16"),
            (b"a\0:\0", "line 1 is UTF-16"),
        ] {
            assert_eq!(
                read_bytes(bytes),
                Err(format!("{why}, not UTF-8: save the file as UTF-8"))
            );
        }
    }

    #[test]
    fn a_megabyte_is_read_and_one_byte_more_is_refused() {
        let limit = 1024 * 1024;
        assert!(read_bytes(&vec![b'#'; limit]).is_ok());
        let error = read_bytes(&vec![b'#'; limit + 1]).unwrap_err();
        assert!(error.contains("larger than 1 MiB"), "{error}");
    }

    #[test]
    fn a_missing_file_and_a_folder_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().join("none.yaml"), folder.path().to_owned()] {
            let error = read(&path).unwrap_err();
            assert!(matches!(error, PlaybookFileError::Io(_)), "{error}");
        }
    }
}
