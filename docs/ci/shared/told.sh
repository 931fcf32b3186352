#!/usr/bin/env bash
# Says in the log and in the request how the job ended.
# shellcheck source=docs/ci/shared/lib.sh
. "$(dirname "$0")/lib.sh"
[[ -s kept/facts.json ]] || exit 0
# shellcheck disable=SC2034 # For api.sh.
change=$(jq -r .number kept/facts.json)
ended='Nothing was applied, or it was cut off: the log and the run folder say more.'
if [[ -s kept/refused ]]; then
    ended=$(<kept/refused)
elif [[ -s kept/sha256 && $(<kept/sha256) == none ]]; then
    ended='Nothing was applied: the comment says that the plan has no changes.'
elif [[ -s kept/result.json ]] && jq -e 'has("errors") | not' kept/result.json >/dev/null; then
    ended=$(jq -r '"\(.planned) planned = " + (.outcomes | to_entries | map(select(.value > 0) | "\(.value) \(.key)")
        | join(" + "))' kept/result.json)
fi
echo "$ended"
printf '**wf-bulk apply** ([log](%s)):\n\n%s\n' "${log_url:?}" "$ended" >told.comment
put_comment '' told.comment >/dev/null
