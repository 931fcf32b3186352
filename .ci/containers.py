"""What a container may see and write, by bubblewrap. `docker.py` stands in for Docker with it, `pods.py` for Kubernetes."""

import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent

# What Docker and Kubernetes mount as /etc/hosts.
HOSTS = REPOSITORY / ".ci/hosts"


@dataclasses.dataclass
class Image:
    """The files of an image, and what its Dockerfile says about a container."""

    root: pathlib.Path
    user: str
    entrypoint: list
    workdir: str = "/"
    environment: dict = dataclasses.field(default_factory=dict)
    volumes: list = dataclasses.field(default_factory=list)


def wf_bulk(root):
    """The image of the Dockerfile, with its files in a folder."""
    image = Image(root, "", [])
    for word, rest in instructions(REPOSITORY / "Dockerfile"):
        if word == "ENV":
            image.environment |= dict(pair.split("=", 1) for pair in rest.split())
        elif word == "ENTRYPOINT":
            image.entrypoint = json.loads(rest)
        elif word == "VOLUME":
            image.volumes = json.loads(rest)
        elif word == "USER":
            image.user = rest
        elif word == "WORKDIR":
            image.workdir = rest
    return image


def version():
    return re.search('^version = "(.*)"$', REPOSITORY.joinpath("Cargo.toml").read_text(), re.M)[1]


def instructions(dockerfile):
    """The words and the rest of the lines of the last stage. No line of it is continued."""
    last = dockerfile.read_text().rpartition("\nFROM ")[2].splitlines()[1:]
    return [tuple(line.split(" ", 1)) for line in last if line and not line.startswith("#")]


def line(image, mounts, environment, arguments, writable=False):
    """The words that start a container. Each of the mounts has a place in it, a folder or None for memory, and whether it can be written."""
    user, group = image.user.split(":")
    words = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--uid", user, "--gid", group, "--cap-drop", "ALL"]
    words += ["--die-with-parent", "--as-pid-1", "--clearenv", "--tmpfs", "/", "--proc", "/proc", "--dev", "/dev"]
    for path in sorted(image.root.iterdir()):
        if f"/{path.name}" not in image.volumes:
            words += ["--ro-bind", str(path), f"/{path.name}"]
    # A debug build is not static.
    if b"/lib64/ld-linux" in image.root.joinpath(image.entrypoint[0].strip("/")).read_bytes()[:4096]:
        for library in ("/lib", "/lib64", "/usr/lib"):
            words += ["--ro-bind", os.path.realpath(library), library]
    for place, source, is_writable in [("/etc/hosts", HOSTS, False), *mounts]:
        if source is None:
            words += ["--perms", "1777", "--tmpfs", place]
        else:
            words += ["--bind" if is_writable else "--ro-bind", str(source), place]
    # Docker sets HOME so for a user without a name.
    for name, value in ({"HOME": "/"} | image.environment | environment).items():
        words += ["--setenv", name, value]
    if not writable:
        words += ["--remount-ro", "/"]
    return [*words, "--chdir", image.workdir, *image.entrypoint, *arguments]


class Container:
    """A container that runs. A signal goes to the program itself, as with Docker and Kubernetes."""

    def __init__(self, words, **streams):
        reader, writer = os.pipe()
        self.process = subprocess.Popen([words[0], "--info-fd", str(writer), *words[1:]], pass_fds=[writer], **streams)
        os.close(writer)
        with os.fdopen(reader) as info:
            text = info.read()
        # Nothing, if bubblewrap has failed.
        self.program = json.loads(text)["child-pid"] if text else None

    def signal(self, number):
        if self.program is not None and self.process.poll() is None:
            os.kill(self.program, number)

    def stop(self, seconds):
        """Asks it to end, and returns its exit code. It has so many seconds for that."""
        self.signal(signal.SIGTERM)
        return self.process.wait(seconds)
