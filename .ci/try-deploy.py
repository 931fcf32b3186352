"""Tries the files in deploy/ on the files of an image with the feature for Temporal, in a folder, and on Temporal's program:
try-deploy.py FOLDER TEMPORAL MANIFESTS

The commands of docs/scale-out.md are run; .ci/docker.py stands in for `docker compose`. The pods of the manifests, which are those of
deploy/kubernetes after `kubectl kustomize`, are started as Kubernetes would, and one of the workers is stopped in the middle of a run.
What was changed is read from the sandbox's ledger.
"""

import base64
import collections
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

import yaml

import containers
import pods
import tls_proxy

HERE = pathlib.Path(__file__).resolve().parent
DEPLOY = containers.REPOSITORY / "deploy"
ROOT, TEMPORAL, MANIFESTS = (pathlib.Path(word).resolve() for word in sys.argv[1:4])

# As the files in deploy/ say it.
ENGINE = "temporal://127.0.0.1:7233/default"
ENGINE_BY_TLS = "temporal://localhost:7243/default"
SERVER = "http://127.0.0.1:8080"

# The user that the image of Temporal knows.
PASSWD = "temporal:x:1000:1000::/home/temporal:/bin/sh\n"


def dockerfiles():
    """From the sources comes the same image as from an archive."""
    archive, sources = (containers.instructions(folder / "Dockerfile") for folder in (containers.REPOSITORY, DEPLOY))
    sources = [(word, rest.replace("--from=build ", "").replace("/source/", "target/")) for word, rest in sources]
    assert archive == sources, (archive, sources)


class Host:
    """A machine with Docker and a clone, where a person sits."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("bin", "volumes", "temporal/etc"):
            (folder / name).mkdir(parents=True)
        shutil.copyfile(TEMPORAL, folder / "temporal/temporal")
        (folder / "temporal/temporal").chmod(0o755)
        (folder / "temporal/etc/passwd").write_text(PASSWD)
        # Docker mounts it over nothing.
        (folder / "temporal/etc/hosts").touch()
        self.environment = os.environ | {
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
            "WF_BULK_ROOT": str(ROOT),
            "WF_BULK_TEMPORAL": str(folder / "temporal"),
            "WF_BULK_VOLUMES": str(folder / "volumes"),
        }
        docker = folder / "bin/docker"
        docker.write_text(f'#!/bin/sh\nexec {sys.executable} {HERE}/docker.py "$@"\n')
        docker.chmod(0o755)

    def run(self, words):
        return subprocess.run(words, cwd=containers.REPOSITORY, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)

    def compose(self, *words, file=DEPLOY / "compose.yaml"):
        return self.run(["docker", "compose", "--file", str(file), *words])

    def logs(self):
        return "\n".join(f"-- {log.name}\n{log.read_text()[-2000:]}" for log in sorted(self.folder.glob("**/*.log")))


def expect(host, ended, text):
    said = f"{ended.stdout}{ended.stderr}"
    if ended.returncode != 0 or text not in said:
        sys.exit(f"exit code {ended.returncode} and no {text!r}, but 0:\n{said}\n{host.logs()}")
    return said


@contextlib.contextmanager
def stopped_at_the_end(host, file=DEPLOY / "compose.yaml"):
    """Ends what was started, also after a failure. Each container has to end by itself, and in its time."""
    try:
        yield
    finally:
        host.compose("down", file=file)
    ended = json.loads((host.folder / "volumes/ended.json").read_text())
    # 0 of the workers: their groups were given back. The others have nothing to finish.
    assert [(name, code) for name, code in ended if name == "worker" and code != 0] == [], ended


def effects():
    """How often each target was changed by a request, by the sandbox's ledger."""
    with urllib.request.urlopen(f"{SERVER}/_sandbox/ledger") as answer:
        made = [effect for effect in json.load(answer)["effects"] if effect["request"] is not None]
    return collections.Counter(f"{effect['execution']}/{effect['target']}" for effect in made)


def once(planned):
    made = effects()
    assert len(made) == planned and set(made.values()) == {1}, made


def compose():
    """The two commands of the page."""
    page = (containers.REPOSITORY / "docs/scale-out.md").read_text()
    (block,) = (it for it in re.findall("```sh\n(.*?)```", page, re.S) if "docker compose" in it)
    commands = [line for line in block.replace("\\\n", " ").splitlines() if line.startswith("docker compose")]
    with tempfile.TemporaryDirectory() as folder:
        host = Host(pathlib.Path(folder))
        with stopped_at_the_end(host):
            for command in commands[:-1]:
                expect(host, host.run(["bash", "-euc", command]), "")
            said = expect(host, host.run(["bash", "-euc", commands[-1]]), "137 planned = 137 applied")
            assert f"is at the engine {ENGINE}" in said, said
            once(137)


