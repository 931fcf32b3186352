//! Modules import in one direction: a module may use those of the layers below its own and no others.
//!
//! [`LAYERS`] is the rule, from the bottom to the top; DESIGN.md repeats it and is compared with it here. Code that
//! is compiled for tests alone may use what it likes. A second table says which module a dependency is at home in.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// From the bottom to the top. Modules that share a layer don't import each other.
const LAYERS: &[&[&str]] = &[
];

#[test]
fn print_edges() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let mut edges = BTreeSet::new();
    for file in &files {
        let relative = file.strip_prefix(&root).unwrap();
        let module = relative.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        let tokens: TokenStream = fs::read_to_string(file).unwrap().parse().unwrap();
        let mut found = Vec::new();
        scan(tokens, &mut found);
        for f in found { edges.insert((module.clone(), f)); }
    }
    let mut last = String::new();
    for (a, b) in edges { if a != last { print!("\n{a}: "); last = a.clone(); } print!("{b} "); }
}

fn collect(dir: &Path, out: &mut Vec<PathBuf>) {
    for e in fs::read_dir(dir).unwrap() { let p = e.unwrap().path(); if p.is_dir() { collect(&p, out) } else if p.extension().is_some_and(|e| e == "rs") { out.push(p) } }
}

fn scan(tokens: TokenStream, out: &mut Vec<String>) {
    let t: Vec<TokenTree> = tokens.into_iter().collect();
    let mut i = 0;
    while i < t.len() {
        if let (TokenTree::Punct(p), Some(TokenTree::Group(g))) = (&t[i], t.get(i+1)) && p.as_char() == '#' && g.stream().to_string().replace(' ', "") == "cfg(test)" {
            i += 2;
            while i < t.len() {
                match &t[i] { TokenTree::Punct(p) if p.as_char() == ';' => break, TokenTree::Group(g) if g.delimiter() == Delimiter::Brace => break, _ => i += 1 }
            }
            i += 1;
            continue;
        }
        match &t[i] {
            TokenTree::Ident(id) if id == "crate" || id == "wf_bulk" => {
                if let (Some(TokenTree::Punct(a)), Some(TokenTree::Punct(_))) = (t.get(i+1), t.get(i+2)) && a.as_char() == ':' {
                    match &t[i+3] { TokenTree::Ident(x) => out.push(x.to_string()), TokenTree::Group(g) => {
                        let mut first = true;
                        for x in g.stream() { match x { TokenTree::Ident(x) if first => { out.push(x.to_string()); first = false }, TokenTree::Punct(p) if p.as_char() == ',' => first = true, _ => {} } }
                    } _ => {} }
                }
                i += 1;
            }
            TokenTree::Group(g) => { scan(g.stream(), out); i += 1 }
            _ => i += 1,
        }
    }
}
