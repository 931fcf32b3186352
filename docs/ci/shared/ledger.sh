# What wf-bulk needs for the ledger in WF_BULK_LEDGER, if there is one: git gets the token in WF_BULK_LEDGER_TOKEN for this
# address alone. It is in no list of processes.
# shellcheck shell=bash
# Azure leaves the name of a variable that does not exist.
if [[ ${WF_BULK_LEDGER_TOKEN-} == \$* ]]; then unset WF_BULK_LEDGER_TOKEN; fi
if [[ -n ${WF_BULK_LEDGER-} && -n ${WF_BULK_LEDGER_TOKEN-} ]]; then
    export WF_BULK_LEDGER WF_BULK_LEDGER_TOKEN GIT_CONFIG_COUNT=1
    export GIT_CONFIG_KEY_0=credential.${WF_BULK_LEDGER%%#*}.helper
    # shellcheck disable=SC2016 # For git's shell.
    export GIT_CONFIG_VALUE_0='!f() { echo username=wf-bulk; echo "password=$WF_BULK_LEDGER_TOKEN"; }; f'
fi
