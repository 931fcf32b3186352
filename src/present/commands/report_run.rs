//! `report`: makes a page of a run.

use std::{
    fs::File,
    io::{self, BufWriter, Seek as _, Write as _},
};

use jiff::tz::TimeZone;

use super::{
    execute::unusable,
    files::open_plan,
    lineage::Lineage,
    output::{Output, OutputContent},
    overview::overview_of_run,
    past_run::{folder_of, refuse_mixed},
    runs::{refuse_changed, store_error},
    signing::{PlanSignature, Signed, beside},
    status::line_of,
    terminal::print,
};
use crate::{
    checkpoint::Checkpoint,
    cli::{Common, ReportArgs, ReportFormat},
    error::{Error, ExitCode},
    report::{
        PlanSigned, RunFilesError, RunOverview, RunReport, each_reported_change,
        write_change_heading, write_change_row, write_report_json,
    },
    store::{RunFolder, StateDir},
};

pub(super) fn report_run(common: &Common, args: &ReportArgs) -> Result<ExitCode, Error> {
    let output = Output::at(&args.output, OutputContent::Report)?;
    let folder = folder_of(common, &args.run.which)?;
    let scratch = output.scratch(&args.output, OutputContent::Report)?;
    write(common, args, &folder, &scratch)?;
    match output {
        // It may be read in part: `| head`.
        Output::Stdout => print(|out| {
            let mut report = &scratch;
            report.rewind()?;
            io::copy(&mut report, out).map(drop)
        })?,
        Output::File(_) | Output::Stream(_) => {
            output.write(&args.output, OutputContent::Report, &scratch)?;
        }
    }
    Ok(ExitCode::Done)
}

/// Reads the run and writes its report to `file`.
fn write(common: &Common, args: &ReportArgs, folder: &RunFolder, file: &File) -> Result<(), Error> {
    let mut line = line_of(common, folder).map_err(store_error)?;
    let path = folder.plan();
    let mut plan_file = open_plan(&common.invocation, &path)?;
    let plan = overview_of_run(&common.invocation, &path, &mut plan_file)?.known;
    let checkpoint = Checkpoint::read(&folder.checkpoint()).map_err(unusable)?;
    refuse_mixed(folder, &line.settings, &plan, &checkpoint.header)?;
    refuse_changed(common, folder, &plan.sha256)?;
    let signed = match &args.run.allowed_signers {
        Some(signers) => {
            let run = line.settings.run.to_string();
            let abandon = common.invocation.command("abandon", &[&run]);
            let signature = PlanSignature::of(&path, signers, Signed::Run { abandon })?;
            PlanSigned::By(signature.check(&plan_file, &plan.sha256)?)
        }
        None if beside(&path).exists() => PlanSigned::Unchecked,
        None => PlanSigned::No,
    };
    if args.format == ReportFormat::Csv {
        let reader = plan.within(&plan_file).reader();
        let reader = reader.map_err(|error| failed(error.into()))?;
        let mut out = BufWriter::new(file);
        write_change_heading(&mut out).map_err(spoiled)?;
        let run = line.settings.run;
        each_reported_change(folder, &line, reader, &mut |change| {
            write_change_row(run, change, &mut out)
        })
        .map_err(failed)?;
        return out.flush().map_err(spoiled);
    }
    let listing = StateDir::new(common.state_dir.clone())
        .list()
        .map_err(store_error)?;
    let undone = Lineage::of(&listing).undone(line.settings.run);
    line.undone = undone.map_err(store_error)?;
    let run = RunOverview {
        line,
        header: &plan.header,
        trailer: &plan.trailer,
        signed,
        invocation: &common.invocation,
        zone: TimeZone::system(),
    };
    let reader = plan.within(&plan_file).reader();
    let reader = reader.map_err(|error| failed(error.into()))?;
    let mut out = BufWriter::new(file);
    let is_json = common.json || args.format == ReportFormat::Json;
    if is_json {
        write_report_json(&mut out, |visit| {
            RunReport::read(folder, run, reader, visit)
        })
        .map_err(failed)?;
    } else {
        let report = RunReport::read(folder, run, reader, &mut |_| Ok(())).map_err(failed)?;
        let written = match args.format {
            ReportFormat::Markdown => report.write_markdown(&mut out),
            ReportFormat::Html | ReportFormat::Json | ReportFormat::Csv => {
                report.write_html(&mut out)
            }
        };
        written.map_err(spoiled)?;
    }
    out.flush().map_err(spoiled)
}

fn failed(error: RunFilesError) -> Error {
    Error::failed("the report can't be made").caused_by(error)
}

fn spoiled(error: io::Error) -> Error {
    Error::failed("a temporary file can't be used").caused_by(error)
}
