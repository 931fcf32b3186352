//! What `--help` teaches below the flags: an example or two of each command, and the exit codes.

pub(super) const MAIN: &str = "\
Try it, with nothing to install and nothing at risk:
  wf-bulk run playbooks/reassign.yaml --sandbox --dry-run   look first
  wf-bulk run playbooks/reassign.yaml --sandbox             then do it

By hand, on the real service:
  export EPILOT_TOKEN=…
  wf-bulk plan playbooks/reassign.yaml -o leaver.plan       select and plan; writes nothing
  wf-bulk show leaver.plan                                  read it, have it reviewed
  wf-bulk apply leaver.plan                                 do exactly that
  wf-bulk resume --last                                     go on where it was stopped

From cron: wf-bulk run playbooks/nightly.yaml --yes         no terminal; the exit code tells

Exit codes:
  0    done, or nothing to do
  1    an error, or \"no\" to the question
  2    changes are pending, with --detailed-exitcode; plans differ, with --exit-code
  3    some changes failed, were refused or rejected
  4    a guard or the error budget stopped it
  5    something is stale, drifted or gone
  6    nobody knows how something ended: look at it
  64   wrong usage, or no terminal and no --yes
  130  interrupted; what was in flight is finished and saved
  Several at once: the first of 1, 6, 130, 4, 3, 5, 2.";

pub(super) const VALIDATE: &str = "\
Examples:
  wf-bulk validate playbooks/reassign.yaml
  wf-bulk validate playbooks/*.yaml --var leaver=10011

Nothing is requested from the service. All mistakes are shown at once, each with its line.";

pub(super) const PLAN: &str = "\
Examples:
  wf-bulk plan playbooks/reassign.yaml -o leaver.plan
  wf-bulk plan playbooks/reassign.yaml -o leaver.plan --var leaver=10011 --limit 10
  wf-bulk plan playbooks/reassign.yaml -o leaver.plan --now 2026-12-01T08:00:00Z

The service is read, never written. The same playbook, variables, data and --now give the same plan.";

pub(super) const SHOW: &str = "\
Examples:
  wf-bulk show leaver.plan
  wf-bulk show leaver.plan --format markdown      for a comment in a pull request
  wf-bulk show leaver.plan --format json          for scripts: counts, groups, what is final, what was rejected
  wf-bulk show leaver.plan --format html > leaver.html     every line, to search and to send to who approves

Equal changes are grouped; what can't be undone and what could not be planned is listed one by one. Every single
change is in the plan file itself, a line of JSON each. Needs neither the service nor a token.";

pub(super) const DIFF: &str = "\
Examples:
  wf-bulk diff reviewed.plan leaver.plan
  wf-bulk diff reviewed.plan leaver.plan --exit-code     2 when they would do something else
  wf-bulk diff reviewed.plan leaver.plan --json          each difference, with both changes

Changes are matched by what they are, not by their line. The moment of planning, variables, the playbook's text and
skipped targets are shown and are no difference for --exit-code: what they led to is in the changes.";

pub(super) const RUN: &str = "\
Examples:
  wf-bulk run playbooks/reassign.yaml --dry-run             the plan, and no write
  wf-bulk run playbooks/reassign.yaml                       the plan, a question, the changes
  wf-bulk run playbooks/nightly.yaml --yes --rate 4/s       from cron, gently

Ctrl-C once: what is in flight is finished and saved, `wf-bulk resume` goes on. Twice: stop now.";

pub(super) const APPLY: &str = "\
Examples:
  wf-bulk apply leaver.plan
  wf-bulk apply leaver.plan --approved 5e0c…      refuse any other plan under this name; `show` says its digest
  wf-bulk apply leaver.plan --yes --reason \"ticket 4711\"

Only changes of the plan are sent. A target that is no longer as it was planned on is left alone (drifted).";

pub(super) const RESUME: &str = "\
Examples:
  wf-bulk resume --last              the newest run that is not finished
  wf-bulk resume 0192f0c4 --rate 2/s
  wf-bulk resume 0192f0c4 --in-doubt retry   after a look at the service: send them again
  wf-bulk resume 0192f0c4 --in-doubt skip    after a look at the service: leave them

The plan, the server and the pace come from the run's folder; flags are for this session alone. What is done is not
done again. What is in doubt is read back first; an answer is for what no read can tell, as in the list of the session
before. A run that has ended shows its result again, with its exit code; one that was abandoned ends with 1.";

pub(super) const STATUS: &str = "\
Examples:
  wf-bulk status                     all runs here
  wf-bulk status 0192f0c4            one run: how it ended, what is left";

pub(super) const ABANDON: &str = "\
Examples:
  wf-bulk abandon 0192f0c4

Its folder stays. Only what is left of it will not be done any more, and a new run may start.";

pub(super) const SANDBOX: &str = "\
Examples:
  wf-bulk sandbox --port 8080 --executions 2000 --seed 7
  wf-bulk sandbox reset              start over with fresh data

A command that makes requests takes --sandbox and then starts it by itself; this command is for looking at it with curl.
What it was asked and what it did: curl http://127.0.0.1:8080/_sandbox/ledger";

pub(super) const INIT: &str = "\
Examples:
  wf-bulk init playbooks
  wf-bulk validate playbooks/playbook.yaml

A playbook that is there already stays as it is.";

pub(super) const SCHEMA: &str = "\
Examples:
  wf-bulk schema > wf-bulk.schema.json

A playbook whose first line is
  # yaml-language-server: $schema=wf-bulk.schema.json
is completed and checked while it is written, in editors with YAML support.";

pub(super) const COMPLETIONS: &str = "\
Examples:
  wf-bulk completions bash > ~/.local/share/bash-completion/completions/wf-bulk
  wf-bulk completions zsh > ~/.zfunc/_wf-bulk
  wf-bulk completions fish > ~/.config/fish/completions/wf-bulk.fish";