def kubernetes():
    """Two workers and the job of a night. One of the workers is stopped in the middle of the run."""
    documents = list(yaml.safe_load_all(MANIFESTS.read_text()))
    deployment, cronjob = (next(it for it in documents if it["kind"] == kind)["spec"] for kind in ("Deployment", "CronJob"))
    worker, job = deployment["template"]["spec"], cronjob["jobTemplate"]["spec"]["template"]["spec"]
    with tempfile.TemporaryDirectory() as folder:
        host = Host(pathlib.Path(folder))
        token = host.folder / "token"
        token.write_text("sandbox\n")
        secret = tls_proxy.certificates(host.folder / "certificates")
        (secret / "payload.key").write_text(base64.b64encode(os.urandom(32)).decode())
        (secret / "api-key").write_text("made-up\n")
        files = [secret / name for name in ("ca.crt", "tls.crt", "tls.key", "payload.key", "api-key")]
        sources = {"wf-bulk-token": pods.projected(host.folder / "secret", [token]), "wf-bulk-engine": pods.projected(host.folder / "engine", files)}
        settings = {}
        for it in (it for it in documents if it["kind"] == "ConfigMap"):
            settings[it["metadata"]["name"]] = it["data"]
            for name, text in it["data"].items():
                (host.folder / "data").mkdir(exist_ok=True)
                (host.folder / "data" / name).write_text(text)
            files = [host.folder / "data" / name for name in it["data"]]
            sources[it["metadata"]["name"]] = pods.projected(host.folder / it["metadata"]["name"], files)
        (ours,) = (values for values in settings.values() if "WF_BULK_ENGINE" in values)
        # As somebody would edit it. There is no epilot here.
        ours |= {"WF_BULK_ENGINE": ENGINE_BY_TLS, "WF_BULK_SERVER": SERVER} | settings_in_comments()
        (file := host.folder / "compose.yaml").write_text(without_workers())
        with stopped_at_the_end(host, file):
            expect(host, host.compose("up", "--detach", "--build", file=file), "")
            tls_proxy.serve(secret, 7243, 7233)
            image = containers.wf_bulk(ROOT)
            running = []
            for replica in range(deployment["replicas"]):
                pod = pods.Pod(worker, image, host.folder / f"worker{replica}", sources, settings)
                (container,) = pod.containers()
                log = (host.folder / f"worker{replica}.log").open("w")
                running.append(containers.Container(pod.line(container), stdin=subprocess.DEVNULL, stdout=log, stderr=log))
            expect_bundled_authorities(host, worker, image, sources, settings)
            pod = pods.Pod(job, image, host.folder / "job", sources, settings)
            said = "".join(expect(host, host.run(pod.line(container)), "") for container in pod.containers())
            assert f"is at the engine {ENGINE_BY_TLS}" in said, said
            planned = int(re.search(r"(\d+) changes", said)[1])
            wait(host, lambda: sum(effects().values()) > 10)
            leaving, staying = running
            expect_little_memory(worker, leaving)
            before = sum(effects().values())
            assert before < planned, "the run was over before the worker was stopped"
            assert leaving.stop(worker["terminationGracePeriodSeconds"]) == 0, host.logs()
            wait(host, lambda: sum(effects().values()) == planned)
            time.sleep(1)
            once(planned)
            assert staying.stop(worker["terminationGracePeriodSeconds"]) == 0, host.logs()


def expect_little_memory(spec, running):
    """The limit of the pod is two times what a worker takes, or more."""
    (limit,) = (int(re.fullmatch(r"(\d+)Mi", it["resources"]["limits"]["memory"])[1]) for it in spec["containers"])
    peak = int(re.search(r"VmHWM:\s*(\d+) kB", pathlib.Path(f"/proc/{running.program}/status").read_text())[1]) / 1024
    assert peak * 2 < limit, f"a worker takes {peak:.0f} MiB, and the limit is {limit} MiB"
    print(f"a worker takes {peak:.0f} MiB")


def expect_bundled_authorities(host, spec, image, sources, settings):
    """The image has no certificates. An engine is checked with those in the program, which do not know this one."""
    without = {name: {key: value for key, value in values.items() if "TLS" not in key} for name, values in settings.items()}
    without = {name: values | {"WF_BULK_ENGINE_TLS_SERVER_NAME": "localhost"} for name, values in without.items()}
    pod = pods.Pod(spec, image, host.folder / "stranger", sources, without)
    ended = host.run(pod.line(*pod.containers()))
    assert ended.returncode != 0 and "UnknownIssuer" in ended.stderr and "--engine-tls-ca" in ended.stderr, ended


def settings_in_comments():
    """What the kustomization says of a connection that needs more."""
    found = re.findall(r"# - (WF_BULK_\w+)=(.*)", (DEPLOY / "kubernetes/kustomization.yaml").read_text())
    assert len(found) == 4, found
    return dict(found)


def without_workers():
    """The engine and the sandbox of compose.yaml."""
    said = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    said["services"] = {name: said["services"][name] for name in ("engine", "sandbox")}
    said["services"]["sandbox"]["build"]["context"] = str(containers.REPOSITORY)
    return yaml.safe_dump(said)


def wait(host, until):
    for _ in range(600):
        if until():
            return
        time.sleep(0.1)
    sys.exit(f"it takes too long: {effects()}\n{host.logs()}")


if "--inside" not in sys.argv:
    # A network of its own: the ports of the files are free there, and nothing is reached but this machine.
    alone = ["bwrap", "--dev-bind", "/", "/", "--unshare-net", "--die-with-parent", sys.executable, *sys.argv, "--inside"]
    sys.exit(subprocess.run(alone).returncode)
for part in (dockerfiles, compose, kubernetes):
    part()
print(f"{ROOT}: the commands of docs/scale-out.md and the pods of deploy/kubernetes work")
