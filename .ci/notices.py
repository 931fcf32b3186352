"""Prints the licences of everything that the program for a target is built from: notices.py TARGET"""

import collections
import json
import pathlib
import subprocess
import sys

target = sys.argv[1]


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments], check=True, capture_output=True, text=True).stdout


metadata = json.loads(cargo("metadata", "--locked", "--format-version", "1", "--filter-platform", target))
tree = ["tree", "--locked", "--package", "wf-bulk", "--edges", "normal,build", "--target", target]
needed = {tuple(line.split()[:2]) for line in cargo(*tree, "--prefix", "none").splitlines()}
packages = [
    package
    for package in metadata["packages"]
    if package["source"] and (package["name"], "v" + package["version"]) in needed
]
if len(packages) < 100:
    sys.exit(f"only {len(packages)} packages: the tree was not read")

texts = collections.defaultdict(list)
without = []
for package in sorted(packages, key=lambda package: (package["name"], package["version"])):
    name = f"{package['name']} {package['version']}"
    if not package["license"] and not package["license_file"]:
        sys.exit(f"{name} names no licence")
    folder = pathlib.Path(package["manifest_path"]).parent
    files = [
        file
        for file in sorted(folder.iterdir())
        if file.is_file() and file.name.upper().startswith(("LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"))
    ]
    for file in files:
        # Crates differ in line ends and empty lines only.
        lines = file.read_text("utf-8", "replace").strip().splitlines()
        texts["\n".join(line.rstrip() for line in lines)].append(name)
    if not files:
        without.append(f"{name}: {package['license']}")

print("wf-bulk is built from the Rust standard library (MIT OR Apache-2.0, https://www.rust-lang.org) and these packages")
print("of https://crates.io. A program for a musl target also has the C library musl (MIT, https://musl.libc.org).\n")
for package in sorted(packages, key=lambda package: (package["name"], package["version"])):
    print(f"{package['name']} {package['version']}: {package['license'] or 'see its text'}")
if without:
    print("\nThese have no text of their licence; the standard texts of the named licences apply:\n")
    print("\n".join(without))
for text, names in texts.items():
    print(f"\n{'=' * 78}\n{', '.join(dict.fromkeys(names))}:\n\n{text}")
if "-windows-gnu" in target:
    # What mingw links into each program: its own start-up code and that of GCC. Where Debian keeps their licences.
    for package in ["mingw-w64-x86-64-dev", "gcc-mingw-w64-base"]:
        text = pathlib.Path("/usr/share/doc", package, "copyright").read_text()
        print(f"\n{'=' * 78}\n{package}:\n\n{text.strip()}")
