#!/usr/bin/env bash
# Runs a playbook every night, with the token that can write in EPILOT_TOKEN: first what an earlier night has left of it,
# then the playbook itself. The state folder goes from night to night, in `kept/`.
#
#   night.sh PLAYBOOK
# shellcheck source=docs/ci/shared/lib.sh
. "$(dirname "$0")/lib.sh"
# What was committed under these names is no folder of a run.
rm -rf kept/state kept/anew earlier earlier.parts earlier.zip
mkdir -p kept
export EPILOT_TOKEN=${EPILOT_TOKEN-}
# shellcheck source=docs/ci/shared/ledger.sh
. "$(dirname "$0")/ledger.sh"
earlier=$(attempts night)
for attempt in $earlier; do
    if ! earlier_folder "$attempt"; then
        # The ledger knows whether its run is finished. Without one, a person has to look.
        [[ -z ${WF_BULK_LEDGER-} ]] || break
        touch kept/anew
        refuse "the state folder of job $attempt is lost. Next: look at what it did. The next night begins with an empty one"
    fi
    if [[ -e earlier/state ]]; then
        mv earlier/state kept/state
        wf-bulk prune --keep 30d --yes --state-dir kept/state
    elif [[ ! -e earlier/anew ]]; then
        continue
    fi
    break
done
code=0
child wf-bulk resume --last --playbook "$1" --state-dir kept/state || code=$?
# 5: somebody changed or deleted something meanwhile. It was left alone; this night plans it anew.
case $code in
    0 | 5) ;;
    *) exit "$code" ;;
esac
# exec: a cancelled job signals this process, and it must be wf-bulk.
exec wf-bulk run "$1" --state-dir kept/state --yes --reason nightly --link "${log_url:?}" --actor "${starter:?}"
