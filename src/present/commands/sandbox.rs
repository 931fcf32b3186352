//! `sandbox`: serves the simulated service on 127.0.0.1, or deletes its data.

use std::{fs, path::Path, time::Duration};

use tokio::net::TcpListener;
use wf_bulk_sandbox::{Faults, FolderOptions, Sandbox};

use super::{
    backend::{SANDBOX, sandbox_folder, today},
    earlier::are_data_gone,
    runs::{store_error, unreadable},
    signals,
    terminal::say,
};
use crate::{
    cli::{self, Common, SandboxCommand},
    error::{Error, ExitCode},
    platform,
    store::StateDir,
    text::{Untrusted, shown_path, unmarked},
};

pub(super) async fn sandbox(common: &Common, args: &cli::SandboxArgs) -> Result<ExitCode, Error> {
    let folder = args
        .dir
        .clone()
        .unwrap_or_else(|| sandbox_folder(&common.state_dir));
    let failed = |what: &str| {
        let what = format!("the sandbox {what}");
        move |error: Box<dyn std::error::Error + Send + Sync>| Error::failed(what).caused_by(error)
    };
    match args.command {
        Some(SandboxCommand::Reset) => {
            let unfinished = unfinished_on(common, &folder)?;
            let was_there = wf_bulk_sandbox::reset(&folder)
                .map_err(|error| failed("can't be reset")(error.into()))?;
            say(|out| {
                if was_there {
                    writeln!(out, "the sandbox starts over with fresh data")?;
                    for run in &unfinished {
                        let abandon = common.invocation.command("abandon", &[run]);
                        writeln!(
                            out,
                            "run {run} was not finished, and its data are gone; to abandon it: {}",
                            Untrusted(&abandon).terminal()
                        )?;
                    }
                    Ok(())
                } else {
                    writeln!(out, "there was no sandbox data in {}", shown_path(&folder))
                }
            });
            Ok(ExitCode::Done)
        }
        None => {
            let faults = match &args.faults {
                None => Faults::default(),
                Some(path) => {
                    let bytes = fs::read(path)
                        .map_err(|error| failed("can't read its faults")(error.into()))?;
                    let text = unmarked(bytes)
                        .map_err(|error| failed("can't read its faults")(error.into()))?;
                    Faults::from_json(&text)
                        .map_err(|error| failed("can't use its faults")(error.into()))?
                }
            };
            let defaults = FolderOptions::new(today());
            let wanted = FolderOptions {
                seed: args.seed,
                epoch: args.epoch,
                executions: args.executions,
                faults,
                automations_take: args
                    .automations_take
                    .map_or(defaults.automations_take, Duration::from_secs),
                ..defaults
            };
            let token = wanted.token.clone();
            let sandbox = Sandbox::open(&folder, wanted)
                .map_err(|error| failed("can't be opened")(error.into()))?;
            let listener = TcpListener::bind(("127.0.0.1", args.port))
                .await
                .map_err(|error| failed("can't take its port")(error.into()))?;
            let address = listener
                .local_addr()
                .map_err(|error| failed("has no address")(error.into()))?;
            say(|out| {
                writeln!(
                    out,
                    "sandbox on http://{address}, data in {}; Ctrl-C ends it",
                    shown_path(&folder)
                )?;
                writeln!(out, "in another terminal:")?;
                let set_token = platform::set_variable("EPILOT_TOKEN", &token);
                writeln!(out, "  {set_token}")?;
                let server = format!("http://{address}");
                let arguments = ["playbooks/reassign.yaml", "--server", &server, "--dry-run"];
                let run = common.invocation.command("run", &arguments);
                writeln!(out, "  {run}")
            });
            let mut interrupts = signals::watch(common)?;
            tokio::select! {
                served = sandbox.serve(listener) => served.map_err(|error| failed("can't serve")(error.into()))?,
                _ = interrupts.recv() => {}
            }
            Ok(ExitCode::Done)
        }
    }
}

/// The runs on the data in `folder` that have no end.
fn unfinished_on(common: &Common, folder: &Path) -> Result<Vec<String>, Error> {
    // Runs work on the data beside them.
    if folder != sandbox_folder(&common.state_dir) {
        return Ok(Vec::new());
    }
    let state_dir = StateDir::new(common.state_dir.clone());
    let listing = state_dir.list().map_err(store_error)?;
    for run in &listing.unreadable {
        unreadable(&run.path, run.error.as_ref());
    }
    Ok(listing
        .runs
        .into_iter()
        .filter(|run| {
            run.ending.is_none()
                && run.settings.server == SANDBOX
                && !are_data_gone(&state_dir, &run.settings)
        })
        .map(|run| run.folder.id().to_string())
        .collect())
}
