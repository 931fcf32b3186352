//! Keeps the memory of a process that holds a token off the disk.

/// From here on a crash leaves no core dump, and no other process of this user reads the memory.
///
/// Where the system refuses, the process goes on: it protects the token less, and works as well.
pub(super) fn forbid() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};

        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        let _ = setrlimit(Resource::Core, none);
    }
    // A program that collects core dumps gets them whatever the limit.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};

        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    #[test]
    fn a_core_dump_is_neither_written_nor_collected() {
        super::forbid();
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
        let behavior = dumpable_behavior().unwrap();
        assert!(matches!(behavior, DumpableBehavior::NotDumpable));
    }
}
