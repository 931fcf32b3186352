"""Stands in for `docker compose`: --file FILE, then `up --detach --build`, `run --rm SERVICE ARGUMENT...` or `down`.

WF_BULK_ROOT is a folder with the files of the image, WF_BULK_TEMPORAL one with those of Temporal's, WF_BULK_VOLUMES the one for
named volumes and logs. All containers use the network of this process: they must share one. A key that is not known here is an error.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import yaml

import containers

KEYS = """build cap_drop command depends_on deploy environment healthcheck image network_mode ports profiles read_only restart security_opt
stop_grace_period tmpfs volumes""".split()

# Temporal's development server, as the Dockerfile of its repository says.
TEMPORAL = {"user": "1000:1000", "entrypoint": ["/temporal"], "environment": {"HOME": "/home/temporal"}}


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text)[1])


class Service:
    def __init__(self, name, said, folder):
        unknown = [key for key in said if key not in KEYS]
        if unknown:
            sys.exit(f"compose.py: {name}: {unknown} is not known")
        if not said.get("read_only") or said.get("cap_drop") != ["ALL"] or said.get("security_opt") != ["no-new-privileges:true"]:
            sys.exit(f"compose.py: {name} is not confined")
        self.name, self.said, self.folder = name, said, folder
        self.patience = seconds(said.get("stop_grace_period", "10s"))

    def image(self):
        name, _, tag = self.said["image"].partition(":")
        if name == "wf-bulk":
            assert tag == f"{containers.version()}-temporal", tag
            build = self.said["build"]
            assert (self.folder / build["context"] / build["dockerfile"]).is_file(), build
            return containers.wf_bulk(pathlib.Path(os.environ["WF_BULK_ROOT"]))
        root = pathlib.Path(os.environ["WF_BULK_TEMPORAL"])
        version = subprocess.run([root / "temporal", "--version"], capture_output=True, text=True, check=True).stdout
        assert name == "temporalio/temporal" and f" {tag} " in version, f"{self.said['image']}, but it is {version}"
        return containers.Image(root, **TEMPORAL)

    def line(self, image, arguments):
        mounts = [(place, None, True) for place in self.said.get("tmpfs", [])]
        for volume in self.said.get("volumes", []):
            source, place, *mode = volume.split(":")
            folder = self.folder / source
            if "/" not in source:
                folder = pathlib.Path(os.environ["WF_BULK_VOLUMES"]) / source
                folder.mkdir(mode=0o700, exist_ok=True)
            mounts.append((place, folder.resolve(strict=True), mode != ["ro"]))
        missing = set(image.volumes) - {place for place, *_ in mounts}
        assert not missing, f"{self.name}: {missing} is not mounted"
        return containers.line(image, mounts, self.said.get("environment", {}), arguments)

    def start(self):
        log = (pathlib.Path(os.environ["WF_BULK_VOLUMES"]) / f"{self.name}.log").open("a")
        line = self.line(self.image(), self.said["command"])
        return containers.Container(line, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait_until_healthy(self):
        check = self.said["healthcheck"]
        word, program, *arguments = check["test"]
        assert word == "CMD", check
        image = self.image()
        image.entrypoint = [program]
        for _ in range(check["retries"]):
            asked = subprocess.run(self.line(image, arguments), capture_output=True, timeout=seconds(check["timeout"]))
            if asked.returncode == 0:
                return
            time.sleep(seconds(check["interval"]))
        sys.exit(f"compose.py: {self.name} is not healthy")


class Project:
    def __init__(self, file):
        said = yaml.safe_load(file.read_text())
        self.services = {name: Service(name, service, file.parent.resolve()) for name, service in said["services"].items()}
        for service in self.services.values():
            for name in {volume.split(":")[0] for volume in service.said.get("volumes", [])}:
                assert "/" in name or name in said["volumes"], f"{name} is no volume"
        networks = [service.said.get("network_mode") for service in self.services.values()]
        (owner,) = (service.name for service in self.services.values() if "network_mode" not in service.said)
        assert set(networks) == {None, f"service:{owner}"}, networks

    def ordered(self):
        """Those that are started, with what each of them waits for before it."""
        left = [service for service in self.services.values() if "profiles" not in service.said]
        while left:
            done = [service for service in left if not {other.name for other in left}.intersection(self.waits_for(service))]
            yield from done
            left = [service for service in left if service not in done]

    def waits_for(self, service):
        # The owner of the network is there before those that use it.
        network = service.said.get("network_mode", ":").partition(":")[2]
        return dict.fromkeys(filter(None, [network]), {}) | service.said.get("depends_on", {})

    def work(self):
        """Starts all containers, keeps them running until SIGTERM, and ends them."""
        running, leaving = [], []
        signal.signal(signal.SIGTERM, lambda *_: leaving.append(True))
        for service in self.ordered():
            for name, condition in self.waits_for(service).items():
                if condition.get("condition") == "service_healthy":
                    self.services[name].wait_until_healthy()
            for _ in range(service.said.get("deploy", {}).get("replicas", 1)):
                running.append((service, service.start()))
        print("started", flush=True)
        while not leaving:
            time.sleep(0.1)
            for at, (service, container) in enumerate(running):
                if container.process.poll() and service.said.get("restart") == "on-failure":
                    running[at] = (service, service.start())
        ended = [(service.name, container.stop(service.patience)) for service, container in reversed(running)]
        part = pathlib.Path(os.environ["WF_BULK_VOLUMES"]) / "ended.part"
        part.write_text(json.dumps(ended))
        part.rename(part.with_suffix(".json"))


def main(arguments):
    assert arguments[0] == "--file", arguments
    file, command, *words = arguments[1:]
    volumes = pathlib.Path(os.environ["WF_BULK_VOLUMES"])
    work, ended = volumes / "compose.pid", volumes / "ended.json"
    match command, words:
        case "up", ["--detach", "--build"]:
            words = [sys.executable, __file__, "--file", file, "work"]
            log = (volumes / "compose.log").open("w")
            process = subprocess.Popen(words, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
            work.write_text(str(process.pid))
            return 0 if process.stdout.readline() else process.wait() or 1
        case "work", []:
            return Project(pathlib.Path(file)).work()
        case "run", ["--rm", name, *rest]:
            service = Project(pathlib.Path(file)).services[name]
            container = containers.Container(service.line(service.image(), rest))
            signal.signal(signal.SIGTERM, lambda number, _: container.signal(number))
            return container.process.wait()
        case "down", []:
            os.kill(int(work.read_text()), signal.SIGTERM)
            while not ended.exists():
                time.sleep(0.1)
            return 0
    sys.exit(f"compose.py: {command} {words} is not known")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
