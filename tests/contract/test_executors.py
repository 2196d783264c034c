"""What every executor must do, with real processes and a real local server."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from bot.actions.blocks import Ansible, Command, Http, Kubernetes, Ssh
from bot.actions.executors import EXECUTORS, RunnerRules
from bot.actions.executors.hosts import HostGate
from bot.actions.executors.http import HttpExecutor
from bot.actions.executors.port import Ended, Executor, Outcome, Run
from bot.actions.frozen import Step
from bot.actions.queries import LogsQuery, PrometheusQuery, SqlRead
from tests.support.executors import House

PROGRAMS = (
    "/bin/echo",
    "/bin/sleep",
    "/bin/false",
    "/usr/bin/printenv",
    "/bin/cat",
    "/bin/pwd",
    "/usr/bin/tail",
)


ANSWERS: dict[str, dict[str, Any]] = {
    "/api/v1/query": {
        "resultType": "vector",
        "result": [{"metric": {"job": "done"}, "value": [0, "4"]}],
    },
    "/loki/api/v1/query_range": {
        "resultType": "streams",
        "result": [{"stream": {"job": "shop"}, "values": [["1000000000", "done"]]}],
    },
}
"""What Prometheus and Loki give as `data`, by path."""


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
                text = json.dumps(
                    {
                        "data": {"value": 4} | outer.answers.get(self.path.partition("?")[0], {}),
                        "said": outer.says,
                    }
                ).encode()
                drips = b"first\n" if self.path == "/drips" else b""
                self.send_header("Content-Length", str(len(drips) + len(text)))
                self.end_headers()
                if drips:
                    self.wfile.write(drips)
                    self.wfile.flush()
                    outer.slow.wait(25)
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = answer

        self.says = "done"
        self.answers = ANSWERS
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


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    opened = House(tmp_path_factory.mktemp("actions"))
    yield opened
    opened.close()


def rules(
    *hosts: str,
    lookup: Callable[[str, int], list[str]] | None = None,
    folder: Path | None = None,
) -> RunnerRules:
    lookup = lookup or (lambda host, port: ["127.0.0.1"])
    return RunnerRules(
        commands=PROGRAMS,
        gate=HostGate(hosts or ("localhost@127.0.0.0/8",), lookup),
        folder=folder,
    )


def run(
    executor: Executor, step: Step, *, seconds: float = 30.0, **changes: Any
) -> tuple[Outcome, str]:
    printed = bytearray()
    values = {"on_output": printed.extend, "secrets": {"TOKEN": "sup3r-s3cret"}, **changes}
    outcome = executor.run(step, Run(seconds=seconds, **values))
    return outcome, printed.decode(errors="replace")


def command(*argv: str, **more: Any) -> Step:
    return Step(command=Command(argv=argv, **more))


def request(url: str, **more: Any) -> Step:
    return Step(http=Http(url=url, **more))


def kubernetes(house: House, name: str, **more: Any) -> Step:
    values = {"server": house.kubernetes.url, "token": "${secret:TOKEN}", **more}
    target = f"deployment/shop/{name}"
    return Step(kubernetes=Kubernetes(verb="rollout_restart", object=target, **values))


def ssh(house: House, *argv: str, host: str = "localhost", key: str = "${secret:SSH_KEY}") -> Step:
    return Step(ssh=Ssh(host=host, port=house.ssh.port, user="ops", key=key, argv=argv))


def ansible(house: House, name: str, **more: Any) -> Step:
    values = {"playbooks_digest": house.digest, **more}
    return Step(ansible=Ansible(playbook=f"{name}.yml", **values))


def prometheus(url: str, **more: Any) -> Step:
    return Step(prometheus_query=PrometheusQuery(url=url, query="up", **more))


def logs(url: str, **more: Any) -> Step:
    return Step(logs_query=LogsQuery(url=url, query='{job="shop"}', **more))


def sql(query: str, database: str = "${secret:DATABASE}", **more: Any) -> Step:
    return Step(sql_read=SqlRead(database=database, query=query, **more))


GOLDEN: dict[str, dict[str, Callable[[Server, House], Step]]] = {
    "command": {
        "works": lambda s, h: command("/bin/echo", "done"),
        "fails": lambda s, h: command("/bin/false"),
        "is slow": lambda s, h: command("/bin/sleep", "20"),
        "is not allowed": lambda s, h: command("/usr/bin/uptime"),
        "names a secret": lambda s, h: command("/usr/bin/printenv", env={"T": "${secret:TOKEN}"}),
        "names no known secret": lambda s, h: command("/bin/echo", env={"T": "${secret:OTHER}"}),
    },
    "http": {
        "works": lambda s, h: request(f"{s.url}/works"),
        "fails": lambda s, h: request(f"{s.url}/fails"),
        "is slow": lambda s, h: request(f"{s.url}/slow"),
        "is not allowed": lambda s, h: request("http://elsewhere.example/"),
        "names a secret": lambda s, h: request(f"{s.url}/", headers={"X-T": "${secret:TOKEN}"}),
        "names no known secret": lambda s, h: request(
            f"{s.url}/", headers={"X": "${secret:OTHER}"}
        ),
    },
    "kubernetes": {
        "works": lambda s, h: kubernetes(h, "web"),
        "fails": lambda s, h: kubernetes(h, "gone"),
        "is slow": lambda s, h: kubernetes(h, "slow"),
        "is not allowed": lambda s, h: kubernetes(h, "web", server="http://elsewhere.example"),
        "names a secret": lambda s, h: kubernetes(h, "web"),
        "names no known secret": lambda s, h: kubernetes(h, "web", token="${secret:OTHER}"),
    },
    "ssh": {
        "works": lambda s, h: ssh(h, "/bin/echo", "done"),
        "fails": lambda s, h: ssh(h, "/bin/false"),
        "is slow": lambda s, h: ssh(h, "/bin/sleep", "20"),
        "is not allowed": lambda s, h: ssh(h, "/bin/echo", host="elsewhere.example"),
        "names a secret": lambda s, h: ssh(h, "/bin/echo"),
        "names no known secret": lambda s, h: ssh(h, "/bin/echo", key="${secret:OTHER}"),
    },
    "ansible": {
        "works": lambda s, h: ansible(h, "works", vars={"word": "done"}),
        "fails": lambda s, h: ansible(h, "fails"),
        "is slow": lambda s, h: ansible(h, "slow"),
        "is not allowed": lambda s, h: ansible(h, "works", playbooks_digest="0" * 64),
        "names a secret": lambda s, h: ansible(
            h, "works", vars={"word": "x"}, env={"T": "${secret:TOKEN}"}
        ),
        "names no known secret": lambda s, h: ansible(h, "works", env={"T": "${secret:OTHER}"}),
    },
    "prometheus_query": {
        "works": lambda s, h: prometheus(s.url),
        "fails": lambda s, h: prometheus(f"{s.url}/no"),
        "is slow": lambda s, h: prometheus(f"{s.url}/slow"),
        "is not allowed": lambda s, h: prometheus("http://elsewhere.example"),
        "names a secret": lambda s, h: prometheus(s.url, headers={"X": "${secret:TOKEN}"}),
        "names no known secret": lambda s, h: prometheus(s.url, headers={"X": "${secret:OTHER}"}),
    },
    "logs_query": {
        "works": lambda s, h: logs(s.url),
        "fails": lambda s, h: logs(f"{s.url}/no"),
        "is slow": lambda s, h: logs(f"{s.url}/slow"),
        "is not allowed": lambda s, h: logs("http://elsewhere.example"),
        "names a secret": lambda s, h: logs(s.url, headers={"X": "${secret:TOKEN}"}),
        "names no known secret": lambda s, h: logs(s.url, headers={"X": "${secret:OTHER}"}),
    },
    "sql_read": {
        "works": lambda s, h: sql("select ${word} as said", values={"word": "done"}),
        "fails": lambda s, h: sql("select a from no_such_table"),
        "is slow": lambda s, h: sql("select pg_sleep(20)"),
        "is not allowed": lambda s, h: sql("select 1", database="${secret:NO_DATABASE}"),
        "names a secret": lambda s, h: sql("select 1"),
        "names no known secret": lambda s, h: sql("select 1", database="${secret:OTHER}"),
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
def test_what_became_of_it_is_told(
    name: str, case: str, ended: Ended, server: Server, house: House
) -> None:
    executor = EXECUTORS[name](rules(folder=house.folder))
    outcome, printed = run(executor, GOLDEN[name][case](server, house), secrets=house.secrets)
    assert outcome.ended is ended
    assert "sup3r-s3cret" not in outcome.detail
    if case == "works":
        assert "done" in printed
    if ended is Ended.REFUSED:
        assert outcome.detail
        assert server.seen == []


@pytest.mark.parametrize("name", sorted(EXECUTORS))
def test_the_deadline_is_kept(name: str, server: Server, house: House) -> None:
    executor = EXECUTORS[name](rules(folder=house.folder))
    began = time.monotonic()
    outcome, _ = run(
        executor, GOLDEN[name]["is slow"](server, house), secrets=house.secrets, seconds=0.5
    )
    assert outcome.ended in (Ended.TIMED_OUT, Ended.FAILED)
    assert time.monotonic() - began < 4.5


@pytest.mark.parametrize("name", sorted(EXECUTORS))
def test_it_can_be_cancelled(name: str, server: Server, house: House) -> None:
    executor = EXECUTORS[name](rules(folder=house.folder))
    outcome, _ = run(
        executor,
        GOLDEN[name]["is slow"](server, house),
        secrets=house.secrets,
        cancelled=lambda: True,
    )
    assert outcome.ended is Ended.CANCELLED


@pytest.mark.parametrize("name", sorted(EXECUTORS))
def test_it_is_cancelled_while_it_runs(name: str, server: Server, house: House) -> None:
    """Not only before it began: somebody presses Stop when it hangs."""
    executor = EXECUTORS[name](rules(folder=house.folder))
    began = time.monotonic()
    outcome, _ = run(
        executor,
        GOLDEN[name]["is slow"](server, house),
        secrets=house.secrets,
        cancelled=lambda: time.monotonic() - began > 0.7,
    )
    assert outcome.ended is Ended.CANCELLED
    assert 0.7 < time.monotonic() - began < 4.5


STREAMS: dict[str, tuple[Callable[[Server, House], Step], bytes]] = {
    "command": (lambda s, h: command("/usr/bin/tail", "-f", "--", h.log), b"first"),
    "http": (lambda s, h: request(f"{s.url}/drips"), b"first"),
    "kubernetes": (lambda s, h: kubernetes(h, "slow"), b"\n"),
    "ssh": (lambda s, h: ssh(h, "/usr/bin/tail", "-f", "--", h.log), b"first"),
    "ansible": (lambda s, h: ansible(h, "slow"), b"PLAY"),
}
"""What prints something at once and then goes on, and what it prints; the others ask one question
and print its answer."""


@pytest.mark.parametrize("name", sorted(STREAMS))
def test_what_it_prints_is_told_while_it_runs(name: str, server: Server, house: House) -> None:
    step, first = STREAMS[name]
    printed = bytearray()
    outcome, _ = run(
        EXECUTORS[name](rules(folder=house.folder)),
        step(server, house),
        secrets=house.secrets,
        on_output=printed.extend,
        cancelled=lambda: first in printed,
        seconds=20.0,
    )
    assert outcome.ended is Ended.CANCELLED, f"it was never told: {bytes(printed)!r}"


def test_every_executor_streams_or_asks_one_question() -> None:
    assert set(EXECUTORS) - set(STREAMS) == {"prometheus_query", "logs_query", "sql_read"}


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


# -- the others, where their promise is their own ---------------------------------------------


def test_a_changed_host_key_is_refused(house: House) -> None:
    house.knows(asyncssh.generate_private_key("ssh-ed25519"))
    try:
        executor = EXECUTORS["ssh"](rules(folder=house.folder))
        outcome, _ = run(executor, ssh(house, "/bin/echo", "done"), secrets=house.secrets)
    finally:
        house.knows(house.ssh.host_key)
    assert outcome.ended is Ended.REFUSED
    assert "is not the one that is known" in outcome.detail


def test_no_argument_is_a_second_command_on_the_other_side(house: House, tmp_path: Path) -> None:
    left = tmp_path / "left"
    word = f"x; touch {left} $(touch {left}) `touch {left}` ' \" && touch {left}"
    executor = EXECUTORS["ssh"](rules(folder=house.folder))
    outcome, printed = run(executor, ssh(house, "/bin/echo", word), secrets=house.secrets)
    assert (outcome.ended, printed) == (Ended.OK, f"{word}\n")
    assert not left.exists()


def test_a_playbook_variable_is_never_read_as_a_template(house: House) -> None:
    step = ansible(house, "works")
    assert step.ansible is not None
    sneaked = step.ansible.model_copy(update={"vars": {"word": "{{ 6 * 7 }}"}})
    executor = EXECUTORS["ansible"](rules(folder=house.folder))
    _, printed = run(executor, Step.model_construct(ansible=sneaked), secrets=house.secrets)
    assert "{{ 6 * 7 }}" in printed
    assert "42" not in printed


def test_kubernetes_is_patched_as_it_wants_and_a_dry_run_keeps_nothing(house: House) -> None:
    before = dict(house.kubernetes.objects)
    executor = EXECUTORS["kubernetes"](rules())
    outcome, _ = run(executor, kubernetes(house, "web", dry_run=True))
    assert outcome.ended is Ended.OK
    method, path, query, kind, _ = house.kubernetes.seen[-1]
    assert (method, path) == ("PATCH", "/apis/apps/v1/namespaces/shop/deployments/web")
    assert (query["dryRun"], kind) == (["All"], "application/strategic-merge-patch+json")
    assert house.kubernetes.objects == before
    outcome, _ = run(executor, kubernetes(house, "gone"))
    assert (outcome.exit_code, "NotFound" in outcome.detail) == (404, True)


def test_a_database_is_only_read(house: House) -> None:
    executor = EXECUTORS["sql_read"](rules())
    for query in ("select nextval('a')", "with x as (delete from a returning 1) table x"):
        outcome, _ = run(executor, sql(query), secrets=house.secrets)
        assert outcome.ended is Ended.FAILED
    word = "x'; drop table a; --"
    step = sql("select ${word} as said", values={"word": word})
    outcome, printed = run(executor, step, secrets=house.secrets)
    assert (outcome.ended, printed) == (Ended.OK, f"said\n{word}\n")


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


@pytest.mark.parametrize(("method", "ended"), [("GET", Ended.CANCELLED), ("POST", Ended.UNKNOWN)])
def test_what_is_stopped_while_it_waits_is_known_only_where_it_asked(
    server: Server, method: str, ended: Ended
) -> None:
    began = time.monotonic()
    outcome, _ = run(
        EXECUTORS["http"](rules()),
        request(f"{server.url}/slow", method=method),
        cancelled=lambda: time.monotonic() - began > 0.3,
    )
    assert outcome.ended is ended
    assert time.monotonic() - began < 4.5


def test_an_answer_that_drips_past_the_deadline_is_none(server: Server) -> None:
    began = time.monotonic()
    step = request(f"{server.url}/drips", method="POST")
    outcome, printed = run(EXECUTORS["http"](rules()), step, seconds=1.0)
    assert outcome.ended is Ended.UNKNOWN
    assert printed.startswith("first")
    assert time.monotonic() - began < 4.5


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
