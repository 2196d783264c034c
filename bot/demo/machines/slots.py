"""A server with a fixed number of connection slots, as a database has them.

Whoever connects says `take NAME` and is answered `ok`, and has a slot for as long as the
connection is open, or `full`. `count` is answered with the numbers as JSON and takes no slot: a
database keeps some for whoever looks after it, too.

    python -m bot.demo.machines.slots SLOTS

prints its port on 127.0.0.1, and ends when its standard input does.
"""

import json
import socketserver
import sys
import threading
from collections import Counter

from bot.demo.machines.ending import say, wait_for_the_end

_LONGEST_LINE = 200


class Slots:
    """Who holds how many of `total`, and how often somebody was turned away."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._taken = Counter[str]()
        self._refused = 0
        self._lock = threading.Lock()

    def take(self, name: str) -> bool:
        with self._lock:
            if self._taken.total() >= self.total:
                self._refused += 1
                return False
            self._taken[name] += 1
            return True

    def free(self, name: str) -> None:
        with self._lock:
            self._taken[name] -= 1

    def count(self) -> dict[str, object]:
        """`total`, `taken` by name, and `refused` since the server began."""
        with self._lock:
            taken = {name: number for name, number in self._taken.items() if number}
            return {"total": self.total, "taken": taken, "refused": self._refused}


class SlotServer(socketserver.ThreadingTCPServer):
    """One thread a connection; there are few."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, slots: Slots) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.slots = slots

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Connection(socketserver.StreamRequestHandler):
    server: SlotServer

    def handle(self) -> None:
        word, _, name = self.rfile.readline(_LONGEST_LINE).decode("utf-8", "replace").partition(" ")
        if word.strip() == "count":
            self._say(json.dumps(self.server.slots.count()))
        elif word != "take" or not name.strip():
            self._say("what?")
        elif not self.server.slots.take(name.strip()):
            self._say("full")
        else:
            self._hold(name.strip())

    def _hold(self, name: str) -> None:
        try:
            self._say("ok")
            while self.rfile.read(1):
                pass
        except OSError:
            pass  # it went away without a word, which frees the slot all the same
        finally:
            self.server.slots.free(name)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\n".encode())


def main(total: int) -> None:
    with SlotServer(Slots(total)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        say(str(server.port))
        wait_for_the_end()
        server.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]))
