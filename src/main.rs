//! Parses the command line, runs the command, exits with its code.

use std::process::ExitCode;

use clap::Parser as _;
use wf_bulk::{cli::Cli, commands, error, styles::Styles};

fn main() -> ExitCode {
    let cli = match Cli::try_parse().and_then(Cli::without_unused) {
        Ok(cli) => cli,
        Err(error) => {
            // Help or an error message; where nobody reads it, the exit code still tells.
            drop(error.print());
            return error::ExitCode::from(&error).into();
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(cause) => {
            return report(&error::Error::failed("no thread can be started").caused_by(cause));
        }
    };
    let ended = runtime.block_on(commands::run(cli));
    // A thread that still waits, for a lock or for input, ends with the process.
    runtime.shutdown_background();
    match ended {
        Ok(exit_code) => exit_code.into(),
        Err(error) => report(&error),
    }
}

fn report(error: &error::Error) -> ExitCode {
    drop(error.report(&mut anstream::stderr(), Styles::coloured()));
    error.exit_code().into()
}
