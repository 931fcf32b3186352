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
    run(cli)
}

fn run(cli: Cli) -> ExitCode {
    let json = cli.wants_json();
    let status = cli.common.invocation.command("status", &[]);
    let observers = commands::Observers::of(&cli);
    // One thread: a change is little work, and most of it would be hops between threads.
    let built = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match built {
        Ok(runtime) => runtime,
        Err(cause) => {
            let error = error::Error::failed("the system gives no resources to wait for events")
                .caused_by(cause);
            return report(&error, json).into();
        }
    };
    let ended = error::caught(&status, || runtime.block_on(commands::run(cli, &observers)));
    let exit_code = ended.flatten().unwrap_or_else(|error| {
        observers.failed(&error);
        report(&error, json)
    });
    runtime.block_on(observers.finish(exit_code));
    // A thread that waits for a lock or for input ends with the process.
    runtime.shutdown_background();
    exit_code.into()
}

fn report(error: &error::Error, json: bool) -> error::ExitCode {
    commands::report(error);
    if json {
        drop(error.write_json(&mut anstream::stdout()));
    }
    error.exit_code()
}
