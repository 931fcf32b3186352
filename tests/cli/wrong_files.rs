//! Files that are not what they are taken for: named, with what to do, by `validate` as by `run`.

use crate::environment::Environment;

const SELECT: &str =
    "version: 1\nname: p\nselect: { SOURCE }\nactions: [ reassign: { set: [\"7\"] } ]\n";

const SOURCES: [&str; 3] = [
    "rows: { file: rows.csv, id: execution_id }",
    "ids: { file: rows.csv }",
    "flows: { entities: { file: rows.csv } }",
];

#[test]
fn a_file_of_rows_that_can_not_be_read_is_a_mistake_before_anything_is_requested() {
    let environment = Environment::new();
    for (bytes, said) in [
        (&b"i\0d\0,\0x\0\n\0"[..], "this is UTF-16, not UTF-8"),
        (b"i\0\0\0d\0\0\0", "this is UTF-32, not UTF-8"),
        (b"id,id\n1,2\n", "the column \"id\" is there twice"),
        (b"PK\x03\x04\x14\0\x06\0", "is an Excel workbook"),
        (b"\x1f\x8b\x08\0", "is a gzip file"),
        (b"{\n  \"id\": \"x\"\n}\n", "jq -c ."),
    ] {
        std::fs::write(environment.path().join("rows.csv"), bytes).unwrap();
        for source in SOURCES {
            environment.file("p.yaml", &SELECT.replace("SOURCE", source));
            for command in ["validate p.yaml", "run p.yaml --sandbox --dry-run"] {
                let words: Vec<&str> = command.split(' ').collect();
                environment.run(&words).expect_code(1).expect_said(said);
            }
        }
    }
    std::fs::write(environment.path().join("rows.csv"), "").unwrap();
    environment.file("p.yaml", &SELECT.replace("SOURCE", SOURCES[0]));
    environment
        .run(&["validate", "p.yaml"])
        .expect_code(1)
        .expect_said("rows.csv, line 1: the file is empty: it has no header");
}

#[test]
fn a_json_row_without_its_key_says_which_keys_there_are() {
    let environment = Environment::new();
    environment.file("rows.csv", "{\"ID\": \"f-1\", \"to\": \"x\"}\n");
    for (source, key) in SOURCES.into_iter().zip(["execution_id", "id", "entity_id"]) {
        environment.file("p.yaml", &SELECT.replace("SOURCE", source));
        let ended = environment
            .run(&["run", "p.yaml", "--sandbox", "--dry-run"])
            .expect_code(3);
        let said = format!("row 1: the object has no key {key}; it has ID, to");
        assert!(ended.stdout.contains(&said), "{}", ended.stdout);
    }
}
