"""Whether `rust-version` in Cargo.toml is the lowest that the dependencies allow. Reads what `cargo metadata` prints."""

import json
import sys


def number(version):
    parts = [int(part) for part in version.split(".")]
    return tuple(parts + [0] * (3 - len(parts)))


def verdict(metadata):
    """None if it is; otherwise what is wrong."""
    own = set(metadata["workspace_members"])
    asked = {package["rust_version"] for package in metadata["packages"] if package["id"] in own}
    if len(asked) != 1:
        return f"the packages of the workspace differ: {asked}"
    (asked,) = asked
    others = [package for package in metadata["packages"] if package["id"] not in own and package["rust_version"]]
    highest = max(others, key=lambda package: number(package["rust_version"]))
    name = f"{highest['name']} {highest['version']}"
    lowest = highest["rust_version"]
    if number(lowest) > number(asked):
        return f"rust-version is {asked}, but {name} needs {lowest}"
    if number(lowest) < number(asked):
        return f"rust-version is {asked}, but no dependency needs more than {lowest} ({name})"
    return None


def test():
    def metadata(own, other):
        return {
            "workspace_members": ["a"],
            "packages": [
                {"id": "a", "name": "a", "version": "1.0.0", "rust_version": own},
                {"id": "b", "name": "b", "version": "2.0.0", "rust_version": other},
                {"id": "c", "name": "c", "version": "3.0.0", "rust_version": None},
            ],
        }

    assert verdict(metadata("1.89", "1.89.0")) is None
    assert verdict(metadata("1.89", "1.90")) == "rust-version is 1.89, but b 2.0.0 needs 1.90"
    assert "no dependency needs more than 1.85" in verdict(metadata("1.89", "1.85"))


test()
wrong = verdict(json.load(sys.stdin))
if wrong:
    sys.exit(wrong)
