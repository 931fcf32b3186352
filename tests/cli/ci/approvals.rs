//! Which reviews are an approval.

use super::*;

/// The people whose approval counts, with the reason where there are none.
fn found(desk: &Desk, reviews: &Value) -> Result<String, String> {
    desk.reviews(reviews);
    match approved(desk, 1) {
        Ok(job) => Ok(job.values["needs.approved.outputs.approvals"].clone()),
        Err(ended) => Err(ended.expect_code(1).stdout),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn only_the_exact_line_at_the_start_of_the_last_review_of_a_person_who_may_write_approves() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    desk.commit(&[PLAYBOOK]);
    let sha256 = plan(&desk, 1);
    let line = format!("wf-bulk: apply {sha256}");
    let review = |login: &str, state: &str, body: &str| {
        json!({
            "state": state, "commit_id": HEAD, "body": body,
            "user": {"login": login, "type": if login.ends_with("[bot]") { "Bot" } else { "User" }},
        })
    };
    let with_body = |body: &str| json!([review("bo", "APPROVED", body)]);
    let mut of_another_commit = with_body(&line);
    of_another_commit[0]["commit_id"] = HEAD.replace('1', "2").into();
    for (why, reviews) in [
        ("no review", json!([])),
        ("no line", with_body("LGTM")),
        (
            "no text",
            json!([{"state": "APPROVED", "commit_id": HEAD, "body": null,
            "user": {"login": "bo", "type": "User"}}]),
        ),
        ("the digest alone", with_body(&sha256)),
        (
            "of another plan",
            with_body(&format!("wf-bulk: apply {}", "0".repeat(64))),
        ),
        ("a warning in front", with_body(&format!("do NOT {line}"))),
        (
            "a warning behind",
            with_body(&format!("{line} is wrong, do not apply it")),
        ),
        (
            "a warning above",
            with_body(&format!("Don't do this:\n{line}")),
        ),
        ("a quotation", with_body(&format!("> {line}\n\nNot yet."))),
        (
            "a long quotation",
            with_body(&format!("> the comment says\n{line}\n")),
        ),
        ("code", with_body(&format!("```\n{line}\n```\n"))),
        ("indented code", with_body(&format!("    {line}\n"))),
        ("hidden text", with_body(&format!("<!--\n{line}\n-->"))),
        ("dismissed", json!([review("bo", "DISMISSED", &line)])),
        ("a remark", json!([review("bo", "COMMENTED", &line)])),
        ("not sent yet", json!([review("bo", "PENDING", &line)])),
        ("before the last push", of_another_commit),
        ("a bot", json!([review("helper[bot]", "APPROVED", &line)])),
        ("may only read", json!([review("guest", "APPROVED", &line)])),
        (
            "deleted account",
            json!([{"state": "APPROVED", "commit_id": HEAD, "body": line, "user": null}]),
        ),
        (
            "revoked",
            json!([
                review("bo", "APPROVED", &line),
                review("bo", "CHANGES_REQUESTED", "Wait.")
            ]),
        ),
        (
            "doubted",
            json!([
                review("bo", "APPROVED", &line),
                review("bo", "COMMENTED", "Wait.")
            ]),
        ),
        (
            "approved once more, without the line",
            json!([
                review("bo", "APPROVED", &line),
                review("bo", "APPROVED", "LGTM")
            ]),
        ),
    ] {
        let said = found(&desk, &reviews).expect_err(why);
        assert!(
            said.contains("no approval of the last commit has this plan"),
            "{why}: {said}"
        );
        assert!(
            said.contains(&line),
            "{why}: the line to write is not in: {said}"
        );
    }
    let yes = |login: &str| review(login, "APPROVED", &format!("{line}\r\n\r\nFine.\r\n"));
    for (reviews, people) in [
        (json!([yes("bo")]), "bo"),
        (json!([yes("bo"), yes("ann"), yes("guest")]), "ann, bo"),
        // Of somebody else; an answer in a thread has no text.
        (
            json!([yes("bo"), review("ann", "CHANGES_REQUESTED", "Wait.")]),
            "bo",
        ),
        (json!([yes("bo"), review("bo", "COMMENTED", "")]), "bo"),
        (
            json!([review("bo", "CHANGES_REQUESTED", "Wait."), yes("bo")]),
            "bo",
        ),
    ] {
        assert_eq!(found(&desk, &reviews).as_deref(), Ok(people));
    }
    assert_eq!(desk.sandbox.ledger().writes(), 0);
}
