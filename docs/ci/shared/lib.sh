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

# request METHOD URL [FILE]: one request to the platform, with FILE as its body. 4, if what it asks for does not exist. The
# method READ is a POST that only reads. curl reads the token from a pipe, so it is in no list of processes, and does not
# send it to another server that an answer leads to.
request() {
    local method=$1 url=$2 protocols='=https' body=() code=0 answer status
    [[ ${token:?} =~ ^[A-Za-z0-9._~+/=-]+$ ]] || { echo "the platform's token is missing or is none" >&2 && return 1; }
    if [[ $url =~ ^http://(127\.0\.0\.1|localhost):[0-9]+/ ]]; then protocols='=http,https'; fi
    if (($# > 2)); then body=(--header 'content-type: application/json' --data-binary "@$3"); fi
    # Only what reads is sent again.
    if [[ $method == GET || $method == READ ]]; then body+=(--retry 3); fi
    answer=$(mktemp)
    status=$(curl --silent --show-error --fail --globoff --location --proto "$protocols" --connect-timeout 20 \
        --max-time 600 --config <(printf 'header = "authorization: Bearer %s"\n' "$token") \
        --request "${method/READ/POST}" "${body[@]}" --output "$answer" --write-out '%{http_code}' -- "$url") || code=1
    if ((code == 0)); then cat "$answer"; fi
    rm "$answer"
    if [[ $status == 404 || $status == 410 ]]; then code=4; fi
    return "$code"
}

# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/api.sh"

# unpack FILE FOLDER TO: the folder of an archive. Less than the whole of it is none.
unpack() {
    rm -rf earlier.parts
    if ! { unzip -q -d earlier.parts "$1" && mv "earlier.parts/$2" "$3" && chmod -R go-rwx "$3"; }; then return 1; fi
    rm -rf earlier.parts
}

# earlier_folder JOB: what an earlier job has left, in `earlier/`. False, if there is no artifact. An error that may
# pass ends the job: nothing is begun anew because of it.
earlier_folder() {
    local code=0
    rm -rf earlier
    fetch_folder "$1" earlier || code=$?
    if ((code != 0 && code != 4)); then
        refuse "the state folder of job $1 could not be fetched. Next: run this job again. If it can never be fetched," \
            'look at what that job did, and delete its artifact'
    fi
    return "$code"
}

# write_comment FILE: replaces the comment that shows the plan, or makes it. Another job may make one at the same time: the
# first one stays.
write_comment() {
    local id made=''
    id=$(plan_comment | jq -r .id)
    if [[ -z $id ]]; then
        made=$(put_comment '' "$1")
        id=$(plan_comment | jq -r .id)
        if [[ -z $id || $id == "$made" ]]; then return; fi
    fi
    put_comment "$id" "$1" >/dev/null
    if [[ -n $made ]]; then delete_comment "$made"; fi
}

# The comment that shows the plan, as {id, body}; nothing if there is none. Another user's comment is no such comment.
plan_comment() {
    comments | jq --arg marker "$marker" 'map(select(.own and (.body | startswith($marker))))[0] // empty | {id, body}'
}

# approvals DIGEST AUTHOR: the people who have approved it. The last comment of each person counts. As its first line, the
# approval line stands in no quotation, no code and no hidden text. A comment that was edited may be the text of another person.
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
