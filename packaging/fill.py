"""Fills in a template of a package from the archives of a release: fill.py TEMPLATE FOLDER REPOSITORY_URL

Each `@SHA256:target@` becomes the checksum of the target's archive, which must be there. `fill.py --test` tests this with both templates,
and where `cargo binstall` looks for the archives.
"""

import hashlib
import json
import pathlib
import re
import sys
import tempfile
import tomllib

ARCHIVE = re.compile(r"wf-bulk-([0-9][^-]*(?:-[a-z]+\.[0-9]+)?)-(.+)\.(?:tar\.gz|zip)")


def filled(template, folder, repository):
    if not re.fullmatch(r"https://[A-Za-z0-9./_-]+", repository):
        sys.exit(f"{repository} is no address of a repository")
    digests, versions = {}, set()
    for archive in pathlib.Path(folder).iterdir():
        name = ARCHIVE.fullmatch(archive.name)
        if name is None:
            continue
        version, target = name.groups()
        versions.add(version)
        digests[target] = hashlib.sha256(archive.read_bytes()).hexdigest()
    if len(versions) != 1:
        sys.exit(f"the archives are of {len(versions)} versions: {sorted(versions)}")
    values = {"VERSION": versions.pop(), "REPOSITORY": repository.rstrip("/")}
    values |= {f"SHA256:{target}": digest for target, digest in digests.items()}

    def value(match):
        if match[1] not in values:
            sys.exit(f"nothing is known for {match[0]}: its archive is not in {folder}")
        return values[match[1]]

    return re.sub(r"@([A-Z][A-Z0-9]*(?::[a-z0-9_-]+)?)@", value, template)


def test(name, archives):
    """Fills the template `name` from archives that are made up, all of which it must name, and from all but one."""
    template = pathlib.Path(__file__).with_name(name).read_text()
    with tempfile.TemporaryDirectory() as folder:
        for archive in archives:
            pathlib.Path(folder, archive).write_text(archive)
        text = filled(template, folder, "https://example.org/a/wf-bulk")
        assert "@" not in text, text
        for archive in archives:
            digest = hashlib.sha256(archive.encode()).hexdigest()
            after = text.split(f"/releases/download/v1.2.3/{archive}\"")[1]
            assert re.findall("[0-9a-f]{64}", after)[0] == digest, text
        pathlib.Path(folder, archives[0]).unlink()
        pathlib.Path(folder, "wf-bulk-1.2.3-other.tar.gz").write_text("")
        try:
            filled(template, folder, "https://example.org/a/wf-bulk")
        except SystemExit as error:
            assert "its archive is not in" in str(error), error
        else:
            raise AssertionError("an archive is missing, and nothing says so")
        return text


def test_all():
    unix = ["x86_64-apple-darwin", "aarch64-apple-darwin", "x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"]
    test("wf-bulk.rb", [f"wf-bulk-1.2.3-{target}.tar.gz" for target in unix])
    manifest = json.loads(test("wf-bulk.json", ["wf-bulk-1.2.3-x86_64-pc-windows-gnu.zip"]))
    bits = manifest["architecture"]["64bit"]
    assert (manifest["version"], bits["extract_dir"]) == ("1.2.3", "wf-bulk-1.2.3-x86_64-pc-windows-gnu"), manifest
    test_binstall([*unix, "x86_64-pc-windows-gnu"])


def test_binstall(targets):
    """The addresses in Cargo.toml lead to the archives of these targets, which are all that the release makes, and to the program in them."""
    top = pathlib.Path(__file__).parents[1]
    released = re.findall(r"- \{ target: ([a-z0-9_-]+),", (top / ".github/workflows/release.yml").read_text())
    assert sorted(released) == sorted(targets), released
    general = tomllib.loads((top / "Cargo.toml").read_text())["package"]["metadata"]["binstall"]
    for target in targets:
        windows = "-windows-" in target
        values = {"repo": "R", "version": "1.2.3", "target": target, "bin": "wf-bulk", "binary-ext": ".exe" if windows else ""}
        found = general | general["overrides"].get(target, {})
        filled_in = {key: re.sub(r"\{ ([a-z-]+) \}", lambda name: values[name[1]], found[key]) for key in ("pkg-url", "pkg-fmt", "bin-dir")}
        name = f"wf-bulk-1.2.3-{target}"
        assert filled_in == {
            "pkg-url": f"R/releases/download/v1.2.3/{name}{'.zip' if windows else '.tar.gz'}",
            "pkg-fmt": "zip" if windows else "tgz",
            "bin-dir": f"{name}/wf-bulk{values['binary-ext']}",
        }, filled_in


if sys.argv[1:] == ["--test"]:
    test_all()
else:
    template, folder, repository = sys.argv[1:]
    sys.stdout.write(filled(pathlib.Path(template).read_text(), folder, repository))
