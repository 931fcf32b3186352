# What the jobs on GitLab and on Azure DevOps have in common. docs/ci.md of wf-bulk explains it.
# shellcheck shell=bash
set -euo pipefail
shopt -s inherit_errexit
umask 077
PATH=$PWD/.wf-bulk-program/bin:$PATH

# The first line of the comment that shows a plan begins with this.
marker='<!-- wf-bulk-plan '

# Ends the job; told.sh repeats it.
refuse() {
    echo "Nothing is applied: $*." | tee kept/refused >&2
    exit 1
}

# request METHOD URL [FILE]: one request to the platform, with FILE as its body. curl reads the token from a pipe, so it is
# in no list of processes, and does not send it to another server that an answer leads to.
request() {
    local method=$1 url=$2 protocols='=https' body=()
    [[ ${token:?} =~ ^[A-Za-z0-9._~+/=-]+$ ]] || { echo "the platform's token is missing or is none" >&2 && return 1; }
    if [[ $url =~ ^http://(127\.0\.0\.1|localhost):[0-9]+/ ]]; then protocols='=http,https'; fi
    if (($# > 2)); then body=(--header 'content-type: application/json' --data-binary "@$3"); fi
    # Only what reads is sent again.
    if [[ $method == GET ]]; then body+=(--retry 3); fi
    curl --silent --show-error --fail --globoff --location --proto "$protocols" --connect-timeout 20 --max-time 600 \
        --config <(printf 'header = "authorization: Bearer %s"\n' "$token") --request "$method" "${body[@]}" -- "$url"
}

# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/api.sh"

# The comment that shows the plan, as {id, body}; nothing if there is none. Another user's comment is no such comment.
plan_comment() {
    comments | jq --arg marker "$marker" 'map(select(.own and (.body | startswith($marker))))[0] // empty | {id, body}'
}

# approvals DIGEST AUTHOR: the people who have approved it. The last comment of each person counts. As its first line, the
# line stands in no quotation, no code and no hidden text. A comment that was edited may be the text of another person.
approvals() {
    local candidates person login found=''
    candidates=$(comments | jq -r --arg line "wf-bulk: apply $1" --arg author "$2" '
        map(select(.human and (.own | not) and .person != $author)) | group_by(.person) | map(last) | .[]
        | select((.edited | not) and (.body | split("\n")[0] // "" | rtrimstr("\r")) == $line) | "\(.person) \(.login)"')
    while read -r person login; do
        if [[ -n $person ]] && may_approve "$person"; then found+="${found:+, }$login"; fi
    done <<<"$candidates"
    echo "$found"
}
