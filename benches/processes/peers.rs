//! The same changes by other clients, one after another in one run: `just bench-peers`.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    bare,
    bench::{Bench, CONCURRENCY, UNLIMITED},
    client::Server,
    disk::Syncs,
    process::{Taken, measured},
    report::{Bound, Bounds, Table, a_second, as_float, line, median},
    server::{EXECUTIONS, id},
};

/// Rounds; each client sends all changes once in each.
const ROUNDS: usize = 5;

/// The name of the loop that keeps nothing, and of the script that wf-bulk is compared with.
const BARE: &str = "reqwest, bare loop";
const AIOHTTP: &str = "Python, aiohttp";

/// What runs a client once.
type Run<'a> = Box<dyn Fn() -> io::Result<Taken> + 'a>;

/// The program is this one, asked to be [`bare`].
pub(crate) fn bare_loop(url: &str, ids: &str, concurrency: &str) -> io::Result<()> {
    let ids = fs::read_to_string(ids)?;
    let ids = ids.lines().map(str::to_owned).collect();
    bare::run(url, ids, concurrency.parse().map_err(io::Error::other)?)
}

/// Sends `size` changes by each client that is there.
pub(crate) fn peers(
    size: u64,
    disk: &Path,
    memory: Option<&Path>,
    bounds: &mut Bounds,
) -> io::Result<()> {
    let tools = disk.join("peers");
    fs::create_dir_all(&tools)?;
    let server = Server::start(size, Duration::ZERO)?;
    let ids: Vec<String> = (0..size).map(id).collect();
    let files = Files {
        ids: tools.join("ids.txt"),
        config: tools.join("curl.txt"),
    };
    fs::write(&files.ids, ids.join("\n") + "\n")?;
    fs::write(&files.config, curl_config(&server.url, &ids))?;

    let mut benches = Vec::new();
    for (name, folder) in [("on disk", Some(disk)), ("on a memory disk", memory)] {
        if let Some(folder) = folder {
            let bench = Bench::new(folder, &server, UNLIMITED, Syncs::Slower(Duration::ZERO))?;
            bench.plan()?;
            benches.push((format!("wf-bulk, checkpoint {name}"), bench));
        }
    }
    let mut clients: Vec<(String, Run<'_>)> = Vec::new();
    for (name, program) in [
        (BARE, Some(bare_command(&server, &files)?)),
        ("curl -Z", curl(&files)),
        (AIOHTTP, python(&server, &files, &tools)),
        (
            "Node, @epilot/sdk and p-limit",
            node(&server, &files, &tools)?,
        ),
    ] {
        match program {
            Some(program) => clients.push((name.to_owned(), Box::new(move || other(&program)))),
            None => line(&format!(
                "{name}: skipped, since it is not here or can't be installed"
            ))?,
        }
    }
    for (name, bench) in &benches {
        let run = || bench.apply().map(|figure| figure.taken);
        clients.push((name.clone(), Box::new(run)));
    }
    let results = measure(&server, &clients, size)?;
    report(&clients, &results, size)?;
    compare(&clients, &results, bounds);
    Ok(())
}

/// What clients read.
struct Files {
    ids: PathBuf,
    config: PathBuf,
}

/// A command that can be run several times.
struct Program {
    program: PathBuf,
    arguments: Vec<String>,
}

fn other(program: &Program) -> io::Result<Taken> {
    let mut command = Command::new(&program.program);
    command.args(&program.arguments);
    command.stdout(Stdio::null()).stdin(Stdio::null());
    let taken = measured(&mut command)?;
    assert_eq!(taken.code, Some(0), "{command:?} has failed");
    Ok(taken)
}

/// The rounds of each client.
fn measure(
    server: &Server,
    clients: &[(String, Run<'_>)],
    size: u64,
) -> io::Result<Vec<Vec<Taken>>> {
    let mut results = vec![Vec::new(); clients.len()];
    for _ in 0..ROUNDS {
        for ((name, run), results) in clients.iter().zip(&mut results) {
            server.arrivals()?;
            results.push(run()?);
            assert_eq!(
                server.count()?,
                size,
                "{name} sent another number of changes"
            );
        }
    }
    Ok(results)
}

fn rate(results: &[Taken], size: u64) -> f64 {
    median(
        results
            .iter()
            .map(|taken| a_second(size, taken.wall))
            .collect(),
    )
}

fn report(clients: &[(String, Run<'_>)], results: &[Vec<Taken>], size: u64) -> io::Result<()> {
    let columns = [
        "client",
        "changes a second",
        "of the bare loop",
        "CPU µs each",
        "peak MB",
    ];
    let title = format!("## {size} changes, {CONCURRENCY} at a time, unlimited rate");
    let table = Table::new(&title, &columns, 1)?;
    let bare = rate(&results[0], size);
    for ((name, _), results) in clients.iter().zip(results) {
        let each = |taken: &Taken| taken.cpu.as_secs_f64() * 1e6 / as_float(size);
        let peak = |taken: &Taken| as_float(taken.peak) * 1024.0 / 1e6;
        let rate = rate(results, size);
        table.row(&[
            name.clone(),
            format!("{rate:.0}"),
            format!("{:.2}", rate / bare),
            format!("{:.0}", median(results.iter().map(each).collect())),
            format!("{:.0}", median(results.iter().map(peak).collect())),
        ])?;
    }
    Ok(())
}

/// By the median of the ratios of the rounds, since other load differs from round to round.
fn compare(clients: &[(String, Run<'_>)], results: &[Vec<Taken>], bounds: &mut Bounds) {
    let of = |name: &str| {
        let place = clients.iter().position(|(other, _)| other == name)?;
        Some(&results[place])
    };
    for ((name, _), ours) in clients.iter().zip(results) {
        if !name.starts_with("wf-bulk") {
            continue;
        }
        for (peer, least) in [(BARE, 0.65), (AIOHTTP, 3.0)] {
            let Some(theirs) = of(peer) else { continue };
            let ratios = ours.iter().zip(theirs);
            let ratios =
                ratios.map(|(ours, theirs)| theirs.wall.as_secs_f64() / ours.wall.as_secs_f64());
            let what = format!("{name} / {peer}");
            bounds.check(what, median(ratios.collect()), Bound::AtLeast(least), "");
        }
    }
}

fn bare_command(server: &Server, files: &Files) -> io::Result<Program> {
    let mut arguments = vec!["bare".to_owned()];
    arguments.extend(common(server, files));
    Ok(Program {
        program: env::current_exe()?,
        arguments,
    })
}

/// The arguments of every script.
fn common(server: &Server, files: &Files) -> [String; 3] {
    [
        server.url.clone(),
        files.ids.display().to_string(),
        CONCURRENCY.to_string(),
    ]
}

fn curl(files: &Files) -> Option<Program> {
    let arguments = [
        "-Z",
        "--parallel-immediate",
        "--no-progress-meter",
        "--parallel-max",
    ];
    let mut arguments: Vec<String> = arguments.map(str::to_owned).into();
    arguments.extend([CONCURRENCY.to_string(), "-K".to_owned()]);
    arguments.push(files.config.display().to_string());
    is_there("curl").then(|| Program {
        program: "curl".into(),
        arguments,
    })
}

/// A request a paragraph.
fn curl_config(url: &str, ids: &[String]) -> String {
    let mut config = String::new();
    for (number, id) in ids.iter().enumerate() {
        let next = if number == 0 { "" } else { "next\n" };
        let written = write!(
            config,
            "{next}url = \"{url}{EXECUTIONS}/{id}\"\nfail\nrequest = PATCH\ndata = \"{{\\\"assignedTo\\\":[\\\"10020\\\"]}}\"\n\
             header = \"content-type: application/json\"\nheader = \"authorization: Bearer bench\"\n"
        );
        debug_assert!(written.is_ok(), "a String takes everything");
    }
    config
}

/// A virtual environment with aiohttp.
fn python(server: &Server, files: &Files, tools: &Path) -> Option<Program> {
    let environment = tools.join("venv");
    let python = environment.join("bin/python");
    let requirements = sources().join("requirements.txt");
    let installed = is_there("python3")
        && (python.exists()
            || succeeds(
                Command::new("python3")
                    .args(["-m", "venv"])
                    .arg(&environment),
            ))
        && succeeds(
            Command::new(&python)
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                ])
                .arg("--requirement")
                .arg(requirements),
        );
    let mut arguments = vec![sources().join("aiohttp_peer.py").display().to_string()];
    arguments.extend(common(server, files));
    installed.then_some(Program {
        program: python,
        arguments,
    })
}

/// A folder with the packages, beside the script: Node looks for them there.
fn node(server: &Server, files: &Files, tools: &Path) -> io::Result<Option<Program>> {
    let folder = tools.join("node");
    fs::create_dir_all(&folder)?;
    for file in ["package.json", "sdk_peer.mjs"] {
        fs::copy(sources().join(file), folder.join(file))?;
    }
    let options = [
        "--no-package-lock",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
    ];
    let installed = is_there("node")
        && is_there("npm")
        && succeeds(
            Command::new("npm")
                .args(["install", "--silent"])
                .args(options)
                .current_dir(&folder),
        );
    let mut arguments = vec![folder.join("sdk_peer.mjs").display().to_string()];
    arguments.extend(common(server, files));
    Ok(installed.then_some(Program {
        program: "node".into(),
        arguments,
    }))
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/processes/peers")
}

fn is_there(program: &str) -> bool {
    succeeds(Command::new(program).arg("--version"))
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
