"""Starts the containers of a pod of Kubernetes as the cluster would, by bubblewrap, and refuses a pod that is not confined."""

import os
import pathlib
import re
import shutil

import containers


def projected(folder, files):
    """A ConfigMap or a Secret as Kubernetes mounts it: links to links to the files, which are another user's, and which its group can read."""
    (folder / "..1").mkdir(parents=True)
    (folder / "..data").symlink_to("..1")
    for file in files:
        shutil.copyfile(file, folder / "..1" / file.name)
        if os.geteuid() == 0:
            (folder / "..1" / file.name).chmod(0o440)
            os.chown(folder / "..1" / file.name, 1, -1)
        else:
            (folder / "..1" / file.name).chmod(0o400)
        (folder / file.name).symlink_to(f"..data/{file.name}")
    return folder


class Pod:
    """A pod on the files of an image. `sources` has a folder for each ConfigMap, Secret and PersistentVolumeClaim, `settings` the values of
    each ConfigMap."""

    def __init__(self, spec, image, folder, sources, settings=None):
        user, group = image.user.split(":")
        security = spec["securityContext"]
        assert security["runAsNonRoot"] and (str(security["runAsUser"]), str(security["runAsGroup"])) == (user, group), security
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, security
        assert spec["automountServiceAccountToken"] is False and spec["enableServiceLinks"] is False, spec
        self.spec, self.image, self.folder, self.sources, self.settings = spec, image, folder, sources, settings or {}

    def containers(self):
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    def line(self, container, extra=()):
        """The words that start one of its containers, with further arguments."""
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"], security
        assert security["capabilities"] == {"drop": ["ALL"]}, security
        assert container["image"].rpartition("/")[2].startswith(f"wf-bulk:{containers.version()}"), container["image"]
        assert container["resources"]["requests"]["cpu"] and container["resources"]["limits"]["memory"], container["resources"]
        environment = {}
        for source in container.get("envFrom", []):
            environment |= self.settings[source["configMapRef"]["name"]]
        for it in container.get("env", []):
            reference = it["valueFrom"]["secretKeyRef"]
            file = self.folder_of(reference) / reference["key"]
            assert file.exists() or reference["optional"], reference
            environment |= {it["name"]: file.read_text()} if file.exists() else {}
        # Kubernetes replaces $(NAME) in the arguments.
        arguments = [re.sub(r"\$\((\w+)\)", lambda match: environment[match[1]], word) for word in container["args"]]
        mounts = [(it["mountPath"], self.volume(it["name"]), not it.get("readOnly")) for it in container["volumeMounts"]]
        assert {place for place, *_ in mounts}.issuperset(self.image.volumes), mounts
        return containers.line(self.image, mounts, environment, [*arguments, *extra])

    def volume(self, name):
        (volume,) = (it for it in self.spec["volumes"] if it["name"] == name)
        match volume:
            case {"configMap": source} | {"secret": source} | {"persistentVolumeClaim": source}:
                return self.folder_of(source)
            case {"emptyDir": {"sizeLimit": _}}:
                return self.empty(name)
        raise AssertionError(volume)

    def folder_of(self, reference):
        """What is mounted for a reference to a ConfigMap, a Secret or a PersistentVolumeClaim."""
        name = next(reference[key] for key in ("name", "secretName", "claimName") if key in reference)
        return self.sources[name] if name in self.sources or not reference.get("optional") else self.empty(name)

    def empty(self, name):
        folder = pathlib.Path(self.folder) / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder
