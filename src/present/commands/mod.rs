//! The commands: each wires the other modules together. What has to be decided, their helpers decide.

mod abandon;
mod access;
mod admit;
mod apply;
mod backend;
mod check_history;
mod completions;
mod conflicts;
mod core_dumps;
mod diff;
mod doubt_answers;
mod doubt_rows;
mod doubt_walk;
mod earlier;
#[cfg(feature = "temporal")]
mod engine_abandon;
#[cfg(feature = "temporal")]
mod engine_access;
#[cfg(feature = "temporal")]
mod engine_folder;
#[cfg(feature = "temporal")]
mod engine_meant;
#[cfg(feature = "temporal")]
mod engine_resume;
#[cfg(feature = "temporal")]
mod engine_run;
#[cfg(feature = "temporal")]
mod engine_site;
#[cfg(feature = "temporal")]
mod engine_status;
#[cfg(feature = "temporal")]
mod engine_watch;
mod execute;
mod files;
mod follow_up;
mod guard_flags;
mod help;
mod history;
mod init;
mod known_plan;
mod launch;
mod ledger_list;
mod ledger_session;
mod line_queue;
mod lineage;
mod man;
mod observers;
mod on_finish;
mod operator;
mod other_follow_ups;
mod output;
mod overview;
mod pacing;
mod pager;
mod part_filter;
mod past_run;
mod plan;
mod planning;
mod prune;
mod question;
mod report_run;
mod resume;
mod retry;
mod retry_hint;
mod run;
mod runs;
mod sandbox;
mod schema;
mod session;
mod show;
mod show_ended;
mod signals;
mod signing;
mod status;
mod team;
mod team_ledger;
mod terminal;
mod undo;
mod validate;
mod verify;
mod watch;
#[cfg(feature = "temporal")]
mod worker;
mod wrong_input;

use tokio::runtime::Handle;

pub use self::observers::Observers;
use self::signals::{aside, unless_interrupted};
use crate::{
    cli::{Cli, Command},
    error::{Error, ExitCode},
};

/// Runs the command on the command line. The observers are told of what they have to be told of while it runs.
///
/// # Errors
///
/// Why a command ends without a result of its own.
pub async fn run(cli: Cli, observers: &Observers) -> Result<ExitCode, Error> {
    // First of all: a password in it must not be in a command that is printed.
    cli.ledger().map(team_ledger::remote).transpose()?;
    let Cli { command, common } = cli;
    observers.open()?;
    match command {
        Command::Validate(args) => validate::validate(&common, &args),
        Command::Plan(args) => {
            let mut interrupts = signals::watch(&common)?;
            // In a task of its own: opening a pipe blocks until its other end is open.
            let runtime = Handle::current();
            let plan = aside(move || runtime.block_on(plan::plan(&common, &args)));
            unless_interrupted(&mut interrupts, plan).await
        }
        Command::Diff(args) => diff::diff(&common, &args),
        Command::Show(args) => show::show(&common, &args),
        Command::Run(args) => Box::pin(run::run(&common, &args, observers)).await,
        Command::Apply(args) => Box::pin(apply::apply(&common, &args, observers)).await,
        Command::Resume(args) => Box::pin(resume::resume(&common, &args, observers)).await,
        Command::Undo(args) => Box::pin(undo::undo(&common, &args, observers)).await,
        Command::Retry(args) => Box::pin(retry::retry(&common, &args, observers)).await,
        Command::Verify(args) => Box::pin(verify::verify(&common, &args)).await,
        Command::Status(args) => {
            if let Some(remote) = &args.ledger {
                return ledger_list::ledger_list(&common, remote).await;
            }
            #[cfg(feature = "temporal")]
            if let Some(shown) = Box::pin(engine_status::engine_status(&common, &args)).await? {
                return Ok(shown);
            }
            status::status(&common, &args)
        }
        Command::Report(args) => report_run::report_run(&common, &args),
        Command::History(args) => history::history(&common, &args),
        Command::Abandon(args) => Box::pin(abandon::abandon(&common, &args)).await,
        Command::Prune(args) => prune::prune(&common, &args).await,
        #[cfg(feature = "temporal")]
        Command::Worker(args) => worker::worker(&common, &args).await,
        Command::Sandbox(args) => sandbox::sandbox(&common, &args).await,
        Command::Init(args) => init::init(&common, &args),
        Command::Schema => schema::schema_document(),
        Command::Completions(args) => completions::completions(&args),
        Command::Man(args) => man::man_pages(&args),
        Command::Help(args) => help::help(&common, &args),
    }
}

/// Prints why a command has ended.
pub fn report(error: &Error) {
    terminal::say(|out| error.report(out, terminal::STYLES));
}
