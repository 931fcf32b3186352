# What a person is told of the result of a session, which `wf-bulk --on-finish` gives on standard input: an array of lines.
def short: if length > 300 then .[:299] + "…" else . end;

def counts: .outcomes | to_entries | map(select(.value > 0) | "\(.value) \(.key)") | join(", ");

def message:
  [
    if .exit_code == 0 then "wf-bulk: done" else "wf-bulk ended with exit code \(.exit_code)" end,
    if .errors then .errors[:3][] | [.message, .causes[0]? // empty] | join(": ")
    elif .planned == 0 then "nothing to do"
    else "\(.planned) planned = \(counts)"
    end,
    if .stopped then "stopped: \(.stopped.message)" else empty end,
    if .run then "run \(.run)" else empty end
  ] | map(short);
