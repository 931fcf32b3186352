# What the jobs need of the API of Azure DevOps. lib.sh reads it.
# shellcheck shell=bash
# shellcheck disable=SC2034 # For the scripts that read it.
token=${SYSTEM_ACCESSTOKEN-} starter=${BUILD_REQUESTEDFOR-} own_job=${BUILD_BUILDID:?}.${SYSTEM_JOBATTEMPT:?}
unset SYSTEM_ACCESSTOKEN
version=api-version=7.1
project=${SYSTEM_COLLECTIONURI:?}${SYSTEM_TEAMPROJECTID:?}
repository=$project/_apis/git/repositories/${BUILD_REPOSITORY_ID:?}
log_url="$project/_build/results?buildId=$BUILD_BUILDID"
change=${SYSTEM_PULLREQUEST_PULLREQUESTID-}
head=${SYSTEM_PULLREQUEST_SOURCECOMMITID-}

# The pull request whose merge is this commit.
merged_change() {
    local query
    query=$(mktemp)
    jq -n --arg sha "${BUILD_SOURCEVERSION:?}" '{queries: [{type: "lastMergeCommit", items: [$sha]}]}' >"$query"
    request READ "$repository/pullrequestquery?$version" "$query" | jq -r --arg target "${BUILD_SOURCEBRANCH:?}" '
        [.results[] | to_entries[].value[] | select(.status == "completed" and .targetRefName == $target) | .pullRequestId]
        | unique[]'
    rm "$query"
}

