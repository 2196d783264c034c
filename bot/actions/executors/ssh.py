"""The ssh executor: one program on a host whose key is known."""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any

from bot.actions.binaries import why_not_binary
from bot.actions.blocks import Ssh
from bot.actions.executors.extras import library
from bot.actions.executors.hosts import HostGate
from bot.actions.executors.port import Ended, NotAllowed, Outcome, Run, with_secrets
from bot.actions.frozen import Step

KNOWN_HOSTS = "known_hosts"
_CONNECT_SECONDS = 10.0
_LOOK_SECONDS = 0.1
_CHUNK = 16_384
_LEFT = "the connection was closed, and what it started there may go on"


class SshExecutor:
    """Signs in with a key of the runner's secrets. No agent and none forwarded, no configuration
    of the user, no terminal, no environment; a host that is not in `known_hosts` of the actions
    folder, or has another key, is refused."""

    def __init__(self, gate: HostGate, folder: Path | None) -> None:
        self._gate = gate
        self._known = None if folder is None else folder / KNOWN_HOSTS

    def run(self, step: Step, run: Run) -> Outcome:
        assert step.ssh is not None
        block = step.ssh
        try:
            if problem := why_not_binary(block.argv[0]):
                raise NotAllowed(problem)
            asyncssh = library("asyncssh", "ssh")
            options = self._options(asyncssh, block, run)
        except NotAllowed as error:
            return Outcome(Ended.REFUSED, detail=str(error))
        if run.cancelled():
            return Outcome(Ended.CANCELLED, detail="was stopped before it was started")
        return asyncio.run(_session(asyncssh, options, block.line, run))

    def _options(self, asyncssh: Any, block: Ssh, run: Run) -> dict[str, Any]:
        try:
            key = asyncssh.import_private_key(with_secrets(block.key, run.secrets))
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError):
            raise NotAllowed(f"{block.key} is no private key without a passphrase") from None
        if self._known is None or not self._known.is_file():
            raise NotAllowed(f"there is no {KNOWN_HOSTS} in the actions folder")
        try:
            known = asyncssh.read_known_hosts(str(self._known))
        except (OSError, ValueError) as error:
            raise NotAllowed(f"{self._known} cannot be read: {error}") from None
        return {
            "host": self._gate.address(block.host, block.port),
            "port": block.port,
            "host_key_alias": block.host,
            "known_hosts": known,
            "username": block.user,
            "client_keys": [key],
            "preferred_auth": "publickey",
            "agent_path": None,
            "agent_forwarding": False,
            "config": [],
            "gss_host": None,
            "x509_trusted_certs": None,
            "connect_timeout": min(_CONNECT_SECONDS, run.seconds),
            "login_timeout": min(_CONNECT_SECONDS, run.seconds),
        }


async def _session(asyncssh: Any, options: dict[str, Any], line: str, run: Run) -> Outcome:
    deadline = time.monotonic() + run.seconds
    try:
        connection = await asyncssh.connect(**options)
    except asyncssh.HostKeyNotVerifiable as error:
        told = f"the key of {options['host_key_alias']} is not the one that is known: {error}"
        return Outcome(Ended.REFUSED, detail=told)
    except asyncssh.PermissionDenied as error:
        return Outcome(Ended.FAILED, detail=f"nothing was started, it let nobody in: {error}")
    except (asyncssh.Error, OSError, TimeoutError) as error:
        told = str(error) or type(error).__name__
        return Outcome(Ended.FAILED, detail=f"nothing was started: {told}")
    is_started = False
    try:
        process = await _process(connection, asyncssh, line)
        is_started = True
        return await _follow(process, run, deadline)
    except (asyncssh.Error, OSError) as error:
        told = str(error) or type(error).__name__
        if not is_started:
            return Outcome(Ended.FAILED, detail=f"nothing was started: {told}")
        return Outcome(Ended.UNKNOWN, detail=f"the connection was lost while it ran: {told}")
    finally:
        connection.abort()
        with contextlib.suppress(asyncssh.Error, OSError, TimeoutError):
            await asyncio.wait_for(connection.wait_closed(), _CONNECT_SECONDS)


async def _process(connection: Any, asyncssh: Any, line: str) -> Any:
    """The program, both of its outputs in one stream of bytes, nothing on its standard input."""
    return await connection.create_process(
        line,
        encoding=None,
        stdin=asyncssh.DEVNULL,
        stderr=asyncssh.STDOUT,
        request_pty=False,
        env={},
        send_env=(),
    )


async def _follow(process: Any, run: Run, deadline: float) -> Outcome:
    reading: asyncio.Future[bytes] | None = None
    is_open = True
    try:
        while True:
            if time.monotonic() >= deadline:
                _stop(process)
                told = f"was stopped after {run.seconds:.0f} s; {_LEFT}"
                return Outcome(Ended.TIMED_OUT, detail=told)
            if run.cancelled():
                _stop(process)
                return Outcome(Ended.CANCELLED, detail=f"was stopped; {_LEFT}")
            if not is_open:
                break
            if reading is None:
                reading = asyncio.ensure_future(process.stdout.read(_CHUNK))
            await asyncio.wait({reading}, timeout=_LOOK_SECONDS)
            if not reading.done():
                continue
            chunk, reading = reading.result(), None
            is_open = bool(chunk)
            if chunk:
                run.on_output(chunk)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(
                process.wait_closed(), max(_LOOK_SECONDS, deadline - time.monotonic())
            )
    finally:
        if reading is not None:
            reading.cancel()
    return _ended(process)


def _stop(process: Any) -> None:
    # Many servers take no signals; closing the connection is what is left then.
    with contextlib.suppress(OSError):
        process.terminate()
        process.kill()


def _ended(process: Any) -> Outcome:
    if process.exit_signal is not None:
        return Outcome(Ended.FAILED, detail=f"ended by signal {process.exit_signal[0]}")
    code = process.exit_status
    if code is None:
        return Outcome(Ended.UNKNOWN, detail="the connection was lost while it ran")
    if code == 0:
        return Outcome(Ended.OK, 0)
    return Outcome(Ended.FAILED, code, f"ended with exit code {code}")
