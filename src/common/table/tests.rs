use super::*;

fn rows(text: &[u8], wanted: RequiredColumns<'_>) -> Result<Vec<String>, TableError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    std::fs::write(&path, text).unwrap();
    let mut rows = Vec::new();
    read(&path, wanted, |row| {
        let cells = row.cells.map(|mut cells| {
            for column in &*row.columns {
                cells.entry(column.clone()).or_default();
            }
            cells.into_values().collect::<Vec<_>>().join("|")
        });
        rows.push(format!(
            "{} {}",
            row.number,
            cells.unwrap_or_else(|why| why)
        ));
        Ok::<_, TableError>(())
    })?;
    Ok(rows)
}

#[test]
fn rows_are_read_in_each_form_and_numbered_as_people_count() {
    let id = RequiredColumns::ListOf("id");
    let both = RequiredColumns::All(&["id", "to"]);
    for (text, wanted, expected) in [
        ("id,to\na,1\n b , 2 \n", both, &["2 a|1", "3 b|2"][..]),
        ("\u{feff}id;to\r\na;1\r\nb\r\n", both, &["2 a|1", "3 b|"]),
        ("id\tto\na\t1,5\n", both, &["2 a|1,5"]),
        (
            "\n{\"id\": \"a\", \"to\": 1}\n\n{\"id\": [], \"to\": 1}\n",
            both,
            &["2 a|1", "4 id holds no single value"],
        ),
        (" [{\"id\": \"a\"}, {\"id\": \"b\"}]", id, &["1 a", "2 b"]),
        ("a\n\nb\n", id, &["1 a", "3 b"]),
        ("id\nb\n", id, &["2 b"]),
        ("[\"a\", \"b\"]", id, &["1 a", "2 b"]),
        // Blank rows count and are no rows; blank columns at the end are none.
        ("\nid;to;;\n;;\na;1;;\n", both, &["4 a|1"]),
        // A cell with line breaks is in one row.
        ("id,to\na,\"1\n2\"\nb,2\n", both, &["2 a|1\n2", "3 b|2"]),
        ("sep=;\nid;to\na;1,5\n", both, &["2 a|1,5"]),
        ("sep=\t\r\nid\tto\r\na\t1\r\n", both, &["2 a|1"]),
        (
            "id,to\na,1,2\nb,1,,\n",
            both,
            &[
                "2 the row has 3 cells and the header has 2: a text with the delimiter in it needs quotes",
                "3 b|1",
            ],
        ),
        // An empty list is one.
        ("", id, &[]),
        ("\u{feff}\n\n", id, &[]),
        (";;;\n", id, &[]),
        ("id,name\n", id, &[]),
        ("id,to\n,\n", both, &[]),
    ] {
        assert_eq!(rows(text.as_bytes(), wanted).unwrap(), expected, "{text:?}");
    }
}

