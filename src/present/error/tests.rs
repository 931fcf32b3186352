use super::*;

fn report(error: &Error, styles: Styles) -> String {
    let mut out = Vec::new();
    error.report(&mut out, styles).unwrap();
    String::from_utf8(out).unwrap()
}

#[derive(Debug, thiserror::Error)]
#[error("can't read owners.csv")]
struct Outer(#[source] Inner);

#[derive(Debug, thiserror::Error)]
#[error("line 3: \u{1b}]0;owned\u{7} is no id")]
struct Inner;

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Same(Box<Outer>);

#[test]
fn an_error_shows_its_causes_and_hints_and_obeys_no_control_character() {
    let error = Error::failed("the selection stopped\nhint: trust me")
        .caused_by(Outer(Inner))
        .hint("correct the row and plan again")
        .hint("`--help` shows the columns");
    insta::assert_snapshot!(report(&error, Styles::plain()), @r"
        error: the selection stopped\nhint: trust me
        caused by: can't read owners.csv
        caused by: line 3: \u{1b}]0;owned\u{7} is no id
        hint: correct the row and plan again
        hint: `--help` shows the columns
        ");
}

#[derive(Debug, thiserror::Error)]
#[error("the plan: {0}")]
struct With(#[source] Outer);

#[test]
fn a_cause_that_says_the_same_again_is_left_out() {
    let error = Error::failed("can't read owners.csv").caused_by(Same(Box::new(Outer(Inner))));
    insta::assert_snapshot!(report(&error, Styles::plain()), @r"
        error: can't read owners.csv
        caused by: line 3: \u{1b}]0;owned\u{7} is no id
        ");
    let error = Error::failed("no plan").caused_by(With(Outer(Inner)));
    insta::assert_snapshot!(report(&error, Styles::plain()), @r"
        error: no plan
        caused by: the plan: can't read owners.csv
        caused by: line 3: \u{1b}]0;owned\u{7} is no id
        ");
}

#[test]
fn only_the_labels_are_coloured() {
    let text = report(
        &Error::usage("no such run").hint("see status"),
        Styles::coloured(),
    );
    assert_eq!(
        text,
        "\u{1b}[31;1merror:\u{1b}[0m no such run\n\u{1b}[36mhint:\u{1b}[0m see status\n"
    );
}

#[test]
fn only_a_closed_pipe_is_no_failure() {
    assert!(unless_closed(Err(io::ErrorKind::BrokenPipe.into())).is_ok());
    assert!(unless_closed(Err(io::ErrorKind::StorageFull.into())).is_err());
    assert!(unless_closed(Ok(())).is_ok());
}

#[test]
fn each_kind_of_error_has_its_exit_code() {
    for (kind, code) in [
        (ErrorKind::Usage, 64),
        (ErrorKind::Failed, 1),
        (ErrorKind::Rejected, 3),
        (ErrorKind::Guard, 4),
        (ErrorKind::Stale, 5),
        (ErrorKind::Declined, 1),
        (ErrorKind::Interrupted, 130),
    ] {
        assert_eq!(Error::new(kind, "x").exit_code().code(), code, "{kind:?}");
    }
}

#[test]
fn of_several_codes_the_first_of_1_6_130_4_3_5_2_is_reported() {
    // The order that the documentation gives; usage stands alone, pending and done are no trouble.
    let order = [64, 1, 6, 130, 4, 3, 5, 2, 0];
    for one in ExitCode::ALL {
        for other in ExitCode::ALL {
            let expected = order
                .into_iter()
                .find(|code| [one.code(), other.code()].contains(code));
            assert_eq!(
                Some(ExitCode::of_all([one, other]).code()),
                expected,
                "{one:?} and {other:?}"
            );
        }
    }
    assert_eq!(ExitCode::of_all(ExitCode::ALL), ExitCode::Usage);
    assert_eq!(ExitCode::of_all([]), ExitCode::Done);
}
