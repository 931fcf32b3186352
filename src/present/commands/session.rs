//! What a session of `resume` does, where, and how carefully: decided by the run's plan and the command line, and not by `run.json`, which
//! can be edited. `run.json` sets the speed, and otherwise can only make a session more careful.

use jiff::{SignedDuration, Timestamp};

use super::{backend::Server, terminal::say};
use crate::{
    cli::{Common, DEFAULT_SERVER, Pacing},
    credentials::Credentials,
    dates,
    error::{Error, ErrorKind},
    invocation::flag,
    pace::{Pace, Share},
    plan::PlanHeader,
    server_name::{is_on_this_machine, is_same_server},
    store::RunSettings,
};

/// The longest time in milliseconds that `run.json` can demand between an attempt and its read-back: that of `--settle`, a day.
const MAX_SETTLE_MS: u64 = 86_400_000;

/// A run continues on its own server and organisation: flags with other ones are refused. `settings` are those of the plan.
pub(super) fn refuse_elsewhere(settings: &RunSettings, common: &Common) -> Result<(), Error> {
    let server = match (&common.server, common.sandbox) {
        (Some(server), _) => Some(Server::named(server)?),
        (None, true) => Some(Server::Sandbox),
        (None, false) => None,
    };
    if let Some(given) = server.map(|server| server.label())
        && !is_same_server(&given, &settings.server)
    {
        return Err(elsewhere(
            settings,
            &format!("on {}", settings.server),
            &format!("on {given}"),
        ));
    }
    match (&common.org, &settings.org) {
        (Some(given), Some(started)) if given != started => {
            Err(elsewhere(settings, &in_org(started), &in_org(given)))
        }
        (Some(given), None) => Err(elsewhere(
            settings,
            "without an organisation",
            &in_org(given),
        )),
        (Some(_) | None, Some(_)) | (None, None) => Ok(()),
    }
}

/// Refuses to make the remaining changes of a run that was started too long ago: what was approved then may not be meant any more.
pub(super) fn refuse_old(
    common: &Common,
    settings: &RunSettings,
    zone: &str,
    max_age: SignedDuration,
) -> Result<(), Error> {
    if Timestamp::now().duration_since(settings.started_at) <= max_age {
        return Ok(());
    }
    let started = dates::on_wall_clock(settings.started_at, zone);
    let run = settings.run.to_string();
    let message = format!("run {run} was started at {started}, which is too long ago");
    let abandon = common.invocation.command("abandon", &[&run]);
    Err(Error::new(ErrorKind::Stale, message)
        .hint("to continue it nevertheless, add --max-age, such as --max-age '30 days'")
        .hint(format!("or abandon it, and plan again: {abandon}"))
        .hint("nothing was changed"))
}

/// A session re-checks, unless it is told not to.
pub(super) fn say_recheck(stored: &RunSettings, pacing: &Pacing) {
    if !stored.recheck && !pacing.no_recheck {
        say(|out| {
            writeln!(
                out,
                "the run was started with --no-recheck; this session re-checks each execution, unless --no-recheck is given again"
            )
        });
    }
}

/// The server of a session: as the command line spells it, else that of the plan.
pub(super) fn server(common: &Common, header: &PlanHeader) -> Result<Server, Error> {
    Server::named(common.server.as_ref().unwrap_or(&header.server))
}

/// Refuses to send the token to a server that the caller has not named: a run folder may have been made elsewhere, and does not choose who
/// gets the token. The service itself and this machine need no name.
pub(super) fn refuse_unnamed_server(
    common: &Common,
    credentials: &Credentials,
    server: &Server,
) -> Result<(), Error> {
    let label = server.label();
    let message = match &credentials.server {
        // The sandbox gets no token.
        _ if common.server.is_some() || *server == Server::Sandbox => return Ok(()),
        Some(named) if is_same_server(named, &label) => return Ok(()),
        Some(named) => format!("the run is on {label}, and the token is for {named}"),
        None if label == DEFAULT_SERVER || is_on_this_machine(&label) => return Ok(()),
        None => format!("the run is on {label}, and nothing else names this server"),
    };
    Err(Error::usage(message)
        .hint(format!(
            "if the token is meant for it: {}",
            flag("--server", &label)
        ))
        .hint("nothing was sent"))
}

