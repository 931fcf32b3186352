#!/usr/bin/env bash
# Applies what approved.sh has found, with the token that can write in EPILOT_TOKEN. Knows nothing of the platform.
set -euo pipefail
umask 077
PATH=$PWD/.wf-bulk-program/bin:$PATH
sha256=$(<kept/sha256)
if [[ $sha256 == none ]]; then
    echo 'there is nothing to change'
    exit 0
fi
# Azure leaves the name of a variable that does not exist.
if [[ -z ${EPILOT_TOKEN-} || $EPILOT_TOKEN == \$* ]]; then
    echo 'nothing is applied: this job has no token that can write. Add it, and run this job again' >&2
    exit 1
fi
export EPILOT_TOKEN
# shellcheck source=docs/ci/shared/ledger.sh
. "$(dirname "$0")/ledger.sh"
fact() {
    jq -r ".$1" kept/facts.json
}
approvals=$(<kept/approvals)
# exec: a cancelled job signals this process, and it must be wf-bulk.
runs=(kept/state/runs/*)
# One that has come to its end gives its result and its exit code again.
if [[ -e ${runs[0]} ]]; then
    exec wf-bulk resume "${runs[0]##*/}" --approved "$sha256" --state-dir kept/state --json >kept/result.json
fi
exec wf-bulk apply plan/review.plan --approved "$sha256" --state-dir kept/state --yes --json \
    --reason "request $(fact number)" --actor "$(fact merged_by)" --approved-by "$approvals" --link "$(fact url)" \
    >kept/result.json
