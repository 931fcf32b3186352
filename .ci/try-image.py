"""Tries the files of the image, in a folder, as docs/container.md says: try-image.py FOLDER

The commands of the page and the containers of the CronJob are run on the sandbox; .ci/docker.py stands in for Docker.
"""

import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import yaml

import containers
import pods

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent
ROOT = pathlib.Path(sys.argv[1]).resolve()


def said(process):
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


def expect(ended, code, text):
    if ended[0] != code or text not in ended[1]:
        sys.exit(f"exit code {ended[0]} and no {text!r}, but {code}:\n{ended[1]}")


class Host:
    """A machine with Docker, and a folder with playbooks."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = os.environ | {
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
            "WF_BULK_ROOT": str(ROOT),
            "WF_BULK_VOLUMES": str(folder / "volumes"),
        }
        for name in ("bin", "volumes"):
            (folder / name).mkdir()
        shutil.copytree(REPOSITORY / "playbooks", folder / "playbooks")
        docker = folder / "bin" / "docker"
        docker.write_text(f'#!/bin/sh\nexec {sys.executable} {HERE}/docker.py "$@"\n')
        docker.chmod(0o755)

    def start(self, words):
        return subprocess.Popen(
            words, cwd=self.folder, env=self.environment, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def answer(self, command, question, answer):
        """Runs a command in a terminal."""
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            os.execvpe("bash", ["bash", "-euc", command], self.environment)
        output = ""
        while select.select([terminal], [], [], 300)[0]:
            try:
                output += os.read(terminal, 65536).decode(errors="replace")
            except OSError:
                break
            if question and question in output:
                os.write(terminal, answer)
                question = None
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), output


def page(host):
    """The commands of the page, the question, a stop in the middle, and a volume that can't be written."""
    (block,) = re.findall("```sh\n(.*?)```", (REPOSITORY / "docs/container.md").read_text(), re.S)
    expect(said(host.start(["bash", "-euc", block])), 0, "137 planned = 137 applied")
    function = block[: block.index("}\n") + 2]
    expect(said(host.start(["bash", "-euc", f"{function}wf_bulk status"])), 0, "reassign-leaver")

    docker = function[function.index("docker run") : function.index('"$@"')].replace("\\\n", " ")
    asked = docker.replace("wf-bulk:/state", "asked:/state").replace("--interactive", "--interactive --tty")
    expect(host.answer(f"{asked} run /playbooks/reassign.yaml --sandbox", "[y/N]", b"y\n"), 0, "applied")

    stopped = docker.replace("wf-bulk:/state", "stopped:/state")
    running = host.start(["bash", "-euc", f"exec {stopped} run /playbooks/reassign.yaml --sandbox --yes --rate 20/s"])
    for _ in range(600):
        if list(host.folder.glob("volumes/stopped/.wf-bulk/runs/*/checkpoint*")) or running.poll() is not None:
            break
        time.sleep(0.1)
    time.sleep(1)
    running.send_signal(signal.SIGTERM)
    expect(said(running), 130, "not_attempted")
    expect(said(host.start(["bash", "-euc", f"{stopped} resume --last"])), 0, "137 applied")

    (host.folder / "volumes/locked").mkdir(mode=0o500)
    locked = docker.replace("wf-bulk:/state", "locked:/state:ro")
    expect(said(host.start(["bash", "-euc", f"{locked} run /playbooks/reassign.yaml --sandbox --yes"])), 1, "/state")


def cronjob(host):
    """Its containers, two nights, as Kubernetes would mount their volumes."""
    documents = list(yaml.safe_load_all((REPOSITORY / "docs/container/cronjob.yaml").read_text()))
    spec = next(it for it in documents if it["kind"] == "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    token = host.folder / "token"
    token.write_text("sandbox\n")
    nightly = host.folder / "nightly.yaml"
    nightly.write_text((host.folder / "playbooks/new-owners.yaml").read_text())
    state = host.folder / "volumes/nightly"
    state.mkdir(mode=0o700)
    sources = {
        "wf-bulk-playbooks": pods.projected(host.folder / "config", [nightly, host.folder / "playbooks/new-owners.csv"]),
        "wf-bulk-token": pods.projected(host.folder / "secret", [token]),
        "wf-bulk-state": state,
    }
    pod = pods.Pod(spec, containers.wf_bulk(ROOT), host.folder, sources)
    server = subprocess.Popen([ROOT / "wf-bulk", "sandbox", "--state-dir", host.folder / "server"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        address = next(match[0] for line in server.stdout if (match := re.search(r"http://127\.0\.0\.1:\d+", line)))
        for expected in ("applied", "nothing to do"):
            for container in pod.containers():
                ended = said(host.start(pod.line(container, ["--server", address])))
                expect(ended, 0, expected if container["name"] == "run" else "")
    finally:
        server.terminate()


for part in (page, cronjob):
    with tempfile.TemporaryDirectory() as folder:
        part(Host(pathlib.Path(folder)))
print(f"{ROOT}: the commands of docs/container.md and the CronJob work")