facts() {
    request GET "$repository/pullRequests/$change?$version" |
        jq --arg url "$project/_git/$BUILD_REPOSITORY_ID/pullrequest/$change" '{number: .pullRequestId, title,
            body: (.description // ""), author: .createdBy.uniqueName, author_id: .createdBy.id, url: $url,
            head: .lastMergeSourceCommit.commitId, merged_by: (.closedBy.uniqueName // ""), foreign: has("forkSource")}'
}

# All comments, oldest first, without those of Azure DevOps itself. Build services and service principals are no persons.
comments() {
    local own
    own=$(request GET "${SYSTEM_COLLECTIONURI}_apis/connectionData" | jq -r .authenticatedUser.id)
    request GET "$repository/pullRequests/$change/threads?$version" | jq --arg own "$own" '
        # The second may have any number of digits.
        def moment: capture("^(?<second>[0-9T:-]+)([.](?<part>[0-9]+))?Z$") | "\(.second).\((.part // "") + "000000000" | .[:9])";
        [.value[] | .id as $thread | .comments[] | select(.commentType == "text" and (.isDeleted | not))
        | {id: "\($thread)/comments/\(.id)", at: .publishedDate, person: .author.id, login: (.author.uniqueName // ""),
            body: (.content // ""), human: (.author.descriptor // "" | test("^(aad|msa)[.]")),
            own: (.author.id == $own), edited: ((.lastContentUpdatedDate | moment) != (.publishedDate | moment))}]
        | sort_by((.at | moment), (.id | split("/") | map(tonumber? // 0)))'
}

# Whose vote approves now, and counts for the group of the approvers.
may_approve() {
    [[ ${WF_BULK_APPROVERS-} =~ ^[0-9a-fA-F-]{36}$ ]] || { echo 'WF_BULK_APPROVERS is not the id of a group' >&2 && return 1; }
    request GET "$repository/pullRequests/$change?$version" |
        jq -e --arg person "$1" --arg group "${WF_BULK_APPROVERS,,}" '
            any(.reviewers[]; .id == $person and .vote == 10 and any(.votedFor[]?; .id == $group))' >/dev/null
}

# put_comment ID FILE: replaces a comment; makes one, in a thread that nobody has to resolve, if ID is empty. Prints the id
# of a new one.
put_comment() {
    if [[ -n $1 ]]; then
        jq -n --rawfile body "$2" '{content: $body}' >"$2.json"
        request PATCH "$repository/pullRequests/$change/threads/$1?$version" "$2.json" >/dev/null
    else
        jq -n --rawfile body "$2" '{status: "closed", comments: [{parentCommentId: 0, commentType: "text",
            content: $body}]}' >"$2.json"
        request POST "$repository/pullRequests/$change/threads?$version" "$2.json" |
            jq -r '"\(.id)/comments/\(.comments[0].id)"'
    fi
}

delete_comment() {
    request DELETE "$repository/pullRequests/$change/threads/$1?$version" >/dev/null
}

# made_for JOB COMMIT: a planning job of this pull request, whose merge has this commit as a parent.
made_for() {
    local merge
    merge=$(request GET "$project/_apis/build/builds/${1%.*}?$version" |
        jq -er --arg ref "refs/pull/$change/merge" --arg repository "$BUILD_REPOSITORY_ID" '
            select(.reason == "pullRequest" and .sourceBranch == $ref and .repository.id == $repository) | .sourceVersion') &&
        [[ $merge =~ ^[0-9a-f]{40}$ ]] &&
        request GET "$repository/commits/$merge?$version" | jq -e --arg head "$2" '.parents | index([$head]) != null' >/dev/null
}

# fetch_artifact BUILD NAME: into earlier.zip; 4, if there is none of this name. Its files are on a server of Microsoft's or
# on this one.
fetch_artifact() {
    local url
    url=$(request GET "$project/_apis/build/builds/$1/artifacts?$version" | jq -r --arg name "$2" '
        .value[] | select(.name == $name) | .resource.downloadUrl') || return
    [[ -n $url ]] || return 4
    [[ $url == "$SYSTEM_COLLECTIONURI"* || $url =~ ^https://[a-z0-9.-]+\.visualstudio\.com/ ]] || return
    # Without its file it is no artifact that has expired: it was listed.
    request GET "$url" >earlier.zip || return 1
}

fetch_plan() {
    local name=wf-bulk-plan-${1#*.}
    fetch_artifact "${1%.*}" "$name" || return
    unzip -p earlier.zip "$name/review.plan" >"$2" || return 1
}

# The earlier attempts that began, newest first: of this pipeline on this commit; for `night`, each by its schedule on this branch. An attempt
# that began has published an artifact before.
attempts() {
    local which='.sourceVersion == env.BUILD_SOURCEVERSION' builds build
    if [[ $1 == night ]]; then which='.reason == "schedule"'; fi
    builds=$(request GET "$project/_apis/build/builds?definitions=${SYSTEM_DEFINITIONID:?}&branchName=$BUILD_SOURCEBRANCH&queryOrder=queueTimeDescending&\$top=100&$version" |
        jq -r --argjson own "$BUILD_BUILDID" "[\$own] + [.value[] | select($which) | .id] | unique | reverse[]")
    for build in $builds; do
        request GET "$project/_apis/build/builds/$build/artifacts?$version" | jq -r --arg build "$build" --arg own "$own_job" '
            [.value[].name | capture("^wf-bulk-began-(?<attempt>[0-9]+)$").attempt | tonumber] | sort | reverse
            | map("\($build).\(.)") - [$own] | .[]'
    done
}

fetch_folder() {
    local name=wf-bulk-run-${1#*.}
    fetch_artifact "${1%.*}" "$name" || return
    unpack earlier.zip "$name" "$2"
}

# Waits for a command. The agent signals the script alone: the signal is passed on, and what comes after the command is not
# begun then.
child() {
    local code signalled='' passed='' process=''
    trap 'signalled=yes; if [[ -n $process ]]; then passed=yes; kill -TERM "$process" 2>/dev/null || true; fi' INT TERM
    "$@" &
    process=$!
    # It came before there was a process to pass it on to. A second one would end wf-bulk at once.
    if [[ -n $signalled && -z $passed ]]; then kill -TERM "$process" 2>/dev/null || true; fi
    while :; do
        code=0
        wait "$process" || code=$?
        kill -0 "$process" 2>/dev/null || break
    done
    trap - INT TERM
    [[ -z $signalled ]] || exit 130
    return "$code"
}
