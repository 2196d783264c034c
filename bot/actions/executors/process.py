"""Starting a program and following it to its end, its deadline or a word to stop."""

import os
import resource
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from bot.actions.executors.port import Ended, Outcome, Run

_LOOK_SECONDS = 0.1
_GRACE_SECONDS = 2.0
_CHUNK = 65_536
_STOPPED = "was stopped: somebody asked for it, or the runner ended"
_MOST_OPEN_FILES = 1_024
_LARGEST_FILE = 4 << 30
_MOST_MEMORY = 8 << 30
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def run_process(
    argv: Sequence[str], folder: str, environment: Mapping[str, str], run: Run
) -> Outcome:
    """Starts `argv` as it stands, in its own process group, with limits of the kernel and nothing
    on standard input. REFUSED when it cannot be started."""
    try:
        process = subprocess.Popen(
            argv,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return Outcome(Ended.REFUSED, detail=f"it could not be started: {error}")
    _limit(process.pid, run.seconds)
    try:
        return _follow(process, run)
    finally:
        _kill_group(process)


def _limit(pid: int, seconds: float) -> None:
    """Limits of the kernel, where it takes them from outside (Linux): a program that eats a
    machine is stopped by them before the deadline."""
    set_limit = getattr(resource, "prlimit", None)
    if set_limit is None:
        return
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: int(seconds) + 5,
        resource.RLIMIT_NOFILE: _MOST_OPEN_FILES,
        resource.RLIMIT_FSIZE: _LARGEST_FILE,
        resource.RLIMIT_AS: _MOST_MEMORY,
    }
    for what, most in limits.items():
        with suppress(OSError, ValueError):  # it has ended already, or its limit is lower
            set_limit(pid, what, (most, most))


def _follow(process: "subprocess.Popen[bytes]", run: Run) -> Outcome:
    assert process.stdout is not None
    deadline = time.monotonic() + run.seconds
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        is_open = True
        while process.poll() is None:
            if time.monotonic() >= deadline:
                _stop(process)
                return Outcome(Ended.TIMED_OUT, detail=f"was stopped after {run.seconds:.0f} s")
            if run.cancelled():
                _stop(process)
                return Outcome(
                    Ended.CANCELLED,
                    detail=_STOPPED,
                )
            if is_open:
                is_open = _read(process, selector, run, _LOOK_SECONDS)
            else:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_LOOK_SECONDS)
        # What it started and left behind keeps the pipe open; only what is there is read.
        _signal_group(process, signal.SIGKILL)
        while is_open:
            is_open = _read(process, selector, run, 0.0)
    code = process.returncode
    if code == 0:
        return Outcome(Ended.OK, 0)
    told = f"ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return Outcome(Ended.FAILED, code, told)


def _read(
    process: "subprocess.Popen[bytes]",
    selector: selectors.BaseSelector,
    run: Run,
    seconds: float,
) -> bool:
    """Read what is there; False when there will be nothing more, or nothing is there now and
    `seconds` is 0."""
    assert process.stdout is not None
    if not selector.select(seconds):
        return seconds > 0
    chunk = os.read(process.stdout.fileno(), _CHUNK)
    if not chunk:
        selector.unregister(process.stdout)
        return False
    run.on_output(chunk)
    return True


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Ask the group to end, and kill it when it does not."""
    _signal_group(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_SECONDS)
    _signal_group(process, signal.SIGKILL)


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    _signal_group(process, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _signal_group(process: "subprocess.Popen[bytes]", number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
