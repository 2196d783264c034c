"""What the action templates of the demo start: asks the demo's machines to do one thing.

It is installed as a program of its own, once for each name that it is known under, beside
`control.json`, which says where the machines listen. Standard library alone, since it is started
with an empty environment. Its arguments are data: they are passed on, never run.
"""

import json
import socket
import sys
from pathlib import Path

_PATIENCE_SECONDS = 30.0


def main(program: Path, arguments: list[str]) -> int:
    """0 once it is done, 1 where it is not, 2 where it was asked wrongly."""
    if len(arguments) != 2 or arguments[0] != "--":
        sys.stderr.write(f"usage: {program.name} -- WHAT\n")
        return 2
    control = json.loads((program.parent / "control.json").read_text(encoding="utf-8"))
    order = {"token": control["token"], "do": program.name, "what": arguments[1]}
    with (
        socket.create_connection(("127.0.0.1", int(control["port"])), _PATIENCE_SECONDS) as there,
        there.makefile("rw", encoding="utf-8", newline="\n") as lines,
    ):
        lines.write(json.dumps(order) + "\n")
        lines.flush()
        last = ""
        for line in lines:
            last = line.strip()
            if last != "done":
                sys.stdout.write(line)
                sys.stdout.flush()
    return 0 if last == "done" else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[0]).absolute(), sys.argv[1:]))
