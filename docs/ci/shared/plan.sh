#!/usr/bin/env bash
# Plans the playbook that differs from the commit BASE, and shows the plan in one comment that is kept up to date. Writes
# nothing to the service. It leaves `review/` for an artifact.
#
#   plan.sh BASE
# shellcheck disable=SC2329 # The trap calls them.
# shellcheck source=docs/ci/shared/lib.sh
. "$(dirname "$0")/lib.sh"
base=$1 digest=failed state='' playbook=''
# The checkout holds what the author of the request likes, such as links: nothing is written over it.
work=$(mktemp -d)
rm -rf review
mkdir review
echo "${head:?}" >review/commit

# Text of other people, as one line of code.
quoted() {
    # shellcheck disable=SC2016
    printf '`%s`' "$(head -n 1 <<<"$1" | tr -d '`\r' | cut -c 1-200)"
}

origin() {
    local ticket
    printf 'Asked for by %s: %s' "$(quoted "$(jq -r .author "$work"/facts)")" "$(quoted "$(jq -r .title "$work"/facts)")"
    ticket=$(jq -r .body "$work"/facts | grep -im 1 '^ticket:' || true)
    if [[ -n $ticket ]]; then printf ', %s' "$(quoted "$ticket")"; fi
    printf '. Playbook: %s.\n\n' "$(quoted "$playbook")"
}

manner() {
    jq -r '"Idempotent: " + (if .idempotent then "yes" else
        "**no**" + (if .not_idempotent == [] then "" else " (\(.not_idempotent | join(", ")))" end)
        + ". Planned and applied once more, it changes the same targets again" end)
      + ". To be applied before \(.made_at | sub("[.][0-9]+Z$"; "Z") | fromdate + 7 * 86400 | todate).\n"' "$work"/json
}

text() {
    # The first line is for approved.sh.
    echo "${marker}job=${own_job:?} sha256=$digest -->"
    if [[ -n $playbook ]]; then origin; fi
    case $state:$digest in
        unseen:*) echo '**Nothing was scanned**: the selection finds no execution, so this plan checks nothing. Correct the selection.' ;;
        refused:*)
            cat "$work"/md
            printf '\n---\n**This plan is refused**, so there is nothing to approve: correct what is said above, and push.\n'
            ;;
        empty:*)
            cat "$work"/md
            printf '\nThere is nothing to change, so nothing will be applied.\n'
            ;;
        *:none)
            printf '**No playbook was planned**: none is added or changed, and none names a changed file. '
            printf 'So nothing will be applied. A playbook that is removed or reverted undoes nothing.\n'
            ;;
        *:failed) echo "**There is no plan**, so nothing can be applied. [What went wrong](${log_url:?})" ;;
        *)
            manner
            cat "$work"/md
            printf '\n---\nAs a file and as a page: an artifact of [this job](%s). ' "$log_url"
            printf 'To have it applied after the merge, **approve, and write a comment with this approval line as its first line**:\n\n'
            printf '    wf-bulk: apply %s\n' "$digest"
            ;;
    esac
}

# Shows how far it came, also after an error: the comment does not go on showing an earlier plan.
show() {
    local code=$?
    trap - EXIT
    facts >"$work"/facts
    if [[ $(jq -r .head "$work"/facts) != "$head" ]]; then
        echo 'a newer commit was pushed: its plan is the one to show' >&2
        exit 1
    fi
    # A line that begins with a slash would be a command for GitLab.
    text | sed 's|^\([[:space:]]*\)/|\1\\/|' >"$work"/comment
    write_comment "$work"/comment
    exit "$code"
}
trap show EXIT

fail() {
    echo "$*" >&2
    exit 1
}

git diff -z --name-only --diff-filter=AMRT "$base" HEAD -- 'playbooks/*.yaml' 'playbooks/*.yml' >"$work"/playbooks
mapfile -d '' -t playbooks <"$work"/playbooks
((${#playbooks[@]} < 2)) || fail 'more than one playbook is added or changed: make a pull or merge request for each'
# Where only other files are changed, such as rows or a calendar: the playbook that names one of them.
if ((${#playbooks[@]} == 0)); then
    git diff -z --name-only --no-renames "$base" HEAD -- playbooks/ >"$work"/files
    while IFS= read -r -d '' candidate; do
        while IFS= read -r -d '' file; do
            # Two lines would be two patterns, and an empty one is in every file.
            [[ $file != *$'\n'* ]] || fail 'the name of a changed file has a line break: rename it'
            if [[ -f $candidate ]] && sed 's/^[[:space:]]*#.*//' "$candidate" | grep -qF -e "${file##*/}"; then
                playbooks+=("$candidate")
                break
            fi
        done <"$work"/files
    done < <(git ls-files -z -- 'playbooks/*.yaml' 'playbooks/*.yml')
    ((${#playbooks[@]} < 2)) ||
        fail 'more than one playbook names a file that is changed: change the playbook that is to be planned, too'
fi
if ((${#playbooks[@]} == 0)); then
    digest=none
    exit
fi
[[ ${playbooks[0]} =~ ^playbooks/[A-Za-z0-9._/-]+$ ]] ||
    fail 'the name of the playbook may have letters, digits and . _ - / alone'
playbook=${playbooks[0]}
[[ ! -L $playbook ]] || fail 'the playbook is a link: add the file itself'

code=0
wf-bulk plan "$playbook" -o review/review.plan --detailed-exitcode >/dev/null || code=$?
# 3: something could not be planned, 4: a guard does not hold. There is a plan to look at all the same.
case $code in
    0 | 2 | 3 | 4) ;;
    *) exit "$code" ;;
esac
wf-bulk show review/review.plan --format markdown >"$work"/md
wf-bulk show review/review.plan --format html >review/review.html
wf-bulk show review/review.plan --json >"$work"/json
# A plan that is refused is not to be approved, and one that has looked at nothing says nothing. Rejected items that the
# playbook allows (3) are in the plan for its reader.
state=$(jq -r 'if .changes == 0 and .scanned == 0 and .rejected == 0 then "unseen"
    elif (.refused | length) > 0 then "refused" elif .changes == 0 then "empty" else "good" end' "$work"/json)
case $state in
    empty) digest=none ;;
    good)
        digest=$(sha256sum review/review.plan)
        digest=${digest%% *}
        ;;
    *)
        echo "this plan can't be applied: exit code $code" >&2
        exit $((code > 2 ? code : 1))
        ;;
esac
exit 0
