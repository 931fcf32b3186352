"""Writes the scripts in workflows and pipelines to files of their own, for shellcheck.

scripts.py FOLDER FILE...
"""

import pathlib
import shutil
import sys

from ruamel.yaml import YAML


def scripts(part):
    """Each script below a part of a document: a text on GitHub and Azure, a list of lines on GitLab."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key in ("run", "bash") and isinstance(value, str):
                yield value
            elif key in ("script", "after_script") and isinstance(value, list):
                yield "\n".join(value)
            elif key != "outputs":
                yield from scripts(value)
    elif isinstance(part, list):
        for value in part:
            yield from scripts(value)


folder = pathlib.Path(sys.argv[1])
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
for path in map(pathlib.Path, sys.argv[2:]):
    document = YAML(typ="safe").load(path)
    for number, script in enumerate(scripts(document)):
        file = folder / f"{path.parent.name}-{path.stem}-{number}.sh"
        file.write_text("#!/usr/bin/env bash\nset -eo pipefail\n" + script)
