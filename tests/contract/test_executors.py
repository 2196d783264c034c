"""What every executor must do, with real processes and a real local server."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot.actions.executors import EXECUTORS, RunnerRules
from bot.actions.executors.hosts import HostGate
from bot.actions.executors.http import HttpExecutor
from bot.actions.executors.port import Ended, Executor, Outcome, Run
from bot.actions.frozen import Step
from bot.actions.template import Command, Http

PROGRAMS = ("/bin/echo", "/bin/sleep", "/bin/false", "/usr/bin/printenv", "/bin/cat", "/bin/pwd")


class Server:
    """A local HTTP server; `seen` is what it was asked."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def answer(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(size)
                outer.seen.append((self.command, self.path, dict(self.headers), body))
                if self.path.startswith("/slow"):
                    outer.slow.wait(5)
                code = {"/fails": 500, "/redirects": 302}.get(self.path, 200)
                self.send_response(code)
                if code == 302:
                    self.send_header("Location", "http://169.254.169.254/latest/meta-data")
                text = json.dumps({"data": {"value": 4}, "said": outer.says}).encode()
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = answer

        self.says = "done"
        self.slow = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def close(self) -> None:
        self.slow.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    opened = Server()
    yield opened
    opened.close()


def rules(*hosts: str, lookup: Callable[[str, int], list[str]] | None = None) -> RunnerRules:
    lookup = lookup or (lambda host, port: ["127.0.0.1"])
    return RunnerRules(
        commands=PROGRAMS, gate=HostGate(hosts or ("localhost@127.0.0.0/8",), lookup)
    )


def run(
    executor: Executor, step: Step, *, seconds: float = 5.0, **changes: Any
) -> tuple[Outcome, str]:
    printed = bytearray()
    values = {"on_output": printed.extend, "secrets": {"TOKEN": "sup3r-s3cret"}, **changes}
    outcome = executor.run(step, Run(seconds=seconds, **values))
    return outcome, printed.decode(errors="replace")


def command(*argv: str, **more: Any) -> Step:
    return Step(command=Command(argv=argv, **more))


def request(url: str, **more: Any) -> Step:
    return Step(http=Http(url=url, **more))


GOLDEN: dict[str, dict[str, Callable[[Server], Step]]] = {
    "command": {
        "works": lambda _: command("/bin/echo", "done"),
        "fails": lambda _: command("/bin/false"),
        "is slow": lambda _: command("/bin/sleep", "20"),
        "is not allowed": lambda _: command("/usr/bin/uptime"),
        "names a secret": lambda _: command("/usr/bin/printenv", env={"T": "${secret:TOKEN}"}),
        "names no known secret": lambda _: command("/bin/echo", env={"T": "${secret:OTHER}"}),
    },
    "http": {
        "works": lambda s: request(f"{s.url}/works"),
        "fails": lambda s: request(f"{s.url}/fails"),
        "is slow": lambda s: request(f"{s.url}/slow"),
        "is not allowed": lambda s: request("http://elsewhere.example/"),
        "names a secret": lambda s: request(f"{s.url}/", headers={"X-T": "${secret:TOKEN}"}),
        "names no known secret": lambda s: request(f"{s.url}/", headers={"X": "${secret:OTHER}"}),
    },
}


def test_every_executor_has_its_golden_cases() -> None:
    assert set(GOLDEN) == set(EXECUTORS)


@pytest.mark.parametrize("name", sorted(EXECUTORS))
@pytest.mark.parametrize(
    ("case", "ended"),
    [
        ("works", Ended.OK),
        ("fails", Ended.FAILED),
        ("is not allowed", Ended.REFUSED),
        ("names a secret", Ended.OK),
        ("names no known secret", Ended.REFUSED),
    ],
)
def test_what_became_of_it_is_told(name: str, case: str, ended: Ended, server: Server) -> None:
    executor = EXECUTORS[name](rules())
    outcome, printed = run(executor, GOLDEN[name][case](server))
    assert outcome.ended is ended
    assert "sup3r-s3cret" not in outcome.detail
    if case == "works":
        assert "done" in printed
    if ended is Ended.REFUSED:
        assert outcome.detail
        assert server.seen == []


@pytest.mark.parametrize("name", sorted(EXECUTORS))
def test_the_deadline_is_kept(name: str, server: Server) -> None:
    executor = EXECUTORS[name](rules())
    began = time.monotonic()
    outcome, _ = run(executor, GOLDEN[name]["is slow"](server), seconds=0.5)
    assert outcome.ended in (Ended.TIMED_OUT, Ended.FAILED)
    assert time.monotonic() - began < 4.5


@pytest.mark.parametrize("name", sorted(EXECUTORS))
def test_it_can_be_cancelled(name: str, server: Server) -> None:
    executor = EXECUTORS[name](rules())
    outcome, _ = run(executor, GOLDEN[name]["is slow"](server), cancelled=lambda: True)
    assert outcome.ended is Ended.CANCELLED


# -- command ---------------------------------------------------------------------------------


