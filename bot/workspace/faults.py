"""Trouble on demand: what Slack does on its bad days, switched on from tests and the page."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from bot.workspace.model import JSON

FaultKind = Literal["ratelimited", "server_error", "hang", "unknown_method", "error", "lost_answer"]
KINDS: tuple[FaultKind, ...] = (
    "ratelimited",
    "server_error",
    "hang",
    "unknown_method",
    "error",
    "lost_answer",
)


@dataclass(slots=True)
class Fault:
    """The next `calls` calls of `method` (`*` for all) go wrong in this way."""

    method: str
    kind: FaultKind
    calls: int
    retry_after: int = 1
    code: str = "fatal_error"

    def json(self) -> JSON:
        """What the page shows of it."""
        return {
            "method": self.method,
            "kind": self.kind,
            "calls": self.calls,
            "retry_after": self.retry_after,
            "code": self.code,
        }


@dataclass(slots=True)
class Faults:
    """All trouble that is switched on. `on_change` is called after every switch.

    `deaf`: connections look alive and answer pings, yet nothing is delivered or heard on them.
    `mute_pings`: connections stop answering pings, like a peer that has gone without a word.
    `refuse_connections`: apps.connections.open and new sockets are refused.
    """

    on_change: Callable[[], None]
    disconnect: Callable[[str], None] = lambda reason: None
    drop: Callable[[], None] = lambda: None
    pending: list[Fault] = field(default_factory=list)
    deaf: bool = False
    mute_pings: bool = False
    refuse_connections: bool = False

    def rate_limit(self, method: str = "*", calls: int = 1, retry_after: int = 1) -> None:
        """Answer 429 with `Retry-After: retry_after` (seconds)."""
        self.add(Fault(method, "ratelimited", calls, retry_after=retry_after))

    def server_error(self, method: str = "*", calls: int = 1) -> None:
        """Answer 500, not having done anything."""
        self.add(Fault(method, "server_error", calls))

    def hang(self, method: str = "*", calls: int = 1) -> None:
        """Do not answer until the client gives up, not having done anything."""
        self.add(Fault(method, "hang", calls))

    def lose_answer(self, method: str = "*", calls: int = 1) -> None:
        """Do what was asked, then answer 500: the caller cannot know that it worked."""
        self.add(Fault(method, "lost_answer", calls))

    def unknown_method(self, method: str, calls: int = 1_000_000) -> None:
        """Answer as a workspace that does not have this method."""
        self.add(Fault(method, "unknown_method", calls))

    def fail(self, method: str, code: str, calls: int = 1) -> None:
        """Answer `{"ok": false, "error": code}`."""
        self.add(Fault(method, "error", calls, code=code))

    def add(self, fault: Fault) -> None:
        """Switch a fault on."""
        self.pending.append(fault)
        self.on_change()

    def take(self, method: str) -> Fault | None:
        """The fault that this call meets, if any; counts it down."""
        for fault in self.pending:
            if fault.method in ("*", method):
                fault.calls -= 1
                if fault.calls <= 0:
                    self.pending.remove(fault)
                self.on_change()
                return fault
        return None

    def disconnect_sockets(self, reason: str = "refresh_requested") -> None:
        """Send every connection a disconnect frame, then close it."""
        self.disconnect(reason)

    def drop_sockets(self) -> None:
        """Cut every connection without a word."""
        self.drop()

    def set(
        self,
        *,
        deaf: bool | None = None,
        mute_pings: bool | None = None,
        refuse_connections: bool | None = None,
    ) -> None:
        """Switch the lasting faults; None leaves one as it is."""
        self.deaf = self.deaf if deaf is None else deaf
        self.mute_pings = self.mute_pings if mute_pings is None else mute_pings
        if refuse_connections is not None:
            self.refuse_connections = refuse_connections
        self.on_change()

    def clear(self) -> None:
        """Switch everything off."""
        self.pending.clear()
        self.set(deaf=False, mute_pings=False, refuse_connections=False)

    def json(self) -> JSON:
        """What is switched on, for the page."""
        return {
            "pending": [fault.json() for fault in self.pending],
            "deaf": self.deaf,
            "mute_pings": self.mute_pings,
            "refuse_connections": self.refuse_connections,
        }
