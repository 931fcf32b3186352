#!/usr/bin/env bash
# Builds wf-bulk from one commit of its repository, unless the cache has it: `.wf-bulk-program/bin/wf-bulk`. In a
# container it also installs what the scripts need.
set -euo pipefail
if [[ ! ${WF_BULK_COMMIT-} =~ ^[0-9a-f]{40}$ ]]; then
    echo 'WF_BULK_COMMIT must be the full id of a commit: a branch or a tag can be moved' >&2
    exit 1
fi
program=.wf-bulk-program
committed=$(git ls-files "$program")
if [[ -n $committed ]]; then
    echo "$program is in the repository: only the cache may hold it" >&2
    exit 1
fi
if ! type -P jq unzip >/dev/null; then apt-get update -qq && apt-get install -qq --yes jq unzip >/dev/null; fi
[[ ! -x $program/bin/wf-bulk ]] || exit 0
# Outside of this repository, whose files may configure cargo and rustup, and without a token.
program=$PWD/$program
source=$(mktemp -d)
cd "$source"
git init --quiet
git fetch --quiet --depth 1 -- "$WF_BULK_REPOSITORY" "$WF_BULK_COMMIT"
git checkout --quiet "$WF_BULK_COMMIT"
env -u EPILOT_TOKEN -u EPILOT_PLAN_TOKEN -u EPILOT_APPLY_TOKEN -u WF_BULK_GITLAB_TOKEN -u WF_BULK_LEDGER_TOKEN \
    cargo install --locked --root "$program" --path .
rm -rf "$source"
