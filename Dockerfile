# The image has the static program of a release and nothing else: no shell, no package manager. `.ci/image` makes the folder
# target/image/ from an archive of a release, builds the image and tries it. docs/container.md says how to use it.
FROM scratch
COPY target/image/wf-bulk /wf-bulk
COPY target/image/licenses/ /licenses/
# A new volume takes its owner from this folder.
COPY --chown=65532:65532 target/image/state/ /state/
# Here are the runs (/state/.wf-bulk), the lock of each server (/state/wf-bulk) and files without a name while a command runs.
# Nothing else is written, so the root file system can be read-only.
ENV XDG_STATE_HOME=/state TMPDIR=/state
WORKDIR /state
VOLUME ["/state"]
# A number: Kubernetes can check that it is not root.
USER 65532:65532
ENTRYPOINT ["/wf-bulk"]
