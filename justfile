# The habits of this repository; `just` alone lists them.

_default:
    @just --list

# unit and property tests, of the sandbox too: under a minute on two cores
test *args:
    cargo test --lib {{ args }}

# layers and names, documents, playbooks, schema
rules:
    cargo test --test layers --test docs --test playbooks --test schema --test playbook_files

# all tests, as the README says it
test-all *args:
    cargo test {{ args }}

# clippy, where a warning is an error
lint:
    cargo clippy --all-targets -- -D warnings

# format in place
fmt:
    cargo fmt --all

# the documentation of the code, where a broken link is an error
doc:
    RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps

# licences, duplicates, sources and known faults of the dependencies
deny:
    cargo deny check licenses bans sources advisories

# the pages of `show --format html` and `report` in a headless Chromium; pictures of it are in target/tmp/browser/
browser:
    cargo test --test browser -- --ignored --nocapture

# the workflows in docs/ci: form, security, scripts
workflows:
    bash .ci/run workflows

# the guide as a site with search, in target/site/book/, and its links
site:
    bash .ci/run site

# the pictures in docs/, made anew: the terminal, the page of a plan, the page of a run
pictures:
    bash .ci/run pictures

# everything that a change has to pass
ci:
    bash .ci/run

# how exactly the limiter reaches a rate on this machine: asked and got; some minutes, or seconds for the rates that are named
pace *rates:
    cargo bench --bench pace -- {{ rates }}

# whole processes against a server that answers at once, with the bounds that they keep or miss; minutes. Parts and sizes:
# `just bench --help`
bench *parts:
    cargo bench --bench processes -- {{ parts }}

# the same changes by curl, Python, Node and a bare loop; installs the packages of Python and Node under target/
bench-peers *changes:
    cargo bench --bench processes -- peers {{ changes }}

# the parts of a plan and of a run that are repeated for each target, against the last measurement. Only some: `just bench-parts digest`
bench-parts *parts:
    cargo bench --bench parts -- {{ parts }}

# the peak of memory of a selection of 200,000 executions
memory:
    cargo test --release --test cli -- --ignored --nocapture a_list_of_200_000

# what input of 1 MiB takes that is made to take much
bounds:
    cargo test --release --test cli -- --ignored --nocapture what_input_of_a_mebibyte_takes

# a thousand kills at random moments, then a kill or an error at every call that matters; some minutes. Other numbers:
# WF_BULK_TORTURE_CYCLES, WF_BULK_TORTURE_SEED
torture:
    cargo test --release --test cli -- --ignored --nocapture --test-threads 1 a_thousand_kills every_single_call two_hundred_killed_runs

# random plans, faults, meddling and crashes against the run loop, in a world that knows everything, and all forged lines of plans; some
# minutes
properties cases="20000":
    WF_BULK_CASES={{ cases }} cargo test --release --lib -- --nocapture --include-ignored run::properties run::pace_properties forged_plan

# random playbooks, planned by the planner and by the model in the tests. Other numbers: WF_BULK_CASES, WF_BULK_SEED
differential cases="50000":
    WF_BULK_CASES={{ cases }} cargo test --release --test differential -- --nocapture

# libFuzzer on every reader of what others write and on the escapers, for some minutes in all; needs cargo-fuzz. For one target: `bash fuzz/run 5 plan`
fuzz minutes="60":
    bash fuzz/run {{ minutes }}

# the bill of materials of the program, for a release: target/wf-bulk.cdx.json (CycloneDX)
sbom:
    bash .ci/run sbom

# the archive of a release for this machine (or a TARGET), with its checksum, in target/dist/
dist *target:
    .ci/dist {{ target }}

# the .deb and the .rpm for this machine, in target/dist/, tried; needs the target x86_64-unknown-linux-musl, musl-tools, rpm and root
packages:
    .ci/dist x86_64-unknown-linux-musl
    bash .ci/run packages target/dist/wf-bulk-*-x86_64-unknown-linux-musl.tar.gz

# the container image for this machine, in target/dist/, tried; needs the target x86_64-unknown-linux-musl, musl-tools, buildah and root
image:
    .ci/dist x86_64-unknown-linux-musl
    bash .ci/run image target/dist/wf-bulk-*-x86_64-unknown-linux-musl.tar.gz

# the files for runs on an engine, in deploy/; for a FOLDER that has a wf-bulk with the feature `temporal`, its commands and pods are tried
deploy *folder:
    bash .ci/run deploy {{ folder }}

# the program for Windows, made with mingw and tried with wine; many minutes
windows:
    bash .ci/run windows

# whether the program compiles for macOS and for Linux with musl, on Intel and ARM
targets:
    bash .ci/run targets

# the main job, on the sandbox inside the process
demo:
    cargo run -- run playbooks/reassign.yaml --sandbox --yes

# runs on Temporal, with the development server, which is installed under target/: lints and tests with the feature, workers that are killed;
# minutes. Only some: `just engine frozen`
engine *tests:
    bash .ci/run engine {{ tests }}

# the histories that a test replays, recorded anew: what runs that are under way at an update were made with
engine-histories:
    .ci/temporal
    WF_BULK_ENGINE_HISTORIES=$PWD/tests/engine/histories cargo test --features temporal --test engine -- --ignored can_be_recorded

# the same with a thousand kills in 5,000 groups, and a minute of two runs at one rate; an hour
engine-torture:
    .ci/temporal
    WF_BULK_ENGINE_KILLS=1000 WF_BULK_ENGINE_EXECUTIONS=20000 WF_BULK_ENGINE_SECONDS=60 cargo test --release --features temporal --test engine -- --ignored --nocapture --test-threads 1
