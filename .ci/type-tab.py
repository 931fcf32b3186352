"""Types `wf-bulk sta` and Tab into an interactive zsh, which then runs what it has completed: type-tab.py FOLDER_OF_COMPLETIONS

Prints the arguments. A completion of zsh is made by its editor alone, so it needs a terminal.
"""

import os
import pty
import re
import select
import sys

SETUP = 'PS1= RPS1=; fpath=("$0" $fpath); autoload -Uz compinit; compinit -u -D; wf-bulk() { print -r "ran: $*" }\n'

child, terminal = pty.fork()
if child == 0:
    os.execvp("zsh", ["zsh", "-f", "-i"])
os.write(terminal, SETUP.replace("$0", os.path.abspath(sys.argv[1])).encode())
os.write(terminal, b"print -r read''y\n")
said, typed = b"", False
while select.select([terminal], [], [], 20)[0]:
    try:
        said += os.read(terminal, 65536)
    except OSError:
        break
    if not typed and b"\nready" in said:
        typed = True
        os.write(terminal, b"wf-bulk sta\t\n")
    if ran := re.search(rb"\nran: ([^\r\n]*)\r?\n", said):
        print(ran[1].decode())
        sys.exit()
sys.exit(f"zsh has completed nothing: {said.decode(errors='replace')}")
