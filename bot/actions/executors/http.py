"""The http executor: one request to a host of the list, at the address that was checked."""

import json
import ssl
import time
from typing import Any

import httpx

from bot.actions.blocks import Http
from bot.actions.executors.hosts import HostGate
from bot.actions.executors.port import Ended, NotAllowed, Outcome, Run, with_secrets
from bot.actions.executors.severing import Severing
from bot.actions.frozen import Step

_CONNECT_SECONDS = 10.0
_LARGEST_ANSWER = 1_000_000
_HAS_LENGTH = {"content-length", "transfer-encoding"}
_PORTS = {"http": 80, "https": 443}


class PinnedTransport(httpx.BaseTransport):
    """Looks a host up once, checks the address, and connects to that very address: a name that
    answers differently the next time (DNS rebinding) changes nothing. TLS still checks the name."""

    def __init__(self, gate: HostGate, inner: httpx.BaseTransport) -> None:
        self._gate = gate
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        port = request.url.port or _PORTS[request.url.scheme]
        request.url = request.url.copy_with(host=self._gate.address(host, port))
        request.extensions = {**request.extensions, "sni_hostname": host}
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


class HttpExecutor:
    """Sends one request; redirects are not followed, proxies of the environment not used."""

    def __init__(self, gate: HostGate, verify: ssl.SSLContext | bool = True) -> None:
        self._gate = gate
        self._verify = verify

    def run(self, step: Step, run: Run) -> Outcome:
        assert step.http is not None
        outcome, _ = self.ask(step.http, run)
        return outcome

    def ask(self, http: Http, run: Run) -> tuple[Outcome, bytes]:
        """The outcome and the body of the answer, at most `_LARGEST_ANSWER` bytes of it."""
        try:
            headers = {name: with_secrets(text, run.secrets) for name, text in http.headers.items()}
        except NotAllowed as error:
            return Outcome(Ended.REFUSED, detail=str(error)), b""
        if run.cancelled():
            return Outcome(Ended.CANCELLED, detail="was stopped before it was sent"), b""
        deadline = time.monotonic() + run.seconds
        timeout = httpx.Timeout(run.seconds, connect=min(_CONNECT_SECONDS, run.seconds))
        transport = PinnedTransport(self._gate, httpx.HTTPTransport(verify=self._verify, retries=0))
        body: dict[str, Any] = {} if http.body is None else {"content": json.dumps(http.body)}
        if http.body is not None:
            headers.setdefault("Content-Type", "application/json")
        severing = Severing(run.cancelled, deadline)
        body["extensions"] = {"trace": severing.trace}
        try:
            with (
                httpx.Client(transport=transport, timeout=timeout, trust_env=False) as client,
                severing,
                client.stream(http.method, http.url, headers=headers, **body) as answer,
            ):
                found = _read(answer, http, run, deadline)
            # An answer without a length just ends where it was cut; others would have failed.
            is_whole = not severing.is_cut or not _HAS_LENGTH.isdisjoint(answer.headers)
            return found if is_whole else (_cut(http, run, severing), b"")
        except NotAllowed as error:
            return Outcome(Ended.REFUSED, detail=str(error)), b""
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Outcome(Ended.FAILED, detail=f"nothing was sent: {_said(error)}"), b""
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            return Outcome(Ended.REFUSED, detail=f"nothing was sent: {_said(error)}"), b""
        except httpx.HTTPError as error:
            if severing.is_cut:
                return _cut(http, run, severing), b""
            return _lost(http, _said(error)), b""


def _read(answer: httpx.Response, http: Http, run: Run, deadline: float) -> tuple[Outcome, bytes]:
    kept = bytearray()
    for chunk in answer.iter_bytes():
        kept += chunk[: _LARGEST_ANSWER - len(kept)]
        run.on_output(chunk)
        if run.cancelled():
            return Outcome(
                Ended.CANCELLED, answer.status_code, "was stopped while its answer was read"
            ), b""
        if time.monotonic() > deadline:
            return _lost(http, f"the answer was not complete after {run.seconds:.0f} s"), b""
        if len(kept) >= _LARGEST_ANSWER:
            break
    code = answer.status_code
    if code in http.expect:
        return Outcome(Ended.OK, code), bytes(kept)
    if answer.is_redirect:
        return Outcome(Ended.FAILED, code, "it answered with a redirect, not followed"), b""
    return Outcome(Ended.FAILED, code, f"it answered with {code}"), bytes(kept)


def _cut(http: Http, run: Run, severing: Severing) -> Outcome:
    """What was sent and stopped may have been done, unless it only asked."""
    if not severing.was_cancelled:
        return _lost(http, f"no whole answer came within {run.seconds:.0f} s")
    if http.method == "GET":
        return Outcome(Ended.CANCELLED, detail="was stopped while it waited for the answer")
    told = "it was sent, and stopped before it was answered: what became of it is not known"
    return Outcome(Ended.UNKNOWN, detail=told)


def _lost(http: Http, why: str) -> Outcome:
    """What was sent may have been done, unless it only asked."""
    if http.method == "GET":
        return Outcome(Ended.FAILED, detail=why)
    return Outcome(Ended.UNKNOWN, detail=f"it was sent, and what became of it is not known: {why}")


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
