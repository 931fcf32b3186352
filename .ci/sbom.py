"""Checks a bill of materials: sbom.py FILE < names and versions of all packages of the program, one a line."""

import json
import sys

text = open(sys.argv[1], encoding="utf-8").read()
document = json.loads(text)
listed = {(part["name"], part["version"]) for part in [document["metadata"]["component"], *document["components"]]}
# `name v1.2.3 (place) (*)`, as `cargo tree` writes it.
needed = {(name, version.removeprefix("v")) for name, version, *_ in map(str.split, sys.stdin)}
missing = sorted(needed - listed)
if document["bomFormat"] != "CycloneDX" or len(needed) < 100 or missing:
    sys.exit(f"{sys.argv[1]} lacks {missing}, of {len(needed)} packages")
print(f"{sys.argv[1]}: {len(needed)} packages")