def test_the_environment_is_clean_and_the_folder_is_the_templates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECALL_RUNNER_SECRET_TOKEN", "sup3r-s3cret")
    monkeypatch.setenv("LD_PRELOAD_NOT", "x")
    _, printed = run(EXECUTORS["command"](rules()), command("/usr/bin/printenv"))
    names = {line.partition("=")[0] for line in printed.splitlines()}
    assert names == {"PATH", "HOME", "LANG"}
    _, printed = run(EXECUTORS["command"](rules()), command("/bin/pwd", folder=str(tmp_path)))
    assert printed.strip() == str(tmp_path.resolve())


def test_nothing_is_read_as_shell_and_nothing_comes_in() -> None:
    executor = EXECUTORS["command"](rules())
    _, printed = run(executor, command("/bin/echo", "$(id); `id` && id | cat > x"))
    assert printed == "$(id); `id` && id | cat > x\n"
    outcome, printed = run(executor, command("/bin/cat"))
    assert (outcome.ended, printed) == (Ended.OK, "")


@pytest.mark.parametrize("target", ["/bin/sh", "/usr/bin/env"])
def test_a_link_to_an_interpreter_is_refused(tmp_path: Path, target: str) -> None:
    link = tmp_path / "innocent"
    link.symlink_to(target)
    allowed = RunnerRules(commands=(str(link),), gate=HostGate(()))
    outcome, _ = run(EXECUTORS["command"](allowed), command(str(link), "-c", "id"))
    assert outcome.ended is Ended.REFUSED


def test_the_whole_group_is_killed(tmp_path: Path) -> None:
    """A program that starts others and ignores a polite word leaves nothing behind."""
    program = tmp_path / "stubborn"
    program.write_text(
        "#!/bin/sh\ntrap '' TERM\n(trap '' TERM; sleep 30; touch left) &\necho $!\nsleep 30\n"
    )
    program.chmod(0o755)
    allowed = RunnerRules(commands=(str(program),), gate=HostGate(()))
    outcome, printed = run(
        EXECUTORS["command"](allowed), command(str(program), folder=str(tmp_path)), seconds=0.5
    )
    assert outcome.ended is Ended.TIMED_OUT
    inner = int(printed.split()[0])
    deadline = time.monotonic() + 10
    while is_alive(inner):
        assert time.monotonic() < deadline, "a program outlives the action that started it"


def is_alive(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


# -- http ------------------------------------------------------------------------------------


def test_what_is_sent_is_what_was_frozen(server: Server) -> None:
    step = request(
        f"{server.url}/run?x=1",
        method="POST",
        headers={"Authorization": "Bearer ${secret:TOKEN}"},
        body={"a": ["b"]},
    )
    outcome, _ = run(EXECUTORS["http"](rules()), step)
    assert (outcome.ended, outcome.exit_code) == (Ended.OK, 200)
    [(method, path, headers, body)] = server.seen
    assert (method, path, json.loads(body)) == ("POST", "/run?x=1", {"a": ["b"]})
    assert headers["Authorization"] == "Bearer sup3r-s3cret"
    assert headers["Host"] == f"localhost:{server.port}"


def test_a_redirect_is_not_followed(server: Server) -> None:
    outcome, _ = run(EXECUTORS["http"](rules()), request(f"{server.url}/redirects"))
    assert (outcome.ended, outcome.exit_code) == (Ended.FAILED, 302)
    assert "redirect" in outcome.detail


def test_what_was_sent_and_not_answered_is_unknown(server: Server) -> None:
    step = request(f"{server.url}/slow", method="POST")
    outcome, _ = run(EXECUTORS["http"](rules()), step, seconds=0.3)
    assert outcome.ended is Ended.UNKNOWN


def test_a_name_that_answers_differently_the_next_time_changes_nothing(server: Server) -> None:
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    gate = HostGate(("hook.example@127.0.0.0/8",), lambda host, port: next(answers))
    executor = HttpExecutor(gate)
    outcome, _ = run(executor, request(f"http://hook.example:{server.port}/once"))
    assert outcome.ended is Ended.OK
    assert server.seen[0][2]["Host"] == f"hook.example:{server.port}"
    outcome, _ = run(executor, request(f"http://hook.example:{server.port}/twice"))
    assert outcome.ended is Ended.REFUSED
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b:1::1",
    ],
)
def test_a_listed_name_may_not_lead_inside(address: str) -> None:
    gate = HostGate(("hook.example",), lambda host, port: [address])
    outcome, _ = run(HttpExecutor(gate), request("http://hook.example/"))
    assert outcome.ended is Ended.REFUSED
    assert "private" in outcome.detail


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://0x7f.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://127.0.0.1/",
        "http://hook.example.evil.example/",
        "http://hook.example:8080/",
    ],
)
def test_a_host_that_is_not_listed_is_not_asked(url: str) -> None:
    gate = HostGate(("hook.example:80",), lambda host, port: ["93.184.216.34"])
    outcome, _ = run(HttpExecutor(gate), request(url))
    assert outcome.ended is Ended.REFUSED
    assert "RECALL_RUNNER_HOSTS" in outcome.detail or "InvalidURL" in outcome.detail


def test_the_environments_proxy_is_not_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    outcome, _ = run(EXECUTORS["http"](rules()), request(f"{server.url}/works"))
    assert outcome.ended is Ended.OK
