"""Makes the pictures of the guide from real runs on the sandbox: pictures.py PROGRAM FOLDER

terminal.svg is what a terminal shows, plan.png and run.png are pages in Chromium. `just pictures` runs it.
"""

import html
import json
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile

import PIL.Image
import pyte

PROGRAM, FOLDER = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
PLAYBOOKS = pathlib.Path(__file__).resolve().parent.parent / "playbooks"
COLUMNS, LINES = 118, 100
# The size of a letter and the height of a line, in pixels.
WIDTH, HEIGHT = 8.43, 20
COLOURS = {"green": "#9ece6a", "brown": "#e0af68", "red": "#f7768e", "cyan": "#7dcfff", "blue": "#7aa2f7", "magenta": "#bb9af7"}
CHROMIUM = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars"
# No picture makes a page slow to load.
MOST_BYTES = 150_000


class Desk:
    """A folder with the playbooks, in which a person works."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        shutil.copytree(PLAYBOOKS, self.folder / "playbooks")
        # The names of this user and this machine are in no picture.
        for name, script in {"wf-bulk": f"exec '{PROGRAM}' \"$@\"", "id": "echo ops", "uname": "echo laptop"}.items():
            path = self.folder / "bin" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)
        self.environment = {"PATH": f"{self.folder}/bin:/usr/bin:/bin", "HOME": str(folder), "TERM": "xterm-256color", "LANG": "C.UTF-8", "TZ": "Europe/Berlin"}
        self.screen = pyte.Screen(COLUMNS, LINES)
        self.stream = pyte.ByteStream(self.screen)

    def run(self, command):
        ended = subprocess.run(command, shell=True, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        if ended.returncode not in (0, 3):
            sys.exit(f"{command}: {ended.returncode}\n{ended.stderr}")
        return ended.stdout

    def type(self, command, answers=()):
        """Runs a command in the terminal. Each answer is typed when its pattern is in what was said since the last one."""
        self.stream.feed(f"$ {command}\r\n".encode())
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            os.execvpe("sh", ["sh", "-c", f"stty rows 50 cols {COLUMNS}; exec {command}"], self.environment)
        waiting, said = list(answers), b""
        while select.select([terminal], [], [], 120)[0]:
            try:
                got = os.read(terminal, 65536)
            except OSError:
                break
            self.stream.feed(got)
            said += got
            if waiting and re.search(waiting[0][0], said):
                os.write(terminal, waiting.pop(0)[1])
                said = b""
        os.waitpid(child, 0)
        if waiting:
            sys.exit(f"{command} did not say {waiting[0][0]}: {said.decode()}")


def spans(row):
    """The parts of a line that look the same, with their columns. Two spaces part them, so that columns stay columns."""
    parts, column = [], 0
    while column < COLUMNS:
        first = row[column]
        look = (first.fg, first.bold)
        text = ""
        while column < COLUMNS and (row[column].fg, row[column].bold) == look and not text.endswith("  "):
            text += row[column].data
            column += 1
        start = column - len(text)
        if text.strip():
            parts.append((start + len(text) - len(text.lstrip()), text.strip(), *look))
    return parts


def svg(screen):
    lines = [spans(screen.buffer[number]) for number in range(LINES)]
    while not lines[-1]:
        lines.pop()
    width, height = round(COLUMNS * WIDTH + 36), len(lines) * HEIGHT + 54
    yield f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-label="wf-bulk run in a terminal">'
    yield f'<rect width="{width}" height="{height}" rx="10" fill="#1a1b26"/>'
    yield '<circle cx="20" cy="20" r="6" fill="#f7768e"/><circle cx="40" cy="20" r="6" fill="#e0af68"/><circle cx="60" cy="20" r="6" fill="#9ece6a"/>'
    fonts = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
    yield f'<g font-family="{fonts}" font-size="14" fill="#c0caf5" xml:space="preserve">'
    for number, line in enumerate(lines):
        for column, text, colour, bold in line:
            look = ' font-weight="700"' * bold
            if colour != "default":
                look += f' fill="{COLOURS[colour.removeprefix("bright")]}"'
            place = f'x="{18 + column * WIDTH:.1f}" y="{54 + number * HEIGHT}" textLength="{len(text) * WIDTH:.1f}"'
            yield f"<text {place}{look}>{html.escape(text, quote=False)}</text>"
    yield "</g></svg>\n"


def picture(page, name, height):
    """A page as Chromium draws it, with few colours."""
    with tempfile.TemporaryDirectory() as profile:
        drawn = f"{profile}/page.png"
        words = ["chromium", *CHROMIUM.split(), f"--user-data-dir={profile}/user", f"--window-size=1200,{height}", f"--screenshot={drawn}", page.as_uri()]
        subprocess.run(words, check=True, capture_output=True)
        PIL.Image.open(drawn).convert("RGB").quantize(128).save(FOLDER / name, optimize=True)


def terminal():
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(folder)
        desk.type("wf-bulk run playbooks/reassign.yaml --sandbox --limit 5 --rate 8/s", [(rb"\[y/N\]", b"y\n"), (rb"[45]/6", b"\x03")])
        desk.type("wf-bulk resume --last")
        (FOLDER / "terminal.svg").write_text("\n".join(svg(desk.screen)))


def plan_page():
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(folder)
        desk.run("wf-bulk plan playbooks/reassign.yaml --sandbox -o leaver.plan")
        desk.run("wf-bulk show leaver.plan --format html >plan.html")
        picture(desk.folder / "plan.html", "plan.png", 1000)


def run_page():
    """Of a run with refusals and pauses, that was stopped in the middle and resumed at a higher rate."""
    pause, refusal = {"code": 429, "message": "slow down", "retry_after": 2}, {"code": 400, "message": "10020 is not in the organisation"}
    rules = [
        {"match": {"method": "PATCH", "nth": 20}, "do": {"status": pause}},
        {"match": {"effect_only": True, "from": 30, "to": 34}, "do": {"status": refusal}},
        {"match": {"method": "PATCH", "nth": 90}, "do": {"status": pause}},
    ]
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(folder)
        (desk.folder / "faults.json").write_text(json.dumps({"rules": rules}))
        words = ["wf-bulk", "sandbox", "--faults", "faults.json"]
        server = subprocess.Popen(words, cwd=folder, env=desk.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            address = next(match[0] for line in server.stdout if (match := re.search(r"http://[0-9.:]+", line)))
            desk.environment["EPILOT_TOKEN"] = "sandbox"
            on = f"--server {address}"
            desk.type(f"wf-bulk run playbooks/reassign.yaml {on} --rate 20/s", [(rb"\[y/N\]", b"y\n"), (rb"[6-9]\d/137", b"\x03")])
            desk.run(f"wf-bulk resume --last {on} --rate 40/s")
            desk.run("wf-bulk report --last -o run.html")
        finally:
            server.terminate()
        picture(desk.folder / "run.html", "run.png", 1000)


FOLDER.mkdir(parents=True, exist_ok=True)
terminal()
plan_page()
run_page()
for name in ("terminal.svg", "plan.png", "run.png"):
    size = (FOLDER / name).stat().st_size
    print(f"{FOLDER / name}: {size} bytes")
    if size > MOST_BYTES:
        sys.exit(f"{name} is larger than {MOST_BYTES} bytes")
