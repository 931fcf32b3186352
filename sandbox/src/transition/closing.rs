//! Closing reasons: chosen from those that were configured when the execution started.

use crate::{refused::Refused, wire::v2::Reason};

/// Checks the reasons that a request selects.
///
/// `single` is `singleClosingReasonSelection`: not more than one.
pub(super) fn check(
    selected: &[Reason],
    configured: &[Reason],
    single: bool,
) -> Result<(), Refused> {
    if single && selected.len() > 1 {
        return Err(Refused::Invalid(format!(
            "exactly one closing reason may be selected, not {}",
            selected.len()
        )));
    }
    match selected.iter().find(|reason| !configured.contains(reason)) {
        Some(reason) => Err(Refused::Invalid(format!(
            "closing reason {} ({}) is not configured for this execution",
            reason.id, reason.title
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(id: &str, title: &str) -> Reason {
        Reason {
            id: id.to_owned(),
            title: title.to_owned(),
        }
    }

    #[test]
    fn reasons_are_known_by_id_and_title_and_counted() {
        let configured = [reason("1", "Duplikat"), reason("2", "Keine Rückmeldung")];
        for (selected, single, accepted) in [
            (vec![], true, true),
            (vec![reason("1", "Duplikat")], true, true),
            (vec![reason("1", "Dublette")], true, false),
            (vec![reason("3", "Duplikat")], false, false),
            (configured.to_vec(), true, false),
            (configured.to_vec(), false, true),
        ] {
            assert_eq!(
                check(&selected, &configured, single).is_ok(),
                accepted,
                "{selected:?}, single: {single}"
            );
        }
    }
}
