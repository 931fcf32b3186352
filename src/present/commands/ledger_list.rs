//! `status --ledger`: the runs that a team's machines have recorded.

use jiff::tz::TimeZone;

use super::{
    team_ledger::{TeamLedger, remote},
    terminal::{STYLES, print, print_text},
};
use crate::{
    cli::Common,
    error::{Error, ExitCode},
    report::{write_ledger, write_ledger_json},
};

pub(super) async fn ledger_list(common: &Common, text: &str) -> Result<ExitCode, Error> {
    let ledger = TeamLedger::at(remote(text)?).await?;
    let mut runs = ledger.runs().await?;
    runs.reverse();
    if common.json {
        print(|out| write_ledger_json(&runs, out))?;
    } else {
        print_text(|out| write_ledger(&runs, &TimeZone::system(), out, STYLES))?;
    }
    Ok(ExitCode::Done)
}
