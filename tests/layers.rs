//! Modules import in one direction, and a dependency has one home.
//!
//! [`GROUPS`] is the rule; DESIGN.md shows the same lines and is compared with them. Code that is compiled for tests
//! alone may use what it likes and is not looked at.

#[path = "layers/homes.rs"]
mod homes;
#[path = "layers/scan.rs"]
mod scan;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use homes::HOMES;
use proc_macro2::{TokenStream, TokenTree};
use scan::Scan;

/// Each group of modules, with the modules in it and what each imports. All of that stands above it: cycles are forbidden.
const GROUPS: &[(&str, &[(&str, &str)])] = &[
    (
        "common",
        &[
            ("text", ""),
            ("invocation", "text"),
            ("styles", ""),
            ("json", "text"),
            ("digest", ""),
            ("server_name", ""),
            ("signature", "text"),
            ("sort", ""),
            ("table", "json text"),
            ("platform", ""),
            ("private_file", "platform"),
            ("run_id", ""),
            ("secrets", ""),
        ],
    ),
    (
        "service",
        &[
            ("pace", ""),
            ("api", "json"),
            ("retry", "api"),
            ("http", "api server_name"),
            ("credentials", "http platform secrets table text"),
            ("client", "api http pace retry"),
        ],
    ),
    (
        "describe",
        &[
            ("dates", ""),
            ("template", "api dates json text"),
            ("document", "api template text"),
            ("action", "api dates document json retry template text"),
            (
                "playbook",
                "action api dates digest document pace table template text",
            ),
        ],
    ),
    (
        "prepare",
        &[
            ("target", "api json template text"),
            (
                "selection",
                "api client json playbook sort table target text",
            ),
            (
                "plan",
                "action api dates digest invocation json pace playbook run_id server_name sort target text",
            ),
            (
                "planning",
                "action client pace plan playbook run_id selection target",
            ),
        ],
    ),
    (
        "apply",
        &[
            ("outcome", ""),
            ("ledger", "outcome plan platform run_id secrets server_name"),
            ("checkpoint", "outcome platform private_file text"),
            (
                "store",
                "checkpoint digest outcome pace plan platform private_file run_id server_name text",
            ),
            ("event", "outcome plan"),
            ("results", "checkpoint outcome plan"),
            (
                "run",
                "action api checkpoint client event http json outcome pace plan retry target",
            ),
            (
                "engine",
                "api checkpoint client digest event http outcome pace plan retry run run_id server_name store",
            ),
        ],
    ),
    (
        "present",
        &[
            ("error", "styles text"),
            ("cli", "api dates invocation pace platform server_name text"),
            ("guide", "styles text"),
            (
                "report",
                "api checkpoint dates digest engine error event invocation ledger outcome pace plan playbook selection sort store styles table text",
            ),
            (
                "commands",
                "api checkpoint cli client credentials dates digest engine error event guide http invocation ledger outcome pace plan planning platform playbook private_file report results retry run secrets selection server_name signature store styles table target text",
            ),
        ],
    ),
];

/// The lines of a file that is read in one go.
const MAX_LINES: usize = 400;

/// With these words, one of the first comments of a longer file says why it is not split.
const REASON: &str = "One file because";

/// A module at the top of the crate: what it imports of the crate, and the crates it names, each with a file.
#[derive(Debug, Default)]
struct Uses {
    modules: BTreeMap<String, PathBuf>,
    crates: BTreeMap<String, PathBuf>,
}

