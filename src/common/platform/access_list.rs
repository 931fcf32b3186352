//! Windows: decides from the owner and the access list of a file who else may do what. Pure, so that its table is tested on every system.

use super::Exposure;

/// Rights that change what is in a file or folder, replace it, or give such a right: write data, append, delete a child, write attributes
/// (with which a folder becomes a link), delete, change the list, take ownership, and the generic rights to write and to do everything.
const WRITE: u32 = 0x0000_0002
    | 0x0000_0004
    | 0x0000_0040
    | 0x0000_0100
    | 0x0001_0000
    | 0x0004_0000
    | 0x0008_0000
    | 0x4000_0000
    | 0x1000_0000;

/// The system, the administrators and its installer, who may do everything in any case, as root elsewhere.
const SYSTEM: [&str; 3] = [
    "S-1-5-18",
    "S-1-5-32-544",
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
];

/// Whoever owns the file.
const OWNER: &str = "S-1-3-4";

/// One entry that allows something on the file itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AllowedAccess {
    /// The user or group: `S-1-…`.
    pub(super) who: String,
    pub(super) rights: u32,
}

/// The exposure to users other than `me`. Without a list, everybody may do everything.
pub(super) fn exposure_of(
    owner: &str,
    list: Option<&[AllowedAccess]>,
    me: &str,
) -> Option<Exposure> {
    if owner != me && !SYSTEM.contains(&owner) {
        return Some(Exposure::Owner {
            owner: owner.to_owned(),
            me: me.to_owned(),
        });
    }
    first_other(list, me, WRITE).map(|how| Exposure::Writers { how })
}

/// Who else may do anything.
pub(super) fn reader_of(list: Option<&[AllowedAccess]>, me: &str) -> Option<String> {
    first_other(list, me, u32::MAX)
}

fn first_other(list: Option<&[AllowedAccess]>, me: &str, rights: u32) -> Option<String> {
    let Some(list) = list else {
        return Some("it has no access list".to_owned());
    };
    let other = list.iter().find(|entry| {
        let who = entry.who.as_str();
        entry.rights & rights != 0 && who != me && who != OWNER && !SYSTEM.contains(&who)
    })?;
    Some(format!("{} in its access list", other.who))
}

/// A list for `me`, the system and the administrators, in the language of security descriptors. Files in a folder inherit it, and the
/// list of the folder above does not count.
#[cfg(windows)]
pub(super) fn owner_only(me: &str) -> String {
    format!("D:P(A;OICI;FA;;;{me})(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: &str = "S-1-5-21-1-2-3-1001";
    const USERS: &str = "S-1-5-32-545";
    const READ_AND_EXECUTE: u32 = 0x0012_00a9;
    const MODIFY: u32 = 0x0013_01bf;
    const FULL: u32 = 0x001f_01ff;

    fn allowed(who: &str, rights: u32) -> AllowedAccess {
        AllowedAccess {
            who: who.to_owned(),
            rights,
        }
    }

    #[test]
    fn what_another_user_may_write_is_exposed_and_what_others_can_read_is_not() {
        let own = [
            allowed(ME, FULL),
            allowed(SYSTEM[0], FULL),
            allowed(SYSTEM[1], FULL),
        ];
        let with = |who, rights| [&own[..], &[allowed(who, rights)]].concat();
        let writers = |who: &str| {
            Some(Exposure::Writers {
                how: format!("{who} in its access list"),
            })
        };
        for (list, expected, closed) in [
            (own.to_vec(), None, true),
            (with(OWNER, FULL), None, true),
            (with(SYSTEM[2], FULL), None, true),
            (with(USERS, READ_AND_EXECUTE), None, false),
            // What a folder right below a drive inherits: signed-in users may make files in it.
            (with(USERS, MODIFY), writers(USERS), false),
            (with("S-1-1-0", 0x4000_0000), writers("S-1-1-0"), false),
            (with("S-1-5-11", 0x0001_0000), writers("S-1-5-11"), false),
            (with("S-1-5-11", 0x0000_0040), writers("S-1-5-11"), false),
            (with("S-1-5-11", 0x0004_0000), writers("S-1-5-11"), false),
            (Vec::new(), None, true),
        ] {
            assert_eq!(exposure_of(ME, Some(&list), ME), expected, "{list:?}");
            assert_eq!(reader_of(Some(&list), ME).is_none(), closed, "{list:?}");
        }
        assert!(exposure_of(ME, None, ME).is_some() && reader_of(None, ME).is_some());
        assert!(exposure_of(SYSTEM[1], Some(&own), ME).is_none());
        assert!(matches!(
            exposure_of("S-1-5-21-1-2-3-1002", Some(&own), ME),
            Some(Exposure::Owner { .. })
        ));
    }
}
