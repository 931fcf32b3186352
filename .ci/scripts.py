"""Writes the scripts in GitHub workflows and actions to files of their own, for shellcheck.

scripts.py FOLDER FILE...
"""

import pathlib
import shutil
import sys

from ruamel.yaml import YAML

folder = pathlib.Path(sys.argv[1])
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
for path in map(pathlib.Path, sys.argv[2:]):
    document = YAML(typ="safe").load(path)
    for place, job in {**document.get("jobs", {}), "action": document.get("runs", {})}.items():
        for number, step in enumerate(job.get("steps", [])):
            if "run" in step:
                file = folder / f"{path.stem}-{place}-{number}.sh"
                file.write_text("#!/usr/bin/env bash\nset -eo pipefail\n" + step["run"])
