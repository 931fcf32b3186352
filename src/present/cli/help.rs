//! The text of `--help` below the flags: examples of each command, and the exit codes.

use crate::{platform::set_variable, text::wrapped};

/// The longest first column that keeps its place, such as an exit code; an example is longer.
const CODE: usize = 6;

/// A text for a terminal of `width` columns: an explanation goes below its example if it does not fit beside it. clap wraps sentences.
pub(super) fn within(help: &str, width: usize) -> String {
    let lines: Vec<String> = help
        .lines()
        .map(|line| {
            let row = line.strip_prefix("  ");
            let Some(row) = row.filter(|_| line.chars().count() > width) else {
                return line.to_owned();
            };
            match row.trim_start().split_once("  ") {
                Some((example, explanation)) if example.len() > CODE => {
                    let explanation = format!("      {}", explanation.trim_start());
                    format!("  {example}\n{}", wrapped(&explanation, width))
                }
                // clap breaks a command between its words.
                None if row.starts_with("wf-bulk ") => line.to_owned(),
                Some(_) | None => wrapped(line, width),
            }
        })
        .collect();
    lines.join("\n")
}

/// Of the program itself.
pub(super) fn main() -> String {
    format!(
        "\
Try it on the sandbox, without a token:
  wf-bulk run playbooks/reassign.yaml --sandbox --dry-run   show the plan
  wf-bulk run playbooks/reassign.yaml --sandbox             apply it

By hand, on the real service:
  {}
  wf-bulk plan playbooks/reassign.yaml -o leaver.plan   plan; changes nothing
  wf-bulk show leaver.plan                              review it
  wf-bulk apply leaver.plan                             apply exactly that plan
  wf-bulk resume --last                                 continue a stopped run

The guide, in the terminal:
  wf-bulk help            list its chapters
  wf-bulk help playbook   show one

From cron, without a terminal; check the exit code:
  wf-bulk run playbooks/nightly.yaml --yes

Exit codes:
  0    done, or nothing to do
  1    an error, or \"no\" to the question
  2    changes are pending, with --detailed-exitcode;
       plans differ, with --exit-code
  3    some changes failed or were refused, or targets were rejected
  4    a guard or a limit stopped it: max_errors, stages, stop_after,
       a long Retry-After, changes that could not be attempted
  5    the plan is too old, or a target has drifted or is gone
  6    the outcome of a change is unknown (in doubt): look at it
  64   wrong usage, or no terminal and no --yes
  130  interrupted; what was in flight is finished and saved
  If several apply, the first of 1, 6, 130, 4, 3, 5, 2 is used.",
        set_variable("EPILOT_TOKEN", "…")
    )
}

