//! Windows: decides from its name whether a file is a device. Pure, so that its table is tested on every system.

use super::DeviceName;

/// The devices. `COM1` and `LPT1` have other digits, too.
const DEVICES: [&str; 6] = ["AUX", "CON", "CONIN$", "CONOUT$", "NUL", "PRN"];

/// The devices with a digit. Superscript digits count, too.
const PORTS: [&str; 2] = ["COM", "LPT"];
const DIGITS: &str = "0123456789¹²³";

/// The device that a path may name: in any folder, in capitals or not, and with any extension, though newer versions of Windows take fewer
/// of these for devices.
pub(super) fn device_of_name(path: &str) -> Option<DeviceName> {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let name = match name.as_bytes() {
        [_, b':', ..] => &name[2..],
        _ => name,
    };
    let stem = name.split(['.', ':']).next().unwrap_or(name);
    let stem = stem.trim_end_matches(' ').to_uppercase();
    let is_port = PORTS.iter().any(|port| {
        let digit = stem.strip_prefix(port).map(|digit| digit.chars());
        digit.is_some_and(|mut rest| {
            rest.next().is_some_and(|c| DIGITS.contains(c)) && rest.next().is_none()
        })
    });
    if path.eq_ignore_ascii_case("NUL") {
        Some(DeviceName::Null)
    } else if is_port || DEVICES.contains(&stem.as_str()) {
        Some(DeviceName::Other)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_device_is_known_in_every_spelling_and_no_other_name_is_one() {
        for (path, expected) in [
            ("NUL", Some(DeviceName::Null)),
            ("nul", Some(DeviceName::Null)),
            ("nul.plan", Some(DeviceName::Other)),
            (r"plans\NUL", Some(DeviceName::Other)),
            ("con", Some(DeviceName::Other)),
            ("con .plan", Some(DeviceName::Other)),
            ("plans/Aux.tar.gz", Some(DeviceName::Other)),
            ("C:nul", Some(DeviceName::Other)),
            ("prn:x", Some(DeviceName::Other)),
            ("C:x.plan", None),
            ("COM1", Some(DeviceName::Other)),
            ("lpt9.csv", Some(DeviceName::Other)),
            ("com²", Some(DeviceName::Other)),
            ("CONOUT$", Some(DeviceName::Other)),
            ("COM", None),
            ("COM10", None),
            ("comx", None),
            ("null", None),
            ("console.plan", None),
            ("con/leaver.plan", None),
            ("leaver.con", None),
            ("-", None),
            ("", None),
        ] {
            assert_eq!(device_of_name(path), expected, "{path}");
        }
    }
}
