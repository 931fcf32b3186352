#!/bin/sh
# Posts the result of a session to a channel of Microsoft Teams: a workflow with the trigger "When a Teams webhook request
# is received", which posts an Adaptive Card. Needs curl, jq and message.jq in the folder of this file.
#
#   wf-bulk run nightly.yaml --yes --on-finish '/usr/local/lib/wf-bulk/teams.sh teams.conf'
#
# teams.conf is a file of curl with the secret address of the workflow, which no command line shows (chmod 600):
#
#   url = "https://….logic.azure.com/workflows/…"
set -eu

# A TextRun is plain text: what a name holds is no Markdown.
card=$(jq --compact-output -L "$(dirname "$0")" '
    include "message";
    (if .exit_code == 0 then "Good" else "Attention" end) as $color
    | message
    | to_entries
    | map({
        type: "RichTextBlock",
        inlines: [
            { type: "TextRun", text: .value } + if .key == 0 then { weight: "Bolder", color: $color } else {} end
        ]
    })
    | {
        type: "message",
        attachments: [{
            contentType: "application/vnd.microsoft.card.adaptive",
            contentUrl: null,
            content: {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                type: "AdaptiveCard",
                version: "1.4",
                body: .
            }
        }]
    }
')
[ -n "$card" ] || { echo 'teams.sh: there is no result on standard input' >&2; exit 1; }
printf '%s' "$card" |
    curl --config "$1" --fail --silent --show-error --max-time 15 --retry 2 --output /dev/null \
        --header 'content-type: application/json' --data-binary @-