pub(super) const VALIDATE: &str = "\
Examples:
  wf-bulk validate playbooks/reassign.yaml
  wf-bulk validate playbooks/*.yaml --var leaver=10011
  wf-bulk validate playbooks/*.yaml --json   each mistake with file and line

No request is sent. The mistakes are shown together, each with its line.";

pub(super) const PLAN: &str = "\
Examples:
  wf-bulk plan playbooks/reassign.yaml -o leaver.plan
  wf-bulk plan playbooks/reassign.yaml -o leaver.plan --var leaver=10011
  wf-bulk plan playbooks/reassign.yaml -o first-ten.plan --limit 10
  wf-bulk plan playbooks/reassign.yaml -o leaver.plan --now 2026-12-01T08:00:00Z

The command only reads from the service. The same playbook, variables, data \
and --now give the same plan, except for the time at which it was made. Its age \
(`apply --max-age`) counts from this time, not from --now.";

pub(super) const SHOW: &str = "\
Examples:
  wf-bulk show leaver.plan
  wf-bulk show leaver.plan --format markdown             for a pull request
  wf-bulk show leaver.plan --format json                 for scripts
  wf-bulk show leaver.plan --format html > leaver.html   every change, to search

Equal changes are grouped. Changes that can't be undone and targets that could \
not be planned are listed one by one. The plan file itself has one line of JSON \
for every change. The command works offline and without a token.";

pub(super) const DIFF: &str = "\
Examples:
  wf-bulk diff reviewed.plan leaver.plan
  wf-bulk diff reviewed.plan leaver.plan --exit-code         2 if they differ
  wf-bulk diff reviewed.plan leaver.plan --format markdown   for a pull request
  wf-bulk diff reviewed.plan leaver.plan --json              each difference

Changes are matched by target and action, not by line. Differences in the time \
of planning, in variables, in the playbook's text and in skipped targets are \
shown, but do not affect --exit-code: their effect is in the changes.";

pub(super) const RUN: &str = "\
Examples:
  wf-bulk run playbooks/reassign.yaml --dry-run         show the plan only
  wf-bulk run playbooks/reassign.yaml                   show it, ask, apply it
  wf-bulk run playbooks/nightly.yaml --yes --rate 4/s   from cron, at a low rate
  wf-bulk run p.yaml --yes --events - | jq .outcome     events as JSON Lines
  wf-bulk run p.yaml --yes --on-finish './tell.sh'      at the end, in any case

Ctrl-C once: requests in flight are finished and saved; `wf-bulk resume` \
continues. Twice: stop at once.";

pub(super) const APPLY: &str = "\
Examples:
  wf-bulk apply leaver.plan
  wf-bulk apply leaver.plan --approved 5e0c…   refuse any other plan
  wf-bulk apply leaver.plan --yes --reason \"ticket 4711\"
  wf-bulk apply leaver.plan --ledger git@example.com:team/runs.git

`wf-bulk show` prints the digest for --approved. Only changes of the plan are sent. A target that has changed since the plan is \
not changed (`drifted`).";

#[cfg(feature = "temporal")]
pub(super) const WORKER: &str = "\
Examples:
  wf-bulk worker --engine temporal://temporal.example.com:7233/bulk --org 4711
  WF_BULK_ENGINE=temporal://localhost:7233/default wf-bulk worker --org 4711

Several workers share the work and the rate. The token is this worker's own. Ctrl-C ends it after what is in flight; the others go on.";

pub(super) const RESUME: &str = "\
Examples:
  wf-bulk resume --last              the run that is not finished
  wf-bulk resume --last --playbook nightly.yaml
  wf-bulk resume 0192f0c4 --rate 2/s
  wf-bulk resume 0192f0c4 --in-doubt .wf-bulk/runs/…/in_doubt.csv
  wf-bulk resume 0192f0c4 --in-doubt retry   send all changes in doubt again
  wf-bulk resume 0192f0c4 --in-doubt skip    leave all changes in doubt

The plan, the server and the pace come from the run folder; flags apply to \
this session only. Changes that have an outcome are not sent again.

Changes in doubt are read back first. If reading does not show whether a \
change was made, look at it in epilot. In a terminal, `resume` asks about each \
that the last session left. Or write applied, retry or skip into the column \
`answer` of in_doubt.csv in the run folder, and use --in-doubt FILE. `--in-doubt retry` or `skip` answers for all that have no answer yet. It does not ask.

If the run has ended, its result is shown again, with its exit code; an \
abandoned run exits with 1.";

pub(super) const UNDO: &str = "\
Examples:
  wf-bulk undo 0192f0c4 --dry-run        show what would be brought back
  wf-bulk undo --last                    show it, ask, bring it back
  wf-bulk undo 0192f0c4 -o back.plan     a plan for a review, and for `apply`
  wf-bulk undo 0192f0c4 --only ID        one execution or task (its whole id)

The changes that the run applied are undone, in reverse order. A change is \
skipped if its fields no longer have the values that the run has set. The plan \
lists what is skipped and what can't be undone, with the reasons. The undo is a \
run of its own: it can be resumed, and undone.";

pub(super) const RETRY: &str = "\
Examples:
  wf-bulk retry 0192f0c4 --dry-run       show what would be tried again
  wf-bulk retry --last                   show it, ask, apply it
  wf-bulk retry 0192f0c4 -o rest.plan    a plan for a review, and for `apply`
  wf-bulk retry --last --playbook x.yaml  of a run that `apply` has made

Changes that failed, were refused, have drifted or were not attempted are \
planned again from what is there now: the playbook's actions on exactly these \
targets, also if the playbook would not select them any more. Only a run that has \
ended is retried; `resume` continues one that was stopped.";

pub(super) const VERIFY: &str = "\
Examples:
  wf-bulk verify --last                     what is different now
  wf-bulk verify 0192f0c4 --json            every difference
  wf-bulk verify --last --after '1 hour'    from cron: automations take time
  wf-bulk verify --last --reconcile x.plan  a plan for tasks that hang

Each execution that the run has changed is read once. The exit code is 5 if \
something differs: a field has another value, a target is gone, an automation \
that the run has started is still running or has failed. Nothing is changed.";

pub(super) const STATUS: &str = "\
Examples:
  wf-bulk status                     all runs in the state folder
  wf-bulk status 0192f0c4            one run: its result, its remaining changes
  wf-bulk status --last              the newest run that is not finished
  wf-bulk status --watch             the running ones, until none is running
  wf-bulk status --check             was a run changed or removed?
  wf-bulk status --ledger ../runs    the runs of all machines of a team

--check compares the history with the plan, the settings and the checkpoint of \
each run, without the service. It ends with 1 if something was changed or \
removed. Keep the digest that it prints elsewhere: with --expect, it \
shows whether the history itself was rewritten.";

pub(super) const PRUNE: &str = "\
Examples:
  wf-bulk prune --keep 90d --dry-run   show what would be deleted
  wf-bulk prune --keep 90d             ask, and delete

Runs that have not ended are never deleted. A deleted run can't be undone any \
more, and wf-bulk no longer refuses to make its changes again. Its records stay \
in the history, so `status --check` still says that all is well.";

pub(super) const REPORT: &str = "\
Examples:
  wf-bulk report --last -o run.html                 the newest run, as a page
  wf-bulk report 0192f0c4 --format markdown         for a ticket or pull request
  wf-bulk report 0192f0c4 --format json             for scripts
  wf-bulk report 0192f0c4 --format csv              every change, for an audit

Shows what was planned and what became of it, what needs a person with the next \
command, how the run went over time, and the way back. It also works on a run \
that is running, was stopped or undone. The command works offline and without a \
token, and changes nothing.";

pub(super) const HISTORY: &str = "\
Examples:
  wf-bulk history > runs.csv                         a row for each run
  wf-bulk history --since 2026-11-01 --until 2026-11-30
  wf-bulk history --since 2026-11-01 --changes > changes.csv
  wf-bulk history --changes --format json            for scripts

Runs that worked in the period are exported, the oldest first. A day is in this \
machine's time zone. Of a run that `prune` has deleted, the history knows who, \
why, when and the counts. The command also makes the check of `status --check`. \
It ends with 1 if the check finds something, or a run can't be read.";

pub(super) const ABANDON: &str = "\
Examples:
  wf-bulk abandon 0192f0c4
  wf-bulk abandon --last             the run that is not finished
  wf-bulk abandon 0192f0c4 --ledger https://example.com/team/runs

The run folder is kept. The remaining changes are not made, and a new run may \
start. With --ledger, a run whose run folder is lost can be abandoned, too: first \
look at what it did. All its changes count as in doubt then.";

pub(super) const SANDBOX: &str = "\
Examples:
  wf-bulk sandbox --port 8080 --executions 2000 --seed 7
  wf-bulk sandbox reset              start over with fresh data

With --sandbox, a command starts the sandbox by itself. Use this command to look \
at the sandbox with curl. All requests and their effects:
  curl http://127.0.0.1:8080/_sandbox/ledger";

pub(super) const INIT: &str = "\
Examples:
  wf-bulk init playbooks
  wf-bulk validate playbooks/playbook.yaml

A playbook that exists is not overwritten.";

pub(super) const SCHEMA: &str = "\
Examples:
  wf-bulk schema > wf-bulk.schema.json

Editors with YAML support complete and check a playbook whose first line is
  # yaml-language-server: $schema=wf-bulk.schema.json";

pub(super) const COMPLETIONS: &str = "\
Examples:
  wf-bulk completions bash > ~/.local/share/bash-completion/completions/wf-bulk
  wf-bulk completions zsh > ~/.zfunc/_wf-bulk
  wf-bulk completions fish > ~/.config/fish/completions/wf-bulk.fish
  wf-bulk completions powershell | Out-String | Invoke-Expression";

pub(super) const MAN: &str = "\
Examples:
  wf-bulk man ~/.local/share/man/man1   for this user
  sudo wf-bulk man /usr/local/share/man/man1
  man wf-bulk-run

Only man pages of wf-bulk are replaced.";

pub(super) const HELP: &str = "\
Examples:
  wf-bulk help            the commands, and the chapters of the guide
  wf-bulk help run        a command
  wf-bulk help recovery   a chapter

A terminal shows a chapter with the command in PAGER, else with `less`.";
