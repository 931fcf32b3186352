"""Stands in for `docker run`: what a container of the image may see and write, by bubblewrap. docker.py run FLAG... IMAGE ARGUMENT...

WF_BULK_ROOT is a folder with the files of the image. WF_BULK_VOLUMES is the folder for named volumes. A flag that is not known
here is an error.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys


def config():
    """What the Dockerfile says about a container."""
    said = {"env": {}}
    for line in pathlib.Path(__file__).parent.parent.joinpath("Dockerfile").read_text().splitlines():
        word, _, rest = line.partition(" ")
        if word == "ENV":
            said["env"] |= dict(pair.split("=", 1) for pair in rest.split())
        elif word in ("ENTRYPOINT", "VOLUME"):
            said[word.lower()] = json.loads(rest)
        elif word in ("USER", "WORKDIR"):
            said[word.lower()] = rest
    return said


def command(arguments):
    said = config()
    user, group = said["user"].split(":")
    root = pathlib.Path(os.environ["WF_BULK_ROOT"])
    version = re.search('^version = "(.*)"$', pathlib.Path(__file__).parent.parent.joinpath("Cargo.toml").read_text(), re.M)[1]
    sandbox = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--uid", user, "--gid", group, "--cap-drop", "ALL"]
    sandbox += ["--die-with-parent", "--as-pid-1", "--clearenv", "--tmpfs", "/", "--proc", "/proc", "--dev", "/dev"]
    for path in sorted(root.iterdir()):
        if f"/{path.name}" not in said["volume"]:
            sandbox += ["--ro-bind", str(path), f"/{path.name}"]
    # A debug build is not static.
    if b"/lib64/ld-linux" in (root / "wf-bulk").read_bytes()[:4096]:
        for library in ("/lib", "/lib64", "/usr/lib"):
            sandbox += ["--ro-bind", os.path.realpath(library), library]
    # Docker sets HOME so for a user without a name.
    mounted, environment, words = set(), {"HOME": "/"} | said["env"], list(arguments)
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
                if "/" not in source:
                    source = f"{os.environ['WF_BULK_VOLUMES']}/{source}"
                    pathlib.Path(source).mkdir(mode=0o700, exist_ok=True)
                sandbox += ["--ro-bind" if mode == ["ro"] else "--bind", source, place]
                mounted.add(place)
        elif flag not in ("--rm", "--interactive", "--tty"):
            sys.exit(f"docker.py: {flag} is not known")
    image = words.pop(0)
    if image != f"wf-bulk:{version}":
        sys.exit(f"docker.py: the image is {image}, but the version is {version}")
    if not read_only or not mounted.issuperset(said["volume"]):
        sys.exit("docker.py: the root must be read-only, and the volume mounted")
    for name, value in environment.items():
        sandbox += ["--setenv", name, value]
    return [*sandbox, "--remount-ro", "/", "--chdir", said["workdir"], *said["entrypoint"], *words]


def main():
    if sys.argv[1] != "run":
        sys.exit(f"docker.py: {sys.argv[1]} is not known")
    reader, writer = os.pipe()
    line = command(sys.argv[2:])
    # `docker stop` signals the program itself, which bubblewrap names.
    container = subprocess.Popen([line[0], "--info-fd", str(writer), *line[1:]], pass_fds=[writer])
    os.close(writer)
    with os.fdopen(reader) as info:
        text = info.read()
    if text:
        signal.signal(signal.SIGTERM, lambda *_: os.kill(json.loads(text)["child-pid"], signal.SIGTERM))
    sys.exit(container.wait())


main()
