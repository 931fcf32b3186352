#!/bin/sh
# Runs a playbook from cron: first what an earlier night has left of it, then the playbook itself. Silent when all is
# well, so that cron sends a mail only when somebody has to look.
#
#   nightly.sh FOLDER PLAYBOOK
#
# FOLDER holds the playbook, the token in a file `token` (chmod 600), and gets `.wf-bulk`, and in `logs` one log for each
# night. Logs are deleted after 30 nights, or after KEEP_NIGHTS. Several playbooks may share the folder.
# If there is a file `heartbeat` (chmod 600), such as
#     url = "https://hc-ping.com/UUID"
# a night without trouble requests this address, so that the service there notices a night that did not run.
set -u
umask 077
cd "$1" || exit
mkdir -p logs || exit
name=$(basename "$2" .yaml)
# With the process in the name: the log of a run that is still going stays as it is.
log=logs/$name-$(date +%Y-%m-%dT%H%M%S)-$$.log
find logs -name "$name-*.log" -mtime "+${KEEP_NIGHTS:-30}" -exec rm -f {} +

{
    date
    code=0
    wf-bulk resume --last --playbook "$2" --token-file token || code=$?
    # 5: somebody changed or deleted something meanwhile. It was left alone; this night plans it anew.
    if [ "$code" -eq 0 ] || [ "$code" -eq 5 ]; then
        code=0
        wf-bulk run "$2" --yes --reason nightly --token-file token || code=$?
    fi
    if [ -e heartbeat ] && { [ "$code" -eq 0 ] || [ "$code" -eq 5 ]; }; then
        # Not a failed night: the service misses the heartbeat, and tells of it.
        curl --config heartbeat --fail --silent --show-error --max-time 10 --retry 3 --output /dev/null ||
            echo "the heartbeat was not sent"
    fi
} >"$log" 2>&1

case $code in
    0 | 5) exit 0 ;;
esac
echo "wf-bulk ended with exit code $code; the end of $1/$log:"
tail -n 40 "$log"
exit "$code"
