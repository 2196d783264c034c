"""What an executor is: it runs one frozen step, and says plainly what became of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.actions.fields import SECRET
from bot.actions.frozen import Step
from bot.errors import Permanent


class Ended(StrEnum):
    """How a step ended. `ok` is that it ran and said so, never that it helped. In `unknown` it
    may have taken effect: nobody can tell."""

    OK = "ok"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`exit_code` is the program's, or the HTTP status. `detail` is for people, without secrets."""

    ended: Ended
    exit_code: int | None = None
    detail: str = ""


class NotAllowed(Permanent):
    """The runner's own rules do not let this run; nothing was started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One go. `seconds` is the deadline; `on_output` is told every chunk as it comes;
    `cancelled` is looked at all the time."""

    seconds: float
    on_output: Callable[[bytes], None]
    cancelled: Callable[[], bool] = lambda: False
    secrets: Mapping[str, str]


class Executor(Protocol):
    def run(self, step: Step, run: Run) -> Outcome:
        """Never raises for what the step itself does; what may not run is REFUSED."""
        ...


def with_secrets(text: str, secrets: Mapping[str, str]) -> str:
    """`text` with `${secret:NAME}` filled in. NotAllowed for one that the runner does not hold."""
    for name in SECRET.findall(text):
        if name not in secrets:
            raise NotAllowed(f"the runner holds no secret called {name}")
    return SECRET.sub(lambda match: secrets[match[1]], text)
