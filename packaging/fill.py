"""Fills in a template of a package from the archives of a release: fill.py TEMPLATE FOLDER REPOSITORY_URL

Each `@SHA256:target@` becomes the checksum of the target's archive, which must be there. `fill.py --test` tests this.
"""

import hashlib
import pathlib
import re
import sys
import tempfile

ARCHIVE = re.compile(r"wf-bulk-([0-9][^-]*(?:-[a-z]+\.[0-9]+)?)-(.+)\.tar\.gz")


def filled(template, folder, repository):
    if not re.fullmatch(r"https://[A-Za-z0-9./_-]+", repository):
        sys.exit(f"{repository} is no address of a repository")
    digests, versions = {}, set()
    for archive in pathlib.Path(folder).glob("*.tar.gz"):
        version, target = ARCHIVE.fullmatch(archive.name).groups()
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


def test():
    template = pathlib.Path(__file__).with_name("wf-bulk.rb").read_text()
    targets = sorted(set(re.findall("@SHA256:(.*)@", template)))
    assert len(targets) == 4, targets
    with tempfile.TemporaryDirectory() as folder:
        for target in targets:
            pathlib.Path(folder, f"wf-bulk-1.2.3-{target}.tar.gz").write_text(target)
        text = filled(template, folder, "https://example.org/a/wf-bulk")
        assert "@" not in text, text
        for target in targets:
            digest = hashlib.sha256(target.encode()).hexdigest()
            pair = f'/releases/download/v1.2.3/wf-bulk-1.2.3-{target}.tar.gz"\n      sha256 "{digest}"'
            assert pair in text, text
        pathlib.Path(folder, f"wf-bulk-1.2.3-{targets[0]}.tar.gz").unlink()
        try:
            filled(template, folder, "https://example.org/a/wf-bulk")
        except SystemExit as error:
            assert targets[0] in str(error)
        else:
            raise AssertionError("an archive is missing, and nothing says so")


if sys.argv[1:] == ["--test"]:
    test()
else:
    template, folder, repository = sys.argv[1:]
    sys.stdout.write(filled(pathlib.Path(template).read_text(), folder, repository))