/// The organisation of a session: that of the plan. A plan without one needs a request for the organisation in which the run was started,
/// by a flag or profile (`asked`): `run.json` alone does not decide it.
pub(super) fn organisation(
    settings: &RunSettings,
    header: &PlanHeader,
    asked: Option<&str>,
) -> Result<Option<String>, Error> {
    match (&header.org, &settings.org, asked) {
        (Some(planned), _, _) => Ok(Some(planned.clone())),
        (None, None, _) => Ok(None),
        (None, Some(started), Some(asked)) if started == asked => Ok(Some(started.clone())),
        (None, Some(started), Some(asked)) => {
            Err(elsewhere(settings, &in_org(started), &in_org(asked)))
        }
        (None, Some(started), None) => Err(Error::usage(format!(
            "according to its run.json, run {} was started in organisation {started}; neither its plan nor the command line names one",
            settings.run
        ))
        .hint(format!(
            "if this is the organisation, add {}",
            flag("--org", started)
        ))),
    }
}

/// The settings of a session on a plan of so many `changes`.
pub(super) fn settings(
    stored: RunSettings,
    header: &PlanHeader,
    org: Option<String>,
    changes: u64,
    common: &Common,
    pacing: &Pacing,
) -> RunSettings {
    let timeout_ms = common.timeout_ms();
    // If not given, it is at least the timeout of the earlier requests and of those in this session.
    let settle_ms = pacing.settle_ms().unwrap_or_else(|| {
        let earlier = stored.settle_ms.max(stored.timeout_ms);
        timeout_ms.max(earlier.min(MAX_SETTLE_MS))
    });
    let pace = Pace {
        max_errors: tighter(stored.pace.max_errors, header.pace.max_errors, changes),
        burst: header.pace.burst,
        stages: header.pace.stages.clone(),
        ..stored.pace
    };
    RunSettings {
        server: header.server.clone(),
        org,
        pace: pacing.over(&pace),
        recheck: !pacing.no_recheck,
        timeout_ms,
        settle_ms,
        ..stored
    }
}

/// The limit that permits less.
fn tighter(one: Option<Share>, other: Option<Share>, changes: u64) -> Option<Share> {
    match (one, other) {
        (Some(one), Some(other)) if one.is_looser_than(other, Some(changes)) => Some(other),
        (Some(one), _) => Some(one),
        (None, other) => other,
    }
}

fn in_org(org: &str) -> String {
    format!("in organisation {org}")
}

