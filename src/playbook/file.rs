//! Reads a playbook from disk.

use std::{fs::File, io::Read, path::Path};

use crate::text::{NotUtf8, utf8};

/// A playbook is written by people; a file of over 1 MiB is a mix-up (data belong into `entities.file`).
const MAX_BYTES: u64 = 1024 * 1024;

/// Why a playbook could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("can't read the playbook {file}: {cause}")]
    Io { file: String, cause: std::io::Error },
    #[error(
        "the playbook {file} is larger than 1 MiB: put data into a file that `entities: {{ file: … }}` names"
    )]
    TooLarge { file: String },
    #[error("the playbook {file}: {cause}")]
    NotUtf8 { file: String, cause: NotUtf8 },
}

/// Reads the text of a playbook.
///
/// # Errors
///
/// When the file can't be read, is larger than 1 MiB, or is not UTF-8.
pub fn read(path: &Path) -> Result<String, ReadError> {
    let file = super::mistake::visible(&path.display().to_string());
    let mut bytes = Vec::new();
    let read =
        File::open(path).and_then(|opened| opened.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    match read {
        Err(cause) => Err(ReadError::Io { file, cause }),
        Ok(count) if count as u64 > MAX_BYTES => Err(ReadError::TooLarge { file }),
        Ok(_) => utf8(bytes).map_err(|cause| ReadError::NotUtf8 { file, cause }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_bytes(bytes: &[u8]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.yaml");
        std::fs::write(&path, bytes).unwrap();
        read(&path).map_err(|error| {
            error
                .to_string()
                .replace(&folder.path().display().to_string(), "DIR")
        })
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
                Err(format!(
                    "the playbook DIR/p.yaml: {why}, not UTF-8: save the file as UTF-8"
                ))
            );
        }
    }

    #[test]
    fn a_megabyte_is_read_and_one_byte_more_is_refused() {
        let limit = usize::try_from(MAX_BYTES).unwrap();
        assert!(read_bytes(&vec![b'#'; limit]).is_ok());
        let error = read_bytes(&vec![b'#'; limit + 1]).unwrap_err();
        assert!(error.contains("larger than 1 MiB"), "{error}");
    }

    #[test]
    fn a_missing_file_and_a_folder_are_errors_with_their_path() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().join("none.yaml"), folder.path().to_owned()] {
            let error = read(&path).unwrap_err();
            assert!(matches!(error, ReadError::Io { .. }), "{error}");
            assert!(error.to_string().contains(&path.display().to_string()));
        }
    }
}
