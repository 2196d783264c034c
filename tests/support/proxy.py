"""A small HTTP proxy on loopback: forwards requests and tunnels, and remembers what for."""

import re
import select
import socket
import threading
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class Proxy:
    """Sends everything, whatever host it asks for, to `target` (host, port)."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.asked: list[str] = []
        """The request lines' method and host, in order."""
        self.tunnelled = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._listener.close()
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            more = client.recv(65_536)
            if not more:
                return
            head += more
        method, address, rest = head.split(b" ", 2)
        host = address if method == b"CONNECT" else urlsplit(address).netloc
        self.asked.append(f"{method.decode()} {host.decode()}")
        server = socket.create_connection(self._target)
        self._open.append(server)
        if method == b"CONNECT":
            self.tunnelled.set()
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = urlsplit(address)
            plain = path.path + (b"?" + path.query if path.query else b"")
            server.sendall(b" ".join((method, plain, self._for_target(rest))))
        self._pass_on(client, server)

    def _for_target(self, headers: bytes) -> bytes:
        """The target answers to its own name alone."""
        own = "{}:{}".format(*self._target).encode()
        return re.sub(rb"(?im)^(host:) [^\r]*", rb"\1 " + own, headers, count=1)

    @staticmethod
    def _pass_on(one: socket.socket, other: socket.socket) -> None:
        try:
            while True:
                readable, _, _ = select.select([one, other], [], [])
                for source in readable:
                    data = source.recv(65_536)
                    if not data:
                        return
                    (other if source is one else one).sendall(data)
        except (OSError, ValueError):
            return
        finally:
            one.close()
            other.close()