#[test]
fn a_module_imports_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for (module, uses) in top_modules() {
        let Some((_, allowed)) = modules().find(|(name, _)| *name == module) else {
            wrong.push(format!("`{module}` is not in the table"));
            continue;
        };
        for (used, file) in uses.modules {
            if used != module && !allowed.split(' ').any(|name| name == used) {
                wrong.push(format!("{}: `{module}` imports `{used}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn code_for_tests_that_is_shared_has_one_place() {
    let library = read(&root().join("src/lib.rs"));
    let for_tests: Vec<&str> = library
        .split("#[cfg(")
        .skip(1)
        // What a feature adds is no code for tests.
        .filter(|rest| !rest.starts_with("feature = "))
        .filter(|rest| !rest.starts_with("feature"))
        .filter_map(|rest| rest.split(';').next()?.lines().last())
        .collect();
    assert_eq!(for_tests, ["pub mod testing"]);
}

#[test]
fn no_two_types_have_one_name() {
    // The tests of the binary, and the model of the planner that shares no code with it, name things as what they test.
    for folders in [
        &["src", "sandbox"] as &[&str],
        &["tests/browser"],
        &["tests/cli"],
        &["tests/differential"],
    ] {
        let mut homes: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for file in folders
            .iter()
            .flat_map(|folder| files_of(&root().join(folder)))
        {
            for name in types_of(read(&file).parse().expect("the file is Rust")) {
                let file = file.strip_prefix(root()).unwrap_or(&file);
                homes.entry(name).or_default().push(file.into());
            }
        }
        assert!(!homes.is_empty(), "{folders:?} have types");
        homes.retain(|_, files| files.len() > 1);
        assert_eq!(homes, BTreeMap::new());
    }
}

#[test]
fn the_table_points_one_way_and_allows_nothing_that_is_not_needed() {
    let uses = top_modules();
    let mut above = BTreeSet::new();
    let mut wrong = Vec::new();
    for (module, imports) in modules() {
        let Some(uses) = uses.get(module) else {
            wrong.push(format!("there is no `{module}`"));
            continue;
        };
        for import in imports.split_whitespace() {
            if !above.contains(import) {
                wrong.push(format!(
                    "`{import}` does not stand above `{module}`, which imports it"
                ));
            }
            if !uses.modules.contains_key(import) {
                wrong.push(format!("`{module}` does not import `{import}` any more"));
            }
        }
        above.insert(module);
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_design_shows_the_same_table() {
    let width = modules().map(|(name, _)| name.len()).max().unwrap();
    let mut lines = Vec::new();
    for (group, modules) in GROUPS {
        lines.push((*group).to_owned());
        for (module, imports) in *modules {
            let line = format!("  {module:width$}  {imports}");
            lines.push(line.trim_end().to_owned());
        }
    }
    let table = lines.join("\n");
    let design = fs::read_to_string(root().join("DESIGN.md")).unwrap();
    assert!(
        design.contains(&format!("```text\n{table}\n```")),
        "DESIGN.md should hold these lines:\n{table}"
    );
}

#[test]
fn a_dependency_is_named_at_home_only() {
    let mut wrong = Vec::new();
    for (module, uses) in top_modules() {
        for (name, homes) in HOMES {
            match (uses.crates.get(*name), homes.contains(&module.as_str())) {
                (Some(file), false) => {
                    wrong.push(format!("{}: `{module}` names `{name}`", file.display()));
                }
                (None, true) => wrong.push(format!("`{module}` is no home of `{name}` any more")),
                (Some(_), true) | (None, false) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_sandbox_knows_nothing_of_the_client() {
    let manifest = fs::read_to_string(root().join("sandbox/Cargo.toml")).unwrap();
    let dependencies = manifest
        .lines()
        .filter(|line| line.contains("path =") || line.starts_with("wf-bulk ="));
    assert_eq!(dependencies.collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn a_file_of_more_than_400_lines_says_why() {
    let mut wrong = Vec::new();
    for folder in ["benches", "sandbox", "src", "tests"] {
        for file in files_of(&root().join(folder)) {
            let text = read(&file);
            let lines = text.lines().count();
            let says_why = || text.lines().take(10).any(|line| line.contains(REASON));
            if lines > MAX_LINES && !says_why() {
                wrong.push(format!("{}: {lines} lines", file.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "split them, or begin with a comment `{REASON} …`:\n{}",
        wrong.join("\n")
    );
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The modules of all groups, and the binary.
fn modules() -> impl Iterator<Item = (&'static str, &'static str)> {
    let grouped = GROUPS
        .iter()
        .flat_map(|(_, modules)| modules.iter().copied());
    grouped.chain([("main", "cli commands error")])
}

/// What each module of a group uses, itself and all that is inside of it. `lib.rs` and the groups only name them and are
/// left out.
fn top_modules() -> BTreeMap<String, Uses> {
    let source = root().join("src");
    let library = Scan::of(&read(&source.join("lib.rs")), 0);
    let declared: BTreeSet<&str> = library.children.iter().map(String::as_str).collect();
    assert_eq!(declared, GROUPS.iter().map(|(group, _)| *group).collect());
    let mut modules = BTreeMap::new();
    for (group, expected) in GROUPS {
        let folder = source.join(group);
        let children = Scan::of(&read(&folder.join("mod.rs")), 1).children;
        let declared: BTreeSet<&str> = children.iter().map(String::as_str).collect();
        assert_eq!(
            declared,
            expected.iter().map(|(module, _)| *module).collect()
        );
        for name in children {
            let mut uses = Uses::default();
            add_module(&folder, &name, 2, &mut uses);
            modules.insert(name, uses);
        }
    }
    let mut main = Uses::default();
    main.add(
        Scan::of(&read(&source.join("main.rs")), 0),
        Path::new("src/main.rs"),
    );
    modules.insert("main".to_owned(), main);
    modules
}

/// Follows the declarations, as the compiler does: a file that only tests declare is not found.
fn add_module(folder: &Path, name: &str, depth: usize, uses: &mut Uses) {
    let inside = folder.join(name);
    let file = [inside.with_extension("rs"), inside.join("mod.rs")]
        .into_iter()
        .find(|file| file.exists())
        .unwrap_or_else(|| panic!("no file of {}", inside.display()));
    let mut scan = Scan::of(&read(&file), depth);
    for child in std::mem::take(&mut scan.children) {
        add_module(&inside, &child, depth + 1, uses);
    }
    uses.add(scan, file.strip_prefix(root()).unwrap_or(&file));
}

impl Uses {
    fn add(&mut self, scan: Scan, file: &Path) {
        for module in scan.modules {
            self.modules.entry(module).or_insert_with(|| file.into());
        }
        for name in scan.crates {
            self.crates.entry(name).or_insert_with(|| file.into());
        }
    }
}

/// All Rust files below a folder.
fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files_of(&path)
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                vec![path]
            } else {
                Vec::new()
            }
        })
        .collect()
}

/// The names of all structs, enums and traits, those of tests among them.
fn types_of(stream: TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut types = Vec::new();
    for (token, next) in tokens.iter().zip(tokens.iter().skip(1)) {
        if let (TokenTree::Ident(word), TokenTree::Ident(name)) = (token, next)
            && (word == "struct" || word == "enum" || word == "trait")
        {
            types.push(name.to_string());
        }
    }
    for token in tokens {
        if let TokenTree::Group(group) = token {
            types.extend(types_of(group.stream()));
        }
    }
    types
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
