//! The guide as a site has every page. `.ci/run site` builds it and checks its links.

use std::{collections::BTreeMap, fs};

use super::{documents, links, root};

/// The pages that the site shows, beside the documents.
const OTHERS: [&str; 2] = ["fuzz/README.md", "sandbox/README.md"];

#[test]
fn the_summary_of_the_site_names_each_page_once_with_its_heading() {
    let summary = fs::read_to_string(root().join("SUMMARY.md")).unwrap();
    let documents = documents()
        .into_iter()
        .map(|(path, _)| {
            path.strip_prefix(root())
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .filter(|name| name != "SUMMARY.md");
    let expected: BTreeMap<String, usize> = documents
        .chain(OTHERS.map(str::to_owned))
        .map(|name| (name, 1))
        .collect();
    let mut named = BTreeMap::new();
    for link in links(&summary) {
        *named.entry(link.to_owned()).or_insert(0) += 1;
        let page = fs::read_to_string(root().join(link)).unwrap();
        let heading = page.lines().next().unwrap().trim_start_matches("# ");
        assert!(
            summary.contains(&format!("[{heading}]({link})")),
            "SUMMARY.md should say [{heading}]({link})"
        );
    }
    assert_eq!(named, expected);
}

#[test]
fn no_picture_of_the_guide_is_large() {
    let mut pictures = 0;
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|it| it == "png" || it == "svg")
        {
            let size = fs::metadata(&path).unwrap().len();
            assert!(size <= 150_000, "{}: {size} bytes", path.display());
            pictures += 1;
        }
    }
    assert_eq!(pictures, 3, "`just pictures` makes them");
}
