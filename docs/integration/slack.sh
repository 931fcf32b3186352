#!/bin/sh
# Posts the result of a session to a channel of Slack. Needs curl, jq and message.jq in the folder of this file.
#
#   wf-bulk run nightly.yaml --yes --on-finish '/usr/local/lib/wf-bulk/slack.sh slack.conf'
#
# slack.conf is a file of curl with the secret address of the web hook, which no command line shows (chmod 600):
#
#   url = "https://hooks.slack.com/services/…"
set -eu

# Slack's control characters; without them, a text mentions nobody.
message=$(jq --compact-output -L "$(dirname "$0")" '
    include "message";
    def escaped: gsub("&"; "&amp;") | gsub("<"; "&lt;") | gsub(">"; "&gt;");
    { text: (message | map(escaped) | join("\n")), mrkdwn: false }
')
[ -n "$message" ] || { echo 'slack.sh: there is no result on standard input' >&2; exit 1; }
printf '%s' "$message" |
    curl --config "$1" --fail --silent --show-error --max-time 15 --retry 2 --output /dev/null \
        --header 'content-type: application/json' --data-binary @-
