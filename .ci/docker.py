"""Stands in for `docker run` and `docker compose`: docker.py run FLAG... IMAGE ARGUMENT...; docker.py compose FLAG... COMMAND...

WF_BULK_ROOT is a folder with the files of the image. WF_BULK_VOLUMES is the folder for named volumes. A flag that is not known
here is an error.
"""

import os
import pathlib
import signal
import sys

import compose
import containers


def command(arguments):
    image = containers.wf_bulk(pathlib.Path(os.environ["WF_BULK_ROOT"]))
    mounts, environment, words = [], {}, list(arguments)
    read_only = False
    while words and words[0].startswith("--"):
        flag = words.pop(0)
        if flag == "--read-only":
            read_only = True
        elif flag in ("--volume", "--env", "--cap-drop", "--security-opt", "--stop-timeout"):
            value = words.pop(0)
            if flag == "--env":
                environment |= {value: os.environ[value]} if value in os.environ else {}
            elif flag == "--volume":
                source, place, *mode = value.split(":")
                mounts.append((place, volume(source), mode != ["ro"]))
        elif flag not in ("--rm", "--interactive", "--tty"):
            sys.exit(f"docker.py: {flag} is not known")
    name = words.pop(0)
    if name != f"wf-bulk:{containers.version()}":
        sys.exit(f"docker.py: the image is {name}, but the version is {containers.version()}")
    if not read_only or not {place for place, *_ in mounts}.issuperset(image.volumes):
        sys.exit("docker.py: the root must be read-only, and the volume mounted")
    return containers.line(image, mounts, environment, words)


def volume(source):
    """The folder of a named volume, or one of the machine."""
    if "/" in source:
        return source
    folder = pathlib.Path(os.environ["WF_BULK_VOLUMES"]) / source
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def main():
    if sys.argv[1] == "compose":
        sys.exit(compose.main(sys.argv[2:]))
    if sys.argv[1] != "run":
        sys.exit(f"docker.py: {sys.argv[1]} is not known")
    container = containers.Container(command(sys.argv[2:]))
    # `docker stop` signals the program itself.
    signal.signal(signal.SIGTERM, lambda number, _: container.signal(number))
    sys.exit(container.process.wait())


main()
