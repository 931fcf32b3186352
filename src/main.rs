//! Parses the command line, runs the command, exits with its code.

use std::{env, process::ExitCode};

use wf_bulk::{
    cli::{Cli, json_is_wanted},
    commands, error,
};

fn main() -> ExitCode {
    error::watch_panics();
    let cli = match Cli::read(env::args_os()) {
        Ok(cli) => cli,
        Err(error) => {
            // Help or an error message. If it can't be printed, the exit code is still correct.
            drop(error.print());
            if error.use_stderr() && json_is_wanted(env::args_os()) {
                drop(error::Error::from(&error).write_json(&mut anstream::stdout()));
            }
            return error::ExitCode::from(&error).into();
        }
    };
    let json = cli.wants_json();
    run(cli).unwrap_or_else(|error| report(&error, json))
}

fn run(cli: Cli) -> Result<ExitCode, error::Error> {
    let status = cli.common.invocation.command("status", &[]);
    // It panics if the system starts no thread.
    let runtime = error::caught(&status, || {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
    })?
    .map_err(|cause| error::Error::failed("no thread can be started").caused_by(cause))?;
    let ended = error::caught(&status, || runtime.block_on(commands::run(cli)));
    // A thread that waits for a lock or for input ends with the process.
    runtime.shutdown_background();
    ended?.map(ExitCode::from)
}

fn report(error: &error::Error, json: bool) -> ExitCode {
    commands::report(error);
    if json {
        drop(error.write_json(&mut anstream::stdout()));
    }
    error.exit_code().into()
}
