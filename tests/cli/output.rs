//! Files that a command writes: never over what somebody else put there.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::{FileTypeExt as _, symlink},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use crate::environment::{BINARY, Ended, Environment};

fn environment() -> Environment {
    let environment = Environment::new();
    environment.file(
        "p.yaml",
        "version: 1\nname: p\npace: { rate: 3000/s }\ncalendar: days.txt\n\
         select: { executions: { list: {} }, limit: 2 }\nactions: [ reassign: { set: [\"7\"] } ]\n",
    );
    environment.file("days.txt", "# days off\n2026-12-24\n");
    environment.file("ids.txt", "id\n1\n");
    environment
}

fn plan<'a>(output: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let plan = ["plan", "p.yaml", "--sandbox", "-o", output];
    [&plan[..], more].concat()
}

fn is_plan(text: &str) -> bool {
    text.starts_with("{\"wf_bulk_plan\":") && text.ends_with("}\n")
}

#[test]
fn a_plan_takes_the_place_of_plans_alone_and_never_of_an_input() {
    let environment = environment();
    let path = |name: &str| environment.path().join(name);
    symlink("p.yaml", path("link")).unwrap();
    fs::hard_link(path("p.yaml"), path("hard")).unwrap();
    fs::create_dir(path("sub")).unwrap();
    for output in [
        "p.yaml",
        "./sub/../p.yaml",
        "link",
        "hard",
        "days.txt",
        "ids.txt",
    ] {
        let before = fs::read(path(output)).unwrap();
        environment
            .run(&plan(output, &["--exclude-file", "ids.txt"]))
            .expect_code(64)
            .expect_said("exists already and is not a plan");
        assert_eq!(fs::read(path(output)).unwrap(), before, "{output}");
    }
    environment
        .run(&plan("sub", &[]))
        .expect_code(64)
        .expect_said("sub is a folder");
    for _ in 0..2 {
        environment.run(&plan("x.plan", &[])).expect_code(0);
    }
    assert!(is_plan(&fs::read_to_string(path("x.plan")).unwrap()));
    let left: Vec<_> = fs::read_dir(environment.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".tmp"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn links_are_followed_and_pipes_are_written_into() {
    let environment = environment();
    let path = |name: &str| environment.path().join(name);
    fs::create_dir(path("plans")).unwrap();
    symlink("plans/real.plan", path("link.plan")).unwrap();
    for _ in 0..2 {
        // The link leads to nothing at first, then to a plan.
        environment.run(&plan("link.plan", &[])).expect_code(0);
        assert!(
            fs::symlink_metadata(path("link.plan"))
                .unwrap()
                .is_symlink()
        );
        assert!(is_plan(
            &fs::read_to_string(path("plans/real.plan")).unwrap()
        ));
    }
    let made = Command::new("mkfifo").arg(path("pipe")).status().unwrap();
    assert!(made.success());
    let from = path("pipe");
    let reader = thread::spawn(move || fs::read_to_string(from).unwrap());
    environment.run(&plan("pipe", &[])).expect_code(0);
    assert!(is_plan(&reader.join().unwrap()));
    let metadata = fs::symlink_metadata(path("pipe")).unwrap();
    assert!(metadata.file_type().is_fifo());
}

#[test]
fn every_output_follows_links_also_one_that_leads_to_nothing_and_none_is_made_in_the_folder_of_a_run()
 {
    let environment = environment();
    let path = |name: &str| environment.path().join(name);
    environment
        .run(&["run", "p.yaml", "--sandbox", "--yes"])
        .expect_code(0);
    let run = environment.runs().remove(0);
    let before = fs::read_dir(&run).unwrap().count();
    fs::create_dir(path("real")).unwrap();
    let again = ["run", "p.yaml", "--sandbox", "--yes", "--again"];
    for (name, command) in [
        ("a", &["plan", "p.yaml", "--sandbox", "-o"][..]),
        ("b", &["undo", "--last", "-o"]),
        ("c", &["retry", "--last", "-o"]),
        ("d", &["verify", "--last", "--reconcile"]),
        ("e", &["report", "--last", "-o"]),
        ("f", &[&again[..], &["--events"]].concat()),
        ("g", &[&again[..], &["--metrics"]].concat()),
    ] {
        let link = path(name);
        symlink(run.join("new"), &link).unwrap();
        let command = [command, &[name]].concat();
        environment
            .run(&command)
            .expect_code(64)
            .expect_said(&format!("{name} is in the folder of a run"));
        fs::remove_file(&link).unwrap();
        symlink(format!("none/{name}"), &link).unwrap();
        environment
            .run(&command)
            .expect_code(64)
            .expect_said("there is no folder ./none");
        fs::remove_file(&link).unwrap();
        symlink(format!("real/{name}"), &link).unwrap();
        environment.run(&command).expect_code(0);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "{name}");
        assert!(path("real").join(name).is_file(), "{name}");
    }
    assert_eq!(fs::read_dir(&run).unwrap().count(), before);
}

#[test]
fn a_dash_is_standard_output() {
    let environment = environment();
    for output in ["-", "/dev/stdout"] {
        let ended = environment
            .run(&plan(output, &[]))
            .expect_code(0)
            .expect_said("2 changes in 2 executions");
        assert!(is_plan(&ended.stdout), "{output}: {}", ended.stdout);
    }
    assert!(!environment.path().join("-").exists());
    environment
        .run(&plan("-", &["--json"]))
        .expect_code(64)
        .expect_said("can't both go to standard output");
    environment
        .run(&["init", "-"])
        .expect_code(64)
        .expect_said("wf-bulk schema");
    assert!(!environment.path().join("-").exists());
}

#[test]
fn init_replaces_its_own_schema_and_nothing_else() {
    let environment = environment();
    let path = |name: &str| environment.path().join(name);
    environment.run(&["init", "a"]).expect_code(0);
    fs::remove_file(path("a/playbook.yaml")).unwrap();
    environment.run(&["init", "a"]).expect_code(0);

    fs::create_dir(path("b")).unwrap();
    symlink("../p.yaml", path("b/wf-bulk.schema.json")).unwrap();
    let before = fs::read(path("p.yaml")).unwrap();
    environment
        .run(&["init", "b"])
        .expect_code(64)
        .expect_said("is not a schema of wf-bulk");
    assert_eq!(fs::read(path("p.yaml")).unwrap(), before);
    assert!(
        !path("b/playbook.yaml").exists(),
        "nothing is written by halves"
    );

    fs::create_dir(path("c")).unwrap();
    let pipe = path("c/wf-bulk.schema.json");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    environment
        .run(&["init", "c"])
        .expect_code(1)
        .expect_said("no regular file");
}

#[test]
fn a_plan_that_did_not_arrive_is_an_error() {
    let environment = environment();
    environment.run(&plan("x.plan", &[])).expect_code(0);
    // Part of a plan is no plan; who has seen enough of a report has read all that they wanted.
    for (line, code, said) in [
        (&plan("-", &[])[..], 1, "did not arrive whole"),
        (&["show", "x.plan", "--format", "markdown"], 0, ""),
        (&["show", "x.plan", "--json"], 0, ""),
        (&["show", "x.plan"], 0, ""),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = environment.command(line);
        let ended = Ended::from(command.stdout(writer).output().unwrap())
            .expect_code(code)
            .expect_said(said);
        assert!(!ended.stderr.contains("To apply"), "{}", ended.stderr);
    }

    let mut shell = Command::new("sh");
    shell
        .args(["-c", "\"$0\" plan p.yaml --sandbox -o - >&-", BINARY])
        .current_dir(environment.path());
    Ended::from(shell.output().unwrap())
        .expect_code(1)
        .expect_said("standard output is closed");
}

#[test]
fn a_plan_waits_for_the_reader_of_a_pipe_and_says_so_until_a_signal() {
    let environment = environment();
    let pipe = environment.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let mut child = environment
        .command(&plan("pipe", &["--json"]))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = String::new();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    while !told.contains("waiting until pipe is read") {
        assert!(lines.read_line(&mut told).unwrap() > 0, "{told}");
    }
    // The line is written before the pipe is opened.
    thread::sleep(Duration::from_millis(50));
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let ended = Ended::from(child.wait_with_output().unwrap()).expect_code(130);
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["exit_code"], 130);
}
