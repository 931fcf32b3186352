#!/usr/bin/env bash
# What the workflows need of GitHub's command, on files in $GH_FILES; each change of a comment is noted in `calls`.
set -euo pipefail
cd "$GH_FILES"
[[ -n ${GH_TOKEN-} ]] || { echo 'gh: no token' >&2 && exit 4; }

if [[ "$1 $2" == 'run download' ]]; then
    run=$3
    [[ "$4 $6" == '--name --dir' ]] || exit 2
    if [[ ! -d artifacts/$run/$5 ]]; then
        echo "no valid artifacts found to download: $5 of $run" >&2
        exit 1
    fi
    folder=$WORKSPACE/$7
    mkdir -p "$folder"
    cp -R "artifacts/$run/$5/." "$folder"
    exit
fi

[[ $1 == api ]] || exit 2
shift
method=GET path='' body=''
while (($# > 0)); do
    case $1 in
        --paginate | --silent) ;;
        --method) method=$2 && shift ;;
        -F) body=$WORKSPACE/${2#body=@} && shift ;;
        *) path=$1 ;;
    esac
    shift
done
echo "$method $path" >>calls
case "$method $path" in
    "GET repos/$GITHUB_REPOSITORY/issues/7/comments") cat comments.json ;;
    "GET repos/$GITHUB_REPOSITORY/pulls/7") cat pull.json ;;
    "GET repos/$GITHUB_REPOSITORY/actions/artifacts?per_page=100")
        # In two pages, as for many artifacts.
        echo '{"artifacts": []}'
        for folder in artifacts/*/*; do
            [[ -d $folder ]] || continue
            jq -n --arg run "$(basename "$(dirname "$folder")")" --arg name "$(basename "$folder")" \
                --arg made "$(stat -c %y "$folder")" \
                '{name: $name, created_at: $made, expired: false, workflow_run: {id: ($run | tonumber)}}'
        done | jq -s '{artifacts: .}'
        ;;
    "GET repos/$GITHUB_REPOSITORY/pulls/7/reviews") cat reviews.json ;;
    "GET repos/$GITHUB_REPOSITORY/collaborators/"*/permission)
        cat "permission-$(basename "$(dirname "$path")").json"
        ;;
    "GET repos/$GITHUB_REPOSITORY/actions/runs/"*/attempts/*/jobs) cat "jobs-$(basename "$(dirname "$path")").json" ;;
    "GET repos/$GITHUB_REPOSITORY/actions/runs/"*) cat "run-$(basename "$path").json" ;;
    "GET repos/$GITHUB_REPOSITORY/tarball/wf-bulk-ledger") cat ledger.tar.gz ;;
    "POST repos/$GITHUB_REPOSITORY/issues/7/comments")
        jq --rawfile body "$body" '. + [{id: (length + 1), user: {login: "github-actions[bot]"}, body: $body}]' \
            comments.json >new && mv new comments.json
        ;;
    "PATCH repos/$GITHUB_REPOSITORY/issues/comments/"*)
        jq --rawfile body "$body" --argjson id "$(basename "$path")" \
            'map(if .id == $id then .body = $body else . end)' comments.json >new && mv new comments.json
        ;;
    *) echo "gh: $method $path: 404" >&2 && exit 1 ;;
esac
