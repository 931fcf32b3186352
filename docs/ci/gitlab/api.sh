# What the jobs need of GitLab's API. lib.sh reads it.
# shellcheck shell=bash
# shellcheck disable=SC2034 # For the scripts that read it.
token=${WF_BULK_GITLAB_TOKEN-} starter=${GITLAB_USER_LOGIN-} own_job=${CI_JOB_ID:?} log_url=${CI_JOB_URL:?}
unset WF_BULK_GITLAB_TOKEN
project=${CI_API_V4_URL:?}/projects/${CI_PROJECT_ID:?}
change=${CI_MERGE_REQUEST_IID-}
# In a pipeline for merged results, CI_COMMIT_SHA is the merge.
head=${CI_MERGE_REQUEST_SOURCE_BRANCH_SHA:-${CI_COMMIT_SHA:?}}

# All entries of a list, which comes in pages.
list() {
    local page=1 entries length work
    work=$(mktemp)
    while :; do
        entries=$(request GET "$1&per_page=100&page=$page")
        echo "$entries" >>"$work"
        length=$(jq length <<<"$entries")
        ((length == 100)) || break
        page=$((page + 1))
    done
    jq -s add "$work"
    rm "$work"
}

# The merge request whose merge is this commit: with a merge commit, squashed, or fast-forward. GitLab records it after the
# pipeline has started, so it is asked for some times.
merged_change() {
    local pause found=''
    for pause in 0 5 15 30; do
        sleep "$pause"
        found=$(list "$project/repository/commits/$CI_COMMIT_SHA/merge_requests?state=merged" |
            jq -r --arg sha "$CI_COMMIT_SHA" --arg target "$CI_COMMIT_BRANCH" '.[]
                | select(.state == "merged" and .target_branch == $target)
                | select((.merge_commit_sha // .squash_commit_sha // .sha) == $sha) | .iid')
        [[ -z $found ]] || break
    done
    echo "$found"
}

facts() {
    request GET "$project/merge_requests/$change" | jq '{number: .iid, title, body: (.description // ""),
        author: .author.username, author_id: "\(.author.id)", url: .web_url, head: .sha,
        merged_by: (.merge_user.username // ""), foreign: (.source_project_id != .target_project_id)}'
}

# All comments, oldest first, without those of GitLab itself. Only GraphQL says whether one was edited.
comments() {
    local after='' page work
    work=$(mktemp -d)
    while :; do
        # shellcheck disable=SC2016
        jq -n --arg path "${CI_PROJECT_PATH:?}" --arg iid "$change" --arg after "$after" '{query: "query($path: ID!, $iid: String!,
              $after: String) { currentUser { id } project(fullPath: $path) { mergeRequest(iid: $iid) { notes(first: 100,
              after: $after) { pageInfo { hasNextPage endCursor } nodes { id body system imported createdAt lastEditedAt
              author { id username bot state } } } } } }",
            variables: {path: $path, iid: $iid, after: (if $after == "" then null else $after end)}}' >"$work/query"
        page=$(request READ "${CI_API_GRAPHQL_URL:?}" "$work/query" |
            jq 'if .errors then error("\(.errors)") else .data | {own: .currentUser.id} + .project.mergeRequest.notes end')
        echo "$page" >>"$work/pages"
        [[ $(jq .pageInfo.hasNextPage <<<"$page") == true ]] || break
        after=$(jq -r .pageInfo.endCursor <<<"$page")
    done
    jq -s 'def number: split("/") | last;
        [.[] | .own as $own | .nodes[] | select(.system | not)
        | {id: (.id | number), at: .createdAt, person: (.author.id // "" | number), login: (.author.username // ""), body,
            human: (.author != null and (.author | .bot == false and .state == "active")),
            own: (.author.id == $own), edited: (.lastEditedAt != null or .imported == true)}] | sort_by(.at, (.id | tonumber))' \
        "$work/pages"
    rm -rf "$work"
}

# Whoever may push a branch: Developer or above, also by a group.
may_approve() {
    request GET "$project/members/all/$1" | jq -e '.access_level >= 30 and .state == "active"' >/dev/null
}

# put_comment ID FILE: replaces a comment; makes one if ID is empty. Prints its id.
put_comment() {
    local method=PUT url=$project/merge_requests/$change/notes/$1
    if [[ -z $1 ]]; then method=POST url=${url%/}; fi
    jq -n --rawfile body "$2" '{body: $body}' >"$2.json"
    request "$method" "$url" "$2.json" | jq -r .id
}

delete_comment() {
    request DELETE "$project/merge_requests/$change/notes/$1" >/dev/null
}

# made_for JOB COMMIT: a planning job of this merge request, on this commit or on its merge with the target.
made_for() {
    request GET "$project/jobs/$1" | jq -e --arg head "$2" --arg ref "refs/merge-requests/$change" '.name == "wf-bulk-plan" and (
        (.pipeline.ref == "\($ref)/head" and .pipeline.sha == $head) or
        (.pipeline.ref == "\($ref)/merge" and (.commit.parent_ids | index([$head])) != null))' >/dev/null
}

fetch_plan() {
    request GET "$project/jobs/$1/artifacts/review/review.plan" >"$2"
}

# The earlier attempts that began, newest first: of this job on this commit, also in another pipeline; for `night`, of all
# scheduled pipelines, since other schedules may have many. An artifact is kept for 14 days. A tag with the name of the branch
# is another ref, which more people can make.
attempts() {
    local pipelines pipeline which="sha=$CI_COMMIT_SHA"
    if [[ $1 == night ]]; then which="source=schedule&updated_after=$(date -u -d '15 days ago' +%Y-%m-%dT%H:%M:%SZ)"; fi
    # All of them: an attempt that is not seen would be made again.
    pipelines=$(list "$project/pipelines?$which&ref=${CI_DEFAULT_BRANCH:?}")
    for pipeline in $(jq '.[].id' <<<"$pipelines"); do
        list "$project/pipelines/$pipeline/jobs?include_retried=true"
    done | jq -rs --arg name "${CI_JOB_NAME:?}" --argjson own "$CI_JOB_ID" 'add // []
        | map(select(.name == $name and .tag == false and .started_at != null and .id != $own)) | sort_by(-.id) | .[].id'
}

# fetch_folder JOB FOLDER: 4, if the job has no artifact, or it has expired.
fetch_folder() {
    request GET "$project/jobs/$1/artifacts" >earlier.zip || return
    unpack earlier.zip kept "$2"
}

# Waits for a command. The runner signals every process of the job: what comes after the command is not begun then.
child() {
    local code=0 signalled=''
    trap 'signalled=yes' INT TERM
    "$@" || code=$?
    trap - INT TERM
    [[ -z $signalled ]] || exit 130
    return "$code"
}
