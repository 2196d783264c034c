"""A program that needs connections: it takes them one after another until it has what it wants.

    python -m bot.demo.machines.client PORT NAME WANTED

Where there is no slot it tries again, as a pool does. Asked to end (SIGTERM), it gives its
connections back one by one; it ends with its standard input, too.
"""

import os
import signal
import socket
import sys
import threading
import time
from types import FrameType

from bot.demo.machines.ending import say, wait_for_the_end

_TRY_AGAIN_SECONDS = 0.1
_GIVE_BACK_SECONDS = 0.1
_PATIENCE_SECONDS = 5.0


def connect(port: int, line: str) -> tuple[socket.socket, str]:
    """A connection to the slots on which `line` was said, and the answer. Raises OSError."""
    there = socket.create_connection(("127.0.0.1", port), _PATIENCE_SECONDS)
    try:
        there.sendall(f"{line}\n".encode())
        answer = bytearray()
        while not answer.endswith(b"\n") and (part := there.recv(4_096)):
            answer += part
    except OSError:
        there.close()
        raise
    return there, answer.decode().strip()


class Pool:
    """The connections of one program."""

    def __init__(self, port: int, name: str, wanted: int) -> None:
        self._port = port
        self._name = name
        self._wanted = wanted
        self.held: list[socket.socket] = []

    def fill(self) -> bool:
        """Take what is still wanted; False where it could not have all of it."""
        while len(self.held) < self._wanted:
            try:
                there, answer = connect(self._port, f"take {self._name}")
            except OSError:
                return False
            if answer != "ok":
                there.close()
                return False
            self.held.append(there)
        return True

    def keep_full(self, stopping: threading.Event) -> None:
        """Until `stopping`; then give everything back, one after another."""
        while not stopping.wait(_TRY_AGAIN_SECONDS):
            self.fill()
        while self.held:
            self.held.pop().close()
            time.sleep(_GIVE_BACK_SECONDS)


def main(port: int, name: str, wanted: int) -> None:
    stopping = threading.Event()

    def asked_to_end(_: int, __: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, asked_to_end)
    # A daemon: with whoever started it, the program ends at once, whatever it still holds.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    pool = Pool(port, name, wanted)
    pool.fill()
    say("ready")
    pool.keep_full(stopping)


def _end_with_parent() -> None:
    wait_for_the_end()
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
