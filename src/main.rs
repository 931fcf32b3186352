//! Parses the command line, runs the command, exits with its code.

use std::{env, process::ExitCode};

use wf_bulk::{
    cli::{Cli, json_is_wanted},
    commands, error,
};

fn main() -> ExitCode {
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
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(cause) => {
            return report(
                &error::Error::failed("no thread can be started").caused_by(cause),
                json,
            );
        }
    };
    let ended = runtime.block_on(commands::run(cli));
    // A thread that waits for a lock or for input ends with the process.
    runtime.shutdown_background();
    match ended {
        Ok(exit_code) => exit_code.into(),
        Err(error) => report(&error, json),
    }
}

fn report(error: &error::Error, json: bool) -> ExitCode {
    commands::report(error);
    if json {
        drop(error.write_json(&mut anstream::stdout()));
    }
    error.exit_code().into()
}
