#!/bin/sh
# Runs a playbook from cron: first what an earlier night has left, then the playbook itself. Silent when all is well, so
# that cron sends a mail only when somebody has to look.
#
#   nightly.sh FOLDER PLAYBOOK
#
# FOLDER holds the playbook, the token in a file `token` (chmod 600), and gets `.wf-bulk` and `nightly.log`.
set -u
umask 077
cd "$1" || exit

{
    date
    code=0
    wf-bulk resume --last --token-file token || code=$?
    # 5: somebody changed or deleted something meanwhile. It was left alone; this night plans it anew.
    if [ "$code" -eq 0 ] || [ "$code" -eq 5 ]; then
        code=0
        wf-bulk run "$2" --yes --reason nightly --token-file token || code=$?
    fi
} >nightly.log 2>&1

case $code in
    0 | 5) exit 0 ;;
esac
echo "wf-bulk ended with exit code $code; the end of $1/nightly.log:"
tail -n 40 nightly.log
exit "$code"
