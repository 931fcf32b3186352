#!/usr/bin/env bash
# Finds the plan that was approved for the merged commit, and what an earlier job has left. All that apply.sh
# and told.sh need is in `kept/` afterwards, and the plan in `plan/`.
# shellcheck source=docs/ci/shared/lib.sh
. "$(dirname "$0")/lib.sh"
rm -rf kept plan earlier earlier.parts earlier.zip
mkdir kept plan
change=$(merged_change)
[[ $change =~ ^[0-9]+$ ]] || refuse 'this commit is the merge of no pull or merge request, or of several. If it is new, run this job again'
facts >kept/facts.json
fact() {
    jq -r ".$1" kept/facts.json
}
[[ $(fact foreign) == false ]] || refuse 'the pull or merge request comes from a fork'
head=$(fact head)

first_line=$(plan_comment | jq -r '.body | split("\n")[0] | rtrimstr("\r")')
pattern="^${marker}job=([0-9.]+) sha256=([0-9a-f]{64}|none|failed) -->$"
[[ $first_line =~ $pattern ]] || refuse 'there is no plan: no comment of the planning job'
job=${BASH_REMATCH[1]} sha256=${BASH_REMATCH[2]}
[[ $sha256 != failed ]] || refuse 'there is no plan: planning failed'
made_for "$job" "$head" || refuse 'the plan in the comment was not made of the commit that was merged'
approvals=
if [[ $sha256 != none ]]; then
    approvals=$(approvals "$sha256" "$(fact author_id)")
    [[ -n $approvals ]] || refuse "no approval has the approval line as its first line: wf-bulk: apply $sha256" \
        '(the last comment of a person who may approve, who is not the author, and has not edited it)'
    echo "approved by $approvals: the plan $sha256 of job $job"
fi
printf '%s' "$approvals" >kept/approvals

earlier=$(attempts apply)
for attempt in $earlier; do
    if ! earlier_folder "$attempt"; then
        # It may have changed something. The ledger knows whether it is finished; without one, nothing is done.
        [[ -n ${WF_BULK_LEDGER-} && $sha256 != none ]] || refuse "job $attempt began, and its run folder is lost. Next: look at what its run" \
            'did; then make a new pull or merge request. If the playbook is not idempotent, first leave out of its selection' \
            'what is done'
        break
    fi
    runs=(earlier/state/runs/*)
    if [[ -e ${runs[0]} ]]; then
        # Who can edit the comment must not make a run that began disappear.
        [[ $sha256 != none ]] || refuse "job $attempt has begun a run, and the comment says that its plan has no changes." \
            'Next: run the planning job again, and approve its plan; then run this job again'
        # apply.sh goes on with one that is of the approved plan, and there is one alone.
        ((${#runs[@]} == 1)) || refuse "the state folder of job $attempt has more than one run"
        mv earlier/state kept/state
        break
    fi
done
if [[ $sha256 != none && ! -e kept/state ]]; then
    code=0
    fetch_plan "$job" plan/review.plan || code=$?
    case $code in
        0) ;;
        4)
            refuse "the plan of job $job is gone. Next: run the planning job again; write its new approval line;" \
                'then run this job again'
            ;;
        *) refuse "the plan of job $job could not be fetched. Next: run this job again" ;;
    esac
fi
# The last file: apply.sh does nothing without it.
echo "$sha256" >kept/sha256