fn elsewhere(settings: &RunSettings, started: &str, given: &str) -> Error {
    Error::usage(format!(
        "run {} was started {started}, not {given}",
        settings.run
    ))
    .hint("the run's own plan decides; leave the flag out")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::{super::backend::SANDBOX, *};
    use crate::{
        cli::{Cli, Command},
        store::RunId,
        testing::samples::plan_header,
    };

    const HERE: &str = "https://example.com";

    fn stored(edits: &serde_json::Value) -> RunSettings {
        let run = RunId::new(Timestamp::UNIX_EPOCH, [1; 10]).to_string();
        let mut settings = json!({
            "wf_bulk_run": 1, "run": run, "started_at": "2026-12-01T09:00:00Z", "playbook": "p", "vars_sha256": "cd",
            "plan_sha256": "ab", "server": HERE, "org": "4711", "recheck": true, "timeout_ms": 30_000,
            "settle_ms": 30_000, "reason": null, "pace": {"rate": "8/s", "burst": 4, "concurrency": 4, "stop_after": 10},
        });
        for (key, value) in edits.as_object().unwrap() {
            settings[key] = value.clone();
        }
        serde_json::from_value(settings).unwrap()
    }

    fn planned(org: Option<&str>, max_errors: Option<&str>) -> PlanHeader {
        let mut header = plan_header();
        header.server = HERE.to_owned();
        header.org = org.map(str::to_owned);
        header.pace.max_errors = max_errors.map(|share| share.parse().unwrap());
        header
    }

    fn resume(flags: &str) -> (Common, Pacing) {
        let line = format!("wf-bulk resume --last {flags}");
        let cli = Cli::read(line.split_whitespace().map(Into::into)).unwrap();
        match cli.command {
            Command::Resume(resume) => (cli.common, resume.pacing),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn run_json_can_make_a_session_more_careful_and_never_less() {
        for (edits, flags, recheck, settle_ms) in [
            (json!({}), "", true, 30_000),
            (json!({"recheck": false}), "", true, 30_000),
            (json!({}), "--no-recheck", false, 30_000),
            (json!({"settle_ms": 0, "timeout_ms": 1}), "", true, 30_000),
            (json!({"settle_ms": 40_000}), "", true, 40_000),
            (json!({"timeout_ms": 50_000}), "", true, 50_000),
            (json!({"settle_ms": u64::MAX}), "", true, MAX_SETTLE_MS),
            (json!({"settle_ms": 40_000}), "--settle 5", true, 5_000),
            (
                json!({"settle_ms": 1_000, "timeout_ms": 1_000}),
                "--timeout 2",
                true,
                2_000,
            ),
        ] {
            let (common, pacing) = resume(flags);
            let header = planned(Some("4711"), None);
            let session = settings(stored(&edits), &header, None, 9, &common, &pacing);
            let decided = (session.recheck, session.settle_ms);
            assert_eq!(decided, (recheck, settle_ms), "{edits} {flags}");
        }
    }

    #[test]
    fn the_tighter_limit_of_run_json_and_plan_counts_unless_a_flag_gives_one() {
        for (in_run_json, in_plan, flags, expected) in [
            (None, None, "", None),
            (Some("3"), None, "", Some("3")),
            (None, Some("3"), "", Some("3")),
            (Some("2"), Some("3"), "", Some("2")),
            (Some("9"), Some("3"), "", Some("3")),
            (Some("50%"), Some("3"), "", Some("3")),
            (Some("2"), Some("3"), "--max-errors 5", Some("5")),
        ] {
            let (common, pacing) = resume(flags);
            let mut stored = stored(&json!({}));
            stored.pace.max_errors = in_run_json.map(|share| share.parse().unwrap());
            stored.pace.stages = vec!["100%".parse().unwrap()];
            let header = planned(None, in_plan);
            let session = settings(stored, &header, None, 100, &common, &pacing);
            let expected = expected.map(|share| share.parse::<Share>().unwrap());
            assert_eq!(
                session.pace.max_errors, expected,
                "{in_run_json:?} {in_plan:?}"
            );
            assert_eq!(session.pace.stages, header.pace.stages);
        }
    }

    #[test]
    fn the_organisation_of_a_plan_without_one_is_said_again() {
        for (in_plan, in_run_json, asked, expected) in [
            (Some("1"), Some("1"), None, Ok(Some("1"))),
            // A profile of another organisation: the plan decides.
            (Some("1"), Some("1"), Some("2"), Ok(Some("1"))),
            (None, None, None, Ok(None)),
            (None, None, Some("2"), Ok(None)),
            (None, Some("1"), Some("1"), Ok(Some("1"))),
            (None, Some("1"), Some("2"), Err("2")),
            (None, Some("1"), None, Err("1")),
        ] {
            let found = organisation(
                &stored(&json!({"org": in_run_json})),
                &planned(in_plan, None),
                asked,
            );
            match (found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found.as_deref(), expected),
                (Err(error), Err(named)) => assert!(error.message.contains(named), "{error}"),
                (found, expected) => panic!("{found:?} {expected:?}"),
            }
        }
    }

    #[test]
    fn the_server_is_that_of_the_plan_as_the_command_line_spells_it() {
        let header = planned(None, None);
        for (flags, expected) in [("", HERE), ("--server HTTPS://Example.com/", HERE)] {
            let (common, _) = resume(flags);
            assert!(refuse_elsewhere(&stored(&json!({})), &common).is_ok());
            assert_eq!(server(&common, &header).unwrap().label(), expected);
        }
        for flags in ["--server https://example.org", "--sandbox", "--org 9999"] {
            let (common, _) = resume(flags);
            let error = refuse_elsewhere(&stored(&json!({})), &common).unwrap_err();
            assert!(error.message.contains("was started"), "{error}");
        }
    }

    #[test]
    fn the_token_is_sent_to_no_server_that_only_a_run_names() {
        const OTHER: &str = "https://example.org";
        for (run, named, flags, is_sent) in [
            (HERE, None, "", false),
            (HERE, Some(HERE), "", true),
            (HERE, Some(OTHER), "", false),
            (HERE, Some(OTHER), "--server https://example.com", true),
            (HERE, None, "--server https://example.com", true),
            (DEFAULT_SERVER, None, "", true),
            (DEFAULT_SERVER, Some(HERE), "", false),
            ("http://127.0.0.1:1", None, "", true),
            ("http://127.0.0.1:1", Some(HERE), "", false),
            (SANDBOX, None, "", true),
            (SANDBOX, Some(HERE), "", true),
        ] {
            let (common, _) = resume(flags);
            let credentials = Credentials {
                server: named.map(str::to_owned),
                ..Credentials::default()
            };
            let server = Server::named(run).unwrap();
            let refused = refuse_unnamed_server(&common, &credentials, &server);
            assert_eq!(refused.is_ok(), is_sent, "{run} {named:?} {flags}");
        }
    }
}
