//! Many small tests of one kind: all are done, several at once, and those that failed are told together.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Condvar, Mutex},
    thread,
};

/// Cells at the same time, over all tests of this process. Most of a cell is waiting; but a request that waits for a
/// processor longer than the cell's timeout meets a fault that nobody scripted.
const AT_ONCE: usize = 20;

static FREE: (Mutex<usize>, Condvar) = (Mutex::new(AT_ONCE), Condvar::new());

/// Does all cells, each by its name.
#[track_caller]
pub(crate) fn all<C: FnOnce() + Send>(cells: impl IntoIterator<Item = (String, C)>) {
    let failed = Mutex::new(Vec::new());
    let mut done = 0;
    thread::scope(|scope| {
        for (name, cell) in cells {
            done += 1;
            // A thread is only made when there is a place for it.
            take_place();
            let failed = &failed;
            scope.spawn(move || {
                let result = catch_unwind(AssertUnwindSafe(cell));
                give_place();
                if let Err(panic) = result {
                    let said = panic
                        .downcast_ref::<String>()
                        .map_or("a panic without words", String::as_str);
                    failed.lock().unwrap().push(format!("──── {name}\n{said}"));
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    let count = failed.len();
    assert!(
        failed.is_empty(),
        "{count} of {done} cells failed\n{}",
        failed.join("\n")
    );
}

fn take_place() {
    let (places, changed) = &FREE;
    let mut places = places.lock().unwrap();
    while *places == 0 {
        places = changed.wait(places).unwrap();
    }
    *places -= 1;
}

fn give_place() {
    let (places, changed) = &FREE;
    *places.lock().unwrap() += 1;
    changed.notify_one();
}