#[test]
fn a_file_that_can_not_be_used_says_why() {
    let id = RequiredColumns::ListOf("id");
    let one = RequiredColumns::All(&["id"]);
    let two = RequiredColumns::All(&["id", "schema"]);
    for (text, wanted, said) in [
        (&b""[..], one, "line 1: the file is empty: it has no header"),
        (
            b"sep=;\n;;;\n\n;\"\";\n",
            one,
            "line 1: the file is empty: it has no header",
        ),
        (b",\n", two, "line 1: the file is empty: it has no header"),
        (
            b"a,b\n",
            id,
            "has no column id; its first row has 2 other cells",
        ),
        // It may be the header of a table, so it is no value.
        (
            b"a\nb\n",
            one,
            "has no column id; its first row has 1 other cell",
        ),
        (
            b"a\n",
            two,
            "has no column id; its first row has 1 other cell",
        ),
        (b"id,id\n", id, "line 1: the column \"id\" is there twice"),
        (
            b"sep=,\n\nid,id\n",
            id,
            "line 3: the column \"id\" is there twice",
        ),
        (b"ID,to\n", id, "no column id; did you mean ID?"),
        (
            b"{\n  \"id\": \"a\"\n}\n",
            id,
            "line 1: the JSON value that begins here does not end",
        ),
        (
            b"{\"id\": \"a\"}\n{\"id\":",
            one,
            "line 2: the JSON value that begins here does not end",
        ),
        (b"i\0d\0,\0x\0", id, "line 1: this is UTF-16"),
        (b"{\0\"\0", id, "line 1: this is UTF-16"),
        (b"[\0\"\0", id, "line 1: this is UTF-16"),
        (b"i\0\0\0d\0\0\0", one, "line 1: this is UTF-32"),
        (
            b"PK\x03\x04\x14\0",
            id,
            "is an Excel workbook or another ZIP archive, not CSV or JSON: open it in Excel",
        ),
        (
            b"\x1f\x8b\x08\0",
            id,
            "is a gzip file, not CSV or JSON: unpack it first: gunzip",
        ),
        (b"%PDF-1.7\n", one, "is a PDF, not CSV"),
        (
            b"{\"wf_bulk_plan\":1}\n",
            id,
            "is a plan, not CSV or JSON: name a file of rows or of ids",
        ),
        (b"id,x\n\xff,1\n", id, "line 2: this is Windows-1252 or"),
        (
            b"id,x\n\"a\n\n\xfc\",1\n",
            id,
            "line 4: this is Windows-1252 or",
        ),
        (
            b"id,x\n\"a\n\nb\",\xfc\n",
            id,
            "line 4: this is Windows-1252 or",
        ),
        (b"id,x\na,\"b\nc,d\n", id, "line 2: a quote opens here"),
        (b"[{\"id\": \"a\"}", id, "line 1: this is no JSON array"),
    ] {
        let error = rows(text, wanted).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn the_columns_alone_are_refused_for_the_same_reasons_as_the_rows() {
    let id = RequiredColumns::ListOf("id");
    let both = RequiredColumns::All(&["id", "to"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    for (text, wanted, expected) in [
        (&b"id,to,x\n"[..], both, Some("id to x")),
        (b"a\nb\n", id, Some("id")),
        (b"", id, None),
        (b"", both, None),
        (b"\n;;\n", both, None),
        (b"id,id\n", both, None),
        (b"id,x\n", both, None),
        (b"x,y\n", id, None),
        (b"i\0d\0,\0x\0", both, None),
        (b"i\0\0\0d\0\0\0", id, None),
        (b"\x1f\x8b\x08\0", id, None),
        (b"id,\"x\n", both, None),
        (b"{\n\"id\": 1}", both, None),
        (b"{\"x\": 1}\n", both, None),
        (b"[{\"x\": 1}]\n", both, None),
        (b"[{\n", id, None),
    ] {
        std::fs::write(&path, text).unwrap();
        let found = columns(&path, wanted);
        let read = read(&path, wanted, |_| Ok::<_, TableError>(()));
        match (&found, read) {
            (Ok(columns), Ok(())) => {
                let columns = columns.as_ref().map(|columns| columns.join(" "));
                assert_eq!(columns.as_deref(), expected, "{text:?}");
            }
            (Err(error), Err(same)) => assert_eq!(error.to_string(), same.to_string()),
            (_, read) => panic!("{text:?}: {found:?}, {read:?}"),
        }
    }
}

#[test]
fn what_is_wider_or_longer_than_the_bounds_is_refused_and_what_is_not_is_read() {
    let columns = |number: usize| (0..number).map(|number| format!(",c{number}"));
    let header = |number| format!("id{}\na,1\n", columns(number).collect::<String>());
    let cell = |length| format!("id,to\na,{}\nb,1\n", "x".repeat(length));
    let json = |length| format!("{{\"id\":\"a\",\"to\":\"{}\"}}\n", "x".repeat(length));
    let array = |length| format!("[\"{}\"]", "x".repeat(length));
    let id = RequiredColumns::ListOf("id");
    let whole = rows(header(999).as_bytes(), id).unwrap();
    assert_eq!(whole[0].matches('|').count(), 999);
    for text in [
        header(1_000),
        header(100_000),
        format!("id,{}\na,1\n", "x".repeat(100_000)),
    ] {
        let error = rows(text.as_bytes(), id).unwrap_err().to_string();
        assert!(
            error.contains("line 1: the") && error.len() < 300,
            "{error}"
        );
    }
    for (text, said) in [
        (cell(200_000), "2 the cell of to is longer than 128 KiB"),
        (json(200_000), "1 the cell of to is longer than 128 KiB"),
        (array(200_000), "1 the cell of id is longer than 128 KiB"),
    ] {
        assert_eq!(rows(text.as_bytes(), id).unwrap()[0], said);
    }
    for text in [cell(100_000), json(100_000), array(100_000)] {
        assert!(rows(text.as_bytes(), id).unwrap()[0].len() > 100_000);
    }
}

#[test]
fn the_empty_cells_of_short_rows_take_no_memory_below_a_wide_header() {
    let columns: Vec<String> = (0..999).map(|number| format!(",c{number}")).collect();
    let header = columns.concat();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    std::fs::write(&path, format!("id{header}\na\nb,,,1{}\n", ",".repeat(900))).unwrap();
    let mut kept = Vec::new();
    read(&path, RequiredColumns::ListOf("id"), |row| {
        assert_eq!(row.columns.len(), 1_000);
        kept.push(row.cells.unwrap().into_iter().collect::<Vec<_>>());
        Ok::<_, TableError>(())
    })
    .unwrap();
    let cell = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    assert_eq!(
        kept,
        [
            vec![cell("id", "a")],
            vec![cell("c2", "1"), cell("id", "b")]
        ]
    );
}

#[test]
fn a_message_about_many_columns_or_long_ones_is_short() {
    use std::fmt::Write as _;
    let mut many = String::new();
    (0..900).for_each(|number| write!(many, "column{number},").unwrap());
    let long = format!("{0},{0}", "x".repeat(10_000));
    let key = "k".repeat(10_000);
    let wanted = RequiredColumns::All(&["id"]);
    for (object, said) in [
        (format!("{{\"{key}\": 1}}"), "no key id"),
        (format!("{{\"{key}\": 1, \"{key}\": 2}}"), "is there twice"),
        (
            format!("{{\"id\": \"a\", \"{key}\": [1]}}"),
            "holds no single value",
        ),
    ] {
        let rows = rows(object.as_bytes(), wanted).unwrap();
        assert!(rows[0].contains(said) && rows[0].len() < 200, "{rows:?}");
    }
    for (text, said) in [
        (&many, "its first row has 900 other cells"),
        (&long, "is there twice"),
    ] {
        let error = rows(text.as_bytes(), wanted).unwrap_err().to_string();
        assert!(error.contains(said) && error.len() < 400, "{error}");
    }
}

#[test]
fn a_row_of_json_without_the_key_says_which_keys_there_are() {
    let keys = "{\"ID\": \"a\", \"to\": []}\n{}\n{\"id\": \"b\"}\n";
    assert_eq!(
        rows(keys.as_bytes(), RequiredColumns::ListOf("id")).unwrap(),
        [
            "1 the object has no key id; it has ID, to; did you mean ID?",
            "2 the object has no key id; it has none",
            "3 b",
        ]
    );
    assert_eq!(
        rows(
            b"[{\"id\": \"a\"}]",
            RequiredColumns::All(&["id", "schema"])
        )
        .unwrap(),
        ["1 the object has no key schema; it has id"]
    );
}

#[test]
fn an_id_that_we_wrote_into_a_cell_is_read_as_it_was() {
    for id in ["-a", "a", "_a", "--a"] {
        let text = format!("id,name\n{},x\n", crate::text::Untrusted(id).csv());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("failed.csv");
        std::fs::write(&path, text).unwrap();
        let mut ids = Vec::new();
        read(&path, RequiredColumns::ListOf("id"), |row| {
            ids.push(id_in(&row.cells.unwrap()["id"]).to_owned());
            Ok::<_, TableError>(())
        })
        .unwrap();
        assert_eq!(ids, [id]);
    }
    assert_eq!(id_in("'a"), "'a");
}

#[test]
fn standard_input_is_known_by_each_of_its_names() {
    for (path, is) in [
        ("-", true),
        ("/dev/stdin", true),
        ("/dev/fd/0", true),
        ("/proc/self/fd/0", true),
        ("./-", false),
        ("/dev/fd/3", false),
        ("stdin", false),
    ] {
        assert_eq!(is_stdin(Path::new(path)), is, "{path}");
    }
}

#[cfg(unix)]
#[test]
fn the_columns_of_a_pipe_are_not_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("rows.csv");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    assert_eq!(columns(&pipe, RequiredColumns::ListOf("id")).unwrap(), None);
    assert_eq!(
        columns(Path::new(STDIN), RequiredColumns::ListOf("id")).unwrap(),
        None
    );
    assert_eq!(
        columns(Path::new("/dev/stdin"), RequiredColumns::ListOf("id")).unwrap(),
        None
    );
}
